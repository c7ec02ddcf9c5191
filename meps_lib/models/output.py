"""What every model returns, and what it refuses."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from torch import Tensor, nn

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


def one_map(batch: Batch, size: int, checked: bool = True) -> Tensor:
    """The maps (B, 3, size, size) of a batch in which each trial has one, in grey levels.

    Raises
    ------
    MepsError
        If a trial has none or several, they are of another size, or (`checked`) a map has values
        that are no grey levels, or is black: such networks learn nothing from pixels of motion.
    """
    refuse_blind(batch, ("flow",))
    flow = batch.flow
    if flow.shape[1:] != (1, 3, size, size):
        raise MepsError(
            f"maps of shape {tuple(flow.shape[1:])} a trial; the model reads one, (1, 3, {size}, "
            f"{size}): set flow_steps=1 and flow_size={size}"
        )
    if checked:
        low, high = flow.flatten(1).aminmax(dim=1)
        ends = zip(batch.clip, low.tolist(), high.tolist(), strict=True)
        for k, (clip, least, most) in enumerate(ends, 1):
            if not (least >= 0 and 1 < most <= 255):
                what = "it is black" if least == most == 0 else f"values in [{least:g}, {most:g}]"
                which = repr(clip) if clip else f"trial {k}"
                raise MepsError(
                    f"the map of {which}: {what}; the model reads grey levels, 0 to 255: "
                    "make the picture anew, or set flow_levels=True where maps are made from frames"
                )
    return flow[:, 0]


class OneMap(nn.Module):
    """A network that reads one map of 28 x 28 grey levels a trial, on the scale it has."""

    def fit_scales(self, batches: Iterable[Batch]) -> None:
        """Nothing is fitted; what is no grey level is told before the first step."""
        for batch in batches:
            one_map(batch, 28)

    def maps(self, batch: Batch) -> Tensor:
        """As `one_map`; a training step, whose maps were checked before it, does not look again."""
        return one_map(batch, 28, checked=not self.training)


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


def refuse_others(modalities: Sequence[str]) -> None:
    """Refuse other modalities than flow, for a model that reads nothing else."""
    if tuple(modalities) != ("flow",):
        raise MepsError(f"modalities={modalities}; this model reads ('flow',) alone")


def check_signals(batch: Batch, names: tuple[str, ...], sfreq: float) -> None:
    """Refuse signals of other names, in another order or at another rate than a model reads."""
    got = batch.ps_names, batch.ps_sfreq
    if batch.ps is not None and got != (names, sfreq):
        raise MepsError(
            f"signals {', '.join(got[0])} at {got[1]} Hz; expected {', '.join(names)} at {sfreq} "
            "Hz: see meps_lab.prepare"
        )
