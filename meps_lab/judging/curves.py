"""Deletion and insertion: does an answer depend on what a map marks?

Positions of the face are replaced by the baseline, the most relevant first, and the class's
probability is measured. A map that tells the truth makes it fall faster than a random order does;
that random order is the curve of a uniform map.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from meps_lib.arguments import one_of, whole
from meps_lib.errors import MepsError
from meps_lib.explain.changed import asked, evaluating, of_class, read_by, settings, with_baseline
from meps_lib.trial import Batch

Way = Literal["deletion", "insertion"]
First = Literal["most", "least"]


@dataclass(frozen=True)
class Curve:
    """Probability of a class (B, K + 1) after shares (K + 1,), 0 to 1, of cells were changed."""

    shares: Tensor
    probability: Tensor

    @property
    def area(self) -> Tensor:
        """Area under each trial's curve (B,), 0 to 1: its mean probability on the way."""
        return torch.trapezoid(self.probability, self.shares, dim=1)


@torch.no_grad()
def curve(
    model: nn.Module,
    batch: Batch,
    relevance: Tensor,
    target: int | Tensor,
    generator: torch.Generator,
    way: Way = "deletion",
    first: First = "most",
    modalities: Sequence[str] | None = None,
    baseline: Mapping[str, str | Tensor] | None = None,
    steps: int = 16,
) -> Curve:
    """Delete or insert positions of the face in the order of a map.

    Parameters
    ----------
    model : Module
        `Batch` -> `Output`. Asked in evaluation mode; its own mode stays.
    batch : Batch
        The curve of a trial without these modalities is flat.
    relevance : Tensor, shape (B, h, w) or (B, T, h, w)
        A cell of (B, h, w) is changed in all frames, one of (B, T, h, w) in its own. Cells of
        padded frames are none of the trial's.
    target : int or Tensor, shape (B,)
        Class whose probability is measured.
    generator : torch.Generator
        Decides the order of equal cells, so that no corner comes first. For the control of a random
        order give a map of `meps_lab.judging.controls.uniform_like`.
    way : {"deletion", "insertion"}
        From the trial to its baseline, or from the baseline to the trial.
    first : {"most", "least"}
        Which cells are changed first.
    modalities : sequence of {"colour", "depth"}, optional
        Those changed, in the same places; all that the model reads if None. The others stay.
    baseline : mapping, optional
        Of a modality what `meps_lib.explain.changed.with_baseline` takes.
    steps : int
        K, steps of equal shares of the cells.

    Returns
    -------
    Curve

    Raises
    ------
    MepsError
        If the map is not finite, or of other trials, frames or more cells than pixels.

    References
    ----------
    Samek et al. 2017, evaluating the visualization of what a deep neural network has learned;
    Petsiuk et al. 2018, RISE, deletion and insertion.
    """
    one_of("way", way, get_args(Way))
    one_of("first", first, get_args(First))
    whole("steps", steps, 1)
    video = [m for m in read_by(model, batch, modalities) if m != "ps"]
    if not video or modalities is not None and "ps" in modalities:
        raise MepsError(f"modalities={modalities}; expected colour or depth, which have positions")
    given = settings(baseline, video)
    pairs = [with_baseline(batch, m, given.get(m)) for m in video]
    B, T, _, H, W = pairs[0][0].shape  # trials, frames, channels, height, width
    rank, cells = _ranks(relevance, batch.frame_mask, generator, (H, W), first)
    ask = asked(model, batch, video)
    found = []
    with evaluating(model):
        for step in range(steps + 1):
            changed = (rank * steps < step * cells)[:, :, None]  # whole numbers: exact
            kept = ~changed if way == "deletion" else changed
            logits = ask(*(torch.where(kept, x, base) for x, base in pairs))
            found.append(of_class(logits.softmax(dim=-1), target, batch))
    shares = torch.linspace(0, 1, steps + 1)
    return Curve(shares, torch.stack(found, dim=1).cpu())


def _ranks(
    relevance: Tensor,
    frame_mask: Tensor,
    generator: torch.Generator,
    size: tuple[int, int],
    first: First,
) -> tuple[Tensor, Tensor]:
    """Cells of a trial that are changed before each pixel's, and how many there are.

    Shapes (B, 1 or T, H, W) and (B, 1, 1, 1).
    """
    B, T = frame_mask.shape
    cells = relevance.shape[-2:]
    fits = relevance.shape in ((B, *cells), (B, T, *cells)) and len(cells) == 2
    if not fits or cells[0] > size[0] or cells[1] > size[1]:
        raise MepsError(
            f"a map of shape {tuple(relevance.shape)} for {B} trials of {T} frames of {size} "
            "pixels; expected (B, h, w) or (B, T, h, w), no cell smaller than a pixel"
        )
    if not relevance.isfinite().all():
        raise MepsError("the map has numbers that are not finite; expected finite ones")
    real = frame_mask if relevance.ndim == 4 else torch.ones_like(frame_mask[:, :1])
    order = relevance.detach().view(*real.shape, *cells).to(frame_mask.device, torch.double)
    order = order if first == "most" else -order
    real = real[:, :, None, None].expand_as(order).flatten(1)  # (B, cells)
    order = order.flatten(1).masked_fill(~real, -torch.inf)  # padding comes last of all
    lots = torch.rand(order.shape, generator=generator).argsort(dim=1).to(order.device)
    ranked = lots.gather(1, order.gather(1, lots).argsort(dim=1, descending=True, stable=True))
    rank = ranked.argsort(dim=1).view(B, -1, *cells)
    rows, columns = (torch.arange(n) * few // n for n, few in zip(size, cells, strict=True))
    return rank[:, :, rows][..., columns], real.sum(dim=1).view(B, 1, 1, 1)
