"""What camera, depth sensor and electrodes make of a planned trial, and what was true."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from meps_lab.simulate.body.artefacts import Artefacts
from meps_lab.simulate.body.physiology import Episode, record
from meps_lab.simulate.face.sensor import sense_colour, sense_depth
from meps_lab.simulate.plan import Plan
from meps_lab.simulate.scenario import Scenario


def film(plan: Plan, rng: np.random.Generator, dials: Scenario) -> dict[str, Tensor]:
    """Pictures of a plan: `colour` (T, 3, H, W) in 0..1, `depth` and `clean_depth` in mm."""
    colour, clean_depth = plan.face.render()
    return {
        "colour": sense_colour(colour, rng, dials.frame_noise),
        "depth": sense_depth(
            clean_depth, rng, dials.depth_noise_mm, dials.depth_holes,
            gain_jumps=dials.depth_gain_jumps_mm,
        ),
        "clean_depth": clean_depth,
    }  # fmt: skip


def measure(
    plan: Plan, rng: np.random.Generator, dials: Scenario, eeg_names: tuple[str, ...] = ()
) -> Episode:
    """Signals of a plan, with EEG from these channels."""
    return record(
        plan.body, rng, plan.events,
        duration_s=dials.ps_duration_s, sfreq=dials.ps_sfreq, signals=dials.signals,
        eeg_names=eeg_names, eeg_sfreq=dials.eeg_sfreq, artefacts=artefacts(dials),
        lids=plan.lids,
    )  # fmt: skip


def artefacts(dials: Scenario) -> Artefacts:
    """What a scenario says of the sensors."""
    noise = dials.ps_noise
    return Artefacts(
        sensor_noise=noise, baseline_wander=noise * dials.ps_wander, mains=noise * dials.ps_mains,
        mains_hz=dials.ps_mains_hz, motion_per_min=dials.ps_motion_per_min,
        dropout_per_min=dials.ps_dropout_per_min, saturation=dials.ps_saturation,
        spontaneous=noise * dials.ps_spontaneous,
        muscle=noise, blink_per_min=dials.blinks_per_min,
    )  # fmt: skip


def truth_of(plan: Plan, body: Episode) -> dict[str, Any]:
    """The truth of a trial as `Trial.truth` holds it, all but `clean_depth`."""
    face = plan.face
    out = {
        "emotion": plan.emotion, "valence": plan.valence, "arousal": plan.arousal,
        "shown": plan.shown, "leaked": plan.leaked,
        "apex": plan.apex, "aus": plan.aus, "au_intensity": face.intensity, "flow": face,
        "blink": np.zeros(len(face.intensity)) if face.blink is None else face.blink,
        "clean_ps": as_float(body.clean_ps), "breath_phase": body.breath_phase,
        "beat_times": body.beat_times, "pulse_times": body.pulse_times,
        "scr_onsets": body.scr_onsets, "scr_amplitudes": body.scr_amplitudes,
        "scr_evoked": body.scr_evoked, "blink_times": body.blink_times,
    }  # fmt: skip
    if body.eeg is not None:
        out["clean_eeg"] = as_float(body.clean_eeg)
        out["band_power"] = as_float(body.band_power)
    return out


def as_float(x: np.ndarray) -> Tensor:
    """Float32 tensor of an array."""
    return torch.from_numpy(np.ascontiguousarray(x)).float()
