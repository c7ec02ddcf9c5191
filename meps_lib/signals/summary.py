"""A few numbers a window, each with a meaning."""

import numpy as np

from meps_lib.signals.cleaning import clean
from meps_lib.signals.heart import covered, heart_rate
from meps_lib.signals.recording import Recording
from meps_lib.signals.skin import skin_conductance_responses

RMSSD_INTERVALS = 10  # CHOICE: fewer intervals say little about variability


def features(
    recording: Recording, scr_min_amplitude: float | None = None, check: bool = True
) -> dict[str, float]:
    """A few numbers a window, each with a meaning: the baseline for any learnt encoder.

    The numbers describe the time from 0 on, the recording's own clock; what lies before 0 is
    context (`window` sets this clock) and serves as the baseline of ``hr_change``.

    Parameters
    ----------
    recording : Recording
        Best a window of a cleaned recording. ECG is used for the heart, PPG when there is no ECG.
    scr_min_amplitude : float, optional
        As `skin_conductance_responses`.
    check : bool
        As `heart_rate`.

    Returns
    -------
    dict of str to float
        With ECG or PPG: ``hr_mean`` (beats a minute: 60 / mean interval, which is not the mean of
        the rates), ``hr_change`` (that from 0 on minus that before; only when beats lie on both
        sides), ``rmssd`` (ms, of intervals that follow each other; only with 10 or more), and with
        `check` ``hr_covered`` (share of the time that beats cover, 0 to 1). With EDA:
        ``scr_count``, ``scr_amplitude`` (sum over the responses, 0 when there is none), ``scl``
        (median level). What cannot be computed is left out, never NaN.

    Raises
    ------
    MepsError
        When the recording has none of ECG, PPG, EDA; when it ends before time 0 or holds too
        few beats; and as `heart_rate` and `skin_conductance_responses`.

    Examples
    --------
    >>> import neurokit2 as nk
    >>> wave = nk.ecg_simulate(duration=20, sampling_rate=200, heart_rate=75, random_state=0)
    >>> found = features(Recording(wave[None], ("ECG",), ("mV",), sfreq=200))
    >>> sorted(found), round(found["hr_mean"])
    (['hr_covered', 'hr_mean', 'rmssd'], 75)
    """
    heart = next((name for name in ("ECG", "PPG") if name in recording.names), None)
    if heart is None and "EDA" not in recording.names:
        raise recording.error(f"no ECG, PPG or EDA among {', '.join(recording.names)}")
    if recording.times[-1] < 0:
        raise recording.error(
            f"it ends {-recording.times[-1]:g} s before its time 0; features describe the time "
            "from 0 on: cut a window that reaches past its start"
        )
    used = [name for name in (heart, "EDA") if name in recording.names]
    recording = clean(recording.pick(*used))
    found: dict[str, float] = {}
    if heart is not None:
        times, rates = heart_rate(recording, heart, check)
        now, intervals = times >= 0, 60 / rates  # s
        found["hr_mean"] = float(60 / np.mean(intervals[now] if now.any() else intervals))
        if now.any() and not now.all():
            found["hr_change"] = float(60 / intervals[now].mean() - 60 / intervals[~now].mean())
        follows = np.isclose(
            np.diff(times[now]), intervals[now][1:]
        )  # no beat was left out between
        if follows.sum() + 1 >= RMSSD_INTERVALS:
            steps = 1000 * np.diff(intervals[now])[follows]
            found["rmssd"] = float(np.sqrt(np.mean(steps**2)))
        if check:
            since = recording.times[-1] - max(0.0, recording.times[0])
            found["hr_covered"] = covered(rates[now], since)
    if "EDA" in recording.names:
        responses = skin_conductance_responses(recording, scr_min_amplitude)
        responses = responses[responses["onset"] >= 0]
        found["scr_count"] = float(len(responses))
        found["scr_amplitude"] = float(responses["amplitude"].sum())
        found["scl"] = float(np.median(recording.channel("EDA")[recording.times >= 0]))
    return found
