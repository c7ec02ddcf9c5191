import math

import pytest
import torch
from scipy.stats import norm

from meps_lib.errors import MepsError
from meps_lib.layers.fusion import NARROWEST, WeightedFusion, normal_weights


def test_five_frames_get_the_weights_of_the_ledger():
    want = torch.tensor([0.006646, 0.194226, 0.598257, 0.194226, 0.006646])
    assert torch.allclose(normal_weights(5), want, atol=1e-6)


@pytest.mark.parametrize("n", [2, 3, 8, 31])
@pytest.mark.parametrize("span", [1.0, 3.0])
def test_three_sigma_is_the_normal_density(n, span):
    z = torch.linspace(-span, span, n, dtype=torch.float64)
    density = torch.from_numpy(norm.pdf(z.numpy()))
    assert torch.allclose(normal_weights(n, span).double(), density / density.sum(), atol=1e-7)


def test_z_score_keeps_about_a_fifth_at_the_edges():
    n = 16
    k = torch.arange(n, dtype=torch.float64)
    z = (k - k.mean()) / k.std(unbiased=False)
    density = torch.from_numpy(norm.pdf(z.numpy()))
    w = normal_weights(n, reading="z-score")
    assert torch.allclose(w.double(), density / density.sum(), atol=1e-7)
    many = normal_weights(1001, reading="z-score")
    assert many[0] / many[500] == pytest.approx(math.exp(-1.5), abs=0.01)  # 0.22
    many = normal_weights(1001)
    assert many[0] / many[500] == pytest.approx(math.exp(-4.5), abs=0.001)  # 0.011


def test_the_centre_moves_the_peak():
    assert normal_weights(11, centre=0.3).argmax() == 3
    assert normal_weights(1).tolist() == [1.0]


@pytest.mark.parametrize(
    "kw",
    [
        {"n_frames": 0},
        {"n_frames": 5, "span": 0},
        {"n_frames": 5, "width": float("nan")},
        {"n_frames": 5, "centre": 1.2},
        {"n_frames": 5, "reading": "two-sigma"},
        {"reading": "two-sigma", "n_frames": 2.5},
        {"n_frames": 1, "reading": "two-sigma"},
        {"n_frames": 16, "width": 1e-200},
        {"n_frames": 16, "reading": "z-score", "width": 1e-200},
        {"n_frames": 16, "span": 1e200},
    ],
)
def test_impossible_curves_are_refused(kw):
    with pytest.raises(MepsError, match=list(kw)[-1]):
        normal_weights(**kw)


