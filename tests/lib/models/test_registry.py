"""Every model of the registry keeps the same contract."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

import meps_lib.models
from meps_lib.errors import MepsError
from meps_lib.models import MODELS, RECIPES, build, of_data
from meps_lib.training import TrainConfig, fit, predict
from meps_lib.trial import collate
from meps_lib.video import grey_levels

# Sizes of `make_trial`; a model takes those that its config has a field for.
SMALL = {"n_classes": 3, "ps_sfreq": 64.0, "grid": 3, "n_eeg": 4}
EVERYTHING = ("colour", "depth", "ps", "eeg", "flow")  # a model reads what it knows


@pytest.fixture
def made(make_trial):
    """A trial with everything; its map in the unit that the model reads."""

    def make(name, k, modalities=EVERYTHING, **sizes):
        trial = make_trial(k, modalities, **sizes)
        if name in RECIPES and trial.flow is not None:
            trial = replace(trial, flow=grey_levels(trial.flow))
        return trial

    return make


@pytest.fixture
def batch(made):
    return lambda name: collate([made(name, k) for k in range(4)], "abc")


def test_every_model_file_is_registered():
    """A model file that nobody can build by name is a model that no test sees."""
    folder = Path(meps_lib.models.__file__).parent
    files = {p.stem for p in folder.glob("*.py")} - {
        "__init__",
        "output",
        "meps_config",
        "mmme_config",
    }
    modules = {model.__module__.rsplit(".", 1)[1] for model, _ in MODELS.values()}
    assert files == modules


@pytest.mark.parametrize("name", MODELS)
def test_logits_have_one_row_a_trial_and_reach_every_parameter(name, batch):
    torch.manual_seed(0)
    model = build(name, **of_data(name, SMALL))
    output = model(batch(name))
    assert output.logits.shape == (4, 3)
    goal = output.logits.square().sum()
    if hasattr(model, "extra_loss"):
        goal = goal + model.extra_loss(output, batch(name).label)
    goal.backward()
    # `absent` stands in for missing modalities, and none is missing here.
    blind = [n for n, p in model.named_parameters() if p.grad is None or p.grad.abs().max() == 0]
    assert [n for n in blind if not n.endswith("absent")] == []


@pytest.mark.parametrize("name", MODELS)
def test_same_seed_same_output_and_state_survives(name, batch, tmp_path):
    from safetensors.torch import load_file, save_file

    outputs = []
    for _ in range(2):
        torch.manual_seed(7)
        model = build(name, **of_data(name, SMALL)).eval()
        outputs.append(model(batch(name)).logits)
    assert torch.equal(*outputs)
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    torch.manual_seed(8)
    other = build(name, **of_data(name, SMALL)).eval()
    assert not torch.equal(other(batch(name)).logits, outputs[0])
    other.load_state_dict(load_file(tmp_path / "model.safetensors"))
    assert torch.equal(other(batch(name)).logits, outputs[0])


@pytest.mark.parametrize("name", MODELS)
def test_a_trial_does_not_see_its_neighbours(name, made):
    """Longer neighbours pad it; the padding must not be seen, in training statistics either."""
    torch.manual_seed(0)
    model = build(name, **of_data(name, SMALL)).train()
    mixed = [made(name, k, n_frames=4 + k, n_samples=100 + 90 * k) for k in range(6)]
    for _ in range(20):  # moves the running statistics away from 0 and 1
        model(collate(mixed, "abc"))
    model.eval()
    for trial in mixed[:2]:
        alone = model(collate([trial], "abc")).logits
        together = model(collate([trial, *mixed[2:]], "abc")).logits
        assert torch.allclose(alone[0], together[0], atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_it_learns_sixteen_trials_by_heart(name, made):
    """And says the same of each alone, whatever label, subject and clip stand beside it."""
    trials = [made(name, k) for k in range(16)]
    torch.manual_seed(1)
    model = build(name, **of_data(name, SMALL))
    model.requires_grad_(True)
    for layer in model.modules():
        if isinstance(layer, torch.nn.Dropout):
            layer.p = 0.0
    config = TrainConfig(
        epochs=60, batch_size=16, learning_rate=3e-3, weight_decay=0.0, keep="last"
    )
    fit(model, trials, [], "abc", config, seed=0)
    said = predict(model, trials, "abc")
    assert ["abc"[k] for k in said.argmax(dim=1)] == [t.label for t in trials]
    blank = [replace(t, label="a", subject="x", clip="y") for t in trials]
    assert torch.equal(predict(model, blank, "abc"), said)


@pytest.mark.parametrize("name", RECIPES)
def test_what_is_no_grey_level_or_no_single_map_is_refused(name, made):
    model = build(name)
    pixels = made("meps", 0)
    for train in (True, False):
        with pytest.raises(MepsError, match="grey levels.*flow_levels"):
            model.train(train).fit_scales([collate([pixels], "abc")])
    with pytest.raises(MepsError, match="grey levels.*flow_levels"):
        predict(model, [pixels], "abc")
    for other in (0.5 / 255, 0.0):  # of 0 to 1, and black; one among others is found
        odd = replace(made(name, 3), flow=made(name, 3).flow * other)
        told = "black" if other == 0 else "grey levels"
        with pytest.raises(MepsError, match=f"the map of 'clip3': .*{told}"):
            model.fit_scales([collate([made(name, 0), odd], "abc")])
        with pytest.raises(MepsError, match=f"the map of trial 2: .*{told}"):
            predict(model, [made(name, 0), odd], "abc")  # which knows no names
    twice = made(name, 0)
    twice = replace(twice, flow=twice.flow.repeat(2, 1, 1, 1))
    with pytest.raises(MepsError, match="reads one.*flow_steps=1"):
        predict(model, [twice], "abc")
    with pytest.raises(MepsError, match="'clip1' has ps; the model uses flow"):
        model(collate([made(name, 0, ("flow",)), made(name, 1, ("ps",))], "abc"))
    with pytest.raises(MepsError, match="reads \\('flow',\\) alone"):
        build(name, modalities=("ps",))


def test_unknown_names_are_refused_with_those_that_exist():
    with pytest.raises(MepsError, match="'resnet'.*meps"):
        build("resnet")
    with pytest.raises(MepsError, match="no widht; it has .*dim"):
        build("meps", widht=3)
