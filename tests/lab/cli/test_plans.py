"""`meps run` and `meps status`: a plan from its file to its scores, whatever happens meanwhile."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from meps_lab.cli import main as cli
from meps_lab.cli.plans import open_plan_data
from meps_lab.experiments import units
from meps_lab.experiments.scale import Dask
from meps_lab.simulate.layouts import write_layout
from meps_lib.errors import MepsError

PLAN = """
[data]
simulate = { subjects = 4, trials = 3, seed = 2 }
[experiment]
modalities = ["ps"]
n_validation = 1
[experiment.train]
epochs = 1
[variants.late]
[variants.early.model_args]
ps_blocks = [1, 2]
"""


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text(PLAN)
    return path


def files(folder):
    return {p.name: p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name[0] != "."}


def test_what_is_asked_stays_beside_the_results(plan, tmp_path, capsys):
    study = '[study]\nquestion = "Early or late?"\ncompare = ["early", "late"]\n'
    study += "smallest_difference = 0.05\n"
    plan.write_text(study + PLAN)
    out = tmp_path / "out"
    assert cli.main(["run", str(plan), "--out", str(out)]) == 0
    assert cli.main(["report", str(out)]) == 0
    said = "Asked beforehand: Early or late? Main comparison: early minus late. Smallest difference"
    assert f"{said} that matters: 0.05." in capsys.readouterr().out
    for other in (study.replace("0.05", "0.01"), ""):
        plan.write_text(other + PLAN)
        assert cli.main(["run", str(plan), "--out", str(out)]) == 2
        assert "study" in capsys.readouterr().err


def test_a_plan_whose_network_cannot_read_the_maps_writes_nothing(plan, tmp_path, capsys):
    tree, out = tmp_path / "tree", tmp_path / "out"
    write_layout("casme2", tree, n_subjects=4, trials=7)
    text = f'[data]\nkind = "casme2"\nroot = "{tree.as_posix()}"\nany_counts = true\n'
    text += '[experiment]\nmodel = "ststnet"\nmodalities = ["flow"]\n[variants.one]\n'
    for more, said in (("", "flow_levels=True"), ("prepare = { flow_steps = 2 }", "flow_steps=1")):
        plan.write_text(text.replace("[variants", f"{more}\n[variants"))
        assert cli.main(["run", str(plan), "--out", str(out)]) == 2
        told = capsys.readouterr().err
        assert said in told and "variant one: ststnet, tried on clip" in told
        assert not out.exists()


def test_a_variant_is_what_loso_leaves(plan, tmp_path, capsys):
    out, alone = tmp_path / "out", tmp_path / "alone"
    assert cli.main(["run", str(plan), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "12 trials; 2 variants" in printed and "late: 4 of 4 units done" in printed
    assert "uf1" in printed and f"next: meps report {out} " in printed
    same = ["--subjects", "4", "--trials", "3", "--modalities", "ps", "--n-validation", "1"]
    assert cli.main(["loso", *same, "--epochs", "1", "--device", "cpu", "--out", str(alone)]) == 0
    late, loso = (json.loads((f / "config.json").read_text()) for f in (out / "late", alone))
    assert late["config"] == loso["config"]
    assert late["origin"] == loso["origin"] | {"seed": 2}
    capsys.readouterr()
    assert cli.main(["status", str(out)]) == 0
    assert capsys.readouterr().out == "late: 4 of 4 units done\nearly: 4 of 4 units done\n"


def test_what_failed_is_told_and_the_exit_code_says_so(plan, tmp_path, capsys, monkeypatch):
    def run_fold(data, config, split, seed, whole=units.run_fold):
        if split.fold == 2 and config.model_args:
            raise MepsError("epoch 0: not finite")
        return whole(data, config, split, seed)

    monkeypatch.setattr(units, "run_fold", run_fold)
    command = ["run", str(plan), "--out", str(tmp_path / "out")]
    for _ in range(2):
        with pytest.raises(SystemExit) as ended:
            cli.main(command)
        printed = capsys.readouterr().out
        assert ended.value.code == 1 and "early: 3 of 4 units done, 1 failed" in printed
        assert "failed: seed0_fold2: epoch 0: not finite" in printed and "--retry" in printed
    monkeypatch.undo()
    assert cli.main([*command, "--retry"]) == 0


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("simulate = { subject = 4 }", "simulate.subject: no such setting; did you mean subjects"),
        ("simulate = { subjects = '4' }", "simulate.subjects = '4'; expected a whole number"),
        ("simulate = {}\nroot = 'x'", "simulate goes without kind"),
        ("kind = 'smik'", "kind = 'smik'; expected one of .*smic"),
        ("kind = 'smic'", "where does it lie"),
        ("kind = 'smic'\nroot = 'gone'", "gone"),
        ("root = 'x'\ncrop = 'face'", "crop: goes with kind"),
        ("kind = 'smic'\nepochs = 3", "epochs: no such setting"),
    ],
)
def test_data_that_cannot_be_opened_are_told(plan, tmp_path, capsys, data, told):
    plan.write_text(PLAN.replace("simulate = { subjects = 4, trials = 3, seed = 2 }", data))
    assert cli.main(["run", str(plan), "--out", str(tmp_path / "out")]) == 2
    assert re.search(f"x.toml: data: .*{told}", capsys.readouterr().err)
    assert not (tmp_path / "out").exists()


def test_a_data_set_is_opened_as_loso_does(tmp_path):
    write_layout("smic", tmp_path / "smic", n_subjects=3, trials=3, size=48)
    table = {"kind": "smic", "crop": "frame", "any_counts": True, "rules": ["name-disagrees=keep"]}
    data = open_plan_data(table, ("colour",), tmp_path / "smic")
    assert data.origin["load"]["crop"] == "frame" and data.origin["index"]["any_counts"]
    assert data.origin["root"] == str(tmp_path / "smic") and len(data) == 9
    assert data.config.modalities == ("colour",)


def test_options_that_do_not_go_together_are_refused(plan, tmp_path, capsys):
    command = ["run", str(plan), "--out", str(tmp_path / "out")]
    assert cli.main([*command, "--dask", "tcp://x", "--jobs", "2"]) == 2
    assert "--jobs: a Dask scheduler has workers of its own" in capsys.readouterr().err
    assert cli.main([*command, "--jobs", "0"]) == 2
    assert "--jobs=0" in capsys.readouterr().err
    assert cli.main(["status", str(tmp_path)]) == 2
    assert "expected the --out of 'meps run'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "kind"),
    [([], "Here"), (["--jobs", "2"], "Processes"), (["--dask", "local"], "Dask")],
)
def test_who_works_is_who_was_asked(plan, tmp_path, monkeypatch, options, kind):
    seen = []
    monkeypatch.setattr(Dask, "__init__", lambda *arguments: None)
    monkeypatch.setattr(Dask, "close", lambda pool: None)
    monkeypatch.setattr("meps_lab.cli.plans._tell", lambda *arguments: None)
    monkeypatch.setattr(
        "meps_lab.experiments.runner.run_plan", lambda *a, **k: seen.append(type(a[3]).__name__)
    )
    assert cli.main(["run", str(plan), "--out", str(tmp_path / "out"), *options]) == 0
    assert seen == [kind]


def test_kill_9(plan, tmp_path, capsys):
    """Nothing can be tidied up; the lock of what was worked on goes with the process."""
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    command = [sys.executable, "-m", "meps_lab.cli.main", "run", str(plan), "--out", str(killed)]
    quiet = dict.fromkeys(("stdout", "stderr"), subprocess.DEVNULL)
    process = subprocess.Popen(command, **quiet, env=os.environ)
    end = time.monotonic() + 120
    while not list(killed.glob("late/folds/*.parquet")) and time.monotonic() < end:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    kept = {path.name: path.stat().st_mtime_ns for path in killed.glob("*/folds/*.parquet")}
    assert cli.main(["status", str(killed)]) == 0
    assert "running" not in capsys.readouterr().out and not (killed / "early" / "x").exists()
    assert cli.main(["run", str(plan), "--out", str(killed)]) == 0
    assert cli.main(["run", str(plan), "--out", str(whole)]) == 0
    assert kept and files(killed) == files(whole)
    assert len(pd.read_parquet(killed / "early" / "predictions.parquet")) == 12
