"""The composite's benchmark: its sizes, its plain loop, and the epoch that suits a person."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import composite
from peers.streams import ThreeStreams

from meps_lab.results import HERE, kept
from meps_lib.models import build
from meps_lib.protocol import score
from meps_lib.trial import Trial, collate

SIZES = {"casme2": (3, 2, 1), "samm": (4, 2, 3), "smic": (2, 2, 2)}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Six people of the tree on which networks are tested."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"PEOPLE": 6, "TRIALS": 6, "SIZES": SIZES}.items():
            patch.setattr(composite, name, value)
        return composite.composite(tmp_path_factory.mktemp("maps"), "test")


def test_sizes_are_those_of_the_composite_of_megc2019():
    assert {name: sum(counts) for name, counts in composite.SIZES.items()} == {
        "casme2": 145,
        "samm": 133,
        "smic": 164,
    }
    assert [sum(c) for c in zip(*composite.SIZES.values(), strict=True)] == [250, 109, 83]


def test_a_set_has_as_many_clips_of_each_class_as_asked_for_and_nobody_is_lost(small):
    data, rows = small
    found = pd.crosstab(data.index["data_set"], data.index["label"])[
        ["negative", "positive", "surprise"]
    ]
    assert {name: tuple(found.loc[name]) for name in SIZES} == SIZES
    assert data.index["subject"].nunique() == 6
    assert rows["label"].tolist() == [data.classes.index(t.label) for t in data.trials]


def test_the_two_trees_show_other_people_and_ours_was_chosen_on_the_first():
    assert len(set(composite.SEEDS.values())) == 2 and composite.OURS in composite.CANDIDATES
    config = composite.studies(1)["ours"]
    assert (config.model_args, config.train) == composite.CANDIDATES[composite.OURS]
    assert {c.train.keep for c in composite.studies(1, slow=True).values()} == {"last"}


def test_three_streams_are_the_library_s_network():
    torch.manual_seed(0)
    streams, ours = ThreeStreams(), build("ststnet", order="opencv")
    names = {}
    for k, stream in enumerate(streams.streams, 1):
        names |= {f"conv{k}.{n}": x for n, x in stream[0].state_dict().items()}
        names |= {f"bn{k}.{n}": x for n, x in stream[2].state_dict().items()}
    names |= {f"fc.{n}": x for n, x in streams.head[2].state_dict().items()}
    ours.load_state_dict(names)
    maps = torch.randint(0, 256, (5, 3, 28, 28)).float()
    trials = [_trial(k, x) for k, x in enumerate(maps)]
    want = streams.eval()(maps.flip(1))  # as OpenCV reads them
    torch.testing.assert_close(ours.eval()(collate(trials, "abc")).logits, want)


def _trial(k, flow):

    return Trial(label="abc"[k % 3], subject=f"s{k}", clip=f"c{k}", flow=flow[None])


def test_the_plain_loop_asks_each_clip_once_an_epoch_and_never_the_taught(small, monkeypatch):
    data, _ = small
    monkeypatch.setattr(composite, "SHORT", replace(composite.SHORT, epochs=3, batch_size=4))
    said = composite.plain_loop(data)
    assert len(said) == 3 * len(data)
    assert said.groupby(["subject", "clip"])["epoch"].apply(sorted).map([0, 1, 2].__eq__).all()
    assert said.groupby("subject")["fold"].nunique().eq(1).all()
    # Another label of a person changes what is said of the others, and never of this person.
    who = data.index["subject"].iloc[0]
    other = data.only(("flow",))
    other.trials = [
        replace(t, label="surprise" if t.label != "surprise" else "negative")
        if t.subject == who
        else t
        for t in data.trials
    ]
    again = composite.plain_loop(other)
    own = said["subject"] == who
    assert said["prediction"][own].tolist() == again["prediction"][own].tolist()
    assert said["truth"][own].tolist() != again["truth"][own].tolist()


def test_the_epoch_that_suits_a_person_is_this_persons_first_best():
    rng = np.random.default_rng(3)
    rows = [
        (f"p{p}", f"p{p}c{c}", epoch, "abc"[c % 3], "abc"[rng.integers(3)])
        for p in range(5)
        for epoch in range(6)
        for c in range(4)
    ]
    said = pd.DataFrame(rows, columns=["subject", "clip", "epoch", "truth", "prediction"])
    best = []
    for _, own in said.groupby("subject"):
        each = [own[own["epoch"] == e] for e in range(6)]
        right = [(one["truth"] == one["prediction"]).sum() for one in each]
        best.append(each[right.index(max(right))])
    best, last = pd.concat(best), said[said["epoch"] == 5]
    table = composite.epochs(said, ("a", "b", "c")).set_index("epoch")
    want = {"last": last, "best on the tested person": best}
    for name, rows in want.items():
        assert (
            table.loc[name, "uf1"] == score(rows["truth"], rows["prediction"], ("a", "b", "c")).uf1
        )
    apart = table["uf1"]["best on the tested person"] - table["uf1"]["last"]
    assert table["minus"].iloc[1] == pytest.approx(apart) and apart > 0


def test_ours_is_the_best_of_those_that_were_tried_and_no_kept_table_is_made_up():
    tried = kept("composite_choice")
    assert tried.loc[tried["score"].idxmax(), "candidate"] == composite.OURS
    assert tried.loc[tried["chosen"], "candidate"].tolist() == [composite.OURS]
    table = kept("composite")
    clips = table.groupby("set")["clips"].unique().map(list).to_dict()
    assert clips == {"all": [442], "casme2": [145], "samm": [133], "smic": [164]}


def test_every_kept_result_says_the_command_that_makes_it_again():
    for path in HERE.glob("*/provenance.json"):
        words = json.loads(path.read_text(encoding="utf-8"))["command"].split()
        name = words[2].replace(".", "/") + ".py" if words[1] == "-m" else words[1]
        assert words[:2] == ["meps", "ablate"] or (words[0] == "python" and Path(name).is_file())
