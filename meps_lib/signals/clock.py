"""A column of times is a clock: even, or the row is named at which it is not."""

import re
import warnings
from decimal import Decimal

import numpy as np

from meps_lib.errors import MepsError
from meps_lib.signals.recording import SignalWarning

# s a unit, by the spellings that exports use
UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "unix"), 1.0),
    **dict.fromkeys(("ms", "msec", "millisec", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "usec", "microsec", "microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("ns", "nanosecond", "nanoseconds"), 1e-9),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hour", "hours"), 3600.0),
}
LATE = 1 / 30  # CHOICE: s that a row may be off. WHY: a frame of video, to which signals are cut
SINCE_1970 = (1.2e9, 2.2e9)  # s, from 2008 to 2039
SLOWEST = 2.0  # s; CHOICE: longer steps are no Unix times, but a unit that is read too large
_NAME = re.compile(r"(?:unix|elapsed)?[ _]?time(?:[ _]?stamps?)?(?:[ _](\w+))?", re.IGNORECASE)


def unit_of_time(name: str, unit: str | None, column: np.ndarray) -> str | None:
    """The unit of a column that is a clock; "" where it states none, None where it is no clock.

    It is one by its name, or because it has a unit of time and rises as a clock does.

    Examples
    --------
    >>> unit_of_time("time", "min", np.zeros(9)), unit_of_time("timestamp_ms", None, np.zeros(9))
    ('min', 'ms')
    >>> unit_of_time("time", None, np.zeros(9)), unit_of_time("elapsed", "s", np.arange(9.0))
    ('', 's')
    >>> unit_of_time("rise", "s", np.zeros(9)) is None  # a number about the signal
    True
    """
    said = (unit or "").lower().replace("µ", "u").replace("μ", "u")
    if len(name) > 1 and name.lower() in UNITS:  # the column's name is its unit: "minutes"
        return said or name.lower()
    match = _NAME.fullmatch(name)
    suffix = (match[1] or "").lower() if match else ""
    # WHY not in lower case: uS is no time.
    by_unit = (unit or "").replace("µ", "u").replace("μ", "u") in UNITS and rises(column)
    if not match and not by_unit and not (name.lower() == "t" and said in UNITS):
        return None
    return said or suffix if not suffix or suffix in UNITS else None


def rises(column: np.ndarray) -> bool:
    """Whether nine of ten steps from row to row go up and are alike, as of a clock or a counter.

    Examples
    --------
    >>> rises(np.array([3, 4, 5, 6])), rises(np.array([3, 4, 3, 4]))
    (True, False)
    """
    if len(column) < 2 or not np.isfinite(column).all():
        return False
    steps = _steps(column)
    usual = np.median(steps)
    return bool(usual > 0 and (np.abs(steps - usual) <= usual / 2).mean() > 0.9)


def _steps(column: np.ndarray) -> np.ndarray:
    """From row to row; a counter of so many bits begins again at 0, which is a step like others."""
    span = np.ptp(column) + 1
    bits = np.log2(span)
    return np.diff(column) % span if bits >= 4 and bits % 1 == 0 else np.diff(column)


def odd_step(column: np.ndarray, line: int) -> str:
    """A sentence on the first uneven step of a column that `rises` and states no time, else "".

    `line` is the file's line of the first sample. A column that nobody calls a clock may be one,
    such as a counter of samples; what it is for cannot be known, so nothing is refused.

    Examples
    --------
    >>> odd_step(np.r_[0:50, 60:99], 2)
    'rises as a clock or a counter does, but at line 52 by 11 and not by 1: rows may be missing, \
repeated or set back'
    """
    if not rises(column):
        return ""
    steps = _steps(column)
    usual = np.median(steps)
    odd = np.flatnonzero(np.abs(steps - usual) > usual / 2)
    if not len(odd):
        return ""
    return (
        f"rises as a clock or a counter does, but at line {line + odd[0] + 1} by "
        f"{steps[odd[0]]:g} and not by {usual:g}: rows may be missing, repeated or set back"
    )


