"""A question is read, run and scored: by hand, by the parts it is made of, and with bad files."""

import json
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from meps_lab.ablations import (
    answers_of,
    find_ablation,
    read_ablation,
    run_ablation,
    scores,
    scores_of,
)
from meps_lab.ablations.run import open_cohorts
from meps_lab.ablations.scores import settled, spend
from meps_lab.cli.main import main
from meps_lab.experiments.results import PREDICTIONS
from meps_lab.simulate import Scenario, ceiling, simulate_cohort, simulate_strangers
from meps_lib.errors import MepsError
from meps_lib.protocol import bootstrap_interval, score

TEXT = """
[ablation]
question = "Is more noise worse?"
main = ["late", "early"]
ceiling = "body"
[ablation.dials.noise]
label = "noise (1 is usual)"
path = "data.simulate.dials.ps_noise"
values = [1.0, 30.0]
usual = 1
[ablation.dials.people]
label = "people"
path = "data.simulate"
values = [{ subjects = 5 }, { subjects = 6, dials = { ps_noise = 2.0 } }]
names = ["five", "six, noisier"]
[data.simulate]
cohorts = 2
subjects = 5
strangers = 4
trials = 3
seed = 3
dials = { ps_noise = 1.0, missing_colour = 1.0, missing_depth = 1.0 }
[experiment]
modalities = ["ps"]
protocol = "cross-data-set"
test_on = "strangers"
n_validation = 1
prepare = { ps_sfreq = 16.0 }
train = { epochs = 2 }
[variants.late]
[variants.early.model_args]
ps_blocks = [0, 3]
"""


@pytest.fixture
def file(tmp_path):
    def write(text=TEXT):
        path = tmp_path / "noise.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("noise")
    (folder / "noise.toml").write_text(TEXT, encoding="utf-8")
    ablation = read_ablation(folder / "noise.toml")
    run_ablation(ablation, folder / "out", progress=False)
    return ablation, folder / "out"


def test_each_plan_stands_once_and_has_what_its_dial_says(file):
    ablation = read_ablation(file())
    assert ablation.variants == ("late", "early") and ablation.name == "noise"
    # The first of both dials is what nobody has turned.
    assert list(ablation.plans) == ["as it is", "noise=30", "people=six, noisier"]
    noise, people = ablation.dials
    assert noise.points == {"1": "as it is", "30": "noise=30"} and noise.usual == "1"
    assert people.points == {"five": "as it is", "six, noisier": "people=six, noisier"}
    turned = ablation.plans["people=six, noisier"].data["simulate"]
    assert turned["subjects"] == 6 and turned["dials"]["ps_noise"] == 2.0
    assert turned["dials"]["missing_colour"] == 1.0  # beside it nothing changed
    fast = ablation.fast()
    assert list(fast.plans) == ["as it is", "noise=30"] and len(fast.dials) == 1
    assert fast.plans["noise=30"].data["simulate"]["strangers"] == 20
    assert fast.plans["noise=30"].data["simulate"]["dials"]["ps_noise"] == 30.0
    assert list(ablation.fast("people").plans) == ["as it is", "people=six, noisier"]
    with pytest.raises(MepsError, match="dial"):
        ablation.fast("nose")


@pytest.mark.parametrize("data", ["ablation = 5", "ablation = [1]", 'ablation = "ab"'])
def test_a_table_that_is_none_is_told(file, data):
    text = data + TEXT[: TEXT.index("[ablation]")] + TEXT[TEXT.index("[data.simulate]") :]
    with pytest.raises(MepsError, match="ablation = .*expected a table of question"):
        read_ablation(file(text + ""))


def test_numbers_of_any_size_are_names(file):
    with pytest.raises(MepsError, match="names a folder"):
        read_ablation(file(TEXT.replace("[1.0, 30.0]", f"[1.0, {10**400}]")))


