"""The dials of the simulator: default, range, unit and meaning of each."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from meps_lab.simulate.body.physiology import NAMES, SIGNALS
from meps_lab.simulate.presets import PRESETS
from meps_lab.simulate.ranges import FRAMES, balance_of, choice, dial, setting, signals_of
from meps_lib.arguments import one_of
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

    # Camera. A spread is a standard deviation.
    size: int = dial(64, 16, 512, "px")  # side of the square picture
    n_frames: int | None = dial(None, *FRAMES, "frames")  # overrules duration; None: as that says
    fps: float = dial(30.0, 1, 1000, "Hz")  # of the camera
    duration: str = choice("log-normal", "mmme")  # the last as published; held to 3..1000 frames
    duration_s: float = dial(0.5, 0.02, 30, "s")  # from onset to offset, of "log-normal": mean
    duration_spread_s: float = dial(0.0, 0, 10, "s")  # its spread over trials
    # Face
    me_intensity: float = dial(0.45, 0, 1)  # of a typical apex, fraction of a full action unit
    me_spread: float = dial(0.25, 0, 2)  # log standard deviation of that intensity over trials
    au_spread: float = dial(0.2, 0, 2)  # log standard deviation of an action unit's share in it
    leak_share: float = dial(0.93, 0, 1)  # share of trials in which it leaks; the rest show a tenth
    upper_leak: float = dial(1.0, 0, 1)  # factor on the action units of brow, eye and cheek
    lower_leak: float = dial(1.0, 0, 1)  # factor on those of nose, mouth and chin
    left_leak: float = dial(1.0, 0, 1)  # factor on the motion of the side left in the picture
    right_leak: float = dial(1.0, 0, 1)  # factor on the other's
    asymmetry: float = dial(0.3, 0, 1)  # largest one-sidedness by chance, 0 none .. 1 one side only
    au_share: float = dial(0.9, 0, 1)  # probability that an action unit of the emotion takes part
    blend_share: float = dial(0.65, 0, 1)  # share of trials whose shown emotion is drawn anew among
    # those of like valence, itself included: by default a third of all show another one
    stray_au: float = dial(0.25, 0, 1)  # probability of one unrelated weak action unit
    apex: str = choice("middle", "casme3_a", "mmme")  # the last two as published
    apex_position: float = dial(0.5, 0, 1)  # of "middle": mean apex, 0 first frame .. 1 last frame
    apex_spread: float = dial(0.08, 0, 0.5)  # of "middle": its standard deviation over trials
    blinks_per_min: float = dial(0.0, 0, 60, "/min")  # of the lids, in frames and EEG
    head_drift_mm: float = dial(0.6, 0, 20, "mm")  # displacement over the clip, standard deviation
    head_pose_mm: float = dial(3.0, 0, 20, "mm")  # place at the onset, standard deviation
    light_change: float = dial(0.0, 0, 1)  # log standard deviation of the exposure, onset to offset
    frame_noise: float = dial(0.010, 0, 1)  # standard deviation a pixel, picture range 0..1
    depth_noise_mm: float = dial(1.0, 0, 100, "mm")  # standard deviation a pixel at 700 mm
    depth_holes: float = dial(0.5, 0, 1)  # share of pixels lost at steep edges
    depth_gain_jumps_mm: float = dial(0.0, 0, 100, "mm")  # spread of a frame's offset at 700 mm
    # Body
    signals: tuple[str, ...] = setting(NAMES, signals_of)  # which are recorded, in this order
    ps_sfreq: float = dial(200.0, 125, 2000, "Hz")  # of every signal but the EEG
    ps_duration_s: float = dial(10.0, 2, 600, "s")  # of the window, which reaches the clip's end
    ps_before_s: float = dial(3.0, 0, 600, "s")  # of the window before the first frame
    # A factor on noise, wander, mains, spontaneous responses and the EEG's muscle activity:
    ps_noise: float = dial(1.0, 0, 100)  # on all of them; the next ones on a single one
    ps_wander: float = dial(1.0, 0, 100)  # factor on baseline wander alone
    ps_mains: float = dial(1.0, 0, 100)  # factor on mains hum alone
    ps_mains_hz: float = dial(50.0, 45, 65, "Hz")  # of the hum
    ps_spontaneous: float = dial(1.0, 0, 100)  # factor on spontaneous skin responses alone
    ps_worse: str = choice("none", *SIGNALS)  # one signal whose sensor is worse than the others'
    ps_worse_by: float = dial(10.0, 0, 1000)  # factor on its noise and its wander
    ps_motion_per_min: float = dial(0.0, 0, 60, "/min")  # bursts a minute
    ps_dropout_per_min: float = dial(0.0, 0, 60, "/min")  # losses a minute; the last value is held
    ps_saturation: float = dial(0.0, 0, 0.9)  # share of the signal's range that the sensor cuts
    eeg: str = choice("none", "10-20", "62")  # montage; "10-20" has 19 channels
    eeg_sfreq: float = dial(1000.0, 125, 2000, "Hz")  # of the EEG
    # What the emotion does
    arousal_gain: float = dial(1.0, 0, 10)  # factor on every bodily response
    arousal_spread: float = dial(0.13, 0, 2)  # of a trial around its emotion's, standard deviation
    valence_gain: float = dial(1.0, 0, 10)  # factor on what follows valence, mostly EEG asymmetry
    specificity: float = dial(0.0, 0, 1)  # 0 the body follows arousal .. 1 each emotion in its way
    overlap: float = dial(0.0, 0, 1)  # 0 face tells valence, body arousal .. 1 both tell both
    # People
    subject_spread: float = dial(0.2, 0, 2)  # log spread of expressivity and of responsiveness
    idiosyncrasy: float = dial(0.0, 0, 1)  # 0 all alike .. 1 own action units, own bodily responses
    # Labels and gaps; a balance is made of pairs (class or emotion, weight)
    class_balance: tuple[tuple[str, float], ...] = setting((), balance_of)  # () is even
    class_by_subject: float = dial(0.0, 0, 1)  # 0 all classes for everyone .. 1 one only
    missing_colour: float = dial(0.0, 0, 1)  # probability that a trial lacks it
    missing_depth: float = dial(0.0, 0, 1)
    missing_ps: float = dial(0.0, 0, 1)
    missing_eeg: float = dial(0.0, 0, 1)
    label_noise: float = dial(0.0, 0, 1)  # probability that a label is not the true class

    def __post_init__(self) -> None:
        for f in fields(self):
            kept = f.metadata["keep"](f"Scenario.{f.name}", getattr(self, f.name))
            object.__setattr__(self, f.name, kept)
        self._check_times()

    def _check_times(self) -> None:
        """Refuse clips too short or too long, and a window that misses them."""
        published = self.duration == "mmme"
        name, mean_s = ("duration", _MMME_S) if published else ("duration_s", self.duration_s)
        frames = self.n_frames or round(mean_s * self.fps) + 1
        low, high = FRAMES
        if not low <= frames <= high:
            raise MepsError(
                f"Scenario.{name} is {mean_s:g} s on average, {frames} frames at fps={self.fps:g}; "
                f"a clip has {low} to {high}, so change it or fps, or give n_frames"
            )
        clip_s = (frames - 1) / self.fps
        if clip_s > self.ps_duration_s - self.ps_before_s:
            raise MepsError(
                f"Scenario.ps_duration_s is {self.ps_duration_s:g} s, of which {self.ps_before_s:g}"
                f" s (Scenario.ps_before_s) lie before the clip; a clip of {frames} frames at "
                f"fps={self.fps:g} lasts {clip_s:g} s, so ask for a longer window, less before the "
                "clip or a shorter clip"
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
        one_of("scenario", name, tuple(PRESETS))
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
