"""The cohort: reproducible in any order and process, lazy, balanced as asked for."""

import hashlib
import pickle
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from meps_lab.simulate import Scenario, simulate_cohort
from meps_lib.errors import MepsError
from meps_lib.labels import CLASS_SETS
from meps_lib.trial import collate

SMALL = Scenario(size=16, n_frames=8)


def digest(trials):
    h = hashlib.sha256()
    for t in trials:
        h.update(repr((t.label, t.subject, t.clip, t.apex, t.truth["apex"])).encode())
        for x in (t.colour, t.depth, t.ps, t.truth["clean_depth"], t.truth["flow"](0, t.apex)):
            h.update(b"" if x is None else x.numpy().tobytes())
        for key in ("beat_times", "scr_onsets", "breath_phase", "blink"):
            h.update(t.truth[key].tobytes())
        for x in (t.eeg, t.truth.get("clean_eeg"), t.truth.get("band_power")):
            h.update(b"" if x is None else x.numpy().tobytes())
    return h.hexdigest()


# The preset with everything in it, made small: five signals, EEG, blinks, losses, own durations.
MADE_SMALL = {"size": 16, "fps": 30.0, "ps_sfreq": 125.0, "ps_duration_s": 5.0, "eeg": "10-20"}
MADE_SMALL |= {"ps_before_s": 2.0, "eeg_sfreq": 125.0}
WITH_ALL = {"blinks_per_min": 60.0, "missing_depth": 0.2, "label_noise": 0.1}
FULL = Scenario.preset("mmme", **MADE_SMALL, **WITH_ALL)


def some(scenario=SMALL):
    return simulate_cohort(n_subjects=3, trials_per_subject=3, seed=5, scenario=scenario)


def first_trials(scenario=SMALL, n=4):
    cohort = some(scenario)
    return digest(cohort[k] for k in range(n))


def test_shapes_units_and_truth():
    trial = simulate_cohort(n_subjects=2, trials_per_subject=3)[4]
    assert trial.colour.shape == (16, 3, 64, 64) and trial.depth.shape == (16, 1, 64, 64)
    assert trial.ps.shape == (3, 2000) and trial.ps_start == -3.0
    assert trial.ps_names == ("EDA", "ECG", "PPG") and trial.ps_units == ("uS", "mV", "a.u.")
    truth = trial.truth
    assert truth["au_intensity"].shape == (16, len(truth["aus"]))
    assert truth["flow"](0, trial.apex).shape == (2, 64, 64)
    assert truth["clean_depth"].shape == trial.depth.shape
    assert truth["clean_ps"].shape == trial.ps.shape
    assert len(truth["scr_onsets"]) == len(truth["scr_amplitudes"])
    # Tonic skin conductance of a person at rest is a few microsiemens; R peaks about a millivolt.
    assert 1 < trial.ps[0].mean() < 15 and 0.5 < trial.ps[1].max() < 2


def test_apex_is_where_the_action_units_peak():
    cohort = simulate_cohort(4, 6, scenario=Scenario(size=16, apex_spread=0.2))
    apices = set()
    for k in range(len(cohort)):
        t = cohort[k]
        strongest = t.truth["au_intensity"].sum(1)
        assert strongest.argmax() == t.apex
        assert abs(t.truth["apex"] - t.apex) < 1
        assert strongest[t.onset] == strongest[t.offset] == 0
        apices.add(t.apex)
    assert len(apices) > 3


def test_apex_position_is_a_dial():
    def mean_position(scenario):
        cohort = simulate_cohort(6, 6, scenario=scenario)
        return np.mean([cohort[k].apex_position for k in range(len(cohort))])

    early = Scenario.preset("early_apex", size=16, n_frames=40)
    assert mean_position(early) == pytest.approx(0.29, abs=0.06)
    assert mean_position(Scenario(size=16, n_frames=40)) == pytest.approx(0.5, abs=0.04)


def test_same_seed_same_bits_in_another_process():
    code = "import test_cohort as t; print(t.first_trials(), t.first_trials(t.FULL))"
    folder = __file__.rsplit("/", 1)[0]
    out = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True
    )
    assert out.stdout.split() == [first_trials(), first_trials(FULL)]


def test_same_bits_whatever_the_number_of_threads():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        two = first_trials()
    finally:
        torch.set_num_threads(before)
    assert two == first_trials()


