"""Real recordings: found, checked, refused, or replaced under a visible notice."""

import hashlib
import os
import shutil
from pathlib import Path

import numpy as np
import pooch
import pytest

from meps_lab.chapters import standins
from meps_lab.recordings import find as recordings
from meps_lab.recordings.find import (
    NAMES,
    RecordingUnavailable,
    available,
    fetch,
    fetch_or_notice,
)
from meps_lab.recordings.origins import RECORDINGS
from meps_lib.errors import MepsError
from meps_lib.signals import heart_rate

DATA = os.environ.get("MEPS_DATA")
here = pytest.mark.skipif(not DATA, reason="MEPS_DATA is not set")


@pytest.fixture
def offline(monkeypatch, tmp_path):
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


def serve(monkeypatch, content):
    """Let the place of origin answer with this content."""

    class Server:
        def __init__(self, **options):
            pass

        def __call__(self, url, output_file, pooch_object):
            Path(output_file).write_bytes(content)

    monkeypatch.setattr(pooch, "HTTPDownloader", Server)


@here
@pytest.mark.parametrize("name", NAMES)
def test_checksums_are_those_of_the_files(name):
    for file in RECORDINGS[name].files:
        content = (Path(DATA) / file.path).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file.sha256
    assert available(name)
    assert fetch(name) == Path(DATA) / RECORDINGS[name].path


def test_every_file_has_an_origin_at_a_commit():
    files = [file for recording in RECORDINGS.values() for file in recording.files]
    assert len(files) == len({file.url for file in files}) == 25
    for file in files:
        assert file.url.startswith(f"https://raw.githubusercontent.com/{file.origin.repository}/")
        assert f"/{file.commit}/" in file.url and len(file.commit) == 40 and " " not in file.url
        assert file.origin.licence and file.origin.citation


def test_unknown_name_lists_the_names():
    for ask in (fetch, available):
        with pytest.raises(MepsError, match="face_video") as caught:
            ask("face_vidoe")
        assert all(name in str(caught.value) for name in NAMES)


def test_no_network_says_what_to_do(offline):
    with pytest.raises(RecordingUnavailable, match="MEPS_DATA") as caught:
        fetch("biosppy_ecg")
    assert offline == [RECORDINGS["biosppy_ecg"].files[0].url]
    assert "biosppy/ecg.txt" in str(caught.value) and "go online" in str(caught.value)
    assert not available("biosppy_ecg")


@here
def test_a_changed_file_under_meps_data_is_refused(monkeypatch, tmp_path, offline):
    (tmp_path / "biosppy").mkdir()
    target = tmp_path / "biosppy" / "ecg.txt"
    shutil.copy(Path(DATA) / "biosppy" / "ecg.txt", target)
    monkeypatch.setenv("MEPS_DATA", str(tmp_path))
    assert fetch("biosppy_ecg") == target
    target.chmod(0o644)
    target.write_bytes(target.read_bytes() + b"0\n")
    assert not available("biosppy_ecg")
    with pytest.raises(RecordingUnavailable, match="is not the file of PIA-Group/BioSPPy"):
        fetch("biosppy_ecg")
    assert offline == []  # it is not replaced behind your back


@here
def test_download_is_checked_and_then_kept(monkeypatch, offline):
    content = (Path(DATA) / "biosppy" / "ecg.txt").read_bytes()
    monkeypatch.delenv("MEPS_DATA", raising=False)
    serve(monkeypatch, content + b"!")
    with pytest.raises(RecordingUnavailable, match="could not download"):
        fetch("biosppy_ecg")
    serve(monkeypatch, content)
    path = fetch("biosppy_ecg")
    assert path.read_bytes() == content and available("biosppy_ecg")
    serve(monkeypatch, b"nothing")
    assert fetch("biosppy_ecg") == path  # from the cache
    path.write_bytes(b"harmed")
    with pytest.raises(RecordingUnavailable):
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
    if DATA:
        monkeypatch.setenv("MEPS_DATA", DATA)
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
    with pytest.raises(RecordingUnavailable, match="under MEPS_DATA"):  # found, and not the one
        fetch("biosppy_ecg")
    monkeypatch.setenv("MEPS_DATA", "~/dota")
    with pytest.warns(UserWarning, match="'~/dota', which is no folder"):
        assert not available("biosppy_ecg")


def test_a_cache_that_cannot_be_written_is_no_network_fault(tmp_path, offline):
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(RecordingUnavailable, match="cannot be written .*nothing was downloaded"):
        fetch("biosppy_ecg")
    assert offline == []
