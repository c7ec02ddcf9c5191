"""Checks of chapter 2: durations, motion of the head, depth of a face."""

import numpy as np

from meps_lab.chapters.exercises.checking import exercise, is_truth
from meps_lib.video.depth_crops import clean_depth


@exercise("02.1", correct="frames become time with the rate, and one of two limits is enough")
def duration(learner):
    """Expressions on both sides of both limits, at several rates."""
    cases = (
        (10, 14, 22, 30.0, True, "0.4 s from onset to offset is brief"),
        (10, 20, 40, 30.0, False, "1 s in all and 0.33 s to the apex is not brief"),
        (0, 40, 90, 200.0, True, "at 200 Hz, 90 frames are 0.45 s"),
        (0, 6, 90, 30.0, True, "an apex after 0.2 s is enough, however long the offset takes"),
        (0, 9, 12, 30.0, True, "the apex comes after 0.3 s, but 0.4 s in all is enough"),
        (0, None, 12, 30.0, True, "without an apex the time to the offset decides"),
        (0, None, 20, 30.0, False, "without an apex the time to the offset decides"),
        (5, 55, 105, 200.0, True, "0.5 s and 0.25 s: a limit that is met exactly counts"),
        (0, 26, 51, 100.0, False, "0.26 s and 0.51 s lie just above both limits"),
        (0, 0, 90, 30.0, True, "an apex at frame 0 is known, and after 0 s"),
    )
    for onset, apex, offset, fps, want, why in cases:
        got = learner(onset, apex, offset, fps)
        if not is_truth(got) or got != want:
            return (
                f"onset {onset}, apex {apex}, offset {offset} at {fps:g} Hz: expected {want}, "
                f"got {got!r}; {why}"
            )
    return None


@exercise("02.2", correct="what a shift and a turn do not explain is left, and only that")
def head(learner):
    """Rigid motion leaves nothing; a stretch, which no head makes, is left as it is."""
    y, x = np.mgrid[:24, :32].astype(float)
    for right, down, turn in ((3.0, -2.0, 0.0), (0.0, 0.0, 0.02), (-1.0, 0.5, -0.03)):
        rigid = np.stack([right - turn * y, down + turn * x])
        rest = np.asarray(learner(rigid.copy()))
        if rest.shape != rigid.shape:
            return f"expected a flow of shape {rigid.shape}, got {rest.shape}"
        if np.abs(rest).max() > 1e-6:
            hint = "fit the turn as well, or check its sign" if turn else "fit the shift"
            return (
                f"a shift by ({right:g}, {down:g}) with a turn of {turn:g} should leave nothing, "
                f"got up to {np.abs(rest).max():.3g}: {hint}"
            )
    # A shear about the centre, of such a shape that no shift and no turn explains part of it.
    y_mid, x_mid = y - y.mean(), x - x.mean()
    shear = 0.1 * np.stack([y_mid, x_mid * (y_mid**2).mean() / (x_mid**2).mean()])
    rest = np.asarray(learner(shear + np.stack([1 - 0.02 * y, 2 + 0.02 * x])))
    if not np.allclose(rest, shear, atol=1e-6):
        return (
            "a shear under a moving head should be left as it is: the turn is one number for u and "
            "v together, with opposite signs"
        )
    return None


@exercise("02.3", correct="first the band around the mean, then the depth of a face")
def depth(learner):
    """Random faces before a wall, with specks and holes, against the library."""
    rng = np.random.default_rng(0)
    face = rng.normal(800, 20, (24, 24)).round()  # whole mm: some lie just at `span`
    holes, wall, collar, speck = (face.copy() for _ in range(4))
    holes[:3, :4], holes[5, 5] = 0, np.nan
    wall[:6, :6] = 1900
    collar[-3:, :22] = 1100  # inside the band around the mean, outside one around the median
    speck[4, 4:6] = 90, 1250  # one too near, and one at a depth that the speck would rule out
    cases = {
        "a face alone": face,
        "holes of 0 and NaN": holes,
        "a wall in the corner": wall,
        "a collar behind the chin": collar,
        "a speck in front of the face": speck,
    }
    for name, crop in cases.items():
        for span in (400.0, 60.0):
            got = np.asarray(learner(crop.copy(), span=span), float)
            want = clean_depth(crop, span=span)
            if got.shape != want.shape:
                return f"expected a picture of shape {want.shape}, got {got.shape}"
            if (got == 0).any():
                return f"{name}: what is missing or dropped should be NaN, not 0"
            extra = int((~np.isnan(got) & np.isnan(want)).sum())
            short = int((np.isnan(got) & ~np.isnan(want)).sum())
            if extra or short:
                return (
                    f"{name}, span {span:g} mm: {extra} pixels kept that should go, {short} "
                    "dropped that should stay; zeros are missing, the three standard deviations "
                    "around the mean come first, then what lies below the nearest point that is "
                    "left plus `span`"
                )
            if not np.allclose(got, want, equal_nan=True, atol=1e-3):
                return f"{name}: kept pixels have other values than before; only drop"
    return None
