"""A folder that appears whole or not at all, whatever path is asked for."""

from pathlib import Path

import pytest

from meps_lab.simulate.layouts.folder import new_folder
from meps_lib.errors import MepsError


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    out = tmp_path / "set"
    with pytest.raises(ZeroDivisionError), new_folder(out) as folder:
        (folder / "half.txt").write_text("half")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    out.mkdir()  # an empty folder is welcome, and stays if something fails
    with pytest.raises(MepsError, match=f"cannot write to {out}.*No space"), new_folder(out) as f:
        (f / "half.txt").write_text("half")
        raise OSError(28, "No space left on device")
    assert list(tmp_path.rglob("*")) == [out]
    with new_folder(out) as folder:
        (folder / "whole.txt").write_text("whole")
    assert [p.name for p in out.iterdir()] == ["whole.txt"]
    with pytest.raises(MepsError, match="not empty; choose a new folder"), new_folder(out):
        pass
    with pytest.raises(MepsError, match="is a file"), new_folder(out / "whole.txt"):
        pass
    with pytest.raises(MepsError, match="cannot write"), new_folder("/proc/self/none/such"):
        pass


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (5, "out must be the path of a new folder, got 5"),
        (None, "out must be the path of a new folder, got None"),
        ("x" * 300, "cannot write to .*xxx.*name too long"),
        ("a\0b", "no null character"),
        ("a/b/" + "c" * 300, "name too long"),
    ],
)
def test_what_is_no_path_is_refused(tmp_path, monkeypatch, path, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MepsError, match=message), new_folder(path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_long_name_that_the_disk_takes_is_taken(tmp_path):
    out = tmp_path / ("x" * 250)  # the folder beside it must not be longer
    with new_folder(out) as folder:
        (folder / "a.txt").write_text("a")
    assert (out / "a.txt").exists() and len(list(tmp_path.iterdir())) == 1


def test_a_parent_that_may_not_be_read_is_one_clear_line(tmp_path, monkeypatch):
    def refuse(self, **how):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "is_dir", refuse)
    with pytest.raises(MepsError, match="cannot write to .*set: Permission denied"):  # noqa: SIM117
        with new_folder(tmp_path / "set"):
            pass


def test_what_a_killed_run_left_is_named(tmp_path):
    (tmp_path / ".partial").mkdir()
    with pytest.raises(MepsError, match=r"hidden folder \.partial.*remove it"):  # noqa: SIM117
        with new_folder(tmp_path):
            pass
    assert (tmp_path / ".partial").is_dir()  # it may be another run's
