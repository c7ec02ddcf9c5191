"""A small convolutional backbone: one frame -> a map of features."""

from torch import Tensor, nn

from meps_lib.errors import MepsError


class FrameBackbone(nn.Module):
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
        super().__init__()
        widths = (in_channels, width, 2 * width, dim)
        # WHY batch norm: a norm within each frame would blow the noise of a still frame up
        # to the size of the apex's motion.
        blocks = [
            nn.Sequential(
                nn.Conv2d(a, b, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(b), nn.GELU()
            )
            for a, b in zip(widths, widths[1:], strict=False)
        ]
        self.layers = nn.Sequential(*blocks)
        self.pool = nn.AdaptiveAvgPool2d(grid)
        self.grid = grid

    def forward(self, frames: Tensor) -> Tensor:
        maps = self.layers(frames)
        if min(maps.shape[-2:]) < self.grid:
            raise MepsError(
                f"frames of {frames.shape[-1]} x {frames.shape[-2]} pixels give a map of "
                f"{maps.shape[-1]} x {maps.shape[-2]}, fewer positions than grid={self.grid}; "
                f"use frames of at least {8 * self.grid} pixels a side, or a smaller grid"
            )
        return self.pool(maps)
