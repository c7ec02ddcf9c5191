"""Mutual attention: torch's own attention by hand, who asks whom, what is missing, and training."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from meps_lib.errors import MepsError
from meps_lib.layers import MutualAttention

NAMES = ("video", "eeg", "ps")
SIZES = {"video": 5, "eeg": 7, "ps": 4}


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def tokens():
    return {m: draw(6, SIZES[m], 8, seed=k) for k, m in enumerate(NAMES)}


@pytest.fixture
def masks():
    """Unequal lengths and a hole; the third trial has no real step of EEG."""
    lengths = {"video": (5, 2, 5, 3, 1, 5), "eeg": (7, 4, 0, 7, 2, 5), "ps": (4, 4, 2, 1, 3, 4)}
    found = {m: torch.arange(SIZES[m]) < torch.tensor(lengths[m])[:, None] for m in NAMES}
    found["eeg"][3, 2] = False
    return found


@pytest.fixture
def present():
    """All; without video; without EEG by its mask; with signals alone; with video alone; none."""
    return {
        "video": torch.tensor([True, False, True, False, True, False]),
        "eeg": torch.tensor([True, True, True, False, False, False]),
        "ps": torch.tensor([True, True, True, True, False, False]),
    }


@pytest.fixture
def make(unsettle):
    def build(mode="mutual", names=NAMES):
        torch.manual_seed(0)
        return unsettle(MutualAttention(8, names, heads=2, mode=mode).double())

    return build


def test_it_is_as_large_as_computed():
    layer = MutualAttention(64, ("video", "eeg"), heads=4)
    attention = layer.answers[0].attention
    assert sum(p.numel() for p in attention.parameters()) == 16_640
    mlp, norms = 64 * 128 + 128 + 128 * 64 + 64, 3 * 2 * 64
    assert sum(p.numel() for p in layer.parameters()) == 2 * (16_640 + mlp + norms)
    same = MutualAttention(64, ("video", "eeg"), heads=4, mode="self")
    assert sum(p.numel() for p in same.parameters()) == sum(p.numel() for p in layer.parameters())
    assert not list(MutualAttention(64, NAMES, mode="none").parameters())


def by_hand(layer, x, real, trial):
    """One trial, cut to what is real: torch's softmax in the source's residual form."""
    out, maps = {}, {}
    have = [m for m in NAMES if real[m][trial].any()]
    cut = {m: x[m][trial, real[m][trial]] for m in have}
    for v in have:
        out[v] = cut[v].clone()
        for (own, other), answer in zip(layer.pairs, layer.answers, strict=True):
            asks = own if layer.mode == "self" else other
            if own != v or asks not in have:
                continue
            mha = answer.attention
            q = answer.norm_asks(cut[asks])
            k = answer.norm_own(cut[v])
            w, b = mha.in_proj_weight.chunk(3), mha.in_proj_bias.chunk(3)
            q, k, values = (y @ w[i].T + b[i] for i, y in enumerate((q, k, k)))
            heads, weights = [], []
            for h in range(2):
                part = slice(4 * h, 4 * h + 4)
                weights.append(torch.softmax(q[:, part] @ k[:, part].T / 4**0.5, dim=1))
                heads.append(weights[-1] @ values[:, part])
            a = mha.out_proj(torch.cat(heads, 1)).mean(0)
            moved = cut[v] + a
            out[v] = out[v] + a + answer.mlp(answer.norm_mlp(moved))
            maps[v, other] = torch.stack(weights)
    return out, maps


@pytest.mark.parametrize("mode", ["mutual", "self"])
def test_it_is_the_formula_on_what_is_real(make, tokens, masks, present, mode):
    layer = make(mode)
    out, weights = layer(tokens, masks, present)
    real = {m: masks[m] & present[m][:, None] for m in NAMES}
    assert set(weights) == set(layer.pairs) and len(layer.pairs) == 6
    for trial in range(6):
        want, maps = by_hand(layer, tokens, real, trial)
        for m in NAMES:
            if m in want:
                torch.testing.assert_close(out[m][trial, real[m][trial]], want[m])
            assert (out[m][trial, ~real[m][trial]] == 0).all()
        for (v, other), w in weights.items():
            asks = v if mode == "self" else other
            left = w[trial].clone()
            if (v, other) in maps:
                inner = left[:, real[asks][trial]][:, :, real[v][trial]]
                torch.testing.assert_close(inner, maps[v, other])
                torch.testing.assert_close(inner.sum(2), torch.ones_like(inner[..., 0]))
            left[(real[asks][trial][:, None] & real[v][trial]).expand_as(left)] = 0
            assert (left == 0).all()


def test_with_one_other_it_is_the_residual_form_of_the_source(make, tokens):
    """h = v + a, then h + MLP(LN(h)): the sum of changes counts the own embedding once."""
    layer = make(names=("video", "eeg"))
    out, _ = layer(tokens)
    answer = layer.answers[layer.pairs.index(("video", "eeg"))]
    keys = answer.norm_own(tokens["video"])
    a, _ = answer.attention(answer.norm_asks(tokens["eeg"]), keys, keys)
    h = tokens["video"] + a.mean(1, keepdim=True)
    torch.testing.assert_close(out["video"], h + answer.mlp(answer.norm_mlp(h)))


@pytest.mark.parametrize("mode", ["mutual", "self", "none"])
@pytest.mark.parametrize("spoilt", [1e3, float("nan"), float("inf")])
def test_what_is_missing_or_padding_changes_no_bit(make, tokens, masks, present, mode, spoilt):
    results = []
    for filling in (0.0, spoilt):
        layer, x = make(mode), {}
        for m in NAMES:
            real = masks[m] & present[m][:, None]
            x[m] = torch.where(real[..., None], tokens[m], filling).requires_grad_()
        out, weights = layer(x, masks, present)
        sum(y.square().sum() for y in out.values()).backward()
        grads = [p.grad for p in layer.parameters()] + [x[m].grad for m in NAMES]
        results.append([*out.values(), *weights.values(), *grads])
    for a, b in zip(*results, strict=True):
        assert torch.equal(a, b) and a.isfinite().all()


def test_a_modality_that_nobody_has_leaves_the_others_as_without_it(make, tokens, masks):
    layer, two = make(), make(names=("video", "eeg"))
    for pair, answer in zip(two.pairs, two.answers, strict=True):
        answer.load_state_dict(layer.answers[layer.pairs.index(pair)].state_dict())
    nobody = {"ps": torch.zeros(6, dtype=torch.bool)}
    out, _ = layer(tokens, masks, nobody)
    want, _ = two({m: tokens[m] for m in ("video", "eeg")}, masks)
    for m in want:
        assert torch.equal(out[m], want[m])
    assert (out["ps"] == 0).all()


def test_a_trial_with_one_modality_goes_on_as_it_came(make, tokens, masks, present):
    out, _ = make()(tokens, masks, present)
    for trial, m in ((3, "ps"), (4, "video")):
        want = tokens[m][trial] * masks[m][trial][:, None]
        assert torch.equal(out[m][trial], want)
    alone, weights = make(names=("eeg",))({"eeg": tokens["eeg"]})
    assert torch.equal(alone["eeg"], tokens["eeg"]) and not weights


def test_without_attention_embeddings_go_on_unchanged(make, tokens, masks):
    out, weights = make("none")(tokens)
    assert all(torch.equal(out[m], tokens[m]) for m in NAMES) and not weights
    single, _ = make("none")({m: x[:, :1] for m, x in tokens.items()})
    assert all(torch.equal(single[m], tokens[m][:, :1]) for m in NAMES)


def test_questions_change_the_maps_and_answers_come_from_the_own_stream(make, tokens):
    """K and V are v's own: from the asking stream no value enters, but through the weights."""
    layer = make(names=("video", "eeg"))
    other = tokens | {"eeg": tokens["eeg"].flip(0)}
    weights, changed = layer(tokens)[1], layer(other)[1]
    assert (weights["video", "eeg"] - changed["video", "eeg"]).abs().max() > 1e-3
    same = tokens | {"video": tokens["video"][:, :1].expand(-1, 5, -1)}
    a, b = layer(same)[0]["video"], layer(same | {"eeg": other["eeg"]})[0]["video"]
    torch.testing.assert_close(a, b)  # all answers are alike: who asks is no matter
    selfish = make("self", ("video", "eeg"))
    assert torch.equal(selfish(tokens)[0]["video"], selfish(other)[0]["video"])


