"""Losses: closed forms on embeddings made by hand, torch and another library, and what they do."""

import math
from dataclasses import fields

import pytest
import torch
from torch.nn.functional import cosine_similarity, normalize

from meps_lib.errors import MepsError
from meps_lib.losses import (
    ContrastiveConfig,
    contrastive_terms,
    sample_level,
    similarity,
    supervised_contrastive,
    towards,
    triplet,
)


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def at(*degrees, length=1.0):
    """Vectors in the plane at these angles."""
    angle = torch.tensor(degrees, dtype=torch.float64) * math.pi / 180
    return length * torch.stack([angle.cos(), angle.sin()], dim=1)


LABELS = torch.tensor([0, 1, 2, 0, 1, 1, 0, 3])
THERE = torch.tensor([True, True, False, True, True, True, False, True])


@pytest.mark.parametrize(
    ("alpha", "want"),
    [(0.5, (0.125, 0, 0.125)), (1.0, (0, 0.125, 0.5)), (0.0, (0.5, 0.125, 0))],
)
def test_similarity_and_target_at_cos_1_0_and_minus_1(alpha, want):
    yes = torch.tensor([True])
    for degrees, value in zip((0, 90, 180), want, strict=True):
        s = similarity(at(10.0, length=3.0), at(10.0 + degrees, length=0.2))
        assert towards(s, alpha, yes).item() == pytest.approx(value, abs=1e-12)
    a, b = draw(6, 5), draw(6, 5, seed=1)
    torch.testing.assert_close(similarity(a, b), (cosine_similarity(a, b) + 1) / 2)
    # a mean over what counts, and of nothing 0
    s, where = torch.tensor([0.0, 0.5, 9.0]), torch.tensor([True, True, False])
    assert towards(s, 1.0, where).item() == pytest.approx((1 + 0.25) / 4)
    assert towards(s, 1.0, where & False).item() == 0


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize(
    ("degrees", "classes", "want"),
    [
        ((0, 0, 180), (0, 0, 1), 0),  # cos of positives 1, of negatives -1
        ((0, 0, 0), (0, 0, 1), 2),  # 1, 1
        ((0, 90, 0, 90), (0, 0, 1, 1), None),  # 0, and 0 or 1
        ((0, 180, 0, 180), (0, 0, 1, 1), None),  # -1, and -1 or 1: the hardest are at 1
    ],
)
def test_the_sample_level_at_hand_made_angles(degrees, classes, want, hard):
    if want is None:  # all negatives, or each anchor's hardest
        pull, push = (1, (1 + 4) / 2) if 90 in degrees else (4, (0 + 4) / 2)
        want = (pull + (4 if hard else push)) / 2
    lengths = torch.tensor([[1.0], [3.0], [0.5], [2.0]])[: len(classes)]
    got = sample_level(at(*degrees) * lengths, torch.tensor(classes), hard=hard).item()
    assert got == pytest.approx(want, abs=1e-12)


def test_the_sample_level_of_orthogonal_trials_is_1():
    assert sample_level(torch.eye(3), torch.tensor([0, 0, 1])).item() == 1


def pairs_by_hand(labels, there):
    rows = [i for i in range(len(labels)) if there is None or there[i]]
    pos = [(i, j) for i in rows for j in rows if i != j and labels[i] == labels[j]]
    return rows, pos, [(i, j) for i in rows for j in rows if labels[i] != labels[j]]


@pytest.mark.parametrize("there", [None, THERE])
@pytest.mark.parametrize("hard", [False, True])
def test_the_sample_level_pair_by_pair(there, hard):
    z = draw(8, 5)
    rows, pos, neg = pairs_by_hand(LABELS, there)
    cos = [[cosine_similarity(z[i], z[j], dim=0).item() for j in range(8)] for i in range(8)]
    pull = sum((1 - cos[i][j]) ** 2 for i, j in pos) / len(pos)
    away = [cos[i][j] for i, j in neg]
    if hard:
        away = [max(cos[i][j] for a, j in neg if a == i) for i in rows]
    push = sum((c + 1) ** 2 for c in away) / len(away)
    got = sample_level(z, LABELS, there, hard).item()
    assert got == pytest.approx((pull + push) / 2)
    assert hard or got != pytest.approx(sample_level(z, LABELS, there, True).item())


