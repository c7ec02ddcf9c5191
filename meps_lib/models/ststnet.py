"""STSTNet: three shallow streams over one map of flow and strain, with 1,683 parameters.

The three streams read the same input, and no layer of one sees another before all are put side by
side. So three convolutions of 3, 5 and 8 filters are one convolution of 16, and their batch norms
one batch norm: the same function, in a third of the calls (on a CPU it takes as long).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from meps_lib.arguments import number, one_of, whole
from meps_lib.errors import MepsError
from meps_lib.models.output import OneMap, Output, refuse_others
from meps_lib.trial import Batch

# As published, but for the epochs: between 500 and 800. The last one is kept.
RECIPE = {
    "epochs": 500,
    "batch_size": 256,
    "learning_rate": 5e-5,
    "weight_decay": 0.0,
    "class_weights": False,
    "keep": "last",
}
_PARTS = {"conv": ("weight", "bias"), "bn": ("weight", "bias", "running_mean", "running_var")}


@dataclass(frozen=True)
class STSTNetConfig:
    """Its sizes, as published."""

    n_classes: int = 3
    modalities: tuple[str, ...] = ("flow",)  # what it reads, and nothing else
    filters: tuple[int, ...] = (3, 5, 8)  # of the three streams
    dropout: float = 0.5
    order: str = "u-v-strain"  # of the channels; "opencv" for the authors' checkpoints

    def __post_init__(self) -> None:
        refuse_others(self.modalities)
        whole("n_classes", self.n_classes, 2)
        if not isinstance(self.filters, Sequence) or not self.filters:
            raise MepsError(f"filters={self.filters!r}; expected one number a stream, as (3, 5, 8)")
        for n in self.filters:
            whole("filters", n, 1)
        number("dropout", self.dropout, 0, 0.999)
        one_of("order", self.order, ("u-v-strain", "opencv"))


class STSTNet(OneMap):
    """Convolution 3 x 3, ReLU, batch norm, pooling, dropout; then a linear classifier of 400.

    State dicts with the authors' names (``conv1`` to ``conv3``, ``bn1`` to ``bn3``, ``fc``) load as
    they are; their networks were trained on the order of channels "opencv".

    Shape
    -----
    `Batch` with ``flow`` (B, 1, 3, 28, 28) in grey levels, 0 to 255 -> `Output` with logits
    (B, n_classes).

    References
    ----------
    Liong et al., FG 2019; ledger: ststnet.
    """

    def __init__(self, config: STSTNetConfig):
        super().__init__()
        c = self.config = config
        n = sum(c.filters)
        self.conv = nn.Conv2d(3, n, kernel_size=3, padding=2)  # 28 -> 30
        self.bn = nn.BatchNorm2d(n)
        self.pool = nn.MaxPool2d(3, stride=3, padding=1)  # -> 10
        self.dropout = nn.Dropout(c.dropout)
        self.mean = nn.AvgPool2d(2)  # -> 5
        self.fc = nn.Linear(25 * n, c.n_classes)
        self.register_load_state_dict_pre_hook(_as_one)

    def forward(self, batch: Batch) -> Output:
        x = self.maps(batch)
        if self.config.order == "opencv":
            x = x.flip(1)  # strain, v, u, as `meps_lib.video.in_order` gives them
        # Channels side by side in memory, which is faster: see benchmarks/composite.py.
        x = x.movedim(1, -1).contiguous().movedim(-1, 1)
        x = self.dropout(self.pool(self.bn(self.conv(x).relu())))
        return Output(self.fc(self.mean(x).flatten(1)))


def _as_one(model: nn.Module, state: dict, prefix: str, *_) -> None:
    """Three streams' convolutions and norms, by their authors' names, as one of each."""
    streams = range(1, len(model.config.filters) + 1)
    theirs = [k for k in streams if f"{prefix}conv{k}.weight" in state]
    if theirs and model.config.order != "opencv":
        raise MepsError(
            "weights by the authors' names, conv1 to conv3, were trained on maps as OpenCV reads "
            f"them; the network has order={model.config.order!r}: build it with order='opencv'"
        )
    both = {f"{layer}{k}": model.config.filters[k - 1] for k in theirs for layer in _PARTS}
    found = {name: state.get(f"{prefix}{name}.weight") for name in both}
    sizes = {name: len(x) for name, x in found.items() if x is not None}
    if any(n != both[name] for name, n in sizes.items()):
        raise MepsError(f"streams of {sizes} filters; the network has {model.config.filters}")
    for layer, parts in _PARTS.items():
        for part in parts:
            names = [f"{prefix}{layer}{k + 1}.{part}" for k in range(len(model.config.filters))]
            if all(name in state for name in names):
                state[f"{prefix}{layer}.{part}"] = torch.cat([state.pop(name) for name in names])
    tracked = f"{prefix}bn%s.num_batches_tracked"
    # Counts steps, which torch reads where no momentum is given; old files have none.
    found = [state.pop(tracked % k, None) for k in range(1, len(model.config.filters) + 1)]
    first = next((n for n in found if n is not None), model.bn.num_batches_tracked)
    state.setdefault(tracked % "", first)
