"""WESAD: simulated, indexed, loaded, compared with the truth; and pickles that do not fit."""

import os
import pickle
import shutil

import neurokit2 as nk
import numpy as np
import pytest

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.dataset import IndexedDataset, open_dataset
from meps_lab.datasets.index.build import IndexOptions, build_index
from meps_lab.experiments.folds import ExperimentConfig, run
from meps_lab.prepare import PrepareConfig
from meps_lab.simulate.layouts import write_layout
from meps_lab.simulate.layouts.old_pickle import dumps
from meps_lib.errors import MepsError
from meps_lib.training import TrainConfig

PS = LoadConfig(modalities=("ps",))


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    out = tmp_path_factory.mktemp("wesad") / "set"
    return out, write_layout("wesad", out, n_subjects=4, ps_duration_s=12.0, seed=2)


@pytest.fixture
def one(tree, tmp_path):
    """A function that writes one subject's pickle anew with its content changed."""
    path = tmp_path / "S2" / "S2.pkl"
    path.parent.mkdir()

    def edit(change, to_bytes=dumps):
        content = pickle.loads((tree[0] / "S2" / "S2.pkl").read_bytes(), encoding="latin1")
        path.write_bytes(to_bytes(change(content) or content))
        return tmp_path

    return edit


def without(*keys):
    def change(content):
        for key in keys[:-1]:
            content = content[key]
        del content[keys[-1]]

    return change


def shorter(*keys, by):
    def change(content):
        for key in keys[:-1]:
            content = content[key]
        content[keys[-1]] = content[keys[-1]][:-by]

    return change


def test_conditions_are_where_the_truth_says(tree):
    root, truth = tree
    found = build_index("wesad", root)
    both = found.table.merge(truth, on=["subject", "clip"], suffixes=("", "_true"))
    assert len(both) == len(found.table) == len(truth) == 20
    for name in ("onset", "offset", "emotion"):
        assert (both[name] == both[f"{name}_true"]).all()
    assert (both["marker"] == both["code"]).all()
    rest = both["emotion"] == "meditation"
    assert rest.sum() == 8 and (both["class_wesad"].isna() == rest).all()
    assert (both["class_wesad-four"] == both["class"]).all()
    assert "missing: recordings of 11 of 15 subjects (S6, " in found.report()


def test_what_fills_no_clip_is_noted(tree):
    root, truth = tree
    found = build_index("wesad", root, IndexOptions(segment_s=5.0))
    long = (truth["offset"] - truth["onset"] + 1).sum() / 700
    assert found.notes[0] == (
        f"{long - 5 * len(found.table):.1f} s of {long:.1f} s fill no clip of 5 s and are left out"
    )


def test_a_condition_is_cut_into_clips_of_the_asked_length(tree):
    table = build_index("wesad", tree[0], IndexOptions(segment_s=5.0)).table
    assert len(table) == 40 and (table["offset"] - table["onset"] + 1 == 3500).all()
    assert table["clip"].tolist()[:2] == ["S2_1_baseline_1", "S2_1_baseline_2"]


def test_the_chest_is_as_stored_and_the_wrist_is_brought_to_its_rate(tree):
    root, truth = tree
    data = open_dataset("wesad", root, config=LoadConfig(("ps",), clean=False))
    assert data.classes == ("baseline", "stress", "amusement") and len(data) == 12
    for k in (1, 7):
        trial = data[k]
        true = truth.set_index("clip").loc[trial.clip]
        assert trial.ps_names == ("EDA", "ECG", "PPG", "RSP", "SKT")
        assert trial.ps_units == ("uS", "mV", "not stated", "%", "degC")
        assert (trial.ps_sfreq, trial.ps_start, trial.label) == (700.0, 0.0, true["class"])
        stored = (root / trial.subject / f"{trial.subject}.pkl").read_bytes()
        content = pickle.loads(stored, encoding="latin1")
        chest, wrist = content["signal"]["chest"], content["signal"]["wrist"]["BVP"][:, 0]
        span = slice(true["onset"], true["offset"] + 1)
        for row, key in ((0, "EDA"), (1, "ECG"), (3, "Resp"), (4, "Temp")):
            np.testing.assert_allclose(trial.ps[row].numpy(), chest[key][span, 0], rtol=1e-6)
        # A slow wave between its samples: straight lines come close.
        at = np.arange(true["onset"], true["offset"] + 1) / 700
        straight = np.interp(at, np.arange(len(wrist)) / 64, wrist)
        assert np.corrcoef(straight, trial.ps[2].numpy())[0, 1] > 0.995


