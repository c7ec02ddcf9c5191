"""The command line, run as a person runs it: a result, or one clear line and exit code 2."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch

from meps_lab.cli import main as cli
from meps_lab.recordings.find import fetch

QUICK = [
    "--epochs",
    "1",
    "--frames",
    "3",
    "--size",
    "48",
    "--protocol",
    "grouped-kfold",
    "--folds",
    "5",
]


@pytest.fixture
def cohort(tmp_path):
    out = tmp_path / "cohort"
    args = ["simulate", "--out", str(out), "--subjects", "5", "--trials", "3", "--seed", "3"]
    assert cli.main(args) == 0
    return out


@pytest.fixture
def tiny_demo(monkeypatch, tmp_path):
    """The demonstration model of three subjects and one epoch, kept in a cache of its own."""
    from meps_lab.cli import demo

    config, model = demo.demo_config, demo.demo_model

    def quick(names):
        c = config(names)
        return replace(c, train=replace(c.train, epochs=1))

    monkeypatch.setattr(demo, "demo_config", quick)
    monkeypatch.setattr(
        demo, "demo_model", lambda names=(): model(names, tmp_path / "cache", 3, progress=False)
    )


def test_scaling_that_looks_at_the_test_subject_is_said_aloud(cohort, capsys):
    args = ["loso", "--root", str(cohort), "--modalities", "ps", *QUICK]
    assert cli.main([*args, "--normalise", "per-subject"]) == 0
    assert "normalised per-subject: all signals of a test subject" in capsys.readouterr().out


def test_simulate_then_loso(cohort, tmp_path, capsys):
    out = tmp_path / "out"
    args = ["loso", "--root", str(cohort), "--out", str(out), "--modalities", "ps", *QUICK]
    assert cli.main([*args, "--seeds", "0", "1"]) == 0
    printed = capsys.readouterr().out
    assert "majority" in printed and "UF1 over seeds" in printed and "simulated" in printed
    assert "95 % intervals over subjects" in printed and "normalised" not in printed
    table = pd.read_parquet(out / "predictions.parquet")
    assert len(table) == 30
    index = pd.read_csv(cohort / "index.csv")
    record = json.loads((out / "config.json").read_text())
    assert "simulated" in record["data"]["note"] and record["data"]["n_trials"] == 15
    assert cli.main(args) == 2  # the results stay
    assert "holds results already" in capsys.readouterr().err
    assert sorted(table["clip"]) == sorted([*index["clip"], *index["clip"]])


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["loso", "--root", "nowhere"], "nowhere/dataset.json is missing"),
        (["loso", "--scenario", "sunny"], "sunny.*early_apex"),
        (["loso", "--classes", "joy,anger"], "joy"),
        (["loso", "--subjects", "3", "--trials", "3", "--modalities", "ps"], "3 subjects"),
        (["loso", "--device", "cuda:77"], "cuda:77: torch sees cpu"),
        (["loso", "--seeds", "0", "0"], "all different"),
        (["loso", "--seeds", "-1"], "seeds=-1; expected a whole number, 0 to"),
        (["loso", "--jobs", "0"], "n_jobs=0"),
        (
            ["loso", "--size", "16", "--subjects", "5", "--trials", "3", "--modalities", "colour"],
            "16 x 16 pixels.*48",
        ),
        (["loso", "--model", "vgg"], "unknown model 'vgg'"),
        (["loso", "--out", "/proc/self/nothing"], "cannot write"),
        (["predict", "nothing.mp4", "--picture", "no/where.png"], "--picture no/where.png"),
        (["simulate", "--out", "X", "--subjects", "1"], "n_subjects"),
        (["simulate", "--out", "X", "--trials", "2"], "trials_per_subject"),
        (["simulate", "--out", "X", "--layout", "casme4"], "casme4.*casme2, samm, smic, case"),
        (["simulate", "--out", "X", "--layout", "smic", "--trials", "2"], "trials_per_subject"),
        (["simulate", "--out", "X", "--layout", "case", "--trials", "9"], "4 to 8 films"),
        (["simulate", "--out", "X", "--layout", "smic", "--classes", "four"], "--classes does not"),
        (["simulate", "--out", "X", "--layout", "smic", "--scenario", "mmme"], "--scenario does"),
        (["simulate", "--out", "X", "--clean"], "goes with --layout"),
        (["simulate", "--out", "X", "--layout", "wesad", "--subjects", "16"], "has 15 subjects"),
        (["simulate", "--out", "X" * 300, "--layout", "smic"], "name too long"),
        (["simulate", "--out", "X" * 300], "name too long"),
        (["simulate", "--out", "/proc/self/no/such", "--layout", "smic"], "cannot write to /proc"),
        (["predict", "nothing.mp4"], "nothing.mp4"),
    ],
)
def test_a_wrong_option_is_one_clear_line(args, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(args) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("meps: ")
    assert __import__("re").search(message, error)
    assert not (tmp_path / "X").exists() and not list(tmp_path.glob(".X*"))


def test_nothing_is_overwritten(cohort, capsys):
    assert cli.main(["simulate", "--out", str(cohort)]) == 2
    assert "not empty" in capsys.readouterr().err
    before = sorted(cohort.rglob("*"))
    assert cli.main(["simulate", "--out", str(cohort), "--layout", "smic"]) == 2
    assert "not empty; choose a new folder" in capsys.readouterr().err
    assert sorted(cohort.rglob("*")) == before


def test_simulate_a_layout(tmp_path, capsys, monkeypatch):
    from meps_lab.simulate import Scenario, layouts

    small = replace(layouts.LAYOUTS["samm"], scenario=lambda: Scenario(size=16, n_frames=5))
    monkeypatch.setitem(layouts.LAYOUTS, "samm", small)
    out = tmp_path / "sets" / "samm"
    args = ["simulate", "--layout", "samm", "--subjects", "2", "--trials", "4", "--out"]
    assert cli.main([*args, str(out)]) == 0
    printed = capsys.readouterr().out
    truth = pd.read_parquet(out / "truth.parquet")
    files = [p for p in out.rglob("*") if p.is_file()]
    assert "8 simulated clips of 2 subjects in the layout of SAMM" in printed
    assert "negative 2  others 2  positive 2  surprise 2" in printed
    size = sum(p.stat().st_size for p in files) / 1e6
    assert f"{len(files):,} files, {size:.1f} MB; rows with an annotation error: 1" in printed
    assert "not recordings of anyone" in printed and (truth["dirt"] != "").sum() == 1
    assert [p.name for p in out.parent.iterdir()] == ["samm"]
    clean = tmp_path / "clean"
    assert cli.main([*args, str(clean), "--clean"]) == 0
    assert "annotation error: 0" in capsys.readouterr().out
    same = pd.read_parquet(clean / "truth.parquet").drop(columns="dirt")
    assert same.equals(truth.drop(columns="dirt"))


@pytest.mark.parametrize("layout", [[], ["--layout", "smic"]])
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_what_is_stopped_leaves_nothing(layout, name, code, tmp_path, monkeypatch, capsys):
    from meps_lab.simulate import CohortDataset

    def stop(self, k, plan=CohortDataset.plan):
        if k == 4:
            signal.raise_signal(getattr(signal, name))
        return plan(self, k)

    def unhandled(*_):
        raise AssertionError("SIGTERM would have ended the process")

    monkeypatch.setattr(CohortDataset, "plan", stop)
    args = ["simulate", "--out", str(tmp_path / "out"), "--subjects", "2", "--trials", "5"]
    before = signal.signal(signal.SIGTERM, unhandled)
    try:
        ended = cli.main([*args, *layout])
    except SystemExit as error:
        ended = error.code
    finally:
        assert signal.signal(signal.SIGTERM, before) is unhandled  # put back
    assert ended == code
    assert "stopped" in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_predict_on_the_real_face_video(tiny_demo, tmp_path, capsys):
    path = tmp_path / "seen.png"
    assert cli.main(["predict", str(fetch("face_video")), "--picture", str(path)]) == 0
    printed = capsys.readouterr().out
    named = ("  positive", "  negative", "  surprise")
    shares = [float(line.split()[1]) for line in printed.splitlines() if line.startswith(named)]
    assert sum(shares) == pytest.approx(1, abs=0.02)
    assert "simulated" in printed and "no judgement" in printed and "Article 5" in printed
    assert path.stat().st_size > 10_000
    assert "where the face moves and comes back" in printed and "--start" in printed
    assert (tmp_path / "seen_curve.png").stat().st_size > 3000
    assert cli.main(["predict", str(fetch("face_video")), "--picture", str(path), "--force"]) == 0
    assert "training" not in capsys.readouterr().out  # the second time it is loaded


def test_predict_says_when_the_face_leaves(tiny_demo, tmp_path, capsys):
    args = ["predict", str(fetch("face_leaves_video")), "--picture", str(tmp_path / "p.png")]
    assert cli.main([*args, "--start", "60", "--stop", "78"]) == 0
    told = capsys.readouterr()
    assert "note: " in told.err and "no face in frames 72-77; kept frames 60-71" in told.err
    assert "rate varies" in told.err and not (tmp_path / "p_curve.png").exists()
    assert cli.main([*args, "--force"]) == 2  # the face is gone for more than half of the whole
    assert "less than half" in capsys.readouterr().err


def test_predict_with_signals(tiny_demo, tmp_path, capsys):
    import neurokit2 as nk

    ps = tmp_path / "body_100hz.csv"
    ecg = nk.ecg_simulate(duration=20, sampling_rate=100, random_state=1)
    eda = nk.eda_simulate(duration=20, sampling_rate=100, random_state=1)
    pd.DataFrame({"ECG (mV)": ecg, "EDA": eda}).to_csv(ps, index=False)
    video, path = str(fetch("face_video")), str(tmp_path / "p.png")
    args = ["predict", video, "--picture", path, "--force", "--ps", str(ps)]
    assert cli.main([*args, "--video-at", "5"]) == 0
    printed = capsys.readouterr().out
    assert "signals: EDA, ECG" in printed
    assert "EDA: unit not stated, expected uS; scaled to its usual size" in printed
    assert cli.main([*args, "--video-at", "15"]) == 2
    assert "lasts 20 s; expected 7 s or more of it" in capsys.readouterr().err
    pd.DataFrame({"depth": np.zeros(2000)}).to_csv(ps, index=False)
    assert cli.main(args) == 2
    assert "expected at least one of EDA, ECG, PPG" in capsys.readouterr().err


def test_a_damaged_cached_model_is_trained_again(tiny_demo, tmp_path, capsys):
    from meps_lab.cli import demo

    first, _, _ = demo.demo_model()
    (path,) = (tmp_path / "cache").glob("*.safetensors")
    path.write_bytes(path.read_bytes()[:100])
    again, _, _ = demo.demo_model()
    assert "damaged" in capsys.readouterr().out
    for a, b in zip(first.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_info_and_help_in_a_process_of_their_own():
    def run(*words):
        command = [sys.executable, "-m", "meps_lab.cli.main", *words]
        return subprocess.run(command, capture_output=True, text=True, env=os.environ)

    info = run("info")
    assert info.returncode == 0 and "model meps" in info.stdout and "classes three" in info.stdout
    for command in ("simulate", "loso", "predict"):
        text = run(command, "--help").stdout
        assert "Example: meps" in text


HEAVY = ["torch", "mne", "neurokit2", "sklearn", "pandas", "matplotlib", "skimage"]


def loaded(*words):
    """Exit code of a command, what it says, and which of `HEAVY` it has loaded at its end."""
    code = f"""
