"""What will happen in one trial, before any picture or signal is made of it.

An emotion is a point in valence and arousal and a set of action units. The face shows the
action units, so it tells valence well and arousal badly; the body follows arousal and hardly
knows valence. In some trials the face leaks next to nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from meps_lab.simulate.body.physiology import Body, Event
from meps_lab.simulate.body.responses import AFFECT, EFFECTS, Response, respond
from meps_lab.simulate.face.clip import FaceClip
from meps_lab.simulate.face.muscles import PULLS
from meps_lab.simulate.people import Subject
from meps_lab.simulate.ranges import FRAMES
from meps_lab.simulate.scenario import Scenario
from meps_lab.simulate.timing import blink_spans, draw_apex, draw_duration, lid_course, time_course
from meps_lib.labels import ACTION_UNITS

_UPPER = ("brow", "eye", "cheek")  # regions of the upper face; the rest is the lower


@dataclass(frozen=True)
class Plan:
    """One trial, drawn but not rendered: small, quick to make, and all of the truth in it."""

    label: str  #: given to the trial
    emotion: str  #: felt
    shown: str  #: emotion whose action units the face shows
    subject: str
    clip: str
    leaked: bool  #: whether the face shows more than a tenth of it
    valence: float  #: -1 .. 1, of this trial
    arousal: float  #: 0 .. 1.2
    aus: tuple[int, ...]  #: action units that move
    apex: float  #: frame of the peak, not rounded
    fps: float  #: Hz
    onset: int  #: first frame of the clip
    offset: int  #: last frame
    face: FaceClip
    body: Body
    events: tuple[Event, ...]  #: what reaches the body, s from the start of the signals' window
    #: (m, 2) start and end of each blink, s from the same instant: in the frames and in the EEG
    lids: np.ndarray


def make_plan(
    person: Subject, row: Mapping[str, str], rng: np.random.Generator, dials: Scenario
) -> Plan:
    """Draw one trial of a person from its own `rng`; `row`: subject, clip, label, emotion."""
    emotion = row["emotion"]
    valence, arousal = AFFECT[emotion]
    arousal += dials.arousal_spread * rng.normal() + person.habits.appraisal.get(emotion, 0.0)
    arousal = float(np.clip(arousal, 0, 1.2))
    face_rng, course_rng = rng.spawn(2)
    shown, aus, peak, leaked = _expression(emotion, arousal, person, face_rng, dials)
    face, apex, lids = _movement(person, shown, aus, peak, face_rng, course_rng, dials)
    response = _response(emotion, valence, arousal, dials)
    event = Event(float(dials.ps_before_s), person.habits.answer(response))
    drawn = {"shown": shown, "leaked": leaked, "valence": valence, "arousal": arousal, "aus": aus}
    frames = {"apex": apex, "fps": float(dials.fps), "onset": 0, "offset": len(face.intensity) - 1}
    parts = {"face": face, "body": person.body, "events": (event,), "lids": lids}
    return Plan(**row, **drawn, **frames, **parts)


def _response(emotion: str, valence: float, arousal: float, dials: Scenario) -> Response:
    """What the event does to an average body, with the part that follows valence scaled."""
    specificity = dials.specificity + dials.overlap * (1 - dials.specificity)
    how = {"arousal": arousal, "strength": dials.arousal_gain, "specificity": specificity}
    flat, full = (respond(emotion, valence=v, **how) for v in (0.0, valence))
    parts = {n: getattr(flat, n) for n in EFFECTS}
    parts = {n: p + dials.valence_gain * (getattr(full, n) - p) for n, p in parts.items()}
    return replace(full, **parts)


def _expression(
    emotion: str, arousal: float, person: Subject, rng: np.random.Generator, dials: Scenario
) -> tuple[str, tuple[int, ...], np.ndarray, bool]:
    """The emotion that the face shows, its action units, their apex intensities, and
    whether the face leaked at all."""
    shown = emotion
    # Like valence, whatever the arousal; or itself. With overlap, the face tells arousal too.
    if rng.random() < dials.blend_share * (1 - dials.overlap):
        names = [e for e in AFFECT if e != "others"]
        near = np.exp([-(((AFFECT[e][0] - AFFECT[emotion][0]) / 0.5) ** 2) for e in names])
        shown = str(rng.choice(names, p=near / near.sum()))
    own = person.habits.aus[shown]
    full = own or tuple(rng.choice(sorted(PULLS), 2, replace=False).tolist())
    luck = rng.random(len(full))
    part = luck < dials.au_share
    part[np.argmin(luck)] = True  # at least one takes part
    leaked = bool(rng.random() < dials.leak_share)
    level = dials.me_intensity * person.expressivity * np.exp(rng.normal(0, dials.me_spread))
    level *= np.exp(dials.overlap * (arousal - 0.5))
    shows = 1.0 if leaked else 0.1
    each = level * shows * np.exp(rng.normal(0, dials.au_spread, len(full))) * part
    strays = [au for au in sorted(PULLS) if au not in full]
    stray, weak = int(rng.choice(strays)), 0.4 * shows * dials.me_intensity * rng.uniform(0.5, 1)
    if rng.random() < dials.stray_au:
        full, each = (*full, stray), np.append(each, weak)
    upper = np.array([ACTION_UNITS[au].region in _UPPER for au in full])
    each = each * np.where(upper, dials.upper_leak, dials.lower_leak)
    return shown, full, np.clip(each, 0, 1), leaked


def _movement(
    person: Subject,
    shown: str,
    aus: tuple[int, ...],
    peak: np.ndarray,
    face_rng: np.random.Generator,
    course_rng: np.random.Generator,
    dials: Scenario,
) -> tuple[FaceClip, float, np.ndarray]:
    """How the face moves over the clip, the frame of its apex, and all blinks."""
    if dials.apex == "middle":
        position = np.clip(face_rng.normal(dials.apex_position, dials.apex_spread), 0.01, 0.99)
    else:
        position = draw_apex(face_rng, dials.apex)
    frames = _n_frames(course_rng, float(position), dials)
    apex = float(np.clip(position * (frames - 1), 1.0, frames - 2.0))
    drift = face_rng.normal(0, 1, 4) * [1, 1, 0.004, 1] * dials.head_drift_mm
    along = np.linspace(0, 1, frames)
    ramp = along[:, None] ** face_rng.uniform(0.7, 1.5)
    start = face_rng.normal(0, 1, 4) * [1.0, 1.0, 0.02 / 3, 8.0 / 3] * dials.head_pose_mm
    lateral = dials.asymmetry * face_rng.uniform(-1, 1)
    # Contempt is the one expression that is one-sided by definition.
    if shown == "contempt":
        lateral = 0.9 * (np.sign(lateral) or 1.0)
    level, lateral = _sides(float(lateral), dials)
    exposure = np.exp(dials.light_change * course_rng.normal() * np.sin(np.pi / 2 * along))
    (blink_rng,) = course_rng.spawn(1)
    seen = dials.ps_before_s + np.arange(frames) / dials.fps
    lids = blink_spans(blink_rng, max(dials.ps_duration_s, seen[-1]), dials.blinks_per_min)
    course = {
        "intensity": time_course(frames, apex)[:, None] * peak * level,
        "pose": start + ramp * drift,
        "blink": lid_course(lids, seen) if dials.blinks_per_min else None,
        "gain": exposure if dials.light_change else None,
    }
    how = {"lateral": lateral, "light": person.light, "size": dials.size}
    return FaceClip(person.who, aus, **course, **how), apex, lids


def _sides(lateral: float, dials: Scenario) -> tuple[float, float]:
    """Level of the stronger side and one-sidedness, once each side has its factor.

    `FaceClip.lateral` says what the weaker side has left of the stronger: at .9 a tenth.
    """
    left = (1 - max(lateral, 0.0)) * dials.left_leak
    right = (1 - max(-lateral, 0.0)) * dials.right_leak
    level = max(left, right)
    return level, (right - left) / level if level else 0.0


def _n_frames(rng: np.random.Generator, apex: float, dials: Scenario) -> int:
    """Frames from onset to offset, both counted."""
    if dials.n_frames is not None:
        return int(dials.n_frames)
    if dials.duration == "mmme":
        seconds = draw_duration(rng, "mmme", apex)
    else:
        variance = np.log1p((dials.duration_spread_s / dials.duration_s) ** 2)
        middle = np.log(dials.duration_s) - variance / 2
        seconds = np.exp(rng.normal(middle, np.sqrt(variance)))
    return int(np.clip(round(seconds * dials.fps) + 1, *FRAMES))
