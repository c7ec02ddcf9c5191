"""One way to set up on every system: what is run, and what is said when it does not work."""

import ast
import os
import re
from pathlib import Path, PurePosixPath
from types import SimpleNamespace

import pytest

from tools import setup

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """A project without an environment, in which every command is noted and works."""
    for name in ("requirements.lock", "pyproject.toml", "setup.py", "package-lock.json"):
        (tmp_path / name).write_text("")
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    monkeypatch.setattr(setup, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(setup, "READY", tmp_path / ".venv" / ".ready")
    monkeypatch.setattr(setup, "ASSETS", tmp_path / "node_modules" / ".package-lock.json")
    monkeypatch.setattr(setup, "NEWEST", tuple(sorted(tmp_path.glob("*.*"))))
    monkeypatch.delenv("PYTHON", raising=False)
    state = SimpleNamespace(root=tmp_path, ran=[], fails=lambda command: False)

    def run(command, **options):
        state.ran.append((" ".join(map(str, command)), options.get("env")))
        if "venv" in command:
            setup.VENV.mkdir()
        if "ci" in command:
            setup.ASSETS.parent.mkdir()
        missing = not setup.VENV.exists() and str(setup.VENV) in str(command[0])
        return SimpleNamespace(returncode=int(missing or state.fails(state.ran[-1][0])))

    monkeypatch.setattr(setup.subprocess, "run", run)
    return state


@pytest.mark.parametrize("job", [*setup.JOBS])
def test_a_bare_folder_is_set_up_and_the_job_is_run_by_its_own_python(fresh, monkeypatch, job):
    monkeypatch.setattr(setup.shutil, "which", lambda name: "C:/node/npm.cmd")
    assert setup.main([job]) == 0
    ran = [command for command, _ in fresh.ran]
    python = str(setup.python_in(setup.VENV))
    assert sum("-m venv" in command for command in ran) == 1
    wanted = ["-r requirements.lock", "--no-deps -e ."]
    assert [c.partition("-qq ")[2] for c in ran if " pip install" in c] == wanted
    assert all(c.startswith(python) for c in ran if " pip install" in c)
    assert any(c.startswith("C:/node/npm.cmd ci") for c in ran) == (job == "book")
    last, environment = fresh.ran[-1]
    assert last == f"{python} {' '.join(setup.JOBS[job][-1])}"
    assert environment["OMP_NUM_THREADS"] == "1" and setup.READY.exists()
    fresh.ran.clear()
    setup.main([])  # the second time that costs nothing
    assert fresh.ran == []


def test_an_older_environment_is_brought_up_to_the_lock_and_not_made_again(fresh):
    setup.main([])
    newer = setup.READY.stat().st_mtime + 10
    os.utime(fresh.root / "requirements.lock", (newer, newer))
    fresh.ran.clear()
    setup.main([])
    ran = [command for command, _ in fresh.ran]
    assert sum(" pip install" in c for c in ran) == 2 and not any("-m venv" in c for c in ran)


@pytest.mark.parametrize(
    ("piece", "message"),
    [
        ("-m venv", "could not make a virtual environment"),
        ("requirements.lock", "the network is missing, or the disk is full"),
        ("--no-deps", "The project itself could not be installed"),
    ],
)
def test_what_fails_is_told_and_begun_anew_the_next_time(fresh, piece, message):
    fresh.fails = lambda command: piece in command
    with pytest.raises(SystemExit, match=message):
        setup.main(["book"])
    assert not setup.READY.exists()


def test_no_python_that_is_new_enough(fresh, monkeypatch):
    fresh.fails = lambda command: "version_info" in command
    with pytest.raises(SystemExit, match="Python 3.11 or newer is needed"):
        setup.main([])
    monkeypatch.setenv("PYTHON", "/opt/none")
    with pytest.raises(SystemExit, match="Tried: /opt/none"):
        setup.main([])


def test_a_job_that_fails_says_so_and_a_wrong_word_is_told(fresh):
    fresh.fails = lambda command: "-m pytest" in command
    assert setup.main(["test"]) == 1
    assert sum("-m pytest" in command for command, _ in fresh.ran) == 1
    for words in (["docs"], ["book", "test"]):
        with pytest.raises(SystemExit, match=r"\[book \| test \| check \| lab \| ready\]"):
            setup.main(words)


def test_without_npm_the_book_is_built_all_the_same(fresh, monkeypatch, capsys):
    monkeypatch.setattr(setup.shutil, "which", lambda name: None)
    assert setup.main(["book"]) == 0
    assert "npm was not found" in capsys.readouterr().out


def test_on_windows_programs_lie_elsewhere():
    venv = PurePosixPath("x/.venv")
    assert setup.python_in(venv, windows=True) == venv / "Scripts" / "python.exe"
    assert setup.python_in(venv, windows=False) == venv / "bin" / "python"


def test_make_and_this_run_the_same():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    for job, commands in setup.JOBS.items():
        recipe = re.search(rf"^{job}:.*\n((?:\t.*\n)+)", text, re.MULTILINE)[1]
        target = "@$(PYTHON_IN) " if job != "lab" else "@.venv/bin/"
        for command in commands[-1:] if job == "lab" else commands:
            words = " ".join(command) if job != "lab" else " ".join(command[1:])
            assert f"{target}{words}" in recipe


def test_an_old_python_can_read_it_and_so_say_what_is_missing():
    source = Path(setup.__file__).read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 7))