def test_neurokit_counts_the_true_beats_in_both_devices(tree):
    root, truth = tree
    data = open_dataset("wesad", root, "wesad-four", PS)
    wrong = {"ECG": [], "PPG": []}
    for k in range(len(data)):
        trial = data[k]
        true = truth.set_index("clip").loc[trial.clip, "heart_rate"]
        ecg, ppg = (trial.ps[trial.ps_names.index(n)].numpy().astype(float) for n in wrong)
        peaks = nk.ecg_findpeaks(nk.ecg_clean(ecg, 700), 700)["ECG_R_Peaks"]
        wrong["ECG"].append(abs(60 * 700 / np.diff(peaks).mean() - true))
        peaks = nk.ppg_findpeaks(ppg, 700)["PPG_Peaks"]
        wrong["PPG"].append(abs(60 * 700 / np.diff(peaks).mean() - true))
    assert np.median(wrong["ECG"]) < 1 and max(wrong["ECG"]) < 2
    assert np.median(wrong["PPG"]) < 3


def test_loso_runs_from_a_path(tree):
    prepare = PrepareConfig(ps_names=("EDA", "ECG", "PPG", "RSP", "SKT"))
    how = {"modalities": ("ps",), "train": TrainConfig(epochs=1), "n_validation": 1}
    config = ExperimentConfig(prepare=prepare, **how)
    table = run(open_dataset("wesad", tree[0], config=PS), config, progress=False)
    assert len(table) == 12 and set(table["truth"]) == {"baseline", "stress", "amusement"}
    assert table.groupby("fold")["subject"].nunique().eq(1).all()


def test_a_pickle_of_python_3_reads_the_same(tree, one):
    root = one(lambda c: None, to_bytes=lambda c: pickle.dumps(c, 4))
    mine, theirs = (build_index("wesad", r).table for r in (root, tree[0]))
    assert mine.equals(theirs[theirs["subject"] == "S2"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without("label"), "no label; the file has signal, subject"),
        (without("signal", "chest", "ECG"), "no signal.chest.ECG; signal.chest has ACC, EDA"),
        (without("signal", "wrist"), "no signal.wrist.BVP; signal has chest"),
        (shorter("signal", "chest", "Resp", by=7), r"signal.chest.Resp has \d+ samples, label \d+"),
        (shorter("signal", "wrist", "BVP", by=100), "BVP lasts .* s at 64 Hz, label .* s at 700"),
        (lambda c: {**c, "subject": "S3"}, "holds subject 'S3'; expected a folder, a file and"),
        (lambda c: {**c, "signal": "lost"}, "signal has no dictionary"),
        (lambda c: {**c, "label": 3}, "label is int; expected an array of one column"),
        (lambda c: {**c, "label": np.zeros((9, 2))}, r"label is an array of shape \(9, 2\)"),
        (lambda c: {**c, "label": c["label"] + 0.5}, "label is 0.5 at sample 0, .* 0 to 7"),
    ],
)
def test_what_does_not_fit_is_named(one, change, words):
    with pytest.raises(MepsError, match=f"S2.pkl: .*{words}"):
        build_index("wesad", one(change))


