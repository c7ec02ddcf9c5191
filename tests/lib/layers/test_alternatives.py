"""What may stand in the place of attention, by hand in NumPy, away from where it begins."""

import numpy as np
import pytest
import torch
from scipy.special import expit

from meps_lib.layers import FiLM, GatedSum, GuidedSum, Unguided

D = 6
WAYS = [Unguided, GuidedSum, GatedSum, FiLM]
LISTENING = WAYS[1:]


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def made(unsettle):
    def make(way):
        torch.manual_seed(0)
        return unsettle(way(D).double())

    return make


def numpy_of(layer):
    return {name: p.detach().numpy() for name, p in layer.named_parameters()}


def normalised(x, p):
    x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    return x * p["norm.weight"] + p["norm.bias"]


def by_hand(layer, content, guide):
    """Content (Q, D) and one guide for all of it or for each row, (1 or Q, D)."""
    p, content, guide = numpy_of(layer), content.numpy(), guide.numpy()

    def linear(name, x):
        return x @ p[f"{name}.weight"].T + p[f"{name}.bias"]

    if isinstance(layer, FiLM):
        scale, shift = np.split(linear("to_film", guide), 2, axis=-1)
        out = content + scale * content + shift
    elif isinstance(layer, GatedSum):
        both = np.concatenate([content, np.broadcast_to(guide, content.shape)], axis=-1)
        out = content + expit(linear("to_gate", both)) * linear("to_change", guide)
    elif isinstance(layer, GuidedSum):
        out = content + linear("to_change", guide)
    else:
        out = content
    return torch.from_numpy(normalised(out, p))


LENGTHS = torch.tensor([7, 3, 1])
MASK = torch.arange(7) < LENGTHS[:, None]


@pytest.mark.parametrize("way", WAYS)
def test_a_guide_of_other_places_speaks_with_the_mean_of_what_is_real(made, way):
    layer, guide, content, residual = made(way), draw(3, 7, D), draw(3, 9, D, seed=1), draw(3, 1, D)
    for given in (None, residual):
        got, weights = layer(guide, content, MASK, residual=given)
        changed = content if given is None else given
        assert weights is None and got.shape == changed.shape
        for b, n in enumerate(LENGTHS):
            mean = guide[b, :n].mean(dim=0, keepdim=True)
            torch.testing.assert_close(got[b], by_hand(layer, changed[b], mean))
    unmasked, _ = layer(guide, content)
    torch.testing.assert_close(unmasked[1], by_hand(layer, content[1], guide[1].mean(0)[None]))


@pytest.mark.parametrize("way", WAYS)
def test_tokens_of_the_same_places_speak_each_for_itself(made, way):
    layer, guide, content = made(way), draw(3, 7, D), draw(3, 7, D, seed=1)
    got, _ = layer(guide, content)
    for b in range(3):
        torch.testing.assert_close(got[b], by_hand(layer, content[b], guide[b]))
    mean = by_hand(layer, content[0], guide[0].mean(dim=0)[None])
    assert torch.allclose(got[0], mean) == (way is Unguided)
    # where one place of a guide was not measured, that place hears nothing, and the others do
    masked, _ = layer(guide, content, MASK)
    torch.testing.assert_close(masked[MASK], got[MASK])
    unguided = made(Unguided)
    unguided.norm = layer.norm
    torch.testing.assert_close(masked[~MASK], unguided(guide, content)[0][~MASK])


@pytest.mark.parametrize("way", LISTENING)
@pytest.mark.parametrize("places", [7, 9])
def test_without_a_guide_it_is_as_if_nobody_had_asked(made, way, places):
    layer, unguided = made(way), made(Unguided)
    unguided.norm = layer.norm
    guide, content = draw(3, 7, D), draw(3, places, D, seed=1)
    mask = MASK.clone()
    mask[1] = False
    got, _ = layer(guide, content, mask)
    plain, _ = unguided(guide, content)
    torch.testing.assert_close(got[1], plain[1])
    assert (got[[0, 2]] - plain[[0, 2]]).abs().amax(dim=(1, 2)).min() > 1e-3


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("places", [1, 7, 9])
def test_padding_of_the_guide_has_no_effect(made, way, places):
    layer, content = made(way), draw(3, places, D, seed=1)
    guide = draw(3, 7, D)
    before, _ = layer(guide, content, MASK)
    after, _ = layer(
        torch.where(MASK[..., None], guide, 1e3 * draw(3, 7, D, seed=5)), content, MASK
    )
    torch.testing.assert_close(after, before)


@pytest.mark.parametrize("way", LISTENING)
def test_the_guide_is_heard_and_by_its_own_trial_alone(made, way):
    layer, guide, content = made(way), draw(3, 7, D), draw(3, 9, D, seed=1)
    other = guide.clone()
    other[1] = draw(7, D, seed=8)
    moved = (layer(guide, content)[0] - layer(other, content)[0]).abs().amax(dim=(1, 2))
    assert (moved > 1e-3).tolist() == [False, True, False]


def test_a_gate_stands_between_nothing_and_the_sum(made):
    """Wide open it is the sum; shut, nothing is heard."""
    gated, plain = made(GatedSum), made(GuidedSum)
    plain.to_change, plain.norm = gated.to_change, gated.norm
    guide, content = draw(3, 7, D), draw(3, 9, D, seed=1)
    for bias, wanted in ((1e3, plain(guide, content)), (-1e3, (gated.norm(content), None))):
        torch.nn.init.constant_(gated.to_gate.bias, bias)
        torch.testing.assert_close(gated(guide, content)[0], wanted[0])
