"""AcqKnowledge's MATLAB export: written by the simulator or SciPy, and spoilt in turn."""

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from meps_lab.datasets.readers.biopac_mat import read_mat
from meps_lab.simulate.layouts.biopac import digital_lines, write_mat
from meps_lab.simulate.layouts.mmme_signals import COLUMNS
from meps_lib.errors import MepsError

LABELS, UNITS = zip(*COLUMNS, strict=True)
N = 3000


@pytest.fixture
def session():
    """17 columns of noise, with two markers on the digital lines."""
    codes = np.zeros(N, int)
    codes[500:600], codes[1500:1600] = 101, 148
    data = np.random.default_rng(0).normal(size=(17, N))
    data[8:16] = digital_lines(codes)
    return data


@pytest.fixture
def mat(tmp_path, session):
    """A function that writes a session with some of its variables changed, or left out."""

    def write(without=(), **changed):
        path = tmp_path / "sub01.mat"
        write_mat(path, np.nan_to_num(session, posinf=0), LABELS, UNITS, 1000.0)
        content = {k: v for k, v in loadmat(path).items() if not k.startswith("__")} | changed
        savemat(path, {k: v for k, v in content.items() if k not in without})
        return path

    return write


def test_signals_units_rate_and_markers(mat, session):
    read = read_mat(mat())
    assert read.recording.names == ("PPG", "RSP", "SKT", "EDA", "ECG")
    assert read.recording.units == ("V", "V", "degC", "uS", "mV")
    assert read.recording.sfreq == 1000.0
    assert np.array_equal(read.recording.signals, session[[0, 1, 3, 4, 5]])
    assert read.events == ((500, 101), (1500, 148))


def test_one_signal_alone(mat, session):
    recording = read_mat(mat(), ("ECG",)).recording
    assert recording.names == ("ECG",) and np.array_equal(recording.signals, session[[5]])
    with pytest.raises(MepsError, match="no signal 'EMG'; it has PPG"):
        read_mat(mat(), ("EMG",))


def test_a_sample_that_is_missing_is_named_where_it_matters(mat, session):
    session[4, 77] = np.nan
    path = mat(data=session.T)
    with pytest.raises(MepsError, match=r"sub01\.mat: channel EDA: sample 77 .* is nan"):
        read_mat(path)
    assert read_mat(path, ("ECG", "PPG")).recording.n_samples == N
    session[9, 12] = np.inf
    with pytest.raises(MepsError, match=r"Digital \(STP Input 1\), sample 12 is inf"):
        read_mat(mat(data=session.T), ("ECG",))


def test_lines_of_one_instead_of_five_volts(mat, session):
    session[8:16] /= 5
    assert read_mat(mat(data=session.T)).events == ((500, 101), (1500, 148))
    session[8:16] = np.linspace(0, 0.02, 8)[:, None]  # nothing but offsets of some mV
    assert read_mat(mat(data=session.T)).events == ()


@pytest.mark.parametrize(
    ("isi", "unit", "rate"), [(0.5, "ms", 2000.0), (0.001, "sec", 1000.0), (4.0, " MS ", 250.0)]
)
def test_the_rate_is_the_files(mat, isi, unit, rate):
    assert read_mat(mat(isi=isi, isi_units=unit)).recording.sfreq == pytest.approx(rate)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"without": ("data",)}, r"no variable data; .*found .*isi"),
        ({"without": ("labels", "units")}, "no variable labels, units"),
        ({"isi": 0.0}, "expected the time from sample to sample"),
        ({"isi": np.nan}, "expected the time from sample to sample"),
        ({"isi_units": "feet"}, r"isi \[1.0\] 'feet'"),
        ({"data": np.zeros((5, 3))}, "3 columns, 17 labels and 17 units"),
        ({"data": np.zeros((0, 17))}, "expected numbers"),
        ({"data": np.array([["a"]])}, "expected numbers"),
        ({"labels": np.array(["x", *LABELS[1:]])}, "0 columns whose label begins with 'PPG'"),
        ({"labels": np.array([*LABELS[:6], "EDA 2", *LABELS[7:]])}, "2 columns .* 'EDA'"),
        ({"labels": np.array([*LABELS[:8], *"abcdefgh", "r"])}, "0 columns whose .*'Digital'"),
    ],
)
def test_what_is_not_as_exported(mat, changed, message):
    with pytest.raises(MepsError, match=message) as caught:
        read_mat(mat(**changed))
    assert "sub01.mat" in str(caught.value)


def test_every_cut_of_the_file_is_an_error_of_ours(mat, tmp_path):
    whole = mat().read_bytes()
    path = tmp_path / "short.mat"
    for n in [0, 1, 60, 127, 128, 130, 137, 150, 200, 1000, len(whole) // 2, len(whole) - 400]:
        path.write_bytes(whole[:n])
        with pytest.raises(MepsError, match=r"short\.mat"):
            read_mat(path)


def test_matlab_7_3_says_how_to_save_it(tmp_path):
    path = tmp_path / "new.mat"
    head = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    path.write_bytes(head + bytes(1000))
    with pytest.raises(MepsError, match=r"new\.mat is of MATLAB 7\.3 .*-v7"):
        read_mat(path)
