"""A column of times against made clocks whose truth is known: every row, every unit, every rate."""

import numpy as np
import pytest

from meps_lab.datasets.casme3_physiology import read_physiology
from meps_lib.errors import MepsError
from meps_lib.signals import SignalWarning, load

SCALE = {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9, "min": 1 / 60, "h": 1 / 3600}


def written(path, seconds, head="time (s)", per_s=1.0, form="{:.6f}"):
    """A table of a slow wave, its stamps as an export would write them."""
    rows = (f"{form.format(t * per_s)},{2 + 0.1 * np.sin(t):.4f}\n" for t in seconds)
    path.write_text(f"{head},EDA (uS)\n" + "".join(rows))
    return path


def even(n=600, rate=10.0):
    return np.arange(n) / rate


def gap(t):
    return np.where(np.arange(len(t)) >= 300, t + 0.5, t)


def set_back(t):
    return np.where(np.arange(len(t)) >= 300, t - 5, t)


def repeated(t):
    return np.where(np.arange(len(t)) == 300, t[299], t)


def row_twice(t):
    return np.insert(t, 300, t[299])


def one_lost(t):
    return np.delete(t, 300)


def gap_after_a_repeated_stamp(t):
    """A stamp that stands twice must not end the search for what comes behind it."""
    return np.where(np.arange(len(t)) >= 300, t + 60, np.where(np.arange(len(t)) == 300, t[299], t))


FAULTS = (gap, set_back, repeated, row_twice, one_lost, gap_after_a_repeated_stamp)


