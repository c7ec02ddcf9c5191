"""Every dial changes what it says: the dial on one side, a measured quantity on the other."""

import numpy as np
import pytest

from meps_lab.simulate import Scenario, simulate_cohort
from meps_lab.simulate.body.responses import AFFECT
from meps_lib.labels import ACTION_UNITS, CLASS_SETS

SMALL = {"size": 16, "n_frames": 8, "ps_sfreq": 125.0}
SIX = {"ps_sfreq": 125.0, "ps_duration_s": 6.0, "ps_before_s": 2.0}


def plans(n=(20, 9), seed=0, classes="three", preset="default", **dials):
    cohort = simulate_cohort(*n, classes, seed, Scenario.preset(preset, **{**SMALL, **dials}))
    return [cohort.plan(k) for k in range(len(cohort))]


def trials(n=(3, 3), seed=0, preset="ideal", **dials):
    return list(simulate_cohort(*n, "three", seed, Scenario.preset(preset, **{**SMALL, **dials})))


def peak(plan):
    return plan.face.intensity.max(0)


def moving(plan, upper):
    region = [ACTION_UNITS[au].region in ("brow", "eye", "cheek") for au in plan.aus]
    return peak(plan)[np.array(region) == upper].sum()


def response(plan, part="scr_us"):
    return getattr(plan.events[0].response, part)


# Dial, its value, the measured mean over plans, and what it must be.
PLANNED = [
    ("me_intensity", 0.3, lambda p: peak(p).max(), 0.30, 0.08, {"leak_share": 1.0}),
    ("leak_share", 0.7, lambda p: p.leaked, 0.70, 0.08, {}),
    ("upper_leak", 0.0, lambda p: moving(p, True), 0.0, 1e-9, {}),
    ("lower_leak", 0.0, lambda p: moving(p, False), 0.0, 1e-9, {}),
    ("asymmetry", 0.0, lambda p: p.face.lateral if p.shown != "contempt" else 0, 0.0, 1e-9, {}),
    ("blend_share", 0.0, lambda p: p.shown == p.emotion, 1.0, 0.0, {}),
    ("stray_au", 1.0, lambda p: len(p.aus), 4.8, 0.7, {}),
    ("apex_position", 0.3, lambda p: p.apex / p.offset, 0.30, 0.01, {"n_frames": 60}),
    ("apex", "casme3_a", lambda p: p.apex / p.offset, 0.296, 0.02, {"n_frames": 60}),
    ("apex", "mmme", lambda p: p.apex / p.offset > 0.5, 0.75, 0.15, {"n_frames": 60}),
    ("duration_s", 0.4, lambda p: p.offset / p.fps, 0.40, 0.01, {"n_frames": None, "fps": 200.0}),
    (
        "duration",
        "mmme",
        lambda p: p.offset / p.fps,
        0.3817,
        0.02,
        {"n_frames": None, "fps": 150.0},
    ),
    ("blinks_per_min", 60.0, lambda p: p.face.blink.max() > 0.3, 0.63, 0.1, {"n_frames": 16}),
    ("arousal_gain", 0.0, response, 0.0, 0.0, {}),
    ("valence_gain", 0.0, lambda p: abs(response(p, "frontal_asymmetry")), 0.0, 1e-9, {}),
    ("ps_before_s", 5.0, lambda p: p.events[0].time_s, 5.0, 0.0, {}),
]


@pytest.mark.parametrize(
    ("dial", "value", "measure", "expected", "by", "more"), PLANNED, ids=[d[0] for d in PLANNED]
)
def test_a_plan_follows_the_dial(dial, value, measure, expected, by, more):
    got = np.mean([measure(p) for p in plans(**{dial: value, **more})])
    assert got == pytest.approx(expected, abs=by)


SPREADS = [
    ("me_spread", 0.5, lambda p: np.log(peak(p).max()), {"leak_share": 1.0, "au_spread": 0.0}),
    ("duration_spread_s", 0.1, lambda p: p.offset / p.fps, {"n_frames": None, "fps": 200.0}),
    ("apex_spread", 0.15, lambda p: p.apex / p.offset, {"n_frames": 60}),
    ("head_pose_mm", 5.0, lambda p: p.face.pose[0, 0], {}),
    ("head_drift_mm", 2.0, lambda p: p.face.pose[-1, 1] - p.face.pose[0, 1], {}),
    ("light_change", 0.2, lambda p: np.log(p.face.gain[-1]), {}),
    ("arousal_spread", 0.3, lambda p: p.arousal, {}),
]


