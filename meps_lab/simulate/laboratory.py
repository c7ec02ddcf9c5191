"""What camera, depth sensor and electrodes make of a planned trial, and what was true."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from meps_lab.simulate.body.artefacts import Artefacts
from meps_lab.simulate.body.physiology import Episode, record
from meps_lab.simulate.face.sensor import sense_colour, sense_depth
from meps_lab.simulate.plan import Plan
from meps_lab.simulate.scenario import Scenario

_PLANNED = ("emotion", "valence", "arousal", "shown", "leaked", "apex", "aus")
_SCRS = ("scr_onsets", "scr_amplitudes", "scr_evoked")
_RECORDED = ("breath_phase", "beat_times", "pulse_times", *_SCRS, "blink_times")


def record_video(plan: Plan, rng: np.random.Generator, dials: Scenario) -> dict[str, Tensor]:
    """Pictures of a plan: `colour` (T, 3, H, W) in 0..1, `depth` and `clean_depth` in mm."""
    colour, clean_depth = plan.face.render()
    colour = sense_colour(colour, rng, dials.frame_noise)
    sensor = (dials.depth_noise_mm, dials.depth_holes, dials.depth_gain_jumps_mm)
    depth = sense_depth(clean_depth, rng, *sensor)
    return {"colour": colour, "depth": depth, "clean_depth": clean_depth}


def measure(
    plan: Plan, rng: np.random.Generator, dials: Scenario, eeg_names: tuple[str, ...] = ()
) -> Episode:
    """Signals of a plan, with EEG from these channels."""
    how = {"duration_s": dials.ps_duration_s, "sfreq": dials.ps_sfreq, "signals": dials.signals}
    how |= {"eeg_names": eeg_names, "eeg_sfreq": dials.eeg_sfreq, "lids": plan.lids}
    return record(plan.body, rng, plan.events, artefacts=artefacts_of(dials), **how)


def artefacts_of(dials: Scenario) -> Artefacts:
    """What a scenario says of the sensors."""
    noise = dials.ps_noise
    return Artefacts(
        sensor_noise=noise,
        baseline_wander=noise * dials.ps_wander,
        mains=noise * dials.ps_mains,
        mains_hz=dials.ps_mains_hz,
        motion_per_min=dials.ps_motion_per_min,
        dropout_per_min=dials.ps_dropout_per_min,
        saturation=dials.ps_saturation,
        spontaneous=noise * dials.ps_spontaneous,
        muscle=noise,
        blink_per_min=dials.blinks_per_min,
        worse="" if dials.ps_worse == "none" else dials.ps_worse,
        worse_by=dials.ps_worse_by,
    )


def truth_of(plan: Plan, body: Episode) -> dict[str, Any]:
    """The truth of a trial as `Trial.truth` holds it, all but `clean_depth`."""
    out = {name: getattr(plan, name) for name in _PLANNED}
    out |= {"au_intensity": plan.face.intensity, "flow": plan.face, "blink": plan.face.blink}
    out |= {name: getattr(body, name) for name in _RECORDED}
    out["clean_ps"] = as_float(body.clean_ps)
    if body.eeg is not None:
        out["clean_eeg"] = as_float(body.clean_eeg)
        out["band_power"] = as_float(body.band_power)
    return out


def as_float(x: np.ndarray) -> Tensor:
    """Float32 tensor of an array."""
    return torch.from_numpy(np.ascontiguousarray(x)).float()
