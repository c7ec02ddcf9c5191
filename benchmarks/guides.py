"""Ways to listen to a guide, side by side: attention, a sum, a gate, FiLM, and none at all.

S1 with colour and signals, and with colour and depth, on simulated people. Six training cohorts,
drawn apart; all answer for the same hundred strangers. Nothing is chosen here: every system is
trained by the library's defaults. Controls: a guide that belongs to another person, signals that
do, trials that lack the face or the body. Prints UF1 with intervals over strangers and cohorts,
and paired differences. With --keep writes what `meps_lab.results.kept("guides")` reads.
"""

import argparse
import os
from dataclasses import replace
from time import process_time

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import pandas as pd
import torch
from keep import keep, made_by

from meps_lab.prepare import PrepareConfig, PreparedDataset
from meps_lab.simulate import ceiling, simulate_cohort
from meps_lib.models import build
from meps_lib.protocol import bootstrap_interval, majority
from meps_lib.training import TrainConfig, fit, predict

CLASSES = ("negative", "positive", "surprise")
PREPARE = PrepareConfig(n_frames=8, size=40, ps_sfreq=32.0)
PEOPLE, TRIALS, VALIDATION, STRANGERS = 20, 6, 4, 100
COHORTS, STRANGERS_SEED = (401, 402, 403, 404, 405, 406), 499
NONE, GUIDED, NOISE = "concat", "guide asks, each", "guide of noise"
SYSTEMS = {
    GUIDED: {},
    "guide asks, once": {"asking": "once"},
    "content asks, each": {"query": "content"},
    "content asks, once": {"query": "content", "asking": "once"},
    NONE: {"attention": "concat"},
    "sum": {"attention": "sum"},
    "gated": {"attention": "gated"},
    "film": {"attention": "film"},
    NOISE: {},
}
BODY = ("colour", "ps")  # the same with signals alone:
MORE = {
    "signals of noise, guided": {},
    "signals of noise, concat": {"attention": "concat"},
    "dropout, guided": {"modality_dropout": 0.3},
    "dropout, concat": {"modality_dropout": 0.3, "attention": "concat"},
}
DEPTH = ("colour", "depth")
TESTS = {"all there": BODY, "no face": ("ps",), "no body": ("colour",)}
# Differences beside those from concatenation: (first, second).
PAIRS = (
    (NOISE, GUIDED),
    ("noise at the test", GUIDED),
    ("signals of noise, guided", "signals of noise, concat"),
    ("signals of noise, guided", "colour alone"),
    ("dropout, guided", GUIDED),
    ("dropout, concat", NONE),
    ("dropout, guided", "dropout, concat"),
)


def people(n: int, seed: int) -> PreparedDataset:
    """Prepared trials of a simulated cohort."""
    cohort = simulate_cohort(n, TRIALS, seed=seed)
    return PreparedDataset(cohort, PREPARE, (*BODY, "depth"), progress=False)


def give_others_guide(model: torch.nn.Module, modalities: tuple[str, ...]) -> None:
    """From now on the guide of each trial is that of the trial six before in its batch.

    Only the guide: what the body or the depth says for itself stays the trial's own.
    """
    layer, rows = (
        (model.ps_guide, 1) if "ps" in modalities else (model.depth_guide, PREPARE.n_frames)
    )

    def exchange(_, args, given):
        other = {k: given[k].roll(TRIALS * rows, 0) for k in ("guide", "guide_mask")}
        return args, given | other

    layer.register_forward_pre_hook(exchange, with_kwargs=True)


def others_signals(trials: list) -> list:
    """Each trial with the signals of another person, six trials before."""
    return [replace(t, ps=trials[k - TRIALS].ps) for k, t in enumerate(trials)]


