"""What is kept comes back, with its provenance and the answers behind it."""

import json

import pandas as pd
import pytest

from meps_lab import results
from meps_lib.errors import MepsError


def test_table_answers_and_provenance_come_back(tmp_path, monkeypatch):
    table = pd.DataFrame({"dial": ["x", "x"], "score": [0.123456789, 0.5]})
    said = pd.DataFrame({"position": ["a", "b"], "model": [0, 1], "prediction": ["u", "v"]})
    results.keep("one", table, {"command": "make it"}, tmp_path, answers=said)
    results.keep("bare", table, {}, tmp_path)
    monkeypatch.setattr(results, "HERE", tmp_path)
    back = results.kept("one")
    assert back["score"].tolist() == [0.123457, 0.5]
    assert back.attrs["provenance"] == {"command": "make it"}
    assert results.answers("one").astype({"position": str, "prediction": str}).equals(said)
    with pytest.raises(MepsError, match="kept answers='bare'.*one"):
        results.answers("bare")


def test_every_kept_ablation_says_how_it_was_made():
    paths = list(results.HERE.glob("ablation_*/provenance.json"))
    assert len(paths) >= 6
    for path in paths:
        made = json.loads(path.read_text(encoding="utf-8"))
        assert {"question", "configuration", "seeds", "commit", "hardware", "minutes"} <= set(made)
        assert made["command"].startswith("meps ablate") and "[ablation]" in made["configuration"]
        table, said = results.kept(path.parent.name), results.answers(path.parent.name)
        assert (table["low"] <= table["score"]).all() and (table["score"] <= table["high"]).all()
        assert said["model"].nunique() >= 8 and said["subject"].nunique() >= 100
