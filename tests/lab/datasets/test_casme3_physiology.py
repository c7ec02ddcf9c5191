"""The physiology's text of CAS(ME)^3 Part C: what is read, and what is refused with its place."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meps_lab.datasets.casme3_physiology import columns, read_physiology
from meps_lab.simulate.layouts.biopac import write_text
from meps_lib.errors import MepsError


def text_of(tmp_path, change=lambda text: text, n=400, **columns_):
    wave = np.sin(np.arange(n) / 9)
    marker = np.zeros(n)
    marker[100:110], marker[10], marker[300] = 5, 3, 5
    path = tmp_path / "01.txt"
    names = dict.fromkeys(("PPG", "RSP", "ECG", "EDA"), wave) | {"marker": marker} | columns_
    write_text(path, {k: v for k, v in names.items() if v is not None}, 200.0)
    path.write_text(change(path.read_text()))
    return path


def test_the_first_exact_5_starts_the_video(tmp_path):
    near = np.zeros(400)
    near[50], near[120:] = 4.98, 5
    assert read_physiology(text_of(tmp_path))[1] == 100
    recording, start = read_physiology(
        text_of(tmp_path, line(9, lambda row: row + "\t7"), marker=near, digital=np.ones(400))
    )  # further cells mean nothing
    assert start == 120 and recording.names == ("PPG", "RSP", "ECG", "EDA")
    assert recording.sfreq == 200 and recording.n_samples == 400


def line(k, how):
    """Change line k of a text, counted from 1."""

    def change(text):
        lines = text.splitlines()
        lines[k - 1] = how(lines[k - 1])
        return "\n".join(lines)

    return change


def cell(column, value):
    return lambda row: "\t".join(
        value if k == column else old for k, old in enumerate(row.split("\t"))
    )


def ten_rows_lost(text):
    lines = text.splitlines(True)
    return "".join(lines[:50] + lines[60:])


def in_seconds(text):
    head, *lines = text.splitlines()
    rest = (line.split("\t", 1)[1] for line in lines)
    return "\n".join([head, *(f"{k / 200}\t{cells}" for k, cells in enumerate(rest))])


BAD_TEXT = {
    "no 5": ({"marker": np.arange(400) % 2 * 3}, None, "no marker is exactly 5.*it has 0, 3"),
    "comma": ({}, line(7, cell(3, "0,5")), "row 7, column ECG: got '0,5'.*comma where a point"),
    "all commas": ({}, lambda t: t.replace(".", ","), "got '.*,.*comma where a point"),
    "no header": ({}, lambda t: t.split("\n", 1)[1], "row 1: got numbers.*expected a header"),
    "no EDA": ({"EDA": None}, None, "row 1: no column is EDA; found .'time .min.', 'PPG'"),
    "two": ({"ecg 2": np.ones(400)}, None, "2 columns could be ECG"),
    "empty cell": ({}, line(9, cell(1, "")), "row 9, column PPG: got ''; expected a number"),
    "NaN": ({}, line(9, cell(5, "NaN")), "row 9, column marker: got 'NaN'"),
    "infinite": ({}, line(9, cell(4, "inf")), "row 9, column EDA: got 'inf'"),
    "word": ({}, line(9, cell(4, "off")), "row 9, column EDA: got 'off'"),
    "empty line": ({}, line(9, lambda row: ""), "row 9, column time: got ''"),
    "short row": ({}, line(9, lambda row: row[:9]), "row 9, column .*: got ''"),
    "short rows": ({}, lambda t: t.split("\n", 1)[0] + "\n1\t2\n" * 9, "cannot be read"),
    "a row lost": (
        {},
        ten_rows_lost,
        "line 51, column time.*0.295 s after.*0.245 s .*200 Hz",
    ),
    "seconds": ({}, in_seconds, "column time.*runs at 3.33.* Hz .min.; correct .* or the unit"),
    "commas between": ({}, lambda t: t.replace("\t", ","), "no column is PPG"),
    "empty": ({}, lambda t: "", "no rows below a header"),
    "header only": ({}, lambda t: t.splitlines()[0], "no rows below a header"),
    "binary": ({}, lambda t: "a\0b\n" * 9, "no plain text"),
}


@pytest.mark.parametrize("case", BAD_TEXT)
def test_physiology_that_cannot_be_read(tmp_path, case):
    cells, change, message = BAD_TEXT[case]
    path = text_of(tmp_path, change=change or (lambda text: text), **cells)
    with pytest.raises(MepsError, match=f"01.txt.*{message}"):
        read_physiology(path)


@given(st.text("012.,-e\t\n ECGPARSDmtk5\0\ufeff，", max_size=80), st.booleans())
@settings(max_examples=150)
def test_any_text_is_read_or_refused(tmp_path_factory, text, headed):
    path = tmp_path_factory.getbasetemp() / "any.txt"
    head = "min\tPPG\tRSP\tECG\tEDA\tmarker\n" if headed else ""
    path.write_text(head + text)
    try:
        recording, start = read_physiology(path)
    except MepsError as error:
        assert "any.txt" in str(error)
    else:
        assert np.isfinite(recording.signals).all() and start < recording.n_samples


@pytest.mark.parametrize(
    "header",
    [
        "time (min)\tPPG\tRSP\tECG\tEDA\tmarker\t",
        "min\tPPG100C\tRSP, X, RSPEC-R\tECG100C\tEDA (uS)\tMarker\tdigital",
        "Time_min\tPulse\tRespiration\tEKG\tGSR\tTrigger\tCH7",
        "\ufeffCH0\tCH1\tCH2\tCH9\tCH16\tCH20\tCH21",  # nothing known: the documented order
    ],
)
def test_headers_are_read_tolerantly(header):
    cells = header.encode().decode("utf-8-sig").split("\t")
    assert list(columns(cells, "01.txt").values()) == [0, 1, 2, 3, 4, 5]


def test_columns_are_found_in_any_order(tmp_path):
    def swap(text):
        return "\n".join("\t".join(row.split("\t")[::-1]) for row in text.splitlines())

    ramp = np.linspace(0, 1, 400)
    recording, start = read_physiology(text_of(tmp_path, change=swap, ECG=ramp))
    assert start == 100 and recording.channel("ECG") == pytest.approx(ramp, abs=1e-7)
