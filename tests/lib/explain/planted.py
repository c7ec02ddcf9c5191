"""A task whose answer lies at a known place, and networks of which every attribution is known."""

import torch
from torch import nn

from meps_lib.models.output import Output
from meps_lib.trial import Trial, collate

SIZE, CELLS = 32, 4
NAMES, UNITS, SFREQ = ("EDA", "ECG"), ("uS", "mV"), 16.0
ALL = ("colour", "depth", "ps")
PLACES = {"a": (0, 0), "b": (2, 2)}  # first cell, down and across, of the two by two that move


def truth(label):
    """Where the face moves in a trial of this class: a mask (SIZE, SIZE)."""
    mask, side = torch.zeros(SIZE, SIZE, dtype=torch.bool), SIZE // CELLS
    y, x = (k * side for k in PLACES[label])
    mask[y : y + 2 * side, x : x + 2 * side] = True
    return mask


def trial(k, modalities=ALL):
    """Trials of two classes and three a subject; every length is another one."""
    g = torch.Generator().manual_seed(k)
    label, T, L = "ab"[k % 2], 4 + k % 4, 96 + 13 * (k % 5)
    course = torch.sin(torch.linspace(0, torch.pi, T)).view(T, 1, 1, 1)
    spot = course * truth(label) * (1 + 0.3 * torch.rand(1, generator=g))
    fields = {"label": label, "subject": f"s{k // 3}", "clip": f"clip{k}"}
    if "colour" in modalities:
        skin = 0.3 + 0.2 * torch.rand(1, 3, SIZE, SIZE, generator=g)
        noise = 0.01 * torch.randn(T, 3, SIZE, SIZE, generator=g)
        fields["colour"] = (skin + 0.3 * spot + noise).clamp(0, 1)
    if "depth" in modalities:
        depth = 700 - 4 * spot + 0.2 * torch.randn(T, 1, SIZE, SIZE, generator=g)
        for t in range(T):  # a hole that moves, also over the first frame
            depth[t, :, (3 * t + k) % SIZE, :20] = torch.nan
        fields["depth"] = depth
    if {"colour", "depth"} & set(modalities):
        fields |= {"fps": 30.0, "onset": 0, "apex": T // 2, "offset": T - 1}
    if "ps" in modalities:
        ps = 0.3 * torch.randn(2, L, generator=g)
        ps[0] += 5 + (2 if label == "a" else -2) * torch.linspace(0, 1, L) ** 2
        fields |= {"ps": ps, "ps_names": NAMES, "ps_units": UNITS, "ps_sfreq": SFREQ}
    return Trial(**fields)


def uneven():
    """Six trials of four subjects; three of them lack a modality each, one has signals alone."""
    have = [ALL, ("colour", "ps"), ("depth", "ps"), ("colour", "depth"), ALL, ("ps",)]
    return [trial(60 + 2 * k + k % 2, modalities) for k, modalities in enumerate(have)]


def batch_of(trials):
    return collate(trials, "ab")


class Linear(nn.Module):
    """Logits that are linear in every sample of three modalities, padding and holes included."""

    def __init__(self, batch, seed=0):
        super().__init__()
        g = torch.Generator().manual_seed(seed)
        self.weights = nn.ParameterDict(
            {m: torch.randn(2, *getattr(batch, m).shape[1:], generator=g) for m in ALL}
        )
        self.dropout = nn.Dropout(0.5)

    def forward(self, batch):
        terms = [
            torch.einsum("kj,bj->bk", self.weights[m].flatten(1), getattr(batch, m).flatten(1))
            for m in ALL
        ]
        return Output(self.dropout(sum(terms)))


class OneCell(nn.Module):
    """Class 1 is told by the change of colour in one cell of the grid, in real frames alone."""

    def __init__(self, row=1, column=2, gain=40.0):
        super().__init__()
        self.row, self.column, self.gain = row, column, gain

    def forward(self, batch):
        side = SIZE // CELLS
        x = batch.colour - batch.colour[:, :1]
        y0, x0 = self.row * side, self.column * side
        of_frame = x[..., y0 : y0 + side, x0 : x0 + side].mean(dim=(2, 3, 4))  # (B, T)
        logit = self.gain * (of_frame * batch.frame_mask).mean(dim=1)
        return Output(torch.stack([torch.zeros_like(logit), logit], dim=1))
