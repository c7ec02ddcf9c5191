"""Frames of simulated trees and of a real face, against the files read by Pillow."""

import shutil
from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.readers.media import frame_files, video_fields, video_files
from meps_lab.recordings.find import fetch
from meps_lab.simulate.layouts import write_layout
from meps_lib.errors import MepsError
from meps_lib.trial import Trial
from meps_lib.video.alignment import EYES
from meps_lib.video.clips import read_clip
from meps_lib.video.faces import find_face

DIGITS, SIZE = r"^(\d+)$", 32  # the simulated pictures are 32 x 32: the crop is the picture
NUMBERS = {
    "casme3-a": DIGITS,
    "samm": r"^\d+_(\d+)$",
    "smic": None,
}
AS_IT_IS = LoadConfig(("colour", "depth"), "frame", SIZE)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A function that writes a layout, once, and gives its root and its truth."""

    @cache
    def write(kind):
        root = tmp_path_factory.mktemp(kind)
        write_layout(kind, root, n_subjects=2, trials=7, seed=3, dirt=False, size=SIZE)
        return root, pd.read_parquet(root / "truth.parquet")

    return write


def row_of(truth, colour="", depth="", fps=30.0, **other):
    marks = {m: int(truth[m]) for m in ("onset", "apex", "offset")}
    return pd.Series(
        {"clip": truth["clip"], "colour": colour, "depth": depth, "fps": fps} | marks | other
    )


def on_disk(path):
    """Red, green, blue in [0, 1], as Pillow has them."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).transpose(2, 0, 1) / 255


def near(got, path):
    """JPEG may be decoded a level aside by another build of libjpeg; one frame on, it is not so."""
    return abs(got.numpy() - on_disk(path)).max() <= 2 / 255


