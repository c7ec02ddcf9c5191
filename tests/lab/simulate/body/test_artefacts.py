"""Each artefact alone: as much of it as its dial says, where it belongs, and nothing else."""

from dataclasses import fields

import numpy as np
import pytest

from meps_lab.simulate.body.artefacts import (
    DROPOUT_S,
    MOTION_S,
    SENSORS,
    Artefacts,
    _hold,
    sense_signal,
)
from meps_lab.simulate.body.noise import Colour, Streams, wander
from meps_lab.simulate.body.physiology import SIGNALS, Body, record
from meps_lib.errors import MepsError

SFREQ = 200.0


def only(**dials):
    """What one artefact adds to five signals in five minutes, and the recording."""
    settings = {f.name: 0.0 for f in fields(Artefacts) if f.name not in ("mains_hz", "worse")}
    how = {"duration_s": 300.0, "sfreq": SFREQ, "signals": SIGNALS}
    e = record(Body(), np.random.default_rng(0), artefacts=Artefacts(**settings | dials), **how)
    return dict(zip(SIGNALS, e.ps - e.clean_ps, strict=True)), e


@pytest.mark.parametrize("name", [f.name for f in fields(Artefacts)])
@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf"), "1", True, None])
def test_bad_dials_are_refused_by_name(name, value):
    with pytest.raises(MepsError, match=f"Artefacts.{name}"):
        Artefacts(**{name: value})


def test_saturation_and_mains_have_limits():
    with pytest.raises(MepsError, match="saturation"):
        Artefacts(saturation=1.0)
    with pytest.raises(MepsError, match="blink_per_min=61.0; expected a number, 0 to 60"):
        Artefacts(blink_per_min=61.0)
    with pytest.raises(MepsError, match="mains_hz=0.0; .* set mains=0"):
        Artefacts(mains_hz=0.0)


def test_none_is_none_and_scaling_scales():
    assert np.array_equal(*(only()[1][k] for k in (0, 1)))
    e = record(Body(), np.random.default_rng(0), artefacts=Artefacts.none(), signals=SIGNALS)
    assert np.array_equal(e.ps, e.clean_ps)
    twice = Artefacts(motion_per_min=1.5).scaled(2.0)
    assert (twice.sensor_noise, twice.motion_per_min, twice.mains_hz) == (2.0, 3.0, 50.0)


def test_sensor_noise_is_white_and_as_large_as_asked():
    added, _ = only(sensor_noise=3.0)
    for name, x in added.items():
        assert x.std() == pytest.approx(3 * SENSORS[name].noise, rel=0.02)
        assert abs(np.corrcoef(x[1:], x[:-1])[0, 1]) < 0.02


def test_wander_is_slow_and_as_large_as_asked():
    added, _ = only(baseline_wander=2.0)
    for name in ("EDA", "ECG", "PPG"):
        x, sensor = added[name], SENSORS[name]
        assert x.std() == pytest.approx(2 * sensor.wander, rel=0.1)
        power = np.abs(np.fft.rfft(x)) ** 2
        fast = np.fft.rfftfreq(len(x), 1 / SFREQ) > 2 * sensor.wander_hz
        assert power[fast].sum() < 0.02 * power.sum()


def test_wander_in_blocks_is_the_sum_of_three_sines():
    rng = np.random.default_rng(5)
    f, phase = 0.3 * rng.uniform(0.5, 1.5, 3), rng.uniform(size=3)
    t = np.arange(1999)[:, None] / SFREQ
    sines = np.sqrt(2 / 3) * np.sin(2 * np.pi * (f * t + phase)).sum(axis=1)
    np.testing.assert_allclose(wander(np.random.default_rng(5), 0.3, 1999, SFREQ), sines, atol=1e-9)


def test_coloured_noise_has_unit_variance_and_its_band():
    colour = Colour(lambda f: (f > 5) & (f < 20), n=99_991, rate=100.0)
    x = colour.draw(np.random.default_rng(0))
    assert len(x) == 99_991 and x.var() == pytest.approx(1, rel=0.02)
    power, f = np.abs(np.fft.rfft(x)) ** 2, np.fft.rfftfreq(len(x), 0.01)
    assert power[(f > 4.9) & (f < 20.1)].sum() > 0.999 * power.sum()


