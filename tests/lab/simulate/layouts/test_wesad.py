"""WESAD read back by the standard library's pickle, as its users do, and by NeuroKit2."""

import io
import pickle
import pickletools

import neurokit2 as nk
import numpy as np
import pytest

from meps_lab.simulate.layouts import write_layout
from meps_lab.simulate.layouts.old_pickle import dumps
from meps_lib.errors import MepsError


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    out = tmp_path_factory.mktemp("wesad") / "set"
    return out, write_layout("wesad", out, n_subjects=2, ps_duration_s=15.0, seed=3)


@pytest.fixture(scope="module")
def people(tree):
    files = {s: tree[0] / s / f"{s}.pkl" for s in ("S2", "S3")}
    return {s: pickle.loads(path.read_bytes(), encoding="latin1") for s, path in files.items()}


def test_keys_shapes_and_rates(people):
    for name, person in people.items():
        assert set(person) == {"signal", "label", "subject"} and person["subject"] == name
        chest, wrist = person["signal"]["chest"], person["signal"]["wrist"]
        assert set(chest) == {"ACC", "ECG", "EMG", "EDA", "Temp", "Resp"}
        assert set(wrist) == {"ACC", "BVP", "EDA", "TEMP"}
        n = len(person["label"])
        assert person["label"].shape == (n,) and person["label"].dtype == np.int32
        for key, x in chest.items():
            assert x.shape == (n, 3 if key == "ACC" else 1)
        seconds = n / 700
        rates = {"ACC": 32, "BVP": 64, "EDA": 4, "TEMP": 4}
        for key, x in wrist.items():
            assert len(x) == int(seconds * rates[key]) and x.dtype == np.float64
        for x in (*chest.values(), *wrist.values()):
            assert np.isfinite(x).all() and x.std() > 0
        assert np.linalg.norm(chest["ACC"], axis=1).mean() == pytest.approx(1, abs=0.1)
        assert np.linalg.norm(wrist["ACC"], axis=1).mean() == pytest.approx(64, abs=7)


def test_labels_lie_where_the_truth_says(tree, people):
    _, truth = tree
    codes = {"baseline": 1, "stress": 2, "amusement": 3, "meditation": 4}
    orders = []
    for name, person in people.items():
        label, own = person["label"], truth[truth["subject"] == name]
        for _, true in own.iterrows():
            part = label[true["onset"] : true["offset"] + 1]
            assert (part == codes[true["class"]]).all() and len(part) == 15 * 700
        assert np.isin(label, (1, 2, 3, 4)).sum() == 15 * 700 * len(own)
        assert {0, 5, 6, 7} <= set(label.tolist())
        orders.append(own["class"].tolist())
    assert all(sorted(o) == sorted(orders[0]) for o in orders) and orders[0] != orders[1]


def test_one_heart_at_chest_and_wrist(tree, people):
    for _, true in tree[1].iterrows():
        signal = people[true["subject"]]["signal"]
        ecg = signal["chest"]["ECG"][true["onset"] : true["offset"] + 1, 0]
        start, stop = (round(true[x] / 700 * 64) for x in ("onset", "offset"))
        bvp = signal["wrist"]["BVP"][start:stop, 0]
        r = nk.ecg_findpeaks(nk.ecg_clean(ecg, 700), 700)["ECG_R_Peaks"]
        p = nk.ppg_findpeaks(nk.ppg_clean(bvp, 64), 64)["PPG_Peaks"]
        assert 60 * 700 / np.median(np.diff(r)) == pytest.approx(true["heart_rate"], abs=4)
        assert 60 * 64 / np.median(np.diff(p)) == pytest.approx(true["heart_rate"], abs=5)


def test_no_s12(tmp_path):
    truth = write_layout("wesad", tmp_path / "w", n_subjects=15, ps_duration_s=2.0)
    names = sorted(p.name for p in (tmp_path / "w").iterdir() if p.is_dir())
    assert names == sorted(f"S{n}" for n in range(2, 18) if n != 12)
    assert set(truth["subject"]) == set(names)


def test_the_pickle_is_of_python_2_and_names_nothing_but_numpy(tree):
    data = (tree[0] / "S2" / "S2.pkl").read_bytes()
    operations = list(pickletools.genops(io.BytesIO(data)))
    assert operations[0][0].name == "PROTO" and operations[0][1] == 2
    assert max(op.proto for op, _, _ in operations) <= 2
    assert not any("UNICODE" in op.name or "BINBYTES" in op.name for op, _, _ in operations)
    names = {arg for op, arg, _ in operations if op.name == "GLOBAL"}
    assert names == {"numpy.core.multiarray _reconstruct", "numpy ndarray", "numpy dtype"}
    with pytest.raises(UnicodeDecodeError):  # what happens to whoever forgets the encoding
        pickle.loads(data)


@pytest.mark.parametrize("kind", ["<f8", "<f4", "<i4", ">f8", "<i8"])
def test_old_pickles_come_back(kind):
    x = np.arange(600, dtype=kind).reshape(20, 30)[:, ::2]
    content = {"a": {"x": x, "empty": np.zeros((0, 3))}, "n": -70000, "text": "µ" * 300}
    back = pickle.loads(dumps(content), encoding="latin1")
    assert np.array_equal(back["a"]["x"], x) and back["a"]["x"].dtype == np.dtype(
        kind
    ).newbyteorder("<")
    assert back["a"]["empty"].shape == (0, 3) and back["n"] == -70000 and back["text"] == "µ" * 300


@pytest.mark.parametrize("bad", [None, 1.5, True, [1], np.array(["a"]), {"x": object()}])
def test_what_old_pickles_do_not_hold_is_refused(bad):
    with pytest.raises(MepsError, match="old pickle of"):
        dumps(bad)
