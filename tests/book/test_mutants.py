"""The list of faults fits the library, and a fault that nothing tests is reported as alive."""

import ast
from pathlib import Path

import pytest

from meps_lib.errors import MepsError
from tools import mutants
from tools.mutants import Fault, read_faults

ROOT = Path(__file__).resolve().parents[2]


def functions_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_fault_fits_its_file_and_names_tests_that_exist():
    packages, faults = read_faults()  # each old text stands once in its file, or this raises
    assert len(faults) > 200 and packages
    for test in {test for fault in faults for test in fault.tests}:
        file, _, name = test.partition("::")
        assert (ROOT / file).is_file(), test
        assert not name or name in functions_of(ROOT / file), test


def test_every_room_of_the_library_has_faults():
    files = (Path(fault.file).parts for fault in read_faults()[1])
    rooms = {parts[1].removesuffix(".py") for parts in files if parts[0] == "meps_lib"}
    there = {p.stem for p in (ROOT / "meps_lib").iterdir() if not p.name.startswith("__")}
    without = {"errors"}  # a class
    assert there - without == rooms


LIBRARY = """
def double(x):
    return 2 * x


def half(x):
    return x / 2
"""
TESTS = """
from meps_lib.small import double


def test_double():
    assert double(3) == 6
"""
PYTEST = """
[tool.pytest.ini_options]
pythonpath = "."
addopts = "-p no:hypothesispytest"
"""
LISTED = """
import = []

[[group]]
file = "meps_lib/small.py"
tests = ["tests/test_small.py"]
faults = [
  ["twice is thrice", "return 2 * x", "return 3 * x"],
  ["a half is a third", "return x / 2", "return x / 3"],
  ["nothing can be read", "def double(x):", "def double(x:"],
]
"""


@pytest.fixture
def project(tmp_path):
    """A library of two functions, one of which is tested."""
    files = {"meps_lib/__init__.py": "", "meps_lib/small.py": LIBRARY, "tests/test_small.py": TESTS}
    files |= {"tools/mutants.toml": LISTED, "pyproject.toml": PYTEST}
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_a_fault_that_nothing_tests_is_alive_and_one_that_is_no_fault_is_an_error(project, capfd):
    before = {p: p.read_bytes() for p in project.rglob("*") if p.is_file()}
    assert mutants.main(root=project) == 1
    said = capfd.readouterr().out
    alive = "ALIVE  meps_lib/small.py: a half is a third; not noticed by tests/test_small.py\n"
    assert alive in said and "twice" not in said
    assert "ERROR  meps_lib/small.py: nothing can be read: pytest ended with 2" in said
    assert "1 of 3 killed in" in said
    assert {p: p.read_bytes() for p in project.rglob("*") if p.is_file()} == before
    assert mutants.main(["thrice"], root=project) == 0
    assert "1 of 1 killed" in capfd.readouterr().out
    with pytest.raises(MepsError, match="no fault is described by frice"):
        mutants.main(["frice"], root=project)


def test_tests_that_fail_anyway_kill_nothing(project, capfd):
    (project / "tests/test_small.py").write_text(TESTS.replace("6", "7"))
    assert mutants.main(["thrice"], root=project) == 1
    assert "ERROR  the tests fail without a fault" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("return x / 3", "return x", "stands 0 times"),
        ("(x)", "()", "stands 2 times"),
        ("2 * x", "2 * x", "becomes another"),
    ],
)
def test_a_fault_that_does_not_fit_is_refused(project, old, new, message):
    with pytest.raises(MepsError, match=f"'f'.*{message}"):
        Fault("f", old, new, "meps_lib/small.py", ("t",)).changed(project)
    with pytest.raises(MepsError, match="there is no meps_lib/none.py"):
        Fault("f", old, new, "meps_lib/none.py", ("t",)).changed(project)


def test_two_faults_of_one_description_are_refused(project):
    listed = LISTED.replace("a half is a third", "twice is thrice")
    (project / "tools/mutants.toml").write_text(listed)
    with pytest.raises(MepsError, match="'twice is thrice' describes two faults"):
        read_faults(project)
