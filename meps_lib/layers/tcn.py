"""Temporal convolutional network: causal, dilated, residual."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import pad
from torch.nn.utils.parametrizations import weight_norm

from meps_lib.arguments import number, whole
from meps_lib.errors import MepsError
from meps_lib.layers.masked import check_mask


class CausalBlock(nn.Module):
    """Twice [causal convolution, ReLU, dropout], then ReLU(that + the input).

    The input passes a 1x1 convolution where widths differ. Masked steps are 0 after every
    convolution, so that padding is silence at either end, as zeros before the first step are.

    Shape
    -----
    (B, inputs, T), real (B, 1, T) of ones and zeros, or 1 -> (B, width, T).
    """

    def __init__(
        self,
        inputs: int,
        width: int,
        kernel: int,
        dilation: int,
        dropout: float,
        init_std: float | None,
    ):
        super().__init__()
        self.reach = (kernel - 1) * dilation
        convs = [nn.Conv1d(c, width, kernel, dilation=dilation) for c in (inputs, width)]
        self.shortcut = nn.Conv1d(inputs, width, 1) if inputs != width else nn.Identity()
        if init_std is not None:
            drawn = [*convs, self.shortcut] if inputs != width else convs
            for conv in drawn:
                nn.init.normal_(conv.weight, 0, init_std)
        # WHY: drawn before the norm is put on, for then the norm starts from what was drawn.
        self.convs = nn.ModuleList(weight_norm(conv) for conv in convs)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, real: Tensor | int = 1) -> Tensor:
        y = x
        for conv in self.convs:
            y = self.dropout(conv(pad(y, (self.reach, 0))).relu()) * real
        return (y + self.shortcut(x)).relu() * real


class TCN(nn.Module):
    """Blocks whose dilation doubles; a step sees itself and steps before it, none after.

    Parameters
    ----------
    inputs : int
        Channels of the input.
    widths : sequence of int
        Channels of each level; level i has dilation 2^i.
    kernel : int
        Steps that a convolution reads, at least 2.
    dropout : float
        At least 0 and below 1.
    init_std : float, optional
        CHOICE: weights begin as N(0, .01), which the paper's code asks for but, drawn after weight
        norm, loses again at the first forward in all but the 1x1 convolutions. None leaves torch's
        own (ledger: tcn-init).

    Shape
    -----
    x (B, inputs, T), mask (B, T), true where real, or None -> (B, widths[-1], T), 0 where masked.

    Raises
    ------
    MepsError
        If x has other channels or no step, or the mask another shape.

    Notes
    -----
    Weight norm keeps a length g and a direction v for each output channel; both count as
    parameters, k c_in c_out + 2 c_out with the bias.

    Examples
    --------
    >>> net = TCN(310, [128] * 6, kernel=2)
    >>> net.receptive_field, sum(p.numel() for p in net.parameters())
    (127, 482688)

    References
    ----------
    Bai et al. 2018, arXiv 1803.01271, section 3 (ledger: tcn-reach).
    """

    def __init__(
        self,
        inputs: int,
        widths: Sequence[int],
        kernel: int = 2,
        dropout: float = 0.2,
        init_std: float | None = 0.01,
    ):
        super().__init__()
        whole("inputs", inputs, 1)
        whole("kernel", kernel, 2)
        if not widths:
            raise MepsError(f"widths={widths!r}; expected the channels of at least one level")
        for width in widths:
            whole("widths", width, 1)
        number("dropout", dropout, 0, 0.999)
        if init_std is not None:
            number("init_std", init_std, 1e-6)
        self.inputs, self.kernel = inputs, kernel
        self.blocks = nn.ModuleList(
            CausalBlock(a, b, kernel, 2**level, dropout, init_std)
            for level, (a, b) in enumerate(zip((inputs, *widths), widths, strict=False))
        )

    @property
    def receptive_field(self) -> int:
        """Steps that one step of the output sees, itself included: 1 + 2 (k - 1) (2^L - 1)."""
        return 1 + 2 * (self.kernel - 1) * (2 ** len(self.blocks) - 1)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        if x.ndim != 3 or x.shape[1] != self.inputs or x.shape[2] < 1:
            raise MepsError(f"x is {tuple(x.shape)}; expected (B, {self.inputs}, T), T at least 1")
        B, C, T = x.shape  # batch, channels, time
        real: Tensor | int = 1
        if mask is not None:
            check_mask("mask", mask, (B, T))
            x = x.masked_fill(~mask[:, None], 0)
            real = mask[:, None].to(x.dtype)
        for block in self.blocks:
            x = block(x, real)
        return x


def last_real(y: Tensor, mask: Tensor | None = None) -> Tensor:
    """What stands at the last real step of each trial.

    Shape
    -----
    y (B, C, T), mask (B, T) or None -> (B, C); 0 for a trial without a real step.

    Examples
    --------
    >>> y, mask = torch.tensor([[[1.0, 2.0, 3.0]]]), torch.tensor([[True, True, False]])
    >>> last_real(y, mask)
    tensor([[2.]])
    """
    if mask is None:
        return y[..., -1]
    check_mask("mask", mask, (y.shape[0], y.shape[2]))
    last = (mask * torch.arange(1, y.shape[2] + 1, device=y.device)).argmax(dim=1)
    found = y.gather(2, last[:, None, None].expand(-1, y.shape[1], 1))[..., 0]
    return found.masked_fill(~mask.any(dim=1)[:, None], 0)
