"""One fold: what is learnt, which epoch is kept, and that every setting counts."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch import nn
from torch.nn.functional import cross_entropy

from meps_lib import batches, training
from meps_lib.errors import MepsError
from meps_lib.models import build
from meps_lib.training import TrainConfig, class_weights, fit, predict
from meps_lib.trial import collate

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


def uneven(trials):
    """Two trials in three of class c taken away: counts 5, 5, 2 for the first fifteen."""
    return [t for k, t in enumerate(trials) if k not in (2, 5, 8)]


def balanced(trials):
    """scikit-learn's weights: trials over classes times count."""
    labels = [t.label for t in trials]
    weights = compute_class_weight("balanced", classes=np.array(CLASSES), y=labels)
    return torch.tensor(weights, dtype=torch.float32)


@pytest.mark.parametrize("class_weights", [True, False])
def test_ends_with_the_best_validation_epoch(make_trial, class_weights):
    trials = signal_trials(make_trial, 24)
    train, model = uneven(trials[:15]), net()
    config = TrainConfig(epochs=12, batch_size=8, learning_rate=0.05, class_weights=class_weights)
    held_out = [*trials[15:], *(t for t in trials[15:] if t.label == "c")]  # and uneven as well
    history = fit(model, train, held_out, CLASSES, config, seed=0)
    batch = collate(held_out, CLASSES)
    weight = balanced(train) if class_weights else None
    with torch.no_grad():
        loss = cross_entropy(model.eval()(batch).logits, batch.label, weight).item()
    losses = [h["validation_loss"] for h in history]
    assert loss == pytest.approx(min(losses), rel=1e-5)
    assert min(losses) < losses[-1]  # the last epoch is not the best one here


def test_class_weights_are_those_of_scikit_learn(make_trial):
    trials = uneven(signal_trials(make_trial, 15))
    assert [sum(t.label == c for t in trials) for c in CLASSES] == [5, 5, 2]
    weights = class_weights(trials, CLASSES)
    torch.testing.assert_close(weights, balanced(trials))
    # By hand, with a class that nobody has: 4 and 2 of 6 in two classes.
    few = [t for t in trials if t.label != "c"][:8]
    few = [t for t in few if t.label == "a"] + [t for t in few if t.label == "b"][:2]
    assert class_weights(few, CLASSES).tolist() == [0.75, 1.5, 1.0]


class Level(nn.Module):
    """A layer on each signal's mean: no dropout, nothing drawn; it notes what it is trained on."""

    def __init__(self):
        super().__init__()
        self.layer, self.seen = nn.Linear(3, 3), []
        nn.init.constant_(self.layer.weight, 0.5)
        nn.init.constant_(self.layer.bias, 0.5)

    def fit_scales(self, batches):
        list(batches)

    def forward(self, batch):
        if self.training:
            self.seen.append(batch.clip)
        return SimpleNamespace(logits=self.layer(batch.ps.mean(dim=2)))


def fitted(trials, **settings):
    model = Level()
    config = TrainConfig(**{"epochs": 3, "batch_size": 4} | settings)
    model.history = fit(model, uneven(trials[:15]), trials[15:], CLASSES, config, seed=0)
    return model


@pytest.mark.parametrize("class_weights", [True, False])
def test_many_validation_trials_are_evaluated_in_parts_with_the_loss_of_one_batch(
    make_trial, class_weights
):
    """The last part is small and of one class, so a mean over parts would be another number."""
    trials, sizes = signal_trials(make_trial, 150), []
    train, held_out = uneven(trials[:15]), sorted(trials[15:], key=lambda t: t.label)[:99]
    model = Level()
    model.register_forward_hook(lambda m, args, _: sizes.append((m.training, len(args[0]))) or None)
    config = TrainConfig(epochs=1, class_weights=class_weights)
    (found,) = fit(model, train, held_out, CLASSES, config, seed=0)
    assert [n for training, n in sizes if not training] == [64, 35]
    batch = collate(held_out, CLASSES)
    weight = balanced(train) if class_weights else None
    wanted = cross_entropy(model.eval()(batch).logits, batch.label, weight).item()
    assert found["validation_loss"] == pytest.approx(wanted, rel=1e-6)


