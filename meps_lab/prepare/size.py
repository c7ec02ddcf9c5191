"""From any trial to one of the common size: frames sampled, signals resampled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.nn.functional import interpolate

from meps_lab.bands import band_steps
from meps_lib.arguments import number, one_of, refuse_idle, whole
from meps_lib.errors import MepsError
from meps_lib.signals.rates import polyphase
from meps_lib.signals.recording import RATES, Recording
from meps_lib.trial import MODALITIES, Trial
from meps_lib.video.denoise import DEPTH_STEPS
from meps_lib.video.depth_crops import shrink_depth
from meps_lib.video.flow import FLOW_METHODS
from meps_lib.video.motion import with_flow
from meps_lib.video.sampling import sample_frames


@dataclass(frozen=True)
class PrepareConfig:
    """The common size of a trial; every field is a choice (ledger: frames-per-clip, image-size)."""

    n_frames: int = 8  # T, spread evenly over the clip: first, last and a known apex included
    size: int = 48  # pixels a side
    ps_sfreq: float = 64.0  # Hz
    ps_names: tuple[str, ...] = ("EDA", "ECG", "PPG")  # which signals, in which order
    ps_context_s: float | None = None  # s of the signals before and after a clip; None: all there
    depth_steps: tuple[str, ...] = ()  # of `meps_lib.video.denoise`, in this order
    flow_size: int = 28  # pixels a side of the map of flow and strain
    flow_method: str = "tvl1"  # or "dis", ten times faster
    flow_steps: int = 1  # maps: one from onset to apex, or so many from onset to offset
    flow_levels: bool = False  # maps made here in grey levels, 0-255, as ready-made ones are
    eeg_bands: bool = False  # log power of five bands, second by second, in place of the EEG
    eeg_last_s: int = 40  # s of them at most, the last of a trial

    def __post_init__(self) -> None:
        object.__setattr__(self, "ps_names", tuple(self.ps_names))
        object.__setattr__(self, "depth_steps", tuple(self.depth_steps))
        for step in self.depth_steps:
            one_of("depth_steps", step, tuple(DEPTH_STEPS))
        if self.ps_context_s is not None:
            number("ps_context_s", self.ps_context_s, 0, 3600, " s")
        whole("flow_steps", self.flow_steps, 1)
        whole("eeg_last_s", self.eeg_last_s, 1)
        for name in ("eeg_bands", "flow_levels"):
            if not isinstance(getattr(self, name), bool):
                raise MepsError(f"{name}={getattr(self, name)!r}; expected True or False")
        if not self.eeg_bands:
            refuse_idle(self, {"eeg_last_s": "eeg_bands is off"})
        rate = RATES[0] <= self.ps_sfreq <= RATES[1]
        names = self.ps_names and len(set(self.ps_names)) == len(self.ps_names)
        if self.n_frames < 1 or self.size < 8 or not rate or not names:
            raise MepsError(f"{self}; expected n_frames >= 1, size >= 8, a rate, signals each once")
        if self.flow_size < 8 or self.flow_method not in FLOW_METHODS:
            raise MepsError(
                f"flow_size={self.flow_size}, flow_method={self.flow_method!r}; expected 8 or more "
                f"pixels and one of {', '.join(FLOW_METHODS)}"
            )


def prepare(
    trial: Trial, config: PrepareConfig | None = None, modalities: Sequence[str] | None = None
) -> Trial:
    """Bring one trial to the common size.

    Parameters
    ----------
    trial : Trial
        Of any length, frame size and rate.
    config : PrepareConfig, optional
    modalities : sequence of str, optional
        What to keep of the trial, the rest is dropped; all of it if None. With "flow", a trial
        that has colour and no ready-made map gets one, computed before the frames shrink.

    Returns
    -------
    Trial
        Colour (n_frames, 3, size, size) resized by area; depth likewise, each pixel the mean of
        those that were measured in its area; ``ps`` at ``ps_sfreq``, polyphase-filtered; ``eeg`` as
        it is, or the powers of its bands a second (`meps_lab.bands`). Clips
        shorter than `n_frames` keep their length. ``onset``, ``apex`` and ``offset`` move to the
        nearest kept frame. Of the truth only what does not depend on the frames is kept.

    Raises
    ------
    MepsError
        If a wanted signal is missing (the message names those that are there), if nothing is
        left of the trial, if a ready-made map of motion is of another size, or if a second of the
        EEG has no power in a band.

    Examples
    --------
    >>> clip = Trial(label="a", subject="1", clip="x", fps=30.0, apex=12,
    ...              colour=torch.zeros(25, 3, 64, 64))
    >>> small = prepare(clip)
    >>> tuple(small.colour.shape), small.apex
    ((8, 3, 48, 48), 3)
    """
    config = config or PrepareConfig()
    if trial.ps is not None and config.ps_context_s is not None:
        trial = _around(trial, config.ps_context_s)
    if trial.depth is not None:
        depth = trial.depth
        for step in config.depth_steps:
            depth = DEPTH_STEPS[step](depth, trial.colour)
        trial = replace(trial, depth=depth)
    if modalities is not None:
        if "flow" in modalities:
            how = config.flow_size, config.flow_method, config.flow_steps, config.flow_levels
            trial = with_flow(trial, *how)
        trial = keep_only(trial, modalities)
    changes: dict = {"truth": {k: v for k, v in trial.truth.items() if k in _SIZE_FREE.split()}}
    if trial.n_frames:
        n = min(config.n_frames, trial.n_frames)
        apex = trial.apex if n > 1 else None
        kept = sample_frames(trial.n_frames, n, keep=apex, times=trial.times)
        if trial.colour is not None:
            small = interpolate(trial.colour[kept], config.size, mode="area")
            changes["colour"] = small.clamp(0, 1)
        if trial.depth is not None:
            changes["depth"] = shrink_depth(trial.depth[kept], config.size)
        for mark in ("onset", "apex", "offset"):
            if (frame := getattr(trial, mark)) is not None:
                changes[mark] = int(np.abs(kept - frame).argmin())
        if n > 1:
            changes["fps"] = trial.fps * (n - 1) / max(trial.n_frames - 1, 1)
        if trial.times is not None:
            changes["times"] = tuple(trial.times[k] - trial.times[kept[0]] for k in kept)
    if trial.ps is not None:
        changes |= _signals(trial, config)
    if trial.eeg is not None and config.eeg_bands:
        about = trial.eeg_names, trial.eeg_units, trial.eeg_sfreq, f"trial {trial.clip!r}"
        bands = band_steps(Recording(trial.eeg.numpy(), *about, trial.eeg_start), config.eeg_last_s)
        changes |= {"eeg": torch.from_numpy(bands.signals.astype(np.float32))}
        changes |= {"eeg_names": bands.names, "eeg_units": bands.units}
        changes |= {"eeg_sfreq": bands.sfreq, "eeg_start": bands.start}
    return replace(trial, **changes)


def _around(trial: Trial, context_s: float) -> Trial:
    """The signals from so long before the first frame to so long after the last."""
    if not trial.n_frames:
        raise MepsError(
            f"trial {trial.clip!r} has no frames around which ps_context_s={context_s:g} could cut "
            "its signals; leave ps_context_s out"
        )
    clip_s = trial.seconds(trial.n_frames - 1) - trial.start
    ends = [(t - trial.ps_start) * trial.ps_sfreq for t in (-context_s, clip_s + context_s)]
    first, last = round(ends[0]), round(ends[1]) + 1
    if first < 0 or last > trial.ps.shape[1]:
        there = trial.ps_start, trial.ps_start + trial.ps.shape[1] / trial.ps_sfreq
        raise MepsError(
            f"trial {trial.clip!r}: ps_context_s={context_s:g} asks for signals from {-context_s:g}"
            f" to {clip_s + context_s:.2f} s of its first frame; those there are from "
            f"{there[0]:.2f} to {there[1]:.2f} s"
        )
    start = trial.ps_start + first / trial.ps_sfreq
    return replace(trial, ps=trial.ps[:, first:last], ps_start=start)


_SIZE_FREE = "valence arousal emotion shown leaked beat_times pulse_times scr_onsets"


def _signals(trial: Trial, config: PrepareConfig) -> dict:
    if missing := [n for n in config.ps_names if n not in trial.ps_names]:
        raise MepsError(
            f"trial {trial.clip!r} lacks {', '.join(missing)}; it has "
            f"{', '.join(trial.ps_names)}: set ps_names (--signals) to what is there"
        )
    rows = [trial.ps_names.index(n) for n in config.ps_names]
    ps = trial.ps[rows]
    if trial.ps_sfreq != config.ps_sfreq:
        x = polyphase(ps.numpy(), trial.ps_sfreq, config.ps_sfreq)
        ps = torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32))
    return {
        "ps": ps,
        "ps_names": config.ps_names,
        "ps_units": tuple(trial.ps_units[r] for r in rows),
        "ps_sfreq": config.ps_sfreq,
    }


def keep_only(trial: Trial, modalities: Sequence[str]) -> Trial:
    """A trial without its other modalities."""
    dropped = {m: None for m in MODALITIES if m not in modalities}
    filmed = [m for m in ("colour", "depth") if getattr(trial, m) is not None]
    if set(filmed) <= set(dropped):  # no frames left for the marks to point at
        dropped |= {"onset": None, "apex": None, "offset": None}
    return replace(trial, **dropped)
