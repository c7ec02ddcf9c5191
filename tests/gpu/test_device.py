"""The same algorithm on a GPU: forward, backward, fit, predict, resume; and the same twice.

Without one these tests are skipped. MEPS_TEST_DEVICE=cpu runs them on the CPU, to try them out.
"""

import os
from dataclasses import replace

import pandas as pd
import pytest
import torch
from torch.nn.functional import cross_entropy

from meps_lab.experiments import ExperimentConfig, folds, run
from meps_lab.experiments.stacked import fit_stacked
from meps_lib.batches import Batches
from meps_lib.errors import MepsError
from meps_lib.models import MODELS, build
from meps_lib.training import TrainConfig, fit, predict
from meps_lib.trial import collate

DEVICE = os.environ.get("MEPS_TEST_DEVICE", "cuda")
pytestmark = pytest.mark.skipif(
    DEVICE == "cuda" and not torch.cuda.is_available(), reason="no GPU that torch can use"
)
SETTINGS = [
    {},
    {"query": "content", "asking": "once"},
    *({"attention": way} for way in ("concat", "sum", "gated", "film")),
    {"fusion": "per-clip", "backbone": "residual", "modality_dropout": 0.3},
    {"ps_pool_branch": True, "ps_squeeze": 2, "ps_residual": False, "ps_blocks": (1, 2)},
]


def config():
    """Made in a test, since no `TrainConfig` takes a GPU that is not there."""
    return TrainConfig(epochs=2, batch_size=4, device=DEVICE)


def model(**settings):
    torch.manual_seed(0)
    return build("meps", **({"ps_sfreq": 64.0, "grid": 3} | settings))


def both(make_net, batch):
    """Logits and loss gradients, on the CPU and on the device, by name."""
    answers = []
    for device in ("cpu", DEVICE):
        net, moved = make_net().to(device).eval(), batch.to(device)
        logits = net(moved).logits
        cross_entropy(logits, moved.label).backward()
        grads = {n: p.grad.cpu() for n, p in net.named_parameters() if p.grad is not None}
        answers.append((logits.detach().cpu(), grads))
    return answers


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_logits_and_gradients_are_those_of_the_cpu(uneven, unsettle, settings):
    here, there = both(lambda: unsettle(model(**settings)), collate(uneven, "abc"))
    torch.testing.assert_close(there[0], here[0], atol=2e-3, rtol=2e-3)
    assert here[1].keys() == there[1].keys()
    for name, grad in here[1].items():
        torch.testing.assert_close(there[1][name], grad, atol=5e-3, rtol=2e-2, msg=name)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_model_trains_and_predicts(make_trial, name):
    modalities = ("flow",) if name == "flowmap" else ("colour", "ps")
    trials = [make_trial(k, modalities) for k in range(12)]
    small = {} if name == "flowmap" else {"grid": 3, "modalities": modalities}
    torch.manual_seed(0)
    net = build(name, n_classes=3, **small)
    history = fit(net, trials[:9], trials[9:], "abc", config(), seed=0)
    assert len(history) == 2
    assert next(net.parameters()).device.type == torch.device(DEVICE).type
    shares = predict(net, trials, "abc")
    assert shares.device.type == "cpu"
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(12))


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16], ids=str)
def test_mixed_precision_is_near_single(uneven, unsettle, kind):
    if DEVICE == "cpu" and kind == torch.float16:
        pytest.skip("half precision is for a GPU")
    net, batch = unsettle(model()).to(DEVICE).eval(), collate(uneven, "abc").to(DEVICE)
    with torch.no_grad():
        single = net(batch).logits
        with torch.autocast(torch.device(DEVICE).type, kind):
            half = net(batch).logits
    torch.testing.assert_close(half.float(), single, atol=0.05 * single.std().item(), rtol=0)


def test_batches_lie_on_the_device_and_are_those_of_the_cpu(uneven):
    here, there = (Batches(uneven, "abc", torch.device(d), True) for d in ("cpu", DEVICE))
    for rows in ([0, 1], [3], [2, 0, 1]):
        assert there(rows).label.device.type == torch.device(DEVICE).type
        back = there(rows).to("cpu")
        assert torch.equal(back.ps, here(rows).ps) if here(rows).ps is not None else back.ps is None
        assert torch.equal(back.frame_mask, here(rows).frame_mask)


