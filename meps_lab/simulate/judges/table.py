"""The table of the judges: what each was asked, what it found, what is demanded."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from meps_lab.simulate.judges import brain, cases, face, heart, skin, timing


class Row(NamedTuple):
    """One question to one judge; a bound that is None does not bind."""

    what: str
    judge: str
    found: float
    low: float | None
    high: float | None
    unit: str

    @property
    def demanded(self) -> str:
        """The bounds in words."""
        if self.low is None:
            return f"at most {self.high:g}"
        return f"at least {self.low:g}" if self.high is None else f"{self.low:g} to {self.high:g}"

    @property
    def passed(self) -> bool:
        low = -np.inf if self.low is None else self.low
        high = np.inf if self.high is None else self.high
        return bool(low <= self.found <= high)


def judges_table(seed: int = 0, quick: bool = False) -> pd.DataFrame:
    """Ask every judge about freshly simulated people.

    Parameters
    ----------
    seed : int
    quick : bool
        Fewer people and shorter recordings, for a page; what is demanded is the same.

    Returns
    -------
    pandas.DataFrame
        Columns what, judge, found, demanded, unit, passed; one row a question.

    Notes
    -----
    Heart rate variability of healthy adults at rest, over five minutes: the range of the means
    of 44 studies, Nunan, Sandercock & Brodie (Pacing Clin. Electrophysiol. 33, 2010). Latency
    of a skin conductance response: Boucsein et al. (Psychophysiology 49, 2012). Durations and
    apices: Li et al. (CAS(ME)^3, 2023) and the MMME preprint (arXiv 2506.09834).
    """
    rows = [*_of_body(seed, quick), *_of_brain(seed, quick), *_of_face(seed, quick)]
    rows += _of_timing(seed, quick)
    table = pd.DataFrame(rows, columns=Row._fields)
    table["demanded"] = [row.demanded for row in rows]
    table["passed"] = [row.passed for row in rows]
    return table[["what", "judge", "found", "demanded", "unit", "passed"]]


def _of_body(seed: int, quick: bool) -> list[Row]:
    short = cases.record_cases(seed, 12 if quick else 36)
    minute = cases.record_cases(seed + 1, 12 if quick else 24, duration_s=60.0, every_s=15.0)
    rest = cases.record_cases(seed + 2, 9 if quick else 15, duration_s=300.0, every_s=0)
    few = 4 if quick else 10
    nk, nk_scipy = "NeuroKit2", "NeuroKit2, SciPy"
    rhythm = heart.variability(rest)
    return [
        Row("R peaks within 20 ms", nk, heart.r_peaks_found(short), 0.99, None, "share"),
        Row("pulse peaks within 40 ms", nk, heart.pulse_peaks_found(short), 0.95, None, "share"),
        Row("R peaks, ever fewer in ever more noise", nk,
            heart.order_by_noise(heart.r_peaks_found, seed, few), None, -1.0, "rank r"),
        Row("pulse peaks, ever fewer in ever more noise", nk,
            heart.order_by_noise(heart.pulse_peaks_found, seed, few), None, -1.0, "rank r"),
        Row("skin responses above .05 uS", nk, skin.scrs_found([*short, *minute]),
            0.90, None, "share"),
        Row("skin responses that begin 1-3 s after the event", nk,
            skin.latency_in_range([*short, *minute]), 0.95, None, "share"),
        Row("heart rate, ECG against PPG", nk, heart.heart_rate_difference(minute),
            None, 1.0, "bpm"),
        Row("respiratory arrhythmia, off the breath's rate", nk_scipy,
            heart.rsa_off_breath(rest), None, 0.02, "Hz"),
        Row("interval between beats at rest", nk, rhythm["MeanNN"], 785, 1160, "ms"),
        Row("SDNN at rest", nk, rhythm["SDNN"], 32, 93, "ms"),
        Row("RMSSD at rest", nk, rhythm["RMSSD"], 19, 75, "ms"),
    ]  # fmt: skip


def _of_brain(seed: int, quick: bool) -> list[Row]:
    n = 2 if quick else 6
    return [
        Row("alpha ratio follows its dial", "SciPy, Welch", brain.alpha_follows(seed, n),
            0.95, None, "r"),
        Row("alpha power over the true power", "SciPy, Welch", brain.power_ratio(seed, n),
            0.9, 1.1, "ratio"),
        Row("frontal asymmetry follows valence", "SciPy, Welch", brain.asymmetry_follows(seed, n),
            0.95, None, "r"),
    ]  # fmt: skip


def _of_face(seed: int, quick: bool) -> list[Row]:
    clips = face.onset_to_apex(seed, 8 if quick else 24)
    pictures = face.seen_faces(seed, 20 if quick else 60)
    return [
        Row("flow, onset to apex, 128 px", "OpenCV, DIS", face.flow_error(clips, "dis"),
            None, 0.25, "px"),
        Row("flow, onset to apex, 128 px", "scikit-image, TV-L1", face.flow_error(clips, "tvl1"),
            None, 0.25, "px"),
        Row("flow in depth against flow in colour", "OpenCV, DIS",
            face.depth_follows_colour(clips), 0.7, None, "r"),
        Row("faces found, 128 px", "OpenCV, Haar cascade", face.faces_found(pictures),
            0.95, None, "share"),
    ]  # fmt: skip


def _of_timing(seed: int, quick: bool) -> list[Row]:
    people = 50 if quick else 100  # 1000 apices: a quartile is known to about .01
    early = timing.me_times("early_apex", seed, people)
    part_c = timing.me_times("casme3_c", seed, people)
    mmme = timing.me_times("mmme", seed, people)
    a, c, m = "CAS(ME)3 A", "CAS(ME)3 C", "MMME"
    at_200 = "samples at 200 Hz"
    low, middle, high = early.apex.quantile([0.25, 0.5, 0.75])
    return [
        Row("apex, preset early_apex: mean", a, early.apex.mean(), 0.276, 0.316, "of clip"),
        Row("apex, preset early_apex: lower quartile", a, low, 0.15, 0.21, "of clip"),
        Row("apex, preset early_apex: median", a, middle, 0.25, 0.31, "of clip"),
        Row("apex, preset early_apex: upper quartile", a, high, 0.39, 0.45, "of clip"),
        Row("length, preset casme3_c: median", c, part_c.samples.median(), 72, 88, at_200),
        # Of 165 clips the shortest and the longest leave 2 in 166 beyond them, on average.
        Row("length, preset casme3_c: within the published 27-233 samples", c,
            part_c.samples.between(27, 233).mean(), 0.98, None, "share"),
        Row("duration, preset mmme: mean", m, mmme.duration_ms.mean(), 366.7, 396.7, "ms"),
        Row("duration, preset mmme: spread", m, mmme.duration_ms.std(), 85.5, 115.5, "ms"),
        Row("micro by MMME's definition, preset mmme", m, timing.micro_share(mmme),
            1.0, None, "share"),
    ]  # fmt: skip
