"""CAS(ME)^3 Part C, the mock crime, as its authors publish it, in tiny pieces."""

from pathlib import Path

import numpy as np

from tests.facts.old_excel import write_xls
from tests.facts.pieces import breath, heart, pulse, skin, write_depth, write_picture, write_xlsx

NAME = "CAS(ME)3_part_C_ME.xlsx"
HEADER = ["sub", "count", "onset", "offset", "au", "emotion"]
# `emotion` holds the four class words; `count` numbers a subject's expressions from 1; there is
# no apex. AUs: commas, one of them a full-width one, L and R before a number, one "?".
ROWS = [
    [1, 1, 60, 71, "4,L7", "negative"],
    [1, 2, 300, 303, "R12", "positive"],
    [2, 1, 150, 160, "1，2", "surprise"],
    [2, 2, 420, 453, "?", "others"],
    [31, 1, 90, 101, "14", "negative"],
]
TWENTY_TWO = [22, 1, 210, 221, "4", "negative"]

SFREQ, FPS = 200, 30
# The first row whose marker is 5, a subject; before it the recording runs without a video.
STARTS = {1: 437, 2: 1203, 22: 50, 31: 816}
SECONDS = 40


def write_table(root: Path, body: list[list] | None = None) -> Path:
    """The annotation: sheet `mockCrimeME`."""
    return write_xlsx(root / NAME, {"mockCrimeME": [HEADER, *(ROWS if body is None else body)]})


def write_frames(root: Path, body: list[list]) -> None:
    """Colour and depth of each row: one video `a` a subject, two digits a folder."""
    for sub, _, onset, offset, *_ in body:
        folder = root / "part_C/RGB_Depth/part_C/part_C" / f"{sub:02d}" / "a"
        for i in range(onset, offset + 1):
            write_picture(folder / "color" / f"{i}.jpg", i)
            write_depth(folder / "depth" / f"{i}.png", i)


def signals(sub: int) -> np.ndarray:
    """A subject's recording, (rows, 8): minutes, PPG, RSP, ECG, EDA, marker, two without meaning.

    The marker is 5 at the video's start and again later: only the first one counts.
    """
    n = STARTS[sub] + SECONDS * SFREQ
    t = np.arange(n) / SFREQ
    marker = np.zeros(n)
    marker[100:104] = 3 if STARTS[sub] > 104 else 0
    marker[STARTS[sub] : STARTS[sub] + 20] = 5
    marker[STARTS[sub] + 3000 : STARTS[sub] + 3020] = 5
    rate = 1.1 + 0.002 * sub
    columns = [t / 60, pulse(t, rate), breath(t), heart(t, rate), skin(t) + 0.1 * sub, marker]
    return np.stack([*columns, np.full(n, 9.0), np.zeros(n)], axis=1)


TITLES = ["min", "PPG", "RSP", "ECG", "EDA", "marker", "x1", "x2"]


def write_physiology(path: Path, sub: int, titles: list[str] = TITLES) -> Path:
    """One tab-separated text file with a header row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = signals(sub)
    np.savetxt(path, table, fmt="%.6f", delimiter="\t", header="\t".join(titles), comments="")
    return path


def first_row(sub: int, frame: int) -> float:
    """The row of a frame: the row of the first 5, plus the frame's time at 200 Hz."""
    return STARTS[sub] + frame / FPS * SFREQ


# The second sheet of Part C: macro-expressions too.
ORGANIZE = [
    [1, 60, 71, 11, "micro", 1],
    [1, 500, 560, 60, "macro", 1],
    [2, 150, 160, 10, "micro", 0],
]


def write_organize(root: Path) -> Path:
    """`CAS(ME)3_part_C.xls`, sheet `organize`."""
    header = ["Subject", "Onset", "Offset", "diff", "Exp_type", "risk"]
    return write_xls(root / "CAS(ME)3_part_C.xls", {"organize": [header, *ORGANIZE]})


# The published table's counts: 165 rows of 30 subjects, 1 to 31 without 22.
COUNTS = {"negative": 99, "surprise": 30, "others": 20, "positive": 16}


def published() -> list[list]:
    """165 rows with the published counts; lengths from 3 to 34 frames."""
    words = [word for word, n in COUNTS.items() for _ in range(n)]
    people = [sub for sub in range(1, 32) if sub != 22]
    body, seen = [], dict.fromkeys(people, 0)
    for i, word in enumerate(words):
        sub = people[i % 30]
        seen[sub] += 1
        onset = 100 * seen[sub]
        length = 3 if i == 5 else 34 if i == 6 else 11
        body.append([sub, seen[sub], onset, onset + length - 1, "4", word])
    return sorted(body, key=lambda row: row[:2])
