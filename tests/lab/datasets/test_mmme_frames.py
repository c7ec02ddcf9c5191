"""The clock and the markers of MMME's frames: holes, early pulses, clips that were shown twice."""

import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.io import loadmat, savemat

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.index.build import build_index
from meps_lab.datasets.index.kind import IndexOptions
from meps_lab.datasets.mmme import KIND
from meps_lib.errors import MepsError

KEEP = IndexOptions(rules={"macro": "keep"})
SIGNALS = LoadConfig(("ps", "eeg"), clean=False)


def frame_name(i, code, start_s=0.0):
    """Of frame i of a clip that starts so many seconds after ten o'clock."""
    ms = round(1000 * (start_s + i / 150))
    return f"2000-1-1-10-{ms // 60_000}-{ms // 1000 % 60}-{ms % 1000}-{i}-{code}.tif"


def first_trial(root, modality, **changed):
    row = build_index("mmme", root, KEEP).table.iloc[0].copy()
    for column, value in changed.items():
        row[column] = value
    return KIND.load(root, row, LoadConfig((modality,), clean=False))


def test_a_hole_in_a_clip_is_named(mmme_tree, mmme_copy):
    """Else the frames behind it would be counted wrongly, and face and body drift apart."""
    root, _ = mmme_copy
    true = mmme_tree[1].iloc[0]
    folder = root / true["folder"]
    shutil.copytree(mmme_tree[0] / true["folder"], folder, dirs_exist_ok=True)
    row = build_index("mmme", root, KEEP).table.iloc[0]
    config = LoadConfig(("colour",), crop="frame", size=32)
    assert KIND.load(root, row, config).n_frames == true["offset"] - true["onset"] + 1
    frames = sorted(folder.iterdir(), key=lambda p: int(p.stem.split("-")[-2]))
    frames[true["offset"] + 2].unlink()  # behind the expression: nothing is counted there
    assert KIND.load(root, row, config).n_frames == true["offset"] - true["onset"] + 1
    frames[5].unlink()  # before it
    with pytest.raises(MepsError, match=f"{frames[6].name}: shot 1[34] ms after {frames[4].name}"):
        KIND.load(root, row, config)
    frames[6].rename(folder / "6.tif")
    with pytest.raises(MepsError, match=r"6\.tif: no time in its name"):
        KIND.load(root, row, config)


def test_a_hole_before_the_pulse_is_named_when_signals_alone_are_asked_for(mmme_copy):
    root, _ = mmme_copy
    row = build_index("mmme", root, KEEP).table.iloc[0].copy()
    folder = root / "Video" / "sub01" / f"sub01_{row['marker']}"
    folder.mkdir(parents=True, exist_ok=True)
    for i in (*range(10), *range(20, 60)):
        (folder / frame_name(i, row["marker"] if i >= 40 else 0)).write_bytes(b"x")
    row["colour"] = folder.relative_to(root).as_posix()
    with pytest.raises(MepsError, match="shot 7[34] ms after"):
        KIND.load(root, row, SIGNALS)


@pytest.mark.parametrize("modality", ["ps", "eeg"])
def test_a_marker_that_is_not_there_or_twice_or_missing(mmme_copy, mmme_tree, modality):
    root, _ = mmme_copy
    codes = sorted(mmme_tree[1].query("subject == 'sub01'")["marker"].unique().tolist())
    absent = next(m for m in range(101, 149) if m not in codes)
    listed = ", ".join(map(str, codes))
    with pytest.raises(MepsError, match=f"sub01.*no marker {absent}; found codes {listed}"):
        first_trial(root, modality, marker=absent)
    with pytest.raises(MepsError, match=r"has no marker"):
        first_trial(root, modality, marker=pd.NA)
    with pytest.raises(MepsError, match=f"has no {modality} in the index"):
        first_trial(root, modality, **{modality: ""})
    path = root / "PERI" / "sub01.mat"
    mat = loadmat(path)
    if modality == "ps":
        lines = mat["data"][:, 8:16]
        one = np.flatnonzero(lines.any(axis=1))[0]
        lines[one + 1000 : one + 1100] = lines[one : one + 100]
        savemat(path, {k: v for k, v in mat.items() if not k.startswith("__")})
        with pytest.raises(MepsError, match="occurs 2 times; .* its frames"):
            first_trial(root, "ps")
        lines[:] = 0
        savemat(path, {k: v for k, v in mat.items() if not k.startswith("__")})
        with pytest.raises(MepsError, match=r"sub01\.mat: .*the trigger line is silent"):
            first_trial(root, "ps")


