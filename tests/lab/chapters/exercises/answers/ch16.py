"""Chapter 16: right answers written otherwise, and plausible wrong ones with their hint."""

import numpy as np
import torch

from meps_lib.models import build


def slopes(u, v):
    return (*np.gradient(u), *np.gradient(v))  # uy, ux, vy, vx


def by_tensor(u, v):
    """Norm of the symmetric part of the Jacobian."""
    uy, ux, vy, vx = slopes(u, v)
    jacobian = np.stack([np.stack([ux, uy]), np.stack([vx, vy])])
    part = (jacobian + jacobian.swapaxes(0, 1)) / 2
    return np.sqrt((part**2).sum(axis=(0, 1)))


def by_torch(u, v):
    (uy, ux), (vy, vx) = (torch.gradient(torch.from_numpy(x)) for x in (u, v))
    return torch.sqrt(ux**2 + vy**2 + 0.5 * (uy + vx) ** 2)


def size(xx, yy, cross):
    return np.sqrt(xx**2 + yy**2 + cross)


def of(make):
    """A strain from the four slopes."""
    return lambda u, v: make(*slopes(u, v))


def square_only(u, v):
    n = min(u.shape)
    return by_tensor(u[:n, :n], v[:n, :n])


def built(filters, n_classes):
    return sum(
        p.numel() for p in build("ststnet", filters=filters, n_classes=n_classes).parameters()
    )


def by_layers(filters, n_classes):
    return sum(f * 27 + f + 2 * f for f in filters) + 25 * sum(filters) * n_classes + n_classes


def without(part):
    return lambda filters, n: by_layers(filters, n) - part(sum(filters), n)


def by_loops(table, better=lambda new, old: new > old, epochs=sorted):
    found = {}
    for who, rows in table.groupby("subject"):
        best = None
        for epoch in epochs(rows["epoch"].unique()):
            here = rows[rows["epoch"] == epoch]
            share = (here["truth"] == here["prediction"]).mean()
            if best is None or better(share, best):
                best, found[who] = share, epoch
    return found


def by_frame(table):
    right = table.assign(right=table["truth"] == table["prediction"])
    share = right.pivot_table("right", "subject", "epoch")
    return share.idxmax(axis=1)


def for_all(table):
    right = (table["truth"] == table["prediction"]).groupby(table["epoch"]).mean()
    return dict.fromkeys(table["subject"].unique(), right.idxmax())


def as_they_come(table):
    return by_loops(table, epochs=list)


RIGHT = {
    "16.1": [by_tensor, by_torch],
    "16.2": [built, by_layers],
    "16.3": [by_loops, by_frame],
}
WRONG = {
    "16.1": [
        (of(lambda uy, ux, vy, vx: size(uy, vx, (ux + vy) ** 2 / 2)), "along the rows first"),
        (of(lambda uy, ux, vy, vx: size(ux, vy, (uy + vx) ** 2)), "half of a sum"),
        (of(lambda uy, ux, vy, vx: size(ux, vy, (uy + vx) ** 2 / 4)), "once for xy and once"),
        (of(lambda uy, ux, vy, vx: size(ux, vy, (uy - vx) ** 2 / 2)), "not taken off"),
        (of(lambda uy, ux, vy, vx: size(ux, vy, 0)), "the shear is missing"),
        (of(lambda uy, ux, vy, vx: size(ux, vy, (uy**2 + vx**2) / 2)), "after the sum"),
        (of(lambda uy, ux, vy, vx: ux + vy), "may be negative"),
        (lambda u, v: by_tensor(u, v) ** 2, "the root is missing"),
        (lambda u, v: by_tensor(u, v).mean(), "shape"),
        (square_only, "shape"),
        (lambda u, v: np.hypot(u, v), "expected"),
        (of(lambda uy, ux, vy, vx: size(ux + vy, uy + vx, 0)), "a bent field"),
    ],
    "16.2": [
        (without(lambda width, n: width), "each filter has a bias"),
        (without(lambda width, n: n), "each class has a bias"),
        (without(lambda width, n: width + n), "filters and classes"),
        (without(lambda width, n: 2 * width), "two numbers for each filter"),
        (without(lambda width, n: -2 * width), "are no parameters"),
        (without(lambda width, n: 18 * width), "reads three channels"),
        (without(lambda width, n: 24 * width * n), "25 numbers"),
        (lambda filters, n: 1683, "got 1683"),
        (lambda filters, n: by_layers(filters, 3), "expected"),
    ],
    "16.3": [
        (lambda t: by_loops(t, lambda new, old: new >= old), "take the first"),
        (lambda t: by_loops(t, lambda new, old: new < old), "the worst"),
        (for_all, "for everybody"),
        (lambda t: t.groupby("subject")["epoch"].max(), "the last epoch"),
        (lambda t: {who: e // 2 for who, e in by_loops(t).items()}, "not its place"),
        (as_they_come, "p"),
        (lambda t: list(by_loops(t).values()), "a dictionary"),
        (lambda t: max(by_loops(t).values()), "a dictionary"),
    ],
}
