"""RCN: a convolution, a block that reads its own answer again, and attention without parameters.

All variants are built as their authors' public code has them. S and C own weights that it counts
and never calls: no answer depends on them, and no gradient reaches them.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, interpolate

from meps_lib.arguments import number, one_of, whole
from meps_lib.errors import MepsError
from meps_lib.models.output import OneMap, Output, refuse_others
from meps_lib.trial import Batch

# The public code makes this schedule and never steps it: there the rate stays (ledger: rcn).
RECIPE = {
    "epochs": 100,
    "batch_size": 64,
    "learning_rate": 5e-4,
    "optimiser": "sgd",
    "momentum": 0.9,
    "weight_decay": 0.0,
    "schedule": "step",
    "step_epochs": 10,
    "step_factor": 0.5,
    "class_weights": False,
    "keep": "last",
}
VARIANTS = ("A", "R", "S", "W", "C")
_ATTENDS = ("A", "C")


@dataclass(frozen=True)
class RCNConfig:
    """Its sizes; by default RCN-A's."""

    n_classes: int = 3
    modalities: tuple[str, ...] = ("flow",)  # what it reads, and nothing else
    variant: str = "A"  # attention; R: without it; S: shortcuts; W: wide; C: all of them
    width: int = 32  # channels; a multiple of 4 for W and C
    grid: int = 5  # side of the map that the classifier sees
    dropout: float = 0.5

    def __post_init__(self) -> None:
        refuse_others(self.modalities)
        one_of("variant", self.variant, VARIANTS)
        for name, least in {"n_classes": 2, "width": 1, "grid": 1}.items():
            whole(name, getattr(self, name), least)
        if self.variant in "WC" and self.width % 4:
            raise MepsError(f"width={self.width}; variant {self.variant} takes a multiple of 4")
        number("dropout", self.dropout, 0, 0.999)


class Recurrent(nn.Module):
    """y = first(x), then twice y = again(x + y): the same `again`, its batch norm too."""

    def __init__(self, width: int):
        super().__init__()
        self.first, self.again = _norm_conv(width, width, 1), _norm_conv(width, width, 3)

    def forward(self, x: Tensor) -> Tensor:
        y = self.first(x)
        for _ in range(2):
            y = self.again(x + y)
        return y


class Dense(nn.Module):
    """Three times the same `again`, each time of the sum of all that came before."""

    def __init__(self, width: int):
        super().__init__()
        self.first, self.again = _norm_conv(width, width, 1), _norm_conv(width, width, 3)
        self.never_called = _norm_conv(width, width, 3)

    def forward(self, x: Tensor) -> Tensor:
        total = x + self.first(x)
        for _ in (1, 2):
            total = total + self.again(total)
        return self.again(total)


class Streams(nn.Module):
    """Three convolutions of one kernel, whose points lie 1, 2 and 3 pixels apart: 28 -> 10."""

    def __init__(self, width: int, dropout: float):
        super().__init__()
        self.streams = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(3, width // part, 3, stride=3, padding=apart, dilation=apart),
                nn.ReLU(),
                nn.BatchNorm2d(width // part),
                nn.Dropout(dropout),
            )
            for apart, part in ((1, 2), (2, 4), (3, 4))
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([stream(x) for stream in self.streams], dim=1)


class RCN(OneMap):
    """Recurrent convolutional network, RCN-A by default.

    Shape
    -----
    `Batch` with ``flow`` (B, 1, 3, 28, 28) in grey levels, 0 to 255, divided by 255 here ->
    `Output` with logits (B, n_classes) and, with attention, ``weights["places"]`` (B, P, P).

    References
    ----------
    Xia et al., IEEE TIP 2020; ledger: rcn.
    """

    def __init__(self, config: RCNConfig):
        super().__init__()
        c = self.config = config
        self.entry = (
            Streams(c.width, c.dropout)
            if c.variant in "WC"
            else nn.Sequential(
                _norm_conv(3, c.width, 5, padding=0), nn.MaxPool2d(2), nn.Dropout(c.dropout)
            )
        )
        self.block = (Dense if c.variant in "SC" else Recurrent)(c.width)
        if c.variant == "C":  # an embedding, and never called
            self.never_called = nn.Sequential(
                _norm_conv(c.width, c.width, 1), _norm_conv(c.width, c.width, 3)
            )
        self.leave = nn.Sequential(
            nn.MaxPool2d(2), nn.Dropout(c.dropout), nn.AdaptiveAvgPool2d(c.grid)
        )
        self.fc = nn.Linear(c.width * c.grid**2, c.n_classes)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
        nn.init.normal_(self.fc.weight, std=0.01)
        nn.init.zeros_(self.fc.bias)

    def places(self, x: Tensor) -> Tensor:
        """Where features (B, C, H, W) speak for any class: (B, P, P), 0 to 1.

        The classifier's own weights times the features, a mean over channels, stretched to 0..1
        map by map, a mean over classes. A asks its first features; C asks the map itself, with the
        weights' mean over channels. CHOICE: a map that is the same everywhere prefers no place and
        keeps all, 1. WHY: as written it is 0 / 0.
        """
        x = adaptive_avg_pool2d(x, self.config.grid)
        weight = self.fc.weight.unflatten(1, (-1, *x.shape[2:]))  # (K, C, P, P)
        if self.config.variant == "C":
            weight = weight.mean(dim=1, keepdim=True)
        maps = (weight * x[:, None]).mean(dim=2)
        low, high = maps.amin((2, 3), keepdim=True), maps.amax((2, 3), keepdim=True)
        flat = high <= low
        maps = (maps - low).masked_fill(flat, 1) / (high - low).masked_fill(flat, 1)
        return maps.mean(dim=1)

    def forward(self, batch: Batch) -> Output:
        x = self.maps(batch) / 255
        found, variant, weights = self.entry(x), self.config.variant, {}
        if variant in _ATTENDS:
            weights["places"] = self.places(found if variant == "A" else x)
            places = weights["places"][:, None]
        if variant == "C":
            found = found * interpolate(places, found.shape[2:])
        y = self.leave(self.block(found))
        if variant == "A":
            y = y * places
        return Output(self.fc(y.flatten(1)), weights)


def _norm_conv(n_in: int, n_out: int, kernel: int, padding: int | None = None) -> nn.Sequential:
    padding = kernel // 2 if padding is None else padding
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, kernel, padding=padding), nn.BatchNorm2d(n_out), nn.ReLU()
    )
