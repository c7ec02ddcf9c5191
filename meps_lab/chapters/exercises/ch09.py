"""Checks of chapter 9: a soft look-up, masks, exchanged guides, several heads."""

import numpy as np
import torch
from scipy.special import softmax

from meps_lab.chapters.exercises.checking import exercise


@exercise("09.1", correct="a cold look-up picks one box, a hot one mixes all alike")
def soft_lookup(learner):
    """SciPy's softmax at several temperatures, and likenesses too large for exp."""
    rng = np.random.default_rng(9)
    sizes = ((3, 2, 1, 1.0, 1), (5, 4, 3, 0.5, 1), (4, 9, 2, 3.0, 4000), (4, 9, 2, 3.0, -4000))
    for n, d, m, temperature, size in sizes:
        query, keys = rng.standard_normal(d), rng.standard_normal((n, d))
        if abs(size) > 1:  # all of one sign: too large for exp, or all of them 0
            query, keys = size * np.abs(query), np.abs(keys)
        values = rng.standard_normal((n, m))
        likeness = keys @ query
        want = softmax(likeness / temperature) @ values
        got = learner(query.copy(), keys.copy(), values.copy(), temperature)
        if isinstance(got, tuple) and any(map(np.ndim, got)):
            return f"return the mixture alone, an array ({m},), and not {len(got)} things"
        got = np.asarray(got, dtype=float)
        if got.shape != (m,):
            return f"values of shape ({n}, {m}) should give shape ({m},), got shape {got.shape}"
        if np.allclose(got, want, atol=1e-6):
            continue
        case = f"with temperature {temperature:g} expected {want.round(3)}, got {got.round(3)}"
        if abs(size) > 1:
            return (
                f"likenesses around {likeness.mean():.0f}: take the largest away before exp; {case}"
            )
        rooted = likeness / (temperature * np.sqrt(d))
        slips = {
            "divide the likenesses by the temperature, do not multiply": likeness * temperature,
            "the temperature is not used": likeness,
            "divide by the temperature alone, not by the root of d": rooted,
        }
        slips = {hint: softmax(logits) @ values for hint, logits in slips.items()}
        slips |= {
            "that is the hard look-up: mix by the weights of a softmax": values[likeness.argmax()],
            "the weights do not sum to 1": np.exp(likeness / temperature) @ values,
            "that is the plain mean: likenesses should weigh": values.mean(axis=0),
        }
        for hint, slip in slips.items():
            if np.allclose(got, slip, atol=1e-6):
                return f"{hint}; {case}"
        return f"{case}; the weights are the softmax of keys @ query / temperature"
    return None


