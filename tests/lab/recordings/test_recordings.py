"""Real recordings: found, checked, refused, or replaced under a visible notice."""

import hashlib
import re
import shutil
import warnings
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pooch
import pytest

from meps_lab.chapters import standins
from meps_lab.recordings import find as recordings
from meps_lab.recordings.find import (
    LINES,
    NAMES,
    SHIPPED,
    RecordingUnavailable,
    RecordingWarning,
    available,
    fetch,
    fetch_or_notice,
)
from meps_lib.errors import MepsError
from meps_lib.signals import heart_rate

ORIGINS = pd.DataFrame(LINES)


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """No MEPS_DATA, an empty cache, and a network that does not answer; counts the attempts."""
    asked = []

    class NoNetwork:
        def __init__(self, **options):
            pass

        def __call__(self, url, output_file, pooch_object):
            asked.append(url)
            raise ConnectionError("no network")

    monkeypatch.delenv("MEPS_DATA", raising=False)
    monkeypatch.setattr(recordings, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(pooch, "HTTPDownloader", NoNetwork)
    return asked


@pytest.fixture
def offline(bare, monkeypatch, tmp_path):
    """The same, and a package without its recordings."""
    monkeypatch.setattr(recordings, "SHIPPED", tmp_path / "nothing")
    return bare


def serve(monkeypatch, content):
    """Let the place of origin answer with this content."""

    class Server:
        def __init__(self, **options):
            pass

        def __call__(self, url, output_file, pooch_object):
            Path(output_file).write_bytes(content)

    monkeypatch.setattr(pooch, "HTTPDownloader", Server)


@pytest.mark.parametrize("name", NAMES)
def test_every_recording_comes_with_the_package(name, bare):
    assert available(name)
    path = fetch(name)
    assert path.is_relative_to(SHIPPED) and path.exists() and bare == []
    for file in ORIGINS[ORIGINS["name"] == name].itertuples():
        assert hashlib.sha256((SHIPPED / file.path).read_bytes()).hexdigest() == file.sha256


def test_nothing_else_lies_there_and_each_folder_has_its_licence():
    there = {p.relative_to(SHIPPED).as_posix() for p in SHIPPED.rglob("*") if p.is_file()}
    folders = {path.partition("/")[0] for path in ORIGINS["path"]}
    assert there == {*ORIGINS["path"], *(f"{folder}/LICENSE" for folder in folders)}
    assert len(folders) == 5


def test_every_file_has_an_origin_at_a_commit():
    assert len(NAMES) == 19 and len(ORIGINS) == ORIGINS["url"].nunique() == 25
    assert not ORIGINS.isna().any(axis=None)
    for file in ORIGINS.itertuples():
        assert re.fullmatch(
            rf"https://raw\.githubusercontent\.com/{file.repository}/[0-9a-f]{{40}}/[\w./%-]+",
            file.url,
        )
        assert unquote(file.url).endswith("/" + Path(file.path).name)


def copied(path, *roots):
    """The package's file of this path, in other places as well."""
    for root in roots:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(SHIPPED / path, root / path)


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["biosppy_ecg", "empatica_e4"])
def test_a_wrong_byte_is_noticed_and_the_next_place_is_used(name, monkeypatch, tmp_path, offline):
    """The package, MEPS_DATA, the cache, and then nothing: no file is used unseen."""
    paths = ORIGINS.loc[ORIGINS["name"] == name, "path"].tolist()
    places = [tmp_path / place for place in ("nothing", "mine", "cache")]
    monkeypatch.setenv("MEPS_DATA", str(places[1]))
    for path in paths:
        copied(path, *places)
    for place in places:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            assert fetch(name).is_relative_to(place)
        assert [str(w.message).split()[1] for w in told] == [
            str(before / paths[-1]) for before in places[: places.index(place)]
        ]
        flip(place / paths[-1])
    with pytest.warns(RecordingWarning, match="is not the file of [a-zA-Z]+.*replace it") as told:
        assert not available(name)
    assert len(told) == 3 and {w.filename for w in told} == {__file__}
    (places[0] / paths[-1]).unlink()  # a part of a recording is none
    with pytest.warns(RecordingWarning), pytest.raises(RecordingUnavailable, match="go online"):
        fetch(name)