def test_another_simulator_is_another_question(done, monkeypatch, tmp_path):
    ablation, out = done
    copy = tmp_path / "copy"
    shutil.copytree(out, copy)
    monkeypatch.setattr("meps_lab.ablations.run.source_digest", lambda paths: "another")
    with pytest.raises(MepsError, match="simulator"):
        run_ablation(ablation, copy, progress=False)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('main = ["late", "early"]', 'main = ["late", "never"]', "main names 'never'"),
        ('ceiling = "body"', 'ceiling = "foot"', "ablation.ceiling"),
        ("question = ", "qestion = ", "ablation.qestion: no such setting; did you mean question"),
        ("[ablation]", "[ablation]\nrooms = 3", "ablation.rooms"),
        ("values = [1.0, 30.0]", "values = 3.0", "noise.values = 3.0; expected a list"),
        ("values = [1.0, 30.0]", "values = []", "noise.values is missing or empty"),
        ("values = [1.0, 30.0]", "values = [1.0, 1.0]", "noise.names"),
        ("usual = 1", "usual = 2", "noise.usual = 2; expected one of 1, 30"),
        ('names = ["five", "six, noisier"]', 'names = ["five"]', "people.names"),
        ("ps_noise = 1.0,", "ps_nose = 1.0,", None),
        ("[variants.late]", "[variants.late.model_args]\nps_block = 3", "ps_block"),
        ("[data.simulate]", "[data]\nroot = 'x'\n[data.simulate]", "data: expected the table"),
        ('path = "data.simulate.dials.ps_noise"', 'path = "date.simulate"', "date"),
        ('path = "data.simulate.dials.ps_noise"', 'path = "data.root"', "the table simulate alone"),
        ('main = ["late", "early"]', 'main = ["late", "late"]', "two different variants"),
        ("cohorts = 2", "cohorts = 1", "data.simulate.cohorts = 1; expected two or more"),
        ("n_validation = 1", "n_validation = 1\nseeds = [0, 1]", "expected one seed"),
        ("[variants.late]", "[variants.late]\nseeds = [1]", "the same for all variants"),
        ("[variants.late]", "[variants.late]\nn_validation = 2", "the same for all variants"),
        ('test_on = "strangers"', 'test_on = "cohort-001"', "the strangers are asked"),
        (
            'test_on = "strangers"',
            'test_on = "strangers"\ntrain_on = "cohort-001"',
            "teaches in turn",
        ),
        ("[ablation.dials.noise]", '[ablation.dials."../noise"]', "as a name"),
        ("[ablation.dials.noise]", '[ablation.dials."noise=1"]', "as a name"),
        ('"six, noisier"', '"six/noisier"', "names a folder"),
        ('names = ["five", "six, noisier"]', 'names = ["x", "five"]', None),
    ],
)
def test_what_is_wrong_in_a_file_is_named(file, old, new, message):
    assert TEXT.count(old) >= 1
    if 'x", "five' in new:  # capitals apart, two positions have one folder
        new, message = new.replace("five", "X"), "capitals aside"
        old = "values = [{ subjects = 5 }, { subjects = 6, dials = { ps_noise = 2.0 } }]\n" + old
        new = "values = [{ subjects = 7 }, { subjects = 6 }]\n" + new
    path = file(TEXT.replace(old, new, 1))
    with pytest.raises(MepsError) as error:
        ablation = read_ablation(path)
        run_ablation(ablation, path.parent / "out", progress=False)  # of dials, the data know
    assert (message or "ps_nose") in str(error.value) and "noise" in str(error.value)


def test_the_shipped_questions_are_read_and_have_the_design():
    names = [p for p in find_ablation("weights").parent.glob("ablation_*.toml")]
    assert len(names) >= 10
    seeds = []
    for path in names:
        ablation = read_ablation(path)
        for plan in ablation.plans.values():
            asked = plan.data["simulate"]
            assert asked["cohorts"] >= 8 and asked["strangers"] >= 100 and asked["trials"] >= 3
            for config in plan.variants.values():
                assert config.protocol == "cross-data-set" and config.test_on == "strangers"
                assert config.train_on is None
        seeds.append("S2" if "s2_" in path.stem else asked["seed"])
    # No two questions share people, but for those about S2, whose EEG takes long to simulate.
    assert len(set(seeds)) == len(seeds) - seeds.count("S2") + 1


def test_cohorts_and_strangers_are_those_of_their_seeds():
    data = simulate_strangers(
        2, 3, 4, 3, 6, seed=7, dials={"size": 16, "n_frames": 3}, asked={"missing_ps": 1.0}
    )
    assert len(data) == 2 * 9 + 24 and data.seed == 7000
    assert data.scenario == Scenario(size=16, n_frames=3, missing_ps=1.0)
    alone = simulate_cohort(3, 3, seed=7002, scenario=Scenario(size=16, n_frames=3))
    row = data.index.index[data.index["data_set"] == "cohort-002"][4]
    trial, same = data[row], alone[4]
    assert trial.clip == f"cohort-002-{same.clip}" and trial.subject == f"cohort-002-{same.subject}"
    assert np.array_equal(trial.ps, same.ps) and np.array_equal(trial.colour, same.colour)
    assert data[-1].ps is None and data[-1].colour is not None
    assert data[len(data) - 1].clip == data[-1].clip == data.index["clip"].iloc[-1]
    more = simulate_strangers(3, 3, 4, 3, 6, seed=7, dials={"size": 16, "n_frames": 3})
    assert np.array_equal(more[row].ps, trial.ps)  # a cohort more changes nobody
    with pytest.raises(MepsError, match="frame_nose: no dial"):
        simulate_strangers(dials={"frame_nose": 1})