@pytest.mark.parametrize(("workers", "scenario"), [(1, SMALL), (2, SMALL), (2, FULL)])
def test_same_bits_whatever_the_number_of_workers(workers, scenario):
    loader = DataLoader(some(scenario), batch_size=2, num_workers=workers, collate_fn=list)
    assert digest([t for batch in loader for t in batch][:4]) == first_trials(scenario)


def test_a_trial_depends_on_nothing_else_that_is_drawn():
    few = simulate_cohort(n_subjects=3, trials_per_subject=6, seed=1, scenario=SMALL)
    many = simulate_cohort(n_subjects=9, trials_per_subject=6, seed=1, scenario=SMALL)
    longer = simulate_cohort(n_subjects=3, trials_per_subject=9, seed=1, scenario=SMALL)
    expected = digest([few[7]])
    many[20], few[0]
    assert digest([many[7]]) == expected
    assert digest([longer[9 + 1]]) == expected  # second subject, second trial
    assert digest([few[8]]) != expected
    other = simulate_cohort(n_subjects=3, trials_per_subject=6, seed=2, scenario=SMALL)
    assert digest([other[7]]) != expected


def test_pickles_small_and_collates():
    cohort = simulate_cohort(n_subjects=2, trials_per_subject=3, scenario=SMALL)
    again = pickle.loads(pickle.dumps(cohort))
    assert digest([again[1]]) == digest([cohort[1]])
    assert len(pickle.dumps(cohort)) < 20_000
    batch = collate([cohort[k] for k in range(4)], cohort.classes)
    assert batch.colour.shape == (4, 8, 3, 16, 16) and batch.ps.shape == (4, 3, 2000)


@pytest.mark.parametrize("name", list(CLASS_SETS))
def test_index_and_balance(name):
    cohort = simulate_cohort(5, 9, classes=name, scenario=SMALL)
    assert cohort.classes == CLASS_SETS[name].classes
    assert list(cohort.index.columns) == ["subject", "clip", "label", "emotion"]
    assert len(cohort) == len(cohort.index) == 45 and cohort.index["clip"].is_unique
    for _, rows in cohort.index.groupby("subject"):
        counts = Counter(rows.label)
        assert set(counts) == set(cohort.classes)
        assert max(counts.values()) - min(counts.values()) <= 1
    for row in cohort.index.itertuples():
        assert CLASS_SETS[name].of(row.emotion) == row.label
    orders = {tuple(rows.label) for _, rows in cohort.index.groupby("subject")}
    assert len(orders) > 1
    assert cohort[44].label == cohort.index.label[44]


def test_emotions_may_be_named():
    cohort = simulate_cohort(2, 3, classes=("happy", "contempt", "others"), scenario=SMALL)
    assert cohort.classes == ("happiness", "contempt", "others")
    assert {cohort[k].truth["emotion"] for k in range(6)} == set(cohort.classes)


@pytest.mark.parametrize(
    ("kwargs", "named"),
    [
        ({"n_subjects": 1}, "n_subjects"),
        ({"n_subjects": 2.5}, "n_subjects"),
        ({"trials_per_subject": 2}, "trials_per_subject"),
        ({"trials_per_subject": 0}, "trials"),
        ({"classes": "five"}, "five"),
        ({"classes": ("happy", "hungry")}, "hungry"),
        ({"seed": -1}, "seed"),
        ({"scenario": "ideal"}, "Scenario.preset"),
        ({"classes": "seven-mmme", "trials_per_subject": 6}, "fewer than the 7 classes"),
        ({"scenario": Scenario(class_balance=(("negative", 1), ("surprise", 1)))}, "'positive'"),
    ],
)
def test_bad_cohorts_are_refused_by_name(kwargs, named):
    with pytest.raises(MepsError, match=named):
        simulate_cohort(**kwargs)


def test_out_of_range_trial():
    cohort = some()
    with pytest.raises(IndexError):
        cohort[9]
    with pytest.raises(IndexError):
        cohort.person(3)
    for ask in (cohort.__getitem__, cohort.plan, cohort.truth):
        with pytest.raises(TypeError, match="whole number from 0 to 8, got 1.5"):
            ask(1.5)
    with pytest.raises(MepsError, match="subject.*'sim-01'"):
        cohort.person("sim-01")
    assert cohort.plan(-1).clip == "sim-03_03"


