"""How S1's colour branch reads strangers under seven ways to weigh the frames of a clip.

Simulated people: the apex in the middle or as in CAS(ME)^3 Part A, 8 or 24 frames read of 24; a
head that does not drift; and no noise of the sensor either, for three ways alone. In each setting
every way is trained on the same six cohorts and answers for the same eighty strangers. Prints UF1
with intervals over strangers and cohorts, its lead over the paper's fixed curve, and what 24 frames
add to 8, both paired. Frames are differences to the first, so "apex-only" compares onset and apex.
A known apex is among the frames that are read, for all ways alike. With --keep writes what
`meps_lab.results.kept("fusion_modes")` reads.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np
import pandas as pd
import torch
from keep import main
from strangers import CLASSES, PEOPLE, TRIALS, answers, sides, trained, uf1

from meps_lab.prepare import PrepareConfig, PreparedDataset
from meps_lab.simulate import Scenario, ceiling, simulate_cohort
from meps_lib.models import build
from meps_lib.training import TrainConfig
from meps_lib.trial import collate

WAYS = {
    "fixed, three-sigma": {"fusion": "fixed"},
    "fixed, z-score": {"fusion": "fixed", "fusion_reading": "z-score"},
    "uniform": {"fusion": "uniform"},
    "apex-only": {"fusion": "apex-only"},
    "true apex": {"fusion": "apex"},
    "learnt": {"fusion": "learnt"},
    "per clip": {"fusion": "per-clip"},
}
FILMED = {"n_frames": 24, "fps": 48.0, "size": 48, "signals": ("EDA",)}
STILL = {"head_drift_mm": 0.0}
NO_NOISE = {"frame_noise": 0.0}
PAPER = "fixed, three-sigma"
ABLATION = (PAPER, "fixed, z-score", "uniform")
SETTINGS = {  # dials, frames that are read, ways
    "apex in the middle": ({}, (8, 24), tuple(WAYS)),
    "apex in the middle, still head": (STILL, (8,), tuple(WAYS)),
    "apex in the middle, still head, no noise": (STILL | NO_NOISE, (8,), ABLATION),
    "apex early": ({"apex": "casme3_a"}, (8, 24), tuple(WAYS)),
}
TRAIN = TrainConfig(epochs=10)
COHORTS, STRANGERS, N_STRANGERS = (401, 402, 403, 404, 405, 406), 499, 80


def cohort(seed: int, people: int, dials: dict, frames: tuple[int, ...]):
    """A simulated cohort, and its colour frames prepared once for each number of frames."""
    made = simulate_cohort(people, TRIALS, seed=seed, scenario=Scenario(**FILMED, **dials))
    read = {n: PreparedDataset(made, PrepareConfig(n_frames=n), ("colour",)) for n in frames}
    return made, read


@torch.no_grad()
def place(model: torch.nn.Module, asked: PreparedDataset) -> dict[str, float]:
    """Where its weights lie, how wide, and whether they follow each stranger's true apex."""
    batch = collate(asked.trials[:120], CLASSES)
    w = model.eval()(batch).weights["fusion"].double()  # (B, T)
    t = torch.linspace(0, 1, w.shape[1], dtype=torch.float64)
    centre = w @ t
    width = (w @ t.square() - centre.square()).clamp(min=0).sqrt()
    still = centre.std() < 1e-6
    follows = 0.0 if still else np.corrcoef(centre, batch.apex.double())[0, 1]
    return {"centre": centre.mean().item(), "width": width.mean().item(), "follows": follows}


def setting(name: str) -> Iterator[dict]:
    """Rows of one setting: a way and a number of frames each."""
    dials, frames, ways = SETTINGS[name]
    strangers, asked = cohort(STRANGERS, N_STRANGERS, dials, frames)
    about = strangers.index[["subject", "clip"]].assign(truth=strangers.index["label"])
    said, places = {}, {}
    for seed in COHORTS:
        _, known = cohort(seed, PEOPLE, dials, frames)
        for n in frames:
            for way in ways:
                make = partial(build, "meps", modalities=("colour",), **WAYS[way])
                model = trained(make, sides(known[n]), seed, TRAIN)
                said.setdefault((n, way), []).append(answers(model, asked[n].trials, seed))
                places.setdefault((n, way), []).append(place(model, asked[n]))
    said = {key: pd.concat(tables, ignore_index=True) for key, tables in said.items()}
    always = about.assign(prediction=about["truth"].mode()[0])
    ends = {"floor": uf1(always)["score"]}
    ends["ceiling"] = ceiling(strangers, seeds=(0, 1, 2)).uf1["face"]
    for (n, way), table in said.items():
        row = {"setting": name, "frames": n, "way": way, **uf1(table)}
        if way != PAPER:
            row |= uf1(table, said[n, PAPER], "lead_")
        if n != frames[0]:
            row |= uf1(table, said[frames[0], way], "more_frames_")
        yield row | ends | pd.DataFrame(places[n, way]).mean().to_dict()


def compare(asked) -> dict[str, pd.DataFrame]:
    """All settings, each printed when it is done."""
    rows = []
    for name in SETTINGS:
        rows.append(pd.DataFrame(setting(name)).round(3))
        print(rows[-1].to_string(index=False), flush=True)
    return {"fusion_modes": pd.concat(rows)}


if __name__ == "__main__":
    main(__doc__, compare, ["torch"], seeds=[*COHORTS, STRANGERS])