@pytest.mark.parametrize(("dial", "value", "measure", "more"), SPREADS, ids=[d[0] for d in SPREADS])
def test_a_spread_over_trials_follows_the_dial(dial, value, measure, more):
    """With all else still, the standard deviation is the dial's."""
    still = {"subject_spread": 0.0, "me_spread": 0.0, "stray_au": 0.0, **more, dial: value}
    wide = [measure(p) for p in plans(classes=("disgust", "anger"), **still, me_intensity=0.25)]
    assert np.std(wide) == pytest.approx(value, rel=0.25)


@pytest.mark.parametrize(("dial", "another"), [(0.65, 0.33), (1.0, 0.51)])
def test_blend_share_draws_anew_and_may_draw_the_same(dial, another):
    """Another emotion is drawn with .82 of the negative, .57 of surprise, .13 of happiness."""
    shown = plans((40, 50), blend_share=dial)
    other = [p for p in shown if p.shown != p.emotion]
    assert len(other) / len(shown) == pytest.approx(another, abs=0.025)  # 2000 draws
    apart = [abs(AFFECT[p.shown][0] - AFFECT[p.emotion][0]) for p in other]
    assert np.mean(np.array(apart) < 0.85) > 0.97  # of like valence, -1 to 1
    # With overlap the face tells arousal too, and nothing is drawn anew.
    assert all(p.shown == p.emotion for p in plans(blend_share=dial, overlap=1.0))


def test_the_widest_spread_of_people_can_be_recorded():
    """Log-normal with a spread of 2, but nobody answers more than 20 times as much."""
    cohort = simulate_cohort(300, 3, scenario=Scenario(**SMALL | SIX, subject_spread=2.0))
    strength = np.array([cohort.person(s).body.responsiveness for s in range(300)])
    held = strength == strength.max()
    assert strength.max() == 20 and held.mean() == pytest.approx(0.067, abs=0.04)  # ln 20 / 2 sd
    assert np.std(np.log(strength)) == pytest.approx(1.85, abs=0.2)  # 2, cut at 1.5 of it
    strongest = cohort[3 * int(strength.argmax())]
    assert np.isfinite(strongest.ps).all()


@pytest.mark.parametrize("spread", [0.0, 0.5])
def test_subjects_differ_by_the_dial(spread):
    cohort = simulate_cohort(200, 3, scenario=Scenario(subject_spread=spread))
    people = [cohort.person(s) for s in range(200)]
    for values in ([p.expressivity for p in people], [p.body.responsiveness for p in people]):
        assert np.std(np.log(values)) == pytest.approx(spread, abs=0.08)


def test_idiosyncrasy_gives_people_habits_of_their_own():
    def swapped(dial):
        cohort = simulate_cohort(40, 3, scenario=Scenario(idiosyncrasy=dial))
        plain = simulate_cohort(2, 3).person(0).habits.aus
        habits = [cohort.person(s).habits for s in range(40)]
        share = np.mean([set(h.aus["disgust"]) != set(plain["disgust"]) for h in habits])
        return share, np.std([np.log(h.gains["scr_us"]) for h in habits])

    assert swapped(0.0) == (0.0, 0.0)
    share, spread = swapped(1.0)
    assert share > 0.8 and spread == pytest.approx(0.6, abs=0.15)  # 1 - .4^3 = .94


def test_specificity_tells_emotions_apart_that_arousal_cannot():
    def gap(**dials):
        p = plans(classes=("disgust", "happiness"), arousal_spread=0.0, **dials)
        return abs(
            np.mean([response(x, "heart_speeding") for x in p if x.emotion == "disgust"])
            - np.mean([response(x, "heart_speeding") for x in p if x.emotion == "happiness"])
        )

    assert gap() == pytest.approx(0, abs=1e-9)
    assert gap(specificity=1.0) > 0.5 and gap(overlap=1.0) == pytest.approx(gap(specificity=1.0))


def test_overlap_makes_the_face_follow_arousal():
    def slope(overlap):
        ps = plans(overlap=overlap, leak_share=1.0, subject_spread=0.0)
        return np.corrcoef([p.arousal for p in ps], [peak(p).max() for p in ps])[0, 1]

    assert slope(1.0) > slope(0.0) + 0.3


