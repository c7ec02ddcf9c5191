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

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from meps_lab.simulate.cohort import CohortDataset, Plan
from meps_lab.simulate.layouts.casme3_a import SPELLING
from meps_lab.simulate.layouts.common import Layout, below, by_person, truth_table, write_frames
from meps_lab.simulate.layouts.dials import BODY, FACE, PEOPLE
from meps_lab.simulate.layouts.filming import grey, micro_steps, shifted, true_row
from meps_lab.simulate.layouts.mmme_signals import PULSE_S, START, record_devices
from meps_lab.simulate.layouts.session import Showing, session_of
from meps_lab.simulate.layouts.spreadsheet import write_table
from meps_lab.simulate.scenario import Scenario
from meps_lib.arguments import number, whole

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
CHOICES = """\
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
_PAUSE_S = 1.0  # between clips
_MACRO_SHARE = 0.4  # CHOICE: share of clips with a macro-expression as well


def write(
    out: Path, cohort: CohortDataset, rng: np.random.Generator, dirt: bool, *, trial_s: float = 4.0
) -> pd.DataFrame:
    """Write the cohort; returns the truth, one row an expression. No errors are documented.

    A clip lasts `trial_s`, at least 3.5 s; about a minute in the real set.
    """
    number("trial_s", trial_s, 3.5, why=" s, to hold two expressions")
    rows, truth = [], []
    marker_table().to_csv(out / "marker_label.csv", index=False)
    for person, trials in enumerate(by_person(cohort), 1):
        name, emotions = f"sub{person:02d}", cohort.index["emotion"].iloc[trials]
        markers = choose_markers(emotions.tolist(), rng)
        starts = [j * (trial_s + _PAUSE_S) for j in range(len(trials))]
        showings = _showings(cohort, dict(zip(trials, starts, strict=True)), trial_s, rng)
        video = session_of(cohort, showings, FPS, rng, starts[-1] + trial_s)
        clips = list(zip(starts, markers, strict=True))
        devices, lids = record_devices(out, name, cohort, video, clips, trial_s, rng)
        video = video.blinking(lids)
        for trial, (start_s, marker), device in zip(trials, clips, devices, strict=True):
            plan, folder = cohort.plan(trial), out / "Video" / name / f"{name}_{marker}"
            first, last = round(start_s * FPS), round((start_s + trial_s) * FPS)
            pieces = video.frames(rng, cohort.scenario, first, last, depth=False)
            _write_video(folder, pieces, first, marker)
            about = {"subject": name, "clip": folder.name, "marker": marker}
            where = {"folder": below(out, folder)}
            for seen in video.clips[video.clips.trial == trial].itertuples():
                seen = shifted(seen, -first)  # CHOICE: a clip's first frame is 0
                size = "macro" if seen.slower > 1 else "micro"
                rows.append((*about.values(), *_cells(seen, plan, size.capitalize())))
                truth.append(true_row(plan, seen, **about, size=size) | device | where)
    write_table(out / TABLE, pd.DataFrame(rows, columns=HEADER.split(",")), "Sheet1")
    return truth_table(truth)


def marker_table() -> pd.DataFrame:
    """Which label each marker code stands for.

    CHOICE: six codes in a row for each label. WHY: the map is part of the data set and not
    published; a reader has to take it from a file in any case.
    """
    label = np.repeat(np.arange(len(LABELS)), CLIPS_A_LABEL)
    marker = FIRST_MARKER + np.arange(len(label))
    return pd.DataFrame({"marker": marker, "label": label, "emotion": np.take(LABELS, label)})


def choose_markers(emotions: list[str], rng: np.random.Generator) -> list[int]:
    """A clip of its own for each trial, of the emotion's label as long as there is one.

    CHOICE: contempt, for which there are no clips, appears in tense ones.

    Raises
    ------
    MepsError
        If there are more trials than the 48 clips.
    """
    whole("trials", len(emotions), 1, len(LABELS) * CLIPS_A_LABEL, " different clips")
    table = marker_table()
    left = {e: rng.permutation(group.marker).tolist() for e, group in table.groupby("emotion")}
    out = []
    for emotion in emotions:
        own = SPELLING.get(emotion, emotion)
        wanted = [e for e in (own, *_OTHERWISE, *LABELS) if left.get(e)]
        out.append(int(left[wanted[0]].pop()))
    return out


def _showings(
    cohort: CohortDataset, starts: dict[int, float], trial_s: float, rng: np.random.Generator
) -> list[Showing]:
    """A micro-expression a clip, early on, and now and then a macro-expression after it."""
    out = []
    for trial, start in starts.items():
        plan = cohort.plan(trial)
        brief = micro_steps(plan) / plan.offset  # 1, or what the rule leaves of it
        out.append(Showing(trial, start + rng.uniform(0.3, 0.7), slower=brief))
        # Lasts 1.0 .. 1.4 s; what is longer by itself, which hardly occurs, a tenth more.
        slower = max(rng.uniform(1.0, 1.4) / (plan.offset / plan.fps), 1.1)
        if rng.random() < _MACRO_SHARE:
            at = start + trial_s - rng.uniform(1.5, 1.7)
            out.append(Showing(trial, at, slower=slower, stronger=1.8, felt=False))
    return out


def _write_video(folder: Path, pieces: Iterator[tuple], first: int, marker: int) -> None:
    """Frames named by their time, their running number and the trigger line's code.

    CHOICE: numbers are not padded, "Code" is the frame's number in the session, and "Marker"
    holds the code as long as the trigger does, then 0. WHY: the sources give the names of
    the parts alone. A reader that sorts by number and takes the first frame with a marker
    is right whichever it is.
    """
    for at, colour, _ in pieces:
        names = []
        for i in range(at, at + len(colour)):
            t = START + timedelta(milliseconds=round(i / FPS * 1000))
            stamp = f"{t.year}-{t.month}-{t.day}-{t.hour}-{t.minute}-{t.second}"
            code = marker if (i - first) / FPS < PULSE_S else 0
            names.append(f"{stamp}-{t.microsecond // 1000}-{i}-{code}")
        write_frames(folder, grey(colour), names, "tif")


def _cells(seen: tuple, plan: Plan, size: str) -> tuple:
    """The row of the table from OnsetTime on. CHOICE: "dif" is offset minus onset, s."""
    frames = seen.onset, seen.apex, seen.offset
    times = [round(frame / FPS, 3) for frame in frames]
    units = ", ".join(f"AU{au}" for au in seen.aus)
    emotion = SPELLING.get(plan.emotion, plan.emotion)
    dif = round(times[2] - times[0], 3)
    return (*times, *frames, units, emotion, size, f"{START:%Y-%m-%d}", dif)


LAYOUT = Layout(
    "mmme",
    lambda: Scenario.preset("mmme"),
    "seven-mmme",
    write,
    "MMME",
    CHOICES,
    most=110,
    dials=FACE + BODY + PEOPLE,
    trials=7,
    subjects=2,
)
