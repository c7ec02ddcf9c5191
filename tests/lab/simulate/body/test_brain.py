"""The EEG: against MNE's montage, Welch's method and closed forms."""

from dataclasses import replace

import mne
import numpy as np
import pytest
from scipy.signal import welch

from meps_lab.simulate import Scenario, simulate_cohort
from meps_lab.simulate.body import clock
from meps_lab.simulate.body.artefacts import Artefacts
from meps_lab.simulate.body.brain import BANDS, MONTAGE_19, MONTAGE_62, electrode_place
from meps_lab.simulate.body.physiology import Body, Event, record
from meps_lab.simulate.body.responses import EFFECTS, Response
from meps_lab.simulate.laboratory import measure
from meps_lib.errors import MepsError
from meps_lib.signals.eeg import band_power
from meps_lib.signals.recording import Recording

SFREQ = 250.0
CLEAN = Artefacts.none()


def eeg(names, body=None, events=(), seed=0, **kwargs):
    settings = {"duration_s": 60.0, "eeg_sfreq": SFREQ, "signals": (), "artefacts": CLEAN} | kwargs
    return record(body or Body(), np.random.default_rng(seed), events, eeg_names=names, **settings)


def density(x, hz, sfreq=SFREQ):
    f, p = welch(x, sfreq, nperseg=int(2 * sfreq))
    return p[..., np.argmin(np.abs(f - hz))]


def test_electrodes_sit_where_mne_has_them():
    assert set(MONTAGE_19) < set(MONTAGE_62) and len(MONTAGE_19) == 19 and len(MONTAGE_62) == 62
    known = mne.channels.get_builtin_montages()
    name = next(n for n in ("colin27_1005", "standard_1005") if n in known)  # renamed in MNE 1.12
    theirs = mne.channels.make_standard_montage(name).get_positions()["ch_pos"]
    names = [n for n in MONTAGE_62 if n in theirs]
    assert set(MONTAGE_62) - set(names) == {"CB1", "CB2"}  # over the cerebellum, not in 10-05
    ours, theirs = (np.array([at(n)[:2] for n in names]) for at in (electrode_place, theirs.get))
    for axis in (0, 1):
        assert np.corrcoef(ours[:, axis], theirs[:, axis])[0, 1] > 0.9
    middle = np.array([n.endswith("z") for n in names])
    assert np.array_equal(np.sign(ours[~middle, 0]), np.sign(theirs[~middle, 0]))
    assert not ours[middle, 0].any()


def test_the_power_of_alpha_follows_the_square_of_its_dial():
    at_oz = [
        band_power(
            Recording(eeg(["Oz"], Body(alpha=k)).eeg, ("Oz",), ("uV",), sfreq=SFREQ), (8, 13)
        )[0]
        for k in (0.0, 1.0, 2.0, 4.0)
    ]
    assert (at_oz[3] - at_oz[0]) / (at_oz[2] - at_oz[0]) == pytest.approx(4, rel=0.1)
    assert at_oz[0] < at_oz[1] < at_oz[2]


def test_alpha_is_a_peak_strongest_at_the_back_over_a_background_that_falls():
    e = eeg(MONTAGE_62)
    alpha = dict(zip(MONTAGE_62, density(e.eeg, 10), strict=True))
    assert alpha["Oz"] > alpha["Pz"] > alpha["Cz"] > alpha["Fpz"]
    assert alpha["Oz"] > 5 * density(e.eeg[MONTAGE_62.index("Oz")], 6)
    without = eeg(MONTAGE_19, Body(alpha=0.0)).eeg
    f, p = welch(without, SFREQ, nperseg=1000)
    inside = (f > 2) & (f < 45)
    slope, _ = np.polyfit(np.log(f[inside]), np.log(p[:, inside].mean(axis=0)), 1)
    assert -1.5 < slope < -1.1


def test_band_power_is_what_welch_measures_in_the_clean_eeg():
    e = eeg(MONTAGE_19, seed=3, artefacts=Artefacts(), duration_s=120.0)
    recording = Recording(e.clean_eeg, MONTAGE_19, ("uV",) * 19, sfreq=SFREQ)
    for k, limits in enumerate(BANDS.values()):
        measured = band_power(recording, limits, seconds=10.0)
        np.testing.assert_allclose(measured, e.band_power[:, k], rtol=0.1)
    # A sum over frequencies is a variance (Parseval), but for what lies outside the bands.
    assert np.all(e.band_power.sum(axis=1) < e.clean_eeg.var(axis=1))


