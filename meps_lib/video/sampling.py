"""Some frames of a clip, spread evenly over its time."""

from collections.abc import Sequence

import numpy as np

from meps_lib.errors import MepsError


def sample_frames(
    n_total: int, n: int, keep: int | None = None, times: Sequence[float] | None = None
) -> np.ndarray:
    """Indices of `n` frames spread evenly over a clip, first and last included.

    Parameters
    ----------
    n_total : int
        Frames in the clip.
    n : int
        Frames wanted; more than `n_total` repeats some.
    keep : int, optional
        A frame that must be among them, such as the apex: it replaces the nearest one, but
        for the first and, from three frames on, the last.
    times : sequence of float, optional
        When each frame was taken; frames are then spread evenly over the time. None: at one rate.

    Returns
    -------
    ndarray
        Shape (n,), int, never decreasing. One frame alone is the middle one.

    Examples
    --------
    >>> sample_frames(9, 5).tolist(), sample_frames(9, 5, keep=5).tolist()
    ([0, 2, 4, 6, 8], [0, 2, 5, 6, 8])
    """
    if n_total < 1 or n < 1:
        raise MepsError(f"{n} frames of {n_total} asked for; expected at least 1 of at least 1")
    if keep is not None and not 0 <= keep < n_total:
        raise MepsError(f"keep={keep}; expected a frame number from 0 to {n_total - 1}")
    ends = (0, n_total - 1) if n > 1 else ((n_total - 1) // 2,) * 2
    places = np.linspace(*ends, n)
    if times is not None and n > 1:
        even = np.linspace(times[0], times[-1], n)
        places = np.interp(even, times, np.arange(n_total)).round(6)  # as if at one rate, if so
    indices = np.floor(places + 0.5).astype(int)
    if keep is not None:
        within = slice(1, -1) if n > 2 else slice(n - 1, None)
        if keep not in indices:
            indices[within][np.abs(indices[within] - keep).argmin()] = keep
    return indices
