"""Ways to listen to a guide, side by side: attention, a sum, a gate, FiLM, and none at all.

S1 with colour and signals, and with colour and depth, on simulated people. Six training cohorts,
drawn apart; all answer for the same hundred strangers. Nothing is chosen here: every system is
trained by the library's defaults. Controls: a guide that belongs to another person, signals that
do, trials that lack the face or the body. Prints UF1 with intervals over strangers and cohorts,
and paired differences. With --keep writes what `meps_lab.results.kept("guides")` reads.
"""

from dataclasses import replace
from time import process_time

import numpy as np
import pandas as pd
import torch
from keep import main
from strangers import CLASSES, PEOPLE, TRIALS, answers, sides, trained, uf1

from meps_lab.prepare import PrepareConfig, PreparedDataset
from meps_lab.simulate import ceiling, simulate_cohort
from meps_lib.models import build
from meps_lib.protocol import majority

PREPARE = PrepareConfig(n_frames=8, size=40, ps_sfreq=32.0)
STRANGERS = 100
COHORTS, STRANGERS_SEED = (401, 402, 403, 404, 405, 406), 499
CHOICE, CHOICE_SEED = (411, 412, 413, 414, 415, 416), 498  # of who asks, by default
NONE, GUIDED, NOISE = "concat", "guide asks, each", "guide of noise"
SYSTEMS = {
    GUIDED: {"query": "guide"},
    "guide asks, once": {"query": "guide", "asking": "once"},
    "content asks, each": {"query": "content"},
    "content asks, once": {"query": "content", "asking": "once"},
    NONE: {"attention": "concat"},
    "sum": {"attention": "sum"},
    "gated": {"attention": "gated"},
    "film": {"attention": "film"},
    NOISE: {"query": "guide"},
}
BODY = ("colour", "ps")  # the same with signals alone:
MORE = {
    "signals of noise, guided": {"query": "guide"},
    "signals of noise, concat": {"attention": "concat"},
    "dropout, guided": {"query": "guide", "modality_dropout": 0.3},
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
    taught = sides(known.only(modalities))
    if name.startswith("signals of noise"):
        taught = [others_signals(side) for side in taught]
    rate = {"ps_sfreq": PREPARE.ps_sfreq} if "ps" in modalities else {}
    frames = {"grid": 5} if "colour" in modalities else {}

    def make() -> torch.nn.Module:
        model = build("meps", modalities=modalities, **rate, **frames, **given)
        if name == NOISE:
            give_others_guide(model, modalities)
        return model

    return trained(make, taught, k)


def everything() -> dict[tuple[str, str, str], pd.DataFrame]:
    """What all networks of a system say of the strangers: by modalities, test and name."""
    asked, found = people(STRANGERS, STRANGERS_SEED), {}
    plans = [(BODY, SYSTEMS | MORE), (DEPTH, SYSTEMS)]
    plans += [((m,), {f"{m} alone": {}}) for m in BODY]
    for k, seed in enumerate(COHORTS):
        known = people(PEOPLE, seed)
        commonest = known.index["label"].mode()[0]

        def ask(model, trials, *key, k=k, commonest=commonest):
            said = answers(model, trials, k).assign(majority=commonest)
            found.setdefault(key, []).append(said)

        for modalities, systems in plans:
            group = group_of(modalities)
            for name, given in systems.items():
                model = train(name, given, modalities, k, known)
                tests = TESTS if modalities == BODY else {"all there": modalities}
                for test, there in tests.items():
                    trials = asked.only(there).trials
                    if name.startswith("signals of noise") and "ps" in there:
                        trials = others_signals(trials)
                    ask(model, trials, group, test, name)
                if name == GUIDED:
                    give_others_guide(model, modalities)
                    trials = asked.only(modalities).trials
                    ask(model, trials, group, "all there", "noise at the test")
        print(f"cohort {seed}: {process_time():.0f} s of CPU so far", flush=True)
    return {key: pd.concat(tables, ignore_index=True) for key, tables in found.items()}


def group_of(modalities: tuple[str, ...]) -> str:
    """Colour stands beside depth, or beside the signals: also where it, or they, are alone."""
    return " + ".join(DEPTH if modalities == DEPTH else BODY)


def choose() -> pd.DataFrame:
    """Who asks, on cohorts and strangers of their own: what `MEPSConfig.query` is by default."""
    asked, found, rows = people(60, CHOICE_SEED), {}, []
    for k, seed in enumerate(CHOICE):
        known = people(PEOPLE, seed)
        for modalities in (BODY, DEPTH):
            for name in (GUIDED, "content asks, each", NONE):
                model = train(name, SYSTEMS[name], modalities, k, known)
                key = group_of(modalities), name
                found.setdefault(key, []).append(answers(model, asked.only(modalities).trials, k))
    said = {key: pd.concat(tables, ignore_index=True) for key, tables in found.items()}
    for (group, name), one in said.items():
        row = {"group": group, "name": name, **uf1(one)}
        rows.append(row | (uf1(one, said[group, NONE], "lead_") if name != NONE else {}))
    return pd.DataFrame(rows)


def compare() -> pd.DataFrame:
    """One row a score, and one a paired difference (column minus): UF1 and its interval."""
    found = everything()
    best = ceiling(simulate_cohort(STRANGERS, TRIALS, seed=STRANGERS_SEED), seeds=(0, 1, 2)).uf1
    rows = []
    for (group, test, name), said in found.items():
        told = {"no face": "body", "no body": "face"}.get(test, "both")
        told = {"colour alone": "face", "ps alone": "body"}.get(name, told)
        top = best["face" if group == " + ".join(DEPTH) else told]
        row = {"group": group, "test": test, "name": name}
        floor = np.mean([majority(t, CLASSES).uf1 for _, t in said.groupby("model")])
        rows.append(row | {**uf1(said), "floor": floor, "ceiling": top})
        pairs = [other for first, other in PAIRS if first == name]
        for other in dict.fromkeys([NONE, *pairs]):
            if other != name and (group, test, other) in found:
                rows.append(row | {"minus": other, **uf1(said, found[group, test, other])})
    columns = ["group", "test", "name", "minus", "score", "low", "high", "floor", "ceiling"]
    return pd.DataFrame(rows, columns=columns)


if __name__ == "__main__":
    main(
        __doc__,
        lambda asked: {"guides_choice": choose()} if asked.choose else {"guides": compare()},
        ["torch"],
        {"choose": {"action": "store_true", "help": "who asks by default"}},
        seeds=[*CHOICE, CHOICE_SEED, *COHORTS, STRANGERS_SEED],
    )
