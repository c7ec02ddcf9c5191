"""WESAD: a chest belt and a wrist band under stress, amusement and rest, as old pickles.

::

    S2/S2.pkl        {"signal": {"chest": {...}, "wrist": {...}}, "label": ..., "subject": "S2"}

Chest signals and labels at 700 Hz; wrist BVP at 64, ACC at 32, EDA and TEMP at 4 Hz. Conditions
last `Scenario.ps_duration_s` here (minutes in the real set). The cohort gives the people.
EMG and acceleration are noise that means nothing.

References
----------
Schmidt et al., ICMI 2018, doi 10.1145/3242969.3242985.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.signal import resample_poly

from meps_lab.simulate.cohort import CohortDataset
from meps_lab.simulate.layouts.common import Layout, by_person, truth_table
from meps_lab.simulate.layouts.dials import BODY, PEOPLE
from meps_lab.simulate.layouts.fillers import acceleration, emg
from meps_lab.simulate.layouts.old_pickle import dumps
from meps_lab.simulate.layouts.stretches import Stretch, record_stretches, sampled, true_rows
from meps_lab.simulate.scenario import Scenario
from meps_lib.arguments import whole

SFREQ, BVP_HZ, ACC_HZ, SLOW_HZ = 700, 64, 32, 4
SUBJECTS = tuple(n for n in range(2, 18) if n != 12)
CONDITIONS = {  # by code: emotion whose pattern it borrows, valence, arousal. CHOICE: ours.
    1: Stretch(1, "baseline", 0, "others", 0.0, 0.15),
    2: Stretch(2, "stress", 0, "fear", -0.5, 0.90),
    3: Stretch(3, "amusement", 0, "happiness", 0.6, 0.45),
    4: Stretch(4, "meditation", 0, "others", 0.4, 0.02),
}
CHOICES = """\
the valence and arousal of each condition, and what each does to the body;
conditions come in two orders that subjects take in turn, the meditation twice in each;
the units of the signals are not in the files;
conditions last some seconds, not minutes, and 4 s lie between them, labelled 0, 5, 6 or 7;
the wrist's EDA is 0.3 of the chest's, and both devices start at the same instant;
EMG and acceleration are noise that means nothing.
"""
ORDERS = ((1, 3, 4, 2, 4), (1, 2, 4, 3, 4))  # CHOICE: two, so that no condition has its place
_BETWEEN = (0, 5, 0, 6, 0, 7)  # CHOICE: these; the sources say that other codes are ignored


def write(out: Path, cohort: CohortDataset, rng: np.random.Generator, dirt: bool) -> pd.DataFrame:
    """Write the cohort; returns the truth, one row a condition. No errors are documented."""
    n, truth = len(ORDERS[0]), []
    whole("trials", cohort.trials_per_subject, n, n, " conditions, as in a WESAD recording")
    for person, _ in enumerate(by_person(cohort)):
        name = f"S{SUBJECTS[person]}"
        # Some seconds before, between and after the conditions are nobody's.
        course = [Stretch(_BETWEEN[0])]
        for code, pause in zip(ORDERS[person % 2], _BETWEEN[1:], strict=True):
            lasting = replace(CONDITIONS[code], seconds=cohort.scenario.ps_duration_s)
            course += [lasting, Stretch(pause)]
        draw_rng, body_rng, filler_rng = rng.spawn(3)
        body = record_stretches(cohort, person, course, SFREQ, draw_rng, body_rng)
        label = sampled(course, "code", SFREQ).astype(np.int32)
        content = {"signal": _signals(body.ps, filler_rng), "label": label, "subject": name}
        (out / name).mkdir(parents=True)
        (out / name / f"{name}.pkl").write_bytes(dumps(content))
        for i, (condition, row) in enumerate(true_rows(course, SFREQ, body.beat_times), 1):
            clip = f"{name}_{i}_{condition.name}"
            truth.append({"subject": name, "clip": clip, "code": condition.code, **row})
    return truth_table(truth)


def _signals(ps: np.ndarray, rng: np.random.Generator) -> dict[str, dict[str, np.ndarray]]:
    """What the devices of one person say, one column a channel."""
    ecg, ppg, eda, rsp, skt = ps
    n = len(ecg)
    chest = {
        "ACC": acceleration(rng, n, SFREQ),
        "ECG": ecg,
        "EMG": emg(rng, n, SFREQ) / 1000,  # mV
        "EDA": eda,
        "Temp": skt.astype(np.float32),
        "Resp": 4 * rsp,  # %
    }
    wrist = {
        "ACC": (64 * acceleration(rng, n * ACC_HZ // SFREQ, ACC_HZ)).round(),  # in 1/64 g
        "BVP": 60 * (_resampled(ppg, BVP_HZ) - ppg.mean()),  # no unit, no baseline
        "EDA": 0.3 * _resampled(eda, SLOW_HZ),  # the wrist sweats less than the belly
        "TEMP": _resampled(skt, SLOW_HZ),
    }
    devices = {"chest": chest, "wrist": wrist}
    return {
        device: {name: np.ascontiguousarray(x.reshape(len(x), -1)) for name, x in signals.items()}
        for device, signals in devices.items()
    }


def _resampled(x: np.ndarray, hz: int) -> np.ndarray:
    return resample_poly(x, hz, SFREQ, padtype="line")[: len(x) * hz // SFREQ]


LAYOUT = Layout(
    "wesad",
    lambda: Scenario(ps_sfreq=700.0, ps_duration_s=20.0, ps_before_s=0.0),
    "three",
    write,
    "WESAD",
    CHOICES,
    subjects=2,
    most=len(SUBJECTS),
    dials=("ps_duration_s", *BODY, *PEOPLE),
    trials=len(ORDERS[0]),
)
