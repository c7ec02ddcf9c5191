"""The demonstration model in its cache; what it predicts is tested through the command line."""

import numpy as np
import pytest

from meps_lab.cli import demo
from meps_lib.models import build
from meps_lib.signals import Recording

NAMES, UNITS = tuple(demo.UNITS), tuple(demo.UNITS.values())


def test_a_model_that_cannot_be_kept_leaves_nothing_half_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(demo, "fit", lambda *args, **kw: None)
    key = demo._key(demo.demo_config(("EDA",)), 1)
    in_the_way = tmp_path / "models" / f"demo-{key}.safetensors"
    monkeypatch.setattr(demo.pooch, "os_cache", lambda name: tmp_path)
    in_the_way.mkdir(parents=True)
    demo.demo_model(("EDA",), n_subjects=1, progress=False)
    assert "could not keep the model" in capsys.readouterr().out
    assert list(in_the_way.parent.iterdir()) == [in_the_way]


def test_signals_are_cut_where_the_clip_starts(make_trial):
    """A ramp tells its own time: sample values are seconds in the recording."""
    sfreq = 64.0
    seconds = np.arange(60 * 64) / sfreq
    recording = Recording(np.stack([seconds] * 3), NAMES, UNITS, sfreq, source="ramp")
    model = build("meps", ps_sfreq=sfreq, modalities=("colour", "ps"))
    for start in (0.0, 7.5):
        trial = make_trial(0, ("colour",), start=start)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(demo, "clean", lambda recording: recording)
            cut = demo.add_signals(trial, recording, 20.0, model)
        first = 20.0 + start - demo.WINDOW_S[0]
        assert cut.ps[0, 0].item() == pytest.approx(first, abs=1 / sfreq)
        assert cut.ps[0, -1].item() == pytest.approx(first + sum(demo.WINDOW_S), abs=2 / sfreq)
