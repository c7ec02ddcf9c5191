"""What every model returns, and what it refuses."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from torch import Tensor

from meps_lib.errors import MepsError
from meps_lib.trial import Batch


@dataclass
class Output:
    """Logits (B, K), and the weights that this very forward pass used, by name.

    A model whose loss compares embeddings gives them as well: stream -> (B, D), and which trials
    have the stream, (B,).
    """

    logits: Tensor
    weights: dict[str, Tensor] = field(default_factory=dict)
    embeddings: dict[str, Tensor] = field(default_factory=dict)
    present: dict[str, Tensor] = field(default_factory=dict)


def refuse_blind(batch: Batch, modalities: Sequence[str]) -> None:
    """Refuse a batch in which a trial has none of the modalities that a model uses.

    Raises
    ------
    MepsError
        Naming the trial, and what it has.
    """
    for clip, have in zip(batch.clip, batch.modalities, strict=True):
        if not set(have) & set(modalities):
            raise MepsError(
                f"trial {clip!r} has {', '.join(have)}; the model uses "
                f"{', '.join(modalities)}: build it with a modality that every trial has"
            )