@pytest.mark.parametrize("there", [None, THERE])
@pytest.mark.parametrize("margin", [0.2, 1.5])
@pytest.mark.parametrize("distance", ["l2", "cosine"])
def test_triplets_are_torchs_one_by_one(there, distance, margin):
    z = draw(8, 5)
    _, pos, neg = pairs_by_hand(LABELS, there)
    three = [(i, j, k) for i, j in pos for a, k in neg if a == i]
    a, p, n = (z[list(rows)] for rows in zip(*three, strict=True))
    if distance == "l2":
        theirs = torch.nn.TripletMarginLoss(margin, eps=0)
    else:
        theirs = torch.nn.TripletMarginWithDistanceLoss(
            distance_function=lambda x, y: 1 - cosine_similarity(x, y), margin=margin
        )
    torch.testing.assert_close(triplet(z, LABELS, there, margin, distance), theirs(a, p, n))


@pytest.mark.parametrize(("temperature", "want"), [(0.07, 15.904663), (0.5, 3.67381)])
def test_supervised_contrast_has_the_published_value(temperature, want):
    """cos(.37 k) as 8 samples of 2 views of 6 features: both views of a sample are rows here."""
    z = normalize(torch.cos(0.37 * torch.arange(96.0)).view(8, 2, 6), dim=2)
    labels = torch.tensor([0, 1, 2, 0, 1, 2, 3, 0])
    rows, both = z.transpose(0, 1).reshape(16, 6), labels.repeat(2)
    got = supervised_contrastive(rows, both, temperature=temperature)
    assert got.item() == pytest.approx(want, rel=1e-5)
    assert supervised_contrastive(5 * rows, both, temperature=temperature) == pytest.approx(got)


@pytest.mark.parametrize("there", [None, THERE])
def test_supervised_contrast_anchor_by_anchor(there):
    z, T = draw(8, 5), 0.3
    rows, pos, _ = pairs_by_hand(LABELS, there)
    u, losses = normalize(z, dim=1), []
    for i in rows:
        mine = [j for a, j in pos if a == i]
        total = sum(math.exp((u[i] @ u[k]).item() / T) for k in rows if k != i)
        if mine:
            shares = [math.exp((u[i] @ u[j]).item() / T) / total for j in mine]
            losses.append(-sum(math.log(s) for s in shares) / len(mine))
    assert len(losses) < len(rows)  # some have no positive, and are no anchor
    got = supervised_contrastive(z, LABELS, there, T).item()
    assert got == pytest.approx(sum(losses) / len(losses))


@pytest.mark.parametrize("there", [None, THERE])
def test_another_library_agrees(there):
    pytest.importorskip("pytorch_metric_learning")
    from pytorch_metric_learning.distances import CosineSimilarity, LpDistance
    from pytorch_metric_learning.losses import SupConLoss, TripletMarginLoss
    from pytorch_metric_learning.reducers import MeanReducer

    z = draw(8, 5)
    rows = torch.arange(8) if there is None else there.nonzero()[:, 0]
    kept, labels = z[rows], LABELS[rows]
    want = SupConLoss(temperature=0.1)(kept, labels)  # its mean is over anchors with positives
    torch.testing.assert_close(supervised_contrastive(z, LABELS, there, 0.1), want)
    for name, theirs in (
        ("l2", LpDistance(normalize_embeddings=False)),
        ("cosine", CosineSimilarity()),
    ):
        loss = TripletMarginLoss(0.4, distance=theirs, reducer=MeanReducer())
        want = loss(kept, labels)
        torch.testing.assert_close(triplet(z, LABELS, there, 0.4, name), want)


ALL = {"triplet": 0.7, "supervised": 0.3}  # beside the three that have a weight by default
NAMES = ("video", "eeg", "ps")


@pytest.fixture
def embeddings():
    return {m: draw(8, 5, seed=k) for k, m in enumerate(NAMES)}


