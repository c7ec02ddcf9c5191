"""One network that learnt a task whose answer lies at a known place."""

import pytest
import torch

from meps_lib.models import build
from meps_lib.training import TrainConfig, fit, predict
from tests.lib.explain.planted import ALL, CELLS, NAMES, SFREQ, batch_of, trial, uneven

SHAPE = {"n_classes": 2, "ps_names": NAMES, "ps_sfreq": SFREQ, "dim": 16, "grid": CELLS}
SHAPE |= {"ps_kernels_s": (0.5,), "ps_width": 4}


@pytest.fixture(scope="session")
def trained():
    """S1 that tells both classes apart, with every subset of modalities met in training."""
    torch.manual_seed(0)
    model = build("meps", **SHAPE, modality_dropout=0.5)
    lacking = [ALL, ("colour", "ps"), ("depth", "ps"), ("colour", "depth"), ALL, ("ps",)]
    trials = [trial(k, lacking[k % 7 % 6]) for k in range(42)]
    config = TrainConfig(epochs=10, batch_size=8)
    fit(model, trials[:36], trials[36:], "ab", config, seed=0)
    p = predict(model, uneven(), "ab").argmax(dim=1)
    assert p.tolist() == ["ab".index(t.label) for t in uneven()]
    return model.eval()


@pytest.fixture
def batch():
    return batch_of(uneven())
