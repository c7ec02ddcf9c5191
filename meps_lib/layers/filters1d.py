"""Depthwise filters of several lengths, at a cost a sample that does not grow with the rate.

A filter of a second has 64 taps at 64 Hz and 1000 at 1000 Hz. Done tap by tap, each sample
costs as many products as the filter has taps; by the Fourier transform it costs the logarithm of
the signal's length. The result is the same but for rounding, and short filters gain as well, since
all lengths are done in one go (measured: `benchmarks/ps_encoder.py`).
"""

from collections.abc import Sequence
from math import inf

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from meps_lib.errors import MepsError


def kernel_samples(seconds: float, sfreq: float) -> int:
    """Length of a filter in samples: the odd number nearest to ``seconds * sfreq``, at least 3.

    Examples
    --------
    >>> kernel_samples(0.1, 200), kernel_samples(0.001, 200)
    (21, 3)
    """
    if not (0 < seconds < inf and 0 < sfreq < inf):
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


def fourier_filter(x: Tensor, filters: Sequence[Tensor]) -> Tensor:
    """What depthwise convolutions with zero padding give, by Fourier transform.

    Parameters
    ----------
    x : Tensor, shape (B, C, L)
    filters : sequence of Tensor, each of shape (C, k)
        Odd lengths k.

    Returns
    -------
    Tensor, shape (B, C, F, L)
        Of each of the F filters what ``conv1d(x, w[:, None], padding=k // 2, groups=C)`` gives, in
        the precision of x, or in single precision where x has less: the transform of half numbers
        does not exist on a CPU.

    Raises
    ------
    MepsError
        Without a filter, or for one of even length, which has no middle.

    Examples
    --------
    >>> fourier_filter(torch.eye(3)[None], [torch.ones(3, 5)])[0, 0].round().tolist()
    [[1.0, 1.0, 1.0]]
    """
    if not filters or any(w.shape[-1] % 2 == 0 for w in filters):
        lengths = ", ".join(str(w.shape[-1]) for w in filters) or "no length"
        raise MepsError(f"filters of {lengths} samples; expected at least one, all of odd length")
    L = x.shape[-1]
    precision = torch.promote_types(x.dtype, torch.float32)
    halves = [min(w.shape[-1] // 2, L - 1) for w in filters]  # taps beyond meet only padding
    n = fast_length(L + max(halves))  # zeros enough: nothing wraps
    centred = []
    for w, h in zip(filters, halves, strict=True):
        taps = w[:, w.shape[-1] // 2 - h :][:, : 2 * h + 1].to(precision)
        # The middle tap stands at 0, those before it at the end: the filter shifts nothing.
        centred.append(pad(taps, (0, n - 2 * h - 1)).roll(-h, -1))
    spectra = torch.fft.rfft(torch.stack(centred, dim=1)).conj()
    return torch.fft.irfft(torch.fft.rfft(x.to(precision), n)[:, :, None] * spectra, n)[..., :L]


class FilterBank1d(nn.Module):
    """Depthwise filters of several lengths beside each other on the same input.

    Parameters
    ----------
    channels : int
    sizes : sequence of int
        Odd lengths in samples.

    Shape
    -----
    (B, channels, L) -> (B, channels, len(sizes), L).

    Notes
    -----
    CHOICE: a filter of k taps is its weights / sqrt(k), the weights uniform within 1 at the start.
    WHY: a step of the optimiser then changes filters of 7 and of 1601 taps alike; with the taps as
    weights, which start as small as `torch.nn.Conv1d`'s, a step shakes the long ones (ledger:
    ps-long-filters).
    """

    def __init__(self, channels: int, sizes: Sequence[int]):
        super().__init__()
        self.sizes = tuple(sizes)
        self.weights = nn.ParameterList(torch.empty(channels, k) for k in sizes)
        for w in self.weights:
            nn.init.uniform_(w, -1, 1)

    def taps(self) -> list[Tensor]:
        """The filters themselves, one (channels, k) a length."""
        return [w / w.shape[1] ** 0.5 for w in self.weights]

    def forward(self, x: Tensor) -> Tensor:
        return fourier_filter(x, self.taps()).to(x.dtype)
