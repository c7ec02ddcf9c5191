"""The two recorders of MMME beside the camera: EEG amplifier and peripheral unit, 1000 Hz.

One body is recorded once; each device keeps its own stretch of it, from its own start, and
the trigger line writes the clip's marker into both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from meps_lab.simulate.body.brain import MONTAGE_62
from meps_lab.simulate.body.physiology import Episode
from meps_lab.simulate.cohort import CohortDataset
from meps_lab.simulate.layouts.biopac import digital_lines, write_mat
from meps_lab.simulate.layouts.curry import write_curry
from meps_lab.simulate.layouts.fillers import emg
from meps_lab.simulate.layouts.session import Session
from meps_lab.simulate.timing import blink_spans

SFREQ = 1000.0
PULSE_S = 0.1  # CHOICE: how long the trigger line stays up
SIGNALS = ("PPG", "RSP", "SKT", "EDA", "ECG")
EEG_NAMES = (*MONTAGE_62, "M1", "M2")
OTHER_NAMES = ("HEO", "VEO", "EKG", "EMG", "Trigger")
# The 17 columns of the .mat file, in order. CHOICE: how labels and units are spelt.
COLUMNS = (
    ("PPG", "Volts"),
    ("RSP", "Volts"),
    ("EMG A", "mV"),
    ("SKT A", "Deg. C"),
    ("EDA", "microsiemens"),
    ("ECG", "mV"),
    ("EMG B", "mV"),
    ("SKT B", "Deg. C"),
    *((f"Digital (STP Input {i})", "Volts") for i in range(8)),
    ("ECG Rate", "BPM"),
)
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
    start: datetime,
    rng: np.random.Generator,
    clip_s: float,
) -> tuple[list[dict[str, object]], np.ndarray]:
    """Record one subject's session and write the files of both devices.

    Parameters
    ----------
    out : Path
    name : str
        Of the subject, and of the files.
    cohort : CohortDataset
    video : Session
    clips : sequence of (float, int)
        Start in the video, s, and marker code of each clip.
    start : datetime
        Of the video.
    rng : numpy Generator
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
    how = {"lead_s": _LEAD_S, "tail_s": _TAIL_S, "sfreq": SFREQ, "signals": SIGNALS}
    how |= {"eeg_names": MONTAGE_62, "eeg_sfreq": SFREQ, "lids": lids}
    body = video.record(cohort, rng, **how)
    at = np.array([round((_LEAD_S + start_s) * SFREQ) for start_s, _ in clips])
    codes = np.zeros(body.ps.shape[1], int)
    for sample, (_, marker) in zip(at, clips, strict=True):
        codes[sample : sample + round(PULSE_S * SFREQ)] = marker
    late_eeg, late_peri = (int(x) for x in rng.integers(*_LATE_MS, 2))

    eeg_path = out / "EEG" / f"{name}.cdt"
    eeg, others = _cap(body, codes, rng)
    beside = {"others": others[:, late_eeg:], "other_names": OTHER_NAMES}
    events = [(int(s) - late_eeg, m) for s, (_, m) in zip(at, clips, strict=True)]
    began = start + timedelta(seconds=late_eeg / SFREQ - _LEAD_S)
    write_curry(eeg_path, eeg[:, late_eeg:], EEG_NAMES, SFREQ, **beside, events=events, start=began)
    peri_path = out / "PERI" / f"{name}.mat"
    labels, units = zip(*COLUMNS, strict=True)
    write_mat(peri_path, _peripheral(body, codes, rng)[:, late_peri:], labels, units, SFREQ)

    truth = []
    for sample in at:
        since = sample / SFREQ
        beats, scrs = body.beat_times - since, body.scr_onsets - since
        there = (scrs >= 0) & (scrs < clip_s)
        truth.append(
            {
                "eeg": eeg_path.relative_to(out).as_posix(),
                "eeg_sample": int(sample) - late_eeg,
                "peri": peri_path.relative_to(out).as_posix(),
                "peri_row": int(sample) - late_peri,
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
        1000.0 * _signal(body, "ECG"),
        emg(rng, len(codes), SFREQ),
        codes,
    ]
    return np.concatenate([body.eeg, mastoids]), np.stack(others)


def _peripheral(body: Episode, codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The 17 columns as rows."""
    n = len(codes)
    skt = _signal(body, "SKT")
    rows: Mapping[str, np.ndarray] = {
        **{name: _signal(body, name) for name in ("PPG", "RSP", "EDA", "ECG")},
        "EMG A": emg(rng, n, SFREQ) / 1000,
        "EMG B": emg(rng, n, SFREQ) / 1000,
        "SKT A": skt,
        "SKT B": skt - rng.uniform(0.3, 1.5),  # another finger, a little colder
        "ECG Rate": beat_rate(body.beat_times, n, SFREQ),
    }
    lines = digital_lines(codes)
    rows |= {f"Digital (STP Input {i})": line for i, line in enumerate(lines)}
    return np.stack([rows[label] for label, _ in COLUMNS])


def beat_rate(beat_times: np.ndarray, n: int, sfreq: float) -> np.ndarray:
    """Heart rate as a monitor shows it: of the last two beats, held until the next one.

    Parameters
    ----------
    beat_times : ndarray
        s.
    n : int
        Samples.
    sfreq : float
        Hz.

    Returns
    -------
    ndarray, shape (n,)
        Beats a minute; 0 before the second beat.

    Examples
    --------
    >>> beat_rate(np.array([0.0, 1.0, 1.5]), 4, 2.0).tolist()
    [0.0, 0.0, 60.0, 120.0]
    """
    rates = np.concatenate([[0.0, 0.0], 60 / np.diff(beat_times)])
    return rates[np.searchsorted(beat_times, np.arange(n) / sfreq, side="right")]


def _signal(body: Episode, name: str) -> np.ndarray:
    return body.ps[body.names.index(name)]
