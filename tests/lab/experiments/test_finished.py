"""`meps_lab.experiments.finished` and `status`: damaged, foreign and unlike folders are told."""

import json

import pandas as pd
import pytest

from meps_lab.cli import main as cli
from meps_lab.experiments.finished import read_run, read_runs, unlike
from meps_lab.experiments.status import plan_status
from meps_lib.errors import MepsError
from tests.lab.experiments.test_report import answers, keep

CODE = {"meps_lib/training.py": "1", "meps_lib/trial.py": "1"}
LIKE = {"code": CODE, "torch": "2", "digest": {"trials": "x"}}


def splits(folder, n=8, seeds=(0, 1)):
    """Who is tested, as `answers` has it: each subject in a fold."""
    for seed in seeds:
        told = [{"fold": k, "train": [], "validation": [], "test": [f"s{k}"]} for k in range(n)]
        (folder / f"splits_seed{seed}.json").write_text(json.dumps({"splits": told}))


@pytest.fixture
def plan(tmp_path):
    """A plan's folder with one finished variant."""
    (tmp_path / "plan.json").write_text(json.dumps({"units": {"late": 16}}))
    splits(keep(tmp_path / "late", answers()))
    return tmp_path


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, []),
        ({"torch": "3"}, ["a and b were made by other source, of torch: what differs"]),
        ({"code": CODE | {"meps_lib/trial.py": "2"}}, ["other source, of meps_lib/trial.py: "]),
        ({"code": CODE | {"meps_lib/new.py": "2"}}, ["other source, of meps_lib/new.py: "]),
        ({"code": {}, "torch": "3"}, ["of meps_lib/training.py, meps_lib/trial.py, torch: "]),
        ({"code": {f"meps_lib/{k}.py": "" for k in "abc"}}, ["a.py, meps_lib/b.py, .*and 2 more"]),
        ({"code": CODE | {"mine.py": "1"}}, []),
        ({"changed_code": [["meps_lib/x.py"]]}, ["other source, of meps_lib/x.py: "]),
        ({"digest": {"trials": "y"}}, ["prepared alike, and their trials are not the same to the"]),
    ],
)
def test_other_source_and_other_trials_are_said(tmp_path, capsys, more, told):
    a, b = keep(tmp_path / "a", answers(), **LIKE), keep(tmp_path / "b", answers(), **LIKE | more)
    said = unlike(read_run(a), read_run(b))
    assert len(said) == len(told)
    for text, pattern in zip(said, told, strict=True):
        assert pd.Series([text]).str.contains(pattern).all(), text
    assert cli.main(["compare", str(a), str(b)]) == 0
    printed = capsys.readouterr().out
    assert printed.endswith("".join(f"\n{text}" for text in said) + "\n")
    (tmp_path / "plan.json").write_text(json.dumps({"units": {"a": 16, "b": 16}}))
    assert read_runs(tmp_path)[1] == said


def test_trials_prepared_otherwise_are_other_trials(tmp_path):
    config = {"model": "meps", "modalities": ["ps"], "protocol": "loso", "normalise": "per-subject"}
    a = keep(tmp_path / "a", answers(), **LIKE)
    b = keep(tmp_path / "b", answers(), config=config, **LIKE | {"digest": {"trials": "y"}})
    assert unlike(read_run(a), read_run(b)) == []


def test_a_run_is_not_compared_with_itself(plan, capsys):
    other = plan / "other"
    other.symlink_to(plan / "late")
    for b in (plan / "late", other):
        assert cli.main(["compare", str(plan / "late"), str(b)]) == 2
        assert "are the same run; name another" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda t: t.drop(columns="fold"), "no column fold"),
        (lambda t: t.assign(p_negative=[0.5, None] * 48), "row 1, column p_negative: empty"),
        (lambda t: t.assign(subject=t["fold"]), "column subject: got 0; expected text"),
        (lambda t: t[t["fold"] > 0], "subject 's0' is of seed 0, fold 0 in splits_seed.* alone"),
        (lambda t: t.assign(seed=t["seed"] + 1), "seed 0, fold 0 in splits_seed"),
        (
            lambda t: pd.concat([t, t[:1].assign(subject="x")]),
            "subject 'x' is of seed 0, fold 0 in predictions.parquet alone",
        ),
    ],
)
def test_predictions_of_something_else_are_told_by_all(plan, capsys, change, told):
    keep(plan / "late", change(answers()))
    for ask in (lambda: read_run(plan / "late"), lambda: plan_status(plan)):
        with pytest.raises(MepsError, match=f"late/predictions.parquet: .*{told}.*: delete it"):
            ask()
    for command in ("status", "report"):
        assert cli.main([command, str(plan)]) == 2
        assert "late/predictions.parquet: " in capsys.readouterr().err


def test_what_is_no_parquet_is_not_finished(plan):
    path = plan / "late" / "predictions.parquet"
    whole = path.read_bytes()
    flipped = whole.replace(b"negative", b"\xffegative")  # an error that is pyarrow's own
    for content in (b"", b"PAR1", whole[:-40], flipped):
        path.write_bytes(content)
        with pytest.raises(MepsError, match="late/predictions.parquet cannot be read .*delete it"):
            plan_status(plan)


def test_the_file_that_is_damaged_is_named(plan):
    (plan / "late" / "predictions.parquet").unlink()
    with pytest.raises(MepsError, match="'meps run' has not finished it: see 'meps status "):
        read_run(plan / "late")
    (folds := plan / "late" / "folds").mkdir()
    assert plan_status(plan)[0].units == 16
    (folds / "seed0_fold1.lock").mkdir()
    with pytest.raises(MepsError, match="folds/seed0_fold1.lock cannot be locked .Is a directory"):
        plan_status(plan)
    (folds / "seed0_fold1.lock").rmdir()
    for content in ("", "[]", '{"error": "x"}'):
        (folds / "seed0_fold1.failed.json").write_text(content)
        with pytest.raises(MepsError, match="fold1.failed.json cannot be read .*'meps run' tries"):
            plan_status(plan)
    for content in ("", "[]", '{"splits": 3}', '{"splits": [{}]}'):
        (plan / "late" / "splits_seed0.json").write_text(content)
        with pytest.raises(MepsError, match="late/splits_seed0.json cannot be read"):
            plan_status(plan)
    for content in ("", "[]", '{"units": []}', '{"units": {"late": "x"}}', '{"units": {"a": []}}'):
        (plan / "plan.json").write_text(content)
        with pytest.raises(MepsError, match="plan.json cannot be read .*--out of 'meps run'"):
            plan_status(plan)


@pytest.mark.parametrize(
    "origin", [{"scenario": 3, "seed": 0}, {"scenario": "easy"}, {"root": 3}, {"seed": "x"}]
)
def test_an_origin_that_is_odd_has_no_ceiling(plan, capsys, origin):
    keep(plan / "late", answers(), origin=origin)
    assert cli.main(["report", str(plan / "late")]) == 0
    assert ("No ceiling: " in capsys.readouterr().out) == (origin != {"seed": "x"})


@pytest.mark.parametrize("name", ["origin", "code", "digest"])
def test_a_record_that_is_none_is_told(plan, name):
    keep(plan / "late", answers(), **{name: ["x"]})
    with pytest.raises(MepsError, match=rf"config.json cannot be read .*{name} is \['x'\]"):
        read_run(plan / "late")
