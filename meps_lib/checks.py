"""What makes a trial valid: the checks that `Trial` runs when it is made."""

from itertools import pairwise
from math import isfinite

import torch
from torch import Tensor

from meps_lib.errors import MepsError


def validate(trial) -> None:
    """Check every field of a `Trial` against its docstring; called on construction.

    Raises
    ------
    MepsError
        Naming the clip, what was got, what was expected and what to do.
    """
    _check_types(trial)
    if not trial.modalities:
        raise _error(trial, "no modality", "colour, depth, ps, eeg or flow", "give at least one")
    for name, channels in (("colour", 3), ("depth", 1)):
        if getattr(trial, name) is not None:
            _check_video(trial, name, channels)
    if trial.colour is not None and trial.depth is not None:
        have, want = trial.depth.shape, trial.colour.shape
        if (have[0], *have[2:]) != (want[0], *want[2:]):
            raise _error(
                trial,
                f"depth of {have[0]} frames, {have[3]} x {have[2]} pixels",
                f"those of colour: {want[0]} frames, {want[3]} x {want[2]} pixels",
                "align and resize depth to the colour frames first",
            )
    for name in ("ps", "eeg"):
        if getattr(trial, name) is not None:
            _check_signals(trial, name)
    if trial.flow is not None:
        _check_flow(trial)
    _check_frames(trial)
    if trial.times is not None:
        _check_times(trial)


def _error(trial, got: str, expected: str, remedy: str) -> MepsError:
    return MepsError(f"trial {trial.clip!r}: got {got}; expected {expected}; {remedy}")


_NUMBER, _NAMES, _TEXT = "a finite number", "a tuple of str", "str"
_TYPES = {
    **dict.fromkeys(("label", "subject", "clip"), _TEXT),
    **dict.fromkeys(("start", "ps_start", "eeg_start"), _NUMBER),
    **dict.fromkeys(("fps", "ps_sfreq", "eeg_sfreq"), f"{_NUMBER} or None"),
    **dict.fromkeys(("ps_names", "ps_units", "eeg_names", "eeg_units"), _NAMES),
    **dict.fromkeys(("onset", "apex", "offset"), "a whole number or None"),
}


def _check_types(trial) -> None:
    for name, want in _TYPES.items():
        x = getattr(trial, name)
        number = isinstance(x, (int, float)) and not isinstance(x, bool) and isfinite(x)
        fits = {
            _TEXT: isinstance(x, str) and x != "",
            _NUMBER: number,
            f"{_NUMBER} or None": x is None or number,
            _NAMES: isinstance(x, tuple) and all(isinstance(s, str) for s in x),
            "a whole number or None": x is None or (number and isinstance(x, int)),
        }[want]
        if not fits:
            raise _error(trial, f"{name}={x!r}", want, "convert it")


def _check_video(trial, name: str, channels: int) -> None:
    video = getattr(trial, name)
    shape = f"(T, {channels}, H, W) float32"
    if not isinstance(video, Tensor):
        raise _error(trial, f"{name} as {type(video).__name__}", f"a tensor {shape}", "convert")
    if video.dtype != torch.float32 or video.ndim != 4 or video.shape[1] != channels:
        got = f"{name} of shape {tuple(video.shape)}, {video.dtype}"
        raise _error(trial, got, shape, "permute and convert")
    if 0 in video.shape:
        raise _error(trial, f"{name} of shape {tuple(video.shape)}", "at least one frame", "")
    if not trial.fps or not 0 < trial.fps < 10_000:
        raise _error(trial, f"fps={trial.fps!r} with video", "a rate in Hz", "pass fps=")
    if name == "colour" and not (video.min() >= 0 and video.max() <= 1):  # NaN fails too
        lo, hi = float(video.min()), float(video.max())
        raise _error(trial, f"colour in [{lo:g}, {hi:g}]", "[0, 1]", "divide by 255?")
    if name == "depth":
        seen = video[~video.isnan()]
        if seen.numel() == 0:
            raise _error(trial, "depth that is all NaN", "some pixels in mm", "pass depth=None")
        if not (seen.min() > 0 and seen.max() < 100_000):
            raise _error(
                trial,
                f"depth in [{float(seen.min()):g}, {float(seen.max()):g}] mm",
                "more than 0 and less than 100,000 mm, NaN where missing",
                "check the unit",
            )


def _check_signals(trial, name: str) -> None:
    x = getattr(trial, name)
    names, units = getattr(trial, f"{name}_names"), getattr(trial, f"{name}_units")
    sfreq = getattr(trial, f"{name}_sfreq")
    if not isinstance(x, Tensor) or x.dtype != torch.float32 or x.ndim != 2 or 0 in x.shape:
        got = f"{name} {tuple(x.shape)} {x.dtype}" if isinstance(x, Tensor) else str(type(x))
        raise _error(trial, got, "a tensor (channels, samples) float32", "convert")
    if not len(x) == len(names) == len(units):
        got = f"{len(x)} rows of {name}, {len(names)} names, {len(units)} units"
        raise _error(trial, got, "as many names and units as rows", "name each row")
    if len(set(names)) < len(names):
        raise _error(trial, f"{name}_names {names}", "different names", "rename")
    if not sfreq or not 0 < sfreq < 1e6:
        raise _error(trial, f"{name}_sfreq={sfreq!r}", "a rate in Hz", f"pass {name}_sfreq=")
    bad = ~x.isfinite()
    if bad.any():
        row, sample = (int(i) for i in bad.nonzero()[0])
        got = f"a non-finite sample in {names[row]} at {sample} ({sample / sfreq:.3f} s)"
        raise _error(trial, got, "finite samples", "clean the recording or drop the channel")


def _check_flow(trial) -> None:
    flow = trial.flow
    shape = "a tensor (S, 3, H, W) float32: u, v, strain"
    if not isinstance(flow, Tensor):
        raise _error(trial, f"flow as {type(flow).__name__}", shape, "convert")
    if flow.dtype != torch.float32 or flow.ndim != 4 or flow.shape[1] != 3 or 0 in flow.shape:
        raise _error(trial, f"flow of shape {tuple(flow.shape)}, {flow.dtype}", shape, "permute")
    if not flow.isfinite().all():
        step = int((~flow.isfinite()).flatten(1).any(1).nonzero()[0])
        raise _error(
            trial, f"flow with NaN or infinity in step {step}", "finite numbers", "mend it"
        )


def _check_frames(trial) -> None:
    marks = [(n, getattr(trial, n)) for n in ("onset", "apex", "offset")]
    marks = [(n, v) for n, v in marks if v is not None]
    got = ", ".join(f"{n}={v}" for n, v in marks)
    if any(not 0 <= v < max(trial.n_frames, 1) for _, v in marks):
        raise _error(trial, got, f"frame indices 0 to {trial.n_frames - 1}", "count from the clip")
    if sorted(v for _, v in marks) != [v for _, v in marks]:
        raise _error(trial, got, "onset <= apex <= offset", "repair or drop the annotation")


def _check_times(trial) -> None:
    rising = all(a <= b for a, b in pairwise(trial.times))  # a short clip's frames are repeated
    if len(trial.times) != trial.n_frames or trial.times[:1] != (0,) or not rising:
        got = f"{len(trial.times)} times for {trial.n_frames} frames, {trial.times[:3]} ..."
        raise _error(trial, got, "one a frame, rising from 0 s", "take the recording's stamps")