def test_the_clip_starts_before_its_marker_where_the_frames_say_so(mmme_copy):
    """Frames that were shot before the pulse: frame 0 is so much earlier in the signals."""
    root, _ = mmme_copy
    table = build_index("mmme", root, KEEP).table.query("subject == 'sub01'")
    row, other = table.iloc[0].copy(), table["marker"].iloc[-1]
    at_pulse = KIND.load(root, row, SIGNALS)
    folder = root / "Video" / "sub01" / f"sub01_{row['marker']}"
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(300):
        code = row["marker"] if 30 <= i < 45 else 0
        (folder / frame_name(i, code)).write_bytes(b"x")
    row["colour"] = folder.relative_to(root).as_posix()
    earlier = KIND.load(root, row, SIGNALS)
    # 30 frames are 200 samples: what comes 200 samples late in one is in the other.
    assert torch.equal(earlier.ps[:, 200:], at_pulse.ps[:, :-200])
    assert torch.equal(earlier.eeg[:, 200:], at_pulse.eeg[:, :-200])
    row["marker"] = other
    with pytest.raises(MepsError, match="is it the folder of another clip"):
        KIND.load(root, row, LoadConfig(("ps",)))


def shown_again(root, gap_s=5.0, clips=("b", "a")):
    """A marker that rises twice in sub01's signals, and the folders of its clips: a, then b."""
    path = root / "PERI" / "sub01.mat"
    mat = {k: v for k, v in loadmat(path).items() if not k.startswith("__")}
    row = build_index("mmme", root, KEEP).table.iloc[0].copy()
    lines, marker = mat["data"][:, 8:16], row["marker"]
    own = (lines > 0) @ (1 << np.arange(8)) == marker
    first, level = np.flatnonzero(own)[0], lines[own][0]
    lines[first + 5000 : first + 5100] = level
    savemat(path, mat)
    for name in clips:
        folder = root / "Video" / "sub01" / name
        folder.mkdir(parents=True)
        for i in range(20):
            start_s = 100 + (gap_s if name == "b" else 0)
            (folder / frame_name(i, marker, start_s)).write_bytes(b"x")
    rows = [row.copy() for _ in "ab"]
    for row, name in zip(rows, "ab", strict=True):
        row["colour"] = f"Video/sub01/{name}"
    return rows


def test_a_marker_that_is_shown_again_is_told_by_the_order_of_the_clips(mmme_copy):
    root, _ = mmme_copy
    before = first_trial(root, "ps").ps
    config = LoadConfig(("ps",), clean=False)
    one, two = (KIND.load(root, row, config) for row in shown_again(root))
    assert torch.equal(one.ps, before)
    assert torch.equal(two.ps[:, :5000], one.ps[:, 5000:])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"clips": ("a",)}, "sub01 has 1 clips with that marker"),
        ({"clips": ("a", "b", "c")}, "sub01 has 3 clips with that marker"),
        ({"gap_s": 65.0}, "b began 65.0 s after a"),
    ],
)
def test_a_marker_that_is_shown_again_is_refused_where_order_does_not_tell(
    mmme_copy, changed, words
):
    root, _ = mmme_copy
    row = shown_again(root, **changed)[0]
    with pytest.raises(MepsError, match=f"sub01.mat: marker .* occurs 2 times, at .*{words}.*told"):
        KIND.load(root, row, LoadConfig(("ps",)))


def test_clips_of_nobodys_folder_are_not_told_by_order(mmme_copy):
    root, _ = mmme_copy
    row = shown_again(root)[0]
    (root / "Video" / "sub01").rename(root / "Video" / "all")
    row["colour"] = "Video/all/a"
    with pytest.raises(MepsError, match="lies in no folder of sub01"):
        KIND.load(root, row, LoadConfig(("ps",)))


def test_the_index_tells_of_a_hole_and_of_a_clip_that_ends_too_early(mmme_copy):
    root, _ = mmme_copy
    row = build_index("mmme", root, KEEP).table.iloc[0]
    folder = root / "Video" / "sub01" / f"sub01_{row['marker']}"
    folder.mkdir(parents=True, exist_ok=True)

    def frames(numbers):
        for old in folder.iterdir():
            old.unlink()
        for i in numbers:
            (folder / frame_name(i, row["marker"])).write_bytes(b"x")
        table = build_index("mmme", root, KEEP).table.set_index("clip")
        return table.loc[row["clip"], "flags"]

    last = row["offset"]
    whole = frames(range(last + 10))
    assert not any(words in whole for words in ("missing", "not on disk"))
    assert "13 ms after" in (hole := frames(k for k in range(last + 10) if k != row["onset"] + 1))
    assert "frames between them are missing" in hole and str(root) not in hole
    assert f"frame {last - 2} and 2 more of {row['onset']} to {last}" in frames(range(last - 2))
    assert "missing" not in frames(k for k in range(last + 10) if k != last + 2)
