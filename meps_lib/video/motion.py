"""One small map of a clip's motion, onset to apex: what the flow baselines see of a face."""

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import torch
from torch import Tensor

from meps_lib.arguments import one_of
from meps_lib.errors import MepsError
from meps_lib.trial import Trial
from meps_lib.video.flow import optical_flow, optical_strain


def flow_map(
    colour: Tensor,
    onset: int | None = None,
    apex: int | None = None,
    offset: int | None = None,
    size: int = 28,
    method: str = "tvl1",
    steps: int = 1,
) -> Tensor:
    """Optical flow and strain from the onset to the apex, as one small picture.

    The flow is computed between two full crops, where a movement is large enough to be found,
    and only then averaged down.

    Parameters
    ----------
    colour : Tensor
        A clip's crops, shape (T, 3, H, W), float in [0, 1], H and W of at least 32 pixels.
    onset, apex, offset : int, optional
        Frame indices into `colour`. Without an onset the clip starts at its first frame, without
        an offset it ends at its last; without an apex the middle of the two stands for it, as
        MEGC2019 has it for SMIC, whose coders named none. An apex at the onset gives a map of
        zeros: by that annotation nothing has moved yet.
    size : int
        Pixels a side of the map.
    method : {"tvl1", "dis"}
        As `meps_lib.video.flow.optical_flow`.
    steps : int
        S. With more than one the maps are those between frames that lie evenly from the onset to
        the offset, each to the next; where the apex is does not matter (ledger: video-clip).

    Returns
    -------
    Tensor
        Shape (S, 3, size, size), float32: u to the right and v down in pixels of the map, and
        optical strain, no unit.

        CHOICE: the strain is that of the small flow, not the average of the large one's. WHY: the
        sources do not say; TV-L1 makes steps, whose slopes are strain that is not there, and
        averaging first takes them away: on simulated faces the correlation with the true strain
        is .87, against .76. ledger: optical-flow.

    Raises
    ------
    MepsError
        If there are fewer than two frames, or for several steps fewer than one more than steps; if
        the marks are no frames of the clip or do not rise, or the crops are too small.

    Examples
    --------
    >>> y, x = np.mgrid[:56, :56]
    >>> two = [0.5 + 0.2 * np.sin((x - u) / 4) + 0.2 * np.sin(y / 5) for u in (0.0, 1.0)]
    >>> clip = torch.tensor(np.stack(two), dtype=torch.float32)[:, None].repeat(1, 3, 1, 1)
    >>> u, v, strain = flow_map(clip)[0, :, 4:-4, 4:-4]  # a pixel of the crop is half of the map's
    >>> [abs(round(float(channel.mean()), 1)) for channel in (u, v, strain)]
    [0.5, 0.0, 0.0]
    """
    if size < 2:
        raise MepsError(f"size={size}; a map with strain needs at least 2 pixels a side")
    if colour.ndim != 4 or len(colour) < 2:
        raise MepsError(
            f"crops of shape {tuple(colour.shape)}; a flow map needs at least two frames (T, 3, "
            "H, W)"
        )
    start, end = _marks(len(colour), onset, apex, offset)
    if steps > 1:
        last = len(colour) - 1 if offset is None else offset
        if last - start < steps:
            raise MepsError(
                f"{last - start + 1} frames from onset to offset; {steps} steps of flow need "
                f"{steps + 1}: take fewer steps"
            )
        frames = np.linspace(start, last, steps + 1).round().astype(int)
        each = (flow_map(colour, a, b, None, size, method) for a, b in pairwise(frames))
        return torch.cat(list(each))
    if start == end:
        return torch.zeros(1, 3, size, size)
    flow = optical_flow(colour[start], colour[end], method)
    height, width = flow.shape[1:]
    # Area averages when the map is smaller than the crop; OpenCV interpolates when it is not.
    ways = cv2.INTER_AREA if size <= min(height, width) else cv2.INTER_LINEAR
    small = [cv2.resize(part, (size, size), interpolation=ways) for part in flow]
    u, v = small[0] * (size / width), small[1] * (size / height)
    strain = optical_strain(np.stack([u, v]))
    return torch.from_numpy(np.stack([u, v, strain]).astype(np.float32))[None]