@pytest.fixture
def present():
    return {
        "video": THERE,
        "eeg": torch.tensor([True, False, True, True, True, True, True, True]),
        "ps": torch.tensor([True, True, True, True, False, True, False, False]),
    }


def half_mean(s, alpha):
    return sum((x - alpha) ** 2 for x in s) / len(s) / 2


def across(z, present, a, b, alpha):
    both = present[a] & present[b]
    return half_mean(similarity(z[a][both], z[b][both]).tolist(), alpha)


def within(z, present, a, b, alpha):
    s = []
    for m in (a, b):
        pos = pairs_by_hand(LABELS, present[m])[1]
        s += [similarity(z[m][i], z[m][j]).item() for i, j in pos]
    return half_mean(s, alpha)


@pytest.mark.parametrize("positives", ["class", "trial"])
@pytest.mark.parametrize("over", ["sum", "mean"])
@pytest.mark.parametrize(
    "pairs",
    [
        (("video", "ps"), ("video", "eeg")),
        (("eeg", "video"), ("video", "ps"), ("eeg", "ps")),
        [["ps", "eeg"]],
    ],
)
def test_each_term_is_that_of_its_pairs_and_the_sum_is_weighted(
    embeddings, present, pairs, over, positives
):
    config = ContrastiveConfig(
        pairs=pairs,
        over_pairs=over,
        positives=positives,
        alpha_diversity=0.3,
        alpha_consistency=0.9,
        diversity=2.0,
        consistency=0.1,
        **ALL,
    )
    terms, total = contrastive_terms(embeddings, LABELS, present, config)
    n = len(pairs) if over == "mean" else 1
    like = across if positives == "trial" else within
    want = {
        "diversity": sum(across(embeddings, present, *p, 0.3) for p in pairs) / n,
        "consistency": sum(like(embeddings, present, *p, 0.9) for p in pairs) / n,
    }
    for name, loss in (("sample", sample_level), ("triplet", triplet)):
        want[name] = sum(loss(embeddings[m], LABELS, present[m]).item() for m in NAMES) / 3
    each = [supervised_contrastive(embeddings[m], LABELS, present[m]).item() for m in NAMES]
    want["supervised"] = sum(each) / 3
    assert {name: term.item() for name, term in terms.items()} == pytest.approx(want)
    weights = {"diversity": 2.0, "consistency": 0.1, "sample": 0.5, **ALL}
    assert total.item() == pytest.approx(sum(weights[name] * want[name] for name in want))


def test_every_setting_matters(embeddings, present):
    """Each argument alone, at another value than its default, changes the sum."""
    others = {
        "pairs": (("video", "eeg"), ("video", "ps"), ("eeg", "ps")),
        **{"over_pairs": "mean", "positives": "trial", "distance": "cosine"},
        **{"hard_negatives": True, "margin": 0.5, "temperature": 0.2},
        **{"alpha_diversity": 0.4, "alpha_consistency": 0.8},
        **{name: 0.9 for name in ("diversity", "consistency", "sample", "triplet", "supervised")},
    }
    assert set(others) == {f.name for f in fields(ContrastiveConfig)}
    totals = [
        contrastive_terms(embeddings, LABELS, present, ContrastiveConfig(**(ALL | changed)))[1]
        for changed in ({}, *({name: value} for name, value in others.items()))
    ]
    assert all(abs(t - totals[0]) > 1e-3 for t in totals[1:])


def test_a_term_without_a_weight_is_left_out(embeddings):
    terms, total = contrastive_terms(embeddings, LABELS)
    assert list(terms) == ["diversity", "consistency", "sample"]
    assert total.item() == pytest.approx(sum(t.item() for t in terms.values()) / 2)
    none = ContrastiveConfig(diversity=0, consistency=0, sample=0)
    assert contrastive_terms({"video": draw(8, 5)}, LABELS, None, none) == ({}, 0)
    only = ContrastiveConfig(pairs=(), diversity=0, consistency=0)
    terms, _ = contrastive_terms({"fused": draw(8, 5)}, LABELS, None, only)
    torch.testing.assert_close(terms["sample"], sample_level(draw(8, 5), LABELS))


