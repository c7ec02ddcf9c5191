"""The ceiling: where it is known by construction, and what moves it."""

import json
from functools import lru_cache

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import LeaveOneGroupOut, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from meps_lab.cli import loso as cli_loso
from meps_lab.simulate import (
    FolderDataset,
    Scenario,
    ceiling,
    ceiling_answers,
    save_dataset,
    simulate_cohort,
)
from meps_lab.simulate.evidence import BODY_ERRORS, body_features, evidence_of
from meps_lab.simulate.face.clip import FaceClip
from meps_lib.errors import MepsError
from meps_lib.protocol import bootstrap_interval
from meps_lib.protocol.metrics import score

# Ten seconds of signals at the lowest rate: the truth of the events does not depend on it.
QUICK = {"size": 16, "n_frames": 5, "ps_sfreq": 125.0}


@lru_cache
def uar(seeds=(0, 1), n=(12, 8), classes="three", preset="default", **dials):
    """Mean UAR over cohorts, with the rows face, body, both."""
    scenario = Scenario.preset(preset, **QUICK, **dials)
    return np.mean(
        [ceiling(simulate_cohort(*n, classes, s, scenario), n_people=30).uar for s in seeds], axis=0
    )


@pytest.fixture
def no_rendering(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a picture was made")

    monkeypatch.setattr(FaceClip, "render", refuse)


def test_face_and_body_each_fall_short_and_both_do_well(no_rendering):
    face, body, both = uar(tuple(range(6)))
    assert 0.70 < face < 0.86
    assert 0.52 < body < 0.68
    assert both > 0.80 and both > face + 0.06


def test_a_silent_side_is_worth_a_guess():
    face, body, both = uar(preset="silent_face")
    assert face < 0.42 and abs(both - body) < 0.06
    face, body, both = uar(preset="silent_body")
    assert body < 0.42 and abs(both - face) < 0.06


def test_few_trials_do_not_lower_the_ceiling():
    """What a cohort is worth does not depend on how much of it there is to learn from."""
    few, many = uar(tuple(range(6)), n=(3, 6)), uar((0,), n=(24, 8))
    assert np.abs(few - many).max() < 0.09


def test_an_ideal_cohort_is_nearly_solved():
    assert uar((0,), preset="ideal")[2] > 0.95


def test_overlap_lets_each_side_tell_what_was_the_others(no_rendering):
    pair = ("disgust", "happiness")  # as arousing as each other: the body alone cannot know
    low, high = (uar(classes=pair, overlap=o) for o in (0.0, 1.0))
    assert low[1] < 0.68 and high[1] > low[1] + 0.15
    low, high = uar(), uar(overlap=1.0)
    assert high[0] > low[0] + 0.08 and high[1] > low[1] + 0.05


@pytest.mark.parametrize(
    ("side", "dials"),
    [
        (0, {"missing_colour": 0.6, "missing_depth": 0.6, "leak_share": 0.4}),
        (1, {"missing_ps": 0.7}),
        (1, {"arousal_gain": 0.05}),
        (0, {"idiosyncrasy": 1.0}),
        (2, {"label_noise": 0.4}),
    ],
)
def test_what_makes_a_cohort_harder_lowers_its_ceiling(side, dials):
    assert uar(**dials)[side] < uar()[side] - 0.05


def test_eeg_tells_valence(no_rendering):
    dials = {"classes": ("disgust", "happiness"), "seeds": (0,), "n": (10, 6)}
    with_eeg = uar(**dials, eeg="10-20", eeg_sfreq=125.0, valence_gain=5.0)
    assert with_eeg[1] > uar(**dials)[1] + 0.15


@pytest.mark.parametrize("before_s", [0.0, 0.5])
def test_a_window_without_a_rest_before_the_event_still_tells(before_s):
    """Heart and pulse change plainly within the window: its first seconds are the rest."""
    dials = {"classes": ("sadness", "surprise"), "seeds": (0,), "signals": ("ECG", "PPG")}
    assert uar(**dials, ps_before_s=before_s)[1] > 0.85


def test_the_rest_is_no_nan_whenever_the_event_comes():
    for before in (0.0, 0.3, 1.0):
        dials = Scenario(**QUICK, signals=("ECG", "PPG", "RSP", "SKT"), ps_before_s=before)
        cohort = simulate_cohort(4, 6, scenario=dials)
        rows = np.array([body_features(t, np.random.default_rng(0)) for t in evidence_of(cohort)])
        named = dict(zip(BODY_ERRORS, np.isnan(rows).mean(0), strict=True))
        for name in ("early rate", "late rate", "pulse", "breath", "temperature"):
            assert named[name] < 0.1, (before, name)


def test_eeg_tells_arousal_by_the_fall_of_alpha():
    dials = {"classes": ("sadness", "surprise"), "seeds": (0,), "n": (10, 6), "missing_ps": 1.0}
    dials |= {"eeg": "10-20", "eeg_sfreq": 125.0, "valence_gain": 0.0, "missing_eeg": 0.0}
    assert uar(**dials, arousal_gain=2.5)[1] > 0.72
    assert uar(**dials, arousal_gain=0.0)[1] < 0.62


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"seeds": ()}, "seeds"),
        ({"seeds": (0.5,)}, "seeds"),
        ({"seeds": (-1,)}, "seeds"),
        ({"n_people": 1}, "n_people"),
        ({"n_people": 6.5}, "n_people"),
        ({"n_people": "6"}, "n_people"),
        ({"n_people": True}, "n_people"),
    ],
)
def test_bad_arguments_are_refused_by_name(wrong, named):
    with pytest.raises(MepsError, match=f"{named}=.*expected a whole number"):
        ceiling(simulate_cohort(2, 3, scenario=Scenario(**QUICK)), **wrong)


