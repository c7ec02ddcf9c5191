"""MMME as far as its published description tells: the coding table, frames, BIOPAC files.

The folders, the names of the BIOPAC variables and the file of the marker map are not
published; the places are the caller's. No EEG: the description names `.cdt` and no more.
"""

from pathlib import Path

import cv2
import numpy as np
import scipy.io

from tests.facts.pieces import breath, grey_of, heart, pulse, skin, write_xlsx

HEADER = [
    *["Subject", "Filename", "Marker", "OnsetTime", "ApexTime", "OffsetTime"],
    *["OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units", "Estimated Emotion"],
    *["(Macro/Micro)", "Date", "dif"],
]
FPS, SFREQ = 150, 1000
# Times are seconds from the clip's start; the frames are the same moments at 150 fps.
# subject, file, marker, onset, apex, offset (frames), AUs, emotion, kind
CODED = [
    [1, "a", 101, 300, 330, 360, "AU4, AU7", "sad", "micro"],
    [1, "b", 107, 150, 180, 210, "AU9", "disgust", "micro"],
    [1, "c", 113, 150, 165, 195, "AU6, AU12", "happy", "micro"],
    [2, "a", 119, 450, 480, 507, "AU20", "fear", "micro"],
    [2, "b", 137, 300, 315, 330, "AU4", "anger", "micro"],
    [2, "c", 143, 300, 330, 345, "AU1, AU2", "surprise", "micro"],
    [3, "a", 101, 300, 330, 345, "AU14", "contempt", "micro"],
    [3, "b", 113, 300, 420, 600, "AU12", "happy", "macro"],
]
COUNTS = {
    "disgust": 163,
    "fear": 124,
    "surprise": 105,
    "happy": 92,
    "sad": 55,
    "anger": 50,
    "contempt": 45,
}
# Eight labels of six clips each, in the order of the label's number.
LABELS = ["sad", "disgust", "happy", "fear", "tense", "calm", "anger", "surprise"]
MARKERS = {101 + i: LABELS[i // 6] for i in range(48)}


def row(coded: list) -> list:
    """A row of the table: the frames and their times."""
    subject, name, marker, on, apex, off, aus, word, kind = coded
    times = [round(f / FPS, 4) for f in (on, apex, off)]
    dif = round((off - on) / FPS, 4)
    return [subject, name, marker, *times, on, apex, off, aus, word, kind, "2024-03-01", dif]


def write_table(root: Path, coded: list[list] | None = None) -> Path:
    """`coding_file.xlsx`, sheet `Sheet1`."""
    body = [row(c) for c in (CODED if coded is None else coded)]
    return write_xlsx(root / "coding_file.xlsx", {"Sheet1": [HEADER, *body]})


def published() -> list[list]:
    """634 rows of 110 subjects with the published counts."""
    words = [word for word, n in COUNTS.items() for _ in range(n)]
    return [
        [1 + i % 110, f"c{i // 110}", 101 + i % 48, 300, 330, 357, "AU4, AU7", w, "micro"]
        for i, w in enumerate(words)
    ]


def frame_name(frame: int, marker: int, begin: float = 36000.0) -> str:
    """`Year-Month-Day-Hour-Minute-Second-Millisecond-Code-Marker` of a frame at 150 fps."""
    ms = round(1000 * (begin + frame / FPS))
    s, ms = divmod(ms, 1000)
    m, s = divmod(s, 60)
    h, m = divmod(m, 60)
    return f"2024-3-1-{h}-{m}-{s}-{ms}-{frame}-{marker}"


def write_frames(folder: Path, marker: int, n: int) -> None:
    """The frames of one clip from its start: grey, one channel, `.tif`."""
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(n):
        picture = np.full((34, 64), grey_of(i), np.uint8)
        assert cv2.imwrite(str(folder / f"{frame_name(i, marker)}.tif"), picture)


def biopac(seconds: float, marks: dict[float, int]) -> np.ndarray:
    """17 columns at 1000 Hz; the eight digital lines hold a marker's bits for 50 ms (a guess)."""
    t = np.arange(int(seconds * SFREQ)) / SFREQ
    lines = np.zeros((len(t), 8))
    for at, code in marks.items():
        i = int(at * SFREQ)
        lines[i : i + 50] = [5.0 * (code >> bit & 1) for bit in range(8)]
    warm = 33 + 1e-3 * t
    analog = [pulse(t, 1.2), breath(t), 0 * t, warm, skin(t), heart(t, 1.2), 0 * t, warm]
    return np.column_stack([*analog, lines, np.full(len(t), 72.0)])


def write_biopac(path: Path, table: np.ndarray) -> Path:
    """The `.mat` file, with the names that the recorder's own export uses (a guess)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    names = ["PPG", "RSP", "EMG A", "SKT A", "EDA", "ECG", "EMG B", "SKT B"]
    names += [f"Digital {i}" for i in range(8)] + ["ECG rate"]
    units = ["Volts"] * 3 + ["deg. C", "microsiemens", "mV", "Volts", "deg. C"]
    units += ["Volts"] * 8 + ["BPM"]
    fields = {"data": table, "labels": np.array(names), "units": np.array(units)}
    fields |= {"isi": 1.0, "isi_units": "ms", "start_sample": 0.0}
    scipy.io.savemat(path, fields)
    return path
