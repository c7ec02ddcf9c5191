"""The dials of the simulator, each with its unit and its range."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from math import isfinite
from numbers import Integral, Real
from typing import Any

from meps_lib.errors import MepsError
from meps_lib.labels import EMOTIONS
from meps_lib.simulate.physiology import SIGNALS
from meps_lib.simulate.presets import PRESETS

# Dial: lowest, highest, unit. What has no unit is a share, a probability or a factor.
_RANGES: dict[str, tuple[float, float, str]] = {
    "size": (16, 512, "px"),
    "n_frames": (3, 1000, "frames"),
    "fps": (1, 1000, "Hz"),
    "duration_s": (0.02, 30, "s"),
    "duration_spread_s": (0, 10, "s"),
    "me_intensity": (0, 1, ""),
    "me_spread": (0, 2, ""),
    "au_spread": (0, 2, ""),
    "leak_share": (0, 1, ""),
    "upper_leak": (0, 1, ""),
    "lower_leak": (0, 1, ""),
    "left_leak": (0, 1, ""),
    "right_leak": (0, 1, ""),
    "asymmetry": (0, 1, ""),
    "au_share": (0, 1, ""),
    "blend_share": (0, 1, ""),
    "stray_au": (0, 1, ""),
    "apex_position": (0, 1, ""),
    "apex_spread": (0, 0.5, ""),
    "blinks_per_min": (0, 60, "/min"),
    "head_drift_mm": (0, 20, "mm"),
    "head_pose_mm": (0, 20, "mm"),
    "light_change": (0, 1, ""),
    "frame_noise": (0, 1, ""),
    "depth_noise_mm": (0, 100, "mm"),
    "depth_holes": (0, 1, ""),
    "depth_gain_jumps_mm": (0, 100, "mm"),
    "ps_sfreq": (125, 2000, "Hz"),
    "ps_duration_s": (2, 600, "s"),
    "ps_before_s": (0, 600, "s"),
    "ps_noise": (0, 100, ""),
    "ps_wander": (0, 100, ""),
    "ps_mains": (0, 100, ""),
    "ps_mains_hz": (45, 65, "Hz"),
    "ps_spontaneous": (0, 100, ""),
    "ps_motion_per_min": (0, 60, "/min"),
    "ps_dropout_per_min": (0, 60, "/min"),
    "ps_saturation": (0, 0.9, ""),
    "eeg_sfreq": (125, 2000, "Hz"),
    "arousal_gain": (0, 10, ""),
    "arousal_spread": (0, 2, ""),
    "valence_gain": (0, 10, ""),
    "specificity": (0, 1, ""),
    "overlap": (0, 1, ""),
    "subject_spread": (0, 2, ""),
    "idiosyncrasy": (0, 1, ""),
    "class_by_subject": (0, 1, ""),
    "missing_colour": (0, 1, ""),
    "missing_depth": (0, 1, ""),
    "missing_ps": (0, 1, ""),
    "missing_eeg": (0, 1, ""),
    "label_noise": (0, 1, ""),
}
_CHOICES = {
    "duration": ("log-normal", "mmme"),
    "apex": ("middle", "casme3_a", "mmme"),
    "eeg": ("none", "10-20", "62"),
}
_COUNTS = ("size", "n_frames")
BALANCED_NAMES = (*EMOTIONS, "negative", "positive")


@dataclass(frozen=True)
class Scenario:
    """What is easy and what is hard about a simulated cohort.

    Defaults are tuned so that the face alone and the body alone each fall short and both
    together do well: with features near the truth and a logistic regression, leaving one
    subject out, a test holds UAR near .75, .6 and .85 for three classes
    (`meps_lib.simulate.ceiling` computes it for any cohort).

    Raises
    ------
    MepsError
        If a dial is out of its range; the message names the dial.

    Examples
    --------
    >>> Scenario.preset("early_apex").apex
    'casme3_a'
    >>> Scenario(frame_noise=-1)
    Traceback (most recent call last):
    meps_lib.errors.MepsError: Scenario.frame_noise must be a number from 0 to 1, got -1
    """

    # Camera
    size: int = 64  # px, side of the square picture
    n_frames: int | None = 16  # frames from onset to offset; None: what duration and fps give
    fps: float = 30.0  # Hz
    duration: str = "log-normal"  # or "mmme", as published; read only if n_frames is None
    duration_s: float = 0.5  # s from onset to offset, of "log-normal": mean
    duration_spread_s: float = 0.0  # s, its standard deviation over trials
    # Face
    me_intensity: float = 0.45  # apex intensity of a typical ME, fraction of a full action unit
    me_spread: float = 0.25  # log standard deviation of that intensity over trials
    au_spread: float = 0.2  # log standard deviation of an action unit's share in it
    leak_share: float = 0.93  # share of trials in which the face leaks; the rest show a tenth
    upper_leak: float = 1.0  # factor on the action units of brow, eye and cheek
    lower_leak: float = 1.0  # factor on those of nose, mouth and chin
    left_leak: float = 1.0  # factor on the side of the face that is left in the picture
    right_leak: float = 1.0  # factor on the other
    asymmetry: float = 0.3  # largest one-sidedness by chance, 0 none .. 1 one side only
    au_share: float = 0.9  # probability that an action unit of the emotion takes part
    blend_share: float = 0.65  # share of trials that show another emotion of like valence
    stray_au: float = 0.25  # probability of one unrelated weak action unit
    apex: str = "middle"  # or "casme3_a", "mmme": the published distribution of its position
    apex_position: float = 0.5  # of "middle": mean apex, 0 first frame .. 1 last frame
    apex_spread: float = 0.08  # of "middle": its standard deviation over trials
    blinks_per_min: float = 0.0  # /min
    head_drift_mm: float = 0.6  # head displacement over the clip, standard deviation in mm
    head_pose_mm: float = 3.0  # where the head is at the onset, standard deviation in mm
    light_change: float = 0.0  # log standard deviation of the exposure, onset to offset
    frame_noise: float = 0.010  # standard deviation a pixel, picture range 0..1
    depth_noise_mm: float = 1.0  # standard deviation a pixel at 700 mm
    depth_holes: float = 0.5  # share of pixels lost at steep edges
    depth_gain_jumps_mm: float = 0.0  # standard deviation of a frame's common offset at 700 mm
    # Body
    signals: tuple[str, ...] = ("EDA", "ECG", "PPG")  # which are recorded, in this order
    ps_sfreq: float = 200.0  # Hz
    ps_duration_s: float = 10.0  # s, length of the window
    ps_before_s: float = 3.0  # s of the window before the first frame
    ps_noise: float = 1.0  # factor on sensor noise, wander, mains and spontaneous responses
    ps_wander: float = 1.0  # factor on baseline wander alone
    ps_mains: float = 1.0  # factor on mains hum alone
    ps_mains_hz: float = 50.0  # Hz
    ps_spontaneous: float = 1.0  # factor on spontaneous skin conductance responses alone
    ps_motion_per_min: float = 0.0  # bursts a minute
    ps_dropout_per_min: float = 0.0  # drop-outs a minute; the last value is held
    ps_saturation: float = 0.0  # share of the signal's range that the sensor cuts
    eeg: str = "none"  # montage: "none", "10-20" (19 channels) or "62"
    eeg_sfreq: float = 1000.0  # Hz
    # What the emotion does
    arousal_gain: float = 1.0  # factor on every bodily response
    arousal_spread: float = 0.13  # standard deviation of a trial's arousal around its emotion's
    valence_gain: float = 1.0  # factor on what follows valence, the EEG's asymmetry above all
    specificity: float = 0.0  # 0 the body follows arousal .. 1 it answers each emotion in its way
    overlap: float = 0.0  # 0 face tells valence, body arousal .. 1 both tell both
    # People
    subject_spread: float = 0.2  # log standard deviation of expressivity and responsiveness
    idiosyncrasy: float = 0.0  # 0 all alike .. 1 own action units and own bodily responses
    # Labels and gaps
    class_balance: tuple[tuple[str, float], ...] = ()  # (class or emotion, weight); () is even
    class_by_subject: float = 0.0  # 0 everyone has all classes .. 1 everyone has one only
    missing_colour: float = 0.0  # probability that a trial lacks it
    missing_depth: float = 0.0
    missing_ps: float = 0.0
    missing_eeg: float = 0.0
    label_noise: float = 0.0  # probability that the label is another class than the true one

    def __post_init__(self) -> None:
        for name, (low, high, unit) in _RANGES.items():
            _check_number(name, getattr(self, name), low, high, unit)
        for name, known in _CHOICES.items():
            if getattr(self, name) not in known:
                raise MepsError(
                    f"Scenario.{name} must be one of {', '.join(map(repr, known))}, "
                    f"got {getattr(self, name)!r}"
                )
        object.__setattr__(self, "signals", _signals(self.signals))
        object.__setattr__(self, "class_balance", _balance(self.class_balance))
        if self.ps_before_s >= self.ps_duration_s:
            raise MepsError(
                f"Scenario.ps_before_s must be below ps_duration_s, so that the window reaches "
                f"the clip; got {self.ps_before_s} s of {self.ps_duration_s} s"
            )

    @classmethod
    def preset(cls, name: str, **dials: Any) -> Scenario:
        """A named scenario, with single dials changed.

        Parameters
        ----------
        name : str
            "default", "ideal", "casme3_c", "mmme", "early_apex", "noisy_depth",
            "silent_face" or "silent_body"; `meps_lib.simulate.presets` says what each is.
        **dials
            Dials to set on top of the preset. Setting `apex_position` or `apex_spread` sets
            `apex` to "middle", which reads them; `duration_s` or `duration_spread_s` likewise
            sets `duration`.

        Raises
        ------
        MepsError
            If the name or a dial is unknown; the message lists those known.

        Examples
        --------
        >>> Scenario.preset("silent_face", size=128).size
        128
        """
        if not isinstance(name, str) or name not in PRESETS:
            raise MepsError(f"unknown scenario {name!r}; known are {', '.join(PRESETS)}")
        known = [f.name for f in fields(cls)]
        unknown = sorted(set(dials) - set(known))
        if unknown:
            raise MepsError(f"unknown dials {unknown}; known are {', '.join(known)}")
        if {"apex_position", "apex_spread"} & set(dials):
            dials = {"apex": "middle", **dials}
        if {"duration_s", "duration_spread_s"} & set(dials):
            dials = {"duration": "log-normal", **dials}
        return replace(cls(), **{**PRESETS[name], **dials})


def _check_number(name: str, value: Any, low: float, high: float, unit: str) -> None:
    if name == "n_frames" and value is None:
        return
    whole = name in _COUNTS
    number = isinstance(value, Integral if whole else Real) and not isinstance(value, bool)
    if not (number and isfinite(value) and low <= value <= high):
        raise MepsError(
            f"Scenario.{name} must be a {'whole ' * whole}number "
            f"from {low} to {high}{' ' * bool(unit)}{unit}, got {value!r}"
        )


def _signals(value: Any) -> tuple[str, ...]:
    names = tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else ()
    if not names or not set(names) <= set(SIGNALS) or len(set(names)) < len(names):
        raise MepsError(
            f"Scenario.signals must be one or more different names of {', '.join(SIGNALS)}, "
            f"got {value!r}"
        )
    return names


def _balance(value: Any) -> tuple[tuple[str, float], ...]:
    try:
        pairs = tuple((str(name), float(weight)) for name, weight in value)
    except (TypeError, ValueError):
        pairs = ((repr(value), 0.0),)
    names = [name for name, _ in pairs]
    if (
        not set(names) <= set(BALANCED_NAMES)
        or len(set(names)) < len(names)
        or not all(isfinite(weight) and weight > 0 for _, weight in pairs)
    ):
        raise MepsError(
            "Scenario.class_balance must be pairs (name, weight above 0), each name once and one "
            f"of {', '.join(BALANCED_NAMES)}; got {value!r}"
        )
    return pairs
