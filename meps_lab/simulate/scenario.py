"""The dials of the simulator, each with its unit; `ranges` holds what each may be set to."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from meps_lab.simulate.presets import PRESETS
from meps_lab.simulate.ranges import CHOICES, RANGES, balance_of, number_of, signals_of
from meps_lib.errors import MepsError

_MMME_S = 0.3817  # mean duration of "mmme", as published


@dataclass(frozen=True)
class Scenario:
    """What is easy and what is hard about a simulated cohort.

    Defaults are tuned so that the face alone and the body alone each fall short and both
    together do well: with features near the truth and a logistic regression, leaving one
    subject out, a test holds UAR near .75, .6 and .85 for three classes
    (`meps_lab.simulate.ceiling` computes it for any cohort).

    A clip lasts `n_frames` where that is given, and the duration dials, a preset's or a
    layout's too, are then not read; else it lasts as long as they say.

    Raises
    ------
    MepsError
        If a dial is out of its range, the clip would have fewer than 3 or more than 1000
        frames, or the signals' window does not reach its end; the message names the dial.

    Examples
    --------
    >>> Scenario.preset("early_apex").apex
    'casme3_a'
    >>> Scenario(frame_noise=-1)
    Traceback (most recent call last):
    meps_lib.errors.MepsError: Scenario.frame_noise=-1; expected a number, 0 to 1
    """

    # Camera
    size: int = 64  # px, side of the square picture
    n_frames: int | None = None  # frames of every clip, overruling duration; None: as it says
    fps: float = 30.0  # Hz
    duration: str = "log-normal"  # or "mmme", as published; draws are held to 3..1000 frames
    duration_s: float = 0.5  # s from onset to offset, of "log-normal": mean
    duration_spread_s: float = 0.0  # s, its standard deviation over trials
    # Face
    me_intensity: float = 0.45  # apex intensity of a typical ME, fraction of a full action unit
    me_spread: float = 0.25  # log standard deviation of that intensity over trials
    au_spread: float = 0.2  # log standard deviation of an action unit's share in it
    leak_share: float = 0.93  # share of trials in which the face leaks; the rest show a tenth
    upper_leak: float = 1.0  # factor on the action units of brow, eye and cheek
    lower_leak: float = 1.0  # factor on those of nose, mouth and chin
    left_leak: float = 1.0  # factor on the motion of the side that is left in the picture
    right_leak: float = 1.0  # factor on the other's
    asymmetry: float = 0.3  # largest one-sidedness by chance, 0 none .. 1 one side only
    au_share: float = 0.9  # probability that an action unit of the emotion takes part
    blend_share: float = 0.65  # share of trials whose shown emotion is drawn anew among
    # those of like valence, itself included: by default a third of all show another one
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
    ps_duration_s: float = 10.0  # s, length of the window, which reaches the clip's end
    ps_before_s: float = 3.0  # s of the window before the first frame
    ps_noise: float = 1.0  # factor on noise, wander, mains, spontaneous responses, EEG muscle
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
        clean: dict[str, Any] = {}
        for name, (low, high, unit) in RANGES.items():
            clean[name] = number_of(name, getattr(self, name), low, high, unit)
        for name, known in CHOICES.items():
            value = getattr(self, name)
            if not isinstance(value, str) or value not in known:
                raise MepsError(
                    f"Scenario.{name} must be one of {', '.join(map(repr, known))}, got {value!r}"
                )
            clean[name] = str(value)
        clean |= {
            "signals": signals_of(self.signals),
            "class_balance": balance_of(self.class_balance),
        }
        for name, value in clean.items():
            object.__setattr__(self, name, value)
        self._check_times()

    def _check_times(self) -> None:
        """Refuse clips too short or too long, and a window that misses them."""
        if self.ps_before_s >= self.ps_duration_s:
            raise MepsError(
                f"Scenario.ps_before_s must be below ps_duration_s, so that the window reaches "
                f"the clip; got {self.ps_before_s} s of {self.ps_duration_s} s"
            )
        name, mean_s = "duration_s", self.duration_s
        if self.duration == "mmme":
            name, mean_s = "duration", _MMME_S
        frames = self.n_frames or round(mean_s * self.fps) + 1
        low, high, _ = RANGES["n_frames"]
        if not low <= frames <= high:
            raise MepsError(
                f"Scenario.{name} is {mean_s:g} s on average, {frames} frames at fps={self.fps:g}; "
                f"a clip has {low} to {high}, so change it or fps, or give n_frames"
            )
        clip_s = (frames - 1) / self.fps
        if clip_s > self.ps_duration_s - self.ps_before_s:
            raise MepsError(
                f"Scenario.ps_duration_s is {self.ps_duration_s:g} s, of which {self.ps_before_s:g}"
                f" s lie before the clip; a clip of {frames} frames at fps={self.fps:g} lasts "
                f"{clip_s:g} s, so ask for a longer window or a shorter clip"
            )

    @classmethod
    def preset(cls, name: str, **dials: Any) -> Scenario:
        """A named scenario, with single dials changed.

        Parameters
        ----------
        name : str
            "default", "ideal", "casme3_c", "mmme", "early_apex", "noisy_depth",
            "silent_face" or "silent_body"; `meps_lab.simulate.presets` says what each is.
        **dials
            Dials to set on top of the preset, as `turned` takes them.

        Raises
        ------
        MepsError
            If the name is unknown, in which case the message lists those known, or for what
            `turned` refuses.

        Examples
        --------
        >>> Scenario.preset("silent_face", size=128).size
        128
        """
        if not isinstance(name, str) or name not in PRESETS:
            raise MepsError(f"unknown scenario {name!r}; known are {', '.join(PRESETS)}")
        return replace(cls(), **PRESETS[name]).turned(**dials)

    def turned(self, **dials: Any) -> Scenario:
        """This scenario with single dials changed, and with them what makes them count.

        Parameters
        ----------
        **dials
            Setting `apex_position` or `apex_spread` sets `apex` to "middle", which reads them;
            `duration_s` or `duration_spread_s` likewise sets `duration`. A given `n_frames`
            overrules the scenario's duration.

        Raises
        ------
        MepsError
            If a dial is unknown, in which case the message lists those known; if one is out of
            range; if both `n_frames` and a duration are given.

        Examples
        --------
        >>> Scenario.preset("mmme").turned(duration_s=0.3).duration
        'log-normal'
        """
        known = [f.name for f in fields(self)]
        unknown = sorted(set(dials) - set(known))
        if unknown:
            raise MepsError(f"unknown dials {unknown}; known are {', '.join(known)}")
        if {"apex_position", "apex_spread"} & set(dials):
            dials = {"apex": "middle", **dials}
        lasting = sorted({"duration", "duration_s", "duration_spread_s"} & set(dials))
        if lasting and dials.get("n_frames") is not None:
            raise MepsError(
                f"n_frames={dials['n_frames']!r} fixes how long a clip is, so {lasting[0]} would "
                "not be read; give one of them"
            )
        if lasting:
            dials = {"duration": "log-normal", **dials}
        return replace(self, **dials)
