"""Backbones: one frame -> a map of features."""

from torch import Tensor, nn

from meps_lib.arguments import whole
from meps_lib.errors import MepsError


class MapBackbone(nn.Module):
    """`layers`, then a pool to a fixed grid; a frame that is too small for it is refused."""

    def __init__(self, layers: nn.Module, grid: int):
        super().__init__()
        self.layers, self.pool, self.grid = layers, nn.AdaptiveAvgPool2d(grid), grid

    def forward(self, frames: Tensor) -> Tensor:
        maps = self.layers(frames)
        if min(maps.shape[-2:]) < self.grid:
            raise MepsError(
                f"frames of {frames.shape[-1]} x {frames.shape[-2]} pixels give a map of "
                f"{maps.shape[-1]} x {maps.shape[-2]}, fewer positions than grid={self.grid}; "
                f"use frames of at least {8 * self.grid} pixels a side, or a smaller grid"
            )
        return self.pool(maps)


class FrameBackbone(MapBackbone):
    """Three strided convolutions and a pool to a fixed grid.

    CHOICE: the paper's backbones and their pre-training are not stated (ledger: backbone).
    This one is small enough to be trained from nothing on a CPU. Any module that maps
    (N, in_channels, H, W) to (N, dim, grid, grid) can be passed to `MEPS` instead.

    Parameters
    ----------
    in_channels : int
        3 for colour, 1 for depth.
    dim : int
        D, features a position.
    width : int
        Channels of the first convolution; the second has twice as many.
    grid : int
        Side of the output map, whatever the size of the frame.

    Shape
    -----
    (N, in_channels, H, W) -> (N, dim, grid, grid), with H and W at least 8 x grid.

    Examples
    --------
    >>> import torch
    >>> FrameBackbone(3, dim=32)(torch.zeros(2, 3, 64, 48)).shape
    torch.Size([2, 32, 6, 6])
    """

    def __init__(self, in_channels: int, dim: int = 32, width: int = 8, grid: int = 6):
        widths = (in_channels, width, 2 * width, dim)
        # WHY batch norm: a norm within each frame would blow the noise of a still frame up
        # to the size of the apex's motion.
        blocks = [
            nn.Sequential(
                nn.Conv2d(a, b, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(b), nn.GELU()
            )
            for a, b in zip(widths, widths[1:], strict=False)
        ]
        super().__init__(nn.Sequential(*blocks), grid)


class Residual2d(nn.Module):
    """Two convolutions and a shortcut: (N, a, H, W) -> (N, b, H / stride, W / stride)."""

    def __init__(self, a: int, b: int, stride: int):
        super().__init__()
        self.change = nn.Sequential(
            nn.Conv2d(a, b, 3, stride, 1, bias=False),
            nn.BatchNorm2d(b),
            nn.GELU(),
            nn.Conv2d(b, b, 3, 1, 1, bias=False),
            nn.BatchNorm2d(b),
        )
        self.shortcut = nn.Sequential(nn.Conv2d(a, b, 1, stride, bias=False), nn.BatchNorm2d(b))

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.gelu(self.change(x) + self.shortcut(x))


class ResidualBackbone(MapBackbone):
    """A residual network of any width and depth, for who has a GPU and more than a few people.

    Parameters
    ----------
    in_channels, dim, grid
        As in `FrameBackbone`.
    width : int
        Channels of the first of three stages; each stage doubles them and halves the map.
    blocks : int
        Residual blocks a stage.

    Shape
    -----
    (N, in_channels, H, W) -> (N, dim, grid, grid), with H and W at least 8 x grid.

    Examples
    --------
    >>> import torch
    >>> ResidualBackbone(3, width=4)(torch.zeros(2, 3, 64, 48)).shape
    torch.Size([2, 32, 6, 6])

    References
    ----------
    He et al. 2016, residual networks; ledger: backbone.
    """

    def __init__(
        self, in_channels: int, dim: int = 32, width: int = 16, grid: int = 6, blocks: int = 2
    ):
        whole("blocks", blocks, 1)
        widths, stages = (in_channels, width, 2 * width, 4 * width), []
        for a, b in zip(widths, widths[1:], strict=False):
            stages += [Residual2d(a if k == 0 else b, b, 2 if k == 0 else 1) for k in range(blocks)]
        super().__init__(nn.Sequential(*stages, nn.Conv2d(4 * width, dim, 1)), grid)


BACKBONES = {"small": FrameBackbone, "residual": ResidualBackbone}