@pytest.mark.parametrize("kind", NUMBERS)
def test_marks_land_on_the_frames_whose_files_have_these_numbers(tree, kind):
    root, truths = tree(kind)
    config = replace(AS_IT_IS, modalities=("colour",))
    for truth in truths[:4].to_dict("records"):
        folder = truth["folder"] + ("/color" if kind == "casme3-a" else "")
        row, first = row_of(truth, folder, fps=100.0), truth["onset"]
        if kind == "smic":  # frames are counted, nothing is coded
            row[["onset", "apex", "offset"]] = pd.NA
            first = 0
        fields = video_fields(root, row, config, number=NUMBERS[kind])
        files = frame_files(root / folder, NUMBERS[kind])
        n = truth["offset"] - truth["onset"] + 1
        assert fields["colour"].shape == (n, 3, SIZE, SIZE)
        assert fields["start"] == first / 100 and "depth" not in fields
        if kind == "smic":
            assert fields["onset"] is fields["apex"] is fields["offset"] is None
        else:
            assert (fields["onset"], fields["offset"]) == (0, n - 1)
            assert fields["apex"] == truth["apex"] - truth["onset"]
        for k, frame in enumerate(fields["colour"]):
            assert near(frame, files[first + k])
        assert not near(fields["colour"][0], files[first + n // 2])
        Trial(label="others", subject="s", clip="c", **fields)


def test_grey_pictures_become_three_equal_channels(tree):
    root, truths = tree("samm")
    truth = truths.iloc[0]
    row, config = row_of(truth, truth.folder), LoadConfig(("flow",), size=SIZE)
    got = video_fields(root, row, config, number=NUMBERS["samm"])["colour"]
    assert (got[:, 0] == got[:, 1]).all() and (got[:, 0] == got[:, 2]).all()


@pytest.fixture(scope="module")
def part_a(tree):
    root, truths = tree("casme3-a")
    truth = truths.iloc[0]
    return root, row_of(truth, f"{truth.folder}/color", f"{truth.folder}/depth")


def test_depth_is_what_the_file_says_in_mm_with_zero_as_missing(part_a, tmp_path):
    root, row = part_a
    shutil.copytree(root / row.depth, tmp_path / row.depth)
    files = frame_files(tmp_path / row.depth, DIGITS)
    stored = {}
    for n, path in files.items():
        with Image.open(path) as image:
            stored[n] = np.asarray(image).astype(np.uint16)
        stored[n][:4] = 3000 + n  # a wall, which the simulated depth lacks
        Image.fromarray(stored[n]).save(path)
    only = replace(AS_IT_IS, modalities=("depth",))
    raw = video_fields(tmp_path, row, only, number=DIGITS)["depth"]
    assert len(raw) == row.offset - row.onset + 1
    for k, got in enumerate(raw[:, 0].numpy()):
        want = stored[row.onset + k].astype(float)
        want[want == 0] = np.nan
        # The authors' rule, by hand: three sigma about the mean, then 400 mm from the nearest.
        band = abs(want - np.nanmean(want)) <= 3 * np.nanstd(want)
        seen = band & (want < want[band].min() + 400)
        assert (~np.isnan(got) == seen).all() and (got[seen] == want[seen]).all()
        assert np.isnan(got[:4]).all() and seen[4:].any()


def test_without_marks_the_clip_is_the_folder(part_a):
    root, row = part_a
    last = max(frame_files(root / row.colour, DIGITS))
    row = row.copy()
    row["offset"] = pd.NA
    fields = video_fields(root, row, AS_IT_IS, number=DIGITS)
    assert len(fields["colour"]) == len(fields["depth"]) == last - row.onset + 1
    assert fields["offset"] is None and fields["onset"] == 0
    assert near(fields["colour"][-1], root / row.colour / f"{last}.jpg")
    row["onset"] = pd.NA
    fields = video_fields(root, row, AS_IT_IS, number=DIGITS)
    assert len(fields["colour"]) == last + 1 and fields["start"] == 0
    assert fields["apex"] == row.apex and fields["onset"] is None


def test_only_what_is_needed_is_read(part_a, tmp_path):
    """Everything but the files named is spoilt; one of those, and it fails."""
    root, row = part_a
    named = video_files(root, row, AS_IT_IS, number=DIGITS)
    assert len(named) == 2 * (row.offset - row.onset + 1)
    copy = tmp_path / "tree"
    for name in ("colour", "depth"):
        shutil.copytree(root / row[name], copy / row[name])
        for path in (copy / row[name]).iterdir():
            if root / path.relative_to(copy) not in named:
                path.write_bytes(b"spoilt")
    want = video_fields(root, row, AS_IT_IS, number=DIGITS)
    got = video_fields(copy, row, AS_IT_IS, number=DIGITS)
    assert (got["colour"] == want["colour"]).all()
    for path in (named[0], named[len(named) // 2 - 1], named[-1]):
        spoilt = copy / path.relative_to(root)
        spoilt.write_bytes(b"spoilt")
        with pytest.raises(MepsError, match=rf"{spoilt.name}: cannot be decoded"):
            video_fields(copy, row, AS_IT_IS, number=DIGITS)
        shutil.copy(path, spoilt)


def test_modalities_that_are_not_asked_for_are_not_touched(part_a):
    root, row = part_a
    no_depth = row.copy()
    no_depth["depth"] = "nowhere"
    config = replace(AS_IT_IS, modalities=("colour", "ps"))
    assert "depth" not in video_fields(root, no_depth, config, number=DIGITS)
    no_colour = row.copy()
    no_colour["colour"] = "nowhere"
    config = replace(AS_IT_IS, modalities=("depth",), crop="auto")
    assert "colour" not in video_fields(root, no_colour, config, number=DIGITS)
    nothing = replace(AS_IT_IS, modalities=("ps",))
    assert video_fields(root, row, nothing, number=DIGITS) == {}
    assert video_files(root, row, nothing, number=DIGITS) == []


@pytest.fixture(scope="module")
def person(tmp_path_factory):
    """A real face in wide pictures; its depth is its own brightness, 500 mm and up."""
    root = tmp_path_factory.mktemp("person")
    for name in ("colour", "depth"):
        (root / name).mkdir()
    for k, frame in enumerate(read_clip(fetch("face_video")).frames[::6], 20):
        cv2.imwrite(str(root / f"colour/{k}.jpg"), frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 98])
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.uint16)
        cv2.imwrite(str(root / f"depth/{k}.png"), 500 + grey)
    return root


FACE_ROW = {"clip": "smile", "colour": "colour", "depth": "depth", "fps": 30.0}
FACE_ROW = pd.Series(FACE_ROW | {"onset": 21, "apex": 25, "offset": 30}, dtype=object)


def test_a_real_face_is_found_and_aligned_and_depth_follows(person):
    config = LoadConfig(("colour", "depth"), "auto", 128)
    fields = video_fields(person, FACE_ROW, config, number=DIGITS)
    colour = (fields["colour"].permute(0, 2, 3, 1).numpy() * 255).round().astype(np.uint8)
    assert colour.shape == (10, 128, 128, 3) and fields["apex"] == 4
    eyes = np.median([f.eyes for f in map(find_face, colour) if f and f.eyes], axis=0)
    assert abs(eyes - np.array(EYES) * 128).max() < 4
    grey = np.array([cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in colour], float)
    depth = fields["depth"][:, 0].numpy() - 500

    def match(shift):
        moved = np.roll(depth, shift, axis=2)
        seen = ~np.isnan(moved)
        return np.corrcoef(moved[seen], grey[seen])[0, 1]

    assert match(0) > 0.97
    assert max(match(k) for k in (-3, -2, 2, 3)) < match(0) - 0.01


def test_depth_alone_is_cut_where_colour_shows_the_face(person):
    config = LoadConfig(("colour", "depth"), "auto", 64)
    both = video_fields(person, FACE_ROW, config, number=DIGITS)["depth"]
    alone = replace(config, modalities=("depth",))
    fields = video_fields(person, FACE_ROW, alone, number=DIGITS)
    assert "colour" not in fields and np.array_equal(fields["depth"], both, equal_nan=True)
    files = video_files(person, FACE_ROW, alone, number=DIGITS)
    kinds = [path.suffix for path in files]
    assert (kinds.count(".png"), kinds.count(".jpg")) == (10, 9)


@pytest.mark.parametrize("crop, cut", [("frame", False), ("auto", True)])
def test_the_whole_picture_where_it_is_asked_for_or_cut_already(person, crop, cut):
    config = LoadConfig(("colour", "depth"), crop, 64)
    fields = video_fields(person, FACE_ROW, config, number=DIGITS, cut=cut)
    with Image.open(person / "colour/21.jpg") as image:
        want = np.asarray(image.resize((64, 64), Image.Resampling.BOX)).transpose(2, 0, 1) / 255
    got = fields["colour"][0].numpy()
    assert abs(got - want).mean() < 0.01 and np.corrcoef(got.ravel(), want.ravel())[0, 1] > 0.995


def test_depth_is_cleaned_on_a_face_and_left_alone_on_a_room(tmp_path):
    room = np.full((32, 64), 600, np.uint16)
    room[:, :8] = 2000
    for k in (21, 22):
        (tmp_path / "depth").mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / f"depth/{k}.png"), room)
    row, config = FACE_ROW.copy(), LoadConfig(("depth",), "frame", 32)
    row[["apex", "offset"]] = (22, 22)
    kept = video_fields(tmp_path, row, config, number=DIGITS)["depth"]
    assert (kept[..., :4] == 2000).all() and (kept[..., 4:] == 600).all()
    kept = video_fields(tmp_path, row, config, number=DIGITS, cut=True)["depth"]
    assert kept[..., :4].isnan().all() and (kept[..., 4:] == 600).all()


def test_a_person_far_away_is_not_asked_of_square_pictures(person, tmp_path):
    """Square pictures count as cut; crop="face" looks for the face all the same."""
    (tmp_path / "colour").mkdir()
    for path in (person / "colour").iterdir():
        cv2.imwrite(str(tmp_path / "colour" / path.name), cv2.imread(str(path))[:, 110:470])
    config = LoadConfig(("colour",), "auto", 96)
    whole = video_fields(tmp_path, FACE_ROW, config, number=DIGITS)["colour"]
    config = replace(config, crop="face")
    found = video_fields(tmp_path, FACE_ROW, config, number=DIGITS)["colour"]
    face = find_face((found[0].permute(1, 2, 0).numpy() * 255).astype(np.uint8))
    assert face is not None and face.box[2] > 60
    small = find_face((whole[0].permute(1, 2, 0).numpy() * 255).astype(np.uint8))
    assert small is None or small.box[2] < 0.8 * face.box[2]
