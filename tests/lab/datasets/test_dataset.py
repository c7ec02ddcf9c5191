"""An index as a data set: which clips are left out and why, and what the note says of the rest."""

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
import torch

from meps_lab.datasets import dataset
from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.dataset import IndexedDataset
from meps_lab.datasets.index.build import Indexed
from meps_lab.datasets.index.kind import Kind
from meps_lab.datasets.index.schema import frame_of
from meps_lib.errors import MepsError
from meps_lib.trial import Trial

SETS = {"two": ("a", "b"), "one": ("a",)}
ROWS = (  # clip, class two, class one, colour, ps, flow
    ("c0", "a", "a", "f/0", "p", ""),
    ("c1", "b", None, "f/1", "", ""),
    ("c2", None, None, "f/2", "p", ""),
    ("c3", "a", "a", "", "p", "m.png"),
    ("c4", "b", None, "", "", ""),
)


def load(root, row, config):
    colour = torch.full((1, 3, 32, 32), int(row["clip"][1]) / 10)
    return Trial(subject=row["subject"], clip=row["clip"], label="others", fps=30.0, colour=colour)


def files(root, row, config):
    return [root / row["colour"]]


@pytest.fixture
def of(monkeypatch, tmp_path):
    """A function from a class set and modalities to the data set of `ROWS`."""

    def make(class_set=None, modalities=("colour",), sets=SETS, root=tmp_path, **fields):
        named = ("clip", "class_two", "class_one", "colour", "ps", "flow")
        rows = [dict(zip(named, row, strict=True), subject="s", emotion="x") for row in ROWS]
        parts = {"load": load, "files": files, "modalities": ("colour", "ps", "flow")} | fields
        kind = Kind("tiny", "Tiny", None, class_sets=sets, rules=(), marks=(), **parts)
        monkeypatch.setattr(dataset, "kind_of", {"tiny": kind}.__getitem__)
        dropped = pd.DataFrame({"clip": ["c9"], "why": ["without ps"]})
        found = Indexed("tiny", "Tiny", Path(root), frame_of(rows, "tiny"), dropped, sets)
        return IndexedDataset(found, class_set, LoadConfig(modalities=modalities))

    return make


OUTSIDE, BLIND = "outside the classes two", "without colour"


@pytest.mark.parametrize(
    ("modalities", "excluded"),
    [
        (("colour",), {"c2": OUTSIDE, "c3": BLIND, "c4": BLIND}),
        (("ps",), {"c1": "without ps", "c2": OUTSIDE, "c4": "without ps"}),
        # A map that is there already does as well as colour, from which it can be computed.
        (("flow",), {"c2": OUTSIDE, "c4": "without flow"}),
        (("flow", "ps"), {"c1": "without ps", "c2": OUTSIDE, "c4": "without flow"}),
        (("ps", "colour"), {"c1": "without ps", "c2": OUTSIDE, "c3": BLIND, "c4": "without ps"}),
    ],
)
def test_each_clip_stays_or_is_left_out_for_the_first_reason(of, modalities, excluded):
    data = of(modalities=modalities)
    assert dict(zip(data.excluded["clip"], data.excluded["why"], strict=True)) == excluded
    lacking = sum(why.startswith("without") for why in excluded.values())
    assert data.asked == {"all": len(data) + lacking, "tiny": len(data) + lacking}
    assert data.index["clip"].tolist() == [r[0] for r in ROWS if r[0] not in excluded]
    assert len(data) == len(data.index) == 5 - len(excluded)
    # What the index dropped is counted with the rest.
    assert data.origin["left_out"] == Counter([*excluded.values(), "without ps"])


def test_a_trial_has_its_row_and_the_class_of_the_set(of, tmp_path):
    data = of()
    assert data.class_set == "two" and data.classes == ("a", "b")
    assert data.index.columns.tolist() == ["subject", "clip", "emotion", "data_set", "label"]
    for k, (clip, label) in enumerate((("c0", "a"), ("c1", "b"))):
        trial = data[k]
        assert (
            (trial.clip, trial.label) == (clip, label) == (*data.index.loc[k, ["clip", "label"]],)
        )
        assert trial.colour[0, 0, 0, 0] == torch.tensor(k / 10)
        assert data.files(k) == [tmp_path / f"f/{k}"]
    assert of("one").index["clip"].tolist() == ["c0"] and of("one").classes == ("a",)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"class_set": "seven"}, "Tiny has no classes 'seven'; it has two, one"),
        ({"modalities": ("colour", "depth")}, "has no depth; it has colour, ps, flow: .*--modal"),
        ({"sets": {}}, "Tiny has no labels: it can be indexed, not learnt from"),
        ({"load": None}, "Tiny has no labels"),
    ],
)
def test_what_the_set_does_not_have(of, how, message):
    with pytest.raises(MepsError, match=message):
        of(**how)


def test_nothing_left_is_an_error_that_counts_the_reasons(of, monkeypatch):
    monkeypatch.setattr("tests.lab.datasets.test_dataset.ROWS", ROWS[2:])
    with pytest.raises(MepsError) as caught:
        of("one", ("ps", "colour"))
    said = str(caught.value)
    assert "no clip to learn from: " in said
    assert "2 outside the classes one" in said and "1 without colour" in said


@pytest.mark.parametrize(
    ("notice", "start"),
    [
        (None, "Tiny, classes two"),
        ("SIMULATED.txt", "simulated in the layout of Tiny"),
        ("samm/SIMULATED.txt", "simulated in the layout of Tiny"),  # one set of a composite
        ("a/b/SIMULATED.txt", "Tiny"),
    ],
)
def test_the_note_says_whether_it_is_simulated(of, tmp_path, notice, start):
    if notice is not None:
        (tmp_path / notice).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / notice).touch()
    assert of().note.startswith(start) and of("one").note.endswith("classes one")
