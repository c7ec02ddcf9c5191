"""Neuroscan's Curry 8 format: samples in one file, everything else in text files beside it.

``name.cdt`` holds float32 samples, all channels of one instant together; ``name.cdt.dpa``
says what they are, and ``name.cdt.ceo`` lists the triggers. Only what a reader needs is
written: amplifier settings, impedances and head shape are left out.

References
----------
Section and key names follow what the readers of the format look for: Compumedics' own
``curryreader`` and ``mne.io.read_raw_curry``, which is the judge in the tests.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import numpy as np

# Electrodes of a 64-channel Quik-Cap that the montage below lacks, from those beside them.
# CHOICE: CB1 and CB2 sit where PO9 and PO10 do. WHY: readers want a place for every
# electrode, and nothing here is localised with it.
_BESIDE = {"PO5": "PO3 PO7", "PO6": "PO4 PO8", "CB1": "PO9", "CB2": "PO10"}
_BESIDE |= {"M1": "TP9", "M2": "TP10"}


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

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_curry(Path(folder, "a.cdt"), np.zeros((2, 100)), ("Fz", "Cz"), 1000.0)
    ...     sorted(p.name for p in Path(folder).iterdir())
    ['a.cdt', 'a.cdt.ceo', 'a.cdt.dpa']
    """
    samples = eeg.T if others is None else np.concatenate([eeg, others]).T
    places = [_standard_positions()[name.upper()] for name in eeg_names]
    header = _parameters(*samples.shape, sfreq, start) + _group("", eeg_names)
    header += _list("SENSORS", ["\t".join(f"{x:.3f}" for x in place) for place in places])
    if other_names:
        header += _group("_OTHERS", other_names)
    # Of the eleven numbers of an event, readers use sample, code, first and last sample.
    rows = [f"{s}\t0\t{code}\t-1\t{s}\t{s}" + "\t0" * 5 for s, code in events]
    triggers = _list("NUMBER_LIST", rows) + _list("REMARK_LIST", [""] * len(rows))
    path.parent.mkdir(parents=True, exist_ok=True)
    # "DataSampOrder = SAMP": all channels of one sample, then the next sample.
    samples.astype("<f4").tofile(path)
    path.with_name(path.name + ".dpa").write_text(header)
    path.with_name(path.name + ".ceo").write_text(triggers)


@lru_cache(maxsize=1)
def _standard_positions() -> Mapping[str, np.ndarray]:
    """Places of electrodes on a standard head, (3,) in mm, by names in capitals."""
    from mne.channels import make_standard_montage  # slow to import, and only needed here

    places = make_standard_montage("easycap-M1").get_positions()["ch_pos"]
    known = {name.upper(): 1000 * xyz for name, xyz in places.items()}
    near = {name: [known[n] for n in names.split()] for name, names in _BESIDE.items()}
    return known | {name: np.mean(those, axis=0) for name, those in near.items()}


def _parameters(samples: int, channels: int, sfreq: float, start: datetime) -> str:
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
    return _section("DATA_PARAMETERS", **keys, StartMillisec=start.microsecond // 1000)


def _group(suffix: str, names: Sequence[str]) -> str:
    """A group of channels: their unit, how many, and their names."""
    head = _section(f"DEVICE_PARAMETERS{suffix}", DataUnit="uV", NumChanThisGroup=len(names))
    return head + _list(f"LABELS{suffix}", names)


def _list(name: str, lines: Sequence[str]) -> str:
    """A list section. Readers count on its name standing four times at the start of a line."""
    start = f"{name} START_LIST\t# Do not edit!"
    return _section(name, ListCount=len(lines)) + "\n".join([start, *lines, f"{name} END_LIST\n\n"])


def _section(name: str, **keys: object) -> str:
    lines = "".join(f"   {key:<20} =  {value}\n" for key, value in keys.items())
    return f"{name} START\n{lines}{name} END\n\n"