# What a map's channels are, by the names of orders: the library's own, and the one on which the
# published checkpoints of the flow networks were trained (OpenCV reads blue, the strain, first).
ORDERS = {"u-v-strain": (0, 1, 2), "opencv": (2, 1, 0)}


def in_order(flow: Tensor, order: str) -> Tensor:
    """A map (..., 3, H, W) of u, v and strain with its channels in another order of `ORDERS`.

    Examples
    --------
    >>> in_order(torch.tensor([1.0, 2.0, 3.0]).view(1, 3, 1, 1), "opencv").flatten().tolist()
    [3.0, 2.0, 1.0]
    """
    one_of("order", order, tuple(ORDERS))
    return flow[..., ORDERS[order], :, :]


ZERO, PER_PIXEL, PER_STRAIN = 128, 100, 500


def grey_levels(flow: Tensor) -> Tensor:
    """Maps (..., 3, H, W) of u, v (pixels of the map) and strain as grey levels, 0 to 255.

    CHOICE: 128 is no motion of u and v, and a pixel is 100 levels; strain is 500 times itself.
    WHY: maps circulate as pictures, the networks on them expect such numbers, and how the levels
    were made is not stated; a fixed scale keeps how strong a motion is. ledger: flow-levels.

    Examples
    --------
    >>> grey_levels(torch.tensor([0.5, -9.0, 0.2]).view(3, 1, 1)).flatten().tolist()
    [178.0, 0.0, 100.0]
    """
    zero = flow.new_tensor([ZERO, ZERO, 0]).view(3, 1, 1)
    scale = flow.new_tensor([PER_PIXEL, PER_PIXEL, PER_STRAIN]).view(3, 1, 1)
    return (zero + scale * flow).clamp(0, 255)


def with_flow(
    trial: Trial, size: int = 28, method: str = "tvl1", steps: int = 1, levels: bool = False
) -> Trial:
    """A trial with its `flow_map`: a ready-made one stays, one without frames gets none.

    With `levels` a map that is made here is in `grey_levels`, as ready-made ones are.

    Raises
    ------
    MepsError
        If ready-made maps are of another size, or of another number where several steps are asked
        for, or `flow_map` cannot make one; naming the trial.
    """
    if trial.flow is not None:
        if steps not in (1, len(trial.flow)):
            raise MepsError(
                f"trial {trial.clip!r} has {len(trial.flow)} maps, made elsewhere; "
                f"flow_steps={steps}: set it to theirs"
            )
        if trial.flow.shape[-2:] != (size, size):
            raise MepsError(
                f"trial {trial.clip!r} has maps of {trial.flow.shape[-1]} x {trial.flow.shape[-2]} "
                f"pixels, made elsewhere; flow_size={size}: set it to theirs"
            )
        return trial
    if trial.colour is None:
        return trial
    try:
        marks = trial.onset, trial.apex, trial.offset
        flow = flow_map(trial.colour, *marks, size, method, steps)
    except MepsError as error:
        raise MepsError(f"trial {trial.clip!r}: {error}") from None
    return replace(trial, flow=grey_levels(flow) if levels else flow)


def _marks(n: int, onset: int | None, apex: int | None, offset: int | None) -> tuple[int, int]:
    """The two frames between which the motion is measured."""
    start = 0 if onset is None else onset
    last = n - 1 if offset is None else offset
    end = (start + last) // 2 if apex is None else apex
    if apex is None and end == start:
        end = last  # of two frames, the second
    if not 0 <= start <= end <= last < n:
        raise MepsError(
            f"onset {start}, apex {end}, offset {last} in a clip of {n} frames; expected frames of "
            "the clip in this order"
        )
    return start, end