import sys
from meps_lab.cli.main import main
try:
    code = main({list(words)!r})
except SystemExit as error:
    code = error.code
print("loaded", code, *(name for name in {HEAVY} if name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    *_, last = done.stdout.splitlines() or [""]
    assert last.startswith("loaded"), done.stderr
    return int(last.split()[1]), done.stdout + done.stderr, last.split()[2:]


@pytest.mark.parametrize("words", [["info"], ["--help"], ["predict", "--help"], ["loso", "--help"]])
def test_help_and_info_load_nothing_heavy(words):
    code, _, heavy = loaded(*words)
    assert (code, heavy) == (0, [])


def test_a_wrong_file_is_refused_before_anything_heavy_is_loaded(tmp_path):
    (tmp_path / "text.mp4").write_text("hello")
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "bad.csv").write_text("hello")
    cv2.imwrite(str(tmp_path / "one.png"), np.zeros((40, 40, 3), np.uint8))
    (folder := tmp_path / "folder").mkdir()
    for k in (1, 2, 4):
        cv2.imwrite(str(folder / f"{k}.png"), np.zeros((40, 40, 3), np.uint8))
    video = str(fetch("face_video"))
    for command in ("predict", "explain"):
        for words, told in (
            ([tmp_path / "gone.mp4"], "no such file"),
            ([tmp_path / "text.mp4"], "not a video"),
            ([tmp_path / "empty.mp4"], "0 bytes"),
            ([tmp_path / "one.png"], "a single image"),
            ([folder, "--fps", "30"], "frame 3 of 1 to 4 missing"),
            ([video, "--ps", tmp_path / "gone.csv"], "gone.csv"),
            ([video, "--ps", tmp_path / "bad.csv"], "bad.csv"),
        ):
            code, said, heavy = loaded(command, *map(str, words))
            assert (code, heavy) == (2, []) and told in said, said


def test_info_lists_the_models_of_the_registry(capsys):
    from meps_lib.models import MODELS

    assert tuple(MODELS) == cli.MODELS
    assert cli.main(["info", "--sizes"]) == 0
    assert "model meps: " in capsys.readouterr().out


def test_the_device_is_told_by_the_build_and_the_driver(monkeypatch):
    for there, build, want in (
        ("/usr/bin/nvidia-smi", "2.5.0", "cuda"),
        ("/usr/bin/nvidia-smi", "2.5.0+cpu", "cpu"),
        (None, "2.5.0+cu124", "cpu"),
    ):
        monkeypatch.setattr("shutil.which", lambda name, there=there: there)
        assert cli.likely_device(build) == want


def test_the_entry_point_is_this_function():
    import tomllib

    root = Path(cli.__file__).parents[2]
    scripts = tomllib.loads((root / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"meps": "meps_lab.cli.main:main"}