def test_folds_in_one_program_are_those_of_the_device_alone(make_trial):
    trials = [make_trial(k, ("ps",), n_samples=200 - 9 * k) for k in range(12)]
    sides = [(trials[3:], trials[:3]), (trials[:6], trials[9:])]
    small = {"modalities": ("ps",), "dropout": 0.0, "dim": 8, "grid": 6}
    alone, stacked = ([model(**small) for _ in sides] for _ in range(2))
    for k, side in enumerate(sides):
        fit(alone[k], *side, "abc", config(), seed=k)
    fit_stacked(stacked, sides, "abc", config(), (0, 1))
    for one, other in zip(alone, stacked, strict=True):
        found, wanted = (predict(net, trials, "abc") for net in (other, one))
        torch.testing.assert_close(found, wanted, atol=5e-3, rtol=0)


def test_maps_in_one_program_are_those_of_the_device_alone(make_trial):
    draw = torch.Generator().manual_seed(0)
    none = {"ps": None, "ps_names": (), "ps_units": (), "ps_sfreq": None}
    trials = [
        replace(make_trial(k, ("ps",)), flow=255 * torch.rand(1, 3, 28, 28, generator=draw), **none)
        for k in range(12)
    ]
    sides, how = [(trials[3:], []), (trials[:6], [])], replace(config(), keep="last")
    alone, stacked = ([build("ststnet", dropout=0.0) for _ in sides] for _ in range(2))
    for one, other, side, k in zip(alone, stacked, sides, (0, 1), strict=True):
        other.load_state_dict(one.state_dict())
        fit(one, *side, "abc", how, seed=k)
    fit_stacked(stacked, sides, "abc", how, (0, 1))
    for one, other in zip(alone, stacked, strict=True):
        found, wanted = (predict(net, trials, "abc") for net in (other, one))
        torch.testing.assert_close(found, wanted, atol=5e-3, rtol=0)


def test_the_same_seed_gives_the_same_weights(make_trial, monkeypatch):
    """With deterministic algorithms asked for; cuBLAS wants a workspace of its own for it."""
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    trials = [make_trial(k, ("colour", "ps")) for k in range(12)]
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        nets = [model(modalities=("colour", "ps")) for _ in range(2)]
        for net in nets:
            fit(net, trials[:9], trials[9:], "abc", config(), seed=3)
    finally:
        torch.use_deterministic_algorithms(False)
    first, second = (net.state_dict() for net in nets)
    assert all(torch.equal(first[name], second[name]) for name in first)


class Six:
    """Six subjects of two trials each."""

    classes, note, origin = ("a", "b", "c"), "made up", {"root": "nowhere"}

    def __init__(self, make_trial):
        trials = [make_trial(k, ("ps",), subject=f"s{k // 2}") for k in range(12)]
        self.trials = trials
        self.index = pd.DataFrame({"subject": [t.subject for t in trials]})
        self.index["clip"] = [t.clip for t in trials]

    def __len__(self):
        return len(self.trials)

    def __getitem__(self, k):
        return self.trials[k]


def test_a_run_that_was_cut_goes_on_to_the_same_answers(make_trial, tmp_path, monkeypatch):
    experiment = ExperimentConfig(modalities=("ps",), train=config(), n_validation=1)
    whole = run(Six(make_trial), experiment, progress=False)
    fitted = []

    def until_the_fourth(*args, **kwargs):
        fitted.append(1)
        if len(fitted) == 4:
            raise MepsError("CUDA out of memory")
        return fit(*args, **kwargs)

    monkeypatch.setattr(folds, "fit", until_the_fourth)
    with pytest.raises(MepsError, match="out of memory"):
        run(Six(make_trial), experiment, tmp_path / "cut", progress=False)
    again = run(Six(make_trial), experiment, tmp_path / "cut", progress=False)
    assert len(fitted) == 4 + 3  # three folds were kept
    pd.testing.assert_frame_equal(again, whole)