def test_each_epoch_sees_every_training_trial_once_in_a_new_order(make_trial):
    trials = signal_trials(make_trial, 24)
    clips = [t.clip for t in uneven(trials[:15])]
    model = fitted(trials)
    assert [len(batch) for batch in model.seen] == [4] * 9
    epochs = [sum(model.seen[k : k + 3], ()) for k in (0, 3, 6)]
    assert [sorted(e) for e in epochs] == [sorted(clips)] * 3
    assert len({*epochs, tuple(clips)}) == 4
    assert [len(batch) for batch in fitted(trials, batch_size=6).seen] == [6] * 6


def test_the_first_step_is_adams(make_trial):
    """One batch, one step: Adam with weight decay and these class weights, from torch alone."""
    trials = signal_trials(make_trial, 24)
    batch = collate(uneven(trials[:15]), CLASSES)
    for settings in (
        {"weight_decay": 0.0},
        {"weight_decay": 0.3},
        {"weight_decay": 0.0, "class_weights": False},
        {"weight_decay": 0.0, "learning_rate": 0.02},
    ):
        got = fitted(trials, epochs=1, batch_size=12, **settings).layer.weight
        layer = Level().layer
        weight = balanced(uneven(trials[:15])) if settings.get("class_weights", True) else None
        cross_entropy(layer(batch.ps.mean(dim=2)), batch.label, weight).backward()
        gradient = layer.weight.grad + settings["weight_decay"] * layer.weight.detach()
        rate = settings.get("learning_rate", 5e-3)
        wanted = 0.5 - rate * gradient / (gradient.abs() + 1e-8)
        torch.testing.assert_close(got.detach(), wanted.detach(), rtol=1e-5, atol=1e-7)


def test_every_setting_changes_the_weights(make_trial):
    trials = signal_trials(make_trial, 24)
    usual = fitted(trials).layer.weight
    assert torch.equal(usual, fitted(trials).layer.weight)
    for settings in (
        {"weight_decay": 0.0},
        {"weight_decay": 0.1},
        {"learning_rate": 0.01},
        {"batch_size": 6},
        {"class_weights": False},
        {"optimiser": "adamw", "weight_decay": 0.1},
        {"schedule": "cosine"},
        {"optimiser": "sgd"},
        {"clip_norm": 1e-3},
        {"precision": "bf16"},
    ):
        assert not torch.equal(usual, fitted(trials, **settings).layer.weight), settings


