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
from meps_lab.simulate.layouts.casme3_a import FPS, SIDED, SPELLING
from meps_lab.simulate.layouts.common import (
    Layout,
    truth_table,
    write_depth,
    write_frames,
)
from meps_lab.simulate.layouts.dials import BODY, DEPTH, FACE, PEOPLE
from meps_lab.simulate.layouts.dirt import rewritten, spoil
from meps_lab.simulate.layouts.filming import au_text
from meps_lab.simulate.layouts.session import session
from meps_lab.simulate.layouts.spreadsheet import write_table
from meps_lab.simulate.scenario import Scenario

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
    out: Path, cohort: CohortDataset, rng: np.random.Generator, dirt: bool, *,
    gap_s: float = 4.0, duration_s: float | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Write the cohort; returns the truth, one row a clip.

    Parameters
    ----------
    out : Path
    cohort : CohortDataset
    rng : numpy Generator
    dirt : bool
    gap_s : float
        Mean rest around an expression, s.
    duration_s : float, optional
        Length of each video; as short as the rests allow if None. The real ones last about
        eight minutes.
    """
    rows, truth = [], []
    for person in range(len(cohort) // cohort.trials_per_subject):
        number = subject_number(person)
        first = person * cohort.trials_per_subject
        trials = list(range(first, first + cohort.trials_per_subject))
        film = session(cohort, person, trials, FPS, gap_s, rng, duration_s, SIDED)
        folder = out / FRAMES / f"{number:02d}" / "a"
        for at, colour, depth in film.frames(rng, cohort.scenario):
            names = [str(at + i) for i in range(len(colour))]
            write_frames(folder / "color", colour, names, "jpg")
            write_depth(folder / "depth", depth, names)
        start_row = round(rng.uniform(*_BEFORE_S) * SFREQ)
        lead_s = start_row / SFREQ
        body = film.record(
            cohort, rng, lead_s=lead_s, tail_s=rng.uniform(*_AFTER_S), sfreq=SFREQ, signals=SIGNALS
        )
        text = out / PHYSIOLOGY / f"{number:02d}.txt"
        marker = _markers(len(body.ps[0]), start_row, start_row + round(film.duration_s * SFREQ))
        columns = dict(zip(body.names, body.ps, strict=True)) | {"marker": marker}
        # "The rest is meaningless": two unused digital lines.
        columns |= {f"digital {i}": np.zeros(len(marker), int) for i in (1, 2)}
        write_text(text, columns, SFREQ)
        for count, clip in enumerate(film.clips.itertuples(), 1):
            plan, onset_s = cohort.plan(clip.trial), lead_s + clip.onset / FPS
            beats = body.beat_times - onset_s
            low, high = _BEAT_WINDOW_S
            rows.append(
                {
                    "sub": number,
                    "count": count,
                    "onset": clip.onset,
                    "offset": clip.offset,
                    "au": au_text(clip.aus, clip.lateral).replace("+", ","),
                    "emotion": SPELLING.get(plan.emotion, plan.emotion),
                }  # fmt: skip
            )
            truth.append(
                {
                    "subject": f"{number:02d}",
                    "clip": f"{number:02d}_{clip.onset}",
                    "emotion": plan.emotion,
                    "class": plan.label,
                    "onset": clip.onset,
                    "apex": clip.apex,
                    "offset": clip.offset,
                    "aus": "+".join(map(str, clip.aus)),
                    "aus_sided": au_text(clip.aus, clip.lateral).replace("?", ""),
                    "apex_exact": clip.apex_exact,
                    "lateral": clip.lateral,
                    "start_row": start_row,
                    "beats_s": beats[(beats >= low) & (beats < high)],
                    "n_frames": len(film),
                    "folder": folder.relative_to(out).as_posix(),
                    "physiology": text.relative_to(out).as_posix(),
                }  # fmt: skip
            )
    full_width = rewritten("full-width comma", "au", lambda au: au.replace(",", "，", 1))
    table, true = spoil(pd.DataFrame(rows), truth_table(truth), rng, [full_width], dirt)
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
