"""MMME: grey video at 150 Hz, EEG and peripheral signals at 1000 Hz, tied by one trigger line.

::

    coding_file.xlsx
    marker_label.csv
    Video/sub01/sub01_113/2000-1-1-10-0-2-0-0-113.tif
    EEG/sub01.cdt  .cdt.dpa  .cdt.ceo
    PERI/sub01.mat

Each subject sees clips that a marker code from 101 to 148 stands for. The three devices
start at different times; only the marker, at the first instant of a clip, says what in one
file belongs to what in another. The table's times count from the clip's start.

References
----------
The MMME data set: arXiv 2506.09834.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from meps_lab.simulate.cohort import CohortDataset, Plan
from meps_lab.simulate.layouts.casme3_a import SPELLING
from meps_lab.simulate.layouts.common import Layout, truth_table, write_frames
from meps_lab.simulate.layouts.dials import BODY, FACE, PEOPLE
from meps_lab.simulate.layouts.filming import grey, micro_steps, true_row
from meps_lab.simulate.layouts.mmme_signals import PULSE_S, record_devices
from meps_lab.simulate.layouts.session import Session, Showing, session_of
from meps_lab.simulate.layouts.spreadsheet import write_table
from meps_lab.simulate.scenario import Scenario
from meps_lib.errors import MepsError

HEADER = (
    "Subject,Filename,Marker,OnsetTime,ApexTime,OffsetTime,OnsetFrame,ApexFrame,OffsetFrame,"
    "Action Units,Estimated Emotion,(Macro/Micro),Date,dif"
)
TABLE = "coding_file.xlsx"
FPS = 150.0
# Label number -> what the clips of that label are meant to evoke; six clips each.
LABELS = ("sad", "disgust", "happy", "fear", "tense", "calm", "anger", "surprise")
FIRST_MARKER, CLIPS_A_LABEL = 101, 6
_OTHERWISE = ("tense", "calm")  # clips in which any expression may turn up
CHOICES = """What the sources leave open, and what these files do:
the folders Video, EEG and PERI, and the file marker_label.csv with its six codes a label;
in a frame's name nothing is padded, "Code" counts the session's frames from 0, and "Marker"
is the clip's code for the first tenth of a second and 0 after it;
the table's frames count from the clip's first, which is 0, and "dif" is offset minus onset in s;
contempt, which no clip is meant to evoke, appears in tense ones;
the eight digital lines carry the marker's bits, the lowest first;
M1 and M2 complete the 64 channels, after the 62 that are simulated;
a macro-expression is the clip's micro-expression once more, slower and stronger;
clips last some seconds instead of a minute, and each frame is a square of the face.
"""
_START = datetime(2000, 1, 1, 10)  # simulated: nothing was recorded then
_PAUSE_S = 1.0  # between clips
_MACRO_SHARE = 0.4  # CHOICE: share of clips with a macro-expression as well


def marker_table() -> pd.DataFrame:
    """Which label each marker code stands for.

    CHOICE: six codes in a row for each label. WHY: the map is part of the data set and not
    published; a reader has to take it from a file in any case.

    Examples
    --------
    >>> marker_table().groupby("emotion").size().unique().tolist()
    [6]
    """
    n = len(LABELS) * CLIPS_A_LABEL
    label = np.arange(n) // CLIPS_A_LABEL
    emotion = [LABELS[i] for i in label]
    return pd.DataFrame({"marker": FIRST_MARKER + np.arange(n), "label": label, "emotion": emotion})


def write(
    out: Path, cohort: CohortDataset, rng: np.random.Generator, dirt: bool, *, trial_s: float = 4.0
) -> pd.DataFrame:
    """Write the cohort; returns the truth, one row an expression. No errors are documented.

    A clip lasts `trial_s`, at least 3.5 s; about a minute in the real set.
    """
    if trial_s < 3.5:
        raise MepsError(f"trial_s must be at least 3.5 s, to hold two expressions; got {trial_s}")
    rows, truth, per = [], [], cohort.trials_per_subject
    marker_table().to_csv(out / "marker_label.csv", index=False)
    for person in range(len(cohort) // per):
        name = f"sub{person + 1:02d}"
        plans = [cohort.plan(person * per + j) for j in range(per)]
        markers = choose_markers([p.emotion for p in plans], rng)
        starts = np.arange(per) * (trial_s + _PAUSE_S)
        showings = _showings(cohort, person * per, starts, trial_s, rng)
        video = session_of(cohort, showings, FPS, rng, float(starts[-1] + trial_s))
        clips = list(zip(starts.tolist(), markers, strict=True))
        devices, lids = record_devices(out, name, cohort, video, clips, _START, rng, trial_s)
        video = video.blinking(lids)
        for j, (start_s, marker) in enumerate(clips):
            clip = f"{name}_{marker}"
            folder = out / "Video" / name / clip
            _write_video(folder, video, cohort.scenario, rng, start_s, trial_s, marker)
            for seen in video.clips[video.clips.trial == person * per + j].itertuples():
                seen = _from_clip(seen, round(start_s * FPS))
                rows.append((name, clip, marker, *_cells(seen, plans[j])))
                about = {"subject": name, "clip": clip, "marker": marker}
                about["size"] = "macro" if seen.slower > 1 else "micro"
                where = {"folder": folder.relative_to(out).as_posix()}
                truth.append(true_row(plans[j], seen, **about) | devices[j] | where)
    write_table(out / TABLE, pd.DataFrame(rows, columns=HEADER.split(",")), "Sheet1")
    return truth_table(truth)


def choose_markers(emotions: list[str], rng: np.random.Generator) -> list[int]:
    """A clip of its own for each trial, of the emotion's label as long as there is one.

    CHOICE: contempt, for which there are no clips, appears in tense ones.

    Raises
    ------
    MepsError
        If there are more trials than the 48 clips.
    """
    if len(emotions) > len(LABELS) * CLIPS_A_LABEL:
        raise MepsError(f"MMME shows a subject 48 different clips at most, got {len(emotions)}")
    table = marker_table()
    left = {e: rng.permutation(group.marker).tolist() for e, group in table.groupby("emotion")}
    out = []
    for emotion in emotions:
        own = SPELLING.get(emotion, emotion)
        wanted = [e for e in (own, *_OTHERWISE, *LABELS) if left.get(e)]
        out.append(int(left[wanted[0]].pop()))
    return out


def _showings(
    cohort: CohortDataset, first: int, starts: np.ndarray, trial_s: float, rng: np.random.Generator
) -> list[Showing]:
    """A micro-expression a clip, early on, and now and then a macro-expression after it."""
    out = []
    for j, start in enumerate(starts):
        plan = cohort.plan(first + j)
        brief = micro_steps(plan) / plan.offset  # 1, or what the rule leaves of it
        out.append(Showing(first + j, start + rng.uniform(0.3, 0.7), slower=brief))
        # Lasts 1.0 .. 1.4 s; what is longer by itself, which hardly occurs, a tenth more.
        slower = max(rng.uniform(1.0, 1.4) / (plan.offset / plan.fps), 1.1)
        if rng.random() < _MACRO_SHARE:
            at = start + trial_s - rng.uniform(1.5, 1.7)
            out.append(Showing(first + j, at, slower=slower, stronger=1.8, felt=False))
    return out


def _write_video(
    folder: Path,
    video: Session,
    dials: Scenario,
    rng: np.random.Generator,
    start_s: float,
    trial_s: float,
    marker: int,
) -> None:
    """Frames named by their time, their running number and the trigger line's code.

    CHOICE: numbers are not padded, "Code" is the frame's number in the session, and "Marker"
    holds the code as long as the trigger does, then 0. WHY: the sources give the names of
    the parts alone. A reader that sorts by number and takes the first frame with a marker
    is right whichever it is.
    """
    first, last = round(start_s * FPS), round((start_s + trial_s) * FPS)
    for at, colour, _ in video.frames(rng, dials, first, last, depth=False):
        names = []
        for i in range(at, at + len(colour)):
            t = _START + timedelta(milliseconds=round(i / FPS * 1000))
            stamp = f"{t.year}-{t.month}-{t.day}-{t.hour}-{t.minute}-{t.second}"
            code = marker if (i - first) / FPS < PULSE_S else 0
            names.append(f"{stamp}-{t.microsecond // 1000}-{i}-{code}")
        write_frames(folder, grey(colour), names, "tif")


def _from_clip(seen: tuple, first: int) -> tuple:
    """CHOICE: frames count from the clip's first, which is 0."""
    names = ("onset", "apex", "offset", "apex_exact")
    return seen._replace(**{name: getattr(seen, name) - first for name in names})


def _cells(seen: tuple, plan: Plan) -> tuple:
    """The row of the table from OnsetTime on. CHOICE: "dif" is offset minus onset, s."""
    frames = seen.onset, seen.apex, seen.offset
    times = [round(frame / FPS, 3) for frame in frames]
    units = ", ".join(f"AU{au}" for au in seen.aus)
    emotion = SPELLING.get(plan.emotion, plan.emotion)
    size = "Macro" if seen.slower > 1 else "Micro"
    dif = round(times[2] - times[0], 3)
    return (*times, *frames, units, emotion, size, f"{_START:%Y-%m-%d}", dif)


LAYOUT = Layout(
    "mmme",
    lambda: Scenario.preset("mmme"),
    "seven-mmme",
    write,
    title="MMME",
    trials=7,
    most=110,
    dials=FACE + BODY + PEOPLE,
    micro=True,
    choices=CHOICES,
)
