"""The networks beside which the encoder is put are the published ones, and learn what is there."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from peers import LSTM, TCN, InceptionTime, OursAlone, PeerModel, answers_of_forests, describe

from meps_lib.trial import collate


@pytest.mark.parametrize(
    ("network", "count"), [(InceptionTime, 456_135), (LSTM, 51_399), (TCN, 203_783)]
)
def test_parameters_are_as_published_for_three_channels_and_seven_classes(network, count):
    assert sum(p.numel() for p in network(3, 7).parameters()) == count


def test_the_tcn_sees_the_past_alone_as_far_as_its_formula_says():
    """1 + 2 (k - 1) (2^L - 1) samples."""
    torch.manual_seed(0)
    net, x = TCN(3, 2).eval(), torch.randn(1, 3, 300, requires_grad=True)
    (grad,) = torch.autograd.grad(net(x).sum(), x)
    reach = (grad.abs().sum(dim=(0, 1)) > 0).nonzero()[:, 0]
    assert 300 - int(reach.min()) == 1 + 2 * (7 - 1) * (2**4 - 1)


@pytest.mark.parametrize("network", [InceptionTime, LSTM, TCN])
def test_each_learns_a_frequency(network):
    """Two classes, 2 and 4 Hz at any phase under noise."""
    g = torch.Generator().manual_seed(0)
    label = torch.arange(64) % 2
    t, phase = torch.arange(96) / 32, 6.28 * torch.rand(64, 1, 1, generator=g)
    x = torch.sin(2 * torch.pi * (2 + 2 * label[:, None, None]) * t + phase).expand(-1, 3, -1)
    x = x + 0.2 * torch.randn(x.shape, generator=g)
    torch.manual_seed(0)
    net = network(3, 2)
    adam = torch.optim.Adam(net.parameters(), 3e-3)
    for _ in range(40):
        loss = torch.nn.functional.cross_entropy(net(x), label)
        adam.zero_grad()
        loss.backward()
        adam.step()
    assert (net(x).argmax(dim=1) == label).float().mean() > 0.9


def test_as_a_model_of_the_library_signals_are_centred_and_scaled(make_trial):
    trials = [make_trial(k, ("ps",)) for k in range(4)]
    torch.manual_seed(0)
    net = PeerModel(OursAlone(3, 3, 64.0)).eval()
    batch = collate(trials, "abc")
    net.fit_scales([batch])
    before = net(batch).logits
    batch.ps = batch.ps + torch.tensor([5.0, -1.0, 2.0])[:, None]
    torch.testing.assert_close(net(batch).logits, before, atol=1e-4, rtol=1e-4)


def test_features_tell_the_course_and_a_forest_reads_it(make_trial):
    trials = []
    for k in range(30):
        trial = make_trial(k, ("ps",))
        trial.ps[0] = 0.05 * trial.ps[0] + (k % 3 - 1) * torch.linspace(0, 3, 256)  # falls .. rises
        trials.append(trial)
    parts = [describe(trials[2])[f"EDA part {k}"] for k in range(6)]
    thirds = np.array_split(trials[2].ps[0].double().numpy(), 6)
    np.testing.assert_allclose(
        parts, [p.mean() - trials[2].ps[0].mean() for p in thirds], atol=1e-5
    )
    said = answers_of_forests(trials[:21], trials[21:], seed=0)
    assert set(said) == {"features, forest", "features, LDA"}
    for answers in said.values():
        assert answers == [t.label for t in trials[21:]]
