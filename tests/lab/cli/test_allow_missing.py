"""A copy that lacks many clips: `meps loso` stops, or says "n of N" beside each score."""

import pytest

from meps_lab.cli import main as cli
from meps_lab.simulate.layouts import write_layout

QUICK = ["--epochs", "1", "--n-validation", "1", "--crop", "frame", "--size", "48"]


@pytest.fixture
def root(tmp_path):
    write_layout("smic", tmp_path / "smic", n_subjects=4, trials=6, size=32)
    return tmp_path / "smic"


def lose(root, n):
    clips = sorted((root / "HS").glob("*/micro/*/*"))
    for clip in clips[::4][:n]:
        for picture in clip.iterdir():
            picture.unlink()


def loso(root, *more):
    return cli.main(["loso", "--data", "smic", "--root", str(root), *QUICK, *more])


def test_few_missing_clips_are_said_beside_each_score(root, capsys):
    lose(root, 1)  # 1 of 24 is less than 5 %
    assert loso(root) == 0
    printed = capsys.readouterr().out
    assert "left out: 1 clips, without colour" in printed
    scores = [line for line in printed.splitlines() if line.startswith(("seed", "  majority"))]
    assert len(scores) == 2 and all("n=23 of 24 clips" in line for line in scores)


def test_many_missing_clips_stop_the_run_unless_it_is_told(root, capsys):
    lose(root, 2)
    assert loso(root) == 2
    message = capsys.readouterr().err
    assert "2 of 24 clips of smic have no usable files" in message
    assert "--allow-missing" in message
    assert loso(root, "--allow-missing") == 0
    assert "n=22 of 24 clips of 4 subjects" in capsys.readouterr().out


def test_all_clips_there_and_nothing_is_said(root, capsys):
    assert loso(root) == 0
    assert "n=24 of 4 subjects" in capsys.readouterr().out
