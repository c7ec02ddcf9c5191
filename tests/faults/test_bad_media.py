"""What goes wrong with frames on a disk: one clear error each, and nothing else.

Each row spoils a good clip of eight frames, colour and depth, and says what the message must
name. `MepsError` is the only exception allowed.
"""

import os
import shutil

import cv2
import numpy as np
import pandas as pd
import pytest

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.readers.media import has_frames, video_fields, video_files
from meps_lab.recordings.find import fetch
from meps_lib.errors import MepsError

CONFIG = LoadConfig(("colour", "depth"), "frame", 48)
ROW = {"clip": "spNO.1_a_3", "colour": "a/color", "depth": "a/depth", "fps": 30.0}
ROW = pd.Series(ROW | {"onset": 3, "apex": 5, "offset": 8}, dtype=object)
DIGITS = r"^(\d+)$"


def colour(k, size=(48, 64)):
    y, x = np.mgrid[: size[0], : size[1]]
    red, green = 120 + 80 * np.sin((x + k) / 7), 120 + 80 * np.cos(y / 5)
    return np.stack([red, green, red], axis=-1).astype(np.uint8)


def depth(k, size=(48, 64)):
    out = np.full(size, 700 + k, np.uint16)
    out[:4] = 0
    return out


@pytest.fixture
def tree(tmp_path):
    for name, picture, ending in (("color", colour, "jpg"), ("depth", depth, "png")):
        (tmp_path / "a" / name).mkdir(parents=True)
        for k in range(1, 11):
            cv2.imwrite(str(tmp_path / f"a/{name}/{k}.{ending}"), picture(k))
    return tmp_path


def load(root, row=ROW, config=CONFIG, **how):
    return video_fields(root, row, config, **{"number": DIGITS} | how)


def with_marks(**marks):
    row = ROW.copy()
    for name, value in marks.items():
        row[name] = value
    return row


def cut(path, left):
    path.write_bytes(path.read_bytes()[: int(left * path.stat().st_size)])


def write(path, picture):
    path.unlink(missing_ok=True)
    cv2.imwrite(str(path), picture)


def rename(folder, names):
    for old, new in names.items():
        (folder / old).rename(folder / new)


def shift_depth(tree):
    rename(tree / "a/depth", {f"{k}.png": f"{k + 4}.png" for k in range(10, 0, -1)})


def loop(path):
    path.unlink()
    path.symlink_to(path)


def folder_loop(tree):
    shutil.rmtree(tree / "a/color")
    (tree / "a/color").symlink_to(tree / "a/color")


def emptied(tree):
    shutil.rmtree(tree / "a/color")
    (tree / "a/color").mkdir()


def small(array):
    return array[:24, :32]


