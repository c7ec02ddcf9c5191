"""Every byte of a test subject's data is another, and the trained weights are bit-identical.

From the files on: a folder of trials for MEPS, a folder of flow maps with its table of labels
for the flow-map network. In the second copy each file of one subject, and each label, is
rewritten; all else is the same to the byte.
"""

import shutil
from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pandas as pd
import pytest
import torch

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.dataset import open_dataset
from meps_lab.experiments import folds as experiments
from meps_lab.experiments.folds import train_fold
from meps_lab.prepare import PreparedDataset
from meps_lab.simulate import FolderDataset, save_dataset
from meps_lab.simulate.layouts import write_layout
from meps_lib import training
from meps_lib.models import MODELS
from meps_lib.protocol.normalise import NORMALISERS
from meps_lib.protocol.splits import loso
from tests.handmade import QUICK, Handmade

OF_MAPS = ("flowmap", "ststnet", "rcn", "featref")  # they read flow maps and nothing else
MAPS = replace(QUICK, modalities=("flow",), model_args={})
CONFIGS = {"meps": QUICK} | {name: replace(MAPS, model=name) for name in OF_MAPS}
CONFIGS["mmme"] = replace(QUICK, model="mmme", modalities=("ps",), model_args={})


def test_every_model_of_the_registry_is_looked_at():
    assert set(CONFIGS) == set(MODELS)


# Another class for each, and not as many of each as before, so that counts differ as well.
OTHER = {"a": "b", "b": "c", "c": "b"}


def other_trial(trial):
    """The same clip with every sample, pixel and label another; all of it valid."""
    another = {"colour": lambda x: 1 - 0.5 * x, "depth": lambda x: x + 9, "ps": lambda x: 9 - 7 * x}
    fields = {name: change(getattr(trial, name)) for name, change in another.items()}
    return replace(trial, **fields, label=OTHER[trial.label])


def folders(make_trial, tmp_path):
    """The same trials twice; in the second folder those of subject s2 are others."""
    data = Handmade(make_trial)
    for k, trial in enumerate(data.trials):  # people differ in level and gain, as people do
        trial.ps = trial.ps * (1 + k // 3) + k // 3
    yield FolderDataset(save_dataset(data, tmp_path / "before", progress=False))
    data.trials = [other_trial(t) if t.subject == "s2" else t for t in data.trials]
    data.index["label"] = data.index["emotion"] = [t.label for t in data.trials]
    yield FolderDataset(save_dataset(data, tmp_path / "after", progress=False))


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("trees") / "flowmaps"
    write_layout("flowmaps", root, n_subjects=6, trials=3, dirt=False)
    return root


def maps(before, tmp_path):
    """Flow maps twice; in the second tree pictures and rows of SMIC's subject s01 are others."""
    shutil.copytree(before, after := tmp_path / "after")
    table = pd.read_csv(after / "labels.csv")
    own = table["dataset"].eq("smic") & table["sub"].eq("s01")
    table.loc[own, "label"] = table.loc[own, "label"].map({0: 1, 1: 2, 2: 1})
    table.to_csv(after / "labels.csv", index=False)
    for path in (
        after / name for name in (table["sub"] + "_" + table["filename_o"] + " .png")[own]
    ):
        cv2.imwrite(str(path), 255 - cv2.imread(str(path)))  # no level is its own reverse
    for root in (before, after):
        yield open_dataset("flowmaps", root, config=LoadConfig(modalities=("flow",)))


@pytest.fixture
def pair(request, make_trial, tree, tmp_path):
    """A model's data before and after, and the subject who is another, having checked who is."""
    of_maps = request.param in OF_MAPS
    subject = "smic_s01" if of_maps else "s2"
    before, after = maps(tree, tmp_path) if of_maps else folders(make_trial, tmp_path)
    for k, name in enumerate(before.index["subject"]):
        same = [p.read_bytes() for p in before.files(k)] == [p.read_bytes() for p in after.files(k)]
        assert same == (name != subject)
        one, other = before[k], after[k]
        assert (one.label == other.label) == (name != subject)
        for modality in one.modalities:
            x, y = (getattr(t, modality) for t in (one, other))
            assert x.nan_to_num().equal(y.nan_to_num()) if name != subject else (x != y).all()
    return SimpleNamespace(before=before, after=after, who=subject, config=CONFIGS[request.param])


def same_weights(pair, role="test", **settings):
    """Does the model of the fold in which the subject has this role learn the same, to the bit?"""
    config = replace(pair.config, **settings)
    states = []
    for data in (pair.before, pair.after):
        prepared = experiments.prepared(data, config)
        splits = loso(data.index["subject"])
        split = next(s for s in splits if pair.who in getattr(s, role))
        states.append(train_fold(prepared, config, split, seed=0).state_dict())
    one, other = states
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


EVERY_MODEL = pytest.mark.parametrize("pair", CONFIGS, indirect=True)


@EVERY_MODEL
def test_another_test_subject_gives_the_same_weights(pair):
    assert same_weights(pair)
    assert not same_weights(pair, "train")  # the control: where it trains, it is noticed


@pytest.mark.parametrize("pair", ["meps"], indirect=True)
def test_so_it_does_where_each_subject_is_scaled_by_itself(pair):
    assert same_weights(pair, normalise="per-subject")
    assert not same_weights(pair, "train", normalise="per-subject")


LEAKS = [("meps", "colour"), ("meps", "depth"), ("meps", "ps"), ("flowmap", "flow")]
LEAKS += [("mmme", "ps")]


def over_everybody(trials, modality):
    """The mistake: a scale from all trials, those of the test subject included."""
    mean = float(np.mean([getattr(t, modality).nanmean() for t in trials]))
    scale = mean / (1 + mean)  # below 1, so that colour and depth stay what they may be
    return [replace(t, **{modality: getattr(t, modality) * scale}) for t in trials]


@pytest.mark.parametrize(("pair", "modality"), LEAKS, indirect=["pair"])
def test_a_leak_in_the_scales_would_be_noticed(pair, modality, monkeypatch):
    monkeypatch.setitem(NORMALISERS, "training", lambda x: over_everybody(x, modality))
    assert not same_weights(pair)


@pytest.mark.parametrize(("pair", "modality"), LEAKS, indirect=["pair"])
def test_a_leak_in_the_preparation_would_be_noticed(pair, modality, monkeypatch):
    right = PreparedDataset.__init__

    def leaky(self, *args, **kw):
        right(self, *args, **kw)
        self.trials = over_everybody(self.trials, modality)

    monkeypatch.setattr(PreparedDataset, "__init__", leaky)
    assert not same_weights(pair)


@EVERY_MODEL
def test_a_leak_of_labels_would_be_noticed(pair, monkeypatch):
    """The mistake: the weights of the classes are counted over everybody."""
    everybody, of, weights = [], PreparedDataset.of, training.class_weights

    def all_and_of(self, subjects):
        everybody[:] = self.trials
        return of(self, subjects)

    monkeypatch.setattr(PreparedDataset, "of", all_and_of)
    monkeypatch.setattr(training, "class_weights", lambda _, classes: weights(everybody, classes))
    assert not same_weights(pair)
