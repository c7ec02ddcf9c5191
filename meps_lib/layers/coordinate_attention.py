"""Coordinate attention: a gate along each axis, told by means over the other axes."""

import torch
from torch import Tensor, nn
from torch.nn.functional import hardswish

from meps_lib.arguments import whole
from meps_lib.errors import MepsError
from meps_lib.layers.masked import MaskedBatchNorm1d, check_mask


class CoordinateAttention(nn.Module):
    """Scale every place by one gate a channel and axis, in two dimensions or in three.

    For each axis the map is averaged over the other axes. The lines of all axes pass one shared
    1x1 convolution to m = max(8, C // 32) channels, batch norm and h-swish, ``x ReLU6(x + 3) / 6``;
    then each axis has a 1x1 convolution and a sigmoid of its own. The map is multiplied by the
    gates of all axes. There is no residual.

    Parameters
    ----------
    channels : int
        C.
    dims : int
        2 for rows and columns, 3 with time before them (ledger: coordinate-axes).

    Shape
    -----
    x (B, C, places), mask (B, places), true where real, or None
    -> output of the shape of x, gates: a tuple with (B, C, n) of each axis with n places. What is
    masked enters no mean and no norm; it comes out 0, as does the gate of a line that has no real
    place.

    Raises
    ------
    MepsError
        If the map has other channels or axes, or the mask another shape.

    Examples
    --------
    >>> out, (rows, columns) = CoordinateAttention(16)(torch.randn(2, 16, 5, 7))
    >>> out.shape, rows.shape, columns.shape
    (torch.Size([2, 16, 5, 7]), torch.Size([2, 16, 5]), torch.Size([2, 16, 7]))

    References
    ----------
    Hou et al. 2021, section 3.2; arXiv 2506.09735 for its use on clips.
    """

    def __init__(self, channels: int, dims: int = 2):
        super().__init__()
        whole("channels", channels, 1)
        whole("dims", dims, 2, 3)
        hidden = max(8, channels // 32)
        self.channels, self.dims = channels, dims
        self.squeeze = nn.Conv1d(channels, hidden, 1)
        self.norm = MaskedBatchNorm1d(hidden)
        self.to_gates = nn.ModuleList(nn.Conv1d(hidden, channels, 1) for _ in range(dims))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, tuple[Tensor, ...]]:
        B, C, *sizes = x.shape  # batch, channels, places along each axis
        if len(sizes) != self.dims or self.channels != C:
            raise MepsError(
                f"x is {tuple(x.shape)}; expected (B, {self.channels}, ...) with {self.dims} axes "
                "of places"
            )
        if mask is not None:
            check_mask("mask", mask, (B, *sizes))
            x = x.masked_fill(~mask[:, None], 0)
        lines, real = [], []
        for axis in range(self.dims):
            others = [2 + k for k in range(self.dims) if k != axis]
            if mask is None:
                lines.append(x.mean(dim=others))
            else:
                n = mask[:, None].sum(dim=others)  # real places that a line has
                lines.append(x.sum(dim=others) / n.clamp(min=1))
                real.append(n[:, 0] > 0)
        there = torch.cat(real, dim=1) if real else None
        told = hardswish(self.norm(self.squeeze(torch.cat(lines, dim=2)), there))
        gates = []
        for axis, (part, layer) in enumerate(
            zip(told.split(sizes, dim=2), self.to_gates, strict=True)
        ):
            gate = layer(part).sigmoid()
            gates.append(gate if mask is None else gate * real[axis][:, None])
            x = x * gates[-1].view(B, C, *(n if k == axis else 1 for k, n in enumerate(sizes)))
        return x, tuple(gates)