@pytest.mark.parametrize("positives", ["class", "trial"])
@pytest.mark.parametrize("spoilt", [0.0, 1e3, float("nan"), float("inf")])
def test_what_is_missing_changes_no_bit_and_gets_no_gradient(
    embeddings, present, spoilt, positives
):
    results = []
    for filling in (1.0, spoilt):
        z = {
            m: torch.where(present[m][:, None], embeddings[m], filling).requires_grad_()
            for m in NAMES
        }
        config = ContrastiveConfig(positives=positives, hard_negatives=True, **ALL)
        terms, total = contrastive_terms(z, LABELS, present, config)
        total.backward()
        results.append([total, *terms.values(), *(z[m].grad for m in NAMES)])
        for m in NAMES:
            assert z[m].grad[~present[m]].abs().max() == 0 < z[m].grad[present[m]].abs().max()
    for a, b in zip(*results, strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("positives", ["class", "trial"])
@pytest.mark.parametrize("distance", ["l2", "cosine"])
@pytest.mark.parametrize("batch", ["all different", "all one", "one trial", "nobody", "no pair"])
def test_a_batch_without_positives_or_pairs_is_0_and_differentiable(batch, distance, positives):
    n = 1 if batch == "one trial" else 4
    z = {m: draw(n, 5, seed=k).requires_grad_() for k, m in enumerate(NAMES)}
    labels = torch.zeros(n).long() if batch == "all one" else torch.arange(n)
    present = {m: torch.zeros(n, dtype=torch.bool) for m in NAMES} if batch == "nobody" else {}
    if batch == "no pair":  # each trial has one modality, and each class one trial
        present = {m: torch.arange(n) % 3 == k for k, m in enumerate(NAMES)}
    config = ContrastiveConfig(positives=positives, distance=distance, hard_negatives=True, **ALL)
    terms, total = contrastive_terms(z, labels, present, config)
    total.backward()
    assert total.isfinite() and all(z[m].grad.isfinite().all() for m in NAMES)
    zero = {"triplet"} | ({"supervised"} if batch != "all one" else set())
    if batch in ("nobody", "no pair", "one trial"):
        zero |= set() if batch == "one trial" else {"diversity"}
        zero |= {"consistency"} if positives == "class" or batch != "one trial" else set()
    if batch == "all different" and positives == "class":
        zero |= {"consistency"}
    if batch in ("nobody", "one trial"):
        zero |= {"sample"}
    assert {name for name, term in terms.items() if term == 0} == zero


def test_embeddings_of_0_or_all_alike_have_finite_gradients():
    for z in (torch.zeros(4, 5), torch.ones(4, 5)):
        z = {m: z.clone().requires_grad_() for m in NAMES}
        config = ContrastiveConfig(**ALL)
        contrastive_terms(z, torch.tensor([0, 0, 1, 1]), None, config)[1].backward()
        assert all(x.grad.isfinite().all() and x.grad.abs().max() < 100 for x in z.values())


def test_half_precision_is_compared_in_single(embeddings):
    z = {m: x.to(torch.bfloat16) for m, x in embeddings.items()}
    want = contrastive_terms({m: x.float() for m, x in z.items()}, LABELS)[1]
    got = contrastive_terms(z, LABELS)[1]
    assert got.dtype == torch.float32 and torch.equal(got, want)


def settle(config, labels, steps=400):
    """Free embeddings that go down the slope of the losses."""
    z = {m: draw(len(labels), 6, seed=k).requires_grad_() for k, m in enumerate(NAMES)}
    adam = torch.optim.Adam(z.values(), 0.05)
    for _ in range(steps):
        total = contrastive_terms(z, labels, None, config)[1]
        adam.zero_grad()
        total.backward()
        adam.step()
    return {m: x.detach() for m, x in z.items()}


def test_trained_diversity_makes_streams_orthogonal_and_consistency_classes_alike():
    labels = torch.tensor([0, 0, 1, 1, 2, 2])
    z = settle(ContrastiveConfig(sample=0), labels)
    for m in ("eeg", "ps"):
        assert cosine_similarity(z["video"], z[m]).abs().max() < 0.02
        assert cosine_similarity(z[m][::2], z[m][1::2]).min() > 0.98


@pytest.mark.parametrize("weights", [(0.5, 0.5), (1.0, 0.25)])
def test_trained_on_the_same_trials_both_terms_are_one_with_a_target_between(weights):
    """The published code's one term: (a1 alpha_d + a2 alpha_c) / (a1 + a2)."""
    a1, a2 = weights
    config = ContrastiveConfig(diversity=a1, consistency=a2, sample=0, positives="trial")
    z = settle(config, torch.arange(6))
    target = (0.5 * a1 + a2) / (a1 + a2)
    for m in ("eeg", "ps"):
        want = torch.full((6,), target, dtype=torch.float64)
        torch.testing.assert_close(similarity(z["video"], z[m]), want, atol=0.01, rtol=0)


@pytest.mark.parametrize("term", ["sample", "triplet", "supervised"])
def test_trained_each_term_of_classes_sets_them_apart(term):
    off = {"diversity": 0, "consistency": 0, "sample": 0}
    labels = torch.tensor([0, 0, 1, 1, 2, 2])
    z = settle(ContrastiveConfig(**(off | {term: 1.0})), labels, 200)["ps"]
    d = torch.cdist(z, z) if term == "triplet" else -(normalize(z) @ normalize(z).T)
    same = (labels[:, None] == labels) & ~torch.eye(6, dtype=torch.bool)
    assert d[same].max() < d[labels[:, None] != labels].min()


def test_what_does_not_fit_is_refused(embeddings):
    with pytest.raises(MepsError, match="embeddings of video, ps; expected also eeg"):
        contrastive_terms({m: embeddings[m] for m in ("video", "ps")}, LABELS)
    with pytest.raises(MepsError, match="distance='l1'; expected one of l2, cosine"):
        triplet(embeddings["eeg"], LABELS, distance="l1")
    with pytest.raises(MepsError, match="embeddings of nothing"):
        contrastive_terms({}, LABELS)
    for wrong in (draw(8, 4), draw(7, 5), draw(8, 5, 2)):
        with pytest.raises(MepsError, match=r"expected \(B, D\), the same in all"):
            contrastive_terms(embeddings | {"eeg": wrong}, LABELS)
    with pytest.raises(MepsError, match=r"present of 'ps' is .*; expected torch.bool \(8,\)"):
        contrastive_terms(embeddings, LABELS, {"ps": torch.ones(8)})
    with pytest.raises(MepsError, match="for 7 labels"):
        contrastive_terms(embeddings, LABELS[:7])
    for given in (
        *({"pairs": (("video", "video"),)}, {"pairs": (("video",),)}, {"pairs": ()}),
        *({"over_pairs": "max"}, {"positives": "own"}, {"distance": "l1", "triplet": 1.0}),
        *({"diversity": -1.0}, {"alpha_diversity": 1.5}, {"alpha_consistency": float("nan")}),
        *({"temperature": 0.0, "supervised": 1.0}, {"margin": -0.1, "triplet": 1.0}),
    ):
        name = next(iter(given))
        with pytest.raises(MepsError, match=f"{name}="):
            ContrastiveConfig(**given)


@pytest.mark.parametrize(
    ("setting", "term"),
    [
        ({"alpha_diversity": 0.4}, "diversity"),
        ({"alpha_consistency": 0.9}, "consistency"),
        ({"positives": "trial"}, "consistency"),
        ({"hard_negatives": True}, "sample"),
        ({"margin": 0.3}, "triplet"),
        ({"distance": "cosine"}, "triplet"),
        ({"temperature": 0.1}, "supervised"),
    ],
)
def test_a_setting_of_a_term_without_a_weight_is_refused(setting, term):
    ContrastiveConfig(**(setting | {term: 1.0}))
    with pytest.raises(MepsError, match=f"without effect: {term} has the weight 0"):
        ContrastiveConfig(**(setting | {term: 0.0}))
