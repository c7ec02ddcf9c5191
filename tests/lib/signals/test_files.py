"""Reading: what real files hold, and an error that names file, line and column for bad ones."""

import numpy as np
import pandas as pd
import pytest

from meps_lab.recordings import find as recordings
from meps_lib.errors import MepsError
from meps_lib.signals import load

COUNTS = "12-bit counts"


@pytest.mark.parametrize(
    ("name", "names", "units", "sfreq", "n_samples"),
    [
        ("neurokit_eventrelated", ("ECG", "EDA", "Photosensor", "RSP"), None, 100, 15_000),
        ("neurokit_resting", ("ECG", "PPG", "RSP"), None, 100, 30_000),
        ("biosppy_ecg", ("ECG",), (COUNTS,), 1000, 15_000),
        ("biosppy_eda", ("EDA",), (COUNTS,), 1000, 150_000),
        ("biosppy_ppg", ("PPG",), (COUNTS,), 1000, 20_000),
        ("biosppy_resp", ("RSP",), (COUNTS,), 1000, 60_000),
        ("biosppy_eeg_closed", ("EEG",), None, 125, 38_219),
        ("empatica_e4", ("EDA", "PPG", "SKT"), ("uS", "not stated", "degrees C"), 64, 9998),
    ],
)
def test_real_files_are_read_with_what_they_state(real, name, names, units, sfreq, n_samples):
    recording = real(name)
    assert recording.names == names
    assert recording.units == (units or ("not stated",) * len(names))
    assert recording.sfreq == sfreq
    assert recording.n_samples == n_samples


def test_samples_are_those_of_pandas(real):
    recording = real("neurokit_eventrelated")
    path = recordings.fetch("neurokit_eventrelated")
    table = pd.read_csv(path, float_precision="round_trip")
    np.testing.assert_array_equal(recording.signals, table.to_numpy().T)


def test_counts_stay_counts(real):
    """The converter has 12 bits: whole numbers below 4096, and no one made them mV."""
    x = real("biosppy_ecg").signals
    assert np.array_equal(x, np.round(x)) and x.min() >= 0 and 100 < x.max() < 4096
    with pytest.raises(MepsError, match="12-bit counts, not mV"):
        real("biosppy_ecg", units={"ECG": "mV"})


def test_wristband_rates_meet_on_one_clock(real):
    """Temperature at 4 Hz, brought to 64 Hz, keeps the values of the file at its own times."""
    together = real("empatica_e4")
    alone = load(recordings.fetch("empatica_e4") / "TEMP.csv")
    assert (alone.sfreq, together.start) == (4, alone.start)
    stated = (recordings.fetch("empatica_e4") / "TEMP.csv").read_text().split()[0]
    assert alone.start == float(stated.strip(",")) > 1e8  # Unix time, in the file's first line
    ours = together.channel("SKT")[::16]
    np.testing.assert_allclose(ours, alone.signals[0, : len(ours)], atol=0.03)  # steps of 0.02
    assert real("empatica_e4", channels=("ACC_X", "EDA")).sfreq == 32


def test_names_and_units_from_the_header(tmp_path):
    path = tmp_path / "trial.tsv"
    path.write_text("GSR (uS)\tBVP\tmarker\n1\t2\t0\n3\t4\t5\n")
    recording = load(path, sfreq=200, units={"PPG": "a.u."})
    assert recording.names == ("EDA", "PPG", "marker")
    assert recording.units == ("uS", "a.u.", "not stated")
    np.testing.assert_array_equal(recording.signals, [[1, 3], [2, 4], [0, 5]])
    assert load(path, sfreq=200, channels=("marker", "EDA")).names == ("marker", "EDA")


