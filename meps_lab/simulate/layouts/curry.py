"""Neuroscan's Curry 8 format: samples in one file, everything else in text files beside it.

``name.cdt`` holds float32 samples, all channels of one instant together; ``name.cdt.dpa``
says what they are, and ``name.cdt.ceo`` lists the triggers. Only what a reader needs is
written: amplifier settings, impedances and head shape are left out.

References
----------
Section and key names follow what the readers of the format look for: Compumedics' own
``curryreader`` and ``mne.io.read_raw_curry``, which is the judge in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import numpy as np

from meps_lib.errors import MepsError

# Electrodes of a 64-channel Quik-Cap that the montage below lacks, from those beside them.
# CHOICE: CB1 and CB2 sit where PO9 and PO10 do. WHY: readers want a place for every
# electrode, and nothing here is localised with it.
_BESIDE = {
    "PO5": ("PO3", "PO7"),
    "PO6": ("PO4", "PO8"),
    "CB1": ("PO9",),
    "CB2": ("PO10",),
    "M1": ("TP9",),
    "M2": ("TP10",),
}


def write_curry(
    path: Path,
    eeg: np.ndarray,
    eeg_names: Sequence[str],
    sfreq: float,
    *,
    others: np.ndarray | None = None,
    other_names: Sequence[str] = (),
    events: Sequence[tuple[int, int]] = (),
    start: datetime = datetime(2000, 1, 1),
) -> None:
    """Write a recording as ``.cdt`` with its ``.cdt.dpa`` and ``.cdt.ceo``.

    Parameters
    ----------
    path : Path
        Ends in ``.cdt``; the folder is made if it is not there.
    eeg : ndarray, shape (E, L)
        Microvolts.
    eeg_names : sequence of str
        E names of the 10-10 system, or PO5, PO6, CB1, CB2, M1, M2.
    sfreq : float
        Hz.
    others : ndarray, shape (O, L), optional
        Channels without a place on the scalp, in microvolts; the trigger line is one, and
        carries codes as if they were microvolts, as the amplifier's files do.
    other_names : sequence of str
        O names.
    events : sequence of (int, int)
        Sample and code of each trigger, for the event list.
    start : datetime
        When the recording began.

    Raises
    ------
    MepsError
        If shapes and names disagree, a sample is not finite, a name has no place on the
        head, or an event lies outside the recording.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_curry(Path(folder, "a.cdt"), np.zeros((2, 100)), ("Fz", "Cz"), 1000.0)
    ...     sorted(p.name for p in Path(folder).iterdir())
    ['a.cdt', 'a.cdt.ceo', 'a.cdt.dpa']
    """
    eeg = np.asarray(eeg)
    others = np.empty((0, eeg.shape[-1])) if others is None else np.asarray(others)
    for what, rows, names in (("eeg", eeg, eeg_names), ("others", others, other_names)):
        if rows.ndim != 2 or rows.shape != (len(names), eeg.shape[-1]):
            raise MepsError(
                f"{path.name}: {what} has shape {rows.shape} for {len(names)} names and "
                f"{eeg.shape[-1]} samples; give one row a name"
            )
        if not np.isfinite(rows).all():
            raise MepsError(f"{path.name}: {what} holds samples that are not finite")
    for sample, code in events:
        if not 0 <= sample < eeg.shape[1]:
            raise MepsError(
                f"{path.name}: trigger {code} at sample {sample} is outside the recording "
                f"of {eeg.shape[1]} samples"
            )
    path.parent.mkdir(parents=True, exist_ok=True)
    # "DataSampOrder = SAMP": all channels of one sample, then the next sample.
    np.concatenate([eeg, others]).T.astype("<f4").tofile(path)
    header = _parameters(len(eeg) + len(others), eeg.shape[1], sfreq, start)
    header += _group("", eeg_names, positions(eeg_names))
    if other_names:
        header += _group("_OTHERS", other_names, None)
    path.with_name(path.name + ".dpa").write_text(header)
    path.with_name(path.name + ".ceo").write_text(_event_file(events))


def positions(names: Sequence[str]) -> np.ndarray:
    """Places of electrodes on a standard head, in mm.

    Parameters
    ----------
    names : sequence of str

    Returns
    -------
    ndarray, shape (E, 3)

    Raises
    ------
    MepsError
        If a name is not of the 10-10 system or that cap; the message lists them.
    """
    known = _standard_positions()
    unknown = [n for n in names if n.upper() not in known]
    if unknown:
        raise MepsError(f"no place on the head is known for {', '.join(unknown)}; use 10-10 names")
    return np.array([known[n.upper()] for n in names]).reshape(len(names), 3)


@lru_cache(maxsize=1)
def _standard_positions() -> Mapping[str, np.ndarray]:
    from mne.channels import make_standard_montage  # slow to import, and only needed here

    places = make_standard_montage("easycap-M1").get_positions()["ch_pos"]
    known = {name.upper(): 1000 * xyz for name, xyz in places.items()}
    return known | {name: np.mean([known[n] for n in near], 0) for name, near in _BESIDE.items()}


def _parameters(channels: int, samples: int, sfreq: float, start: datetime) -> str:
    keys = {
        "FileVersion": 803,
        "NumSamples": samples,
        "NumChannels": channels,
        "NumTrials": 1,
        "SampleFreqHz": f"{sfreq:.10g}",
        "TriggerOffsetUsec": 0,
        "SampleTimeUsec": f"{1e6 / sfreq:.10g}",
        "DataFormat": "FLOAT",
        "DataSampOrder": "SAMP",
        "DataByteOrder": "SAMP_LOHI",
        "AmplifierInfo": "simulated",
    }
    clock = ("Year", "Month", "Day", "Hour", "Min", "Sec")
    keys |= {f"Start{part}": n for part, n in zip(clock, start.timetuple(), strict=False)}
    keys["StartMillisec"] = start.microsecond // 1000
    lines = "".join(f"   {key:<20} =  {value}\n" for key, value in keys.items())
    return f"DATA_PARAMETERS START\n{lines}DATA_PARAMETERS END\n\n"


def _group(suffix: str, names: Sequence[str], place: np.ndarray | None) -> str:
    """A group of channels: how many, their unit, their names and where they sit."""
    head = (
        f"DEVICE_PARAMETERS{suffix} START\n"
        f"   DataUnit             =  uV\n"
        f"   NumChanThisGroup     =  {len(names)}\n"
        f"DEVICE_PARAMETERS{suffix} END\n\n"
    )
    text = head + _list(f"LABELS{suffix}", names)
    if place is not None:
        text += _list(f"SENSORS{suffix}", ["\t".join(f"{x:.3f}" for x in row) for row in place])
    return text


def _event_file(events: Sequence[tuple[int, int]]) -> str:
    # Of the eleven numbers of an event, readers use sample, code, first and last sample.
    rows = [f"{s}\t0\t{code}\t-1\t{s}\t{s}" + "\t0" * 5 for s, code in events]
    return _list("NUMBER_LIST", rows) + _list("REMARK_LIST", ["" for _ in rows])


def _list(name: str, lines: Sequence[str]) -> str:
    """A list section. Readers count on its name standing four times at the start of a line."""
    head = f"{name} START\n   ListCount            =  {len(lines)}\n{name} END\n\n"
    start = f"{name} START_LIST\t# Do not edit!"
    return head + "\n".join([start, *lines, f"{name} END_LIST\n\n"])
