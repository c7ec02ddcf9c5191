"""The demonstration model in its cache; what it predicts is tested through the command line."""

from meps_lab.cli import demo


def test_a_model_that_cannot_be_kept_leaves_nothing_half_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(demo, "fit", lambda *args, **kw: None)
    key = demo._key(demo.demo_config(("EDA",)), 1)
    in_the_way = tmp_path / "models" / f"demo-{key}.safetensors"
    monkeypatch.setattr(demo.pooch, "os_cache", lambda name: tmp_path)
    in_the_way.mkdir(parents=True)
    demo.demo_model(("EDA",), n_subjects=1, progress=False)
    assert "could not keep the model" in capsys.readouterr().out
    assert list(in_the_way.parent.iterdir()) == [in_the_way]