def test_one_column_and_an_agreeing_clock(tmp_path):
    (tmp_path / "one.csv").write_text("EDA (uS)\n1\n2\n")
    one = load(tmp_path / "one.csv", sfreq=4)
    assert (one.names, one.units) == (("EDA",), ("uS",))
    (tmp_path / "two.csv").write_text("time (ms),ECG\n0,1\n20,2\n40,3\n")
    assert load(tmp_path / "two.csv", sfreq=50).n_samples == 3


BAD = {
    "empty": ("", {}, "empty"),
    "header only": ("ECG,EDA\n", {}, "no samples"),
    "half a last row": ("ECG,EDA\n1,2\n3,4\n5", {}, r"line 4 has 1 values.*ECG, EDA.*truncated"),
    "a column missing": ("ECG,EDA\n1,2\n3\n5,6\n", {}, r"line 3 has 1 values, expected 2"),
    "a value too many": ("ECG,EDA\n1,2\n3,4,5\n", {}, r"line 3 has 3 values, expected 2"),
    "an empty cell": ("ECG,EDA\n1,2\n,4\n", {}, r"line 3, column ECG: got ''"),
    "text in a cell": ("ECG,EDA\n1,2\n3,four\n", {}, r"line 3, column EDA: got 'four'"),
    "a blank line": ("ECG,EDA\n1,2\n\n3,4\n", {}, r"line 3 has"),
    "NaN": ("ECG,EDA\n1,2\n3,nan\n5,nan\n", {}, r"channel EDA: sample 1 \(0\.010 s\).*2 in all"),
    "infinity": ("ECG,EDA\n1,2\ninf,4\n", {}, r"channel ECG: sample 1"),
    "no name": ("ECG,\n1,2\n", {}, r"line 1, column 2: got ''"),
    "no header": ("1,2\n3,4\n5,6\n", {}, r"expected a header"),
    "no rate": ("ECG\n1\n2\n", {"sfreq": None}, r"states no sampling rate; pass sfreq="),
    "negative rate": ("ECG\n1\n2\n", {"sfreq": -100}, r"sampling rate -100 Hz"),
    "zero rate": ("ECG\n1\n2\n", {"sfreq": 0}, r"sampling rate 0 Hz"),
    "unknown channel": ("ECG\n1\n2\n", {"channels": ("EDA",)}, r"no channel 'EDA'; it has ECG"),
    "another unit": ("ECG (mV)\n1\n2\n", {"units": {"ECG": "V"}}, r"ECG is in mV, not V"),
    "unknown unit": ("ECG\n1\n2\n", {"units": {"EDA": "uS"}}, r"no channel 'EDA'"),
    "two of a name": ("EDA,GSR\n1,2\n", {}, r"channel names \('EDA', 'EDA'\)"),
    "biosppy, other rate": (
        "# Sampling Rate (Hz):= 1000.00\n# Labels:= ECG\n1\n2\n",
        {},
        r"states 1000 Hz, got sfreq",
    ),
    "biosppy, no rate": ("# Labels:= ECG\n1\n2\n", {"sfreq": None}, r"states no sampling rate"),
    "biosppy, odd rate": ("# Sampling Rate (Hz):= fast\n1\n", {}, r"rate of 'fast'"),
    "biosppy, comma rate": ("# Sampling Rate (Hz):= 100,200\n1\n", {}, r"rate of '100,200'"),
    "another program's #": ('# {"sampling rate": 1000}\n1\t2\n', {}, r"are not BioSPPy's"),
    "rate as text": ("ECG\n1\n2\n", {"sfreq": "100"}, r"sfreq='100'; expected a number"),
    "decimal commas": ("ECG;EDA\n1,5;2,3\n", {}, r"column ECG: got '1,5'.*with a point"),
    "clock in s": ("time (s),ECG\n0,1\n0.02,2\n0.04,3\n", {}, r"line 3.*it runs at 50 Hz \(s\)"),
    "clock in ms": ("time_ms,ECG\n0,1\n20,2\n40,3\n", {}, r"at 100 Hz: it runs at 50 Hz \(ms\)"),
    "biosppy, text": ("# Sampling Rate (Hz):= 100\n# Labels:= ECG\n1\nx\n", {}, r"line 4.*got 'x'"),
    "empatica, other rate": ("1560279825.0\n4.0\n1\n2\n", {}, r"states 4 Hz, got sfreq=100"),
    "empatica, no samples": ("1560279825.0\n4.0\n", {"sfreq": None}, r"no samples"),
    "empatica, zero rate": ("1560279825.0\n0.0\n1\n", {"sfreq": None}, r"sampling rate 0"),
    "empatica, intervals": ("1560279825.0, IBI\n83.5,0.6\n", {}, r"line 1, column 1"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_refused_by_name(tmp_path, case):
    text, options, message = BAD[case]
    path = tmp_path / "signals.csv"
    path.write_text(text)
    with pytest.raises(MepsError, match=message) as caught:
        load(path, **({"sfreq": 100} | options))
    assert str(path) in str(caught.value)


def test_what_is_no_file_of_signals(tmp_path):
    with pytest.raises(MepsError, match="no such file"):
        load(tmp_path / "absent.csv", sfreq=100)
    (tmp_path / "video.mp4").write_bytes(bytes(range(256)))
    with pytest.raises(MepsError, match="not a text file"):
        load(tmp_path / "video.mp4", sfreq=100)
    (tmp_path / "wide.csv").write_text("ECG\n1\n", encoding="utf-16")
    with pytest.raises(MepsError, match="save it as UTF-8"):
        load(tmp_path / "wide.csv", sfreq=100)
    with pytest.raises(MepsError, match="cannot be opened"):
        load(tmp_path / ("x" * 300), sfreq=100)
    with pytest.raises(MepsError, match="EDA.csv: no such file"):
        load(tmp_path)
    with pytest.raises(MepsError, match="states its own rates"):
        load(tmp_path, sfreq=64)
    with pytest.raises(MepsError, match=r"got \['ECG'\]"):
        load(tmp_path, channels=("ECG",))


def test_rate_in_the_file_name_must_agree(tmp_path):
    path = tmp_path / "rest_100hz.csv"
    path.write_text("ECG\n1\n2\n")
    assert load(path).sfreq == 100
    with pytest.raises(MepsError, match="states 100 Hz, got sfreq=250"):
        load(path, sfreq=250)


def test_a_wristband_file_keeps_its_clock_and_a_converter_its_counts(tmp_path):
    (tmp_path / "EDA.csv").write_text("1560279825.0\n4.0\n0.1\n0.2\n0.3\n")
    (tmp_path / "BVP.csv").write_text("1560279824.5\n8.0\n" + "1\n2\n" * 8)
    alone = load(tmp_path / "EDA.csv")
    assert (alone.start, alone.sfreq, alone.units) == (1560279825.0, 4.0, ("uS",))
    both = load(tmp_path, channels=("EDA", "PPG"))
    assert (both.start, both.sfreq, both.n_samples) == (1560279825.0, 8.0, 6)
    head = "# Sampling Rate (Hz):= 100\n# Resolution:= 10\n# Labels:= ECG\n"
    (tmp_path / "ecg.txt").write_text(head + "512\n513\n")
    assert load(tmp_path / "ecg.txt").units == ("10-bit counts",)


@pytest.mark.parametrize("spelt", ["uS", "µS", "μS", "microS", "microsiemens"])
def test_a_unit_is_one_whatever_its_spelling(tmp_path, spelt):
    path = tmp_path / "skin.csv"
    for head in ("EDA", "EDA (uS)", f"EDA ({spelt})"):
        path.write_text(f"{head},my\n1,2\n2,3\n")
        assert load(path, sfreq=4, units={"EDA": spelt}).units == ("uS", "not stated")
    assert load(path, sfreq=4, units={"my": spelt}).unit("my") == spelt  # who knows what it is
