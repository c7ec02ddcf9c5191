"""`meps loso`: what its options say is what is run, written down, or refused."""

import errno
import json
import shutil
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pytest
import tyro

from meps_lab.cli import main as cli
from meps_lab.cli.loso import Loso
from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.dataset import IndexedDataset
from meps_lab.datasets.index.build import IndexOptions, build_index
from meps_lab.experiments import folds as experiments
from meps_lab.experiments import results
from meps_lab.experiments.folds import ExperimentConfig, run
from meps_lab.prepare import PrepareConfig, PreparedDataset
from meps_lab.simulate.layouts import write_layout
from meps_lib.errors import MepsError
from meps_lib.protocol.split_files import read_splits, save_splits
from meps_lib.protocol.splits import Split
from meps_lib.training import TrainConfig

SIMULATED = ["loso", "--subjects", "5", "--trials", "3", "--modalities", "ps", "--epochs", "1"]


@pytest.fixture(scope="module")
def smic(tmp_path_factory):
    """A tree in SMIC's layout: five subjects of three clips."""
    root = tmp_path_factory.mktemp("sets") / "smic"
    write_layout("smic", root, n_subjects=5, trials=3, size=48)
    return root


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    root = tmp_path_factory.mktemp("sets") / "case"
    write_layout("case", root, n_subjects=4, trials=4, ps_duration_s=8.0)
    return root


def smic_run(root, out, *more):
    args = ["loso", "--data", "smic", "--root", str(root), "--out", str(out), "--epochs", "1"]
    assert cli.main([*args, "--frames", "3", "--model", "meps", *more]) == 0
    return json.loads((out / "config.json").read_text())


def test_what_the_data_were_is_written_down(smic, tmp_path):
    """Two runs on other data have another config.json, and it says in what."""
    auto = smic_run(smic, tmp_path / "auto")
    assert auto["origin"] == {
        "kind": "smic",
        "root": str(smic),
        "index": json.loads(json.dumps(asdict(IndexOptions()))),
        "class_set": "megc2019",
        "load": auto["origin"]["load"],
        "left_out": {},
    }
    assert auto["data"]["note"].startswith("simulated in the layout of SMIC")
    frame = smic_run(smic, tmp_path / "frame", "--crop", "frame", "--any-counts")
    assert [auto["origin"]["load"]["crop"], frame["origin"]["load"]["crop"]] == ["auto", "frame"]
    assert frame["origin"]["index"]["any_counts"]


def test_prepared_trials_are_still_called_simulated(smic, tmp_path):
    data = IndexedDataset(build_index("smic", smic), config=LoadConfig(("colour",)))
    config = ExperimentConfig(
        modalities=("colour",), train=TrainConfig(epochs=1), prepare=PrepareConfig(n_frames=3)
    )
    prepared = PreparedDataset(data, config.prepare, ("colour",))
    run(prepared, config, tmp_path / "out", progress=False)
    record = json.loads((tmp_path / "out" / "config.json").read_text())
    assert record["data"]["note"] == data.note and "simulated" in data.note
    load = json.loads(json.dumps(asdict(LoadConfig(("colour",)))))
    origin = {"kind": "smic", "root": str(smic), "class_set": "megc2019", "load": load}
    assert record["origin"] == origin | {"left_out": {}}


def test_a_subject_without_a_readable_clip_is_unused_and_the_splits_can_be_read(
    smic, tmp_path, capsys, monkeypatch
):
    root = tmp_path / "smic"
    shutil.copytree(smic, root)
    first = smic_run(root, tmp_path / "whole")
    assert first["skipped"] == []
    folds = json.loads((tmp_path / "whole" / "splits_seed0.json").read_text())["splits"]
    (gone,) = folds[1]["test"]
    for frame in root.rglob("*.bmp"):
        if gone.removeprefix("smic_") in frame.as_posix():
            frame.write_bytes(frame.read_bytes()[:100])
    spoilt = smic_run(root, tmp_path / "one", "--skip-unreadable", "--n-validation", "1")
    assert {s["clip"] for s in spoilt["skipped"]} and spoilt["data"]["n_trials"] == 12
    assert f"skipped whole, unused in every fold: subjects {gone}" in capsys.readouterr().out
    own = tmp_path / "one" / "splits_seed0.json"
    for split in read_splits(own, [s for f in folds for s in f["test"]]):
        assert split.unused == (gone,) and (len(split.train), len(split.validation)) == (2, 1)
    # Its own splits, read back on the same data, are the same experiment.
    again = ["--skip-unreadable", "--protocol", "file", "--split-file", str(own)]
    smic_run(root, tmp_path / "two", *again)
    tables = [pd.read_parquet(tmp_path / n / "predictions.parquet") for n in ("one", "two")]
    pd.testing.assert_frame_equal(*tables, check_exact=True)
    # A file that names the lost subject: its fold goes, and it takes no part in the others.
    full = tmp_path / "whole" / "splits_seed0.json"
    smic_run(root, tmp_path / "three", *again[:-1], str(full))
    kept = json.loads((tmp_path / "three" / "splits_seed0.json").read_text())["splits"]
    assert [f["fold"] for f in kept] == [0, 2, 3, 4]
    for was, now in zip((folds[0], *folds[2:]), kept, strict=True):
        assert now["train"] == [s for s in was["train"] if s != gone] and now["unused"] == [gone]
    # A file of other people is refused before anything is read.
    other = tmp_path / "other.csv"
    other.write_text("fold,subject,role\n0,a,train\n0,b,validation\n0,c,test\n")
    monkeypatch.setattr(PreparedDataset, "__init__", None)
    args = ["loso", "--data", "smic", "--root", str(root), "--protocol", "file", "--split-file"]
    assert cli.main([*args, str(other)]) == 2
    assert "subjects a, b, c are not in the data" in capsys.readouterr().err