SPOILT = {
    "frame missing in the middle": (
        lambda t: (t / "a/color/6.jpg").unlink(),
        r"a/color: frame 6 of 3 to 8 missing",
    ),
    "depth frame missing": (
        lambda t: (t / "a/depth/7.png").unlink(),
        r"a/depth: frame 7 of 3 to 8 missing",
    ),
    "colour and depth with other numbers": (
        shift_depth,
        r"a/depth: frame 3 and 1 more of 3 to 8 missing; there are 10 frames, 5 to 14",
    ),
    "JPEG without its end": (
        lambda t: cut(t / "a/color/5.jpg", 0.6),
        r"5\.jpg: truncated.*copy it again",
    ),
    "PNG without its end": (
        lambda t: cut(t / "a/depth/5.png", 0.6),
        r"5\.png: cannot be decoded.*cut short",
    ),
    "empty file": (lambda t: (t / "a/color/4.jpg").write_bytes(b""), r"4\.jpg: .*empty \(0 bytes"),
    "text called a picture": (
        lambda t: (t / "a/color/4.jpg").write_text("404 not found"),
        r"4\.jpg: cannot be decoded.*another kind of file",
    ),
    "8-bit depth": (
        lambda t: write(t / "a/depth/4.png", depth(4).astype(np.uint8)),
        r"4\.png: uint8 pixels; expected depth of 16 bits",
    ),
    "colour for depth": (
        lambda t: write(t / "a/depth/4.png", colour(4)),
        r"4\.png: a picture with 3 channels; expected depth, one channel",
    ),
    "depth for colour": (
        lambda t: shutil.copy(t / "a/depth/4.png", t / "a/color/4.jpg"),
        r"4\.jpg: uint16 pixels; expected 8 bits",
    ),
    "a frame of another size": (
        lambda t: write(t / "a/color/7.jpg", small(colour(7))),
        r"7\.jpg: 32 x 24 pixels, .*first frame has 64 x 48",
    ),
    "depth of another size": (
        lambda t: [write(t / f"a/depth/{k}.png", small(depth(k))) for k in range(3, 9)],
        r"3\.png: 32 x 24 pixels.*depth that of its colour: register it",
    ),
    "depth that saw nothing": (
        lambda t: write(t / "a/depth/5.png", 0 * depth(5)),
        r"5\.png: depth without a measured pixel \(all 0 or",
    ),
    "two files for one frame": (
        lambda t: write(t / "a/color/005.jpg", colour(5)),
        r"a/color: '005\.jpg' and '5\.jpg' are one frame",
    ),
    "a link to itself": (lambda t: loop(t / "a/color/5.jpg"), r"5\.jpg: cannot be opened"),
    "a folder that links to itself": (folder_loop, "a/color: no folder of frames"),
    "folder missing": (lambda t: shutil.rmtree(t / "a/depth"), "a/depth: no folder of frames"),
    "folder empty": (emptied, "a/color: no picture in it"),
    "frames with other names": (
        lambda t: rename(t / "a/color", {f"{k}.jpg": f"f{k}.jpg" for k in range(1, 11)}),
        r"a/color: no picture is called like a frame.*'f1\.jpg'",
    ),
}


@pytest.mark.parametrize("name", SPOILT)
def test_spoilt_on_disk(tree, name):
    load(tree)  # good before
    spoil, message = SPOILT[name]
    spoil(tree)
    with pytest.raises(MepsError, match=message):
        load(tree)


@pytest.mark.parametrize(
    "row, message",
    [
        (with_marks(offset=12), "frame 11 and 1 more of 3 to 12 missing; there are 10 frames"),
        (with_marks(onset=0, apex=5), "frame 0 of 0 to 8 missing"),
        (with_marks(onset=8, offset=3), "frames 8 to 3; expected the onset first"),
        (with_marks(onset=50, apex=pd.NA, offset=pd.NA), "frames 50 to 10; expected the onset"),
        (with_marks(offset=10**12), "do not fit|more than 2 GiB; check onset and offset"),
        (with_marks(fps=pd.NA), "'spNO.1_a_3': frame rate .*expected Hz"),
        (with_marks(fps=0.0), "frame rate 0.0"),
        (with_marks(depth=""), "'spNO.1_a_3' has no depth frames in the index; leave depth out"),
        (with_marks(colour="b/color"), "b/color: no folder of frames.*is the copy complete"),
    ],
)
def test_a_row_that_does_not_fit_the_disk(tree, row, message):
    with pytest.raises(MepsError, match=message):
        load(tree, row)
    with pytest.raises(MepsError, match=message):
        video_files(tree, row, CONFIG, number=DIGITS)


def test_folders_without_marks_must_agree(tree):
    shift_depth(tree)
    with pytest.raises(MepsError, match="no onset.*they differ .min frame: colour 1, depth 5"):
        load(tree, with_marks(onset=pd.NA))
    with pytest.raises(MepsError, match="no offset.*they differ .max frame: colour 10, depth 14"):
        load(tree, with_marks(onset=6, apex=7, offset=pd.NA))