@pytest.mark.parametrize("side", ["train", "validation"])
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_is_refused_in_whichever_epoch(make_trial, side, bad):
    """Not skipped: in the second epoch of three, with good ones before and after."""

    class Spoilt(Level):
        epoch = -1

        def forward(self, batch):
            self.epoch += self.training  # one batch an epoch
            logits = super().forward(batch).logits
            spoilt = self.epoch == 1 and self.training == (side == "train")
            return SimpleNamespace(logits=logits + (0 * logits + bad if spoilt else 0))

    trials = signal_trials(make_trial, 24)
    with pytest.raises(MepsError, match=f"epoch 1: .*{side}_loss': (nan|inf).*learning_rate"):
        fit(Spoilt(), trials[:15], trials[15:], CLASSES, TrainConfig(3, 16), seed=0)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("epochs", 0, "a whole number, 1 or more"),
        ("epochs", 1.5, "a whole number, 1 or more"),
        ("batch_size", 1, "a whole number, 2 or more"),
        ("batch_size", "16", "a whole number, 2 or more"),
        ("learning_rate", float("inf"), "a finite number, above 0"),
        ("learning_rate", float("nan"), "a finite number, above 0"),
        ("learning_rate", 0, "a finite number, above 0"),
        ("weight_decay", -1e-3, "a finite number, 0 or more"),
        ("weight_decay", None, "a finite number, 0 or more"),
        ("optimiser", "lion", "expected one of adam, adamw, sgd"),
        ("schedule", "linear", "expected one of constant, cosine, step"),
        ("keep", "first", "expected one of best, last"),
        ("momentum", 0.9, "without effect: the optimiser is adam"),
        ("momentum", -0.1, "expected a number"),
        ("step_epochs", 0, "a whole number, 1 or more"),
        ("step_epochs", 4, "without effect: the schedule is constant"),
        ("step_factor", 2, "expected a number"),
        ("step_factor", 0.7, "without effect: the schedule is constant"),
        ("precision", "fp8", "expected one of fp32, bf16, fp16"),
        ("clip_norm", 0, "expected a number"),
        ("clip_norm", float("nan"), "expected a number"),
        ("patience", 0, "a whole number, 1 or more"),
        ("device", "foo", "torch cannot use it here; expected cpu"),
        ("device", "cuda:99", "torch cannot use it here"),
        ("device", "meta", "torch cannot use it here"),
        ("device", None, "torch cannot use it here"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_name(name, value, message):
    with pytest.raises(MepsError, match=f"{name}={value!r}.*{message}"):
        TrainConfig(**{name: value})


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


def test_the_seed_decides_the_order_where_nothing_else_is_drawn(make_trial):
    trials = signal_trials(make_trial, 24)
    seen = []
    for seed in (0, 0, 1):
        model = Level()
        fit(model, trials[:15], trials[15:], CLASSES, TrainConfig(1, 4), seed=seed)
        seen.append(model.seen)
    assert seen[0] == seen[1] != seen[2]


def test_the_seed_decides_dropout_where_the_order_decides_nothing(make_trial):
    """All training trials are one and the same, so that any order is the same order."""
    trials = [make_trial(0, ("ps",), clip=f"clip{k}") for k in range(8)]
    held_out = [make_trial(3, ("ps",))]
    states = []
    for seed in (0, 0, 1):
        fit(model := net(), trials, held_out, CLASSES, TrainConfig(1, 4), seed=seed)
        states.append(model.head[1].weight)
    assert torch.equal(states[0], states[1]) and not torch.equal(states[0], states[2])


def test_the_training_loss_is_a_mean_over_trials(make_trial):
    """Batches of 4 and 1, and steps too small to matter: the loss of all at once."""
    trials = signal_trials(make_trial, 24)
    config = TrainConfig(1, 4, learning_rate=1e-12, weight_decay=0.0, class_weights=False)
    model = Level()
    (found,) = fit(model, trials[:5], trials[15:], CLASSES, config, seed=0)
    batch = collate(trials[:5], CLASSES)
    wanted = cross_entropy(Level().layer(batch.ps.mean(dim=2)), batch.label).item()
    assert found["train_loss"] == pytest.approx(wanted, rel=1e-6)


def test_scales_are_those_of_the_training_trials_alone(make_trial):
    trials = signal_trials(make_trial, 24)
    for trial in trials[15:]:
        trial.ps = 100 * trial.ps
    fit(model := net(), trials[:15], trials[15:], CLASSES, TrainConfig(1, 8), seed=0)
    courses = [t.ps - t.ps.mean(dim=1, keepdim=True) for t in trials[:15]]
    rms = torch.cat(courses, dim=1).square().mean(dim=1).sqrt()
    torch.testing.assert_close(model.encoders["ps"].input.scale.rms, rms)


def test_epochs_are_those_of_a_plain_loop(make_trial):
    """Six long steps, each from its own gradient alone, written out with torch's Adam."""
    trials = signal_trials(make_trial, 24)
    train = uneven(trials[:15])
    batch, plain, weight = collate(train, CLASSES), Level(), balanced(train)
    adam = torch.optim.Adam(plain.parameters(), 1.0, weight_decay=1e-3)
    losses = []
    for _ in range(6):
        adam.zero_grad()
        loss = cross_entropy(plain(batch).logits, batch.label, weight)
        loss.backward()
        adam.step()
        losses.append(loss.item())
    found = fitted(trials, batch_size=12, learning_rate=1.0, epochs=6).history
    assert [h["train_loss"] for h in found] == pytest.approx(losses, rel=1e-5)


def test_predictions_draw_nothing(make_trial):
    """However the model was left: no dropout, so the same twice, and those of evaluation."""
    trials = signal_trials(make_trial, 6)
    model = net().train()
    first, second = (predict(model, trials, CLASSES) for _ in range(2))
    assert torch.equal(first, second) and not model.training
    with torch.no_grad():
        wanted = model.eval()(collate(trials, CLASSES)).logits.softmax(dim=1)
    torch.testing.assert_close(first, wanted)


def assert_last_is_best(model):
    """Or the weights would be those of an earlier step."""
    losses = [h["validation_loss"] for h in model.history]
    assert min(losses) == losses[-1]


def plain_epochs(trials, make, n, rates=None, clip=None, **settings):
    """The weights after n steps of one batch each, written out with torch alone."""
    train = uneven(trials[:15])
    batch, plain, weight = collate(train, CLASSES), Level(), balanced(train)
    optimiser = make(plain.parameters(), **settings)
    for k in range(n):
        if rates is not None:
            optimiser.param_groups[0]["lr"] = rates[k]
        optimiser.zero_grad()
        cross_entropy(plain(batch).logits, batch.label, weight).backward()
        if clip is not None:
            norm = plain.layer.weight.grad.norm()
            plain.layer.weight.grad *= min(1, clip / norm)
        optimiser.step()
    return plain.layer.weight.detach()


def test_decay_beside_the_gradient_is_adamw(make_trial):
    trials = signal_trials(make_trial, 24)
    wanted = plain_epochs(trials, torch.optim.AdamW, 3, lr=0.1, weight_decay=0.3)
    how = {"batch_size": 12, "learning_rate": 0.1, "weight_decay": 0.3, "epochs": 3}
    found = fitted(trials, optimiser="adamw", **how)
    assert_last_is_best(found)
    # Adam divides by a gradient's size, so that rounding of a small one shows.
    torch.testing.assert_close(found.layer.weight.detach(), wanted, atol=5e-3, rtol=0)


def test_the_cosine_begins_at_the_rate_and_falls_towards_0(make_trial):
    trials = signal_trials(make_trial, 24)
    rates = [0.1 * (1 + np.cos(np.pi * k / 4)) / 2 for k in range(4)]
    wanted = plain_epochs(trials, torch.optim.Adam, 4, rates, lr=0.1, weight_decay=0.0)
    how = {"batch_size": 12, "learning_rate": 0.1, "weight_decay": 0.0, "epochs": 4}
    found = fitted(trials, schedule="cosine", **how)
    assert_last_is_best(found)
    # Adam divides by a gradient's size, so that rounding of a small one shows.
    torch.testing.assert_close(found.layer.weight.detach(), wanted, atol=5e-3, rtol=0)


def test_sgd_with_momentum_and_steps_is_torchs_own(make_trial):
    """The rate to a third after every two epochs, by torch's own scheduler."""
    trials = signal_trials(make_trial, 24)
    train = uneven(trials[:15])
    batch, plain, weight = collate(train, CLASSES), Level(), balanced(train)
    sgd = torch.optim.SGD(plain.parameters(), 0.1, momentum=0.9, weight_decay=0.01)
    rates = torch.optim.lr_scheduler.StepLR(sgd, 2, 1 / 3)
    for _ in range(5):
        sgd.zero_grad()
        cross_entropy(plain(batch).logits, batch.label, weight).backward()
        sgd.step()
        rates.step()
    how = {"batch_size": 12, "learning_rate": 0.1, "weight_decay": 0.01, "epochs": 5}
    how |= {"schedule": "step", "step_epochs": 2, "step_factor": 1 / 3, "keep": "last"}
    found = fitted(trials, optimiser="sgd", momentum=0.9, **how)
    torch.testing.assert_close(found.layer.weight, plain.layer.weight, rtol=1e-5, atol=1e-6)


def test_the_last_epoch_is_kept_whatever_validation_says_and_needs_none(make_trial):
    trials = signal_trials(make_trial, 24)
    how = {"epochs": 2, "batch_size": 12, "learning_rate": 1.0}
    worse = [replace(t, label={"a": "b", "b": "c", "c": "a"}[t.label]) for t in trials]
    train, against = uneven(trials[:15]), uneven(worse[15:])
    last, first, alone = Level(), Level(), Level()
    history = fit(last, train, against, CLASSES, TrainConfig(keep="last", **how), seed=0)
    losses = [h["validation_loss"] for h in history]
    assert losses[-1] > min(losses)  # the best one is another
    fit(first, train, against, CLASSES, TrainConfig(**how), seed=0)
    told = fit(alone, train, [], CLASSES, TrainConfig(keep="last", **how), seed=0)
    assert torch.equal(last.layer.weight, alone.layer.weight)
    assert not torch.equal(last.layer.weight, first.layer.weight)
    assert [set(h) for h in told] == [{"epoch", "train_loss"}] * 2
    with pytest.raises(MepsError, match="patience=3 is without effect: the last epoch is kept"):
        TrainConfig(keep="last", patience=3)
    with pytest.raises(MepsError, match="0 training"):
        fit(Level(), [], against, CLASSES, TrainConfig(keep="last"), seed=0)


def test_the_rate_falls_with_every_step(make_trial, monkeypatch):
    """Two batches an epoch, two epochs."""
    told = []
    monkeypatch.setattr(training, "_rate", lambda config, epoch, done: told.append(done) or 0.01)
    fitted(signal_trials(make_trial, 24), batch_size=6, epochs=2)
    assert told == [0, 0.25, 0.5, 0.75]


def test_a_long_gradient_is_cut_to_its_norm_and_a_short_one_is_not(make_trial):
    """Adam's steps hardly depend on the length of a gradient; its decay, which is added, does."""
    trials = signal_trials(make_trial, 24)
    how = {"batch_size": 12, "learning_rate": 0.1, "weight_decay": 0.3, "epochs": 3}
    usual = fitted(trials, **how).layer.weight
    assert torch.equal(fitted(trials, clip_norm=1e3, **how).layer.weight, usual)
    wanted = plain_epochs(trials, torch.optim.Adam, 3, clip=0.01, lr=0.1, weight_decay=0.3)
    found = fitted(trials, clip_norm=0.01, **how)
    assert_last_is_best(found)
    torch.testing.assert_close(found.layer.weight.detach(), wanted, atol=5e-3, rtol=0)


@pytest.mark.parametrize("patience", [1, 2])
def test_it_ends_when_validation_has_waited_long_enough(make_trial, patience):
    """Validation worsens from the second epoch on, and would be best in the sixth."""

    class Scripted(Level):
        epoch, script = -1, (1.0, 2.0, 3.0, 4.0, 5.0, 0.0)

        def forward(self, batch):
            self.epoch += self.training  # one batch an epoch
            logits = super().forward(batch).logits
            if self.training:
                return SimpleNamespace(logits=logits)
            right = torch.nn.functional.one_hot(batch.label, 3).float()
            return SimpleNamespace(logits=0 * logits - self.script[self.epoch] * right)

    trials = signal_trials(make_trial, 24)
    losses = {}
    for patient in (None, patience):
        config = TrainConfig(6, 16, patience=patient)
        losses[patient] = fit(Scripted(), trials[:15], trials[15:], CLASSES, config, seed=0)
    assert len(losses[None]) == 6
    assert losses[patience] == losses[None][: 1 + patience]


def test_both_losses_are_the_same_quantity(make_trial):
    """The same trials on both sides, uneven in class and batch, and steps too small to matter."""
    trials = uneven(signal_trials(make_trial, 24))
    others = [replace(t, subject=f"other {t.subject}") for t in trials]
    config = TrainConfig(1, 5, learning_rate=1e-12, weight_decay=0.0)
    (found,) = fit(Level(), trials, others, CLASSES, config, seed=0)
    assert found["train_loss"] == pytest.approx(found["validation_loss"], rel=1e-6)


def test_half_precision_is_near_single_in_training_and_prediction(make_trial):
    trials = signal_trials(make_trial, 36, noise=0.2)
    models = {}
    for precision in ("fp32", "bf16"):
        config = TrainConfig(3, 8, precision=precision)
        fit(model := net(), trials[:24], trials[24:], CLASSES, config, seed=0)
        assert all(p.dtype == torch.float32 for p in model.parameters())
        models[precision] = model
    single, half = (predict(m, trials, CLASSES) for m in models.values())
    assert (single - half).abs().max() < 0.1 and not torch.equal(single, half)
    said = predict(models["fp32"], trials, CLASSES, precision="bf16")
    assert said.dtype == torch.float32
    assert 0 < (said - single).abs().max() < 0.02
    with pytest.raises(MepsError, match="precision='half'; expected one of fp32"):
        predict(models["fp32"], trials, CLASSES, precision="half")


@pytest.mark.parametrize("keep", [True, False])
def test_whether_batches_are_kept_changes_no_weight(make_trial, monkeypatch, keep):
    trials = signal_trials(make_trial, 24)
    for k, trial in enumerate(trials):
        trial.ps = trial.ps[:, : 256 - 5 * k]
    usual = fitted(trials, epochs=2, batch_size=6).layer.weight
    monkeypatch.setattr(batches, "SMALL", 1e12 if keep else 0)
    assert torch.equal(fitted(trials, epochs=2, batch_size=6).layer.weight, usual)
