"""Each mistake of the benchmark is the one that it is called after, and nothing else."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import s2_leaks
from s2_leaks import Told, fitted_on, of_study, seeing, with_noise

from meps_lib.models.mmme import MMMEConfig
from meps_lib.protocol.splits import Split
from meps_lib.training import predict
from meps_lib.trial import collate

CLASSES = ("a", "b", "c")


@pytest.fixture
def study(make_trial):
    """Twelve people with two trials each; every third trial lacks the signals."""
    names = [("eeg",) if k % 3 == 2 else ("ps", "eeg") for k in range(24)]
    rows = torch.randn(24, 95, 6, generator=torch.Generator().manual_seed(0))
    about = {"eeg_names": [f"r{k}" for k in range(95)], "eeg_units": ("z",) * 95}
    about = {name: tuple(value) for name, value in about.items()}
    return [
        make_trial(k, some, eeg=5 + 3 * rows[k], subject=f"p{k // 2}", ps_sfreq=32.0, **about)
        if "ps" in some
        else make_trial(k, some, eeg=5 + 3 * rows[k], subject=f"p{k // 2}", **about)
        for k, some in enumerate(names)
    ]


def test_noise_stands_where_signals_are_missing_and_nowhere_else(study):
    filled = with_noise(study, seed=1)
    every = torch.stack([t.ps for t in study if t.ps is not None])
    for before, after in zip(study, filled, strict=True):
        assert after.ps is before.ps if before.ps is not None else after.ps.isfinite().all()
    made = torch.stack([b.ps for a, b in zip(study, filled, strict=True) if a.ps is None])
    for row in range(3):  # as much as a trial's course, whatever the levels of people are
        course = every[:, row] - every[:, row].mean(dim=1, keepdim=True)
        torch.testing.assert_close(made[:, row].std(), course.std(), rtol=0.15, atol=0)
    apart = [t if t.ps is None else replace(t, ps=t.ps + 100 * k) for k, t in enumerate(study)]
    wide = torch.stack(
        [b.ps for a, b in zip(apart, with_noise(apart, 1), strict=True) if a.ps is None]
    )
    torch.testing.assert_close(wide.std(dim=2), made.std(dim=2), rtol=1e-3, atol=1e-3)
    again = with_noise(study, seed=1)
    assert all(torch.equal(a.ps, b.ps) for a, b in zip(filled, again, strict=True))


def test_scales_of_the_leak_are_those_of_everybody_and_the_honest_ones_are_not(study):
    config = MMMEConfig(3, ("ps", "eeg"), n_eeg=95, ps_sfreq=32.0)
    some = [replace(t, eeg=9 * t.eeg) if k < 4 else t for k, t in enumerate(study)]
    leaky, honest, all_seen = (
        kind(config) for kind in (fitted_on(some, CLASSES), s2_leaks.MMME, s2_leaks.MMME)
    )
    for model in (leaky, honest):
        model.fit_scales([collate(some[4:], CLASSES)])
    all_seen.fit_scales([collate(some, CLASSES)])
    scales = [dict(m.named_buffers()) for m in (leaky, honest, all_seen)]
    rows = [name for name in scales[0] if name.endswith(("rms", "mean"))]
    assert rows and all(torch.equal(scales[0][n], scales[2][n]) for n in rows)
    assert any(not torch.allclose(scales[0][n], scales[1][n]) for n in rows)


def test_a_label_is_seen_where_the_batch_keeps_it_and_nowhere_else(study):
    torch.manual_seed(0)
    model = Told(MMMEConfig(3, ("ps", "eeg"), n_eeg=95, ps_sfreq=32.0))
    others = [replace(t, label="c") for t in study]
    assert not torch.equal(seeing(model, study, CLASSES), seeing(model, others, CLASSES))
    assert torch.equal(predict(model, study, CLASSES), predict(model, others, CLASSES))


def test_every_rule_answers_for_every_trial_of_every_person(study, monkeypatch):
    monkeypatch.setattr(s2_leaks, "TRAIN", replace(s2_leaks.TRAIN, epochs=1))
    monkeypatch.setattr(s2_leaks, "TRIALS", 2)
    seen, tested = [], s2_leaks.tested

    def noted(trials, classes, splits, seed, **how):
        seen.append((list(splits), how))
        return tested(trials, classes, list(splits)[:1], seed, **how)

    monkeypatch.setattr(s2_leaks, "tested", noted)
    found = of_study(study, CLASSES, seed=0)
    assert list(found)[0] == "honest" and len(found) == 7 and len(seen) == 6
    person = {t.clip: t.subject for t in study}
    for table in found.values():
        assert (table["subject"] == table["clip"].map(person)).all()
    names = [[name for split in splits for name in split.test] for splits, _ in seen]
    assert all(len(set(some)) == len(some) for some in names)  # each is tested once
    assert sorted(map(len, names)) == [12] * 5 + [24]  # people; and trials, where those are mixed
    assert [how.get("epoch") for _, how in seen].count("test") == 1
    folds = [len(splits) for splits, _ in seen]
    assert folds == [12] * 6  # as many trials to train on, whatever is mixed


@pytest.mark.parametrize(("epoch", "whose"), [("validation", "p1"), ("test", "p0")])
def test_the_epoch_is_chosen_by_whom_the_rule_names(study, monkeypatch, epoch, whose):
    chosen = []
    monkeypatch.setattr(
        s2_leaks, "fit", lambda model, train, validation, *rest: chosen.extend(validation)
    )
    split = Split(0, tuple(f"p{k}" for k in range(2, 12)), ("p1",), ("p0",))
    s2_leaks.tested(study, CLASSES, [split], seed=0, epoch=epoch)
    assert {t.subject for t in chosen} == {whose}