def test_events_lower_alpha_and_lean_it_by_just_what_the_response_says():
    response = Response(alpha_drop=0.4, frontal_asymmetry=0.5)

    def rhythm(events):  # alpha alone: with it, less without it
        names = ["F3", "F4", "O1", "Oz"]
        with_, without = (eeg(names, Body(alpha=k), events).clean_eeg for k in (1.0, 0.0))
        return with_ - without

    before, after = rhythm([]), rhythm([Event(10.0, response)])
    t = np.arange(before.shape[1]) / SFREQ - 10.0
    drop, lean = (
        getattr(response, name) * clock.hump(t, EFFECTS[name].peak_s, EFFECTS[name].width_s)
        for name in ("alpha_drop", "frontal_asymmetry")
    )
    power = np.array([1 - drop] * 4)
    power[0] *= np.exp(-lean / 2)  # F3, left
    power[1] *= np.exp(lean / 2)  # F4, right: ln right less ln left is the asymmetry
    np.testing.assert_allclose(after, np.sqrt(power) * before, atol=0.02)


def test_blinks_are_frontal_and_as_many_as_asked():
    e = eeg(MONTAGE_62, artefacts=Artefacts(blinks=1.0, muscle=0, mains=0), duration_s=120.0)
    at = np.round(e.blink_times[e.blink_times < 119] * SFREQ).astype(int)
    height = (e.eeg - e.clean_eeg)[:, at].mean(axis=1)
    named = dict(zip(MONTAGE_62, height, strict=True))
    assert named["Fpz"] > 90 and 10 < named["Fz"] < 60 and abs(named["Oz"]) < 5  # uV
    assert len(eeg(["Cz"], artefacts=Artefacts(blink_per_min=0)).blink_times) == 0


@pytest.mark.parametrize("per_min", [5.0, 15.0, 30.0, 60.0])
def test_blinks_are_as_many_a_minute_as_asked(per_min):
    how = {"duration_s": 30.0, "signals": (), "artefacts": Artefacts(blink_per_min=per_min)}
    rngs = (np.random.default_rng(k) for k in range(int(6000 / per_min)))
    n = [len(record(Body(), rng, **how).blink_times) for rng in rngs]
    assert np.sum(n) == pytest.approx(3000, rel=0.06)


def test_frames_and_electrodes_see_one_lid():
    dials = Scenario(
        size=16, n_frames=90, ps_sfreq=125.0, eeg="10-20", eeg_sfreq=300.0, blinks_per_min=30.0
    )
    cohort = simulate_cohort(4, 6, scenario=dials)
    shut = 0
    for k in range(len(cohort)):
        plan, lid = cohort.plan(k), cohort.plan(k).face.blink
        open_ = replace(plan, lids=plan.lids[:0])
        with_, without = (
            measure(p, np.random.default_rng(k), dials, ("Fp1",)).eeg[0] for p in (plan, open_)
        )
        at_frames = (with_ - without)[900:1800:10]  # 3 s lie before the first frame
        np.testing.assert_allclose(at_frames, 120 * lid, atol=1e-9)
        down = cohort.truth(k, ())["blink_times"]
        assert np.all((down >= 0) & (down < 10))
        if lid.max() > 0.9:
            assert np.abs(down - (3 + lid.argmax() / 30)).min() < 0.05
        shut += lid.max() > 0.5
    assert shut > 10
    still = simulate_cohort(2, 3, scenario=replace(dials, blinks_per_min=0.0))
    assert not still.plan(0).face.blink.any() and not len(still.plan(0).lids)
    assert not len(still.truth(0)["blink_times"])


def test_mains_and_muscle_are_dials():
    for hz in (50.0, 60.0):
        e = eeg(["Cz"], artefacts=Artefacts(mains_hz=hz))
        assert density(e.eeg[0], hz) > 10 * density(e.eeg[0], 55)
    quiet, tense = (
        eeg(["T7", "Cz"], artefacts=Artefacts(muscle=k, mains=0, blinks=0)).eeg for k in (0.0, 2.0)
    )
    more = density(tense, 70) - density(quiet, 70)
    assert more[0] > 3 * more[1] > 0  # over the temporal muscle, and hardly at the vertex


def test_a_channel_is_the_same_whichever_others_are_recorded():
    alone, among = eeg(["Pz"], artefacts=Artefacts()), eeg(MONTAGE_19, artefacts=Artefacts())
    k = MONTAGE_19.index("Pz")
    assert np.array_equal(alone.eeg[0], among.eeg[k])
    assert np.array_equal(alone.band_power[0], among.band_power[k])


@pytest.mark.parametrize(
    ("kwargs", "named"),
    [
        ({"names": ["Cz", "A1"]}, "A1"),
        ({"names": ["Cz", "Cz"]}, "eeg_names"),
        ({"names": ["Cz"], "eeg_sfreq": 64.0}, "eeg_sfreq"),
    ],
)
def test_bad_values_are_refused_by_name(kwargs, named):
    with pytest.raises(MepsError, match=named):
        eeg(**kwargs)
    with pytest.raises(MepsError, match="A1"):
        electrode_place("A1")
