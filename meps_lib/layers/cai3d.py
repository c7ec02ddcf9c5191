"""CAI3D: inception blocks of 3-D convolutions, each gated along time, rows and columns."""

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool3d

from meps_lib.arguments import whole
from meps_lib.errors import MepsError
from meps_lib.layers.coordinate_attention import CoordinateAttention


class Inception3d(nn.Module):
    """A 1x1x1 and a 3x3x3 convolution and the largest of each 3x3x3, side by side and gated.

    Shape
    -----
    (B, inputs, T, H, W) -> (B, 2 width + inputs, T, H, W), and the gates along T, H and W.
    """

    def __init__(self, inputs: int, width: int):
        super().__init__()
        self.point = nn.Conv3d(inputs, width, 1)
        self.cube = nn.Conv3d(inputs, width, 3, padding=1)
        self.gates = CoordinateAttention(2 * width + inputs, dims=3)
        for gate in self.gates.to_gates:  # three gates of .5 in three blocks would leave 1 / 512
            nn.init.constant_(gate.bias, 2.0)

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        looks = self.point(x).relu(), self.cube(x).relu(), max_pool3d(x, 3, 1, padding=1)
        return self.gates(torch.cat(looks, dim=1))


class CAI3D(nn.Module):
    """The video trunk of S2, arXiv 2506.09735: a convolution, and three blocks that halve the map.

    Parameters
    ----------
    inputs : int
        Channels of the clip.
    width : int
        Channels of the first convolution, 64 as published; the blocks give 3, 7 and 15 times that.
    grid : int
        Rows and columns that the average pool at the end leaves; as published, 1.

    Shape
    -----
    (B, inputs, T, H, W) -> (B, 15 width, T', grid, grid), T halved three times and rounded up: 10
    steps become 2, and 1 stays 1; and of each block the gates along T, H and W.

    Raises
    ------
    MepsError
        If the clip has other channels or axes.

    Notes
    -----
    CHOICE: ReLU after each convolution, no norm outside the attention, gates that begin open; the
    last pool leaves time. WHY: the published blocks do not fit together (ledger: cai3d-block).

    Examples
    --------
    >>> trunk = CAI3D(3, width=64, grid=1)
    >>> sum(p.numel() for p in trunk.parameters())
    4171612
    >>> CAI3D(5, width=4, grid=2)(torch.randn(2, 5, 10, 28, 28))[0].shape
    torch.Size([2, 60, 2, 2, 2])
    """

    def __init__(self, inputs: int, width: int = 4, grid: int = 2):
        super().__init__()
        for name, value in {"inputs": inputs, "width": width, "grid": grid}.items():
            whole(name, value, 1)
        self.inputs, self.grid = inputs, grid
        self.stem = nn.Conv3d(inputs, width, 3, padding=1)
        self.blocks = nn.ModuleList(
            Inception3d((2**k - 1) * width, 2 ** (k - 1) * width) for k in (1, 2, 3)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, list[tuple[Tensor, ...]]]:
        if x.ndim != 5 or x.shape[1] != self.inputs:
            raise MepsError(f"x is {tuple(x.shape)}; expected (B, {self.inputs}, T, H, W)")
        x, gates = self.stem(x).relu(), []
        for block in self.blocks:
            x, along = block(x)
            x = max_pool3d(x, 3, 2, padding=1)
            gates.append(along)
        return nn.functional.adaptive_avg_pool3d(x, (x.shape[2], self.grid, self.grid)), gates
