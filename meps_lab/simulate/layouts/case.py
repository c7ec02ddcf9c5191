"""CASE: films of four kinds, eight signals at 1000 Hz and a joystick at 20 Hz, as CSV.

::

    data/interpolated/physiological/sub_1.csv
    data/interpolated/annotations/sub_1.csv

Films last `Scenario.ps_duration_s` here (minutes in the real set) and pauses a few seconds.
The cohort gives the people. Of the films only valence and arousal are simulated; the three
EMG columns are noise that means nothing.

References
----------
Sharma et al., Scientific Data 6, 196 (2019), doi 10.1038/s41597-019-0209-0.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.signal import lfilter

from meps_lab.simulate.cohort import CohortDataset
from meps_lab.simulate.layouts.common import Layout, by_person, truth_table
from meps_lab.simulate.layouts.dials import BODY, PEOPLE
from meps_lab.simulate.layouts.fillers import emg
from meps_lab.simulate.layouts.stretches import Stretch, record_stretches, sampled, true_rows
from meps_lab.simulate.scenario import Scenario
from meps_lib.arguments import whole

SFREQ, JOYSTICK_HZ = 1000, 20
START, PAUSE, END = 10, 11, 12  # screens that are no film
# Kind -> its two films, and where they take a person. CHOICE: the values are ours.
FILMS = {
    "amusing": (1, 2, Stretch(0, "amusing", 0, "happiness", 0.6, 0.55)),
    "boring": (3, 4, Stretch(0, "boring", 0, "others", -0.2, 0.10)),
    "relaxing": (5, 6, Stretch(0, "relaxing", 0, "others", 0.5, 0.05)),
    "scary": (7, 8, Stretch(0, "scary", 0, "fear", -0.6, 0.85)),
}
CHOICES = """\
the valence and arousal of each kind of film, what each does to the body, and a hand on the
joystick that follows with a time constant of 3 s, from 0.5 to 9.5 on both axes and 5 at rest;
the first four films are of four kinds in a random order, and so are the last four;
films last some seconds, not minutes, and the screens between them 4 s;
bvp and rsp are placed at 35 and 30 % with a scale of ours;
the three EMG columns are noise that means nothing.
"""
_LAG_S = 3.0  # time constant of the hand on the joystick


def write(out: Path, cohort: CohortDataset, rng: np.random.Generator, dirt: bool) -> pd.DataFrame:
    """Write the cohort; returns the truth, one row a film. No errors are documented to put in."""
    n_films = cohort.trials_per_subject
    whole("trials", n_films, 4, 8, " films, as CASE shows a person")
    folder = out / "data" / "interpolated"
    for name in ("physiological", "annotations"):
        (folder / name).mkdir(parents=True)
    truth = []
    for person, _ in enumerate(by_person(cohort)):
        draw_rng, body_rng, hand_rng, filler_rng = rng.spawn(4)
        shown, subject = _programme(draw_rng, n_films, cohort.scenario.ps_duration_s), person + 1
        body = record_stretches(cohort, person, shown, SFREQ, draw_rng, body_rng)
        table = _signals(body.ps, sampled(shown, "code", SFREQ), filler_rng)
        table.to_csv(folder / "physiological" / f"sub_{subject}.csv", index=False)
        hand = _joystick(shown, hand_rng)
        hand.to_csv(folder / "annotations" / f"sub_{subject}.csv", index=False)
        for film, row in true_rows(shown, SFREQ, body.beat_times):
            clip = f"sub_{subject}_video_{film.code}"
            truth.append({"subject": f"sub_{subject}", "clip": clip, "video": film.code, **row})
    return truth_table(truth)


def _programme(rng: np.random.Generator, n_films: int, seconds: float) -> list[Stretch]:
    """Start screen, films in a shuffled order with pauses between, end screen.

    The first four films are of four kinds, and so are the last four.
    """
    kinds = [*rng.permutation(list(FILMS)), *rng.permutation(list(FILMS))][:n_films]
    first = dict(zip(FILMS, rng.integers(0, 2, 4).tolist(), strict=True))
    out = [Stretch(START)]
    for i, kind in enumerate(kinds):
        which = first[kind] ^ (i >= 4)
        film = replace(FILMS[kind][2], code=FILMS[kind][which], seconds=seconds)
        out += [film, Stretch(PAUSE)]
    return [*out[:-1], Stretch(END)]


def _signals(ps: np.ndarray, video: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """The physiological table of one person."""
    n = len(video)
    ecg, ppg, eda, rsp, skt = ps.round(3)  # as few digits as the sensors tell apart
    columns = {
        "daqtime": np.arange(n) * 1000 // SFREQ,
        "ecg": ecg,
        "bvp": (35 + 4 * ppg).round(3),  # the sensors' own scales run from 0 to 100 %
        "gsr": eda,
        "rsp": (30 + 5 * rsp).round(3),
        "skt": skt,
    }
    columns |= {f"emg_{at}": emg(rng, n, SFREQ).round(2) for at in ("zygo", "coru", "trap")}
    return pd.DataFrame(columns | {"video": video})


def _joystick(shown: list[Stretch], rng: np.random.Generator) -> pd.DataFrame:
    """The annotation table: where the hand was, 0.5 to 9.5 on both axes, 5 at rest."""
    video, valence, arousal = (
        sampled(shown, what, JOYSTICK_HZ) for what in ("code", "valence", "arousal")
    )
    watching = video < START  # elsewhere the spring holds the stick in the middle
    aim = np.stack([4.5 * valence, np.where(watching, 4.5 * (2 * arousal - 1), 0.0)])
    keep = np.exp(-1 / (_LAG_S * JOYSTICK_HZ))
    wobble = watching * rng.normal(0, 3.0, aim.shape)
    place = 5 + lfilter([1 - keep], [1, -keep], aim + wobble, axis=1)
    valence, arousal = place.clip(0.5, 9.5).round(3)
    ms = np.arange(len(video)) * 1000 // JOYSTICK_HZ
    return pd.DataFrame({"jstime": ms, "valence": valence, "arousal": arousal, "video": video})


LAYOUT = Layout(
    "case",
    lambda: Scenario(ps_sfreq=1000.0, ps_duration_s=20.0, ps_before_s=0.0),
    "three",
    write,
    "CASE",
    CHOICES,
    subjects=2,
    most=30,
    dials=("ps_duration_s", *BODY, *PEOPLE),
)