def test_one_measured_pixel_of_depth_is_not_passed_over(tree):
    """Sampling at every tenth pixel would miss it; a mean of those that were measured does not."""
    config = LoadConfig(("depth",), "frame", 32)
    spotty = 0 * depth(5, (320, 320))
    for k in range(1, 11):
        write(tree / f"a/depth/{k}.png", depth(k, (320, 320)))
    spotty[1, 1] = 700
    write(tree / "a/depth/5.png", spotty)
    fields = load(tree, config=config)
    crop = fields["depth"][5 - round(30 * fields["start"]), 0]
    assert crop[0, 0] == 700 and (~crop.isnan()).sum() == 1


def test_no_face_in_wide_pictures(tree):
    with pytest.raises(MepsError, match="a/color: no face in any of 6 frames.*crop='frame'"):
        load(tree, config=LoadConfig(("colour",), "auto", 48))


def test_depth_alone_cannot_show_where_the_face_is(tree):
    config = LoadConfig(("depth",), "auto", 48)
    with pytest.raises(MepsError, match="no colour frames.*depth alone needs colour"):
        load(tree, with_marks(colour=""), config)
    assert load(tree, with_marks(colour=""), LoadConfig(("depth",), "frame", 48))["depth"].ndim == 4


@pytest.mark.parametrize("name", ["with a space", "面部 видео é", "ŝ" * 80, "a'b\"c%20{}[0-9]"])
def test_folders_of_any_name_are_read(tree, name):
    want = load(tree)
    (tree / "a").rename(tree / name)
    got = load(tree, with_marks(colour=f"{name}/color", depth=f"{name}/depth"))
    assert (got["colour"] == want["colour"]).all()
    assert np.array_equal(got["depth"], want["depth"], equal_nan=True)


def test_endings_in_capitals_and_what_a_system_leaves_behind(tree):
    want = load(tree)
    for folder, ending in (("color", "jpg"), ("depth", "png")):
        here = tree / "a" / folder
        rename(here, {f"{k}.{ending}": f"{k:04d}.{ending.upper()}" for k in range(1, 11)})
        for name in (f"._5.{ending}", f".5.{ending}", "Thumbs.db", ".DS_Store", "desktop.ini"):
            (here / name).write_bytes(b"\0\5\x16\7")
    assert (load(tree)["colour"] == want["colour"]).all()
    assert {p.suffix for p in video_files(tree, ROW, CONFIG, number=DIGITS)} == {".JPG", ".PNG"}


def test_links_are_followed(tree):
    want = load(tree)
    (tree / "a").rename(tree / "elsewhere")
    (tree / "a").symlink_to(tree / "elsewhere")
    target = (tree / "elsewhere/color/5.jpg").rename(tree / "five.jpg")
    (tree / "elsewhere/color/5.jpg").symlink_to(target)
    assert has_frames(tree / "a/color")
    assert (load(tree)["colour"] == want["colour"]).all()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_what_may_not_be_read(tree):
    (tree / "a/color/5.jpg").chmod(0)
    with pytest.raises(MepsError, match=r"5\.jpg: cannot be opened \(Permission denied"):
        load(tree)


def test_a_real_pair_that_is_not_registered(tmp_path):
    """Pictures of depth in 8 bits, half the size of the colour ones and cut otherwise."""
    for kind in ("colour", "depth"):
        (tmp_path / kind).mkdir()
        for k, face in enumerate(("neutral", "happiness", "surprise")):
            path = fetch(f"rgbd_{face}_{kind}")
            shutil.copy(path, tmp_path / f"{kind}/{k}{path.suffix}")
    row = with_marks(colour="colour", depth="depth", onset=0, apex=1, offset=2)
    with pytest.raises(MepsError, match=r"0\.png: uint8 pixels; expected depth of 16 bits"):
        load(tmp_path, row)
    for k in range(3):
        stored = cv2.imread(str(tmp_path / f"depth/{k}.png"), cv2.IMREAD_UNCHANGED)
        write(tmp_path / f"depth/{k}.png", stored.astype(np.uint16))
    with pytest.raises(MepsError, match=r"0\.png: 128 x 200 pixels, .* has 256 x 400.*register"):
        load(tmp_path, row)