@exercise("09.2", correct="a key that is missing has no weight, and with no key there is no answer")
def masked_weights(learner):
    """SciPy's softmax over the real keys alone; all, some, one and none of them real.

    At last a missing key has so large a logit that a real one beside it would vanish.
    """
    rng = np.random.default_rng(92)
    cases = ([1, 1, 1, 1], [1, 0, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0], [1, 0, 1, 1])
    for large, real in zip((0, 0, 0, 0, 5000), cases, strict=True):
        real = np.array(real, dtype=bool)
        logits = 3 * rng.standard_normal((2, 4)) - 4 + large * ~real
        want = np.zeros((2, 4))
        if real.any():
            want[:, real] = softmax(logits[:, real], axis=1)
        got = np.asarray(learner(logits.copy(), real.copy()), dtype=float)
        if got.shape != (2, 4):
            return f"logits of shape (2, 4) should give weights of that shape, got {got.shape}"
        if np.allclose(got, want, atol=1e-6) and (got[:, ~real] == 0).all():
            continue
        row = np.abs(got - want).sum(axis=1).argmax()  # NaN counts as the largest
        case = f"real = {real.astype(int)}: expected {want[row].round(3)}, got {got[row].round(3)}"
        if large:
            return f"{case}; a missing key with a logit of {large} takes part: leave it out first"
        if not real.any():
            return f"{case}; without a real key all weights are 0"
        if not np.isfinite(got).all():
            return f"{case}; a product with -inf gives NaN: put -inf in with np.where"
        if (got[:, ~real] != 0).any():
            found = np.abs(got[:, ~real]).max()
            return f"{case}; missing keys weigh exactly 0, here up to {found:.2g}"
        if real.all() and np.allclose(got, softmax(logits, axis=0), atol=1e-6):
            return f"{case}; columns sum to 1, rows should: a softmax along the keys has axis=1"
        if np.allclose(got, softmax(logits, axis=1) * real, atol=1e-6):
            total = got[row].sum()
            return f"{case}; it sums to {total:.3f}: leave missing keys out before you divide"
        return f"{case}; each row is the softmax of its own real keys and sums to 1"
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
        got = np.asarray(learner(attend, asks.copy(), content.copy()), dtype=float)
        if got.shape != ():
            return f"one number is asked, the mean over trials and tokens; got shape {got.shape}"
        if np.isclose(got, want, atol=1e-6):
            continue
        case = f"of {name} a share of {want:.4f} moves, got {got:.4f}"
        before, turned = (np.roll(x, 1, axis=0) for x in (asks, content))
        kept = np.concatenate([asks[:1], asks[:-1]])
        asked = {
            "the content was exchanged too; each trial keeps its own": (before, turned),
            "the content was exchanged and the guide was kept": (asks, turned),
            "each trial was asked by the guide after it": (np.roll(asks, -1, axis=0), content),
            "exchange guides between trials, along axis 0": (np.roll(asks, 1, axis=1), content),
            "numbers moved inside the guides: exchange along axis 0": (np.roll(asks, 1), content),
            "the first trial kept its guide; it is asked by the last": (kept, content),
        }
        slips = {k: np.abs(own - attend(*by)).sum(axis=-1).mean() / 2 for k, by in asked.items()}
        slips["what moves is counted where it leaves and where it comes: take half"] = 2 * want
        slips["differences with their signs sum to 0: take absolute values"] = 0
        slips["sum over the keys; the mean is over trials and tokens alone"] = want / 6
        for hint, slip in slips.items():
            if np.isclose(got, slip, atol=1e-6):
                return f"{case}; {hint}"
        return f"{case}; exchange whole guides; half the sum of absolute differences moves"
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
        i, j = np.unravel_index(np.abs(got - want).argmax(), want.shape)
        size = d // heads
        case = (
            f"{heads} head{'s' * (heads > 1)} of {size} features: output [{i}, {j}] should be "
            f"{want[i, j]:.4f}, got {got[i, j]:.4f}"
        )
        for hint, slip in _slips(guide, content, (w_q, w_k, w_v), heads).items():
            if np.allclose(got, slip, atol=1e-6):
                return f"{case}; {hint}"
        return f"{case}; each head is softmax(q @ k.T / root of {size}) @ v of its own features"
    return None


def _side_by_side(q, k, v, heads, root, axis=-1):
    """Outputs (G, D) of heads of neighbouring features, likenesses divided by a root."""
    parts = zip(*(np.split(x, heads, axis=1) for x in (q, k, v)), strict=True)
    return np.hstack([softmax(a @ b.T / root, axis=axis) @ c for a, b, c in parts])


def _slips(guide, content, matrices, heads) -> dict[str, np.ndarray]:
    """Plausible mistakes of several heads, each with what it gives."""
    d = guide.shape[1]
    size = d // heads
    q, k, v = (x @ w for x, w in zip((guide, content, content), matrices, strict=True))
    turned = (x @ w.T for x, w in zip((guide, content, content), matrices, strict=True))
    root, order = np.sqrt(size), np.arange(d).reshape(-1, heads).T.ravel()
    apart = _side_by_side(q[:, order], k[:, order], v[:, order], heads, root)
    even = _side_by_side(q, k, v, heads, root, axis=0)
    back = apart[:, np.argsort(order)]
    wide = f"the likenesses are divided by the root of {d}, not of {size}"
    one = "that is one head over all features"
    return {
        one: _side_by_side(q, k, v, 1, np.sqrt(d)),
        f"{one}, with the root of {size}": _side_by_side(q, k, v, 1, root),
        wide: _side_by_side(q, k, v, heads, np.sqrt(d)),
        "the likenesses are not divided by a temperature": _side_by_side(q, k, v, heads, 1),
        "the weights of a question should sum to 1 over the content": even,
        "the matrices are turned round: use guide @ w_q": _side_by_side(*turned, heads, root),
        "neighbouring features make a head, not features that lie apart": back,
        "neighbouring features should make a head": apart,
    }