def test_all_networks_answer_for_the_same_strangers_and_learn_from_their_own(done):
    ablation, out = done
    answers = answers_of(ablation, out)
    assert set(answers["subject"].str.split("-sim").str[0]) == {"strangers"}
    for _, one in answers.groupby(["position", "variant", "model"]):
        assert len(one) == 12 and one["subject"].nunique() == 4
    splits = json.loads((out / "as it is" / "late" / "splits_seed0.json").read_text())
    text = json.dumps(splits)
    assert "cohort-001" in text and "cohort-002" in text


def test_scores_are_means_over_cohorts_and_differences_are_paired(done):
    ablation, out = done
    scores = scores_of(ablation, out)
    answers = answers_of(ablation, out)
    here = answers[answers["position"] == "noise=30"]
    classes = sorted(here["truth"].unique())

    def mean(variant):
        one = here[here["variant"] == variant]
        by = [score(t["truth"], t["prediction"], classes).uf1 for _, t in one.groupby("model")]
        return np.mean(by)

    row = scores.query("dial == 'noise' and value == '30'").set_index(["variant", "minus"])
    assert row.loc[("late", ""), "score"] == pytest.approx(mean("late"))
    assert row.loc[("late", "early"), "score"] == pytest.approx(mean("late") - mean("early"))
    parts = [here[here["variant"] == v] for v in ("late", "early")]
    want = bootstrap_interval(parts[0], classes, minus=parts[1]).loc["uf1"]
    assert tuple(row.loc[("late", "early"), ["low", "high"]]) == tuple(want[["low", "high"]])
    assert len(scores) == 4 * 3  # four positions; two scores and a difference at each
    # A position of two dials is one run.
    same = scores[scores["value"].isin(["1", "five"])].drop(columns=["dial", "value"])
    assert same.iloc[:3].reset_index(drop=True).equals(same.iloc[3:].reset_index(drop=True))


def test_the_ceiling_is_that_of_the_strangers_there(done):
    ablation, out = done
    data = open_cohorts(ablation.plans["noise=30"].data["simulate"])
    want = ceiling(data.parts["strangers"], seeds=(0, 1, 2))["uf1"]["body"]
    scores = scores_of(ablation, out)
    assert set(scores.query("value == '30'")["ceiling"]) == {want}


def test_each_question_takes_its_own_ceiling_and_pairs_its_cohorts(done, tmp_path):
    ablation, out = done
    copy = tmp_path / "copy"
    shutil.copytree(out, copy)
    for folder in ablation.plans:
        best = {"face": 0.7, "body": 0.8, "both": 0.9}
        (copy / folder / "ceiling.json").write_text(json.dumps(best), encoding="utf-8")
    # Luck of a cohort is shared: the first is right for all strangers, the second for none.
    said = answers_of(ablation, copy)
    wrong = said["truth"].map({"negative": "positive", "positive": "surprise"}).fillna("negative")
    said["prediction"] = said["truth"].where(said["model"] == 0, wrong)
    scores = scores_of(ablation, copy, said)
    assert set(scores["ceiling"]) == {0.8}
    apart = scores[scores["minus"] == ""]
    assert (apart["low"] < 0.1).all() and (apart["high"] > 0.9).all()
    paired = scores[scores["minus"] != ""]
    assert (paired[["score", "low", "high"]] == 0).all(axis=None)


def test_a_class_that_a_position_does_not_have_counts_for_nothing_there(done):
    """Three classes beside seven: what only the other position asks for is no class missed here."""
    ablation, out = done
    said = answers_of(ablation, out)
    there = said["position"] == "noise=30"
    for column in ("truth", "prediction", "majority"):
        said.loc[there, column] = "other " + said.loc[there, column]
    columns = ["score", "low", "high", "floor"]
    pd.testing.assert_frame_equal(
        scores_of(ablation, out, said)[columns], scores_of(ablation, out)[columns]
    )


