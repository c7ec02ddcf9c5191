"""Chapter 2: right answers written otherwise, and plausible wrong ones with their hint."""

import numpy as np


def in_milliseconds(onset, apex, offset, fps):
    if 1000 * (offset - onset) <= 500 * fps:
        return True
    return False if apex is None else 1000 * (apex - onset) <= 250 * fps


def by_means(flow):
    """Least squares by hand: about the centre the turn does not mix with the shift."""
    y, x = np.mgrid[: flow.shape[1], : flow.shape[2]].astype(float)
    x, y = x - x.mean(), y - y.mean()
    rest = flow - flow.mean(axis=(1, 2), keepdims=True)
    turn = (x * rest[1] - y * rest[0]).sum() / (x**2 + y**2).sum()
    return rest - turn * np.stack([-y, x])


def pixel_by_pixel(depth, span=400.0):
    values = depth[np.isfinite(depth) & (depth != 0)]
    mean, sd = values.mean(), values.std()
    keep = (depth != 0) & (np.abs(depth - mean) <= 3 * sd)
    keep &= depth < depth[keep].min() + span
    out = np.full(depth.shape, np.nan)
    out[keep] = depth[keep]
    return out


def both_limits(onset, apex, offset, fps):
    apex = onset if apex is None else apex
    return (offset - onset) / fps <= 0.5 and (apex - onset) / fps <= 0.25


def strictly(onset, apex, offset, fps):
    return (offset - onset) / fps < 0.5 or (apex is not None and (apex - onset) / fps < 0.25)


def at_thirty(onset, apex, offset, fps):
    return offset - onset <= 15 or (apex is not None and apex - onset <= 7.5)


def zero_is_none(onset, apex, offset, fps):
    return (offset - onset) / fps <= 0.5 or bool(apex and (apex - onset) / fps <= 0.25)


def apex_alone(onset, apex, offset, fps):
    if apex is not None:
        return (apex - onset) / fps <= 0.25
    return (offset - onset) / fps <= 0.5


def affine(flow):
    """Six unknowns: this takes expressions away as well."""
    y, x = np.mgrid[: flow.shape[1], : flow.shape[2]]
    plane = np.stack([np.ones(x.size), x.ravel(), y.ravel()], axis=1)
    rest = [part.ravel() - plane @ np.linalg.lstsq(plane, part.ravel())[0] for part in flow]
    return np.reshape(rest, flow.shape)


def wrong_sign(flow):
    """A turn with the sign of a shear."""
    y, x = np.mgrid[: flow.shape[1], : flow.shape[2]]
    one, none = np.ones(x.size), np.zeros(x.size)
    fields = np.concatenate(
        [np.stack([one, none, y.ravel()], axis=1), np.stack([none, one, x.ravel()], axis=1)]
    )
    head, *_ = np.linalg.lstsq(fields, flow.ravel())
    return flow - (fields @ head).reshape(flow.shape)


def zeros_are_depth(depth, span=400.0):
    far = np.abs(depth - np.nanmean(depth)) > 3 * np.nanstd(depth)
    depth = np.where(far, np.nan, depth)
    return np.where(depth < np.nanmin(depth) + span, depth, np.nan)


def nearest_first(depth, span=400.0):
    depth = np.where(depth == 0, np.nan, depth)
    depth = np.where(depth < np.nanmin(depth) + span, depth, np.nan)
    return np.where(np.abs(depth - np.nanmean(depth)) > 3 * np.nanstd(depth), np.nan, depth)


def cleaned(depth, span, centre=np.nanmean, below=np.less):
    depth = np.where(depth == 0, np.nan, depth)
    far = np.abs(depth - centre(depth)) > 3 * np.nanstd(depth)
    depth = np.where(far, np.nan, depth)
    return np.where(below(depth, np.nanmin(depth) + span), depth, np.nan)


def band_only(depth, span=400.0):
    depth = np.where(depth == 0, np.nan, depth)
    return np.where(np.abs(depth - np.nanmean(depth)) > 3 * np.nanstd(depth), np.nan, depth)


RIGHT = {"02.1": [in_milliseconds], "02.2": [by_means], "02.3": [pixel_by_pixel, cleaned]}

WRONG = {
    "02.1": [
        (both_limits, "an apex after 0.2 s is enough"),
        (strictly, "met exactly counts"),
        (at_thirty, "at 200 Hz, 90 frames are 0.45 s"),
        (apex_alone, "0.4 s in all is enough"),
        (zero_is_none, "an apex at frame 0 is known"),
        (lambda *marks: True, "expected False"),
        (lambda *marks: "yes", "expected True, got 'yes'"),
    ],
    "02.2": [
        (lambda flow: flow - flow.mean(axis=(1, 2), keepdims=True), "fit the turn as well"),
        (lambda flow: flow - np.median(flow, axis=(1, 2), keepdims=True), "fit the turn as well"),
        (affine, "a shear under a moving head"),
        (wrong_sign, "fit the turn as well"),
        (lambda flow: 0 * flow, "a shear under a moving head"),
        (lambda flow: flow[0], "expected a flow of shape"),
    ],
    "02.3": [
        (zeros_are_depth, "zeros are missing"),
        (nearest_first, "come first"),
        (band_only, "kept that should go"),
        (lambda depth, span: cleaned(depth, span, centre=np.nanmedian), "a collar behind the chin"),
        (lambda depth, span: cleaned(depth, span, below=np.less_equal), "plus `span`"),
        (lambda depth, span: np.nan_to_num(cleaned(depth, span)), "should be NaN, not 0"),
        (lambda depth, span: np.full(depth.shape, 800.0), "kept that should go"),
        (lambda depth, span: depth["face"], "your code raised IndexError"),
    ],
}
