"""Does `meps doctor` name the fault? Eight faults made on purpose, and healthy studies beside them.

Small simulated studies, each with people, dials and strength of the fault of its own. Where the
ranges of `meps_lab.experiments.doctor` end was chosen with --seed 800 --cases 3; what is reported
comes of other seeds. Prints who was taken for what, and the share of right answers with its 95 %
Wilson interval; with --keep writes what `meps_lab.results.kept("doctor")` reads.
"""

import os
from dataclasses import replace
from tempfile import TemporaryDirectory

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import torch
from keep import main
from scipy.stats import binomtest

from meps_lab.experiments import ExperimentConfig, run
from meps_lab.experiments.doctor import FAULTS, HEALTHY, diagnose, faults
from meps_lab.prepare import PrepareConfig, PreparedDataset
from meps_lab.simulate import Scenario, simulate_cohort
from meps_lib.training import TrainConfig
from meps_lib.trial import Trial

PREPARE = PrepareConfig(n_frames=8, size=40, ps_sfreq=32.0)
SENSES, TRIALS = ("colour", "ps"), 6  # trials of each person
KINDS = (HEALTHY, *FAULTS)
_HEALTHY_DIALS = {
    "me_intensity": (0.3, 0.9),
    "frame_noise": (0.004, 0.018),
    "head_drift_mm": (0.2, 1.0),
    "light_change": (0.0, 0.02),
    "blinks_per_min": (0.0, 15.0),
    "apex_position": (0.4, 0.6),
    "arousal_gain": (0.6, 1.6),
    "subject_spread": (0.1, 0.35),
    "idiosyncrasy": (0.0, 0.6),
    "ps_noise": (0.5, 1.8),
    "ps_motion_per_min": (0.0, 2.0),
}
_ORDERS = ([0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0])


def study(kind: str, seed: int) -> tuple[str, PreparedDataset, ExperimentConfig]:
    """A study of a kind: how its fault was made, its data and its experiment."""
    rng = np.random.default_rng(seed)
    dials = {name: rng.uniform(*ends) for name, ends in _HEALTHY_DIALS.items()}
    args = {"grid": 5, "dim": int(rng.choice([24, 32, 40])), "fusion_width": rng.uniform(0.8, 1.5)}
    epochs, change, how = int(rng.integers(8, 13)), None, "drawn"
    if kind == "frames too noisy":
        dials["frame_noise"] = _between(rng, 0.035, 0.2)
    elif kind == "fusion off":
        how = str(rng.choice(["centre", "apex"]))
        args["fusion_width"] = rng.uniform(0.1, 0.6)
        if how == "centre":
            args["fusion_centre"] = _near_an_end(rng, 0.0, 0.1)
        else:
            dials["apex_position"] = _near_an_end(rng, 0.05, 0.15)
    elif kind == "signals undenoised":
        how = str(rng.choice(["noise", "wander", "motion"]))
        name, *ends = {
            "noise": ("ps_noise", 4, 20),
            "wander": ("ps_wander", 5, 20),
            "motion": ("ps_motion_per_min", 12, 60),
        }[how]
        dials[name] = _between(rng, *ends)
    elif kind == "encoder too small":
        small = {"heads": 1, "backbone_width": 1, "ps_width": 1}
        args |= small | {"dim": int(rng.integers(2, 6))}
    elif kind == "guide without information":
        how = str(rng.choice(["silent", "of others"]))
        if how == "silent":
            dials["arousal_gain"] = rng.uniform(0, 0.05)
        else:
            change = with_signals_of_others
    elif kind == "too few epochs":
        epochs = int(rng.integers(1, 4))
    elif kind == "leak":
        change = LEAKS[how := str(rng.choice(list(LEAKS)))]
    elif kind == "swapped channels":
        order = _ORDERS[rng.integers(len(_ORDERS))]
        how = "".join(map(str, order))

        def change(trials: list[Trial], _) -> list[Trial]:
            return [replace(t, ps=t.ps[order]) for t in trials]

    scenario = Scenario(size=PREPARE.size, n_frames=12, **dials)
    cohort = simulate_cohort(int(rng.integers(12, 16)), TRIALS, seed=seed, scenario=scenario)
    data = PreparedDataset(cohort, PREPARE, SENSES)
    if change is not None:
        data.trials = change(data.trials, rng)
        about = [(t.subject, t.label) for t in data.trials]
        data.index[["subject", "label"]] = pd.DataFrame(about).to_numpy()
    train = TrainConfig(epochs=epochs)
    two = {"protocol": "grouped-kfold", "n_folds": 2}
    config = ExperimentConfig(
        modalities=SENSES, prepare=PREPARE, model_args=args, train=train, **two
    )
    return how, data, config


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    """A number between two, its logarithm even."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _near_an_end(rng: np.random.Generator, low: float, high: float) -> float:
    """A place in a clip so far from its first or its last frame."""
    return float(abs(rng.choice([0, 1]) - rng.uniform(low, high)))


def with_signals_of_others(trials: list[Trial], rng: np.random.Generator) -> list[Trial]:
    """Every trial with the signals of one of another person."""
    far = TRIALS * rng.integers(1, 6) + rng.integers(TRIALS)
    return [replace(t, ps=trials[k - far].ps) for k, t in enumerate(trials)]


def two_names(trials: list[Trial], rng: np.random.Generator) -> list[Trial]:
    """One to three people go under another name in the second half of their trials."""
    n = rng.integers(1, 4)
    cut = [k < n * TRIALS and k % TRIALS >= TRIALS // 2 for k in range(len(trials))]
    return [
        replace(t, subject=f"{t.subject}-b") if renamed else t
        for t, renamed in zip(trials, cut, strict=True)
    ]


def copies(trials: list[Trial], rng: np.random.Generator) -> list[Trial]:
    """A few trials of one person stand among those of the next, compressed once more."""
    out = list(trials)
    for k in rng.choice(len(trials) - TRIALS, rng.integers(3, 9), replace=False):
        other = trials[k + TRIALS]
        noise = torch.from_numpy(rng.normal(0, 0.003, trials[k].colour.shape)).float()
        colour = (trials[k].colour + noise).clamp(0, 1)
        out[k + TRIALS] = replace(trials[k], colour=colour, subject=other.subject, clip=other.clip)
    return out


def trigger(trials: list[Trial], rng: np.random.Generator) -> list[Trial]:
    """The stimulus computer's code, a step at the onset, crosses into a channel."""
    row, classes = rng.integers(3), sorted({t.label for t in trials})
    height = rng.uniform(2, 5) * float(torch.stack([t.ps[row] for t in trials]).std(dim=1).median())
    out = []
    for t in trials:
        ps = t.ps.clone()
        ps[row, round(-t.ps_start * t.ps_sfreq) :] += height * classes.index(t.label)
        out.append(replace(t, ps=ps))
    return out


