"""How far a face is from its first frame, and the frame of strongest motion."""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from meps_lib.errors import MepsError
from meps_lib.video.flow import optical_flow, optical_strain, to_grey

MEASURES = ("strain", "flow")


def motion_curve(frames, measure: str = "strain", method: str = "dis") -> np.ndarray:
    """How far the face is from its first frame, for each frame.

    Parameters
    ----------
    frames : ndarray or Tensor
        Aligned face crops, (T, ...) with frames as `to_grey` takes them; the first one is
        the onset.
    measure : {"strain", "flow"}
        Mean strain, or mean length of the flow left after its median is taken away (the
        median is the motion of the head as a whole).
    method : {"dis", "tvl1"}
        How the flow from the onset is computed.

    Returns
    -------
    ndarray
        Shape (T,); 0 at the onset.
    """
    if measure not in MEASURES:
        raise MepsError(f"unknown measure {measure!r}; expected one of {', '.join(MEASURES)}")
    if np.ndim(frames) < 3 or len(frames) < 3:
        raise MepsError(
            f"frames of shape {np.shape(frames)}; expected at least three frames (T, ...)"
        )
    grey = [to_grey(frame) for frame in frames]
    curve = np.zeros(len(grey))
    for t in range(1, len(grey)):
        flow = optical_flow(grey[0], grey[t], method)
        if measure == "strain":
            curve[t] = optical_strain(flow).mean()
        else:
            rest = flow - np.median(flow, axis=(1, 2), keepdims=True)
            curve[t] = np.hypot(*rest).mean()
    return curve


def spot_apex(frames, measure: str = "strain", method: str = "dis", sigma: float = 1.0) -> int:
    """Index of the apex: the frame that differs most from the onset.

    The motion from the first frame to each other frame is measured, smoothed over time by a
    Gaussian, and its largest value taken. A blink strains the lids more than many an ME
    strains the face, and a clip whose first frame is not neutral has no onset to compare
    with: look at `motion_curve` before you trust the index.

    Parameters
    ----------
    frames : ndarray or Tensor
        Aligned face crops, (T, ...) with frames as `to_grey` takes them; the first one is
        the onset.
    measure, method : str
        See `motion_curve`.
    sigma : float
        Standard deviation of the Gaussian, frames.

    Returns
    -------
    int
        Index into `frames`.

    Raises
    ------
    MepsError
        If there are fewer than three frames, or nothing moves.
    """
    curve = gaussian_filter1d(motion_curve(frames, measure, method), sigma, mode="nearest")
    if curve.max() <= 0:
        raise MepsError(f"nothing moves in these {len(curve)} frames, so there is no apex to spot")
    return int(curve.argmax())
