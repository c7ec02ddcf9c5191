"""Depthwise filters of several lengths, at a cost a sample that does not grow with the rate.

A filter of a second has 64 taps at 64 Hz and 1000 at 1000 Hz. Done tap by tap, each sample
costs as many products as the filter has taps; by the Fourier transform it costs the logarithm of
the signal's length. The result is the same but for rounding.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from meps_lib.errors import MepsError

DIRECT_TAPS = 31  # filters up to this length are faster tap by tap (measured on one CPU core)


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


def fast_length(n: int) -> int:
    """The next length from `n` on whose Fourier transform is fast: 2^a times 2, 3, 5, 7, 9 or 11.

    Examples
    --------
    >>> [fast_length(n) for n in (13, 1000, 10800)]
    [14, 1024, 11264]
    """
    return min(m << max(0, (-(-n // m) - 1).bit_length()) for m in (2, 3, 5, 7, 9, 11))


def fourier_filter(x: Tensor, filters: Sequence[Tensor]) -> list[Tensor]:
    """What depthwise convolutions with zero padding give, by Fourier transform.

    Parameters
    ----------
    x : Tensor, shape (B, C, L)
    filters : sequence of Tensor, each of shape (C, k)
        Odd lengths k.

    Returns
    -------
    list of Tensor, each of shape (B, C, L)
        As ``conv1d(x, w[:, None], padding=k // 2, groups=C)`` in the precision of x, or in single
        precision where x has less, since the transform of half numbers does not exist on a CPU.

    Examples
    --------
    >>> fourier_filter(torch.eye(3)[None], [torch.ones(3, 5)])[0][0, 0].round().tolist()
    [1.0, 1.0, 1.0]
    """
    L = x.shape[-1]
    precision = torch.promote_types(x.dtype, torch.float32)
    halves = [min(w.shape[-1] // 2, L - 1) for w in filters]  # taps beyond meet only padding
    n = fast_length(L + max(halves))  # as many zeros as a filter reaches out: nothing wraps
    spectrum, filtered = torch.fft.rfft(x.to(precision), n), []
    for w, h in zip(filters, halves, strict=True):
        middle = w.shape[-1] // 2
        taps = w[:, middle - h : middle + h + 1].to(precision)
        # The middle tap stands at 0, those before it at the end: the filter shifts nothing.
        taps = pad(taps, (0, max(0, n - 2 * h - 1)))[:, :n].roll(-h, -1)
        filtered.append(torch.fft.irfft(spectrum * torch.fft.rfft(taps).conj(), n)[..., :L])
    return filtered


class FilterBank1d(nn.ModuleList):
    """Depthwise filters of several lengths beside each other on the same input.

    Parameters
    ----------
    channels : int
    sizes : sequence of int
        Odd lengths in samples. Those above `DIRECT_TAPS` go by Fourier transform, exactly.

    Shape
    -----
    (B, channels, L) -> list of as many (B, channels, L) as there are sizes.
    """

    def __init__(self, channels: int, sizes: Sequence[int]):
        super().__init__(
            nn.Conv1d(channels, channels, k, padding=k // 2, groups=channels, bias=False)
            for k in sizes
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        long = [conv.kernel_size[0] > DIRECT_TAPS for conv in self]
        filters = [conv.weight[:, 0] for conv, far in zip(self, long, strict=True) if far]
        by_fourier = iter(fourier_filter(x, filters) if filters else ())
        return [next(by_fourier) if far else conv(x) for conv, far in zip(self, long, strict=True)]