def test_tokens_that_change_places_take_their_weights_along(make, tokens, masks):
    layer, order = make(), torch.tensor([3, 0, 6, 2, 5, 1, 4])
    out, weights = layer(tokens, masks)
    moved, moved_weights = layer(
        tokens | {"eeg": tokens["eeg"][:, order]}, masks | {"eeg": masks["eeg"][:, order]}
    )
    torch.testing.assert_close(moved["eeg"], out["eeg"][:, order])
    torch.testing.assert_close(moved["video"], out["video"])
    torch.testing.assert_close(moved_weights["eeg", "ps"], weights["eeg", "ps"][..., order])
    torch.testing.assert_close(moved_weights["ps", "eeg"], weights["ps", "eeg"][:, :, order])


PLACES = 6


def pointed_trials(n, seed):
    """A sign at each place of the video; the EEG points at one, and its sign is the class."""
    g = torch.Generator().manual_seed(seed)
    signs = torch.randint(0, 2, (n, PLACES), generator=g)
    where = torch.randint(0, PLACES, (n,), generator=g)
    video, eeg = torch.zeros(n, PLACES, 16), torch.zeros(n, 3, 16)
    video[..., :PLACES] = torch.eye(PLACES)
    video[..., PLACES] = 2.0 * signs - 1
    eeg[torch.arange(n), :, where] = 1.0
    eeg += 0.1 * torch.randn(eeg.shape, generator=g)
    return {"video": video, "eeg": eeg}, where, signs[torch.arange(n), where]


