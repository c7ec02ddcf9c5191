"""The public address stands in one place, and every other copy is known."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tools.address import CARRIERS, FILE, mentions, read_address, set_address

ROOT = Path(__file__).resolve().parents[2]
TEXT = {".cff", ".css", ".ipynb", ".js", ".json", ".lock", ".md", ".py", ".sh", ".svg", ".toml"}
TEXT |= {".txt", ".yaml", ".yml", ".bib", ""}


def project_files() -> list[Path]:
    """Every text file that is, or is about to be, part of the repository."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    result = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode:
        pytest.skip("not a git repository: which files belong to the project is not known")
    paths = (ROOT / name for name in result.stdout.splitlines())
    return [path for path in paths if path.is_file() and path.suffix in TEXT]


def test_no_other_file_carries_the_address():
    address = read_address()
    copies = []
    for path in project_files():
        name = path.relative_to(ROOT).as_posix()
        generated = name.startswith("notebooks/") and path.suffix == ".ipynb"
        if name == FILE or name in CARRIERS or generated:
            continue
        lines = mentions(path.read_text("utf-8"), address)
        copies += [f"{name}:{line}" for line in lines]
    assert copies == [], f"take the address from tools.address instead: {copies}"


def test_setting_it_reaches_every_carrier_and_can_be_undone(tmp_path):
    (tmp_path / "book").mkdir()
    for name in (FILE, *CARRIERS):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, tmp_path / name)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    old = read_address(tmp_path)
    set_address("some-body/some.where", tmp_path)
    assert read_address(tmp_path) == "some-body/some.where"
    for path in before:
        assert not mentions(path.read_text("utf-8"), old), path
    set_address(old, tmp_path)
    assert {path: path.read_bytes() for path in before} == before


def test_only_whole_addresses_count(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / FILE).write_text("ab/cd\n")
    text = "xab/cd ab/cde https://github.com/ab/cd.git (https://github.com/ab/cd). ab/cd/blob\n"
    (tmp_path / "README.md").write_text(text)
    assert set_address("e/f", tmp_path) == [FILE, "README.md"]
    expected = "xab/cd ab/cde https://github.com/e/f.git (https://github.com/e/f). e/f/blob\n"
    assert (tmp_path / "README.md").read_text() == expected


@pytest.mark.parametrize("wrong", ["name", "https://github.com/a/b", "a/b/c", "", "a b/c"])
def test_anything_but_owner_and_name_is_refused(wrong, tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / FILE).write_text("ab/cd\n")
    with pytest.raises(ValueError, match="owner/name"):
        set_address(wrong, tmp_path)
    assert read_address(tmp_path) == "ab/cd"
