import pytest
import torch

from meps_lib.errors import MepsError
from meps_lib.layers.alternatives import Unguided
from meps_lib.layers.attention import GuidedAttention


@pytest.fixture
def streams():
    g = torch.Generator().manual_seed(0)
    return torch.randn(2, 5, 16, generator=g), torch.randn(2, 9, 16, generator=g)


def torchs(ours):
    """torch's own multi-head attention with our weights."""
    theirs = torch.nn.MultiheadAttention(16, 4, batch_first=True)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(
            torch.cat([m.weight for m in (ours.to_q, ours.to_k, ours.to_v)])
        )
        theirs.in_proj_bias.zero_()
        theirs.out_proj.load_state_dict(ours.to_out.state_dict())
    return theirs


def test_equals_torch_multi_head_attention(streams):
    guide, content = streams
    ours = GuidedAttention(16, 4)
    theirs = torchs(ours)
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


REAL = torch.arange(5)[None] < torch.tensor([[5], [2]])
KEYS = torch.arange(9)[None] < torch.tensor([[6], [9]])


@pytest.mark.parametrize("residual", [None, torch.linspace(-2, 1, 96).view(2, 3, 16)])
def test_asking_once_is_torchs_attention_with_the_mean_of_real_queries(streams, unsettle, residual):
    guide, content = streams
    ours = unsettle(GuidedAttention(16, 4, asking="once"))
    mean = torch.stack([guide[b, REAL[b]].mean(dim=0, keepdim=True) for b in range(2)])
    answer, want_w = torchs(ours)(mean, content, content, ~KEYS, average_attn_weights=False)
    got, got_w = ours(guide, content, REAL, KEYS, residual)
    assert got_w.shape == (2, 4, 1, 9)
    torch.testing.assert_close(got_w, want_w)
    onto = mean if residual is None else residual
    torch.testing.assert_close(got, ours.norm(onto + answer), atol=1e-5, rtol=1e-5)


def test_the_content_asking_once_reads_the_guide_with_its_mean(streams, unsettle):
    guide, content = streams
    ours = unsettle(GuidedAttention(16, 4, query="content", asking="once"))
    mean = torch.stack([content[b, KEYS[b]].mean(dim=0, keepdim=True) for b in range(2)])
    _, want_w = torchs(ours)(mean, guide, guide, ~REAL, average_attn_weights=False)
    out, got_w = ours(guide, content, REAL, KEYS, residual=content)
    torch.testing.assert_close(got_w, want_w)
    assert out.shape == content.shape


@pytest.mark.parametrize("query", ["guide", "content"])
@pytest.mark.parametrize("asking", ["each", "once"])
def test_masked_tokens_count_nowhere(streams, unsettle, query, asking):
    """On either side: whatever stands there, no weight and no answer to a real token moves."""
    guide, content = streams
    layer = unsettle(GuidedAttention(16, 4, query=query, asking=asking))
    spoilt = guide.clone(), content.clone()
    spoilt[0][~REAL], spoilt[1][~KEYS] = 1e3, -1e3
    before, after = layer(guide, content, REAL, KEYS), layer(*spoilt, REAL, KEYS)
    asks = REAL if query == "guide" else KEYS
    for (out, w), (other, v) in ((before, after),):
        if asking == "each":  # a question from padding may say what it likes: nobody reads it
            out, other = out[asks], other[asks]
            w, v = w.transpose(1, 2)[asks], v.transpose(1, 2)[asks]
        torch.testing.assert_close(other, out)
        torch.testing.assert_close(v, w)
    keys = KEYS if query == "guide" else REAL
    assert before[1].transpose(1, 3)[~keys].abs().max() == 0


@pytest.mark.parametrize("query", ["guide", "content"])
@pytest.mark.parametrize("asking", ["each", "once"])
def test_tokens_that_change_places_take_their_weights_along(streams, unsettle, query, asking):
    guide, content = streams
    layer = unsettle(GuidedAttention(16, 4, query=query, asking=asking))
    order, other = torch.tensor([3, 0, 4, 1, 2]), torch.tensor([8, 2, 5, 0, 1, 7, 3, 6, 4])
    out, w = layer(guide, content, REAL, KEYS)
    moved = layer(guide[:, order], content[:, other], REAL[:, order], KEYS[:, other])
    asks, keys = (order, other) if query == "guide" else (other, order)
    if asking == "each":
        out, w = out[:, asks], w[:, :, asks]
    torch.testing.assert_close(moved[0], out)
    torch.testing.assert_close(moved[1], w[..., keys])


PLACES, WIDTH = 9, 16


def pointed_trials(n, seed):
    """A sign at each place; the guide's three tokens point at one, and its sign is the class."""
    g = torch.Generator().manual_seed(seed)
    signs = torch.randint(0, 2, (n, PLACES), generator=g)
    where = torch.randint(0, PLACES, (n,), generator=g)
    content, guide = torch.zeros(n, PLACES, WIDTH), torch.zeros(n, 3, WIDTH)
    content[..., :PLACES] = torch.eye(PLACES)
    content[..., PLACES] = 2.0 * signs - 1
    guide[torch.arange(n), :, where] = 1.0
    guide += 0.2 * torch.randn(guide.shape, generator=g)
    return guide, content, where, signs[torch.arange(n), where]


@pytest.mark.parametrize("asking", ["each", "once"])
def test_after_training_the_map_looks_where_the_guide_points(asking):
    """The truth of each trial is known: the place that carries its class."""
    torch.manual_seed(0)
    layer, head = GuidedAttention(WIDTH, 2, asking=asking), torch.nn.Linear(WIDTH, 2)
    adam = torch.optim.Adam([*layer.parameters(), *head.parameters()], 0.01)
    guide, content, _, label = pointed_trials(512, seed=0)
    for _ in range(150):
        loss = torch.nn.functional.cross_entropy(head(layer(guide, content)[0].mean(1)), label)
        adam.zero_grad()
        loss.backward()
        adam.step()
    with torch.no_grad():
        guide, content, where, label = pointed_trials(256, seed=1)
        out, weights = layer(guide, content)
        assert (head(out.mean(1)).argmax(1) == label).float().mean() > 0.95
        seen = weights.mean(dim=(1, 2))
        assert (seen.argmax(dim=1) == where).float().mean() > 0.95
        # the guide of the trial before: the map follows the guide, not the content
        exchanged = layer(guide.roll(1, 0), content)[1].mean(dim=(1, 2))
        assert (exchanged.argmax(dim=1) == where.roll(1)).float().mean() > 0.95


def test_questions_that_do_not_exist_are_refused():
    with pytest.raises(MepsError, match="asking='twice'; expected one of"):
        GuidedAttention(16, 4, asking="twice")