RENDERED = [
    ("frame_noise", 0.05, lambda t: (t.colour[0, :, 0, 0] - t.colour[1, :, 0, 0]).std()),
    ("light_change", 0.5, lambda t: (t.colour[-1].mean() - t.colour[0].mean()).abs()),
    ("depth_noise_mm", 5.0, lambda t: (t.depth - t.truth["clean_depth"]).nan_to_num().std()),
    ("depth_holes", 1.0, lambda t: (t.depth.isnan() & ~t.truth["clean_depth"].isnan()).sum()),
    ("depth_gain_jumps_mm", 9.0, lambda t: t.depth.nanmean((1, 2, 3)).std()),
    ("ps_noise", 2.0, lambda t: (t.ps - t.truth["clean_ps"]).std()),
    ("fps", 60.0, lambda t: t.fps - 30),
    ("blinks_per_min", 60.0, lambda t: t.truth["blink"].max()),
]


@pytest.mark.parametrize(("dial", "value", "measure"), RENDERED, ids=[d[0] for d in RENDERED])
def test_a_rendered_trial_follows_the_dial(dial, value, measure):
    low, high = (np.mean([float(measure(t)) for t in trials(**d)]) for d in ({}, {dial: value}))
    assert high > 2 * low + 1e-3


ARTEFACTS = [
    ("ps_wander", 20.0, 1.0),
    ("ps_mains", 50.0, 1.0),
    ("ps_motion_per_min", 60.0, 0.0),
    ("ps_dropout_per_min", 60.0, 0.0),
    ("ps_saturation", 0.5, 0.0),
]


@pytest.mark.parametrize(("dial", "value", "base"), ARTEFACTS, ids=[d[0] for d in ARTEFACTS])
def test_artefacts_reach_the_signals_and_leave_the_truth(dial, value, base):
    def spoilt(x):
        return [(t.ps, t.truth["clean_ps"]) for t in trials((2, 3), preset="default", **{dial: x})]

    for (a, clean_a), (b, clean_b) in zip(spoilt(base), spoilt(value), strict=True):
        assert np.array_equal(clean_a, clean_b) and np.isfinite(b).all()
        assert (b - clean_b).std() > (a - clean_a).std()


def test_one_signal_is_worse_and_the_others_stay_to_the_bit():
    calm, spoilt = (trials(preset="default", **d) for d in ({}, {"ps_worse": "ECG"}))
    for a, b in zip(calm, spoilt, strict=True):
        eda, ecg, ppg = range(3)
        assert np.array_equal(a.ps[[eda, ppg]], b.ps[[eda, ppg]])
        noise = [(t.ps - t.truth["clean_ps"])[ecg].std() for t in (a, b)]
        assert noise[1] > 4 * noise[0]
        assert np.array_equal(a.truth["clean_ps"], b.truth["clean_ps"])


def test_spontaneous_responses_and_mains_frequency():
    many = trials(preset="default", ps_spontaneous=8.0)
    few = trials(preset="default", ps_spontaneous=0.0)
    size = [
        sum(t.truth["scr_amplitudes"][~t.truth["scr_evoked"]].sum() for t in x) for x in (many, few)
    ]
    assert size[0] > 0 == size[1]
    hum = trials((2, 3), preset="default", ps_mains=100.0, ps_mains_hz=60.0)[0]
    spectrum = np.abs(np.fft.rfft((hum.ps - hum.truth["clean_ps"])[1].numpy()))
    assert np.fft.rfftfreq(hum.ps.shape[1], 1 / 125)[spectrum.argmax()] == pytest.approx(60)


def test_signals_and_montages():
    dials = Scenario(**SMALL | SIX, signals=("SKT", "RSP"), eeg="62", eeg_sfreq=125.0)
    t = simulate_cohort(2, 3, scenario=dials)[0]
    assert t.ps_names == ("SKT", "RSP") and t.ps_units == ("degC", "a.u.")
    assert t.eeg.shape == (62, 750) and t.eeg_start == -2.0 and len(set(t.eeg_names)) == 62
    assert t.truth["band_power"].shape == (62, 5) and t.truth["clean_eeg"].shape == (62, 750)
    assert t.truth["breath_phase"].shape == (750,)


