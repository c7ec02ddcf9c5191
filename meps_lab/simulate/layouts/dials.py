"""Which dials of the simulator a layout has, and which its data set has fixed.

The camera's rate, the signals and their rates are what makes a layout that data set's, and no
set has labels that are wrong on purpose or trials without a modality. Such a dial is refused
by name, as is one that nothing in the files would show.
"""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral

from meps_lab.simulate.layouts.common import Layout
from meps_lab.simulate.scenario import Scenario
from meps_lab.simulate.timing import LONGEST_S
from meps_lib.errors import MepsError

_FACE = """
size n_frames duration duration_s duration_spread_s me_intensity me_spread au_spread leak_share
upper_leak lower_leak left_leak right_leak asymmetry au_share blend_share stray_au apex
apex_position apex_spread blinks_per_min head_drift_mm head_pose_mm light_change frame_noise
overlap class_balance class_by_subject
"""
_BODY = """
ps_noise ps_wander ps_mains ps_mains_hz ps_spontaneous ps_motion_per_min ps_dropout_per_min
ps_saturation arousal_gain valence_gain specificity
"""
_FIXED = """
fps signals ps_sfreq ps_duration_s ps_before_s eeg eeg_sfreq missing_colour missing_depth
missing_ps missing_eeg label_noise
"""
FACE, BODY, FIXED = (tuple(names.split()) for names in (_FACE, _BODY, _FIXED))
DEPTH = ("depth_noise_mm", "depth_holes", "depth_gain_jumps_mm")
PEOPLE = ("arousal_spread", "subject_spread", "idiosyncrasy")


def scenario_of(layout: Layout, dials: Mapping[str, object]) -> Scenario:
    """The layout's scenario with some of its dials set.

    Parameters
    ----------
    layout : Layout
    dials : mapping
        As `Scenario.turned` takes them.

    Returns
    -------
    Scenario

    Raises
    ------
    MepsError
        If a dial is unknown, fixed or without effect here, or out of range.

    Examples
    --------
    >>> from meps_lab.simulate.layouts import LAYOUTS
    >>> scenario_of(LAYOUTS["smic"], {"size": 32}).size
    32
    """
    scenario = layout.scenario()
    known = [name for name in vars(scenario) if name in layout.dials]
    unknown = sorted(set(dials) - set(vars(scenario)))
    if unknown:
        raise MepsError(f"unknown dials {unknown}; known are {', '.join(known)}")
    fixed = sorted(set(dials) - set(known))
    if fixed:
        raise MepsError(
            f"layout {layout.name} does not take the dials {fixed}: its data set fixes them, or "
            f"its files would not show them; it takes {', '.join(known)}"
        )
    scenario = scenario.turned(**dials)
    if layout.micro:
        _check_length(layout, scenario)
    return scenario


def check_subjects(layout: Layout, n_subjects: object) -> None:
    """Refuse more subjects than the data set has; what is no number is left to others."""
    if isinstance(n_subjects, Integral) and n_subjects > layout.most:
        raise MepsError(f"{layout.title} has {layout.most} subjects; got n_subjects={n_subjects}")


def _check_length(layout: Layout, scenario: Scenario) -> None:
    """What lasts longer than a micro-expression is none, and would be cut to one."""
    name, seconds = "duration_s", scenario.duration_s
    if scenario.n_frames:
        name, seconds = "n_frames", (scenario.n_frames - 1) / scenario.fps
    elif scenario.duration == "mmme":
        return
    if seconds > LONGEST_S:
        raise MepsError(
            f"{name}={getattr(scenario, name)} lasts {seconds:g} s at {scenario.fps:g} Hz; "
            f"a micro-expression of {layout.title} lasts at most {LONGEST_S} s"
        )
