"""Trials as batches: padded once and kept on the device where they fit, and cut by rows.

Meant for a GPU, to which each batch has a way to go; there it has not been measured. On a CPU a
network of few weights gains a little where trials are small, as maps of flow are: a step of STSTNet
took some 7 % less time. S1 gains nothing (`benchmarks/loop.py`); what is large is padded when it is
asked for, and takes no more memory.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from meps_lib.trial import Batch, Trial, collate

# Share of a GPU's free memory that batches may take. CHOICE: ours. WHY: the network, its gradients
# and what it computes need the rest.
SHARE = 0.25
SMALL = 64 * 2**20  # bytes that are kept on a CPU. CHOICE: ours; 7,000 maps of 28 x 28
_BY_FRAME, _BY_SAMPLE = ("frame_mask", "colour", "depth", "depth_mask"), ("ps", "eeg")


class Batches:
    """Any rows of a list of trials as a `Batch` on a device.

    Parameters
    ----------
    trials : sequence of Trial
    classes : sequence of str
        Order of the classes, as `meps_lib.trial.collate` takes it.
    device : torch.device
    keep : bool, optional
        Pad all once and keep them on the device, or pad each batch when it is asked for. By
        default they are kept where they take at most `SHARE` of a GPU's free memory, or at most
        `SMALL` bytes of a CPU's.

    Notes
    -----
    A batch is the same to the bit either way: what no trial of the batch has is None, and padding
    goes as far as its longest trial.

    Examples
    --------
    >>> trials = [Trial(label="a", subject=s, clip=s, ps=torch.ones(1, n), ps_names=("EDA",),
    ...                 ps_units=("uS",), ps_sfreq=4.0) for s, n in (("1", 8), ("2", 6))]
    >>> Batches(trials, "ab", torch.device("cpu"))([1]).ps.shape
    torch.Size([1, 1, 6])
    """

    def __init__(
        self,
        trials: Sequence[Trial],
        classes: Sequence[str],
        device: torch.device,
        keep: bool | None = None,
    ):
        self.trials, self.classes, self.device = trials, tuple(classes), device
        if keep is None:
            keep = padded_bytes(trials) <= _may_keep(device)
        self.whole = collate(trials, classes).to(device) if keep else None

    def __call__(self, rows: Sequence[int]) -> Batch:
        """The batch of these rows, in this order."""
        if self.whole is None:
            return collate([self.trials[k] for k in rows], self.classes).to(self.device)
        return take(self.whole, rows)

    def in_order(self, size: int) -> list[Sequence[int]]:
        """The rows of all batches of a size, one after the other."""
        n = len(self.trials)
        return [range(i, min(i + size, n)) for i in range(0, n, size)]


def take(batch: Batch, rows: Sequence[int]) -> Batch:
    """Some rows of a batch, as `collate` would have made them of their trials alone.

    Parameters
    ----------
    batch : Batch
    rows : sequence of int
        At least one.

    Returns
    -------
    Batch
        Copies on the same device.
    """
    where = torch.as_tensor(list(rows), device=batch.label.device)
    n_frames = tuple(batch.n_frames[k] for k in rows)
    n_samples = {name: tuple(n[k] for k in rows) for name, n in batch.n_samples.items()}
    modalities = tuple(batch.modalities[k] for k in rows)
    had = {m for names in modalities for m in names}
    fields = {}
    for name, x in vars(batch).items():
        if isinstance(x, Tensor):
            of = name.removesuffix("_mask")
            if of in batch.present and of not in had or name == "frame_mask" and not any(n_frames):
                fields[name] = None
                continue
            if name in _BY_FRAME:
                x = x[:, : max(n_frames)]
            elif of in _BY_SAMPLE:
                x = x[..., : max(n_samples[of])]
            fields[name] = x[where]
    for name in _BY_SAMPLE:
        if name not in had:
            fields |= {f"{name}_names": (), f"{name}_sfreq": None}
    return replace(
        batch,
        subject=tuple(batch.subject[k] for k in rows),
        clip=tuple(batch.clip[k] for k in rows),
        modalities=modalities,
        n_frames=n_frames,
        n_samples={name: n for name, n in n_samples.items() if name in had},
        present={m: there[where] for m, there in batch.present.items()},
        **fields,
    )


def padded_bytes(trials: Sequence[Trial]) -> int:
    """Bytes that trials take when all are padded to the longest."""
    total, frames = 0, max((t.n_frames for t in trials), default=0)  # which colour and depth share
    for name in ("colour", "depth", "ps", "eeg", "flow"):
        there = [x for t in trials if (x := getattr(t, name)) is not None]
        sizes = [frames * x[0].numel() if name in _BY_FRAME else x.numel() for x in there]
        # Single precision; depth has a mask of one byte beside it.
        total += len(trials) * max(sizes, default=0) * (5 if name == "depth" else 4)
    return total


def _may_keep(device: torch.device) -> float:
    """Bytes of padded trials that may stay on a device."""
    return SHARE * torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else SMALL
