import pytest
import torch

from meps_lib.errors import MepsError
from meps_lib.models import build
from meps_lib.training import TrainConfig, fit, predict

CLASSES = ("a", "b", "c")
QUICK = TrainConfig(epochs=3, batch_size=8)


def signal_trials(make_trial, n, noise=1.0):
    """Trials whose class is the frequency of the ECG row; subjects of three trials each."""
    trials = []
    t = torch.arange(256) / 64.0
    for k in range(n):
        trial = make_trial(k, ("ps",))
        trial.ps[1] = noise * trial.ps[1] + 2 * torch.sin(2 * torch.pi * (1 + 2 * (k % 3)) * t)
        trials.append(trial)
    return trials


def net(seed=0):
    torch.manual_seed(seed)
    return build("meps", modalities=("ps",), ps_sfreq=64.0)


def test_learns_what_can_be_learnt_and_only_that(make_trial):
    trials = signal_trials(make_trial, 48)
    model = net()
    config = TrainConfig(epochs=25, batch_size=8)
    history = fit(model, trials[:30], trials[30:36], CLASSES, config, seed=0)
    p = predict(model, trials[36:], CLASSES)
    assert [CLASSES[k] for k in p.argmax(dim=1)] == [t.label for t in trials[36:]]
    assert len(history) == 25
    for k, trial in enumerate(trials):  # the control: labels that the signals do not tell
        trial.label = CLASSES[(k // 3 + k * k) % 3]
    fit(model := net(), trials[:30], trials[30:36], CLASSES, config, seed=0)
    guesses = predict(model, trials[36:], CLASSES).argmax(dim=1)
    assert sum(CLASSES[g] == t.label for g, t in zip(guesses, trials[36:], strict=True)) < 10
    torch.testing.assert_close(p.sum(dim=1), torch.ones(12))


def test_ends_with_the_best_validation_epoch(make_trial):
    from torch.nn.functional import cross_entropy

    from meps_lib.trial import collate

    trials = signal_trials(make_trial, 24)
    model = net()
    config = TrainConfig(epochs=12, batch_size=8, learning_rate=0.05, class_weights=False)
    history = fit(model, trials[:15], trials[15:], CLASSES, config, seed=0)
    batch = collate(trials[15:], CLASSES)
    with torch.no_grad():
        loss = cross_entropy(model.eval()(batch).logits, batch.label).item()
    losses = [h["validation_loss"] for h in history]
    assert loss == pytest.approx(min(losses), rel=1e-5)
    assert min(losses) < losses[-1]  # the last epoch is not the best one here


def test_the_same_seed_gives_the_same_weights(make_trial):
    trials = signal_trials(make_trial, 18)
    states = []
    for seed in (0, 0, 1):
        model = net()
        torch.rand(seed + 1)  # whatever was drawn before must not matter
        fit(model, trials[:12], trials[12:], CLASSES, QUICK, seed=seed)
        states.append(model.state_dict())
    same = [torch.equal(states[0][k], states[1][k]) for k in states[0]]
    assert all(same)
    assert any(not torch.equal(states[0][k], states[2][k]) for k in states[0])


def test_the_global_generator_is_left_as_it_was(make_trial):
    trials = signal_trials(make_trial, 18)
    torch.manual_seed(5)
    want = torch.rand(3)
    torch.manual_seed(5)
    model = build("meps", modalities=("ps",), ps_sfreq=64.0)
    torch.manual_seed(5)
    fit(model, trials[:12], trials[12:], CLASSES, QUICK, seed=0)
    assert torch.equal(torch.rand(3), want)


def test_refuses_shared_subjects_and_empty_sides(make_trial):
    trials = signal_trials(make_trial, 9)
    with pytest.raises(MepsError, match="s1"):
        fit(net(), trials[:6], trials[3:], CLASSES, QUICK, seed=0)
    with pytest.raises(MepsError, match="0 validation"):
        fit(net(), trials, [], CLASSES, QUICK, seed=0)
    with pytest.raises(MepsError, match="epochs"):
        TrainConfig(epochs=0)