def test_unknown_name_lists_the_names():
    for ask in (fetch, available):
        with pytest.raises(MepsError, match="face_video") as caught:
            ask("face_vidoe")
        assert all(name in str(caught.value) for name in NAMES)


def test_no_network_says_what_to_do(offline):
    with pytest.raises(RecordingUnavailable, match="MEPS_DATA") as caught:
        fetch("biosppy_ecg")
    assert offline == ORIGINS.loc[ORIGINS["name"] == "biosppy_ecg", "url"].tolist()
    assert "biosppy/ecg.txt" in str(caught.value) and "go online" in str(caught.value)
    assert not available("biosppy_ecg")


def test_download_is_checked_and_then_kept(monkeypatch, offline):
    content = (SHIPPED / "biosppy/ecg.txt").read_bytes()
    serve(monkeypatch, content + b"!")
    with pytest.raises(RecordingUnavailable, match="could not download"):
        fetch("biosppy_ecg")
    serve(monkeypatch, content)
    path = fetch("biosppy_ecg")
    assert path.read_bytes() == content and available("biosppy_ecg")
    serve(monkeypatch, b"nothing")
    assert fetch("biosppy_ecg") == path  # from the cache
    path.write_bytes(b"harmed")
    with pytest.warns(RecordingWarning), pytest.raises(RecordingUnavailable):
        fetch("biosppy_ecg")


def test_notice_is_visible_and_the_notebook_goes_on(offline, capsys):
    assert fetch_or_notice("face_video", "a simulated clip") is None
    shown = capsys.readouterr().out
    assert "NOTICE" in shown and "face_video" in shown and "a simulated clip" in shown
    notice = recordings.Notice("x", "about", "y", "<b>")
    assert "admonition warning" in notice._repr_html_() and "<b>" not in notice._repr_html_()


@pytest.mark.parametrize("name", standins.STANDINS)
def test_standins_have_the_shape_of_the_real_signals(offline, name, capsys, monkeypatch):
    standin = standins.open_signals(name)
    assert "NOTICE" in capsys.readouterr().out
    assert standin.source == f"{name} (simulated)"
    monkeypatch.setattr(recordings, "SHIPPED", SHIPPED)
    real = standins.open_signals(name)
    assert real.source == name
    assert (real.names, real.units, real.sfreq) == (standin.names, standin.units, standin.sfreq)
    assert np.isclose(real.duration, standin.duration, rtol=0.3)


def test_standin_of_the_wristband_is_poor_too(offline):
    with pytest.raises(MepsError, match="no clear beats"):
        heart_rate(standins.open_signals("empatica_e4"), "PPG")
    with pytest.raises(MepsError, match="neurokit_resting"):
        standins.open_signals("face_video")


def test_meps_data_takes_a_tilde_and_says_when_it_is_no_folder(monkeypatch, tmp_path, offline):
    (tmp_path / "data" / "biosppy").mkdir(parents=True)
    (tmp_path / "data" / "biosppy" / "ecg.txt").write_text("another")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MEPS_DATA", "~/data")
    with pytest.warns(RecordingWarning, match=f"{tmp_path / 'data'}.* is not the file"):
        assert not available("biosppy_ecg")
    monkeypatch.setenv("MEPS_DATA", "~/dota")
    with pytest.warns(RecordingWarning, match="'~/dota', which is no folder"):
        assert not available("biosppy_ecg")


def test_a_cache_that_cannot_be_written_is_no_network_fault(tmp_path, offline):
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(RecordingUnavailable, match="cannot be written .*nothing was downloaded"):
        fetch("biosppy_ecg")
    assert offline == []
