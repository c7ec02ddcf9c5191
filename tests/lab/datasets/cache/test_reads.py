"""What a loader opens is what it names to the cache: else kept trials would be stale."""

import os
import shutil
import sys

import cv2
import numpy as np
import pytest

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.dataset import IndexedDataset
from meps_lab.datasets.index.build import build_index
from meps_lab.datasets.index.kinds import MODULES, kind_of
from meps_lab.datasets.readers import frames, signals_cut
from meps_lab.simulate.layouts import write_layout

CLIPS = {"n_subjects": 2, "trials": 7, "size": 16, "n_frames": 5}
SHORT = {"n_subjects": 2, "trials": 4, "ps_duration_s": 2.0}
HOW = dict.fromkeys(("casme3-a", "casme3-c", "casme2", "samm", "smic"), CLIPS) | {
    "case": SHORT,
    "wesad": {"n_subjects": 2, "ps_duration_s": 2.0},
    "flowmaps": {"n_subjects": 2, "trials": 3, "size": 32},
}
CASES = [(name, m) for name in MODULES if kind_of(name).load for m in kind_of(name).modalities]

_seen = None  # what was opened or listed; None while nobody asks


def _hook(event, args):
    if _seen is None or event not in ("open", "os.scandir", "os.listdir"):
        return
    if isinstance(args[0], (str, bytes, os.PathLike)):  # and no number of an open file
        _seen.add(os.path.realpath(os.fsdecode(args[0])))


@pytest.fixture(scope="module")
def trees(tmp_path_factory, mmme_tree):
    """A function from a kind to its tree, written once."""
    top = tmp_path_factory.mktemp("trees")
    sys.addaudithook(_hook)  # it stays, and does nothing
    (top / "mmme").symlink_to(mmme_tree[0])

    def tree(name):
        if not (top / name).exists():
            if name == "megc2019":
                for part in ("casme2", "samm", "smic"):
                    shutil.copytree(tree(part), top / name / part)
            elif name == "table":
                write_table(top / name)
            else:
                write_layout(name, top / name, dirt=False, **HOW[name])
        return top / name

    return tree


def write_table(root):
    """Two clips of one's own: pictures, and a file of signals; OpenCV opens videos unseen."""
    (root / "pictures").mkdir(parents=True)
    for n in range(6):
        cv2.imwrite(str(root / "pictures" / f"{n}.png"), np.full((40, 40, 3), 9 * n, np.uint8))
    (root / "skin.csv").write_text("EDA\n" + "1.5\n" * 40)
    lines = [f"{c},{c},{c},pictures,10,{n},{n + 3},skin.csv,4,-5" for n, c in enumerate("ab")]
    header = "subject,clip,label,media,fps,onset,offset,signals,signals_hz,signals_start"
    (root / "clips.csv").write_text("\n".join([header, *lines]) + "\n")


def reads(data, k):
    """Files opened and folders listed while a trial is loaded for the first time."""
    global _seen
    signals_cut._read_once.cache_clear()
    frames._listing.cache_clear()
    _seen = set()
    try:
        data[k]
        inside = os.path.realpath(data.root)
        # MNE tries names that are not there.
        return {path for path in _seen if path.startswith(inside) and os.path.exists(path)}
    finally:
        _seen = None


@pytest.mark.parametrize(("name", "modality"), CASES)
def test_nothing_is_read_that_is_not_named(trees, name, modality):
    root = trees(name) / "clips.csv" if name == "table" else trees(name)
    config = LoadConfig((modality,), crop="frame", ps_window=(0.2, 0.2), clean=False)
    data = IndexedDataset(build_index(name, root), None, config)
    for k in range(min(2, len(data))):
        named = {os.path.realpath(path) for path in data.files(k)}
        read = reads(data, k)
        # A folder need not be named where one of its files is.
        assert read <= named | {os.path.dirname(path) for path in named}
        assert {path for path in named if os.path.isfile(path)} <= read
