"""Which weights over frames are best, in closed form: when a bell curve is right, and when not.

A movement whose strength at frame t is s_t stands under noise. Of all weighted sums of frames the
one with weights C^-1 s, C the noise's covariance between frames, has the largest ratio of signal to
noise: the matched filter. Under independent noise of equal strength it is s itself.
"""

import torch
from torch import Tensor

from meps_lib.arguments import number, whole
from meps_lib.errors import MepsError


def matched_weights(course: Tensor, covariance: Tensor | None = None) -> Tensor:
    """The best linear weights for a known movement, with a sum of 1 over their absolute values.

    Parameters
    ----------
    course : Tensor, shape (..., T)
        Strength of the movement in each frame, in any unit.
    covariance : Tensor, shape (T, T), optional
        Of the noise between frames; independent and equal if None.

    Returns
    -------
    Tensor, shape (..., T)
        Under correlated noise some may be negative: a frame without movement tells what the noise
        was.

    Raises
    ------
    MepsError
        If the course is 0 everywhere, a number is not finite, or the covariance is not one.

    Examples
    --------
    >>> matched_weights(torch.tensor([0.0, 1.0, 3.0])).tolist()
    [0.0, 0.25, 0.75]

    References
    ----------
    Turin 1960, an introduction to matched filters; ledger: fusion-matched.
    """
    weights = _whiten(course, covariance)
    return (weights / weights.abs().sum(dim=-1, keepdim=True)).to(_real(course))


def snr_share(weights: Tensor, course: Tensor, covariance: Tensor | None = None) -> Tensor:
    """Share of the best possible signal-to-noise ratio (of powers) that weights keep, 0 to 1.

    Parameters
    ----------
    weights : Tensor, shape (..., T)
    course : Tensor, shape (..., T)
        Strength of the movement in each frame.
    covariance : Tensor, shape (T, T), optional
        Of the noise between frames; independent and equal if None.

    Returns
    -------
    Tensor, shape (...)
        (w . s)^2 / (w C w . s C^-1 s); under independent noise the squared cosine of w and s.

    Raises
    ------
    MepsError
        As `matched_weights`, and for weights of other frames, or that are 0 everywhere.

    Examples
    --------
    >>> round(snr_share(torch.tensor([1.0, 1.0]), torch.tensor([1.0, 0.0])).item(), 6)
    0.5
    """
    best = _whiten(course, covariance)
    w, s = weights.double(), course.double()
    if not w.isfinite().all() or (w == 0).all(dim=-1).any():
        raise MepsError("weights are not finite, or 0 in every frame; expected one that is not")
    if w.shape[-1] != s.shape[-1]:
        raise MepsError(
            f"{w.shape[-1]} weights for a course of {s.shape[-1]} frames; expected one a frame"
        )
    noise = w if covariance is None else w @ covariance.double()
    share = (w * s).sum(-1).square() / ((noise * w).sum(-1) * (best * s).sum(-1))
    return share.to(_real(weights))


def random_walk_covariance(n_frames: int, walk: float, noise: float = 1.0) -> Tensor:
    """Noise of the sensor, and a head that drifts since the first frame, as covariance (T, T).

    Parameters
    ----------
    n_frames : int
        T.
    walk : float
        Standard deviation of the head's step from frame to frame.
    noise : float
        Standard deviation of the sensor's noise, independent between frames.

    Raises
    ------
    MepsError
        For no frame, or a deviation that is negative or not finite.

    Examples
    --------
    >>> random_walk_covariance(3, walk=2.0).tolist()
    [[1.0, 0.0, 0.0], [0.0, 5.0, 4.0], [0.0, 4.0, 9.0]]
    """
    whole("n_frames", n_frames, 1)
    number("walk", walk, 0)
    number("noise", noise, 0)
    t = torch.arange(n_frames, dtype=torch.float32)
    return walk**2 * torch.minimum(t[:, None], t) + noise**2 * torch.eye(n_frames)


def _real(x: Tensor) -> torch.dtype:
    """The precision of x; single for whole numbers, which have no fractions."""
    return x.dtype if x.is_floating_point() else torch.float32


def _whiten(course: Tensor, covariance: Tensor | None) -> Tensor:
    """C^-1 s in double precision, with the errors of both."""
    s = course.double()
    if not s.isfinite().all() or (s == 0).all(dim=-1).any():
        raise MepsError("course is not finite, or 0 in every frame; expected a movement")
    if covariance is None:
        return s
    C, T = covariance.double(), s.shape[-1]
    factor, failed = torch.linalg.cholesky_ex(C) if C.shape == (T, T) else (C, True)
    if failed or not torch.allclose(C, C.T):
        raise MepsError(
            f"covariance of shape {tuple(C.shape)}; expected a symmetric, positive definite one of "
            f"{T} x {T} frames"
        )
    return torch.cholesky_solve(s[..., None], factor)[..., 0]
