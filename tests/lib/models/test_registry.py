"""Every model of the registry keeps the same contract."""

from pathlib import Path

import pytest
import torch

import meps_lib.models
from meps_lib.errors import MepsError
from meps_lib.models import MODELS, build, of_data
from meps_lib.trial import collate

# Sizes of `make_trial`; a model takes those that its config has a field for.
SMALL = {"n_classes": 3, "ps_sfreq": 64.0, "grid": 3, "n_eeg": 4}
EVERYTHING = ("colour", "depth", "ps", "eeg", "flow")  # a model reads what it knows


@pytest.fixture
def batch(make_trial):
    return collate([make_trial(k, EVERYTHING) for k in range(4)], "abc")


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
    logits = model(batch).logits
    assert logits.shape == (4, 3)
    logits.square().sum().backward()
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
        outputs.append(model(batch).logits)
    assert torch.equal(*outputs)
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    torch.manual_seed(8)
    other = build(name, **of_data(name, SMALL)).eval()
    assert not torch.equal(other(batch).logits, outputs[0])
    other.load_state_dict(load_file(tmp_path / "model.safetensors"))
    assert torch.equal(other(batch).logits, outputs[0])


@pytest.mark.parametrize("name", MODELS)
def test_a_trial_does_not_see_its_neighbours(name, make_trial):
    """Longer neighbours pad it; the padding must not be seen, in training statistics either."""
    torch.manual_seed(0)
    model = build(name, **of_data(name, SMALL)).train()
    mixed = [make_trial(k, EVERYTHING, n_frames=4 + k, n_samples=100 + 90 * k) for k in range(6)]
    for _ in range(20):  # moves the running statistics away from 0 and 1
        model(collate(mixed, "abc"))
    model.eval()
    for trial in mixed[:2]:
        alone = model(collate([trial], "abc")).logits
        together = model(collate([trial, *mixed[2:]], "abc")).logits
        assert torch.allclose(alone[0], together[0], atol=1e-5)


def test_unknown_names_are_refused_with_those_that_exist():
    with pytest.raises(MepsError, match="'resnet'.*meps"):
        build("resnet")
    with pytest.raises(MepsError, match="no widht; it has .*dim"):
        build("meps", widht=3)
