"""The fusion on skin conductance: where its weights lie, what it reads, what it must not see."""

import pytest
import torch
from scipy.stats import norm

from meps_lab.experiments.own_model import build_own, own_code
from meps_lib.trial import collate

PATH = "plans/skin_fusion.py:SkinFusion"
SIZES = {"n_classes": 2, "ps_names": ("ECG", "EDA"), "ps_sfreq": 10.0}


def model(**args):
    torch.manual_seed(0)
    return build_own(PATH, own_code(PATH), SIZES, args).eval()


@pytest.fixture
def batch(make_trial):
    def trial(seconds, subject):
        made = torch.Generator().manual_seed(seconds)
        ps = torch.randn(2, seconds * 10, generator=made)
        about = dict(ps=ps, ps_names=("ECG", "EDA"), ps_units=("mV", "uS"), ps_sfreq=10.0)
        nobody = dict(colour=None, depth=None, onset=None, apex=None, offset=None)
        return make_trial(**about, **nobody, subject=subject, clip=subject, label="a")

    return lambda *seconds: collate([trial(s, f"s{s}") for s in seconds], ("a", "b"))


@pytest.mark.parametrize(("centre", "peak"), [(0.5, 3), (0.0, 0), (1.0, 6)])
def test_weights_are_the_normal_density_over_the_seconds(batch, centre, peak):
    weights = model(centre=centre)(batch(7)).weights["fusion"][0]
    z = 6 * (torch.linspace(0, 1, 7) - centre)
    want = torch.from_numpy(norm.pdf(z.numpy()))
    torch.testing.assert_close(weights, (want / want.sum()).float(), atol=1e-5, rtol=1e-4)
    assert weights.argmax() == peak
    assert model(fusion="uniform")(batch(7)).weights["fusion"].std() < 1e-7


def test_padding_and_other_signals_change_nothing(batch):
    net, both = model(), batch(7, 4)
    alone = torch.cat([net(batch(7)).logits, net(batch(4)).logits])
    torch.testing.assert_close(net(both).logits, alone)
    spoilt = batch(7, 4)
    spoilt.ps[1, :, 40:] = 1e6  # beyond the end of the shorter one
    spoilt.ps[:, 0] = -1e6  # the ECG
    torch.testing.assert_close(net(spoilt).logits, alone)
    raised = batch(7, 4)
    raised.ps[:, 1] += 30.0  # a level is no response
    torch.testing.assert_close(net(raised).logits, alone, atol=1e-4, rtol=1e-4)


def test_the_scale_is_that_of_whole_seconds(batch):
    net, both = model(), batch(7, 4)
    net.fit_scales([both])
    changes = [both.ps[0, 1, :70] - both.ps[0, 1, 0], both.ps[1, 1, :40] - both.ps[1, 1, 0]]
    want = torch.cat(changes).square().mean().sqrt()
    torch.testing.assert_close(net.scale.rms[0], want)