def train(name: str, given: dict, modalities: tuple[str, ...], k: int, known: PreparedDataset):
    """One network of a system, trained on one cohort."""
    names = sorted(set(known.index["subject"]))
    mine = known.only(modalities)
    sides = [mine.of(part) for part in (names[:-VALIDATION], names[-VALIDATION:])]
    if name.startswith("signals of noise"):
        sides = [others_signals(side) for side in sides]
    torch.manual_seed(k)
    rate = {"ps_sfreq": PREPARE.ps_sfreq} if "ps" in modalities else {}
    frames = {"grid": 5} if "colour" in modalities else {}
    model = build("meps", modalities=modalities, **rate, **frames, **given)
    if name == NOISE:
        give_others_guide(model, modalities)
    fit(model, *sides, CLASSES, TrainConfig(), seed=k)
    return model


def answers() -> dict[tuple[str, str, str], pd.DataFrame]:
    """What all networks of a system say of the strangers: by modalities, test and name."""
    torch.set_num_threads(1)
    asked = people(STRANGERS, STRANGERS_SEED)
    about = asked.index[["subject", "clip"]].assign(truth=asked.index["label"])
    found: dict[tuple[str, str, str], list] = {}

    def ask(model, trials, commonest, *key):
        said = predict(model, trials, CLASSES).argmax(dim=1).tolist()
        answer = about.assign(model=k, prediction=[CLASSES[i] for i in said], majority=commonest)
        found.setdefault(key, []).append(answer)

    plans = [(BODY, SYSTEMS | MORE), (DEPTH, SYSTEMS)]
    plans += [((m,), {f"{m} alone": {}}) for m in BODY]
    for k, seed in enumerate(COHORTS):
        known = people(PEOPLE, seed)
        commonest = known.index["label"].mode()[0]
        for modalities, systems in plans:
            group = " + ".join(DEPTH if modalities == DEPTH else BODY)
            for name, given in systems.items():
                model = train(name, given, modalities, k, known)
                tests = TESTS if modalities == BODY else {"all there": modalities}
                for test, there in tests.items():
                    trials = asked.only(there).trials
                    if name.startswith("signals of noise") and "ps" in there:
                        trials = others_signals(trials)
                    ask(model, trials, commonest, group, test, name)
                if name == GUIDED:
                    give_others_guide(model, modalities)
                    trials = asked.only(modalities).trials
                    ask(model, trials, commonest, group, "all there", "noise at the test")
        print(f"cohort {seed}: {process_time():.0f} s of CPU so far", flush=True)
    return {key: pd.concat(tables, ignore_index=True) for key, tables in found.items()}


def compare(found: dict[tuple[str, str, str], pd.DataFrame]) -> pd.DataFrame:
    """One row a score, and one a paired difference (column minus): UF1 and its interval."""
    best = ceiling(simulate_cohort(STRANGERS, TRIALS, seed=STRANGERS_SEED), seeds=(0, 1, 2)).uf1
    rows = []
    for (group, test, name), said in found.items():
        told = {"no face": "body", "no body": "face"}.get(test, "both")
        told = {"colour alone": "face", "ps alone": "body"}.get(name, told)
        top = best["face" if group == " + ".join(DEPTH) else told]
        row = {"group": group, "test": test, "name": name}
        score = bootstrap_interval(said, CLASSES).loc["uf1"]
        floor = np.mean([majority(t, CLASSES).uf1 for _, t in said.groupby("model")])
        rows.append(row | {**score, "floor": floor, "ceiling": top})
        pairs = [other for first, other in PAIRS if first == name]
        for other in dict.fromkeys([NONE, *pairs]):
            if other != name and (group, test, other) in found:
                less = bootstrap_interval(said, CLASSES, minus=found[group, test, other])
                rows.append(row | {"minus": other, **less.loc["uf1"]})
    columns = ["group", "test", "name", "minus", "score", "low", "high", "floor", "ceiling"]
    return pd.DataFrame(rows, columns=columns)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", action="store_true", help="write the table beside the package")
    asked, start = parser.parse_args(), process_time()
    table = compare(answers())
    print(table.round(3).to_string(index=False))
    if asked.keep:
        about = {"seeds": [*COHORTS, STRANGERS_SEED], "seconds": round(process_time() - start)}
        keep("guides", table, made_by("python benchmarks/guides.py --keep", ("torch",), **about))


if __name__ == "__main__":
    main()
