"""What every model returns."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor


@dataclass
class Output:
    """Logits (B, K), and the weights that this very forward pass used, by name."""

    logits: Tensor
    weights: dict[str, Tensor] = field(default_factory=dict)
