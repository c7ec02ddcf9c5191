"""The house: the library above the laboratory, rooms in order, no circles, and few words of debt.

All imports are read from the source, also those inside functions.
"""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# A room imports only rooms that stand before it. A name with a dot is a room in a room.
ROOMS = """
meps_lib: errors arguments files labels checks trial batches signals video layers losses models
training protocol plots explain
meps_lab: files memory workers recordings results datasets.cache datasets.readers datasets.index
datasets bands prepare simulate.checks simulate.timing simulate.body simulate.face simulate
simulate.layouts judging experiments ablations chapters.exercises chapters cli
"""
# (importing file, imported module): reason.
EXCEPTIONS: dict[tuple[str, str], str] = {}


def in_order() -> list[str]:
    package, rooms = "", []
    for word in ROOMS.split():
        if word.endswith(":"):
            package = word[:-1]
        else:
            rooms.append(f"{package}.{word}")
    return rooms


ORDER = in_order()


def modules(root: Path = ROOT) -> dict[str, Path]:
    """Every module of both packages by its name."""
    found = {}
    for package in ("meps_lib", "meps_lab"):
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(path: Path, known) -> set[str]:
    """What a file imports of ours: the files, or the room whose face hands the name out."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports from the top"
            names = [f"{node.module}.{a.name}" for a in node.names]
            found |= {name if name in known else node.module for name in names}
        elif isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
    return {name for name in found if name.split(".")[0] in ("meps_lib", "meps_lab")}


def room_of(module: str) -> str:
    """The innermost room of the list that a module stands in; a package itself is no room."""
    parts = module.split(".")
    for k in range(len(parts), 1, -1):
        if (name := ".".join(parts[:k])) in ORDER:
            return name
    return module


def broken(graph: dict[str, set[str]]) -> list[tuple[str, str]]:
    """Imports that go against the order."""
    place = {room: k for k, room in enumerate(ORDER)}
    place |= {"meps_lib": -1, "meps_lab": place["meps_lab.files"] - 0.5}
    return [
        (module, other)
        for module, others in graph.items()
        for other in sorted(others)
        if place[room_of(other)] > place[room_of(module)]
    ]


@pytest.fixture(scope="module")
def graph() -> dict[str, set[str]]:
    known = modules()
    return {name: imported(path, known) for name, path in known.items()}


def test_every_file_stands_in_a_room(graph):
    strangers = {room_of(m) for m in graph} - set(ORDER) - {"meps_lib", "meps_lab"}
    assert not strangers, "a new file at the top is a new room: put it into ROOMS"
    assert {room_of(m) for m in graph} >= set(ORDER), "a room of the list is empty"


def test_rooms_import_only_what_stands_before_them(graph):
    against = {pair for pair in broken(graph) if pair not in EXCEPTIONS}
    assert not against
    assert set(EXCEPTIONS) <= set(broken(graph)), "an exception that nobody needs any more"


def test_the_library_never_imports_the_laboratory(graph):
    lib = {m: o for m, o in graph.items() if m.startswith("meps_lib")}
    assert not [(m, x) for m, others in lib.items() for x in others if x.startswith("meps_lab")]


def test_no_files_import_each_other(graph):
    """Neither two nor more in a circle; the face of a room imports its files, they not the face."""
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize(
    ("where", "line", "told"),
    [
        ("meps_lib.labels", "from meps_lib.trial import Trial", "order"),
        ("meps_lib.layers.nam", "def f():\n    import meps_lib.models", "order"),
        ("meps_lib.video.flow", "from meps_lab import prepare", "order"),
        ("meps_lab.datasets.cache.disk", "from meps_lab.datasets import open_dataset", "order"),
        ("meps_lib.video.depth_crops", "from meps_lib.video.load import trial_of", "circle"),
    ],
)
def test_a_planted_import_is_noticed(graph, where, line, told, tmp_path):
    path = tmp_path / "planted.py"
    path.write_text(line + "\n")
    planted = graph | {where: graph.get(where, set()) | imported(path, graph)}
    if told == "order":
        assert len(broken(planted)) == len(broken(graph)) + 1
    else:
        with pytest.raises(CycleError):
            list(TopologicalSorter(planted).static_order())


def test_a_face_says_what_belongs_here_and_hands_out_what_is_there():
    import importlib

    for name, path in modules().items():
        if path.name == "__init__.py" and name not in ("meps_lib", "meps_lab"):
            room = importlib.import_module(name)
            assert room.__doc__, f"{name}: say in two sentences what belongs here"
            missing = [n for n in getattr(room, "__all__", ()) if not hasattr(room, n)]
            assert not missing, f"{name} hands out {missing}, which is not there"


def test_notebooks_import_from_rooms_not_from_files():
    faces = {n for n, path in modules().items() if path.name == "__init__.py"}
    faces |= {f"meps_lib.{n}" for n in ("errors", "labels", "losses", "trial", "training")}
    faces |= {"meps_lab.bands"}  # a room of one file
    for path in sorted((ROOT / "notebooks").glob("*.md")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith(("from meps_l", "import meps_l")):
                assert line.split()[1] in faces, f"{path.name}: {line}"


def test_one_function_reads_json_and_one_parquet():
    """Each knows what a damaged file does to it; a list of exceptions at each call did not."""
    for name, home in (("loads", "meps_lib.files"), ("read_parquet", "meps_lab.files")):
        at = set()
        for module, path in modules().items():
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if ast.unparse(node) in (f"json.{name}", "json.load", f"pd.{name}"):
                    at.add(module)
        assert at == {home}