def test_damaged_answers_are_named(done, tmp_path):
    ablation, out = done
    copy = tmp_path / "copy"
    shutil.copytree(out, copy)
    path = copy / "noise=30" / "late" / PREDICTIONS
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(MepsError, match="predictions.parquet cannot be read"):
        scores_of(ablation, copy)
    for text in ("", "[]", "{}", '{"body": null}', '{"body": NaN}'):
        (copy / "as it is" / "ceiling.json").write_text(text, encoding="utf-8")
        with pytest.raises(MepsError, match="ceiling.json cannot be read .*; delete"):
            scores_of(ablation, copy, answers_of(ablation, out))


def test_cost_is_added_up_and_a_damaged_sum_is_named(tmp_path):
    assert spend(tmp_path, 2.0) == 2 and spend(tmp_path, 3.0) == 5
    (tmp_path / "spent.json").write_text('{"cpu_seconds":', encoding="utf-8")
    with pytest.raises(MepsError, match="spent.json cannot be read .*; delete"):
        spend(tmp_path, 1.0)


def test_again_changes_nothing_and_a_failed_unit_is_told(done, file, tmp_path, monkeypatch):
    ablation, out = done
    path = out / "noise=30" / "late" / PREDICTIONS
    before = path.stat().st_mtime_ns
    run_ablation(ablation, out, progress=False)
    assert path.stat().st_mtime_ns == before
    bad = read_ablation(file(TEXT.replace("epochs = 2", "epochs = 2, learning_rate = 1e30")))
    with pytest.raises(MepsError, match="noise, as it is: .*failed"):
        run_ablation(bad, tmp_path / "bad", progress=False)
    with pytest.raises(MepsError, match="once its cause is gone, give --retry"):
        run_ablation(bad, tmp_path / "bad", progress=False)
    tried = []
    monkeypatch.setattr("meps_lab.ablations.run.run_plan", lambda *a, **k: tried.append(a[4]))
    with pytest.raises(MepsError):
        run_ablation(bad, tmp_path / "bad", progress=False, retry=True)
    assert tried[0] is True
    with pytest.raises(MepsError, match="run the question to its end"):
        scores_of(bad, tmp_path / "bad")


def test_the_verdict_follows_the_interval():
    rows = [
        ("a", 0.10, 0.05, 0.15, "first"),
        ("b", -0.1, -0.15, -0.05, "second"),
        ("c", 0.00, -0.02, 0.03, "alike"),
        ("d", 0.00, -0.05, 0.05, "open"),
    ]
    table = pd.DataFrame(rows, columns=["value", "score", "low", "high", "want"])
    table = table.assign(dial="x", variant="one", minus="two", floor=0.2)
    alone = table.assign(minus="", low=0.3, high=0.5)
    other = alone.assign(variant="two", low=0.1)  # it suffices that one of both has learnt
    verdicts = settled(pd.concat([table, alone, other]), ("one", "two"))["verdict"]
    assert verdicts.tolist() == table["want"].tolist()
    nothing = pd.concat([table, alone.assign(low=0.2), other])
    told = settled(nothing, ("one", "two"))["verdict"].tolist()
    assert told == ["first", "second", "open", "open"]


def test_the_command_writes_table_and_pictures(file, tmp_path, capsys):
    out = tmp_path / "out"
    text = TEXT.replace("strangers = 4", "strangers = 3")
    assert main(["ablate", str(file(text)), "--out", str(out), "--fast"]) == 0
    told = capsys.readouterr().out
    assert "settle nothing" in told and "verdict" not in told
    assert "late minus early" in told and "2 positions, 2 variants" in told
    table = pd.read_csv(out / "table.csv")
    assert list(table["dial"].unique()) == ["noise"] and len(table) == 6
    assert (out / "noise.png").stat().st_size > 5000
    assert json.loads((out / "spent.json").read_text())["cpu_seconds"] > 0
    (out / "spent.json").unlink()  # so that it could be anybody's folder
    capsys.readouterr()
    assert main(["ablate", str(file(text)), "--out", str(out), "--fast"]) == 2
    assert "holds a table.csv that is of no ablation; nothing was over" in capsys.readouterr().err
    assert main(["ablate", "no_such"]) == 2
    assert "weights" in capsys.readouterr().err
    assert main(["ablate", str(file()), "--fast", "--keep"]) == 2


def test_the_commit_says_whether_the_source_was_changed_since(tmp_path):
    def git(*words):
        who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True)

    assert scores._commit(tmp_path) == "unknown"  # nothing there is under git
    git("init")
    (tmp_path / "a.py").write_text("1")
    git("add", "a.py")
    git("commit", "-m", "a")
    clean = scores._commit(tmp_path)
    assert re.fullmatch("[0-9a-f]{12}", clean)
    (tmp_path / "a.py").write_text("2")
    assert scores._commit(tmp_path) == f"{clean}-dirty"
