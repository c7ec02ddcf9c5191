"""CAS(ME)^3 Part C: a mock crime, one long video a subject, and the body at 200 Hz.

::

    CAS(ME)3_part_C_ME.xlsx
    part_C/RGB_Depth/part_C/part_C/01/a/color/0.jpg  depth/0.png
    part_C/Physiology/01.txt

The body was recorded from before the video: frame 0 falls on the first row whose marker is 5.

References
----------
Li et al., IEEE Trans. Pattern Anal. Mach. Intell. 45 (2023), doi 10.1109/TPAMI.2022.3174895.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from meps_lab.simulate.cohort import CohortDataset
from meps_lab.simulate.layouts.biopac import write_text
from meps_lab.simulate.layouts.casme3_a import FPS, SIDED, SPELLING, write_video
from meps_lab.simulate.layouts.common import Layout, truth_table
from meps_lab.simulate.layouts.dials import BODY, DEPTH, FACE, PEOPLE
from meps_lab.simulate.layouts.dirt import rewritten, spoil
from meps_lab.simulate.layouts.filming import au_text, true_row
from meps_lab.simulate.layouts.session import session
from meps_lab.simulate.layouts.spreadsheet import write_table
from meps_lab.simulate.scenario import Scenario

HEADER = "sub,count,onset,offset,au,emotion"
TABLE = "CAS(ME)3_part_C_ME.xlsx"
FRAMES = "part_C/RGB_Depth/part_C/part_C"
PHYSIOLOGY = "part_C/Physiology"  # CHOICE: the sources name neither the folder nor its files
SFREQ = 200.0
SIGNALS = ("PPG", "RSP", "ECG", "EDA")
START = 5  # the marker of the video's start
ABSENT = 22
# Recorded before and after the video: enough for 3 s before the first expression and 7 s after
# the last.
_BEFORE_S, _AFTER_S = (4.0, 9.0), (7.5, 9.5)
_HELD = 20  # CHOICE: rows for which a marker stays
# CHOICE: what else the marker column holds: a test pulse, the instruction, the end of the
# video. WHY: other codes stand around the 5, and a reader must not take the first of any.
_TEST, _INSTRUCTION, _END = 1, 3, 6
CHOICES = """What the sources leave open, and what these files do:
physiology stands in part_C/Physiology/<subject>.txt, and its header names the signals;
"count" numbers a person's clips from 1;
frames are numbered from 0, and each is a square of the face, not the room;
L and R stand before units that move on the person's left or right side alone;
"?" stands for the action units where none could be seen;
clips may last longer than half a second, as the real ones do;
a marker stays for 20 rows, and 1, 3 and 6 occur beside the 5;
videos are shorter than the real eight minutes, and there is no voice.
"""
_BEAT_WINDOW_S = (-3.0, 7.0)  # of the truth's beats, around the onset


def write(
    out: Path,
    cohort: CohortDataset,
    rng: np.random.Generator,
    dirt: bool,
    *,
    gap_s: float = 4.0,
) -> pd.DataFrame:
    """Write the cohort; returns the truth, one row a clip.

    People rest `gap_s` around an expression on average; the videos are as short as that
    allows, where the real ones last about eight minutes.
    """
    rows, truth = [], []
    for person in range(len(cohort) // cohort.trials_per_subject):
        number = subject_number(person)
        subject, first = f"{number:02d}", person * cohort.trials_per_subject
        trials = range(first, first + cohort.trials_per_subject)
        video = session(cohort, person, trials, FPS, gap_s, rng, sided=SIDED)
        folder = out / FRAMES / subject / "a"
        write_video(folder, video, rng, cohort.scenario)
        start_row = round(rng.uniform(*_BEFORE_S) * SFREQ)
        how = {"lead_s": start_row / SFREQ, "tail_s": rng.uniform(*_AFTER_S)}
        body = video.record(cohort, rng, **how, sfreq=SFREQ, signals=SIGNALS)
        text = out / PHYSIOLOGY / f"{subject}.txt"
        marker = _markers(len(body.ps[0]), start_row, start_row + round(video.duration_s * SFREQ))
        columns = dict(zip(body.names, body.ps, strict=True)) | {"marker": marker}
        # "The rest is meaningless": two unused digital lines.
        columns |= {f"digital {i}": np.zeros(len(marker), int) for i in (1, 2)}
        write_text(text, columns, SFREQ)
        for count, clip in enumerate(video.clips.itertuples(), 1):
            plan, units = cohort.plan(clip.trial), au_text(clip.aus, clip.lateral)
            beats = body.beat_times - (start_row / SFREQ + clip.onset / FPS)
            low, high = _BEAT_WINDOW_S
            emotion = SPELLING.get(plan.emotion, plan.emotion)
            coded = units.replace("+", ",")
            rows.append((number, count, clip.onset, clip.offset, coded, emotion))
            about = {
                "subject": subject,
                "clip": f"{subject}_{clip.onset}",
                "start_row": start_row,
                "beats_s": beats[(beats >= low) & (beats < high)],
                "n_frames": len(video),
                "folder": folder.relative_to(out).as_posix(),
                "physiology": text.relative_to(out).as_posix(),
            }
            truth.append({"aus_sided": units.replace("?", "")} | true_row(plan, clip, **about))
    table = pd.DataFrame(rows, columns=HEADER.split(","))
    full_width = rewritten("full-width comma", "au", lambda au: au.replace(",", "，", 1))
    table, true = spoil(table, truth_table(truth), rng, [full_width], dirt)
    write_table(out / TABLE, table, "mockCrimeME")
    return true


def subject_number(person: int) -> int:
    """The number of a person counted from 0: 1, 2, ... without 22."""
    return person + 1 if person + 1 < ABSENT else person + 2


def _markers(n: int, start: int, end: int) -> np.ndarray:
    """The marker column: a 5 where the video starts, other codes around it."""
    marker = np.zeros(n, int)
    for row, code in ((start // 4, _TEST), (start // 2, _INSTRUCTION), (start, START), (end, _END)):
        marker[row : row + _HELD] = code
    return marker


LAYOUT = Layout(
    "casme3-c",
    lambda: Scenario.preset("casme3_c"),
    "seven",
    write,
    title="CAS(ME)^3 Part C",
    subjects=3,
    trials=7,
    most=30,  # 1 to 31 without 22
    dials=FACE + DEPTH + BODY + PEOPLE,
    choices=CHOICES,
)
