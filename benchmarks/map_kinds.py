"""Every kind of map of S1 on its own cells, and the truth of simulated people beside it."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from meps_lab.judging import (
    by_area,
    cascade,
    of_another,
    parts,
    pointing_game,
    rank_correlation,
    relevance_mass,
    relevance_rank,
    uniform_like,
)
from meps_lab.prepare import PrepareConfig
from meps_lab.simulate import Scenario
from meps_lib.explain import grad_cam, integrated_gradients, occlusion, own_weights
from meps_lib.trial import Batch, Trial
from meps_lib.video.sampling import sample_frames

GRID, CELL = 5, 8  # positions of a side of the face, pixels of a position
SCENARIO = Scenario(size=GRID * CELL, n_frames=12)
PREPARE = PrepareConfig(n_frames=8, size=GRID * CELL, ps_sfreq=32.0)
STEPS = 20  # of half a second, in the ten seconds of the signals
RESPONSE_S = 3.0  # s after its onset in which a skin response counts as happening
JUDGES = {
    "mass": relevance_mass,
    "rank": relevance_rank,
    "pointing": pointing_game,
    "correlation": rank_correlation,
}
TRUTH = {  # of each map, what it is held against
    "depth guide": "face",
    "body guide": "face",
    "integrated gradients, colour": "face",
    "integrated gradients, depth": "face",
    "occlusion, colour": "face",
    "Grad-CAM, colour": "face",
    "fusion, fixed": "frames",
    "fusion, per clip": "frames",
    "integrated gradients, frames": "frames",
    "steps of the signals": "signals",
    "integrated gradients, EDA": "signals",
    "occlusion, EDA": "signals",
}
# What enters the network at the places of a map, where that is not the change of colour.
ENTERS = {"depth guide": "depth", "integrated gradients, depth": "depth"}


def truths(trial: Trial, small: Trial) -> dict[str, tuple]:
    """What a trial's maps are held against: a mask and a strength by kind, as far as there is one.

    Of the face the displacement by muscles from the first frame to the apex: the head is held
    still. Where it is at least a quarter of the largest, skin moved.
    """
    face, found = trial.truth["flow"], {}
    still = replace(face, pose=np.repeat(face.pose[:1], len(face.pose), axis=0))
    if trial.truth["leaked"]:
        moved = still.flow(0, trial.apex).norm(dim=0).numpy()
        found["face"] = moved >= moved.max() / 4, moved
        course = trial.truth["au_intensity"].sum(axis=1)
        kept = sample_frames(trial.n_frames, small.n_frames, keep=trial.apex)
        found["frames"] = (kept == trial.apex)[None], course[kept][None]
    if trial.truth["scr_evoked"].any():
        onset = trial.truth["scr_onsets"][trial.truth["scr_evoked"]][0]
        t = np.arange(small.ps.shape[1]) / small.ps_sfreq
        inside = (t >= onset) & (t < onset + RESPONSE_S)
        if inside.any():
            found["signals"] = inside[None], inside[None].astype(float)
    return found


def own(model: nn.Module, batch: Batch, target: Tensor) -> dict[str, Tensor]:
    """Maps that cost one pass: (B, 5, 5) of the face, (B, 1, T) of frames, (B, 1, S) of signals."""
    found, weights = {}, own_weights(model, batch)
    found["depth guide"] = weights["depth_clip"]
    if "ps" in weights:
        found["body guide"] = weights["ps"]
        found["Grad-CAM, colour"] = grad_cam(model, batch, target).mean(dim=1)
        found["fusion, fixed"] = weights["fusion"][:, None]
    else:
        found["steps of the signals"] = weights["ps_steps"][:, None]
        found["fusion, per clip"] = weights["fusion"][:, None]
        del found["depth guide"]  # one network speaks for it
    return found


def costly(model: nn.Module, batch: Batch, target: Tensor) -> dict[str, Tensor]:
    """Maps that need many passes, of the size of the contribution whatever its sign."""
    ig = integrated_gradients(model, batch, target, steps=8)
    colour, depth, eda = (ig[m].abs() for m in ("colour", "depth", "ps"))
    window = (PREPARE.n_frames, CELL, CELL)
    hidden = occlusion(model, batch, target, "colour", window)
    quiet = occlusion(model, batch, target, "ps", (int(PREPARE.ps_sfreq),))
    return {
        "integrated gradients, colour": coarse(colour.sum(dim=1), (GRID, GRID)),
        "integrated gradients, depth": coarse(depth.sum(dim=1), (GRID, GRID)),
        "integrated gradients, frames": colour.sum(dim=(2, 3))[:, None],
        "integrated gradients, EDA": coarse(eda[:, :1], (1, STEPS)),
        "occlusion, colour": coarse(hidden.mean(dim=1), (GRID, GRID)),
        "occlusion, EDA": coarse(quiet[:, :1], (1, STEPS)),
    }


def inputs(model: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """The size of what enters the network, on the cells of each map: no weight is asked."""
    entered = {m: model.encoders[m].input(batch)[0].abs() for m in ("colour", "depth", "ps")}
    video = {m: coarse(entered[m].mean(dim=(1, 2)), (GRID, GRID)) for m in ("colour", "depth")}
    kinds = {
        "frames": entered["colour"].mean(dim=(2, 3, 4))[:, None],
        "signals": coarse(entered["ps"][:, :1], (1, STEPS)),
    }
    return {
        name: video[ENTERS.get(name, "colour")] if kind == "face" else kinds[kind]
        for name, kind in TRUTH.items()
    }


def coarse(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Means over the cells of a coarser grid."""
    return torch.from_numpy(by_area(maps.numpy(), size))


