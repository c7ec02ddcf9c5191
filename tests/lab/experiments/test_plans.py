"""A plan's file: what it expands into, and what is told of one that is wrong."""

from pathlib import Path

import pytest

from meps_lab.ablations import read_ablation
from meps_lab.experiments import ExperimentConfig, make_model
from meps_lab.experiments.plans import read_plan
from meps_lab.experiments.tables import check_table
from meps_lab.prepare import PrepareConfig
from meps_lib.errors import MepsError
from meps_lib.training import TrainConfig

ROOT = Path(__file__).resolve().parents[3]
HEAD = """
[data]
simulate = {}
[experiment]
modalities = ["ps"]
seeds = [0, 1]
[experiment.train]
epochs = 5
"""
BASE = {"modalities": ("ps",), "seeds": (0, 1)}


@pytest.fixture
def read(tmp_path):
    def from_text(text, head=HEAD):
        path = tmp_path / "x.toml"
        path.write_text(head + text, encoding="utf-8")
        return read_plan(path)

    return from_text


def test_variants_are_merged_over_what_all_share(read):
    plan = read(
        "[variants.plain]\n"
        "[variants.mixed]\nseeds = [4]\ntrain = { learning_rate = 1 }\n"
        "[variants.mixed.model_args]\nps_blocks = [0, 3]\n"
        "[variants.mixed.prepare]\nps_sfreq = 32.0\n"
    )
    assert plan.data == {"simulate": {}}
    assert plan.variants == {
        "plain": ExperimentConfig(**BASE, train=TrainConfig(epochs=5)),
        "mixed": ExperimentConfig(
            modalities=("ps",),
            seeds=(4,),
            train=TrainConfig(epochs=5, learning_rate=1),
            model_args={"ps_blocks": (0, 3)},
            prepare=PrepareConfig(ps_sfreq=32.0),
        ),
    }


@pytest.mark.parametrize("dim", ['"model_args.dim"', "model_args.dim"])
def test_a_grid_is_a_product(read, dim):
    plan = read(
        "[variants.a]\n[variants.b.model_args]\nheads = 2\n"
        f"[grid]\n{dim} = [16, 32]\nmodalities = [['ps'], ['colour', 'ps']]\n"
    )
    assert list(plan.variants) == [
        f"{name}, dim={dim}, modalities={modalities}"
        for name in "ab"
        for dim in (16, 32)
        for modalities in ("ps", "colour+ps")
    ]
    last = plan.variants["b, dim=32, modalities=colour+ps"]
    assert last.model_args == {"heads": 2, "dim": 32} and last.modalities == ("colour", "ps")


