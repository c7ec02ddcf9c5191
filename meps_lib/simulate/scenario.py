"""The dials of the simulator, each with its unit and its range."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from math import isfinite
from numbers import Integral, Real

from meps_lib.errors import MepsError

_PRESETS: dict[str, dict[str, float]] = {
    # Nothing in the way: every micro-expression leaks, no noise, one way to respond.
    "ideal": {
        "leak_share": 1.0,
        "au_share": 1.0,
        "blend_share": 0.0,
        "frame_noise": 0.0,
        "depth_noise_mm": 0.0,
        "depth_holes": 0.0,
        "ps_noise": 0.0,
        "arousal_spread": 0.0,
        "stray_au": 0.0,
    },
    # The apex where CAS(ME)^3 Part A has it: median .28, quartiles .18-.42.
    "early_apex": {"apex_position": 0.29, "apex_spread": 0.12},
    "noisy_depth": {"depth_noise_mm": 6.0, "depth_holes": 0.9},
    "silent_face": {"me_intensity": 0.0, "stray_au": 0.0},
    "silent_body": {"arousal_gain": 0.0},
}

_RANGES: dict[str, tuple[float, float, str]] = {
    "size": (16, 512, "px"),
    "n_frames": (3, 1000, "frames"),
    "fps": (1, 1000, "Hz"),
    "me_intensity": (0, 1, ""),
    "me_spread": (0, 2, ""),
    "leak_share": (0, 1, ""),
    "au_share": (0, 1, ""),
    "blend_share": (0, 1, ""),
    "stray_au": (0, 1, ""),
    "apex_position": (0, 1, ""),
    "apex_spread": (0, 0.5, ""),
    "head_drift_mm": (0, 20, "mm"),
    "frame_noise": (0, 1, ""),
    "depth_noise_mm": (0, 100, "mm"),
    "depth_holes": (0, 1, ""),
    "ps_sfreq": (125, 2000, "Hz"),
    "ps_duration_s": (2, 600, "s"),
    "ps_before_s": (0, 600, "s"),
    "ps_noise": (0, 100, ""),
    "arousal_gain": (0, 10, ""),
    "arousal_spread": (0, 2, ""),
    "subject_spread": (0, 2, ""),
}


@dataclass(frozen=True)
class Scenario:
    """What is easy and what is hard about a simulated cohort.

    Defaults are tuned so that the face alone and the body alone each fall short and both
    together do well: with features near the truth and a logistic regression, leaving one
    subject out, a test holds UAR near .75, .6 and .85 for three classes.

    Raises
    ------
    MepsError
        If a dial is out of its range; the message names the dial.

    Examples
    --------
    >>> Scenario.preset("early_apex").apex_position
    0.29
    """

    # Camera
    size: int = 64  # px, side of the square picture
    n_frames: int = 16  # frames from onset to offset
    fps: float = 30.0  # Hz
    # Face
    me_intensity: float = 0.45  # apex intensity of a typical ME, fraction of a full action unit
    me_spread: float = 0.25  # log standard deviation of that intensity over trials
    leak_share: float = 0.93  # share of trials in which the face leaks; the rest show a tenth
    au_share: float = 0.9  # probability that an action unit of the emotion takes part
    blend_share: float = 0.65  # share of trials that show another emotion of like valence
    stray_au: float = 0.25  # probability of one unrelated weak action unit
    apex_position: float = 0.5  # mean apex, 0 first frame .. 1 last frame
    apex_spread: float = 0.08  # its standard deviation over trials
    head_drift_mm: float = 0.6  # head displacement over the clip, standard deviation in mm
    frame_noise: float = 0.010  # standard deviation a pixel, picture range 0..1
    depth_noise_mm: float = 1.0  # standard deviation a pixel at 700 mm
    depth_holes: float = 0.5  # share of pixels lost at steep edges
    # Body
    ps_sfreq: float = 200.0  # Hz
    ps_duration_s: float = 10.0  # s, length of the window
    ps_before_s: float = 3.0  # s of the window before the first frame
    ps_noise: float = 1.0  # factor on sensor noise, wander and spontaneous responses
    arousal_gain: float = 1.0  # factor on every bodily response
    arousal_spread: float = 0.13  # standard deviation of a trial's arousal around its emotion's
    # People
    subject_spread: float = 0.2  # log standard deviation of expressivity and responsiveness

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            low, high, unit = _RANGES[f.name]
            kind = Integral if f.name in ("size", "n_frames") else Real
            number = isinstance(value, kind) and not isinstance(value, bool)
            if not (number and isfinite(value) and low <= value <= high):
                raise MepsError(
                    f"Scenario.{f.name} must be a {'whole ' * (kind is Integral)}number "
                    f"from {low} to {high}{' ' * bool(unit)}{unit}, got {value!r}"
                )
        if self.ps_before_s >= self.ps_duration_s:
            raise MepsError(
                f"Scenario.ps_before_s must be below ps_duration_s, so that the window reaches "
                f"the clip; got {self.ps_before_s} s of {self.ps_duration_s} s"
            )

    @classmethod
    def preset(cls, name: str, **dials: float) -> Scenario:
        """A named scenario, with single dials changed.

        Parameters
        ----------
        name : str
            "default", "ideal", "early_apex", "noisy_depth", "silent_face" or "silent_body".
        **dials
            Dials to set on top of the preset.

        Raises
        ------
        MepsError
            If the name or a dial is unknown; the message lists those known.

        Examples
        --------
        >>> Scenario.preset("silent_face", size=128).size
        128
        """
        known = {"default": {}, **_PRESETS}
        if name not in known:
            raise MepsError(f"unknown scenario {name!r}; known are {', '.join(known)}")
        unknown = sorted(set(dials) - set(_RANGES))
        if unknown:
            raise MepsError(f"unknown dials {unknown}; known are {', '.join(_RANGES)}")
        return replace(cls(), **{**known[name], **dials})