def maps_of_all(
    model: nn.Module, luckless: nn.Module, batch: Batch, seed: int
) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """The maps of one network ("") and of its controls, by name of the control."""
    draw = torch.Generator().manual_seed(seed)
    target = model(batch).logits.argmax(dim=1)
    asks = model.config.query == "guide"
    found = own(model, batch, target) | (costly(model, batch, target) if asks else {})
    yield "", found
    yield "uniform", {name: uniform_like(x) for name, x in found.items()}
    yield "another trial", {n: of_another(x, batch.subject, draw) for n, x in found.items()}
    enters = inputs(model, batch)
    yield "input alone", {name: enters[name] for name in found}
    names = parts(model)
    for part, drawn in cascade(model, draw):
        more = costly(drawn, batch, target) if asks and part in (names[0], names[-1]) else {}
        name = "all weights" if part == names[-1] else f"weights to {part}"
        yield name, own(drawn, batch, target) | more
    more = costly(luckless, batch, target) if asks else {}
    yield "labels shuffled", own(luckless, batch, target) | more


def judged(name: str, maps: Tensor, true: list[dict]) -> dict[str, list[float]]:
    """What each judge says of each trial's map; NaN where there is no truth."""
    kind, found = TRUTH[name], {judge: [] for judge in JUDGES}
    for one, truth in zip(maps.detach().numpy(), true, strict=True):
        for judge, ask in JUDGES.items():
            mask, strength = truth.get(kind, (None, None))
            known = strength if judge == "correlation" else mask
            found[judge].append(np.nan if mask is None else ask(one, known))
    return found


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Rank correlation of two maps; 0 where one of them is flat."""
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return rank_correlation(one, other - other.min())


def ideal(name: str, true: list[dict]) -> Tensor:
    """The truth itself as the map, on the map's own cells: what the best map would score."""
    size = {"face": (GRID, GRID), "frames": (1, PREPARE.n_frames), "signals": (1, STEPS)}
    kind = TRUTH[name]
    blank = np.ones(size[kind])
    maps = [by_area(t[kind][0], size[kind]) if kind in t else blank for t in true]
    return torch.from_numpy(np.stack(maps))
