"""Before any work: names that no library can take are told, and any name can be printed."""

import io
import os
import sys
from pathlib import Path

import pytest

from meps_lab.cli import main as cli
from meps_lab.cli.door import check_names
from meps_lab.cli.index import Index
from meps_lab.cli.loso import Loso
from meps_lib.errors import MepsError

ODD = os.fsdecode(b"clip\xff.mp4")


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["predict", ODD], "video"),
        (["predict", "a.mp4", "--ps", ODD], "ps"),
        (["predict", "a.mp4", "--picture", ODD + ".png"], "picture"),
        (["explain", ODD], "video"),
        (["index", "smic", ODD], "root"),
        (["index", "smic", ".", "--out", ODD], "out"),
        (["index", "casme3-a", ".", "--exceptions", "a", ODD], "exceptions"),
        (["loso", "--out", ODD], "out"),
        (["loso", "--model", ODD + ".py:f"], "model"),
        (["run", ODD, "--out", "a"], "plan"),
        (["report", ODD], "folder"),
        (["compare", "a", ODD], "b"),
        (["doctor", ODD], "folder"),
        (["ablate", ODD], "question"),
        (["simulate", "--out", ODD], "out"),
    ],
)
def test_a_name_that_is_no_text_is_told_at_the_door(
    arguments, option, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"meps: {option}: 'clip\\udcff.mp4") and "not UTF-8; rename" in said
    said.encode("ascii")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("option", ["root", "out"])
def test_a_name_that_no_disk_can_have_is_told_shortly(option):
    paths = {"root": Path("."), "out": None, option: Path("a" * 5000)}
    with pytest.raises(
        MepsError, match=f"^{option}: 'a+'.*5000 letters: File name too long$"
    ) as told:
        check_names(Index("smic", **paths))
    assert len(str(told.value)) < 150


def test_what_may_be_is_let_in(tmp_path):
    check_names(Index("smic", tmp_path, out=tmp_path / "gone" / "a.parquet"))
    check_names(Index("smic", Path("被试 é"), exceptions=(Path("a" * 255),)))
    check_names(Loso(model="meps", seeds=(1, 2), model_args=("a=1",)))
    (tmp_path / "file").touch()
    check_names(Index("smic", tmp_path / "file" / "below"))  # its own error is the index's


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_any_name_can_be_printed(monkeypatch, encoding, capsys):
    screen = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict")
    monkeypatch.setattr(sys, "stdout", screen)
    assert cli.main(["info"]) == 0
    print(ODD, "被")
    screen.flush()
    assert b"clip\\udcff.mp4" in screen.buffer.getvalue()
