"""The lists of dependencies agree: pyproject is the one that a person edits."""

import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
CONDA_NAMES = {"pytorch": "torch"}  # conda-forge's name: PyPI's
CONDA_ONLY = {"python", "pip", "nodejs"}


def requirements(*extras: str) -> dict[str, Requirement]:
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in EXTRAS[extra])]
    return {canonicalize_name(r.name): r for r in map(Requirement, lines)}


def lock_lines() -> list[str]:
    lines = (ROOT / "requirements.lock").read_text("utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def locked() -> dict[str, str]:
    pairs = (line.split("==") for line in lock_lines())
    return {canonicalize_name(name): version for name, version in pairs}


def needed(wanted: list[Requirement]) -> set[str]:
    """These and everything that they ask for, as installed here."""
    waiting, seen = list(wanted), set()
    while waiting:
        wanted = waiting.pop()
        key = (canonicalize_name(wanted.name), frozenset(wanted.extras))
        if key in seen:
            continue
        seen.add(key)
        for line in importlib.metadata.distribution(wanted.name).requires or []:
            further = Requirement(line)
            extras = wanted.extras or {""}
            if not further.marker or any(further.marker.evaluate({"extra": e}) for e in extras):
                waiting.append(further)
    return {name for name, _ in seen}


def test_lock_is_one_exact_public_version_a_line():
    lines = lock_lines()
    for line in lines:
        assert re.fullmatch(r"[A-Za-z0-9][\w.-]*==[\w.]+", line), line
    assert lines == sorted(lines, key=lambda line: canonicalize_name(line.split("==")[0]))
    assert len(locked()) == len(lines)


@pytest.mark.parametrize("name", requirements(*EXTRAS))
def test_lock_lies_in_the_ranges(name):
    assert name in locked(), f"{name} is in pyproject.toml but not in requirements.lock"
    assert requirements(*EXTRAS)[name].specifier.contains(locked()[name])


def test_lock_holds_nothing_that_pyproject_does_not_ask_for():
    assert set(locked()) - needed(list(requirements(*EXTRAS).values())) == set()


def test_environment_file_agrees_with_pyproject():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    *conda, last = environment["dependencies"]
    conda = [Requirement(line) for line in conda]
    ranges = requirements("lab")
    for listed in conda:
        if listed.name in CONDA_ONLY:
            continue
        name = CONDA_NAMES.get(listed.name, listed.name)
        assert name in ranges, f"{listed.name}: not a dependency in pyproject.toml"
        assert listed.specifier == ranges[name].specifier, listed.name
    python = next(listed for listed in conda if listed.name == "python")
    assert str(python.specifier) == PROJECT["requires-python"]
    # pip brings the rest from pyproject itself, so that no other list can differ
    assert last == {"pip": ["-e .[lab,book,test,explain]"]}
    assert {"lab", "book", "test"} <= set(EXTRAS)


def test_browser_files_are_locked_and_name_no_host():
    wanted = json.loads((ROOT / "package.json").read_text("utf-8"))
    lock = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    for name, version in (wanted["dependencies"] | wanted["devDependencies"]).items():
        assert lock[f"node_modules/{name}"]["version"] == version
    for place, package in lock.items():
        assert "resolved" not in package, f"{place} records an address"
        assert not place or package.get("integrity"), f"{place} has no checksum"


def imports_with(wanted: list[Requirement], code: str) -> subprocess.CompletedProcess:
    """Run code where nothing is installed but these packages and what they ask for."""
    there = needed(wanted)
    hidden = {
        module
        for module, packages in importlib.metadata.packages_distributions().items()
        if not there & {canonicalize_name(name) for name in packages}
    } - {"meps_lib", "meps_lab"}
    hide = f"""
import sys
from importlib.machinery import PathFinder
class Some(PathFinder):
    @classmethod
    def find_spec(cls, name, *rest):
        return None if name.partition(".")[0] in {hidden!r} else PathFinder.find_spec(name, *rest)
sys.meta_path = [Some if finder is PathFinder else finder for finder in sys.meta_path]
"""
    command = [sys.executable, "-c", hide + code]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=300)


def test_models_need_torch_numpy_and_einops_alone():
    bare = [Requirement(name) for name in ("torch", "numpy", "einops")]
    code = "import meps_lib.models; meps_lib.models.build('meps'); import pandas"
    done = imports_with(bare, code)
    assert "No module named 'pandas'" in done.stderr  # the rest of the line went well


def test_the_library_needs_its_own_dependencies_alone():
    library = sorted(f"meps_lib.{path.stem}" for path in (ROOT / "meps_lib").iterdir())
    rooms = [name for name in library if "__" not in name]
    code = f"import {', '.join(rooms)}\nimport meps_lab"
    done = imports_with(list(requirements().values()), code)
    assert "ImportError: meps_lab needs" in done.stderr, done.stderr
    assert 'pip install "meps-lib[lab]"' in done.stderr


def test_the_laboratory_needs_no_more_than_its_extra():
    code = "import meps_lab.chapters, meps_lab.cli.main, meps_lab.experiments"
    done = imports_with(list(requirements("lab").values()), code)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["/usr/bin/meps", "meps.exe"])
def test_the_command_without_the_laboratory_says_so_in_one_line(name):
    """The lines are those of the script that an installation writes."""
    module, function = PROJECT["scripts"]["meps"].split(":")
    code = f"sys.argv = [{name!r}]\nfrom {module} import {function}\nsys.exit({function}())"
    done = imports_with(list(requirements().values()), code)
    assert done.returncode == 2 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("meps: meps_lab needs ")
    assert line.endswith('pip install "meps-lib[lab]"')


def test_files_that_are_no_source_come_with_the_package():
    """Tables, recordings and their licences: each is named by a pattern of its package."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    named = {
        path
        for package, patterns in settings["package-data"].items()
        for pattern in patterns
        for path in (ROOT / package.replace(".", "/")).glob(pattern)
    }
    there = {
        path
        for package in ("meps_lib", "meps_lab")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    there = {path for path in there if "/." not in path.relative_to(ROOT).as_posix()}
    assert there and there <= named, sorted(there - named)
