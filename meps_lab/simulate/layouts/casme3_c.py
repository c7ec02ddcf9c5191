"""CAS(ME)^3 Part C: a mock crime, one long video a subject, and the body at 200 Hz.

::

    CAS(ME)3_part_C_ME.xlsx
    part_C/RGB_Depth/part_C/part_C/01/a/color/0.jpg  depth/0.png
    part_C/Physiology/01.txt

The table says of an emotion only its class: negative, positive, surprise or others. The body was
recorded from before the video: frame 0 falls on the first row whose marker is 5.

References
----------
Li et al., IEEE Trans. Pattern Anal. Mach. Intell. 45 (2023), doi 10.1109/TPAMI.2022.3174895.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from meps_lab.simulate.cohort import CohortDataset
from meps_lab.simulate.layouts.biopac import write_text
from meps_lab.simulate.layouts.casme3_a import FPS, SIDED, write_video
from meps_lab.simulate.layouts.common import Layout, below, by_person, truth_table
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
GAP_S = 4.0  # rest around an expression, on average; real videos last about eight minutes
SFREQ = 200.0
SIGNALS = ("PPG", "RSP", "ECG", "EDA")
START = 5  # the marker of the video's start
SUBJECTS = [*range(1, 22), *range(23, 32)]
# Recorded before and after the video: enough for 3 s before the first expression and 7 s after
# the last.
_BEFORE_S, _AFTER_S = (4.0, 9.0), (7.5, 9.5)
_HELD = 20  # CHOICE: rows for which a marker stays
# As published: 99 negative, 30 surprise, 20 others, 16 positive. CHOICE: the negative ones are
# divided as in Part A, and contempt, which the set does not have, is none of them.
_BALANCE = {"disgust": 54, "fear": 19, "anger": 14, "sadness": 12, "surprise": 30, "others": 20}
_BALANCE |= {"happiness": 16}
CHOICES = """\
the negative emotions behind the word "negative" are divided as in Part A;
physiology stands in part_C/Physiology/<subject>.txt, and its header names the signals;
frames are numbered from 0, and each is a square of the face, not the room;
L and R stand before units that move on the person's left or right side alone;
"?" stands for the action units where none could be seen;
clips may last longer than half a second, as the real ones do;
a marker stays for 20 rows, and 1, 3 and 6 occur beside the 5;
videos are shorter than the real eight minutes, and there is no voice.
"""


def write(out: Path, cohort: CohortDataset, rng: np.random.Generator, dirt: bool) -> pd.DataFrame:
    """Write the cohort; returns the truth, one row a clip."""
    rows, truth = [], []
    for number, trials in zip(SUBJECTS, by_person(cohort), strict=False):
        subject = f"{number:02d}"
        video = session(cohort, trials, FPS, GAP_S, rng, sided=SIDED)
        folder = out / FRAMES / subject / "a"
        write_video(folder, video, rng, cohort.scenario)
        start_row = round(rng.uniform(*_BEFORE_S) * SFREQ)
        how = {"lead_s": start_row / SFREQ, "tail_s": rng.uniform(*_AFTER_S)}
        body = video.record(cohort, rng, **how, sfreq=SFREQ, signals=SIGNALS)
        text = out / PHYSIOLOGY / f"{subject}.txt"
        marker, end = np.zeros(body.ps.shape[1], int), start_row + round(video.duration_s * SFREQ)
        # CHOICE: a test pulse, the instruction, the start and the end of the video. WHY: other
        # codes stand around the 5, and a reader must not take the first of any.
        for row, code in ((start_row // 4, 1), (start_row // 2, 3), (start_row, START), (end, 6)):
            marker[row : row + _HELD] = code
        columns = dict(zip(body.names, body.ps, strict=True)) | {"marker": marker}
        # "The rest is meaningless": two unused digital lines.
        columns |= {f"digital {i}": np.zeros(len(marker), int) for i in (1, 2)}
        write_text(text, columns, SFREQ)
        for count, clip in enumerate(video.clips.itertuples(), 1):
            plan, units = cohort.plan(clip.trial), au_text(clip.aus, clip.lateral)
            beats = body.beat_times - (start_row / SFREQ + clip.onset / FPS)
            coded = units.replace("+", ",")
            rows.append((number, count, clip.onset, clip.offset, coded, plan.label))
            about = {
                "subject": subject,
                "clip": f"{subject}_{clip.onset}",
                "start_row": start_row,
                "beats_s": beats[(beats >= -3) & (beats < 7)],  # s around the onset
                "n_frames": len(video),
                "folder": below(out, folder),
                "physiology": below(out, text),
            }
            truth.append({"aus_sided": units.replace("?", "")} | true_row(plan, clip, **about))
    table = pd.DataFrame(rows, columns=HEADER.split(","))
    full_width = rewritten("full-width comma", "au", lambda au: au.replace(",", "，", 1))
    table, true = spoil(table, truth_table(truth), rng, [full_width], dirt)
    write_table(out / TABLE, table, "mockCrimeME")
    return true


LAYOUT = Layout(
    "casme3-c",
    lambda: Scenario.preset("casme3_c", class_balance=tuple(_BALANCE.items())),
    "four",
    write,
    "CAS(ME)^3 Part C",
    CHOICES,
    most=len(SUBJECTS),
    dials=FACE + DEPTH + BODY + PEOPLE,
    micro=False,
    trials=7,
)
