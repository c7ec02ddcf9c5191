"""Make .venv from the lock, with this project in it, and run what was asked for; on any system.

``python -m tools.setup book`` does what `make book` does, with ``test``, ``lab``, ``check`` and
``ready`` likewise, where neither make nor a shell of Unix is. It needs nothing but Python, and npm
for pages that work offline. `make` calls it too, without a word, when the lock has changed.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
READY = VENV / ".ready"  # written when everything went well
ASSETS = ROOT / "node_modules" / ".package-lock.json"
NEWEST = (ROOT / "requirements.lock", ROOT / "pyproject.toml", Path(__file__).resolve())
NAMES = ("python3.11", "python3.12", "python3.13", "python3", "python")
# In long stretches: what tests of one file share is mostly made once.
TESTS = ["-m", "pytest", "-q", "-n", "2", "--dist", "worksteal"]
JOBS = {
    "book": [["-m", "tools.build_book"]],
    "test": [[*TESTS, "--ignore=tests/web"], [*TESTS, "tests/web"]],
    "check": [["-m", "ruff", "check", "."], ["-m", "ruff", "format", "--check", "."]]
    + [[*TESTS, "tests/lib", "tests/test_house.py"]],
    # Not made anew: what a learner has written into a notebook is in no other place.
    "lab": [["-m", "jupyter", "lab", "notebooks"]],
    "ready": [["-m", "meps_lab.cli.main", "info", "--check"]],
}


def python_in(venv: Path, windows: bool = os.name == "nt") -> Path:
    """The interpreter of an environment."""
    return venv / "Scripts" / "python.exe" if windows else venv / "bin" / "python"


def new_enough(python: str) -> bool:
    """Whether that is a Python of 3.11 or newer."""
    asked = "import sys; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.run([python, "-c", asked], stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def find_python() -> str:
    """This Python, or another one by name, that is new enough."""
    named = os.environ.get("PYTHON")
    for name in [named] if named else [sys.executable, *NAMES]:
        if new_enough(name):
            return name
    raise SystemExit(
        "\nPython 3.11 or newer is needed. Tried: {}.\nInstall it from python.org or your system's "
        "packages, then type the same again, or name one that is not on the path:\n"
        "make ... PYTHON=/path/to/python3.12, or set PYTHON".format(named or ", ".join(NAMES))
    )


def set_up() -> None:
    """Make the environment, if it is not there or is older than the lock."""
    if READY.exists() and all(READY.stat().st_mtime >= p.stat().st_mtime for p in NEWEST):
        return
    python = python_in(VENV)
    if not new_enough(str(python)):
        found = find_python()
        print("Making .venv with", found, flush=True)
        shutil.rmtree(VENV, ignore_errors=True)
        _try(
            [found, "-m", "venv", str(VENV)],
            "Python could not make a virtual environment.\nOn Debian and Ubuntu its module is a "
            "package of its own: apt install python3-venv",
        )
    if READY.exists():
        READY.unlink()
    print("Installing the packages of requirements.lock (about 2 GB the first time, some minutes)")
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "-qq"]
    _try(
        [*pip, "-r", "requirements.lock"],
        "The packages could not be installed: pip's message stands above.\nMost often the network "
        "is missing, or the disk is full.",
    )
    _try([*pip, "--no-deps", "-e", "."], "The project itself could not be installed: see above.")
    READY.touch()


def fetch_assets() -> None:
    """MathJax, reveal.js and the widgets' script by npm; without it the pages use CDNs."""
    lock = ROOT / "package-lock.json"
    if ASSETS.exists() and ASSETS.stat().st_mtime >= lock.stat().st_mtime:
        return
    npm = shutil.which("npm")  # on Windows npm.cmd
    if npm is None:
        print("npm was not found (it comes with Node.js): the pages will use CDNs.")
        return
    print("Fetching MathJax, reveal.js and the widgets' script with npm", flush=True)
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if subprocess.run([npm, "ci", *quiet], cwd=ROOT, stdout=subprocess.DEVNULL).returncode:
        shutil.rmtree(ROOT / "node_modules", ignore_errors=True)
        print("npm could not fetch them: its message stands above.")
    else:
        ASSETS.touch()


def main(words: "list[str]") -> int:
    """Set up, and run the job that was named, if any; its exit code."""
    if len(words) > 1 or any(word not in JOBS for word in words):
        raise SystemExit("usage: python -m tools.setup [{}]".format(" | ".join(JOBS)))
    set_up()
    if words == ["book"]:
        fetch_assets()
    # One thread a process: chapters and tests run side by side, and results stay the same.
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    for job in JOBS[words[0]] if words else ():
        done = subprocess.run([str(python_in(VENV)), *job], cwd=ROOT, env=environment)
        if done.returncode:
            return done.returncode
    return 0


def _try(command: "list[str]", otherwise: str) -> None:
    if subprocess.run(command, cwd=ROOT).returncode:
        raise SystemExit("\n" + otherwise)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