def test_splits_that_test_nobody_who_can_be_read(tmp_path):
    file = save_splits([Split(3, ("a",), ("b",), ("c",))], tmp_path / "splits.json")
    config = ExperimentConfig(protocol="file", split_file=file)
    for lost, message in (
        ("c", "no fold tests anybody but c"),
        ("b", "b cannot be read: fold 3: no validation"),
        ("a", "a cannot be read: fold 3: no train"),
    ):
        there = pd.DataFrame({"subject": [s for s in "abc" if s != lost]})
        with pytest.raises(MepsError, match=message):
            config.splits(there, 0, (lost,))


def test_signals_and_validation_subjects_can_be_chosen(case, tmp_path, capsys, monkeypatch):
    seen = []

    def fit(model, train, validation, *args, fit=experiments.fit, **kw):
        seen.append((train[0].ps_names, len({t.subject for t in validation})))
        return fit(model, train, validation, *args, **kw)

    monkeypatch.setattr(experiments, "fit", fit)
    args = ["loso", "--data", "case", "--root", str(case), "--epochs", "1"]
    assert cli.main([*args, "--signals", "SKT", "RSP", "--n-validation", "1"]) == 0
    printed = capsys.readouterr().out
    assert "signals: SKT, RSP\n" in printed
    assert seen == [(("SKT", "RSP"), 1)] * 4
    assert cli.main(args) == 0
    assert "signals: EDA, ECG, PPG\n" in capsys.readouterr().out
    assert seen[4:] == [(("EDA", "ECG", "PPG"), 2)] * 4
    assert cli.main([*SIMULATED, "--signals", "SKT"]) == 2
    assert "lacks SKT; it has EDA, ECG, PPG" in capsys.readouterr().err
    assert cli.main([*SIMULATED, "--signals", "EDA", "EDA"]) == 2
    assert "signals each once" in capsys.readouterr().err


def test_each_option_reaches_the_experiment(monkeypatch):
    """Each is another than its default."""
    seen = []

    def seen_run(data, config, out, **how):
        seen.append((config, out, how))
        raise MepsError("seen")

    monkeypatch.setattr(experiments, "run", seen_run)
    options = (
        "--subjects 5 --trials 3 --modalities ps colour --signals EDA --fusion apex --device cpu "
        "--attention concat --protocol grouped-kfold --folds 3 --n-validation 1 --seeds 4 5 "
        "--normalise per-subject --epochs 2 --frames 3 --size 40 --jobs 2 --skip-unreadable "
        "--cache c --out o --accept-changed-code"
    )
    assert cli.main(["loso", *options.split()]) == 2
    config = ExperimentConfig(
        model_args={"fusion": "apex", "attention": "concat"},
        modalities=("ps", "colour"),
        prepare=PrepareConfig(n_frames=3, size=40, ps_names=("EDA",)),
        train=TrainConfig(epochs=2, device="cpu"),
        **{"protocol": "grouped-kfold", "n_folds": 3, "n_validation": 1},
        **{"normalise": "per-subject", "seeds": (4, 5), "n_jobs": 2},
    )
    how = {"cache": Path("c"), "on_error": "skip", "accept_changed_code": True}
    assert seen == [(config, Path("o"), how)]


