"""What a command may write, and the one reader of parquet."""

import os

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from PIL import Image

from meps_lab.files import may_write, read_parquet, write_figure, write_file
from meps_lib.errors import MepsError
from meps_lib.files import is_text

ENDS = (".png", ".jpg")


def test_names_that_are_text():
    for name in ("a.mp4", "é 被试.png", "", "a\nb"):
        assert is_text(name)
    for raw in (b"\xff", b"clip\xc3.mp4", b"\xed\xa0\x80"):  # the last is half of a pair
        assert not is_text(os.fsdecode(raw))


def in_the_way(folder):
    """One of each that may have the name already."""
    (folder / "file.png").write_bytes(b"old")
    (folder / "dead.png").symlink_to(folder / "nothing")
    (folder / "link.png").symlink_to(folder / "file.png")
    (folder / "to_folder.png").symlink_to(folder)


@pytest.mark.parametrize("name", ["file.png", "link.png", "dead.png", "to_folder.png"])
def test_what_is_there_is_replaced_by_force_alone(tmp_path, name):
    in_the_way(tmp_path)
    what = "exists" if name == "file.png" else "is a link"
    with pytest.raises(MepsError, match=f"--picture .*{name} {what}; nothing was .*--force"):
        may_write("--picture", tmp_path / name, ENDS, force=False)
    may_write("--picture", tmp_path / name, ENDS, force=True)
    write_file(tmp_path / name, b"new")
    assert (tmp_path / name).read_bytes() == b"new" and not (tmp_path / name).is_symlink()
    assert not (tmp_path / "nothing").exists()
    if name != "file.png":
        assert (tmp_path / "file.png").read_bytes() == b"old"


def test_a_name_that_can_never_be_written_is_refused(tmp_path):
    (tmp_path / "folder.png").mkdir()
    for force in (False, True):
        with pytest.raises(MepsError, match="a folder has this name"):
            may_write("--out", tmp_path / "folder.png", ENDS, force)
        for name in ("gone/a.png", "a.pdf", "png"):
            with pytest.raises(MepsError, match=r"an existing folder, .* ends in \.png or \.jpg"):
                may_write("--out", tmp_path / name, ENDS, force)
    may_write("--out", tmp_path / "new.jpg", ENDS, force=False)
    with pytest.raises(MepsError, match="cannot write .*No such file or directory; choose"):
        write_file(tmp_path / "gone" / "a", b"")


@pytest.mark.parametrize(("ending", "kind"), [("png", "PNG"), ("jpg", "JPEG")])
def test_a_figure_is_of_the_kind_that_its_name_says(tmp_path, ending, kind):
    figure = plt.figure(figsize=(2, 1))
    write_figure(tmp_path / f"a.{ending}", figure, dpi=50)
    plt.close(figure)
    with Image.open(tmp_path / f"a.{ending}") as image:
        assert image.format == kind and image.size == (100, 50)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_parquet_is_read_or_named(tmp_path):
    path, table = tmp_path / "a.parquet", pd.DataFrame({"a": [1, 2], "b": ["x", "被"]})
    table.to_parquet(path)
    pd.testing.assert_frame_equal(read_parquet(path, ""), table)
    whole = path.read_bytes()
    pd.testing.assert_frame_equal(read_parquet(tmp_path / "gone", "", whole), table)
    for content in (b"", b"PAR1", whole[:-9], whole.replace(b"PAR1", b"RAP1")):
        path.write_bytes(content)
        with pytest.raises(MepsError, match=r"a\.parquet cannot be read .*; do this"):
            read_parquet(path, "do this")
    with pytest.raises(MepsError, match="gone cannot be read .No such file"):
        read_parquet(tmp_path / "gone", "")
