"""1D separable and mixable depthwise inception blocks, the encoder of S1's signals.

Separable: "separate convolutions for each group of channels", so EDA, ECG and PPG are
each filtered on their own, at several time scales. Mixable: the same block with one
group, where "the mixed features from different sources are then fed into the final
blocks".
"""

import math
from collections.abc import Sequence
from itertools import combinations_with_replacement

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, max_pool1d

from meps_lib.errors import MepsError
from meps_lib.layers.filters1d import FilterBank1d, kernel_samples
from meps_lib.layers.masked import MaskedBatchNorm1d, SqueezeExcite1d, masked_pool


class InceptionBlock1d(nn.Module):
    """Parallel depthwise filters of several lengths, then a pointwise mix within each group.

    Parameters
    ----------
    in_channels, out_channels : int
        Multiples of `groups`; the channels of one group are contiguous.
    kernels_s : sequence of float
        Filter lengths in seconds.
    sfreq : float
        Sampling rate of the input in Hz.
    groups : int
        Number of signals for the separable block, 1 for the mixable block.
    stride : int
        Down-sampling by average pooling after the block.
    pool_branch : bool
        One more branch: the largest sample under the shortest filter's length, as in the
        inception networks for images (ledger: ps-pool-branch).
    residual : bool
        One more branch: the input as it is, so that a block can pass it on (ledger: ps-residual).
    squeeze : int
        Reduction of a squeeze-and-excitation gate; 0 for none (ledger: ps-squeeze).

    Shape
    -----
    (B, in_channels, L), mask (B, L) or None -> (B, out_channels, ceil(L / stride)), mask or
    None. In the separable block the outputs of one group depend on the inputs of that group
    alone, and no output depends on what stands in padding.

    CHOICE: kernel lengths, branches, widths and norms are not stated by the paper
    (ledger: ps-kernels). WHY batch norm: it works channel by channel, so signals stay
    apart, and a layer or instance norm would remove each trial's amplitude, which is
    where a skin conductance response shows.

    References
    ----------
    arXiv 2308.12156, physiological encoder; Szegedy et al. 2015 for the inception idea.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernels_s: Sequence[float],
        sfreq: float,
        groups: int = 1,
        stride: int = 1,
        pool_branch: bool = False,
        residual: bool = True,
        squeeze: int = 0,
    ):
        super().__init__()
        for name, value in (("in_channels", in_channels), ("out_channels", out_channels)):
            if value % groups:
                raise MepsError(f"{name}={value}; expected a multiple of groups={groups}")
        if not kernels_s:
            raise MepsError("kernels_s is empty; expected at least one length in seconds")
        self.groups, self.stride = groups, stride
        sizes = [kernel_samples(k, sfreq) for k in kernels_s]
        self.filters = FilterBank1d(in_channels, sizes)
        self.pool_size = min(sizes) if pool_branch else None
        self.residual = residual
        n_inputs = (len(sizes) + pool_branch + residual) * in_channels // groups
        self.pointwise = nn.Parameter(torch.empty(groups, out_channels // groups, n_inputs))
        nn.init.uniform_(self.pointwise, -(n_inputs**-0.5), n_inputs**-0.5)
        self.norm = MaskedBatchNorm1d(out_channels)
        self.squeeze = SqueezeExcite1d(out_channels, squeeze, groups) if squeeze else None

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        B, C, L = x.shape  # batch, channels, samples
        if mask is not None:
            x = x.masked_fill(~mask[:, None], 0)  # a product would let a NaN through
        branches = [self.filters(x)]
        if self.pool_size is not None:
            branches.append(self._largest(x, mask)[:, :, None])
        if self.residual:  # the input itself, not filtered
            branches.append(x[:, :, None])
        # (B, C, branch, L): each signal's branches are contiguous, so that a group's pointwise
        # mix stays within one signal.
        y = torch.cat(branches, dim=2).view(B, self.groups, -1, L)
        y = (self.pointwise @ y).flatten(1, 2)
        y = gelu(self.norm(y, mask))
        if self.squeeze is not None:
            y = self.squeeze(y, mask)
        return masked_pool(y, mask, self.stride)

    def _largest(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """The largest real sample around each; padding, which is 0, could exceed them all."""
        if mask is not None:
            x = x.masked_fill(~mask[:, None], torch.finfo(x.dtype).min)
        x = max_pool1d(x, self.pool_size, stride=1, padding=self.pool_size // 2)
        return x if mask is None else x * mask[:, None]


class InceptionStack(nn.ModuleList):
    """Blocks in a row: (B, C, L) and a mask or None -> features and the mask at their rate."""

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        for block in self:
            x, mask = block(x, mask)
        return x, mask


def block_strides(total: float, n_blocks: int) -> tuple[int, ...]:
    """Whole strides whose product comes nearest to `total`, the largest first.

    None is above twice the even share, total^(1 / n_blocks), rounded up: 5 over three blocks is
    3 x 2 x 1, not 5 x 1 x 1.

    Examples
    --------
    >>> block_strides(32, 3), block_strides(50, 3)
    ((4, 4, 2), (5, 5, 2))
    """
    most = range(1, math.ceil(2 * max(total, 1) ** (1 / n_blocks)) + 1)
    choices = combinations_with_replacement(reversed(most), n_blocks)
    # Of equally near products the most even is the cheapest for long kernels to follow.
    return min(choices, key=lambda s: (abs(math.log(math.prod(s) / total)), max(s)))


class SeparableMixableEncoder(nn.Module):
    """Signals -> time tokens: separable blocks, then mixable blocks.

    Parameters
    ----------
    n_signals : int
        C, e.g. 3 for EDA, ECG and PPG.
    sfreq : float
        Sampling rate in Hz.
    dim : int
        D, width of the tokens.
    width : int
        Channels a signal in the separable blocks.
    kernels_s : sequence of float
        Filter lengths in seconds, the same in every block; a later block at a lower rate
        has fewer samples in each, but never fewer than 3.
    n_separable, n_mixable : int
        Number of blocks, one at least. Where signals mix is a choice (ledger: ps-mixing): after
        `n_separable` blocks; from the start with none of them; never with no mixable block,
        where `dim` must be a multiple of `n_signals`.
    stride_s : float
        Spacing of the output tokens in seconds, as near as whole strides of the blocks come;
        `token_s` is what they came to.
    **block
        `pool_branch`, `residual` and `squeeze` of every `InceptionBlock1d`.

    Shape
    -----
    signals (B, C, L), mask (B, L) -> tokens (B, S, D), token mask (B, S).

    Examples
    --------
    >>> tokens, mask = SeparableMixableEncoder(3, sfreq=100.0)(torch.randn(2, 3, 1000))
    >>> tokens.shape[-1], mask.shape == tokens.shape[:2]
    (32, True)
    """

    def __init__(
        self,
        n_signals: int,
        sfreq: float,
        dim: int = 32,
        width: int = 8,
        kernels_s: Sequence[float] = (0.1, 0.4, 1.6),
        n_separable: int = 2,
        n_mixable: int = 1,
        stride_s: float = 0.5,
        **block: bool | int,
    ):
        super().__init__()
        if min(n_separable, n_mixable) < 0 or n_separable + n_mixable < 1:
            raise MepsError(
                f"{n_separable} separable, {n_mixable} mixable; expected 1 block or more"
            )
        if n_mixable == 0 and dim % n_signals:
            raise MepsError(
                f"dim={dim} with no mixable block; expected a multiple of the {n_signals} signals, "
                "each of which keeps features of its own"
            )
        if not (0 < stride_s < math.inf and 0 < sfreq < math.inf):
            raise MepsError(f"stride_s={stride_s} s at {sfreq} Hz; expected positive numbers")
        strides = block_strides(max(1.0, stride_s * sfreq), n_separable + n_mixable)
        self.stride = math.prod(strides)
        self.token_s = self.stride / sfreq
        blocks, rate, channels = [], sfreq, n_signals
        for k, stride in enumerate(strides):
            groups = n_signals if k < n_separable else 1
            last = k == len(strides) - 1
            wide = dim if last or k >= n_separable else n_signals * width
            blocks.append(
                InceptionBlock1d(channels, wide, kernels_s, rate, groups, stride, **block)
            )
            channels, rate = wide, rate / stride
        self.separable = InceptionStack(blocks[:n_separable])
        self.mixable = InceptionStack(blocks[n_separable:])

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        B, C, L = x.shape  # batch, signals, samples
        tokens, real = self.mixable(*self.separable(x, mask))
        tokens = tokens.transpose(1, 2)
        return tokens, torch.ones_like(tokens[..., 0], dtype=torch.bool) if real is None else real