@pytest.mark.parametrize("hz", [50.0, 60.0])
def test_mains_hum_in_the_ecg_alone_at_its_frequency(hz):
    added, _ = only(mains=2.0, mains_hz=hz)
    amplitude = 2 * np.abs(np.fft.rfft(added["ECG"])) / len(added["ECG"])
    f = np.fft.rfftfreq(len(added["ECG"]), 1 / SFREQ)
    assert f[amplitude.argmax()] == pytest.approx(hz)
    assert amplitude.max() == pytest.approx(2 * SENSORS["ECG"].mains)
    assert not any(added[name].any() for name in SIGNALS if name != "ECG")
    assert not only(mains=1.0, mains_hz=100.0)[0]["ECG"].any()  # above what 200 Hz can carry


def test_motion_of_the_hand_and_of_the_trunk():
    added, _ = only(motion_per_min=6.0)
    moved = {name: np.abs(x) > 0 for name, x in added.items()}
    for a, b in (("EDA", "PPG"), ("ECG", "RSP")):  # one limb, one time
        assert np.mean(moved[a] == moved[b]) > 0.999
    assert np.mean(moved["EDA"] & moved["ECG"]) < 0.5 * moved["EDA"].mean()
    assert not moved["SKT"].any()
    assert not np.allclose(added["EDA"] / 0.25, added["PPG"] / 0.6)
    expected = 6 / 60 * np.mean(MOTION_S)  # share of time, less overlaps
    for name in ("EDA", "ECG"):
        assert 0.5 * expected < moved[name].mean() < 1.5 * expected
        jolts = added[name][moved[name]]
        assert 0.4 * SENSORS[name].motion < jolts.std() < 2 * SENSORS[name].motion


def test_drop_outs_hold_the_last_value_for_as_long_as_asked():
    shares = []
    for per_min in (2.0, 8.0, 20.0):
        added, e = only(sensor_noise=1.0, dropout_per_min=per_min)
        assert np.isfinite(e.ps).all()
        held = np.diff(e.ps, axis=1) == 0
        shares.append(held.mean())
        assert held.mean() == pytest.approx(per_min / 60 * np.mean(DROPOUT_S), rel=0.35)
        assert len({row.tobytes() for row in held}) == len(SIGNALS)  # each sensor on its own
    assert shares[0] < shares[1] < shares[2]


def test_holding_by_hand():
    x, lost = np.arange(30.0), np.array([[0.0, 0.2], [1.0, 1.5], [1.3, 1.7], [2.8, 9.0]])
    expected = x.copy()
    expected[[0, 1]] = 0.0
    expected[10:17] = 9.0
    expected[28:] = 27.0
    assert np.array_equal(_hold(x, lost, 10.0), expected)


def test_saturation_cuts_its_share_of_the_range():
    for share in (0.1, 0.5):
        _, e = only(saturation=share)
        cut, clean = np.ptp(e.ps, axis=1), np.ptp(e.clean_ps, axis=1)
        np.testing.assert_allclose(cut, (1 - share) * clean, rtol=1e-9)
        at_rail = (e.ps == e.ps.max(axis=1, keepdims=True)).sum(axis=1)
        assert at_rail.min() > 1
    middle = 0.5 * (e.clean_ps.max(axis=1) + e.clean_ps.min(axis=1))
    np.testing.assert_allclose(0.5 * (e.ps.max(axis=1) + e.ps.min(axis=1)), middle)


def test_one_artefact_leaves_the_others_as_they_were():
    clean = np.sin(np.arange(4000) / 50)

    def ecg(**dials):
        streams = Streams(np.random.default_rng(1))
        return sense_signal(clean, "ECG", SENSORS["ECG"], Artefacts(**dials), streams, SFREQ)

    plain, moved = ecg(), ecg(motion_per_min=9.0)
    still = plain == moved
    assert 0.5 < still.mean() < 1  # bit for bit, but while something moves
    drifts = ecg(sensor_noise=0.0, mains=0.0) - clean
    np.testing.assert_allclose(plain - ecg(baseline_wander=0.0), drifts, atol=1e-12)