@pytest.mark.parametrize("scenario", [SMALL, FULL], ids=["small", "full"])
def test_plan_and_truth_are_those_of_the_trial(scenario):
    cohort = some(scenario)
    trial, plan, truth = cohort[4], cohort.plan(4), cohort.truth(4)
    assert (plan.label, plan.subject, plan.clip) == (trial.label, trial.subject, trial.clip)
    assert (plan.onset, plan.offset, plan.fps) == (trial.onset, trial.offset, trial.fps)
    assert set(trial.truth) == {*truth, "clean_depth"}
    for key, value in truth.items():
        if isinstance(value, torch.Tensor):
            assert torch.equal(value, trial.truth[key]), key
        elif key == "flow":
            assert torch.equal(value(0, 2), trial.truth["flow"](0, 2))
        else:
            assert np.array_equal(value, trial.truth[key]), key
    assert plan.body == cohort.person(1).body and plan.face.who == cohort.person(1).who
    assert [e.time_s for e in plan.events] == [scenario.ps_before_s]
    assert len(pickle.dumps(plan)) < 10_000


def test_a_cohort_takes_the_memory_of_its_index():
    cohort = simulate_cohort(400, 25, scenario=SMALL)
    before = len(pickle.dumps(cohort))
    cohort[9_999], cohort.truth(5_000)
    assert len(pickle.dumps(cohort)) == before < 100 * len(cohort)


def test_micro_expressions_move_one_to_two_pixels():
    cohort = simulate_cohort(12, 3)
    peaks, shown = [], []
    for k in range(0, 36, 2):
        t = cohort[k]
        if t.truth["leaked"]:
            peaks.append(t.truth["flow"](0, t.apex).norm(dim=0).max())
            change = (t.colour[t.apex] - t.colour[t.onset]).abs().mean(0)
            shown.append(change.quantile(0.98) / change.median())
    assert 1.0 < np.median(peaks) < 2.5
    assert np.median(shown) > 3  # motion stands out of frame noise


def test_silent_face_and_silent_body():
    face = simulate_cohort(2, 3, scenario=Scenario.preset("silent_face", size=16))
    body = simulate_cohort(2, 3, scenario=Scenario.preset("silent_body", size=16))
    for k in range(6):
        assert not face[k].truth["au_intensity"].any()
        assert face[k].truth["scr_evoked"].any()
        assert body[k].truth["au_intensity"].any()
        assert not body[k].truth["scr_evoked"].any()


def test_a_face_that_does_not_leak_shows_no_stray_either():
    dials = Scenario(size=16, n_frames=8, leak_share=0.0, stray_au=1.0)
    cohort = simulate_cohort(2, 3, scenario=dials)
    for k in range(6):
        assert cohort[k].truth["au_intensity"][:, -1].max() <= 0.1 * 0.4 * dials.me_intensity


def test_the_event_falls_where_the_clip_starts():
    dials = Scenario(size=16, n_frames=8, ps_before_s=5.0, ps_duration_s=12.0, ps_noise=0.0)
    cohort = simulate_cohort(3, 4, scenario=dials)
    onsets = np.concatenate([cohort[k].truth["scr_onsets"] for k in range(12)])
    assert all(cohort[k].ps_start == -5.0 for k in range(3))
    assert len(onsets) and onsets.min() >= 6.0 and onsets.max() <= 8.0


def test_contempt_is_one_sided():
    dials = Scenario.preset("ideal", size=32, n_frames=8, head_drift_mm=0.0, me_intensity=0.8)
    cohort = simulate_cohort(2, 3, classes=("contempt", "happiness", "others"), scenario=dials)
    seen = 0
    for k in np.flatnonzero(cohort.index.emotion == "contempt"):
        clip = cohort[k].truth["flow"]
        seen += 1
        assert abs(clip.lateral) == pytest.approx(0.9)
    assert seen


def test_two_people_draw_nothing_in_common():
    """Trial k of one person is no trial k of another: what is left of the noise is unrelated."""
    cohort = simulate_cohort(4, 3, "three", 0, Scenario())
    noise = []
    for k in (0, 3, 6, 9):  # the first trial of each
        fast = np.diff(cohort[k].ps.numpy().astype(float), n=3)  # what the sensors add
        noise.append((fast - fast.mean(axis=1, keepdims=True))[:, :400])
    for a in range(4):
        for b in range(a):
            for row in (0,):  # EDA moves slowly: its third difference is sensor noise
                assert abs(np.corrcoef(noise[a][row], noise[b][row])[0, 1]) < 0.25