def clock_rate(
    times: np.ndarray, unit: str, rate: float | None, where: str, column: str, line: int
) -> float:
    """Hold every sample of a column of times against an even clock.

    A step may differ by two fifths of the usual one, and a row may be `LATE` off; both may differ
    by as much more as the written digits round away. What is shorter than the last digit cannot be
    seen, and where that is longer than `LATE`, a `SignalWarning` says so.

    Parameters
    ----------
    times : array, shape (L,)
        As they are written.
    unit : str
        A key of `UNITS`. If empty: Unix times tell theirs by their size, and for others it is the
        one that fits `rate` best.
    rate : float or None
        What somebody states, Hz; None lets the column be the clock.
    where, column : str
        The file and the column, for the error.
    line : int
        The file's line of the first sample.

    Returns
    -------
    float
        `rate`; if that is None, the roundest rate (Hz) that fits the column.

    Raises
    ------
    MepsError
        Naming the line, the step found and the step expected: rows are missing, repeated or set
        back, or the column runs at another rate. When the unit is unknown.

    Examples
    --------
    >>> clock_rate(np.array([0, 2, 4, 6]), "ms", None, "a.csv", "time", 2)
    500.0
    """
    place = f"{where}: column {column}"
    if len(times) < 2 and rate is None:
        raise MepsError(f"{place}: one row states no sampling rate; pass sfreq= in Hz")
    if len(times) < 2 or (rate is not None and not rate > 0):
        return rate  # `Recording` refuses such a rate
    if not np.isfinite(times).all():
        k = int(np.argmin(np.isfinite(times)))
        raise MepsError(f"{where}: line {line + k}, column {column}: got {times[k]}; fill the gap")
    unit = unit or _likely_unit(times, rate)
    if unit not in UNITS:
        raise MepsError(
            f"{place}: its unit is {unit or 'not stated'}; expected s, ms, us, ns, min or h: name "
            "it as in 'time (ms)'"
        )
    digit = UNITS[unit] * _last_digit(times)  # s, shape (L,)
    seconds = UNITS[unit] * (times - times[0])
    steps = np.diff(seconds)
    own = _own_rate(steps, digit[-1])
    used = own if rate is None else rate
    if not own > 0:
        raise MepsError(f"{place}: it does not rise from row to row; expected the rows' times")
    if digit[-1] > max(LATE, 1 / used):
        text = f"is written to {digit[-1]:g} s: a gap that is shorter cannot be seen in it"
        warnings.warn(f"{place} {text}", SignalWarning, stacklevel=4)
    # WHY: rounded to whole digits, a step of 3.9 is one of 3 or of 4; one of 4.0 is always 4.
    part = np.round(1 / used / digit, 6) % 1
    rounded = digit * np.where(part == 0, 0, np.maximum(part, 1 - part))
    wrong = np.abs(steps - 1 / used) > 0.4 / used + np.maximum(rounded[1:], rounded[:-1])
    late = np.abs(seconds - np.arange(len(times)) / used) > LATE + rounded
    bad = late | np.r_[False, wrong]
    if bad.any():
        k = int(np.argmax(bad))
        told = (
            f"{where}: line {line + k}, column {column}: a step of {steps[k - 1]:.6g} s, "
            f"{seconds[k]:.6g} s after the first row; expected a step of {1 / used:.6g} s, "
            f"{k / used:.6g} s after it, at {used:g} Hz: "
        )
        if rate is not None and (wrong.mean() > 0.5 or not wrong[:k].any()):
            told += f"it runs at {own:g} Hz ({unit}); correct the rate that is stated, or the unit"
            raise MepsError(told)
        raise MepsError(
            f"{told}rows are missing, repeated or set back; cut the recording there, or export it "
            "again; if its stamps alone are uneven, leave this column out"
        )
    return used


def _likely_unit(times: np.ndarray, rate: float | None) -> str:
    size, usual = float(np.abs(times).min()), float(np.median(np.abs(np.diff(times))))
    for unit in ("ns", "us", "ms", "s"):
        # WHY both: ms since a phone was switched on may be as many as s since 1970.
        since_1970 = SINCE_1970[0] <= size * UNITS[unit] < SINCE_1970[1]
        if since_1970 and usual * UNITS[unit] <= SLOWEST:
            return unit
    if rate is None:
        return ""
    step = abs(float(times[-1] - times[0])) / (len(times) - 1) or 1.0
    return min(("s", "ms", "us", "ns", "min"), key=lambda u: abs(np.log(UNITS[u] * step * rate)))


def _last_digit(times: np.ndarray) -> np.ndarray:
    """What one unit of the last written digit is at each sample, for decimals and for %g."""
    some = times[np.unique(np.linspace(0, len(times) - 1, 2000).astype(int))]
    written = [Decimal(repr(float(t))).normalize().as_tuple() for t in some]
    size = np.floor(np.log10(np.maximum(np.abs(times), 1e-12)))
    least = min(number.exponent for number in written)
    return np.maximum(10.0**least, 10.0 ** (size - max(len(n.digits) for n in written) + 1))


def _own_rate(steps: np.ndarray, digit: float) -> float:
    """Hz, as round as the column allows, of the steps that are no gap and no setting back."""
    usual = np.median(steps)
    off = np.abs(steps - usual) - 0.5 * abs(usual)
    # WHY: one step of 0.2 s among 0.1 s may be rounded, but is sooner a row that was lost. With
    # finer digits either reading of the column is right to a frame.
    one_step = usual > 0 and digit > LATE and (off <= 0).mean() > 0.9
    steps = steps[off <= (0 if one_step else 1.01 * digit)]  # 0.32 - 0.31 exceeds 0.01
    mean = float(steps.mean())
    if not mean > 0:
        return 0.0
    unsure = 1e-12 + max(digit, np.abs(steps - mean).max()) / (mean * len(steps))
    rates = (round(1 / mean, places) for places in range(6))
    return next((rate for rate in rates if abs(rate * mean - 1) <= unsure), 1 / mean)