def test_missing_modalities_come_at_their_rates_and_never_all():
    def kept(**rates):
        cohort = simulate_cohort(40, 10, scenario=Scenario(**SMALL, **rates))
        return [cohort.kept(k) for k in range(400)]

    sets = kept(missing_colour=0.3, missing_depth=0.1, missing_ps=0.5)
    for name, rate in (("colour", 0.3), ("depth", 0.1), ("ps", 0.5)):
        assert np.mean([name not in s for s in sets]) == pytest.approx(rate, abs=0.06)
    last = kept(missing_colour=1.0, missing_depth=1.0, missing_ps=1.0)
    assert all(len(s) == 1 for s in last) and len({*map(tuple, last)}) == 3
    assert {"eeg"} in kept(missing_colour=1.0, missing_depth=1.0, missing_ps=1.0, eeg="10-20")
    cohort = simulate_cohort(2, 3, scenario=Scenario(**SMALL, missing_ps=0.5, missing_depth=0.5))
    for k, t in enumerate(cohort):
        assert set(t.modalities) == cohort.kept(k)
    bodies = simulate_cohort(2, 3, scenario=Scenario(**SMALL, missing_colour=1, missing_depth=1))
    t = bodies[0]
    assert t.modalities == ("ps",) and t.onset is t.apex is t.offset is t.fps is None
    assert "au_intensity" in t.truth  # what is missing was still so


def test_label_noise_comes_at_its_rate_and_is_told():
    index = simulate_cohort(40, 10, scenario=Scenario(label_noise=0.25)).index
    plain = simulate_cohort(40, 10).index
    wrong = index.label != index.emotion.map(CLASS_SETS["three"].of)
    assert wrong.mean() == pytest.approx(0.25, abs=0.06)
    assert (index.emotion == plain.emotion).all() and set(index.label) == set(plain.label)
    assert ((index.label != plain.label) == wrong).all()


def test_class_balance_of_part_c_and_of_mmme():
    """99, 30, 20, 16 of 165, and the 634 by emotion; without "others" the rest keeps its shares."""
    part_c = Scenario.preset("casme3_c", class_by_subject=0.0)
    shares = simulate_cohort(200, 20, "four", scenario=part_c).index.label.value_counts() / 4000
    for name, count in (("negative", 99), ("surprise", 30), ("others", 20), ("positive", 16)):
        assert shares[name] == pytest.approx(count / 165, abs=0.02)
    shares = simulate_cohort(200, 20, "three", scenario=part_c).index.label.value_counts() / 4000
    assert shares["negative"] == pytest.approx(99 / 145, abs=0.02)
    mmme = simulate_cohort(200, 20, "seven-mmme", scenario=Scenario.preset("mmme")).index
    shares = mmme.label.value_counts() / 4000
    for name, count in (("disgust", 163), ("fear", 124), ("contempt", 45)):
        assert shares[name] == pytest.approx(count / 634, abs=0.02)


def test_weights_of_any_size_are_shares():
    def labels(k):
        balance = (("negative", 3 * k), ("surprise", 2 * k), ("positive", k))
        dials = Scenario(class_balance=balance)
        return list(simulate_cohort(9, 9, scenario=dials).index.label)

    assert labels(5e307) == labels(1.0) == labels(1e-300)


def test_classes_fall_unequally_on_people():
    def only_one(dial, n=6):
        dials = Scenario.preset("casme3_c", class_by_subject=dial)
        groups = simulate_cohort(200, n, "four", scenario=dials).index.groupby("subject").label
        return (groups.nunique() == 1).mean()

    assert only_one(0.0) < only_one(0.4) < only_one(0.8) < only_one(1.0) == 1.0
    part_c = Scenario.preset("casme3_c").class_by_subject
    assert np.mean([only_one(part_c, n) for n in (5, 6)]) == pytest.approx(10 / 30, abs=0.06)
    # Next to the ends of the dial the Dirichlet's numbers leave a computer's range.
    assert only_one(0.8) < only_one(0.99) < only_one(0.9999) == only_one(1 - 1e-16) == 1.0
    assert only_one(1e-310) == only_one(0.0)
    longer = simulate_cohort(3, 9, scenario=Scenario.preset("casme3_c")).index
    shorter = simulate_cohort(3, 5, scenario=Scenario.preset("casme3_c")).index
    assert (longer.groupby("subject").head(5).label.values == shorter.label.values).all()
