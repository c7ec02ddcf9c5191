"""What a class handed in: run anew, within a limit, whatever the notebooks say of themselves."""

import nbformat
import pandas as pd
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from meps_lab.cli import main as cli

TWO = """
from meps_lab.chapters.exercises import check, exercise

@exercise("98.1", correct="two and two")
def four(learner):
    return None if learner == 4 else "add one and three"

@exercise("98.2", correct="three and three")
def six(learner):
    return None if learner == 6 else "add one and five"
"""


def hand_in(path, *cells, outputs=()):
    notebook = new_notebook(cells=[new_code_cell(text) for text in cells])
    # A learner's kernel has any name, and what its last run printed proves nothing.
    notebook.metadata["kernelspec"] = {"name": "my-own", "display_name": "mine"}
    notebook.cells[-1].outputs = [new_output("stream", text=text) for text in outputs]
    path.parent.mkdir(exist_ok=True)
    nbformat.write(notebook, path)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    inside = folder / "handed in"
    both = ('check("98.1", 4)', 'check("98.2", 5)')
    hand_in(inside / "ada.ipynb", TWO, "(here / is) not python", *both)
    hand_in(inside / "bo é/late work.ipynb", TWO, 'check("98.1", ...)\ncheck("98.2", 6)')
    forged = ["correct: two and two\n"]
    hand_in(inside / "cy.ipynb", TWO, 'check("98.1", unknown)', outputs=forged)
    hand_in(inside / "di.ipynb", 'print("correct: two and two")')
    (inside / "ed.ipynb").write_text('{"cells": [')
    hand_in(inside / ".ipynb_checkpoints/ada.ipynb", TWO, 'check("98.1", 4)')
    before = (inside / "cy.ipynb").read_bytes()
    assert cli.main(["exercises", "collect", str(inside), "--out", str(folder / "a.csv")]) == 0
    assert (inside / "cy.ipynb").read_bytes() == before
    return pd.read_csv(folder / "a.csv", dtype=str, keep_default_na=False)


def test_each_exercise_of_each_learner_is_a_row(table):
    rows = table.set_index(["file", "exercise"])[["result", "said"]].apply(tuple, axis=1)
    assert rows["ada.ipynb", "98.1"] == ("correct", "two and two")
    assert rows["ada.ipynb", "98.2"] == ("not yet", "add one and five")
    assert rows["bo é/late work.ipynb", "98.1"] == ("not attempted", "")
    assert rows["bo é/late work.ipynb", "98.2"] == ("correct", "three and three")
    assert not table["file"].str.contains("checkpoint").any()


def test_what_a_notebook_says_of_its_last_run_is_not_believed(table):
    (row,) = table[table["file"] == "cy.ipynb"].itertuples()
    assert row.result == "not yet" and "name 'unknown' is not defined" in row.said


def test_a_notebook_that_cannot_be_judged_has_a_row_that_says_why(table):
    said = table[table["result"] == "not run"].set_index("file")["said"]
    assert "no check" in said["di.ipynb"]
    assert "ed.ipynb cannot be read" in said["ed.ipynb"] and "ask for it again" in said["ed.ipynb"]


def test_a_notebook_that_never_ends_is_stopped_with_all_that_it_started(tmp_path, capsys):
    started, out = tmp_path / "pids", tmp_path / "a.csv"
    loop = f"""
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({str(started)!r}, "w").write(f"{{os.getpid()}} {{child.pid}}")
while True:
    pass
"""
    hand_in(tmp_path / "in/loop.ipynb", loop, "check('98.1', 4)")
    command = ["exercises", "collect", str(tmp_path / "in"), "--out", str(out), "--limit", "15"]
    assert cli.main(command) == 0
    assert "stopped after 15 s" in out.read_text()
    assert "no sandbox" in capsys.readouterr().out
    dead = (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)  # where nobody asks for its end
    pids = [int(pid) for pid in started.read_text().split()]
    assert all(one.status() in dead for one in psutil.process_iter() if one.pid in pids)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--limit", "0"], "more than 0"),
        (["--out", "table.xlsx"], ".csv"),
        ([], "no notebook"),
    ],
)
def test_what_cannot_work_is_told_first(tmp_path, capsys, monkeypatch, options, said):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["exercises", "collect", str(tmp_path), *options]) == 2
    assert said in capsys.readouterr().err
