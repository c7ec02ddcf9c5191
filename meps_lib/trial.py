"""`Trial` and `Batch`: the one shape in which data travels through the library.

A trial is one clip with what was recorded around it. Whatever was not recorded is
None, and what is missing inside a recording is NaN (depth holes) or masked (padding);
nothing is filled in silently.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from meps_lib.checks import validate
from meps_lib.errors import MepsError

MODALITIES = ("colour", "depth", "ps", "eeg", "flow")


@dataclass(kw_only=True)
class Trial:
    """One clip: video, physiology, label, and where it comes from.

    Parameters
    ----------
    label, subject, clip : str
        Class name, subject identifier, clip identifier (unique within a data set).
    colour : Tensor, optional
        Shape (T, 3, H, W), float32 in [0, 1], RGB.
    depth : Tensor, optional
        Shape (T, 1, H, W), float32, millimetres; NaN where the sensor saw nothing.
    fps : float, optional
        Frames a second; required with video. The mean, where the rate varies.
    times : tuple of float, optional
        Seconds of each frame after the first, by the recording's own time stamps; without them
        frames follow each other at `fps`.
    start : float
        Time of the first frame in the file it was cut from, in seconds.
    ps : Tensor, optional
        Peripheral signals, shape (C, L), float32, in `ps_units`.
    ps_names, ps_units : tuple of str
        One name and one unit a row of `ps`, e.g. ``("EDA", "ECG")``, ``("uS", "mV")``.
    ps_sfreq : float, optional
        Sampling rate in Hz; required with `ps`.
    ps_start : float
        Time of the first sample relative to the first frame, in seconds; negative when
        the window holds context from before the clip.
    eeg, eeg_names, eeg_units, eeg_sfreq, eeg_start
        The same for EEG, shape (E, L').
    flow : Tensor, optional
        Maps of motion from the onset on, shape (S, 3, H, W), float32: S steps (one map, onset
        to apex, is S = 1) of u to the right and v down, in pixels of the map, and optical
        strain, no unit.
    onset, apex, offset : int, optional
        Frame indices into this clip; the apex may be unknown (None).
    truth : dict
        What a simulator knows; empty for real recordings.

    Raises
    ------
    MepsError
        On any wrong shape, type, range or non-finite sample, naming clip and field.

    Examples
    --------
    >>> trial = Trial(label="positive", subject="1", clip="a", fps=30.0,
    ...               colour=torch.zeros(8, 3, 32, 32))
    >>> trial.modalities
    ('colour',)
    """

    label: str
    subject: str
    clip: str
    colour: Tensor | None = None
    depth: Tensor | None = None
    fps: float | None = None
    times: tuple[float, ...] | None = None
    start: float = 0.0
    ps: Tensor | None = None
    ps_names: tuple[str, ...] = ()
    ps_units: tuple[str, ...] = ()
    ps_sfreq: float | None = None
    ps_start: float = 0.0
    eeg: Tensor | None = None
    eeg_names: tuple[str, ...] = ()
    eeg_units: tuple[str, ...] = ()
    eeg_sfreq: float | None = None
    eeg_start: float = 0.0
    flow: Tensor | None = None
    onset: int | None = None
    apex: int | None = None
    offset: int | None = None
    truth: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        validate(self)

    @property
    def modalities(self) -> tuple[str, ...]:
        """Which of `MODALITIES` this trial has."""
        return tuple(m for m in MODALITIES if getattr(self, m) is not None)

    @property
    def n_frames(self) -> int:
        video = self.colour if self.colour is not None else self.depth
        return 0 if video is None else len(video)

    def seconds(self, frame: int) -> float:
        """When a frame was taken, in seconds of the file that the clip was cut from.

        Examples
        --------
        >>> dark = {"fps": 15.0, "times": (0.0, 0.03, 0.13), "colour": torch.zeros(3, 3, 32, 32)}
        >>> trial = Trial(label="positive", subject="1", clip="a", start=2.0, **dark)
        >>> trial.seconds(2)
        2.13
        """
        return self.start + (frame / self.fps if self.times is None else self.times[frame])

    @property
    def apex_position(self) -> float | None:
        """Apex as a fraction of the clip, 0 at the first frame and 1 at the last."""
        if self.apex is None or self.n_frames < 2:
            return None
        return self.apex / (self.n_frames - 1)


@dataclass(kw_only=True)
class Batch:
    """Trials padded to one shape, with a mask for everything that is not data.

    Shapes: ``colour`` (B, T, 3, H, W); ``depth`` (B, T, 1, H, W) with holes set to 0 and
    ``depth_mask`` true where measured; ``frame_mask`` (B, T); ``ps`` (B, C, L) with
    ``ps_mask`` (B, L); ``eeg`` and ``eeg_mask`` likewise; ``flow`` (B, S, 3, H, W), the same
    S in all; ``present[m]`` (B,) says which trial has modality m; ``apex`` (B,) relative
    positions, read only where ``apex_known``; ``label`` (B,) int64. A modality that no trial
    has is None. ``modalities``, ``n_frames`` and ``n_samples`` (of "ps" and "eeg") say of each
    trial what it has and how long it is, in Python, so that a check of them does not wait for a
    GPU.
    """

    label: Tensor
    classes: tuple[str, ...]
    subject: tuple[str, ...]
    clip: tuple[str, ...]
    modalities: tuple[tuple[str, ...], ...]
    n_frames: tuple[int, ...]
    n_samples: dict[str, tuple[int, ...]] = field(default_factory=dict)
    present: dict[str, Tensor]
    frame_mask: Tensor | None = None
    apex: Tensor
    apex_known: Tensor
    colour: Tensor | None = None
    depth: Tensor | None = None
    depth_mask: Tensor | None = None
    ps: Tensor | None = None
    ps_mask: Tensor | None = None
    ps_names: tuple[str, ...] = ()
    ps_sfreq: float | None = None
    eeg: Tensor | None = None
    eeg_mask: Tensor | None = None
    eeg_names: tuple[str, ...] = ()
    eeg_sfreq: float | None = None
    flow: Tensor | None = None

    def __len__(self) -> int:
        return len(self.label)

    def to(self, device: torch.device | str) -> "Batch":
        """Copy of the batch on a device."""
        moved = {k: v.to(device) for k, v in vars(self).items() if isinstance(v, Tensor)}
        moved["present"] = {k: v.to(device) for k, v in self.present.items()}
        return replace(self, **moved)

    def unlabelled(self) -> "Batch":
        """Copy of the batch without what tells the answer or who it is; all labels are 0."""
        blank = ("",) * len(self)
        return replace(self, label=torch.zeros_like(self.label), subject=blank, clip=blank)


def collate(trials: Sequence[Trial], classes: Sequence[str]) -> Batch:
    """Pad and mask trials into a `Batch`.

    Parameters
    ----------
    trials : sequence of Trial
        Frame sizes, signal names and rates must agree; lengths and modalities may differ.
    classes : sequence of str
        Order of the classes; a trial's label becomes its position here.

    Raises
    ------
    MepsError
        If there is no trial, a label is not among `classes`, or sizes, names or rates
        disagree; the message names the clips.
    """
    if not trials:
        raise MepsError("no trials to collate; give at least one")
    classes = tuple(classes)
    for t in trials:
        if t.label not in classes:
            raise MepsError(
                f"trial {t.clip!r} has the unknown class {t.label!r}; expected one of "
                f"{', '.join(classes)}; map its emotion with meps_lib.labels.class_set"
            )
    n_frames = tuple(t.n_frames for t in trials)
    fields: dict[str, Any] = {
        "modalities": tuple(t.modalities for t in trials),
        "n_frames": n_frames,
        "n_samples": {},
        "present": {m: torch.tensor([m in t.modalities for t in trials]) for m in MODALITIES},
    }
    if any(n_frames):
        fields["frame_mask"] = torch.arange(max(n_frames)) < torch.tensor(n_frames)[:, None]
    for name in ("colour", "depth"):
        if fields["present"][name].any():
            fields[name] = _pad(trials, name, axis=0, what="frame size")
    if fields.get("depth") is not None:
        filled = fields["present"]["depth"][:, None] & fields["frame_mask"]
        fields["depth_mask"] = ~fields["depth"].isnan() & filled[:, :, None, None, None]
        fields["depth"] = fields["depth"].nan_to_num(nan=0.0)
    for name in ("ps", "eeg"):
        if fields["present"][name].any():
            fields[name] = _pad(trials, name, axis=1, what="channel number")
            tensors = [getattr(t, name) for t in trials]
            counts = tuple(0 if x is None else x.shape[1] for x in tensors)
            fields["n_samples"][name] = counts
            real = torch.arange(fields[name].shape[-1]) < torch.tensor(counts)[:, None]
            fields[f"{name}_mask"] = real
            for key in (f"{name}_names", f"{name}_sfreq"):
                fields[key] = _agreed(trials, name, key)
            _agreed(trials, name, f"{name}_units")  # numbers in two units must not meet
    if fields["present"]["flow"].any():
        fields["flow"] = _pad(trials, "flow", axis=None, what="size")
    positions = [t.apex_position for t in trials]
    return Batch(
        label=torch.tensor([classes.index(t.label) for t in trials]),
        classes=classes,
        subject=tuple(t.subject for t in trials),
        clip=tuple(t.clip for t in trials),
        apex=torch.tensor([0.5 if p is None else p for p in positions]),
        apex_known=torch.tensor([p is not None for p in positions]),
        **fields,
    )


def _pad(trials: Sequence[Trial], name: str, axis: int | None, what: str) -> Tensor:
    """Stack one field, zero-padded along `axis`, if any; all zeros where a trial lacks it."""
    have = [(t.clip, getattr(t, name)) for t in trials if getattr(t, name) is not None]
    rest = [(c, tuple(s for a, s in enumerate(x.shape) if a != axis)) for c, x in have]
    for clip, shape in rest:
        if shape != rest[0][1]:
            raise MepsError(
                f"trials {rest[0][0]!r} and {clip!r} differ in {name} {what}: {rest[0][1]} "
                f"against {shape}; bring all trials to one size before collating"
            )
    shape = list(have[0][1].shape)
    # Colour and depth share the frame axis even when one of them is missing in a trial.
    if axis is not None:
        shape[axis] = max(x.shape[axis] for _, x in have)
    if name in ("colour", "depth"):
        shape[axis] = max(t.n_frames for t in trials)
    out = torch.zeros(len(trials), *shape)
    for row, trial in zip(out, trials, strict=True):
        x = getattr(trial, name)
        if x is not None:
            (row if axis is None else row.narrow(axis, 0, x.shape[axis])).copy_(x)
    return out


def _agreed(trials: Sequence[Trial], name: str, key: str) -> Any:
    """The value of `key` on which all trials with modality `name` agree."""
    # Not by clip: two data sets may call different clips alike.
    values = [(t.clip, getattr(t, key)) for t in trials if getattr(t, name) is not None]
    first_clip, first = values[0]
    for clip, value in values:
        if value != first:
            raise MepsError(
                f"trials {first_clip!r} and {clip!r} differ in {key}: {first} against {value}; "
                "resample or reorder the channels before collating"
            )
    return first
