"""A small network for maps of flow and strain: two convolutions and a grid.

No published system, but an honest floor for them: what a few thousand weights make of the
motion between onset and apex.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from meps_lib.arguments import whole
from meps_lib.errors import MepsError
from meps_lib.models.output import Output
from meps_lib.trial import Batch


@dataclass(frozen=True)
class FlowMapConfig:
    """Every width of the network."""

    n_classes: int = 3
    modalities: tuple[str, ...] = ("flow",)  # what it reads, and nothing else
    width: int = 8  # channels of the first convolution; the second has twice as many
    grid: int = 4  # side of the map that the classifier sees
    dropout: float = 0.3

    def __post_init__(self) -> None:
        object.__setattr__(self, "modalities", tuple(self.modalities))
        if self.modalities != ("flow",):
            raise MepsError(f"modalities={self.modalities}; this model reads ('flow',) alone")
        for name, least in {"n_classes": 2, "width": 1, "grid": 1}.items():
            whole(name, getattr(self, name), least)
        if not 0 <= self.dropout < 1:
            raise MepsError(f"dropout={self.dropout}; expected at least 0 and below 1")


class Standardise(nn.Module):
    """Subtract a mean and divide by a standard deviation, channel by channel.

    Both are fitted on training trials. A map has a level of its own (grey level 128 may stand
    for no motion), so a scale alone would not do.

    Shape
    -----
    (N, C, H, W) -> the same.

    Examples
    --------
    >>> layer = Standardise(1)
    >>> layer.fit(torch.tensor([[4.0, 20.0, 104.0]], dtype=torch.float64))  # of 3, 3, 5, 9
    >>> layer(torch.tensor([[[[5.0, 6.0]]]])).round(decimals=1).flatten().tolist()
    [0.0, 1.0]
    """

    def __init__(self, n: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(n))
        self.register_buffer("std", torch.ones(n))

    def sums(self, x: Tensor) -> Tensor:
        """Count, sum and sum of squares of each channel, (C, 3)."""
        x = x.double().movedim(1, 0).flatten(1)
        count = torch.full_like(x[:, 0], x.shape[1])
        return torch.stack([count, x.sum(dim=1), x.square().sum(dim=1)], dim=1)

    @torch.no_grad()
    def fit(self, sums: Tensor) -> None:
        """Set mean and standard deviation from `sums` over the training set."""
        count, total, squares = sums.unbind(dim=1)
        mean = total / count
        std = (squares / count - mean.square()).clamp(min=0).sqrt()
        self.mean.copy_(mean)
        # A channel that never changes is 0 after its mean is taken away, whatever its scale.
        self.std.copy_(torch.where(std > 0, std, torch.ones_like(std)))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean[:, None, None]) / self.std[:, None, None]


class FlowMap(nn.Module):
    """Two blocks of convolution, batch norm, ReLU and pooling; then a linear classifier.

    The classifier sees a grid, not a mean over the map: where the skin moves is what tells a
    frown from a smile. Of several maps of a trial the features are averaged.

    Parameters
    ----------
    config : FlowMapConfig

    Shape
    -----
    `Batch` with ``flow`` (B, S, 3, H, W), in any unit -> `Output` with logits (B, n_classes).
    """

    def __init__(self, config: FlowMapConfig):
        super().__init__()
        c = self.config = config
        self.standardise = Standardise(3)
        self.features = nn.Sequential(
            *_block(3, c.width), *_block(c.width, 2 * c.width), nn.AdaptiveAvgPool2d(c.grid),
            nn.Flatten(),
        )  # fmt: skip
        self.head = nn.Sequential(
            nn.Dropout(c.dropout), nn.Linear(2 * c.width * c.grid**2, c.n_classes)
        )

    @torch.no_grad()
    def fit_scales(self, batches: Iterable[Batch]) -> None:
        """Fit mean and scale of u, v and strain on training batches; call once."""
        total = sum(
            self.standardise.sums(batch.flow[batch.present["flow"]].flatten(0, 1)).cpu()
            for batch in batches
            if batch.flow is not None
        )
        if isinstance(total, Tensor):
            self.standardise.fit(total)

    def forward(self, batch: Batch) -> Output:
        self._check_batch(batch)
        B, S, C, H, W = batch.flow.shape  # batch, steps, channels (u, v, strain), height, width
        x = self.standardise(batch.flow.reshape(B * S, C, H, W))
        return Output(self.head(self.features(x).unflatten(0, (B, S)).mean(dim=1)))

    def _check_batch(self, batch: Batch) -> None:
        if not batch.present["flow"].all():
            k = int((~batch.present["flow"]).nonzero()[0])
            have = [m for m, there in batch.present.items() if there[k]]
            raise MepsError(
                f"trial {batch.clip[k]!r} has {', '.join(have)} and no flow; this model reads "
                "maps of flow: prepare the trials with the modality flow"
            )


def _block(n_in: int, n_out: int) -> tuple[nn.Module, ...]:
    return (
        nn.Conv2d(n_in, n_out, kernel_size=3, padding=1, bias=False),  # batch norm has one
        nn.BatchNorm2d(n_out),
        nn.ReLU(),
        nn.MaxPool2d(2),
    )
