"""What the camera writes and the coder notes: shared by the layouts with a face."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from torch import Tensor

from meps_lab.simulate.face.clip import FaceClip
from meps_lab.simulate.face.sensor import sense_colour
from meps_lab.simulate.plan import Plan
from meps_lab.simulate.scenario import Scenario
from meps_lab.simulate.timing import LONGEST_ONSET_S, LONGEST_S, apex_frame, time_course

_SIDED_SHARE = 0.3  # CHOICE: of the clips that can, so that "L12" occurs
_MIDLINE = {17, 23, 24, 25, 26}  # chin, lips and jaw: one muscle, or both sides at once
_ONE_SIDE = 0.6  # from here on a coder would call it one-sided
_MARKS = ("onset", "apex", "offset", "apex_exact")
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, what OpenCV and Pillow use for grey


class Take(NamedTuple):
    """A clip that is filmed alone, its frames numbered from 0 or, when `shifted`, as in files."""

    face: FaceClip
    onset: int  # the first frame
    apex: int
    offset: int  # the last one
    apex_exact: float  # not rounded
    aus: tuple[int, ...]  # as a coder notes them
    lateral: float

    @classmethod
    def of(cls, plan: Plan, rng: np.random.Generator | None = None) -> Take:
        """A plan's clip, `brief`; by a generator's luck, if there is one, `one_sided`."""
        face, exact = brief(plan)
        face = face if rng is None else one_sided(face, rng)
        peak, last = apex_frame(face.intensity, exact), len(face.intensity) - 1
        return cls(face, 0, peak, last, exact, coded_aus(face.aus, face.intensity), face.lateral)

    @property
    def numbers(self) -> range:
        return range(self.onset, self.offset + 1)


def camera_frames(face: FaceClip, rng: np.random.Generator, dials: Scenario) -> Tensor:
    """Pictures of a clip as the camera saves them, (T, 3, H, W) in [0, 1], with its noise."""
    return sense_colour(face.render()[0], rng, dials.frame_noise)


def grey(colour: Tensor) -> Tensor:
    """Pictures (T, 3, H, W) as a grey camera saves them, (T, 1, H, W)."""
    r, g, b = colour.split(1, dim=1)
    return _LUMA[0] * r + _LUMA[1] * g + _LUMA[2] * b


def shifted(seen: Take | tuple, by: int) -> Take | tuple:
    """A `Take` or a row of `Session.clips` with its frames numbered from elsewhere."""
    return seen._replace(**{name: getattr(seen, name) + by for name in _MARKS})


def true_row(plan: Plan, seen: Take | tuple, **more: object) -> dict[str, object]:
    """What is true of a clip, a `Take` or a row of `Session.clips`, for `truth_table`.

    Further columns are `more`, among them subject and clip.
    """
    marks = {name: getattr(seen, name) for name in _MARKS}
    aus = "+".join(map(str, seen.aus))
    about = {"emotion": plan.emotion, "class": plan.label, "aus": aus, "lateral": seen.lateral}
    return marks | about | more


def micro_steps(plan: Plan) -> int:
    """Frames from onset to offset that the rule of micro-expressions leaves to a clip.

    An expression is micro if onset to offset takes at most 500 ms or onset to apex at most
    250 ms. What was drawn in seconds can miss both by a frame, so frames are counted here.
    """
    steps = len(plan.face.intensity) - 1
    longest, to_apex = (int(s * plan.fps + 1e-9) for s in (LONGEST_S, LONGEST_ONSET_S))
    if steps > longest and apex_frame(plan.face.intensity, plan.apex) > to_apex:
        return max(2, longest)
    return steps


def retimed(plan: Plan, steps: int) -> tuple[FaceClip, float]:
    """A plan's clip with so many frames from onset to offset, at least 2, and its exact apex."""
    face, source = plan.face, len(plan.face.intensity) - 1
    if steps == source:
        return face, plan.apex
    apex = plan.apex / source * steps
    # By its formula: between two frames of the original the peak would be cut off and move.
    full = face.intensity.max(axis=0) / time_course(source + 1, plan.apex).max()
    course = time_course(steps + 1, apex)[:, None] * np.minimum(full, 1.0)
    at, frames = np.linspace(0, source, steps + 1), np.arange(source + 1)
    others = {n: interpolated(at, frames, getattr(face, n)) for n in ("pose", "blink", "gain")}
    return replace(face, intensity=course, **others), apex


def interpolated(at: np.ndarray, frames: np.ndarray, values: np.ndarray) -> np.ndarray:
    """What is known in some frames, (T,) or (T, K), in others: by straight lines, held outside."""
    columns = values.reshape(len(values), -1).T
    out = np.stack([np.interp(at, frames, column) for column in columns], axis=-1)
    return out.reshape(len(at), *values.shape[1:])


def brief(plan: Plan) -> tuple[FaceClip, float]:
    """A plan's clip as `retimed` gives it, cut to what the rule allows: see `micro_steps`."""
    return retimed(plan, micro_steps(plan))


def one_sided(face: FaceClip, rng: np.random.Generator, share: float = _SIDED_SHARE) -> FaceClip:
    """The face as it is, or, in this share of the faces that can, moving on one side only."""
    luck, side = rng.random(), rng.choice([-0.95, 0.95])
    if luck < share and not _MIDLINE & set(face.aus):
        face = replace(face, lateral=float(side))
    return face


def coded_aus(aus: Iterable[int], intensity: np.ndarray) -> tuple[int, ...]:
    """Of K action units those that a coder would note, in rising order.

    That is at least a quarter of the strongest's peak in `intensity`, shape (T, K).
    """
    peak = intensity.max(axis=0)
    seen = (peak > 0) & (peak >= 0.25 * peak.max(initial=0.0))
    return tuple(sorted(au for au, noted in zip(aus, seen, strict=True) if noted))


def au_text(aus: Iterable[int], lateral: float = 0.0) -> str:
    """Action units as tables write them, e.g. "4+7" or "L12"; "?" if nothing was seen.

    `lateral` is as in `FaceClip`. The side right in the picture is the person's left.

    Examples
    --------
    >>> au_text((4, 7)), au_text((12,), lateral=0.9)
    ('4+7', 'L12')
    """
    side = "" if abs(lateral) < _ONE_SIDE else "L" if lateral > 0 else "R"
    return "+".join(f"{au}" if au in _MIDLINE else f"{side}{au}" for au in aus) or "?"
