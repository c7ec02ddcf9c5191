"""A small network for maps of flow and strain: two convolutions and a grid.

No published system, but an honest floor for them: what a few thousand weights make of the
motion between onset and apex.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from einops import rearrange
from torch import Tensor, nn

from meps_lib.arguments import number, truth, whole
from meps_lib.layers.inputs import Scale, fit_scales, sums_of
from meps_lib.models.output import Output, refuse_blind, refuse_others
from meps_lib.trial import Batch


@dataclass(frozen=True)
class FlowMapConfig:
    """Every width of the network."""

    n_classes: int = 3
    modalities: tuple[str, ...] = ("flow",)  # what it reads, and nothing else
    width: int = 8  # channels of the first convolution; the second has twice as many
    grid: int = 4  # side of the map that the classifier sees
    dropout: float = 0.3
    mirrored: bool = False  # read each map and its mirror image, and take the mean of both

    def __post_init__(self) -> None:
        object.__setattr__(self, "modalities", tuple(self.modalities))
        refuse_others(self.modalities)
        for name, least in {"n_classes": 2, "width": 1, "grid": 1}.items():
            whole(name, getattr(self, name), least)
        truth("mirrored", self.mirrored)
        number("dropout", self.dropout, 0, 0.999)


class FlowMap(nn.Module):
    """Two blocks of convolution, batch norm, ReLU and pooling; then a linear classifier.

    The classifier sees a grid, not a mean over the map: where the skin moves is what tells a
    frown from a smile. Of several maps of a trial the features are averaged; with `mirrored` over
    each map and its mirror image too, in which the mean of u over the training maps stands for no
    motion.

    Shape
    -----
    `Batch` with ``flow`` (B, S, 3, H, W), in any unit -> `Output` with logits (B, n_classes).
    """

    def __init__(self, config: FlowMapConfig):
        super().__init__()
        c = self.config = config
        self.scale = Scale(3, centred=True)
        self.features = nn.Sequential(
            *_block(3, c.width),
            *_block(c.width, 2 * c.width),
            nn.AdaptiveAvgPool2d(c.grid),
            nn.Flatten(),
        )
        self.head = nn.Sequential(
            nn.Dropout(c.dropout), nn.Linear(2 * c.width * c.grid**2, c.n_classes)
        )

    def fit_scales(self, batches: Iterable[Batch]) -> None:
        """Fit mean and scale of u, v and strain on training batches; call once.

        A map has a level of its own (grey level 128 may stand for no motion), so a scale alone
        would not do.
        """
        fit_scales({"flow": self}, batches)

    def sums(self, batch: Batch) -> Tensor:
        """What `Scale.fit` takes, of the trials that have maps."""
        return sums_of(rearrange(batch.flow[batch.present["flow"]], "b s c h w -> c (b s h w)"))

    def forward(self, batch: Batch) -> Output:
        refuse_blind(batch, self.config.modalities)
        B, S, C, H, W = batch.flow.shape  # batch, steps, channels (u, v, strain), height, width
        x = self.scale(batch.flow.reshape(B * S, C, H, W))
        seen = self.features(x)
        if self.config.mirrored:  # what went to the right goes to the left
            other = x.flip(-1) * x.new_tensor([-1, 1, 1]).view(3, 1, 1)
            seen = (seen + self.features(other)) / 2
        return Output(self.head(seen.unflatten(0, (B, S)).mean(dim=1)))


def _block(n_in: int, n_out: int) -> tuple[nn.Module, ...]:
    return (
        nn.Conv2d(n_in, n_out, kernel_size=3, padding=1, bias=False),  # batch norm has one
        nn.BatchNorm2d(n_out),
        nn.ReLU(),
        nn.MaxPool2d(2),
    )
