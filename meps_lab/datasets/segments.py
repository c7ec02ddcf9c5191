"""Long recordings under one condition after another: where each runs, and clips cut from it.

In CASE and WESAD a number beside every sample says what the person sees or does. A run of
one number is a condition; minutes long, it is cut into clips of one length.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import pandas as pd

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.index.kind import Rows
from meps_lab.datasets.index.reports import missing
from meps_lab.datasets.index.rules import Rule
from meps_lab.datasets.index.schema import frame_of
from meps_lab.datasets.readers.signals_cut import read_once, segment_window
from meps_lib.errors import MepsError
from meps_lib.signals import Recording
from meps_lib.trial import Trial

SHORTEST_S = 2.0  # CHOICE: what is shorter holds two heart beats at most, so no rate


@dataclass(frozen=True)
class Segment:
    """A stretch of samples, and what is odd with it."""

    first: int
    last: int  # inclusive
    suffix: str = ""  # of the clip's name: "_1", "_2" where a condition gives several
    flags: str = ""


def cut(first: int, last: int, sfreq: float, segment_s: float) -> list[Segment]:
    """A condition as clips of one length.

    CHOICE: what is left at the end and fills no clip belongs to none. WHY: clips of one length
    compare, and an overlap with the clip before would count the same seconds twice. The report of
    an index says how much it is, see `left_over`.

    Parameters
    ----------
    first, last : int
        Samples of the condition, both inclusive.
    sfreq : float
        Hz.
    segment_s : float
        Length of a clip, s; a condition shorter than that is one whole clip, flagged.

    Returns
    -------
    list of Segment

    Raises
    ------
    MepsError
        If a clip would be shorter than `SHORTEST_S`.

    Examples
    --------
    >>> [(s.first, s.last, s.suffix) for s in cut(1000, 1249, sfreq=10, segment_s=10)]
    [(1000, 1099, '_1'), (1100, 1199, '_2')]
    >>> cut(1000, 1249, sfreq=10, segment_s=60)
    [Segment(first=1000, last=1249, suffix='', flags='shorter than 60 s: one whole clip')]
    """
    if not (isfinite(segment_s) and segment_s >= SHORTEST_S):
        raise MepsError(f"segment_s={segment_s}; expected {SHORTEST_S:g} s or more")
    step, total = round(segment_s * sfreq), last - first + 1
    if total < step:
        return [Segment(first, last, flags=f"shorter than {segment_s:g} s: one whole clip")]
    starts = range(first, last - step + 2, step)
    if len(starts) == 1:
        return [Segment(first, first + step - 1)]
    return [Segment(a, a + step - 1, f"_{k}") for k, a in enumerate(starts, 1)]


def left_over(total: int, table: pd.DataFrame, sfreq: float, segment_s: float) -> tuple[str, ...]:
    """In words, for `Rows.notes`: how much of the conditions is in no clip; see `cut`.

    `total` counts the samples of all conditions, `table` has the clips cut from them.

    Examples
    --------
    >>> left_over(250, pd.DataFrame({"onset": [0, 100], "offset": [99, 199]}), 10, 10)
    ('5.0 s of 25.0 s fill no clip of 10 s and are left out',)
    """
    left = total - int((table["offset"] - table["onset"] + 1).sum())
    text = f"{left / sfreq:.1f} s of {total / sfreq:.1f} s fill no clip of {segment_s:g} s"
    return (f"{text} and are left out",) if left else ()


def rows_of_conditions(
    conditions: Sequence[Mapping],
    data_set: str,
    found: Collection[str],
    subjects: Sequence[str],
    segment_s: float,
    notes: Sequence[str] = (),
    odd: Callable[[Mapping], str] = lambda clip: "",
) -> Rows:
    """The index rows of a set, a clip each, from rows that are a whole condition each.

    Onset and offset of a condition are its first and last sample, clips last `segment_s` (s).
    `found` and `subjects` are those whose recordings are there and are published, and `odd` says of
    a clip's row what else its flags have to say, or "".
    """
    clips, total, sfreq = [], 0, conditions[0]["ps_sfreq"] if conditions else 1.0
    for whole in conditions:
        total += whole["offset"] - whole["onset"] + 1
        for part in cut(whole["onset"], whole["offset"], sfreq, segment_s):
            clip = {**whole, "clip": whole["clip"] + part.suffix}
            clip |= {"onset": part.first, "offset": part.last}
            flags = filter(None, (part.flags, whole.get("flags"), odd(clip)))
            clips.append(clip | {"flags": "; ".join(flags)})
    lacking = [subject for subject in subjects if subject not in found]
    without = sorted(set(found) - {whole["subject"] for whole in conditions})
    table = frame_of(clips, data_set)
    lost = missing("recordings", lacking, len(subjects), "subjects")
    lost += missing("conditions in the recordings", without, len(found), "subjects")
    for kind in sorted({whole["emotion"] for whole in conditions}):  # of those who have others
        have = {whole["subject"] for whole in conditions if whole["emotion"] == kind}
        some = sorted(set(found) - set(without) - have)
        lost += missing(f"condition {kind}", some, len(found), "subjects")
    return Rows(table, lost, (*notes, *left_over(total, table, sfreq, segment_s)))


def load_stretch(
    root: Path, row: pd.Series, config: LoadConfig, *, read: Callable[[Path], Recording]
) -> Trial:
    """One condition, or a clip of it, as a trial without pictures; see `Kind`.

    `read` gives the `Recording` of the whole session, whose samples the index counts.
    """
    recording = read_once(root / row["ps"], read)
    start_s, stop_s = (k / recording.sfreq for k in (int(row["onset"]), int(row["offset"]) + 1))
    fields = segment_window(recording, start_s, stop_s, config) | {"start": start_s}
    return Trial(label="others", subject=row["subject"], clip=row["clip"], **fields)


def recording_file(root: Path, row: pd.Series, config: LoadConfig) -> list[Path]:
    """The one file that `load_stretch` reads."""
    return [root / row["ps"]]


def _brief_clip(table: pd.DataFrame) -> pd.Series:
    seconds = (table["offset"] - table["onset"] + 1) / table["ps_sfreq"]
    return (seconds < SHORTEST_S).fillna(False)


FRAGMENT = Rule("fragment", f"shorter than {SHORTEST_S:g} s", _brief_clip, "drop", keeps=True)
