"""What signals say: whether they look like what they are called, are clean, and tell the classes.

Read at the rate at which they were prepared. Losses of the sensor and cut peaks are not looked for.
"""

from collections.abc import Sequence
from itertools import permutations

import numpy as np
from scipy.stats import kurtosis

from meps_lib.trial import Trial

KINDS = ("EDA", "ECG", "PPG")  # those whose looks are known
_REST_S, _LATER_S = 1.0, (1.5, 6.0)  # shortest rest before a clip; when a body answers, after it
_DRAWS = 500
_FEWEST = 30  # trials in which a guide is looked for
_STILL = 1e-4  # range of a constant signal over its largest value; resampling leaves a third of it


def heard(trials: Sequence[Trial]) -> list[Trial]:
    """Those with signals."""
    return [t for t in trials if t.ps is not None]


def faster(x: np.ndarray, sfreq: float, low_hz: float) -> np.ndarray:
    """What of a signal (L,) is faster than so many Hz; it is mirrored, so that its ends meet."""
    there_and_back = np.r_[x, x[::-1]] - x.mean()
    spectrum = np.fft.rfft(there_and_back)
    spectrum[np.fft.rfftfreq(2 * len(x), 1 / sfreq) < low_hz] = 0
    return np.fft.irfft(spectrum, 2 * len(x))[: len(x)]


def look(x: np.ndarray, sfreq: float) -> dict[str, float]:
    """A signal (L,) in four numbers, whatever it is called.

    Returns
    -------
    dict
        "slow": share of its variance below 0.5 Hz, where no heart beats. "peaked": excess kurtosis
        of what is faster than 0.7 Hz. "bursts": standard deviation of the same in its liveliest
        second over that in the median one. "noise": standard deviation above 3 Hz.
    """
    swing, lively = (faster(x, sfreq, hz) for hz in (0.5, 0.7))
    if x.std() == 0 or lively.std() == 0:
        return {"slow": 1.0, "peaked": 0.0, "bursts": 1.0, "noise": 0.0}
    n_seconds = max(1, round(len(x) / sfreq))
    each = np.array([part.std() for part in np.array_split(lively, n_seconds)])
    return {
        "slow": float(1 - swing.var() / x.var()),
        "peaked": float(kurtosis(lively)),
        "bursts": float(each.max() / np.median(each)) if np.median(each) > 0 else 1.0,
        "noise": float(faster(x, sfreq, 3.0).std()),
    }


def signal_numbers(trials: Sequence[Trial]) -> dict[str, float]:
    """Whether signals look like what they are called, and how clean they are.

    Returns
    -------
    dict
        Of EDA, ECG and PPG what is there. "constant": share of trials in which one of them does not
        change; the others give medians over the rest. "other names": share of trials that agree on
        another order of the names. "drift", "bursts": the "slow" and "bursts" of `look`, in ECG or
        PPG, whichever has more. "skin noise": the noise of EDA, where its unit is uS.
    """
    some = heard(trials)
    there = [name for name in KINDS if some and name in some[0].ps_names]
    if not there:
        return {}
    alive = [t for t in some if not any(_constant(_signal(t, name)) for name in there)]
    found = {"constant": 1 - len(alive) / len(some)}
    if not alive:
        return found
    looks = [{n: look(_signal(t, n), t.ps_sfreq) for n in there} for t in alive]
    if len(there) > 1:
        orders = [likely_order(one) for one in looks]
        others = [orders.count(p) for p in permutations(there) if p != tuple(there)]
        found["other names"] = max(others) / len(alive)
    if beating := [name for name in there if name != "EDA"]:
        for number, key in (("drift", "slow"), ("bursts", "bursts")):
            median = {n: np.median([one[n][key] for one in looks]) for n in beating}
            found[number] = float(max(median.values()))
    if "EDA" in there and some[0].ps_units[some[0].ps_names.index("EDA")] == "uS":
        found["skin noise"] = float(np.median([one["EDA"]["noise"] for one in looks]))
    return found


def _signal(trial: Trial, name: str) -> np.ndarray:
    return trial.ps[trial.ps_names.index(name)].double().numpy()


def _constant(x: np.ndarray) -> bool:
    return bool(np.ptp(x) <= _STILL * np.abs(x).max())


def likely_order(looks: dict[str, dict[str, float]]) -> tuple[str, ...]:
    """What each of some signals, by their names of `KINDS`, most looks like.

    The slowest is EDA; of those with a heart in them the most peaked is ECG.
    """
    free, called = list(looks), {}
    for kind, key in (("EDA", "slow"), ("ECG", "peaked")):
        if kind in looks:
            best = max(free, key=lambda name: looks[name][key])
            called[best] = kind
            free.remove(best)
    return tuple(called.get(name, "PPG") for name in looks)


def response(trial: Trial) -> np.ndarray:
    """Of each signal, how far it rises after the first frame, and how its swing changes, (2C,)."""
    x, rate = trial.ps.double().numpy(), trial.ps_sfreq
    first = round(-trial.ps_start * rate)
    start, end = (first + round(s * rate) for s in _LATER_S)
    rest, later = x[:, :first], x[:, start:end]
    swing = [np.log(part.std(axis=1) + 1e-9) for part in (rest, later)]
    return np.r_[later.mean(axis=1) - rest.mean(axis=1), swing[1] - swing[0]]


def guide_numbers(trials: Sequence[Trial]) -> dict[str, float]:
    """Whether the body's response tells classes apart within people, more than by chance.

    Returns
    -------
    dict
        "guide": the classes' share in the variance of each number of `response`, summed; how many
        standard deviations it lies above its mean when labels are exchanged within people. The
        same difference between classes gives more of them in a larger study. Empty below 30 trials
        that reach from 1 s before to 2.5 s after the first frame, and where no exchange changes
        anything: each person has one class, or nothing moves.
    """
    some = [t for t in heard(trials) if -t.ps_start >= _REST_S and _after_s(t) >= _LATER_S[0] + 1]
    if len(some) < _FEWEST:
        return {}
    x, who = np.stack([response(t) for t in some]), np.array([t.subject for t in some])
    of_each = [np.flatnonzero(who == subject) for subject in sorted(set(who))]
    for rows in of_each:
        x[rows] -= x[rows].mean(axis=0)
    spread = x.std(axis=0)
    x = np.clip(x / np.where(spread > 0, spread, 1), -3, 3)
    labels, rng = np.array([t.label for t in some]), np.random.default_rng(0)
    drawn = []
    for _ in range(_DRAWS):
        mixed = labels.copy()
        for rows in of_each:
            mixed[rows] = rng.permutation(labels[rows])
        drawn.append(explained(x, mixed).sum())
    if np.ptp(drawn) < 1e-9:
        return {}
    return {"guide": float((explained(x, labels).sum() - np.mean(drawn)) / np.std(drawn))}


def _after_s(trial: Trial) -> float:
    return trial.ps_start + trial.ps.shape[1] / trial.ps_sfreq


def explained(x: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Share of the variance of each column of x (n, F) that the labels (n,) explain, (F,)."""
    total = np.square(x - x.mean(axis=0)).sum(axis=0)
    groups = [x[labels == c] for c in sorted(set(labels))]
    within = sum(np.square(g - g.mean(axis=0)).sum(axis=0) for g in groups)
    return np.where(total > 0, 1 - within / np.where(total > 0, total, 1), 0.0)