def caption(trials: list[Trial], rng: np.random.Generator) -> list[Trial]:
    """A player's mark of the class lights up in a corner after the first frame."""
    classes, light = sorted({t.label for t in trials}), rng.uniform(0.1, 0.3)
    out = []
    for t in trials:
        colour = t.colour.clone()
        place = 8 * classes.index(t.label)
        colour[1:, :, :6, place : place + 8] += light
        out.append(replace(t, colour=colour.clamp(0, 1)))
    return out


LEAKS = {"two names": two_names, "copies": copies, "trigger": trigger, "caption": caption}


def examined(kind: str, seed: int, told: bool) -> dict[str, object]:
    """One study, run and examined."""
    how, data, config = study(kind, seed)
    with TemporaryDirectory() as folder:
        run(data, config, folder, progress=False)
        found = diagnose(folder, data)
    said = faults(found) or [HEALTHY]
    if told:  # None where it was impossible to measure
        values = {
            f.check.number: None if f.value is None else round(float(f.value), 3) for f in found
        }
        print(seed, kind, how, values, flush=True)
    row = {"seed": seed, "fault": kind, "how": how, "said": said[0], "right": said[0] == kind}
    return row | {"also": ", ".join(said[1:])}


def everything(asked) -> dict[str, pd.DataFrame]:
    """All studies, after who was taken for what."""
    todo = [(kind, asked.seed + k) for k, kind in enumerate(KINDS * asked.cases)]
    table = pd.DataFrame([examined(kind, seed, asked.values) for kind, seed in todo])
    print(pd.crosstab(table["fault"], table["said"]).reindex(KINDS).to_string(), end="\n\n")
    right, n = int(table["right"].sum()), len(table)
    low, high = binomtest(right, n).proportion_ci(method="wilson")
    print(f"right: {right} of {n}, {right / n:.3f} [{low:.3f}, {high:.3f}]\n")
    return {"doctor": table}


if __name__ == "__main__":
    torch.set_num_threads(1)
    options = {
        "seed": {"type": int, "default": 900, "help": "of the first study; the others follow"},
        "cases": {"type": int, "default": 5, "help": "studies of each kind"},
        "values": {"action": "store_true", "help": "print what was measured of each study"},
    }
    main(__doc__, everything, ["torch", "scipy"], options)
