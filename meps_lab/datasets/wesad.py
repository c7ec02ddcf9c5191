"""WESAD: fifteen people at rest, under stress and amused; a chest belt and a wrist band.

::

    S2/S2.pkl        {"signal": {"chest": {...}, "wrist": {...}}, "label": ..., "subject": "S2"}

Chest signals and labels run at 700 Hz, the wrist's BVP at 64. The label says the condition
of every sample; meditation is outside the three classes that the paper compares.

References
----------
Schmidt et al., ICMI 2018, doi 10.1145/3242969.3242985.
"""

from functools import partial
from pathlib import Path

import numpy as np

from meps_lab.datasets.index.kind import NEVER, IndexOptions, Kind, Rows, Seen, filled
from meps_lab.datasets.readers.old_pickle import Packed, read_old_pickle
from meps_lab.datasets.readers.triggers import runs
from meps_lab.datasets.segments import FRAGMENT, load_stretch, recording_file, rows_of_conditions
from meps_lib.errors import MepsError
from meps_lib.signals import Recording
from meps_lib.signals.rates import join

SFREQ, BVP_HZ = 700, 64
CONDITIONS = {1: "baseline", 2: "stress", 3: "amusement", 4: "meditation"}  # other labels: nobody's
LABELS = tuple(range(8))  # 0 between conditions; the authors ask to leave 5 to 7 alone
CLASSES = ("baseline", "stress", "amusement")
CHEST = {  # key -> the library's name, unit. CHOICE: the units; the files hold numbers alone
    "ECG": ("ECG", "mV"),
    "EDA": ("EDA", "uS"),
    "Resp": ("RSP", "%"),
    "Temp": ("SKT", "degC"),
}
SUBJECTS = tuple(f"S{n}" for n in range(2, 18) if n != 12)
_TOLERANCE_S = 1.0  # CHOICE: by which the wrist's recording may be shorter or longer


def rows(root: Path, options: IndexOptions) -> Rows:
    """The conditions of every subject as index rows."""
    out, files = [], sorted(root.glob("S*/S*.pkl"), key=lambda p: (len(p.stem), p.stem))
    for path in files:
        named = [run for run in runs(_labels(path)) if run[0] in CONDITIONS]
        for i, (code, first, last) in enumerate(named, 1):
            name = CONDITIONS[code]
            row = {"subject": path.stem, "clip": f"{path.stem}_{i}_{name}", "marker": code}
            row |= {"ps": path.relative_to(root).as_posix(), "ps_sfreq": float(SFREQ)}
            row |= {"onset": first, "offset": last, "emotion_raw": f"label {code}", "emotion": name}
            row |= {"class_wesad": name if name in CLASSES else None, "class_wesad-four": name}
            out.append(row)
    there = {path.stem for path in files}
    return rows_of_conditions(out, "wesad", there, SUBJECTS, options.segment_s)


def _labels(path: Path) -> np.ndarray:
    """The condition of every sample, once everything is there and fits together."""
    content = _content(path)
    label = _column(path, content, "label")
    odd = ~np.isin(label, LABELS)  # before the cast: 1e300 as a whole number is another one
    if odd.any():
        k = int(odd.argmax())
        raise MepsError(
            f"{path}: label is {label[k]} at sample {k}, and {int(odd.sum())} of {label.size} are "
            "as odd; expected whole numbers, 0 to 7: copy it again"
        )
    for key in CHEST:
        n = _column(path, content, "signal", "chest", key).size
        if n != len(label):
            raise MepsError(
                f"{path}: signal.chest.{key} has {n} samples, label {len(label)}; expected as "
                f"many, at {SFREQ} Hz both: copy it again"
            )
    seconds = _column(path, content, "signal", "wrist", "BVP").size / BVP_HZ
    if abs(seconds - len(label) / SFREQ) > _TOLERANCE_S:
        raise MepsError(
            f"{path}: signal.wrist.BVP lasts {seconds:.1f} s at {BVP_HZ} Hz, label "
            f"{len(label) / SFREQ:.1f} s at {SFREQ} Hz; expected the same: copy it again"
        )
    return label.astype(int)


def read_recording(path: Path) -> Recording:
    """The five signals of one subject's whole session at one rate.

    CHOICE: 700 Hz, the chest's. WHY: the R peaks keep their times, the labels count its
    samples, and only the pulse wave of the wrist, which has nothing above 32 Hz, is
    interpolated. PPG is the wrist's; everything else the chest's, where ECG is.
    """
    content = _content(path)
    signals = [_column(path, content, "signal", "chest", key) for key in CHEST]
    names, units = zip(*CHEST.values(), strict=True)
    chest = Recording(np.stack(signals), names, units, float(SFREQ), str(path))
    bvp = _column(path, content, "signal", "wrist", "BVP")
    wrist = Recording(bvp[None], ("PPG",), ("not stated",), float(BVP_HZ), f"{path}, wrist")
    return join((chest, wrist), sfreq=float(SFREQ))


def _content(path: Path) -> dict:
    content = read_old_pickle(path)
    subject = content.get("subject")
    if path.stem != path.parent.name or subject not in (path.stem, path.stem.encode()):
        shown = subject if isinstance(subject, str) else type(subject).__name__
        raise MepsError(
            f"{path}: holds subject {shown[:20]!r}; expected a folder, a file and a subject of one "
            "name, such as S2/S2.pkl: copy it again"
        )
    return content


def _column(path: Path, content: dict, *keys: str) -> np.ndarray:
    """An array of one column out of the nested dictionaries."""
    here: object = content
    for depth, key in enumerate(keys):
        if not isinstance(here, dict) or key not in here:
            known = here if isinstance(here, dict) else ("no dictionary",)
            have = ", ".join(sorted(k for k in known if isinstance(k, str)))
            where = ".".join(keys[:depth]) or "the file"
            raise MepsError(f"{path}: no {'.'.join(keys)}; {where} has {have[:200]}")
        here = here[key]
    shape = here.shape if isinstance(here, Packed) else None
    if shape is None or len(shape) not in (1, 2) or shape[1:] not in ((), (1,)) or shape[0] == 0:
        got = type(here).__name__ if shape is None else f"an array of shape {shape}"
        raise MepsError(f"{path}: {'.'.join(keys)} is {got}; expected an array of one column")
    try:
        return here.array().reshape(-1)
    except MepsError as error:
        raise MepsError(f"{path}: {'.'.join(keys)}: {error}") from None


KIND = Kind(
    name="wesad",
    title="WESAD",
    rows=rows,
    load=partial(load_stretch, read=read_recording),
    files=recording_file,
    class_sets={"wesad": CLASSES, "wesad-four": tuple(CONDITIONS.values())},
    rules=(FRAGMENT,),
    modalities=("ps",),
    marks=("S*/S*.pkl",),
    seen=(Seen("pickles", NEVER, "units, and that chest and wrist begin together", filled("ps")),),
)
