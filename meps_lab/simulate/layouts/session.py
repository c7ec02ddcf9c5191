"""A whole session of one simulated person: one long video with the trials in it.

Most sets publish long recordings and a table of where in them something happened. A session
strings a subject's trials on one time line: the face at rest between them, the head drifting
from one trial's pose to the next's, one body that answers every event.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from meps_lab.simulate.cohort import CohortDataset
from meps_lab.simulate.layouts.filming import coded_aus, interpolated, one_sided, retimed
from meps_lab.simulate.layouts.long_video import Session
from meps_lab.simulate.timing import apex_frame, blink_spans, lid_course
from meps_lib.errors import MepsError

__all__ = ["Session", "Showing", "session_of", "session"]

# Between trials pose and light move in steps of this size, a few hundredths of a pixel at
# 64 px: frames that do not differ are rendered once, and a second of rest costs a few frames.
_POSE_STEP = np.array([0.1, 0.1, 0.001, 0.5])  # mm, mm, rad, mm
_GAIN_STEP = 0.002
CLIPS = ["trial", "onset", "apex", "offset", "apex_exact", "lateral", "aus", "slower"]


class Showing(NamedTuple):
    """One appearance of a trial's expression in a session."""

    trial: int  # in the cohort
    onset_s: float  # from the first frame
    slower: float = 1.0  # factor on its duration
    stronger: float = 1.0  # factor on its intensity, or what makes its strongest unit full
    felt: bool = True  # whether the body answers too


def session(
    cohort: CohortDataset,
    trials: Sequence[int],
    fps: float,
    gap_s: float,
    rng: np.random.Generator,
    sided: float = 0.0,
) -> Session:
    """String trials of one subject on one time line, as short as the rests between them allow.

    The mean rest before, between and after trials is `gap_s`; it varies by a fifth either way.

    Examples
    --------
    >>> from meps_lab.simulate import simulate_cohort
    >>> video = session(simulate_cohort(2, 3), [0, 1], 30.0, 1.0, np.random.default_rng(0))
    >>> len(video.clips)
    2
    """
    showings, t = [], 0.0
    for k in trials:
        plan = cohort.plan(k)
        t += gap_s * rng.uniform(0.8, 1.2)
        showings.append(Showing(k, t))
        t += (plan.offset - plan.onset) / plan.fps
    return session_of(cohort, showings, fps, rng, t + gap_s, sided)


def session_of(
    cohort: CohortDataset,
    showings: Sequence[Showing],
    fps: float,
    rng: np.random.Generator,
    duration_s: float,
    sided: float = 0.0,
) -> Session:
    """A session with each showing where it is told to be.

    Parameters
    ----------
    showings : sequence of Showing
        Of one subject, at least one, in the order of time.
    fps, duration_s : float
        Hz and s, of the video.
    rng : numpy Generator
        Of the blinks, and of the sides.
    sided : float
        Share of the expressions that can which move on one side only.

    Raises
    ------
    MepsError
        If two showings overlap, or one does not fit.
    """
    n, before = round(duration_s * fps), cohort.scenario.ps_before_s
    plans = [cohort.plan(s.trial) for s in showings]
    aus_shown = tuple(sorted({au for plan in plans for au in plan.aus}))
    intensity, lateral, rest = np.zeros((n, len(aus_shown))), np.zeros(n), np.ones(n, bool)
    poses, gains, rows, events, free = [], [], [], [], 0
    for show, plan in zip(showings, plans, strict=True):
        onset, source = round(show.onset_s * fps), len(plan.face.intensity) - 1
        steps = max(2, round(source / plan.fps * fps * show.slower))
        offset = onset + steps
        if onset < free or offset >= n:
            raise MepsError(
                f"trial {show.trial} takes frames {onset}..{offset}, but only {free}..{n - 1} "
                "are free; give more time or fewer trials"
            )
        free, here = offset + 1, np.arange(onset, offset + 1)
        shown, apex = retimed(plan, steps)
        shown = one_sided(shown, rng, sided) if sided else shown
        # All units by one factor: a unit that was cut at full would have no peak.
        peak = shown.intensity.max(initial=0.0)
        course = shown.intensity * (min(show.stronger, 1 / peak) if peak else 1.0)
        intensity[np.ix_(here, [aus_shown.index(au) for au in shown.aus])] = course
        lateral[here], rest[here] = shown.lateral, False
        poses.append(shown.pose)
        gains.append(shown.gain)
        marks = (onset, onset + apex_frame(course, apex), offset, onset + apex)
        aus = coded_aus(shown.aus, course)
        rows.append((show.trial, *marks, shown.lateral, aus, show.slower))
        if show.felt:
            events += [replace(e, time_s=onset / fps + e.time_s - before) for e in plan.events]
    frames, knots = np.arange(n), np.flatnonzero(~rest)
    pose, gain = (interpolated(frames, knots, np.concatenate(x)) for x in (poses, gains))
    pose[rest] = np.round(pose[rest] / _POSE_STEP) * _POSE_STEP
    gain[rest] = np.round(gain[rest] / _GAIN_STEP) * _GAIN_STEP
    blink = lid_course(blink_spans(rng, n / fps, cohort.scenario.blinks_per_min), frames / fps)
    moving = {"intensity": intensity, "pose": pose, "gain": gain, "blink": blink}
    face = replace(plans[0].face, aus=aus_shown, lateral=0.0, **moving)
    return Session(face, lateral, pd.DataFrame(rows, columns=CLIPS), tuple(events), float(fps))
