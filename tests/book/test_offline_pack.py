"""The pack for a room without a network, made of a tiny book and made-up wheels."""

import ast
import json
import re
import shutil
import socket
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from zipfile import ZipFile

import nbformat
import pytest

from tools import offline_pack, offline_wheels, setup_offline
from tools.offline_wheels import Target, about_wheels, download, first_patch, lacking

FIXTURES = Path(__file__).parent / "fixtures"
ROOT = Path(__file__).resolve().parents[2]
WINDOWS = Target(("win_amd64",), "3.11")
HERE = "{}.{}".format(*sys.version_info)
READY = "def main():\n    print('ready')\n\nmain()\n"


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*args):
        raise AssertionError("the network was asked")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def make_wheel(folder, name, version="1.0", *lines, files=None, python=">=3.11"):
    """A wheel that pip installs: one module, or the files given."""
    stem = f"{name.replace('-', '_')}-{version}"
    about = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", "License: MIT"]
    about += [f"Requires-Python: {python}", *lines, "", ""]
    files = files or {f"{name.replace('-', '_')}.py": "x = 1\n"}
    files |= {
        f"{stem}.dist-info/METADATA": "\n".join(about),
        f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = f"{stem}.dist-info/RECORD"
    files[record] = "".join(f"{path},,\n" for path in (*files, record))
    path = folder / f"{stem}-py3-none-any.whl"
    with ZipFile(path, "w") as wheel:
        for place, text in files.items():
            wheel.writestr(place, text)
    return path


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """Where a made-up pip finds its wheels; what it was asked stands in `pip.asked`."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    make_wheel(folder, "torch", "2.0+cpu", "Requires-Dist: alpha")
    make_wheel(folder, "alpha", "1.0", 'Requires-Dist: winonly>=2; sys_platform == "win32"')
    make_wheel(folder, "winonly", "2.5")

    def pip(command, *words):
        words = list(map(str, words))
        pip.asked.append([command, *words])
        if command == "wheel":
            inside = {f"meps_lab/{part}": "" for part in ("__init__.py", "cli/__init__.py")}
            to = Path(words[words.index("-w") + 1])
            make_wheel(to, "meps-lib", "0.1", files=inside | {"meps_lab/cli/main.py": READY})
            return ""
        for line in (word for word in words if re.match(r"[a-z]+[<>=]", word)):
            found = list(folder.glob(f"{re.match('[a-z]+', line)[0]}-*"))
            if not found or ("3.12.99" in words and line.startswith("elder")):
                return f"ERROR: No matching distribution found for {line}"
            shutil.copy(found[0], words[words.index("-d") + 1])
        return ""

    pip.asked, pip.folder = [], folder
    monkeypatch.setattr(offline_wheels, "run_pip", pip)
    return pip


@pytest.fixture
def root(tmp_path):
    """A project with one chapter, built."""
    root = tmp_path / "project"
    shutil.copytree(FIXTURES, root)
    for name, text in {
        "_build/html/index.html": "<p>the book</p>",
        "_build/html/.inputs": "key",
        "_build/html/_static/mathjax/tex.js": "",
        "book/_static/picture.svg": "<svg/>",
        "meps_lib/__init__.py": "",
        "meps_lab/__init__.py": "",
        "LICENSE": "MIT",
        "README.md": "",
        "pyproject.toml": '[project]\nname = "meps-lib"\n',
        "requirements.lock": "# exact\nalpha==1.0\ntorch==2.0\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf8")
    return root


@pytest.fixture
def pack(root, shelf, tmp_path, capsys):
    made = offline_pack.make_pack(root, tmp_path / "out", [Target()])
    return namedtuple("Pack", "folder said")(made, capsys.readouterr().out)


def test_all_that_a_room_needs_lies_in_the_folder_and_in_its_zip(pack):
    for name in (
        "START_HERE.html",
        "START_HERE.txt",
        "setup_offline.py",
        "LICENSE",
        "PACKAGES.txt",
        "pages/index.html",
        "notebooks/90_beats.ipynb",
        "notebooks/student/90_beats.ipynb",
        "book/_static/picture.svg",
        "recordings/biosppy/ecg.txt",
        "wheels/torch-2.0+cpu-py3-none-any.whl",
        "wheels/meps_lib-0.1-py3-none-any.whl",
        f"requirements-{HERE}.txt",
    ):
        assert (pack.folder / name).is_file(), name
    assert all((folder / "LICENSE").is_file() for folder in (pack.folder / "recordings").iterdir())
    listed = (pack.folder / f"requirements-{HERE}.txt").read_text().split()
    assert listed == ["alpha==1.0", "meps-lib==0.1", "torch==2.0+cpu"]
    with ZipFile(f"{pack.folder}.zip") as packed:
        inside = {name for name in packed.namelist() if not name.endswith("/")}
    files = [path for path in pack.folder.rglob("*") if path.is_file()]
    assert inside == {path.relative_to(pack.folder.parent).as_posix() for path in files}


def test_notebooks_point_to_pictures_beside_them_though_the_book_is_published(
    root, shelf, tmp_path
):
    chapter = root / "notebooks/90_beats.md"
    picture = "```{figure} ../book/_static/picture.svg\n:alt: A drawing of nothing at all.\nA.\n```"
    text = chapter.read_text("utf8").replace("## Take-aways", f"{picture}\n\n## Take-aways")
    chapter.write_text(text, "utf8")
    (root / "book/address.txt").write_text("someone/somewhere\n")
    folder = offline_pack.make_pack(root, tmp_path / "out", [Target()])
    for path in folder.glob("notebooks/**/*.ipynb"):
        cells = "\n".join(cell.source for cell in nbformat.read(path, 4).cells)
        (link,) = re.findall(r"\]\((\S*picture.svg)\)", cells)
        assert (path.parent / link).resolve() == (folder / "book/_static/picture.svg").resolve()


def test_sizes_are_told_by_part_and_whole(pack):
    files = [path for path in pack.folder.rglob("*") if path.is_file()]
    whole = sum(path.stat().st_size for path in files) / 1e6
    recordings = sum(p.stat().st_size for p in files if "recordings" in p.parts) / 1e6
    assert f"{recordings:.1f} MB  recordings" in pack.said
    assert f"{whole:.1f} MB  {pack.folder}\n" in pack.said and f"{pack.folder}.zip" in pack.said
    page = (pack.folder / "START_HERE.txt").read_text("utf8")
    assert re.search(rf"`recordings` \|.*\| {recordings:.0f} MB", page)
    assert f"| all | | {whole:.0f} MB" in page and re.search(r"`pages` \|.*\| 0 MB", page)
    assert f"Python {HERE} is not in it" in pack.said and "START_HERE.html" in pack.said
    # and the licences, versions and steps
    assert "BSD-3-Clause" in page and "torch 2.0+cpu" in page and "1. **Have Python.**" in page
    html = (pack.folder / "START_HERE.html").read_text("utf8")
    assert '<a href="pages/index.html">' in html and "<table>" in html and "<dt>" in html
    assert not re.search(r"\{\w*\}", page) and "http" not in html.replace("https", "")


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="needs sha256sum")
def test_checksums_are_those_of_another_program(pack):
    command = ["sha256sum", "--check", "--quiet", "SHA256SUMS"]
    assert subprocess.run(command, cwd=pack.folder).returncode == 0
    listed = len((pack.folder / "SHA256SUMS").read_text("utf8").splitlines())
    assert listed == sum(path.is_file() for path in pack.folder.rglob("*")) - 1


def test_one_flipped_byte_and_a_missing_file_are_named(pack):
    about, lines = setup_offline.read_lists(pack.folder)
    assert about["python"] == {HERE: f"{HERE}.0"}
    setup_offline.check_files(pack.folder, lines)
    path = pack.folder / "wheels/alpha-1.0-py3-none-any.whl"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    (pack.folder / "recordings/biosppy/ecg.txt").unlink()
    with pytest.raises(SystemExit) as stopped:
        setup_offline.check_files(pack.folder, lines)
    assert "wheels/alpha-1.0-py3-none-any.whl: damaged" in str(stopped.value)
    assert "recordings/biosppy/ecg.txt: missing" in str(stopped.value)
    assert str(stopped.value).count(": ") == 2  # and no other
    (pack.folder / "SHA256SUMS").unlink()
    with pytest.raises(SystemExit, match="Unpack the whole zip"):
        setup_offline.read_lists(pack.folder)


@pytest.mark.parametrize(
    ("gone", "message"),
    [
        (".inputs", "There is no book yet: type make book"),
        ("_static/mathjax/tex.js", "fetch their formulas from the network"),
    ],
)
def test_a_build_that_is_missing_or_needs_the_network_is_said(root, shelf, tmp_path, gone, message):
    (root / "_build/html" / gone).unlink()
    with pytest.raises(SystemExit, match=message):
        offline_pack.make_pack(root, tmp_path / "out", [Target()])
    assert not shelf.asked


def test_another_machine_gets_what_its_own_markers_ask_for(root, shelf, tmp_path):
    make_wheel(shelf.folder, "beta", "1.0", python=">=3.11.5")
    make_wheel(shelf.folder, "elder", "1.0")  # has no wheel for the newer Python
    (root / "requirements.lock").write_text("alpha==1.0\nbeta==1.0\nelder==1.0\n")
    pair = [WINDOWS, Target(("win_amd64",), "3.12")]
    folder = offline_pack.make_pack(root, tmp_path / "out", pair)
    assert folder.name.endswith("win_amd64")
    about = json.loads((folder / "pack.json").read_text())
    assert (about["system"], about["processor"]) == ("win", "amd64")
    assert about["python"] == {"3.11": "3.11.5", "3.12": "3.12.0"}
    for python in about["python"]:
        listed = (folder / f"requirements-{python}.txt").read_text().split()
        assert "winonly==2.5" in listed
        assert ("elder==1.0" in listed) == (python == "3.11")
    asked = [words for words in shelf.asked if words[0] == "download"]
    assert all("--platform" in words and "--only-binary=:all:" in words for words in asked)


def test_markers_extras_and_ranges_are_read_for_the_target(tmp_path):
    make_wheel(tmp_path, "own", "1", 'Requires-Dist: deep[more]; extra == "lab"')
    lines = ('Requires-Dist: far<3; extra == "more"', 'Requires-Dist: x; extra == "other"')
    make_wheel(tmp_path, "deep", "1", *lines, "Requires-Dist: pip", "Requires-Dist: far>1")
    make_wheel(tmp_path, "mac", "1", 'Requires-Dist: appnope; platform_system == "Darwin"')
    there = about_wheels(tmp_path)
    assert lacking(["own"], there, Target()) == []
    assert lacking(["own[lab]"], there, Target()) == ["far<3,>1"]
    assert lacking(["mac"], there, WINDOWS) == []
    assert lacking(["mac"], there, Target(("macosx_12_0_arm64",), "3.12")) == ["appnope"]
    assert Target(("macosx_12_0_arm64",), "3.12").environment()["platform_machine"] == "arm64"
    assert WINDOWS.environment()["platform_machine"] == "AMD64"


def test_a_package_without_a_wheel_is_named_and_not_asked_for(root, shelf, tmp_path, capsys):
    with (root / "requirements.lock").open("a") as lock:
        lock.write("sourceonly==3.0\n")
    folder = offline_pack.make_pack(root, tmp_path / "out", [Target()])
    told = f"No wheel for Python {HERE}, so not in it: sourceonly==3.0."
    assert told in capsys.readouterr().out
    assert told in (folder / "START_HERE.txt").read_text("utf8")
    assert "sourceonly" not in (folder / f"requirements-{HERE}.txt").read_text()


def test_a_missing_network_is_no_missing_wheel(tmp_path, monkeypatch):
    said = "WARNING: Retrying ...\nERROR: No matching distribution found for alpha==1.0"
    monkeypatch.setattr(offline_wheels, "run_pip", lambda *words: said)
    with pytest.raises(SystemExit, match="pip could not fetch the wheels"):
        download(["alpha==1.0"], tmp_path, Target())


def test_pytorch_for_linux_comes_from_the_index_for_cpus_or_it_is_told(
    root, shelf, tmp_path, capsys
):
    linux = Target(("manylinux_2_28_x86_64",), "3.11")
    assert (linux.system, linux.processor) == ("linux", "x86_64")
    offline_pack.make_pack(root, tmp_path / "out", [linux], "file:///elsewhere")
    asked = {words[-1]: words for words in shelf.asked}
    assert "file:///elsewhere" in asked["torch==2.0"]
    assert "file:///elsewhere" not in asked["alpha==1.0"]
    assert "CUDA" not in capsys.readouterr().out
    (shelf.folder / "torch-2.0+cpu-py3-none-any.whl").unlink()
    make_wheel(shelf.folder, "torch", "2.0", "Requires-Dist: nvidia>=1")
    make_wheel(shelf.folder, "nvidia", "1.0")
    offline_pack.make_pack(root, tmp_path / "out", [linux])
    assert "PyTorch came with CUDA" in capsys.readouterr().out


def test_the_first_patch_that_all_accept(tmp_path):
    make_wheel(tmp_path, "a", python=">=3.9")
    make_wheel(tmp_path, "b", python=">=3.11.5,!=3.11.6")
    assert first_patch(about_wheels(tmp_path), "3.11") == "3.11.5"
    assert first_patch(about_wheels(tmp_path), "3.12") == "3.12.0"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--python", "3.12"], "needs a --platform"),
        (["--platform", "amiga"], "an example is win_amd64"),
        (["--platform", "win_amd64", "--python", "3.9"], "expected 3.11 or newer"),
        (["--platform", "win_amd64", "--python", "3.11.2"], "without a third number"),
    ],
)
def test_a_target_that_cannot_be_is_refused(capsys, words, message):
    with pytest.raises(SystemExit):
        offline_pack.main(words)
    assert message in capsys.readouterr().err


ABOUT = {
    "machine": "win_amd64",
    "system": "win",
    "processor": "amd64",
    "python": {"3.11": "3.11.5"},
    "unpacked_mb": 2000,
    "longest_name": 180,
}


@pytest.mark.parametrize(
    ("version", "here", "message"),
    [
        (
            (3, 9, 1),
            "win_amd64",
            "This is Python 3.9.1. The pack needs Python 3.11.5 or a later 3.11",
        ),
        ((3, 13, 0), "win_amd64", "This is Python 3.13.0"),
        ((3, 11, 4), "win_amd64", "This is Python 3.11.4"),
        ((3, 11, 9), "win32", "runs on win32. The pack is made for win_amd64"),
        ((3, 11, 9), "linux_x86_64", "take the 64-bit Python"),
        ((3, 11, 9), "win_arm64", "runs on win_arm64"),
    ],
)
def test_another_python_and_another_machine_are_told(version, here, message):
    with pytest.raises(SystemExit, match=re.escape(message)):
        setup_offline.check_python(ABOUT, version, here)
    setup_offline.check_python(ABOUT, (3, 11, 5), "win_amd64")


def test_an_old_python_can_read_the_script_that_refuses_it():
    text = Path(setup_offline.__file__).read_text("utf8")
    ast.parse(text, feature_version=(3, 6))
    imported = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import)]
    modules = {name.name for node in imported for name in node.names} | {"pathlib"}
    assert modules <= sys.stdlib_module_names


def test_a_folder_that_will_not_do_is_told_why(tmp_path, monkeypatch):
    wrong, good = setup_offline.wrong_with, tmp_path / "für mich"
    free = namedtuple("Usage", "total used free")(0, 0, 1_900_000_000)
    assert wrong(tmp_path, ABOUT | {"unpacked_mb": 0}) == ""
    (tmp_path / "file").write_text("")
    assert "cannot be written" in wrong(tmp_path / "file" / "below", ABOUT)
    monkeypatch.setattr(setup_offline.shutil, "disk_usage", lambda path: free)
    assert wrong(good, ABOUT) == "1.9 GB are free, and 2.0 GB are needed"
    assert "too long for Windows; 72 characters" in wrong(Path("C:/" + "x" * 70), ABOUT, True)
    (good / ".venv").mkdir(parents=True)
    assert "holds another environment" in wrong(good, ABOUT)
    (tmp_path / "setup_offline.py").write_text("")
    assert wrong(tmp_path, ABOUT) == "it is the pack itself"


def test_it_asks_for_another_place_or_says_how_to_name_one(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    bad, good = str(tmp_path / "file" / "x"), str(tmp_path / "gut")
    about = ABOUT | {"unpacked_mb": 0}
    monkeypatch.setattr(setup_offline.sys.stdin, "isatty", lambda: False, raising=False)
    with pytest.raises(SystemExit, match="setup_offline.py FOLDER"):
        setup_offline.find_place([bad], about)
    monkeypatch.setattr(setup_offline.sys.stdin, "isatty", lambda: True, raising=False)
    answers = iter([bad, f'"{good}"'])
    monkeypatch.setattr("builtins.input", lambda text: next(answers))
    assert setup_offline.find_place([bad], about) == Path(good)
    assert capsys.readouterr().out.count("cannot be written") == 3
    monkeypatch.setattr("builtins.input", lambda text: "")
    with pytest.raises(SystemExit, match="Nothing was set up"):
        setup_offline.find_place([bad], about)


@pytest.mark.slow
def test_set_up_installs_from_the_pack_alone_and_keeps_what_a_learner_wrote(pack, tmp_path):
    copy, home = tmp_path / "Stick für alle" / "pack", tmp_path / "leer zu Hause"
    shutil.copytree(pack.folder, copy)
    home.mkdir()
    place = home / "beneath-the-face"
    # This machine's settings are not to be asked, and whoever goes to the network is noticed.
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    proxy = "http://{}:{}".format(*listener.getsockname())
    elsewhere = {"PIP_NO_INDEX": "0", "PYTHONPATH": str(ROOT)}
    elsewhere |= dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), proxy)
    for variable in ("HOME", "USERPROFILE"):
        elsewhere[variable] = str(home)

    def run(*words):
        command = [sys.executable, str(copy / "setup_offline.py"), *words]
        done = subprocess.run(
            command, env=elsewhere, cwd=tmp_path, capture_output=True, stdin=subprocess.DEVNULL
        )
        return done.returncode, (done.stdout + done.stderr).decode("utf8", "replace")

    code, said = run()
    assert code == 0 and "\nready" in said and "Installing the packages" in said, said
    (start,) = place.glob("open_notebooks.*")
    assert f'"{start}"' in said and "OMP_NUM_THREADS=1" in start.read_text()
    with pytest.raises(BlockingIOError):
        listener.accept()
    listener.close()
    notebook = place / "notebooks/student/90_beats.ipynb"
    assert notebook.is_file() and (place / "book/_static/picture.svg").is_file()
    python = setup_offline.python_in(place / ".venv")
    shown = subprocess.run([python, "-m", "pip", "list"], capture_output=True, text=True).stdout
    assert {"alpha", "meps-lib", "torch"} < set(shown.split())
    notebook.write_text("what a learner wrote")
    code, said = run()
    assert code == 0 and "there already" in said and "Installing" not in said
    assert notebook.read_text() == "what a learner wrote"
    (place / ".venv" / setup_offline.MARK).write_text("unfinished")
    (copy / "wheels/alpha-1.0-py3-none-any.whl").unlink()
    code, said = run()
    assert code != 0 and "wheels/alpha-1.0-py3-none-any.whl: missing" in said
    sums = (copy / "SHA256SUMS").read_text("utf8").splitlines(keepends=True)
    (copy / "SHA256SUMS").write_text("".join(x for x in sums if "alpha" not in x), "utf8")
    code, said = run()
    assert code != 0 and "The packages could not be installed" in said
    assert "ready" not in said
