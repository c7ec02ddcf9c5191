"""Motion between frames: optical flow and optical strain.

One convention throughout: flow is (2, H, W) in pixels, ``flow[0]`` = u to the right and
``flow[1]`` = v down; a pixel at x in frame a is found at x + flow in frame b.
"""

import cv2
import numpy as np
from skimage.registration import optical_flow_tvl1

from meps_lib.errors import MepsError

FLOW_METHODS = ("tvl1", "dis")
MIN_SIDE = 32  # pixels; smaller frames leave DIS no room for its patches
PATCH = 12  # pixels; CHOICE: 8, the default, follows camera noise. ledger: optical-flow


def to_grey(frame) -> np.ndarray:
    """Grey picture in [0, 1] from any of the shapes in which a frame travels here.

    Parameters
    ----------
    frame : ndarray or Tensor
        (H, W, 3) or (3, H, W), RGB, or grey (H, W); uint8 in 0-255 or float in [0, 1].

    Returns
    -------
    ndarray
        Shape (H, W), float32.

    Raises
    ------
    MepsError
        On another shape, NaN, or values outside the range.

    Examples
    --------
    >>> to_grey(np.full((16, 20, 3), 255, np.uint8)).shape
    (16, 20)
    """
    x = np.asarray(frame)
    colour_first = x.ndim == 3 and x.shape[0] == 3
    if not (x.ndim == 2 or colour_first or (x.ndim == 3 and x.shape[-1] == 3)):
        raise MepsError(f"frame of shape {x.shape}; expected (H, W), (H, W, 3) or (3, H, W)")
    x = x.astype(np.float32) / (255 if x.dtype == np.uint8 else 1)
    if not (x.min() >= 0 and x.max() <= 1):  # NaN fails too
        raise MepsError(
            f"frame with values in [{x.min():g}, {x.max():g}]; expected uint8 in 0-255 or float "
            "in [0, 1], without NaN"
        )
    if x.ndim == 2:
        return x
    weights = np.array([0.299, 0.587, 0.114], np.float32)  # luma of ITU-R BT.601
    return np.tensordot(weights, x, (0, 0)) if colour_first else x @ weights


def optical_flow(a, b, method: str = "tvl1") -> np.ndarray:
    """Dense optical flow from frame `a` to frame `b`.

    Parameters
    ----------
    a, b : ndarray or Tensor
        Two frames of one size, grey or colour, as `to_grey` takes them.
    method : {"tvl1", "dis"}
        TV-L1 (Zach et al., 2007) keeps edges of the motion and is what the
        micro-expression baselines use, but flattens motion of a fifth of a pixel; DIS
        (Kroeger et al., 2016) still follows that, and is ten times faster or more.
        CHOICE: TV-L1 by scikit-image. WHY: OpenCV's own is in its contrib wheel only.
        ledger: optical-flow.

    Returns
    -------
    ndarray
        Shape (2, H, W), float32, pixels: u to the right, v down.

    Raises
    ------
    MepsError
        If the sizes differ, a side is under 32 pixels, or the method is unknown.

    References
    ----------
    Zach, Pock, Bischof: A duality based approach for realtime TV-L1 optical flow. DAGM 2007.
    Kroeger, Timofte, Dai, Van Gool: Fast optical flow using dense inverse search. ECCV 2016.

    Examples
    --------
    >>> y, x = np.mgrid[:48, :48]
    >>> a, b = (0.5 + 0.2 * np.sin((x - u) / 4) + 0.2 * np.sin(y / 5) for u in (0.0, 0.5))
    >>> u, v = optical_flow(a, b)[:, 8:-8, 8:-8]
    >>> bool(abs(u.mean() - 0.5) < 0.05 and abs(v.mean()) < 0.05)
    True
    """
    a, b = to_grey(a), to_grey(b)
    if a.shape != b.shape or a.ndim != 2:
        raise MepsError(
            f"frames of shape {a.shape} and {b.shape}; flow needs two single frames of one size"
        )
    if min(a.shape) < MIN_SIDE:
        raise MepsError(f"frames of {a.shape} pixels; flow needs at least {MIN_SIDE} on a side")
    if method == "tvl1":
        v, u = optical_flow_tvl1(a, b)  # rows first
        return np.stack([u, v]).astype(np.float32)
    if method == "dis":
        dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        dis.setPatchSize(PATCH)
        pair = [np.round(255 * x).astype(np.uint8) for x in (a, b)]
        return np.ascontiguousarray(dis.calc(*pair, None).transpose(2, 0, 1))
    raise MepsError(f"unknown flow method {method!r}; expected one of {', '.join(FLOW_METHODS)}")


def chain_flow(frames, method: str = "dis") -> np.ndarray:
    """Flow from the first frame to the last, step by step through the frames between.

    A method that looks once has to find the skin again where it went, and a broad smile goes
    too far for that. From one frame to the next nothing goes far; the steps are joined by
    following each point: F <- F + f(x + F).

    Parameters
    ----------
    frames : ndarray or Tensor
        Consecutive aligned crops, (T, ...) with frames as `to_grey` takes them.
    method : {"dis", "tvl1"}
        How each step is computed.

    Returns
    -------
    ndarray
        Shape (2, H, W), pixels, as `optical_flow`.

    Raises
    ------
    MepsError
        If there are fewer than two frames.
    """
    if len(frames) < 2:
        raise MepsError(f"{len(frames)} frame(s); a flow needs at least two")
    total = optical_flow(frames[0], frames[1], method)
    y, x = np.mgrid[: total.shape[1], : total.shape[2]].astype(np.float32)
    for a, b in zip(frames[1:-1], frames[2:], strict=True):
        step = optical_flow(a, b, method)
        where = (x + total[0], y + total[1])
        total += [
            cv2.remap(part, *where, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            for part in step
        ]
    return total


def optical_strain(flow: np.ndarray) -> np.ndarray:
    """Magnitude of the infinitesimal strain of a flow field: how much the skin deforms.

    With e_xx = du/dx, e_yy = dv/dy and e_xy = (du/dy + dv/dx) / 2 the magnitude is
    sqrt(e_xx^2 + e_yy^2 + 2 e_xy^2). A head that shifts or turns in the picture moves every
    pixel and strains none, which is why strain helps where flow alone is fooled.

    Parameters
    ----------
    flow : ndarray
        Shape (2, H, W), pixels: u to the right, v down.

    Returns
    -------
    ndarray
        Shape (H, W), no unit (pixels per pixel).

    References
    ----------
    Shreve et al.: Macro- and micro-expression spotting in long videos using spatio-temporal
    strain. FG 2011. Published code often swaps the axes of `numpy.gradient`; rotation, which
    strains nothing, then gives 1.41421.

    Examples
    --------
    >>> y, x = np.mgrid[:8, :8].astype(float)
    >>> [float(optical_strain(np.stack(uv)).max()) for uv in ((-y, x), (x, 0 * y))]
    [0.0, 1.0]
    """
    flow = np.asarray(flow)
    if flow.ndim != 3 or len(flow) != 2 or min(flow.shape[1:]) < 2:
        raise MepsError(f"flow of shape {flow.shape}; expected (2, H, W), u right and v down")
    (u_y, u_x), (v_y, v_x) = (np.gradient(part) for part in flow)  # axis 0 is y
    e_xy = (u_y + v_x) / 2
    return np.sqrt(u_x**2 + v_y**2 + 2 * e_xy**2)
