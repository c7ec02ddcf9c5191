"""A person's signal files at the command line: what is read, what is not, and what is in doubt."""

import cv2
import neurokit2 as nk
import numpy as np
import pandas as pd
import pytest

from meps_lab.cli import main as cli
from meps_lab.cli.own_clip import own_signals
from meps_lib.errors import MepsError
from meps_lib.signals import load

HEART = nk.ecg_simulate(20, sampling_rate=100, heart_rate=70, random_state=1)


def table(tmp_path, name="body.csv", **columns):
    """20 s at 100 Hz; underscores of a name stand, as in ``ecg_mV``."""
    pd.DataFrame(columns).to_csv(tmp_path / name, index=False)
    return tmp_path / name


def no_video(tmp_path):
    (tmp_path / "no.mp4").write_bytes(b"words")
    return tmp_path / "no.mp4"


@pytest.mark.parametrize(
    ("head", "name", "unit"),
    [
        ("ecg_mV", "ECG", "mV"),
        ("EKG mV", "ECG", "mV"),
        ("eda_uS", "EDA", "uS"),
        ("GSR [µS]", "EDA", "uS"),
        ("gsr_microsiemens", "EDA", "uS"),
        ("Temp_C", "SKT", "degrees C"),
        ("bvp_au", "PPG", "a.u."),
        ("ecg_left", "ecg_left", "not stated"),
        ("my_mV", "my_mV", "not stated"),
        ("marker (V)", "marker", "V"),
        ("EDA (kOhm)", "EDA", "kOhm"),
    ],
)
def test_units_are_read_from_what_a_name_ends_in(tmp_path, head, name, unit):
    recording = load(table(tmp_path, **{head: HEART}), sfreq=100)
    assert (recording.names, recording.units) == ((name,), (unit,))


def test_columns_that_are_not_read_are_named(tmp_path, capsys):
    columns = {"ecg_mV": HEART, "eda": 1 + np.arange(2000) / 999, "pulse_ir": HEART, "note": HEART}
    recording = own_signals(table(tmp_path, **columns), 100, ("EDA=uS",))
    printed = capsys.readouterr().out
    assert "signals read: EDA (uS), ECG (mV)\n" in printed
    assert "columns that are not read: pulse_ir, note\n" in printed
    assert recording.unit("EDA") == "uS"


def test_nothing_is_said_of_columns_when_all_are_read(tmp_path, capsys):
    own_signals(table(tmp_path, ECG=HEART), 100, ())
    assert "not read" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ({"ECG": HEART}, (), "states no sampling rate; pass --ps-sfreq in Hz"),
        ({"ECG": HEART}, ("--ps-sfreq", "1e9"), "sampling rate 1000000000.0 Hz; expected 0.1 to"),
        ({"time (s)": np.arange(2000) / 100, "ECG": HEART}, ("--ps-sfreq", "50"), "line 3, column"),
        ({"heart": HEART}, ("--ps-sfreq", "100"), "body.csv has heart; expected at least one of"),
        ({"ECG": HEART}, ("--ps-sfreq", "100", "--ps-units", "mV"), "--ps-units mV: expected a"),
        ({"ECG": HEART}, ("--ps-sfreq", "100", "--ps-units", "EDA=uS"), "no channel 'EDA'"),
        ({"ecg_mV": HEART}, ("--ps-sfreq", "100", "--ps-units", "ECG=V"), "ECG is in mV, not V"),
    ],
)
def test_signals_are_refused_before_the_video_is_read(tmp_path, capsys, columns, options, message):
    """It is no video: whoever looks at it first complains of that."""
    ps = table(tmp_path, **columns)
    args = ["predict", str(no_video(tmp_path)), "--picture", str(tmp_path / "p.png")]
    assert cli.main([*args, "--ps", str(ps), *options]) == 2
    error = capsys.readouterr().err
    assert message in error and " sfreq=" not in error and "  " not in error


def test_the_rate_of_the_file_name_and_the_option_that_contradicts_it(tmp_path):
    with pytest.raises(MepsError, match=r"states 100 Hz, got --ps-sfreq 50; drop --ps-sfreq$"):
        own_signals(table(tmp_path, "body_100hz.csv", ECG=HEART), 50, ())
    assert load(table(tmp_path, "body_499.31hz.csv", ECG=HEART)).sfreq == 499.31


def test_a_wrong_rate_and_poor_beats_are_said(tmp_path, capsys):
    args = ["predict", str(no_video(tmp_path)), "--picture", str(tmp_path / "p.png"), "--ps"]
    cli.main([*args, str(table(tmp_path, ECG=HEART)), "--ps-sfreq", "200"])
    error = capsys.readouterr().err
    assert "note: " in error and "140 beats a minute" in error and "at about 100 Hz" in error
    noise = np.random.default_rng(0).normal(size=2000)
    cli.main([*args, str(table(tmp_path, PPG=noise)), "--ps-sfreq", "100"])
    assert "the signal shows no clear beats" in capsys.readouterr().err


@pytest.mark.parametrize("at", ["13.1", "1e9", "nan"])
def test_signals_that_end_too_soon_are_told_before_the_video_is_read(tmp_path, capsys, at):
    """Of 20 s, the video at 13.1 s leaves less than the 7 s that the model reads."""
    ps, picture = table(tmp_path, ECG=HEART), str(tmp_path / "p.png")
    for k in range(9):  # nobody is in them: whoever looks at them first complains of that
        cv2.imwrite(str(tmp_path / f"{k}.png"), np.zeros((64, 64), np.uint8))
    args = ["predict", str(tmp_path), "--fps", "30", "--picture", picture, "--ps", str(ps)]
    assert cli.main([*args, "--ps-sfreq", "100", "--video-at", at]) == 2
    assert "lasts 20 s; expected 7 s or more" in capsys.readouterr().err
    assert cli.main([*args, "--ps-sfreq", "100", "--video-at", "13"]) == 2
    assert "face" in capsys.readouterr().err


def test_resistance_of_the_skin_is_told_before_the_video_is_read(tmp_path):
    falling = 200 - np.arange(2000) / 50
    with pytest.raises(MepsError, match="EDA is in kOhm, which is resistance"):
        own_signals(table(tmp_path, **{"GSR (kOhm)": falling}), 100, ())
    with pytest.raises(MepsError, match="EDA is in kOhm, which is resistance"):
        own_signals(table(tmp_path, GSR=falling), 100, ("EDA=kOhm",))
