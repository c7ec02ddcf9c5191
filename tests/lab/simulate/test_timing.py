"""When faces move: against published counts, SciPy and closed forms."""

import numpy as np
import pytest

from meps_lab.simulate.timing import (
    APEX,
    blink_spans,
    draw_apex,
    draw_duration,
    lid_course,
    time_course,
)
from meps_lib.errors import MepsError


def test_time_course():
    y = time_course(31, apex=9.0)
    assert y[0] == y[-1] == 0 and y[9] == 1 and y.argmax() == 9
    assert np.all(np.diff(y[:10]) > 0) and np.all(np.diff(y[9:]) < 0)
    with pytest.raises(MepsError, match="apex"):
        time_course(10, apex=9.0)


def test_early_apexes_follow_the_published_numbers():
    apex = draw_apex(np.random.default_rng(0), "casme3_a", 40_000)
    assert apex.mean() == pytest.approx(0.296, abs=0.01)
    np.testing.assert_allclose(np.quantile(apex, [0.25, 0.5, 0.75]), [0.18, 0.28, 0.42], atol=0.015)
    assert np.mean((apex > 0.4) & (apex < 0.6)) == pytest.approx(0.26, abs=0.015)


def test_middle_and_late_apexes():
    rng = np.random.default_rng(1)
    middle, late = draw_apex(rng, "middle", 20_000), draw_apex(rng, "mmme", 20_000)
    assert middle.mean() == pytest.approx(0.5, abs=0.005)
    assert np.mean(np.abs(middle - 0.5) < 0.1) > 0.75
    assert late.mean() > 0.55
    assert all(0 < draw_apex(rng, name) < 1 for name in APEX for _ in range(50))


def test_durations_are_the_published_ones_cut_by_the_rule():
    rng = np.random.default_rng(2)
    alone = np.array([draw_duration(rng, "mmme") for _ in range(4000)])
    assert alone.min() >= 0.04 and alone.max() <= 0.5
    apex = draw_apex(rng, "mmme", 12_000)
    seconds = np.array([draw_duration(rng, "mmme", a) for a in apex])
    # MMME: 381.7 +- 100.5 ms, after the rule has cut.
    assert seconds.mean() == pytest.approx(0.3817, abs=0.004)
    assert seconds.std() == pytest.approx(0.1005, abs=0.004)
    assert np.all((seconds <= 0.5) | (apex * seconds <= 0.25)) and (seconds > 0.5).any()


@pytest.mark.parametrize("rate", [15.0, 20.0])
def test_blinks_come_at_their_rate_and_last_as_long_as_blinks(rate):
    fps, minutes = 200.0, 30
    times = np.arange(fps * 60 * minutes) / fps
    closed = lid_course(blink_spans(np.random.default_rng(3), 60 * minutes, rate), times)
    moving = np.concatenate([[0], (closed > 0).astype(int), [0]])
    starts, ends = np.flatnonzero(np.diff(moving) == 1), np.flatnonzero(np.diff(moving) == -1)
    assert len(starts) / minutes == pytest.approx(rate, rel=0.1)
    length = ((ends - starts) / fps)[1:-1]  # the first and last may be cut off
    assert length.min() > 0.085 and length.max() < 0.41
    assert closed.min() == 0 and 0.98 < closed.max() <= 1


def test_few_frames_may_miss_a_blink_but_never_break():
    assert lid_course(blink_spans(np.random.default_rng(0), 0.0), np.zeros(0)).shape == (0,)
    assert not len(blink_spans(np.random.default_rng(0), 100.0, 0.0))


def test_same_generator_same_times():
    for draw in (
        lambda rng: draw_apex(rng, "casme3_a", 5),
        lambda rng: draw_duration(rng),
        lambda rng: blink_spans(rng, 30.0),
    ):
        assert np.array_equal(draw(np.random.default_rng(4)), draw(np.random.default_rng(4)))


def test_bad_arguments_are_named():
    rng = np.random.default_rng(0)
    with pytest.raises(MepsError, match="apex distribution='late'.*mmme"):
        draw_apex(rng, "late")
    with pytest.raises(MepsError, match="duration='samm'"):
        draw_duration(rng, "samm")
    with pytest.raises(MepsError, match="apex must lie"):
        draw_duration(rng, "mmme", apex=1.2)
    for wrong in ({"duration_s": -1.0}, {"rate_per_min": -1.0}, {"rate_per_min": 61.0}):
        with pytest.raises(MepsError, match=next(iter(wrong))):
            blink_spans(rng, **{"duration_s": 10.0, **wrong})