@pytest.mark.parametrize("mode", ["mutual", "self"])
def test_after_training_the_video_is_read_where_the_eeg_points(mode):
    """Only a question from outside can find the place: asking itself stays far behind."""
    torch.manual_seed(0)
    layer, head = MutualAttention(16, ("video", "eeg"), 2, mode=mode), nn.Linear(16, 2)
    adam = torch.optim.Adam([*layer.parameters(), *head.parameters()], 0.01)
    x, _, label = pointed_trials(512, 0)
    for _ in range(120):
        loss = cross_entropy(head(layer(x)[0]["video"].mean(1)), label)
        adam.zero_grad()
        loss.backward()
        adam.step()
    with torch.no_grad():
        x, where, label = pointed_trials(256, 1)
        out, weights = layer(x)
        right = (head(out["video"].mean(1)).argmax(1) == label).float().mean()
        if mode == "self":
            assert right < 0.8
            return
        assert right > 0.95
        # The EEG of the trial before: the map follows who asks, not the video.
        exchanged = layer(x | {"eeg": x["eeg"].roll(1, 0)})[1]
        trials, before = torch.arange(256), where.roll(1)
        seen, moved = (w["video", "eeg"].mean((1, 2)) for w in (weights, exchanged))
        assert seen[trials, where].mean() > 0.4 and moved[trials, before].mean() > 0.4
        assert (seen.argmax(1) == where).float().mean() > 0.6  # by chance 1 / 6
        assert moved[trials[where != before], where[where != before]].mean() < 0.2


def test_what_does_not_fit_is_refused(tokens):
    layer = MutualAttention(8, NAMES, heads=2).double()
    with pytest.raises(MepsError, match="tokens of video, eeg; expected also 'ps'"):
        layer({m: tokens[m] for m in ("video", "eeg")})
    for wrong in (draw(6, 5, 9), draw(5, 5, 8), draw(6, 8)):
        with pytest.raises(MepsError, match=r"tokens of 'eeg': .*; expected \(6, N, 8\)"):
            layer(tokens | {"eeg": wrong})
    with pytest.raises(MepsError, match="'ps': 1 a trial; expected a sequence of at least 2"):
        layer(tokens | {"ps": draw(6, 1, 8)})
    flat = torch.ones(6, 5)
    with pytest.raises(MepsError, match=r"mask of 'video' is .*; expected torch.bool \(6, 5\)"):
        layer(tokens, {"video": flat})
    with pytest.raises(MepsError, match=r"present of 'ps' is .*; expected torch.bool \(6,\)"):
        layer(tokens, None, {"ps": torch.ones(5, dtype=torch.bool)})
    with pytest.raises(MepsError, match="dim=8; expected a multiple of heads=3"):
        MutualAttention(8, NAMES, heads=3)
    with pytest.raises(MepsError, match="mode='both'; expected one of mutual, self, none"):
        MutualAttention(8, NAMES, mode="both")
    for names in ("eeg", (), ("eeg", "eeg")):
        with pytest.raises(MepsError, match="expected names, each once"):
            MutualAttention(8, names)
