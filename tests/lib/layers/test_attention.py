import pytest
import torch

from meps_lib.errors import MepsError
from meps_lib.layers.alternatives import Unguided
from meps_lib.layers.attention import GuidedAttention


@pytest.fixture
def streams():
    g = torch.Generator().manual_seed(0)
    return torch.randn(2, 5, 16, generator=g), torch.randn(2, 9, 16, generator=g)


def test_equals_torch_multi_head_attention(streams):
    guide, content = streams
    ours = GuidedAttention(16, 4)
    theirs = torch.nn.MultiheadAttention(16, 4, batch_first=True)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(
            torch.cat([m.weight for m in (ours.to_q, ours.to_k, ours.to_v)])
        )
        theirs.in_proj_bias.zero_()
        theirs.out_proj.load_state_dict(ours.to_out.state_dict())
    mask = torch.arange(9)[None] < torch.tensor([[9], [6]])
    want, want_w = theirs(guide, content, content, ~mask, average_attn_weights=False)
    got, got_w = ours(guide, content, content_mask=mask)
    assert torch.allclose(got_w, want_w, atol=1e-6)
    assert torch.allclose(got, ours.norm(guide + want), atol=1e-5)


def test_weights_are_a_distribution_over_real_keys(streams):
    guide, content = streams
    mask = torch.arange(9)[None] < torch.tensor([[9], [4]])
    _, w = GuidedAttention(16, 4)(guide, content, content_mask=mask)
    assert torch.allclose(w.sum(dim=-1), torch.ones(2, 4, 5))
    assert w[1, ..., 4:].abs().max() == 0


def test_masked_content_has_no_effect(streams):
    guide, content = streams
    layer = GuidedAttention(16, 4)
    mask = torch.arange(9)[None] < torch.tensor([[9], [4]])
    changed = content.clone()
    changed[1, 4:] = 1e3
    assert torch.equal(layer(guide, content, None, mask)[0], layer(guide, changed, None, mask)[0])


def test_no_key_leaves_the_residual(streams):
    guide, content = streams
    layer = GuidedAttention(16, 4)
    out, w = layer(guide, content, content_mask=torch.zeros(2, 9, dtype=torch.bool))
    assert w.abs().max() == 0
    assert torch.allclose(out, layer.norm(guide))


def test_the_guide_steers_the_weights(streams):
    guide, content = streams
    layer = GuidedAttention(16, 4)
    a, b = layer(guide, content)[1], layer(guide.flip(0), content)[1]
    assert (a - b).abs().max() > 1e-3


def test_the_content_may_ask(streams):
    guide, content = streams
    out, w = GuidedAttention(16, 4, query="content")(guide, content)
    assert out.shape == content.shape
    assert w.shape == (2, 4, 9, 5)


def test_one_key_is_refused_since_it_would_be_a_linear_map(streams):
    guide, content = streams
    with pytest.raises(MepsError, match="1 key; expected a sequence"):
        GuidedAttention(16, 4)(guide, content[:, :1])
    with pytest.raises(MepsError, match="multiple of heads"):
        GuidedAttention(16, 5)
    with pytest.raises(MepsError, match="query='both'"):
        GuidedAttention(16, 4, query="both")


def test_without_attention_the_residual_goes_on_normalised(unsettle):
    layer = unsettle(Unguided(8))
    guide, content, residual = torch.randn(2, 5, 8), torch.randn(2, 9, 8), torch.randn(2, 1, 8)
    norm = layer.norm
    for given, out in ((None, content), (residual, residual)):
        wanted = torch.nn.functional.layer_norm(out, (8,), norm.weight, norm.bias)
        got, weights = layer(guide, content, residual=given)
        torch.testing.assert_close(got, wanted)
        assert weights is None
