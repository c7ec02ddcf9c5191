"""When a face moves: the course of an expression, where its apex falls, how long it lasts, blinks.

Two published distributions of the apex are drawn from: about the middle of the clip, and
early as in CAS(ME)^3 Part A. Apex positions are fractions of the clip, 0 its onset and 1
its offset.
"""

import numpy as np
from numpy.random import Generator

from meps_lib.arguments import number, one_of
from meps_lib.errors import MepsError


def time_course(n_frames: int, apex: float) -> np.ndarray:
    """Onset, apex, offset as two half cosines: 0 at the ends, 1 at the apex.

    Parameters
    ----------
    n_frames : int
    apex : float
        Frame of the peak, strictly inside the clip; need not be whole.

    Returns
    -------
    ndarray, shape (n_frames,)

    Raises
    ------
    MepsError
        If the apex is not inside the clip.

    Examples
    --------
    >>> time_course(5, 2.0).round(2).tolist()
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    if not 0 < apex < n_frames - 1:
        raise MepsError(f"apex must lie inside frames 0..{n_frames - 1}, got {apex}")
    t = np.arange(n_frames)
    phase = np.where(t <= apex, t / apex, (n_frames - 1 - t) / (n_frames - 1 - apex))
    return 0.5 - 0.5 * np.cos(np.pi * phase)


def apex_frame(intensity: np.ndarray, exact: float) -> int:
    """The frame in which a face moves most: what a table, the truth and a `Trial` call apex.

    Parameters
    ----------
    intensity : ndarray, shape (T, K)
        Of K action units.
    exact : float
        Where the peak was planned; rounded where nothing moves.

    Examples
    --------
    >>> apex_frame(np.array([[0.0], [0.6], [0.5], [0.0]]), exact=1.6)
    1
    """
    total = intensity.sum(axis=1)
    return int(total.argmax()) if total.any() else round(exact)


# (weight, a, b) of beta distributions. "casme3_a" is fitted to the published mean .296, median
# .28, quartiles .18 and .42, and the 26 % of apexes between .4 and .6 (ledger: apex-position).
# CHOICE: "middle" and "mmme". WHY: the first is what a method that takes the middle frame hopes
# for; of MMME it is only known that its apexes are late, the mean of .6 is ours.
APEX: dict[str, tuple[tuple[float, float, float], ...]] = {
    "middle": ((1.0, 19.0, 19.0),),
    "casme3_a": ((0.795, 2.91, 8.71), (0.205, 24.0, 26.0)),
    "mmme": ((1.0, 6.0, 4.0),),
}
# Seconds: mean and standard deviation before the rule cuts, and the shortest. MMME publishes
# 381.7 +- 100.5 ms of what the rule left: these two are fitted so that draws with an apex of
# "mmme" have those moments. CHOICE: nothing below 40 ms. WHY: no shorter one is described.
DURATION: dict[str, tuple[float, float, float]] = {"mmme": (0.455, 0.141, 0.040)}
LONGEST_S, LONGEST_ONSET_S = 0.5, 0.25  # what makes an expression micro: either of them
_SHUT = 1 / 3  # share of a blink after which the lid is down: it closes faster than it opens


def draw_apex(rng: Generator, name: str, n: int | None = None) -> float | np.ndarray:
    """Where the apex falls, as a fraction of the clip.

    Parameters
    ----------
    rng : Generator
    name : str
        A key of `APEX`: "middle", "casme3_a" or "mmme".
    n : int, optional
        How many; one number if None.

    Returns
    -------
    float or ndarray, shape (n,)
        Strictly between 0 (onset) and 1 (offset).

    Raises
    ------
    MepsError
        If there is no such distribution.

    Examples
    --------
    >>> early = draw_apex(np.random.default_rng(0), "casme3_a", 2000)
    >>> bool(0.27 < np.median(early) < 0.29)
    True
    """
    one_of("apex distribution", name, tuple(APEX))
    mixture = np.array(APEX[name])
    part = rng.choice(len(mixture), n, p=mixture[:, 0])
    apex = np.clip(rng.beta(mixture[part, 1], mixture[part, 2]), 1e-3, 1 - 1e-3)
    return float(apex) if n is None else apex


def draw_duration(rng: Generator, name: str = "mmme", apex: float | None = None) -> float:
    """How long a micro-expression lasts, onset to offset, in seconds.

    A normal distribution of which only what the rule calls micro is kept: onset to offset at
    most 500 ms, or onset to apex at most 250 ms. What is kept has the published moments.

    Parameters
    ----------
    rng : Generator
    name : str
        A key of `DURATION`.
    apex : float, optional
        Where the apex falls (`draw_apex`); only the first half of the rule applies if None.

    Raises
    ------
    MepsError
        If there is no such distribution, or the apex is outside the clip.

    Examples
    --------
    >>> 0.04 <= draw_duration(np.random.default_rng(0), "mmme") <= 0.5
    True
    """
    one_of("duration", name, tuple(DURATION))
    mean, spread, shortest = DURATION[name]
    if apex is not None and not 0 < apex < 1:
        raise MepsError(f"apex must lie between 0 and 1, a fraction of the clip, got {apex}")
    while True:
        seconds = float(rng.normal(mean, spread))
        by_onset = apex is not None and apex * seconds <= LONGEST_ONSET_S
        if seconds >= shortest and (seconds <= LONGEST_S or by_onset):
            return seconds


def blink_spans(rng: Generator, duration_s: float, rate_per_min: float = 17.0) -> np.ndarray:
    """When a lid begins to shut, and when it is open again.

    Blinks come at random, at least half a second apart, and last 100-400 ms; people at rest
    blink 15-20 times a minute (Bentivoglio et al., 1997).

    Parameters
    ----------
    rng : Generator
    duration_s : float
        s; a longer time has the same blinks, and more.
    rate_per_min : float
        Mean number of blinks a minute, 0 .. 60.

    Returns
    -------
    ndarray, shape (m, 2)
        Start and end, s, in order; the first may have begun before 0, the last may end late.

    Raises
    ------
    MepsError
        If a number is out of range.

    Examples
    --------
    >>> blink_spans(np.random.default_rng(1), 60.0, rate_per_min=0).shape
    (0, 2)
    """
    number("duration_s", duration_s, 0)
    number("rate_per_min", rate_per_min, 0, 60)
    spans = []
    if rate_per_min:
        # From one start to the next: the least, and an exponential rest, so that the rate holds.
        mean, least = 60 / rate_per_min, 0.5
        # WHY: the first gap began before anyone looked, so that blinks are as likely at first
        # as later (the forward recurrence time of a renewal process).
        within = rng.uniform() < least / mean
        first = rng.uniform(0, least) if within else least + rng.exponential(mean - least)
        start = first - least
        while start < duration_s:
            spans.append((start, start + rng.uniform(0.1, 0.4)))
            start += least + rng.exponential(mean - least)
    spans = np.array(spans).reshape(-1, 2)
    return spans[spans[:, 1] > 0]


def lid_course(spans: np.ndarray, times: np.ndarray) -> np.ndarray:
    """How far the lids are closed, as a camera or an electrode samples it.

    Parameters
    ----------
    spans : ndarray, shape (m, 2)
        Start and end of each blink, s, as of `blink_spans`.
    times : ndarray, shape (n,)
        Rising, s.

    Returns
    -------
    ndarray, shape (n,)
        0 open .. 1 shut.

    Examples
    --------
    >>> lid_course(np.array([[0.1, 0.4]]), np.array([0.0, 0.2, 0.3, 0.4])).round(2).tolist()
    [0.0, 1.0, 0.5, 0.0]
    """
    closed = np.zeros(len(times))
    for start, end in spans:
        those = slice(*np.searchsorted(times, (start, end)))
        phase = (times[those] - start) / (end - start)
        course = np.where(phase < _SHUT, phase / _SHUT, (1 - phase) / (1 - _SHUT))
        closed[those] = np.maximum(closed[those], 0.5 - 0.5 * np.cos(np.pi * course))
    return closed


def shut_times(spans: np.ndarray) -> np.ndarray:
    """When the lid is down in each blink of `blink_spans`, s, shape (m,)."""
    return spans @ [1 - _SHUT, _SHUT]
