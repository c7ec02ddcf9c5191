"""CASE read back by pandas; the hearts found by NeuroKit2."""

import neurokit2 as nk
import numpy as np
import pandas as pd
import pytest

from meps_lab.simulate.layouts import write_layout


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    out = tmp_path_factory.mktemp("case") / "set"
    return out, write_layout("case", out, n_subjects=2, trials=8, ps_duration_s=10.0, seed=1)


@pytest.fixture(scope="module")
def signals(tree):
    folder = tree[0] / "data" / "interpolated"
    kinds = ("physiological", "annotations")
    return {n: [pd.read_csv(folder / kind / f"sub_{n}.csv") for kind in kinds] for n in (1, 2)}


def test_columns_clocks_and_screens(signals):
    for body, hand in signals.values():
        muscles = "emg_zygo,emg_coru,emg_trap"
        assert ",".join(body.columns) == f"daqtime,ecg,bvp,gsr,rsp,skt,{muscles},video"
        assert list(hand.columns) == ["jstime", "valence", "arousal", "video"]
        assert (np.diff(body["daqtime"]) == 1).all() and (np.diff(hand["jstime"]) == 50).all()
        assert body["daqtime"][0] == hand["jstime"][0] == 0
        # Both clocks tell the same film at the same time.
        at = body.set_index("daqtime")["video"]
        assert (at.loc[hand["jstime"]].to_numpy() == hand["video"].to_numpy()).all()
        shown = body["video"][body["video"].diff() != 0].tolist()
        assert shown[0] == 10 and shown[-1] == 12 and shown[2:-1:2] == [11] * 7
        assert sorted(shown[1::2]) == list(range(1, 9))
        assert np.isfinite(body.to_numpy()).all()


def test_units_are_those_of_a_body(signals):
    ranges = {"ecg": (-3, 3), "bvp": (0, 100), "gsr": (0.05, 40), "rsp": (0, 100)}
    ranges |= {"skt": (20, 38), "emg_zygo": (-500, 500)}
    for body, hand in signals.values():
        for name, (low, high) in ranges.items():
            assert body[name].between(low, high).all(), name
            assert body[name].std() > 0
        assert hand[["valence", "arousal"]].stack().between(0.5, 9.5).all()


def test_films_lie_where_the_truth_says(tree, signals):
    truth = tree[1]
    kinds = {"amusing": {1, 2}, "boring": {3, 4}, "relaxing": {5, 6}, "scary": {7, 8}}
    assert len(truth) == 16 and (truth["dirt"] == "").all()
    for _, true in truth.iterrows():
        body, hand = signals[int(true["subject"].removeprefix("sub_"))]
        rows = body.index[body["video"] == true["video"]]
        assert (rows[0], rows[-1]) == (true["onset"], true["offset"])
        assert len(rows) == 10_000 and true["video"] in kinds[true["class"]]
        # The hand goes where the film does: above or below the middle of the scale.
        end = hand[hand["video"] == true["video"]].tail(100).mean()
        for axis, aim in (("valence", true["valence"]), ("arousal", 2 * true["arousal"] - 1)):
            if abs(aim) > 0.3:
                assert np.sign(end[axis] - 5) == np.sign(aim)


def test_neurokit_finds_the_true_heart_rate(tree, signals):
    wrong = []
    for _, true in tree[1].iterrows():
        body, _ = signals[int(true["subject"].removeprefix("sub_"))]
        ecg = body.loc[true["onset"] : true["offset"], "ecg"].to_numpy()
        peaks = nk.ecg_findpeaks(nk.ecg_clean(ecg, 1000), 1000)["ECG_R_Peaks"]
        wrong.append(abs(60_000 / np.diff(peaks).mean() - true["heart_rate"]))
    assert np.median(wrong) < 0.5 and max(wrong) < 4


def test_fear_sweats_more_than_rest(tmp_path):
    truth = write_layout("case", tmp_path / "c", n_subjects=2, trials=4, ps_noise=0.0)
    rise = {"scary": [], "relaxing": []}
    for _, true in truth[truth["class"].isin(rise)].iterrows():
        path = tmp_path / "c" / "data" / "interpolated" / "physiological"
        eda = pd.read_csv(path / f"{true['subject']}.csv", usecols=["gsr"])["gsr"]
        found = nk.eda_findpeaks(
            nk.eda_phasic(eda[true["onset"] : true["offset"] : 20], 50)["EDA_Phasic"], 50
        )
        rise[true["class"]].append(found["SCR_Height"].sum())
    assert np.mean(rise["scary"]) > 3 * np.mean(rise["relaxing"])
