"""What a dial may be set to, and in which one form a setting is kept.

Equal settings are made equal to the letter (30 and 30.0, a list and a tuple), since the letters
name the folder that a cohort is kept in.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

from meps_lab.simulate.body.physiology import SIGNALS
from meps_lab.simulate.checks import check_names
from meps_lib.arguments import number, whole
from meps_lib.errors import MepsError
from meps_lib.labels import EMOTIONS

# Dial: lowest, highest, unit. What has no unit is a share, a probability or a factor.
RANGES: dict[str, tuple[float, float, str]] = {
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
CHOICES = {
    "duration": ("log-normal", "mmme"),
    "apex": ("middle", "casme3_a", "mmme"),
    "eeg": ("none", "10-20", "62"),
}
_COUNTS = ("size", "n_frames")
BALANCED_NAMES = (*EMOTIONS, "negative", "positive")


def number_of(name: str, value: Any, low: float, high: float, unit: str) -> int | float | None:
    """A number of `RANGES`: an int where only whole ones are taken, else a float.

    Parameters
    ----------
    name : str
        Of the dial.
    value
        As it was set.
    low, high : float
    unit : str

    Raises
    ------
    MepsError
        If it is no number, or out of the range.
    """
    if name == "n_frames" and value is None:
        return None
    check, kept = (whole, int) if name in _COUNTS else (number, float)
    check(f"Scenario.{name}", value, low, high, f" {unit}" if unit else "")
    return kept(value) + 0  # and -0.0 is 0.0


def signals_of(value: Any) -> tuple[str, ...]:
    """Names of signals as a tuple; `MepsError` if one is unknown or there twice, or none is."""
    names = check_names("Scenario.signals", value, SIGNALS)
    if not names:
        raise MepsError(f"Scenario.signals names none; give one or more of {', '.join(SIGNALS)}")
    return names


def balance_of(value: Any) -> tuple[tuple[str, float], ...]:
    """Pairs (class or emotion, weight) as tuples; `MepsError` if they are anything else."""
    try:
        pairs = tuple((str(name), float(weight)) for name, weight in value)
    except (TypeError, ValueError, OverflowError):
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