def test_same_seeds_same_numbers_and_folders_agree(tmp_path):
    cohort = simulate_cohort(4, 6, scenario=Scenario(**QUICK, missing_ps=0.3, missing_colour=0.2))
    here = ceiling(cohort, seeds=(3, 4))
    assert here.equals(ceiling(cohort, seeds=(3, 4)))
    assert not here.equals(ceiling(cohort, seeds=(5,)))
    folder = FolderDataset(save_dataset(cohort, tmp_path / "x", progress=False))
    assert ceiling(folder, seeds=(3, 4)).equals(here)
    assert folder.scenario == cohort.scenario
    line = cli_loso._ceiling(folder, ("colour", "ps"))  # as "meps loso --root" prints it
    assert f"UAR {ceiling(cohort).uar['both']:.3f}" in line
    assert f"UAR {ceiling(cohort).uar['body']:.3f}" in cli_loso._ceiling(folder, ("ps",))


def test_the_ceiling_is_the_score_of_the_answers():
    """Of each part and seed a row a trial, whatever other seeds there are; their mean is told."""
    cohort = simulate_cohort(4, 6, seed=5, scenario=Scenario(**QUICK))
    said, best = (f(cohort, (3, 1), n_people=6) for f in (ceiling_answers, ceiling))
    assert list(said) == ["subject", "clip", "truth", "part", "model", "prediction"]
    assert list(said["part"].unique()) == list(best.index) == ["face", "body", "both"]
    trials = cohort.index[["subject", "clip", "label"]].to_numpy().tolist()
    for part, table in said.groupby("part"):
        found = bootstrap_interval(table, cohort.classes, n_resamples=100)["score"]
        assert np.allclose(found, best.loc[part, found.index], rtol=0, atol=1e-12)
        first, second = (table[table["model"] == seed] for seed in (3, 1))
        assert len(first) + len(second) == len(table)
        for one in (first, second):
            assert one[["subject", "clip", "truth"]].to_numpy().tolist() == trials
        alone = ceiling_answers(cohort, (1,), n_people=6).query("part == @part")
        assert alone["prediction"].tolist() == second["prediction"].tolist()


def test_a_seed_that_stands_there_twice_is_refused():
    with pytest.raises(MepsError, match=r"seeds=\[4, 2, 4\]; expected each once"):
        ceiling(simulate_cohort(2, 3, scenario=Scenario(**QUICK)), (4, 2, 4))


def test_trials_without_truth_are_refused(tmp_path):
    cohort = simulate_cohort(2, 3, scenario=Scenario(**QUICK))

    class Recorded:
        index, classes = cohort.index, cohort.classes

        def __len__(self):
            return len(cohort)

        def __getitem__(self, k):
            trial = cohort[k]
            trial.truth = {}
            return trial

    with pytest.raises(MepsError, match="sim-01_01.*no simulated truth"):
        ceiling(Recorded())
    assert cli_loso._ceiling(Recorded(), ("ps",)).startswith("not available: trial")


def test_unknown_dials_are_said_so(tmp_path):
    cohort = simulate_cohort(2, 3, scenario=Scenario(**QUICK))
    folder = save_dataset(cohort, tmp_path / "x", progress=False)
    record = json.loads((folder / "dataset.json").read_text())
    for dials, named in (({"wonder": 1}, "wonder"), ({"size": -1}, "Scenario.size"), ([], "list")):
        (folder / "dataset.json").write_text(json.dumps(record | {"scenario": dials}))
        with pytest.raises(MepsError, match=rf"dataset.json, scenario: .*{named}"):
            FolderDataset(folder)
    del record["scenario"]
    (folder / "dataset.json").write_text(json.dumps(record))
    with pytest.raises(MepsError, match="dials .* not known"):
        ceiling(FolderDataset(folder))


def test_a_left_out_subject_is_harder_than_a_shuffled_fold():
    """Identity leaks: one sees who it is, and people differ in what they mostly feel."""
    dials = Scenario.preset("casme3_c", size=16, n_frames=5)
    cohort = simulate_cohort(16, 8, seed=0, scenario=dials)
    x = []
    for k in range(len(cohort)):
        t = cohort[k]
        apex, onset = (t.colour[f].mean(0).flatten() for f in (t.apex, t.onset))
        parts = t.ps.reshape(len(t.ps), 20, -1)
        x.append(np.concatenate([apex, 5 * (apex - onset), parts.mean(2).flatten()]))
    x, y = np.array(x), cohort.index.label.to_numpy(str)
    model = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.01, class_weight="balanced", max_iter=200)
    )
    folds = StratifiedKFold(8, shuffle=True, random_state=0)
    groups = cohort.index.subject
    honest = cross_val_predict(model, x, y, groups=groups, cv=LeaveOneGroupOut())
    leaky = cross_val_predict(model, x, y, cv=folds)
    scores = [score(y, p, cohort.classes) for p in (honest, leaky)]
    assert scores[1].uar > scores[0].uar + 0.1
    assert scores[1].accuracy > scores[0].accuracy + 0.05