def test_a_prepared_clip_is_not_read_again(case, tmp_path, monkeypatch):
    args = ["loso", "--data", "case", "--root", str(case), "--epochs", "1"]
    assert cli.main([*args, "--cache", str(tmp_path)]) == 0
    monkeypatch.setattr(IndexedDataset, "__getitem__", None)
    assert cli.main([*args, "--cache", str(tmp_path)]) == 0


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ("--rules a=drop", "--rules goes with --data"),
        ("--any-counts", "--any-counts goes with --data"),
        ("--accept-changed-code", "--accept-changed-code goes with --out"),
        ("--modalities ps --fusion fixed", "--fusion goes with --modalities colour or depth"),
        ("--modalities ps --attention concat", "--attention goes with several modalities"),
        ("--root x --classes four", "--classes goes with --data, or with simulated"),
        ("--root x --subjects 12", "--subjects goes with simulated trials, without --root"),
        ("--root x --trials 8", "--trials goes with simulated"),
        ("--root x --trials 0", "--trials goes with simulated"),
        ("--folds 0", "--folds goes with --protocol grouped-kfold"),
        ("--root x --scenario default", "--scenario goes with simulated"),
        ("--data flowmaps --root x --subjects 99", "--subjects goes with simulated"),
        ("--data flowmaps --root x --trials 77", "--trials goes with simulated"),
        ("--data flowmaps --root x --scenario nonsense", "--scenario goes with simulated"),
        ("--data flowmaps --root x --segment-s 60", "--segment-s goes with case or wesad"),
        ("--data flowmaps --root x --crop face", "--crop goes with --data of a set with pictures"),
        ("--data casme3-c --root x --modalities ps --crop face", "--crop goes with"),
        ("--data flowmaps --root x --folds 5", "--folds goes with --protocol grouped-kfold"),
        ("--data smic --root x --signals EDA", "--signals goes with --modalities ps"),
        ("--segment-s 3", "--segment-s goes with case or wesad"),
        ("--protocol file --split-file x.json --n-validation 2", "--n-validation goes with prot"),
        ("--modalities colour --normalise per-subject", "'per-subject' scales peripheral signals"),
        ("--root .", "dataset.json is missing.*name it with --data: casme3-a, .*smic"),
    ],
)
def test_an_option_without_effect_is_refused(args, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["loso", *args.split()]) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert __import__("re").search(message, error), error


def test_scores_are_printed_even_if_they_cannot_be_written(tmp_path, capsys, monkeypatch):
    def write_whole(path, content, write=results.write_whole):
        if path.suffix == ".parquet" and (full or path.name == results.PREDICTIONS):
            raise OSError(errno.EFBIG, "File too large")
        write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(results, "write_whole", write_whole)
        for full in (False, True):
            args = [*SIMULATED, "--out", str(tmp_path / str(full))]
            assert cli.main(args) == 2
            printed = capsys.readouterr()
            assert "UF1" in printed.out and "majority" in printed.out
            assert "File too large" in printed.err
            assert "predictions.parquet could not be written; make room" in printed.err
    trained = []
    monkeypatch.setattr(experiments, "fit", lambda *a, **k: trained.append(a))
    assert cli.main([*SIMULATED, "--out", str(tmp_path / "False")]) == 0  # in no time
    assert trained == [] and (tmp_path / "False" / results.PREDICTIONS).is_file()
    assert "5 of 5 folds are there" in capsys.readouterr().err


def test_across_data_sets_where_there_is_one_is_told(capsys):
    line = "loso --subjects 4 --trials 3 --modalities ps --protocol cross-data-set --test-on samm"
    assert cli.main(line.split()) == 2
    assert "no column data_set" in capsys.readouterr().err


def test_the_help_says_what_the_floor_is(capsys):
    with pytest.raises(SystemExit):
        cli.main(["loso", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "commonest class among the subjects not tested" in text


def loso(line):
    return tyro.cli(Loso, args=line.split())


@pytest.mark.parametrize(
    ("line", "modalities", "prepare"),
    [
        ("", "colour depth ps", {"n_frames": 8}),
        ("--model flowmap", "flow", {"n_frames": 8}),
        ("--model mmme", "colour ps flow", {"n_frames": 11, "flow_steps": 10}),
        ("--model mmme --steps 4", "colour ps flow", {"n_frames": 5, "flow_steps": 4}),
        ("--model mmme --modalities ps eeg", "ps eeg", {"n_frames": 11, "eeg_bands": True}),
        ("--model mmme --modalities flow --frames 3", "flow", {"n_frames": 3, "flow_steps": 10}),
        (
            "--model mmme --data mmme --root x",
            "colour ps eeg flow",
            {
                "n_frames": 11,
                "flow_steps": 10,
                "eeg_bands": True,
                "ps_names": ("PPG", "RSP", "SKT", "EDA", "ECG"),
            },
        ),
        ("--model mmme --data casme2 --root x", "colour flow", {"n_frames": 11, "flow_steps": 10}),
        (
            "--model mmme --data mmme --root x --signals EDA --modalities ps",
            "ps",
            {"n_frames": 11, "ps_names": ("EDA",)},
        ),
        ("--model mmme --modalities ps --frames 0", "ps", {"n_frames": 0}),
        ("--modalities flow --steps 3", "flow", {"n_frames": 8, "flow_steps": 3}),
    ],
)
def test_trials_are_made_into_what_the_model_reads(line, modalities, prepare):
    asked = loso(line)
    found = asked._modalities()
    assert set(found) == set(modalities.split())
    assert asked._prepare(found) == {"size": 48, **prepare}
    asked._check(found)


def test_frames_of_0_and_steps_without_flow_are_refused(capsys):
    assert cli.main(["loso", "--model", "mmme", "--frames", "0"]) == 2
    assert cli.main(["loso", "--modalities", "ps", "--steps", "3"]) == 2
    told = capsys.readouterr().err
    assert "n_frames=0" in told and "--steps goes with --modalities flow" in told
    assert cli.main(["loso", "--model", "mmme", "--fusion", "learnt"]) == 2
    assert "not with mmme" in capsys.readouterr().err