@pytest.mark.parametrize("rate", [10.0, None], ids=["stated", "from the column"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_clock_that_jumps_is_refused_with_its_line(tmp_path, fault, rate):
    path = written(tmp_path / "body.csv", fault(even()))
    steps = np.diff(fault(even()))[299]
    with pytest.raises(
        MepsError, match=r"body\.csv: line 302, column time \(s\): a step of"
    ) as told:
        load(path, sfreq=rate)
    assert f"a step of {steps:.4g} s" in str(told.value)
    assert "expected a step of 0.1 s" in str(told.value)
    assert "rows are missing, repeated or set back" in str(told.value)


@pytest.mark.parametrize("unit", SCALE)
def test_every_unit_is_read(tmp_path, unit):
    name = f"time ({unit})"
    path = written(tmp_path / "body.csv", even(rate=250.0), name, SCALE[unit], "{:.9f}")
    assert load(path).sfreq == 250
    assert load(path, sfreq=250).sfreq == 250
    with pytest.raises(MepsError, match=rf"it runs at 250 Hz \({unit}\)"):
        load(path, sfreq=1000)


@pytest.mark.parametrize(
    ("name", "per_s", "form"),
    [
        ("timestamp", 1, "{:.3f}"),
        ("Unix time", 1e3, "{:.0f}"),
        ("unix_time_us", 1e6, "{:.0f}"),
        ("Timestamp", 1e9, "{:.0f}"),
    ],
)
def test_unix_times_tell_their_unit_by_their_size(tmp_path, name, per_s, form):
    """In s, ms, us and ns since 1970, some with so few digits that stamps stand twice."""
    path = written(tmp_path / "body.csv", 1.56e9 + even(rate=64.0), name, per_s, form)
    assert load(path).sfreq == pytest.approx(64, abs=1e-2)
    assert load(path, sfreq=64).sfreq == 64
    lost = written(path, 1.56e9 + gap(even(rate=64.0)), name, per_s, form)
    with pytest.raises(MepsError, match="line 302"):
        load(lost, sfreq=64)


@pytest.mark.parametrize("rate", [499.31, 256.021, 499.83])
def test_a_nominal_rate_is_refused_where_the_column_tells_the_true_one(tmp_path, rate):
    path = written(tmp_path / "body.csv", even(round(200 * rate), rate))
    assert load(path).sfreq == pytest.approx(rate, abs=1e-4)
    assert load(path, sfreq=rate).sfreq == rate
    with pytest.raises(MepsError, match=f"it runs at {rate:g} Hz"):
        load(path, sfreq=round(rate / 10) * 10 if rate > 400 else 255.5)


def test_few_digits_round_and_are_no_fault(tmp_path):
    """Six digits of minutes, as %g writes them: 6 ms at 10 minutes, where samples come each 5."""
    stamps = even(200_000, 200.0)
    path = written(tmp_path / "body.csv", stamps, "time (min)", 1 / 60, "{:.6g}")
    assert load(path, sfreq=200).sfreq == load(path).sfreq == 200
    late = np.where(np.arange(len(stamps)) >= 150_000, stamps + 0.1, stamps)
    with pytest.raises(MepsError, match="line 150002"):
        load(written(path, late, "time (min)", 1 / 60, "{:.6g}"), sfreq=200)


def test_a_column_too_coarse_to_tell_says_so(tmp_path):
    whole = written(tmp_path / "body.csv", np.floor(even(rate=64.0)), form="{:.0f}")
    with pytest.warns(SignalWarning, match=r"written to 1 s: a gap that is shorter cannot be seen"):
        assert load(whole, sfreq=64).sfreq == 64


def test_a_column_without_a_unit_is_held_against_the_rate(tmp_path):
    path = written(tmp_path / "body.csv", even(), "time")
    assert load(path, sfreq=10).sfreq == 10
    with pytest.raises(MepsError, match="column time: its unit is not stated; expected s, ms"):
        load(path)
    with pytest.raises(MepsError, match="column time .samples.: its unit is samples"):
        load(written(path, even(), "time (samples)"), sfreq=10)
    with pytest.raises(MepsError, match="line 302"):
        load(written(path, gap(even()), "time", 1000), sfreq=10)
    uneven = np.sin(even())
    assert load(written(path, uneven, "time_to_peak"), sfreq=10).names[0] == "time_to_peak"


def test_what_is_no_clock_at_all(tmp_path):
    for still in (np.zeros(60), -even()):
        path = written(tmp_path / "body.csv", still)
        for rate in (10, None):
            with pytest.raises(MepsError, match="does not rise from row to row"):
                load(path, sfreq=rate)
    with pytest.raises(MepsError, match="line 5, column time .s.: got nan"):
        load(written(tmp_path / "body.csv", np.r_[even(3), np.nan]))
    with pytest.raises(MepsError, match="one row states no sampling rate"):
        load(written(tmp_path / "body.csv", [0.0]))
    with pytest.raises(MepsError, match="sampling rate -5 Hz"):
        load(written(tmp_path / "body.csv", even()), sfreq=-5)


@pytest.mark.parametrize("fault", FAULTS)
def test_both_loaders_judge_the_same_times_alike(tmp_path, fault):
    """A person's table and the text of CAS(ME)^3, the same minutes at 200 Hz."""
    minutes = fault(even(rate=200.0)) / 60
    told = []
    for name, mark, read in (("a.csv", ",", load), ("01.txt", "\t", read_physiology)):
        head = mark.join(("time (min)", "PPG", "RSP", "ECG", "EDA", "marker"))
        rows = (mark.join((f"{m:.8f}", "1", "2", "3", "4", "5")) for m in minutes)
        (tmp_path / name).write_text("\n".join([head, *rows]))
        with pytest.raises(MepsError, match="line 302, column time") as caught:
            read(tmp_path / name, *((200,) if read is load else ()))
        told.append(str(caught.value).split("a step of", 1)[1])
    assert told[0] == told[1]


@pytest.mark.parametrize("name", ["LSL Timestamp (s)", "Zeit [s]", "sensor clock (s)", "t (s)"])
def test_a_unit_of_time_and_a_steady_rise_make_a_clock(tmp_path, name):
    path = written(tmp_path / "body.csv", 98765.4321 + even(), name)
    assert load(path).sfreq == 10
    with pytest.raises(MepsError, match="it runs at 10 Hz"):
        load(path, sfreq=50)
    with pytest.raises(MepsError, match="line 302"):
        load(written(path, 98765.4321 + gap(even()), name), sfreq=10)


def test_a_unit_of_time_alone_makes_no_clock(tmp_path):
    """Intervals between beats have it too, and a conductance in uS has none."""
    intervals = 0.8 + 0.1 * np.sin(even())
    assert load(written(tmp_path / "a.csv", intervals, "IBI (s)"), sfreq=10).sfreq == 10
    rising = written(tmp_path / "b.csv", gap(even()), "level (uS)")
    with pytest.warns(SignalWarning, match="rises as a clock"):
        assert load(rising, sfreq=50).sfreq == 50


@pytest.mark.filterwarnings("error::meps_lib.signals.SignalWarning")
@pytest.mark.parametrize("bits", [4, 8, 16, None])
def test_a_counter_of_samples_may_begin_again_but_not_jump(tmp_path, bits):
    count = np.arange(70_000 if bits == 16 else 600)
    count = count % 2**bits if bits else count
    path = written(tmp_path / "body.csv", count, "nSeq", form="{:.0f}")
    assert load(path, sfreq=10).names[0] == "nSeq"
    written(path, np.delete(count, [299, 300, 301]), "nSeq", form="{:.0f}")
    before = count[298]
    step = f"at line 301 by {(count[302] - before) % (2**bits if bits else 10**6)} and not by 1"
    with pytest.raises(SignalWarning, match=f"column nSeq rises as a clock .* {step}: rows may"):
        load(path, sfreq=10)


@pytest.mark.parametrize("since", [1.7e14, 1.7e15, 3e15], ids=["2 days", "20 days", "35 days"])
def test_a_phone_counts_from_when_it_was_switched_on(tmp_path, since):
    """Android's ns: after some days they are as many as us since 1970, of any year."""
    path = written(tmp_path / "body.csv", even(rate=250.0), "timestamp")
    path.write_text("timestamp,PPG\n" + "".join(f"{since + 4e6 * k:.0f},1\n" for k in range(600)))
    with pytest.raises(MepsError, match="column timestamp: its unit is not stated"):
        load(path)
    assert load(path, sfreq=250).sfreq == 250


@pytest.mark.parametrize(
    ("unit", "since", "rate"),
    [(1e-3, 1.1e8, 100), (1e-3, 1e9, 1000), (1e-3, 3e9, 1000), (1e-6, 1.7e9, 100)],
)
def test_a_microcontroller_counts_from_when_it_was_switched_on(tmp_path, unit, since, rate):
    """ms after a day to a month, and us after half an hour, as many as s since 1970."""
    path, steps = tmp_path / "body.csv", np.arange(600) / rate / unit
    path.write_text("time,EDA\n" + "".join(f"{since + step:.0f},1\n" for step in steps))
    with pytest.raises(MepsError, match="column time: its unit is not stated"):
        load(path)
    assert load(path, sfreq=rate).sfreq == rate


@pytest.mark.parametrize("rate", [50.0, 250.0, 256.0, 512.0])
@pytest.mark.parametrize("digits", [1, 2])
def test_stamps_that_stand_for_many_rows_give_the_rate(tmp_path, rate, digits):
    """Steps of 0 and of one digit, which as binary fractions differ in the last place."""
    form = f"{{:.{digits}f}}"
    path = written(tmp_path / "body.csv", 12.5 + even(20_000, rate), form=form)
    found = load(path).sfreq
    assert 20_000 * abs(1 / found - 1 / rate) < 2 * 10**-digits  # s at the end
    with pytest.raises(MepsError, match=r"line 9\d\d\d"):
        late = even(20_000, rate) + 2 * (np.arange(20_000) >= 9500)
        load(written(path, late, form=form))


def test_a_time_of_day_is_told_as_such(tmp_path):
    path = tmp_path / "body.csv"
    path.write_text("Time,EDA\n10:30:00.00,1\n10:30:00.25,2\n")
    with pytest.raises(MepsError, match="got '10:30:00.00', expected a number: leave times of day"):
        load(path, sfreq=4)