@pytest.mark.parametrize(
    "odd",
    [
        *map(np.float64, (np.inf, np.nan, 1e300, 2.0**64, -1, 1.5)),
        np.uint64(2**64 - 1),  # a whole number of 64 bits with a sign has -1 for it
        *map(np.int32, (8, -2)),
    ],
)
@pytest.mark.parametrize("where", [slice(None), slice(5, 6)])
def test_a_label_that_is_no_label_is_named_before_it_becomes_another_number(one, odd, where):
    sizes = []

    def change(content):
        label = np.asarray(content["label"]).astype(odd.dtype)
        label[where] = odd
        sizes.append(label.size)
        return {**content, "label": label}

    with pytest.raises(MepsError) as told:
        build_index("wesad", one(change, lambda content: pickle.dumps(content, 4)))
    first, n = (0, sizes[0]) if where.start is None else (5, 1)
    assert f"S2.pkl: label is {odd} at sample {first}, and {n} of {sizes[0]}" in str(told.value)
    assert "expected whole numbers, 0 to 7: copy it again" in str(told.value)


def test_a_pickle_that_is_cut_off_is_an_error(one):
    root = one(lambda c: None, to_bytes=lambda c: dumps(c)[:-1000])
    with pytest.raises(MepsError, match="S2.pkl: no pickle of arrays, or cut off after"):
        build_index("wesad", root)


def test_a_hostile_pickle_is_refused_and_does_nothing(one, tmp_path):
    class Calls:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path / 'ran'}",)

    root = one(lambda c: {**c, "more": Calls()}, to_bytes=lambda c: pickle.dumps(c, 2))
    with pytest.raises(MepsError, match="S2.pkl: it asks for .*system, which was refused"):
        build_index("wesad", root)
    assert not (tmp_path / "ran").exists()


def test_a_hole_in_a_signal_is_found_when_it_is_read(one):
    def hole(content):
        content["signal"]["chest"]["EDA"][3000] = np.nan

    data = IndexedDataset(build_index("wesad", one(hole)), config=PS)
    with pytest.raises(MepsError, match="S2.pkl: channel EDA: sample 3000 "):
        data[0]


def test_the_folder_above_is_told(tree, tmp_path):
    shutil.copytree(tree[0], tmp_path / "data" / "WESAD")
    with pytest.raises(MepsError, match="did you mean .*WESAD"):
        build_index("wesad", tmp_path / "data")


def test_a_recording_without_a_condition_is_told(one):
    root = one(lambda content: content["label"].fill(0))
    shutil.copytree(root / "S2", root / "S3")
    (root / "S3" / "S2.pkl").rename(root / "S3" / "S3.pkl")
    content = pickle.loads((root / "S3" / "S3.pkl").read_bytes(), encoding="latin1")
    content |= {"subject": "S3", "label": content["label"] + 1}
    (root / "S3" / "S3.pkl").write_bytes(dumps(content))
    assert (
        "conditions in the recordings of 1 of 2 subjects (S2)" in build_index("wesad", root).missing
    )


def test_a_condition_that_one_subject_lacks_is_told(tree, tmp_path):
    shutil.copytree(tree[0], tmp_path / "set")
    path = tmp_path / "set" / "S3" / "S3.pkl"
    content = pickle.loads(path.read_bytes(), encoding="latin1")
    content["label"][content["label"] == 2] = 7
    path.write_bytes(dumps(content))
    found = build_index("wesad", tmp_path / "set", IndexOptions(segment_s=5.0))
    assert found.missing[1:] == ("condition stress of 1 of 4 subjects (S3)",)
    whole = build_index("wesad", tree[0], IndexOptions(segment_s=5.0))
    assert len(whole.missing) == 1  # the recordings of those who are not simulated


def test_where_nobody_has_a_condition_the_error_says_so(one):
    with pytest.raises(MepsError, match=r"missing: conditions .* of 1 of 1 subjects \(S2\)"):
        build_index("wesad", one(lambda content: content["label"].fill(6)))
