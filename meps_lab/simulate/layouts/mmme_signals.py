"""The two recorders of MMME beside the camera: EEG amplifier and peripheral unit, 1000 Hz.

One body is recorded once; each device keeps its own stretch of it, from its own start, and
the trigger line writes the clip's marker into both.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from meps_lab.simulate.body.brain import MONTAGE_62
from meps_lab.simulate.body.physiology import Episode
from meps_lab.simulate.cohort import CohortDataset
from meps_lab.simulate.layouts.biopac import digital_lines, write_mat
from meps_lab.simulate.layouts.common import below
from meps_lab.simulate.layouts.curry import write_curry
from meps_lab.simulate.layouts.fillers import emg
from meps_lab.simulate.layouts.long_video import Session
from meps_lab.simulate.timing import blink_spans

START = datetime(2000, 1, 1, 10)  # of every video; simulated: nothing was recorded then
SFREQ = 1000.0
PULSE_S = 0.1  # CHOICE: how long the trigger line stays up
SIGNALS = ("PPG", "RSP", "SKT", "EDA", "ECG")
EEG_NAMES = (*MONTAGE_62, "M1", "M2")
OTHER_NAMES = ("HEO", "VEO", "EKG", "EMG", "Trigger")
_LINES = [f"Digital (STP Input {i})" for i in range(8)]
# The 17 columns of the .mat file, in order. CHOICE: how labels and units are spelt.
_UNITS = {"PPG": "Volts", "RSP": "Volts", "EMG A": "mV", "SKT A": "Deg. C", "EDA": "microsiemens"}
_UNITS |= {"ECG": "mV", "EMG B": "mV", "SKT B": "Deg. C"}
COLUMNS = tuple((_UNITS | dict.fromkeys(_LINES, "Volts") | {"ECG Rate": "BPM"}).items())
# Of the recording, before and after the video: from 3 s before the first expression to 7 s after
# the last there are signals, however late a device starts.
_LEAD_S, _TAIL_S = 6.5, 5.6
_LATE_MS = (200, 3000)  # when a device starts, after the recording does


def record_devices(
    out: Path,
    name: str,
    cohort: CohortDataset,
    video: Session,
    clips: Sequence[tuple[float, int]],
    clip_s: float,
    rng: np.random.Generator,
) -> tuple[list[dict[str, object]], np.ndarray]:
    """Record one subject's session and write the files of both devices.

    Parameters
    ----------
    name : str
        Of the subject, and of the files.
    clips : sequence of (float, int)
        Start in the video, s, and marker code of each clip.
    clip_s : float
        Length of a clip, s.

    Returns
    -------
    truth : list of dict
        One a clip: eeg and peri (paths from `out`), eeg_sample and peri_row of its first
        instant, beats_s (R peaks during the clip, from its start), scr_onsets_s and
        scr_amplitudes_us.
    lids : ndarray, shape (m, 2)
        Start and end of each blink in the EEG, s from the video's first frame.
    """
    duration_s = _LEAD_S + video.duration_s + _TAIL_S
    lids = blink_spans(rng, duration_s, cohort.scenario.blinks_per_min)
    how = {"eeg_names": MONTAGE_62, "eeg_sfreq": SFREQ, "lids": lids}
    body = video.record(cohort, rng, _LEAD_S, _TAIL_S, sfreq=SFREQ, signals=SIGNALS, **how)
    starts = [(round((_LEAD_S + start_s) * SFREQ), marker) for start_s, marker in clips]
    codes = np.zeros(body.ps.shape[1], int)
    for sample, marker in starts:
        codes[sample : sample + round(PULSE_S * SFREQ)] = marker
    late_eeg, late_peri = (int(x) for x in rng.integers(*_LATE_MS, 2))

    eeg_path, peri_path = out / "EEG" / f"{name}.cdt", out / "PERI" / f"{name}.mat"
    eeg, others = (rows[:, late_eeg:] for rows in _cap(body, codes, rng))
    how = {"events": [(sample - late_eeg, marker) for sample, marker in starts]}
    how["start"] = START + timedelta(seconds=late_eeg / SFREQ - _LEAD_S)
    write_curry(eeg_path, eeg, EEG_NAMES, SFREQ, others=others, other_names=OTHER_NAMES, **how)
    labels, units = zip(*COLUMNS, strict=True)
    write_mat(peri_path, _peripheral(body, codes, rng)[:, late_peri:], labels, units, SFREQ)

    truth = []
    for sample, _ in starts:
        beats, scrs = body.beat_times - sample / SFREQ, body.scr_onsets - sample / SFREQ
        there = (scrs >= 0) & (scrs < clip_s)
        truth.append(
            {
                "eeg": below(out, eeg_path),
                "eeg_sample": sample - late_eeg,
                "peri": below(out, peri_path),
                "peri_row": sample - late_peri,
                "beats_s": beats[(beats >= 0) & (beats < clip_s)],
                "scr_onsets_s": scrs[there],
                "scr_amplitudes_us": body.scr_amplitudes[there],
            }
        )
    return truth, lids - _LEAD_S


def _cap(body: Episode, codes: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """The 64 channels of the cap, and the five beside them, in uV.

    CHOICE: the simulator has no mastoids, so they are half of the electrode above them; the
    channels of the eyes are differences of what is not brain in the channels next to them.
    """
    row = {name: k for k, name in enumerate(MONTAGE_62)}
    not_brain = body.eeg - body.clean_eeg
    mastoids = 0.5 * body.eeg[[row["TP7"], row["TP8"]]]
    others = [
        not_brain[row["F8"]] - not_brain[row["F7"]],
        2.0 * not_brain[row["Fp1"]],
        1000.0 * body.ps[body.names.index("ECG")],
        emg(rng, len(codes), SFREQ),
        codes,
    ]
    return np.concatenate([body.eeg, mastoids]), np.stack(others)


def _peripheral(body: Episode, codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The 17 columns as rows."""
    rows = dict(zip(body.names, body.ps, strict=True))
    rows |= {f"EMG {which}": emg(rng, len(codes), SFREQ) / 1000 for which in "AB"}
    rows["SKT A"] = rows["SKT"]
    rows["SKT B"] = rows["SKT"] - rng.uniform(0.3, 1.5)  # another finger, a little colder
    # As a monitor shows it: of the last two beats, held until the next one; 0 before the second.
    rates = np.concatenate([[0.0, 0.0], 60 / np.diff(body.beat_times)])
    times = np.arange(len(codes)) / SFREQ
    rows["ECG Rate"] = rates[np.searchsorted(body.beat_times, times, side="right")]
    rows |= dict(zip(_LINES, digital_lines(codes), strict=True))
    return np.stack([rows[label] for label, _ in COLUMNS])