@pytest.mark.parametrize("path", sorted((ROOT / "plans").glob("*.toml")), ids=lambda p: p.stem)
def test_kept_plans_are_plans(path):
    plans = [read_plan(path)] if "ablation" not in path.stem else read_ablation(path).plans.values()
    for config in [c for plan in plans for c in plan.variants.values()]:
        make_model(config, ("a", "b", "c"), seed=0)
    if "ablation" in path.stem:
        with pytest.raises(MepsError, match="'meps ablate' runs"):
            read_plan(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[variants.a.train]\nepoch = 3", "variants.a.train.epoch: no such.*did you mean epochs"),
        ("[variants.a.train]\nepochs = 'x'", "variants.a.train.epochs = 'x'; expected a whole"),
        ("[variants.a.train]\nepochs = true", "variants.a.train.epochs = True; expected a whole"),
        ("[variants.a.train]\nepochs = 0", "variants.a: epochs=0"),
        ("[variants.a.train]\nschedule = 'up'", "schedule = 'up'; expected one of constant, cos"),
        ("[variants.a.train]\nlearning_rate = '1'", "learning_rate = '1'; expected a number"),
        ("[variants.a]\ntrain = 3", "variants.a.train = 3; expected a table of epochs"),
        ("[variants.a]\nmodel = 'mep'", "variants.a.model='mep'; expected one of meps"),
        ("[variants.a.model_args]\ndimm = 3", "variants.a.model_args.dimm: no.*mean dim"),
        ("[variants.a.model_args]\nn_classes = 4", "variants.a.model_args.n_classes: no such"),
        ("[variants.a.model_args]\nps_blocks = [1]", "ps_blocks = .1.; expected a list of 2"),
        ("[variants.a]\nseeds = [0.5]", "seeds = .0.5.; expected a list, each a whole number"),
        ("[variants.a]\nn_jobs = 2", "variants.a.n_jobs: no such setting"),
        ("[variants.a]\nseeds = [0, 1]", "variants.a changes nothing"),
        ("[variants.a.train]\nbatch_size = 16", "variants.a changes nothing"),
        ("[variants.a]\n[variants.b]", "variants.b: the same as a; take one out"),
        ("[variants.'../a']", "variants.../a: a variant names a folder"),
        ("[variants.'a/b']", "variants.a/b: a variant names a folder"),
        ("[variants.Report]", "variants.Report: a variant names a folder"),
        ("[variants.'plan.json']", "variants.plan.json: a variant names a folder"),
        ("[variants.'a.']", "a variant names a folder: .* no dot or blank at the end"),
        (f"[variants.{'a' * 81}]", "a variant names a folder: up to 80 letters"),
        ("[variants.a]\n[variants.A]\nseeds = [4]", "variants.A: the same as a"),
        ("[variants.a]\n[grid]\n'train.epoch' = [3]", "grid.train.epoch: no such setting"),
        ("[variants.a]\n[grid]\n'train.epochs' = 3", "grid.train.epochs = 3; expected a list"),
        ("[variants.a]\n[grid]\nseeds = []", "grid.seeds = ..; expected a list of values"),
        ("[variants.a]\n[grid]\n'train.epochs' = [3, 3]", "epochs=3: the same as a, epochs=3"),
        (
            "[variants.a]\n[grid]\n'train.epochs' = [3]\n[grid.train]\nepochs = [4]",
            "grid.train.epochs and grid.train.epochs set the same; take one",
        ),
        (
            "[variants.a]\n[grid]\n'train.epochs' = [3]\ntrain = [{epochs = 4}]",
            "grid.train.epochs and grid.train set the same; take one",
        ),
        (
            f"[variants.a]\n[variants.b]\n[grid]\nseeds = {[[k] for k in range(6000)]}",
            "grid: it makes 12,000 variants; expected 10,000 at most",
        ),
        ("[variants.a]\nn_folds = 3", "variants.a: n_folds is without effect in the protocol loso"),
        ("[variants.a]\n[grid]\nn_folds = [3, 4]", "variants.a: n_folds is without effect"),
        (
            "[variants.a]\nprotocol = 'file'\nsplit_file = 'x.json'\nn_validation = 3",
            "variants.a: n_validation is without effect in the protocol file",
        ),
        ("[variants]", "no variants; expected at least one"),
        ("[variant.a]", "variant: no such setting; did you mean variants"),
        ("x = = 3", "is no TOML: .*line 9"),
        ("", r"\[variants\] is missing"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(read, text, told):
    with pytest.raises(MepsError, match=f"x.toml:? .*{told}"):
        read(text)


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(MepsError, match="none.toml cannot be read: No such file"):
        read_plan(tmp_path / "none.toml")
    (tmp_path / "x.toml").write_bytes(b"\xff")
    with pytest.raises(MepsError, match="x.toml is no TOML"):
        read_plan(tmp_path / "x.toml")


def test_a_mark_of_byte_order_is_passed_over(tmp_path):
    """As Windows editors write it."""
    (tmp_path / "x.toml").write_text(HEAD + "[variants.a]\n", encoding="utf-8-sig")
    assert list(read_plan(tmp_path / "x.toml").variants) == ["a"]


def test_an_experiment_that_is_none_by_itself_may_be_shared(read):
    """What a protocol needs may come with each variant."""
    head = "[data]\n[experiment]\nprotocol = 'cross-data-set'\ntrain_on = 'samm'\n"
    plan = read("[variants.a]\ntest_on = 'smic'\n[variants.b]\ntest_on = 'casme2'", head)
    assert [c.test_on for c in plan.variants.values()] == ["smic", "casme2"]


def test_a_model_of_one_s_own_has_whatever_arguments(read, tmp_path):
    (tmp_path / "mine.py").write_text("")
    model = f"{tmp_path}/mine.py:Net"
    plan = read(f"[variants.a]\nmodel = '{model}'\nmodel_args = {{ width = [1, 2] }}\n")
    assert plan.variants["a"].model == model
    assert plan.variants["a"].model_args == {"width": (1, 2)}


def test_paths_and_what_may_be_none():
    check_table({"a": "x"}, {"a": Path | None}, "t")
    with pytest.raises(MepsError, match="t.a = 1; expected a path, as text"):
        check_table({"a": 1}, {"a": Path | None}, "t")


STUDY = """
[study]
question = "Does mixing help?"
compare = ["late", "early"]
metric = "uf1"
smallest_difference = 0.05
[variants.late]
[variants.early.model_args]
ps_blocks = [1, 2]
"""


def test_a_plan_has_a_place_for_its_question(read):
    plan = read(STUDY)
    assert plan.study["compare"] == ["late", "early"] and list(plan.variants) == ["late", "early"]
    assert read(STUDY.partition("[variants")[1] + STUDY.partition("[variants")[2]).study == {}
    for wrong, said in (
        ('"early"]', '"soon"]'),
        ("0.05", "0.0"),
        ("0.05", "5.0"),
        ('"uf1"', '"f1"'),
        ("question", "asked"),
        ('["late", "early"]', '["late"]'),
    ):
        with pytest.raises(MepsError, match="study"):
            read(STUDY.replace(wrong, said))
