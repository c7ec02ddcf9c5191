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
from torch.nn.functional import avg_pool1d, gelu

from meps_lib.errors import MepsError


def kernel_samples(seconds: float, sfreq: float) -> int:
    """Length of a filter in samples: the odd number nearest to ``seconds * sfreq``, at least 3.

    Examples
    --------
    >>> kernel_samples(0.1, 200), kernel_samples(0.001, 200)
    (21, 3)
    """
    if not (seconds > 0 and sfreq > 0):
        raise MepsError(f"kernel of {seconds} s at {sfreq} Hz; expected positive numbers")
    return max(3, 2 * round((seconds * sfreq - 1) / 2 + 1e-9) + 1)


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

    Shape
    -----
    (B, in_channels, L), mask (B, L) -> (B, out_channels, ceil(L / stride)), mask. In the
    separable block the outputs of one group depend on the inputs of that group alone, and
    no output depends on what stands in padding.

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
    ):
        super().__init__()
        for name, value in (("in_channels", in_channels), ("out_channels", out_channels)):
            if value % groups:
                raise MepsError(f"{name}={value}; expected a multiple of groups={groups}")
        if not kernels_s:
            raise MepsError("kernels_s is empty; expected at least one length in seconds")
        self.groups = groups
        sizes = [kernel_samples(k, sfreq) for k in kernels_s]
        self.branches = nn.ModuleList(
            nn.Conv1d(in_channels, in_channels, k, padding=k // 2, groups=in_channels, bias=False)
            for k in sizes
        )
        branches = len(sizes) * in_channels
        self.pointwise = nn.Conv1d(branches, out_channels, 1, groups=groups, bias=False)
        self.shortcut = nn.Conv1d(in_channels, out_channels, 1, groups=groups, bias=False)
        self.norm = nn.BatchNorm1d(out_channels)
        self.stride = stride

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        B, C, L = x.shape  # batch, channels, samples
        if mask is None:
            mask = torch.ones(B, L, dtype=torch.bool, device=x.device)
        y = torch.stack([branch(x) for branch in self.branches], dim=2)
        # (B, C, branch, L): flattening keeps each signal's branches contiguous, which the
        # grouped pointwise convolution needs in order to stay within one signal.
        y = self.pointwise(y.flatten(1, 2)) + self.shortcut(x)
        return self._pool(gelu(self._normalise(y, mask)), mask)

    def _normalise(self, y: Tensor, mask: Tensor) -> Tensor:
        """Batch norm over real samples; padding stays 0 and enters no statistic."""
        if mask.all():
            return self.norm(y)
        steps = y.transpose(1, 2)
        out = torch.zeros_like(steps)
        out[mask] = self.norm(steps[mask])
        return out.transpose(1, 2)

    def _pool(self, y: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Mean of the real samples under each stride, and where there is at least one."""
        share = mask[:, None].to(y.dtype)
        if self.stride > 1:
            # Both averages divide by the same window, so their ratio is the masked mean.
            y, share = (avg_pool1d(v, self.stride, ceil_mode=True) for v in (y * share, share))
            y = y / share.clamp(min=1 / (2 * self.stride))
        return y, share[:, 0] > 0


class InceptionStack(nn.ModuleList):
    """Blocks in a row: (B, C, L) and a mask -> features and the mask at their rate."""

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        for block in self:
            x, mask = block(x, mask)
        return x, mask


def block_strides(total: float, n_blocks: int) -> tuple[int, ...]:
    """Whole strides whose product comes nearest to `total`, the largest first.

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
        Number of blocks.
    stride_s : float
        Spacing of the output tokens in seconds, as near as whole strides of the blocks come;
        `token_s` is what they came to.

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
    ):
        super().__init__()
        if n_separable < 1 or n_mixable < 1:
            raise MepsError(f"{n_separable} separable, {n_mixable} mixable; expected 1 or more")
        if not (stride_s > 0 and sfreq > 0):
            raise MepsError(f"stride_s={stride_s} s at {sfreq} Hz; expected positive numbers")
        strides = block_strides(max(1.0, stride_s * sfreq), n_separable + n_mixable)
        self.stride = math.prod(strides)
        self.token_s = self.stride / sfreq
        blocks, rate, channels = [], sfreq, n_signals
        for k, stride in enumerate(strides):
            groups = n_signals if k < n_separable else 1
            wide = n_signals * width if k < n_separable else dim
            blocks.append(InceptionBlock1d(channels, wide, kernels_s, rate, groups, stride))
            channels, rate = wide, rate / stride
        self.separable = InceptionStack(blocks[:n_separable])
        self.mixable = InceptionStack(blocks[n_separable:])

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        B, C, L = x.shape  # batch, signals, samples
        if mask is not None:
            x = x * mask[:, None]
        tokens, real = self.mixable(*self.separable(x, mask))
        return tokens.transpose(1, 2), real