@pytest.mark.parametrize("mode", ["fixed", "apex", "learnt"])
@pytest.mark.parametrize("n", [15, 16, 4001])
def test_the_narrowest_curve_is_the_nearest_frames(mode, n):
    """One in the middle or two beside it; anything narrower is no number, and refused."""
    width = 6.001 * NARROWEST  # three-sigma has a sixth of the clip
    nearest = torch.zeros(n)
    nearest[(n - 1) // 2 : n // 2 + 1] = 1 / (2 - n % 2)
    torch.testing.assert_close(normal_weights(n, width=width), nearest)
    mask = torch.arange(n + 3) < n
    weights = WeightedFusion(mode, width=width).weights(mask[None])[0]
    assert weights.isfinite().all() and weights[nearest.argmax()] > 0
    assert weights.sum().item() == pytest.approx(1)
    with pytest.raises(MepsError, match="width=1e-200: a curve of .* of the clip; expected 1e-06"):
        WeightedFusion(mode, width=1e-200)


def test_padding_changes_nothing():
    x = torch.randn(1, 9, 4)
    short, _ = WeightedFusion()(x[:, :5])
    mask = torch.arange(9)[None] < 5
    padded, weights = WeightedFusion()(x, mask)
    assert torch.allclose(short, padded, atol=1e-6)
    assert torch.allclose(weights[0, :5], normal_weights(5), atol=1e-6)
    assert weights[0, 5:].abs().max() == 0


def test_modes_put_the_weight_where_they_say():
    x, mask = torch.randn(2, 11, 4), torch.ones(2, 11, dtype=torch.bool)
    apex = torch.tensor([0.2, 0.9])
    peaks = {
        m: WeightedFusion(m)(x, mask, apex)[1].argmax(dim=1).tolist() for m in ("fixed", "apex")
    }
    assert peaks == {"fixed": [5, 5], "apex": [2, 9]}
    fused, w = WeightedFusion("apex-only")(x, mask, apex)
    assert torch.allclose(fused, torch.stack([x[0, 2], x[1, 9]]))
    fused, w = WeightedFusion("uniform")(x, mask)
    assert torch.allclose(fused, x.mean(dim=1), atol=1e-6)
    known = torch.tensor([True, False])
    assert WeightedFusion("apex")(x, mask, apex, known)[1].argmax(dim=1).tolist() == [2, 5]


def test_a_clip_without_frames_gets_zeros():
    fused, weights = WeightedFusion()(torch.randn(2, 3, 4), torch.tensor([[True] * 3, [False] * 3]))
    assert fused[1].abs().max() == 0
    assert weights.isfinite().all()


@pytest.mark.parametrize("mode", ["fixed", "learnt"])
@pytest.mark.parametrize("reading", ["three-sigma", "z-score"])
def test_one_frame_gets_all_and_none_gets_zero_with_finite_gradients(mode, reading):
    fusion = WeightedFusion(mode, reading=reading)
    mask = torch.tensor([[True, False, False, False], [False] * 4, [True] * 4])
    _, weights = fusion(torch.randn(3, 4, 2), mask)
    assert weights.sum(dim=1).tolist() == pytest.approx([1, 0, 1])
    assert fusion(torch.randn(1, 1, 2))[1].tolist() == [[1.0]]
    if mode == "learnt":
        weights[:, 0].sum().backward()
        assert all(p.grad.isfinite().all() for p in fusion.parameters())


def test_the_learnt_centre_finds_the_only_informative_frame():
    g = torch.Generator().manual_seed(0)
    label = torch.randint(0, 2, (256,), generator=g)
    x = torch.randn(256, 11, 1, generator=g)
    x[:, 2, 0] = 4.0 * label - 2.0  # frame 2 of 11, relative position 0.2, tells the class
    fusion = WeightedFusion("learnt")
    head = torch.nn.Linear(1, 2)
    torch.nn.init.eye_(head.weight[:1]), torch.nn.init.constant_(head.weight[1:], 1.0)
    adam = torch.optim.Adam([*fusion.parameters(), *head.parameters()], 0.05)
    for _ in range(200):
        loss = torch.nn.functional.cross_entropy(head(fusion(x)[0]), label)
        adam.zero_grad()
        loss.backward()
        adam.step()
    assert fusion.centre_logit.sigmoid().item() == pytest.approx(0.2, abs=0.05)


@pytest.mark.parametrize("mode", ["fixed", "learnt"])
def test_width_and_centre_are_those_of_the_density(mode):
    """Twice as wide, half the span, off the middle: SciPy's normal density over the positions."""
    settings = {"span": 1.5, "centre": 0.25, "width": 2.0}
    place = torch.linspace(0, 1, 9, dtype=torch.float64)
    density = torch.from_numpy(norm.pdf(place.numpy(), loc=0.25, scale=2.0 / (2 * 1.5)))
    wanted = (density / density.sum()).float()
    torch.testing.assert_close(normal_weights(9, **settings), wanted)
    _, weights = WeightedFusion(mode, **settings)(torch.zeros(1, 9, 2))
    torch.testing.assert_close(weights[0], wanted)


def per_clip(unsettle, dim=4, **kw):
    torch.manual_seed(0)
    return unsettle(WeightedFusion("per-clip", dim=dim, **kw))


UNEVEN = torch.arange(9) < torch.tensor([9, 5, 2, 0, 1])[:, None]


@pytest.mark.parametrize("reading", ["three-sigma", "z-score"])
@pytest.mark.parametrize("shape", [(5, 9, 4), (5, 9, 3, 4)])
def test_weights_of_a_clip_begin_as_the_curve(reading, shape):
    x, settings = 5 * torch.randn(shape), {"span": 2.0, "centre": 0.3, "width": 1.5}
    fixed = WeightedFusion("fixed", reading=reading, **settings)(x, UNEVEN)
    begins = WeightedFusion("per-clip", reading=reading, dim=4, **settings)(x, UNEVEN)
    for got, wanted in zip(begins, fixed, strict=True):
        torch.testing.assert_close(got, wanted, atol=1e-7, rtol=0)


def test_weights_of_a_clip_are_the_curve_times_a_score_of_each_frame(unsettle):
    """By hand: the score of a frame is that of the mean over its positions, layer-normalised."""
    fusion, x = per_clip(unsettle), torch.randn(5, 9, 3, 4, dtype=torch.float64)
    norm, linear = fusion.double().score
    fused, weights = fusion(x, UNEVEN)
    for k, n in enumerate((9, 5, 2, 0, 1)):
        if n:
            frames = x[k, :n].mean(dim=1)
            frames = frames - frames.mean(dim=1, keepdim=True)
            spread = (frames.square().mean(dim=1, keepdim=True) + norm.eps).sqrt()
            score = (frames / spread * norm.weight + norm.bias) @ linear.weight[0]
            own = score.exp() * normal_weights(n).double()
            torch.testing.assert_close(weights[k, :n], own / own.sum(), atol=1e-6, rtol=1e-5)
        assert weights[k, n:].abs().sum() == 0
        wanted = torch.einsum("t,tpd->pd", weights[k, :n], x[k, :n])
        torch.testing.assert_close(fused[k], wanted)
    assert (weights[0] - normal_weights(9)).abs().max() > 0.05


def test_padding_decides_no_weight_of_a_clip(unsettle):
    fusion, x = per_clip(unsettle), torch.randn(5, 9, 3, 4)
    fused, weights = fusion(x, UNEVEN)
    spoilt, other = fusion(torch.where(UNEVEN[..., None, None], x, torch.tensor(1e3)), UNEVEN)
    torch.testing.assert_close(spoilt, fused)
    torch.testing.assert_close(other, weights)
    alone, own = fusion(x[1:2, :5])
    torch.testing.assert_close(alone[0], fused[1])
    torch.testing.assert_close(own[0], weights[1, :5])
    fused.sum().backward()
    assert all(p.grad.isfinite().all() for p in fusion.parameters())


def flagged_clips(n, seed):
    """One frame of each clip tells the class, another one in each; the others lie at random."""
    g = torch.Generator().manual_seed(seed)
    label, where = (torch.randint(0, top, (n,), generator=g) for top in (2, 11))
    x = torch.randn(n, 11, 4, generator=g)
    x[..., 0] = 4.0 * torch.randint(0, 2, (n, 11), generator=g) - 2
    x[torch.arange(n), where, 0] = 4.0 * label - 2
    x[torch.arange(n), where, 1] += 8  # something else in the frame tells that it is the one
    return x, where, label


def test_weights_of_a_clip_find_a_frame_that_moves_where_one_curve_cannot():
    found = {}
    for mode in ("fixed", "learnt", "per-clip"):
        torch.manual_seed(0)
        fusion, head = WeightedFusion(mode, dim=4), torch.nn.Linear(4, 2)
        adam = torch.optim.Adam([*fusion.parameters(), *head.parameters()], 0.05)
        x, _, label = flagged_clips(512, seed=0)
        for _ in range(200):
            loss = torch.nn.functional.cross_entropy(head(fusion(x)[0]), label)
            adam.zero_grad()
            loss.backward()
            adam.step()
        with torch.no_grad():
            x, where, label = flagged_clips(512, seed=1)
            fused, weights = fusion(x)
            right = (head(fused).argmax(1) == label).float().mean().item()
            found[mode] = right, (weights.argmax(1) == where).float().mean().item()
    assert min(found["per-clip"]) > 0.9
    assert max(*found["fixed"], *found["learnt"]) < 0.75, found


def test_scores_of_frames_need_frames():
    with pytest.raises(MepsError, match="mode='per-clip'.*give dim"):
        WeightedFusion("per-clip")
    with pytest.raises(MepsError, match="mode='per-clip'.*give features"):
        WeightedFusion("per-clip", dim=4).weights(UNEVEN)
