"""Checks of chapter 9: a soft look-up, masks, exchanged guides, several heads."""

import numpy as np
import torch
from scipy.special import softmax

from meps_lab.chapters.exercises.checking import exercise


@exercise("09.1", correct="a cold look-up picks one box, a hot one mixes all alike")
def soft_lookup(learner):
    """SciPy's softmax at several temperatures, and likenesses too large for exp."""
    rng = np.random.default_rng(9)
    for n, d, m, temperature, size in ((3, 2, 1, 1.0, 1), (5, 4, 3, 0.5, 1), (4, 9, 2, 3.0, 4000)):
        query, keys = size * rng.standard_normal(d), rng.standard_normal((n, d))
        values = rng.standard_normal((n, m))
        likeness = keys @ query
        want = softmax(likeness / temperature) @ values
        got = np.asarray(learner(query.copy(), keys.copy(), values.copy(), temperature), float)
        if got.shape != (m,):
            return f"values of {m} numbers should give {m} numbers, got shape {got.shape}"
        if not np.isfinite(got).all():
            return "large likenesses gave NaN: take the largest away before exp, it changes nothing"
        if np.allclose(got, want, atol=1e-6):
            continue
        if np.allclose(got, softmax(likeness * temperature) @ values, atol=1e-6):
            return "the likenesses are divided by the temperature, not multiplied: cold is picky"
        if np.allclose(got, values[likeness.argmax()], atol=1e-6):
            return "that is the hard look-up: mix the values by the weights of a softmax"
        if np.allclose(got, softmax(likeness / temperature / np.sqrt(d)) @ values, atol=1e-6):
            return "divide by the temperature alone; the root of d would be another temperature"
        return f"with temperature {temperature:g} expected {want.round(3)}, got {got.round(3)}"
    return None


@exercise("09.2", correct="a key that is missing has no weight, and with no key there is no answer")
def masked_weights(learner):
    """SciPy's softmax over the real keys alone; all, some, one and none of them real."""
    rng = np.random.default_rng(92)
    for real in ([1, 1, 1, 1], [1, 0, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]):
        real = np.array(real, dtype=bool)
        logits = 3 * rng.standard_normal((2, 4)) - 4
        want = np.zeros((2, 4))
        if real.any():
            want[:, real] = softmax(logits[:, real], axis=1)
        got = np.asarray(learner(logits.copy(), real.copy()), dtype=float)
        if got.shape != (2, 4):
            return f"logits of shape (2, 4) should give weights of that shape, got {got.shape}"
        if not np.isfinite(got).all():
            return f"real = {real.astype(int)} gave NaN: without a real key all weights are 0"
        if (got[:, ~real] != 0).any():
            return f"real = {real.astype(int)}: the weights of missing keys should be exactly 0"
        if not np.allclose(got.sum(axis=1), want.sum(axis=1), atol=1e-6):
            return (
                f"real = {real.astype(int)}: the weights of a row sum to {got[0].sum():.3f}; "
                "those of the real keys should sum to 1: leave the others out before you divide"
            )
        if not np.allclose(got, want, atol=1e-6):
            return f"real = {real.astype(int)}: expected {want[0].round(3)}, got {got[0].round(3)}"
    return None


def _attend(guide, content):
    """Weights (B, G, N) of every guide token over the content."""
    return softmax(guide @ content.transpose(0, 2, 1) / np.sqrt(guide.shape[-1]), axis=-1)


@exercise(
    "09.3", correct="weights that move show a guide that is heard; the score shows if it counts"
)
def exchange_effect(learner):
    """A look-up that listens, one that does not, and one that moves all of its weight."""
    rng = np.random.default_rng(93)
    guide, content = 2 * rng.standard_normal((4, 3, 5)), rng.standard_normal((4, 6, 5))

    def deaf(guide, content):
        return _attend(content[:, :3], content)

    def by_trial(guide, content):  # all weight on one key, a different one for each guide
        return np.eye(6)[(guide[:, :, 0] > 0).astype(int)]

    pointed = np.where(np.arange(4)[:, None, None] % 2, 1.0, -1.0) * np.ones((4, 3, 5))
    for attend, asks, name in (
        (_attend, guide, "weights that listen"),
        (deaf, guide, "weights that do not listen"),
        (by_trial, pointed, "weights that jump to another key"),
    ):
        own, other = attend(asks, content), attend(np.roll(asks, 1, axis=0), content)
        want = np.abs(own - other).sum(axis=-1).mean() / 2
        got = float(learner(attend, asks.copy(), content.copy()))
        if np.isclose(got, want, atol=1e-6):
            continue
        both = attend(np.roll(asks, 1, axis=0), np.roll(content, 1, axis=0))
        if want and np.isclose(got, 2 * want, atol=1e-6):
            return "weight that moves is counted where it leaves and where it comes: take half"
        if np.isclose(got, np.abs(own - both).sum(axis=-1).mean() / 2, atol=1e-6):
            return "the content was exchanged too: each trial keeps its own, or nothing is tested"
        if abs(got) < 1e-6:
            return "differences with their signs sum to 0 in every row: take absolute values"
        return f"of {name} a share of {want:.4f} moves, got {got:.4f}"
    return None


@exercise("09.4", correct="each head has its own features, its own softmax and its own temperature")
def multi_head(learner):
    """PyTorch's multi-head attention with the same matrices, for one, two and four heads."""
    rng = np.random.default_rng(94)
    for heads, d in ((1, 4), (2, 6), (4, 8)):
        guide, content = rng.standard_normal((3, d)), rng.standard_normal((5, d))
        w_q, w_k, w_v = rng.standard_normal((3, d, d))
        theirs = torch.nn.MultiheadAttention(d, heads, bias=False, batch_first=True).double()
        with torch.no_grad():
            theirs.in_proj_weight.copy_(torch.tensor(np.concatenate([w_q.T, w_k.T, w_v.T])))
            theirs.out_proj.weight.copy_(torch.eye(d))
            asks, answers = (torch.tensor(x)[None] for x in (guide, content))
            want = theirs(asks, answers, answers)[0][0].numpy()
        got = np.asarray(learner(guide, content, w_q, w_k, w_v, heads), dtype=float)
        if got.shape != (3, d):
            return f"3 guide tokens of {d} features should give (3, {d}), got {got.shape}"
        if np.allclose(got, want, atol=1e-6):
            continue
        q, k, v = guide @ w_q, content @ w_k, content @ w_v
        if np.allclose(got, softmax(q @ k.T / np.sqrt(d), axis=1) @ v, atol=1e-6):
            return (
                f"that is one head over all {d} features: each of the {heads} has its own softmax"
            )
        return (
            f"{heads} heads of {d // heads} features: the first output should be "
            f"{want[0, 0]:.4f}, got {got[0, 0]:.4f}: neighbouring features make a head, and the "
            f"temperature is the root of {d // heads}"
        )
    return None
