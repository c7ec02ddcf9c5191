"""Chapter 9: right answers written otherwise, and plausible wrong ones with their hint."""

import numpy as np
import torch
from scipy.special import softmax


def look(query, keys, values, temperature):
    return softmax(np.dot(keys, query) / temperature) @ values


def look_by_loop(query, keys, values, temperature):
    likeness = [sum(a * b for a, b in zip(key, query, strict=True)) / temperature for key in keys]
    weights = [1 / sum(np.exp(min(x - y, 700)) for x in likeness) for y in likeness]
    return sum(w * value for w, value in zip(weights, values, strict=True))


def look_and_overflow(query, keys, values, temperature):
    with np.errstate(all="ignore"):
        e = np.exp(keys @ query / temperature)
        return e / e.sum() @ values


def masked(logits, real):
    if not real.any():
        return logits * 0
    return softmax(np.where(real, logits, -np.inf), axis=1)


def masked_by_rows(logits, real):
    out = np.zeros(logits.shape)
    for row, given in zip(out, logits, strict=True):
        if real.sum():
            row[real] = softmax(given[real])
    return out


def mask_as_nan(logits, real):
    with np.errstate(all="ignore"):
        e = np.exp(logits) * real
        return e / e.sum(axis=1, keepdims=True)


def mask_after_the_largest(logits, real):
    e = np.exp(logits - logits.max(axis=1, keepdims=True)) * real
    total = e.sum(axis=1, keepdims=True)
    return np.divide(e, total, out=np.zeros_like(e), where=total > 0)


def effect(attend, guide, content, half=2.0, both=False):
    own = attend(guide, content)
    other = attend(np.roll(guide, 1, axis=0), np.roll(content, 1, axis=0) if both else content)
    return np.abs(own - other).sum(axis=2).mean() / half


def effect_by_overlap(attend, guide, content):
    own, other = attend(guide, content), attend(guide[[-1, *range(len(guide) - 1)]], content)
    return 1 - np.minimum(own, other).sum(axis=-1).mean()


def effect_by(change):
    """An effect of guides that are exchanged by `change`."""

    def effect(attend, guide, content):
        own, other = attend(guide, content), attend(change(guide), content)
        return np.abs(own - other).sum(axis=-1).mean() / 2

    return effect


def effect_of_each(attend, guide, content):
    own, other = attend(guide, content), attend(np.roll(guide, 1, axis=0), content)
    return np.abs(own - other).sum(axis=-1).mean(axis=1) / 2


def signed(attend, guide, content):
    own, other = attend(guide, content), attend(np.roll(guide, 1, axis=0), content)
    return (own - other).sum(axis=-1).mean()


def heads_by_reshape(guide, content, w_q, w_k, w_v, heads, wide=False):
    q, k, v = (
        x.reshape(len(x), heads, -1).swapaxes(0, 1)
        for x in (guide @ w_q, content @ w_k, content @ w_v)
    )
    d = len(w_q) if wide else q.shape[-1]
    out = softmax(q @ k.swapaxes(1, 2) / d**0.5, axis=-1) @ v
    return out.swapaxes(0, 1).reshape(len(guide), -1)


def heads_by_torch(guide, content, w_q, w_k, w_v, heads):
    q, k, v = (
        torch.tensor(x).unflatten(1, (heads, -1)).transpose(0, 1)
        for x in (guide @ w_q, content @ w_k, content @ w_v)
    )
    out = torch.nn.functional.scaled_dot_product_attention(q, k, v)
    return out.transpose(0, 1).flatten(1).numpy()


def interleaved(guide, content, w_q, w_k, w_v, heads):
    order = np.arange(len(w_q)).reshape(-1, heads).T.ravel()
    back = np.argsort(order)
    parts = (w[:, order] for w in (w_q, w_k, w_v))
    return heads_by_reshape(guide, content, *parts, heads)[:, back]


def one_head(guide, content, w_q, w_k, w_v, heads):
    return heads_by_reshape(guide, content, w_q, w_k, w_v, 1)


def clipped(query, keys, values, temperature):
    e = np.exp(np.clip(keys @ query / temperature, -700, 700))
    return e / e.sum() @ values


def times_infinity(logits, real):
    with np.errstate(all="ignore"):
        return softmax(logits * np.where(real, 1, -np.inf), axis=1)


def from_the_first_row(logits, real):
    return np.vstack([masked(logits, real)[0]] * len(logits))


def flat_heads(guide, content, w_q, w_k, w_v, heads):
    """Every head in its place, and softmax forgotten for plain shares."""
    parts = (np.split(x, heads, axis=1) for x in (guide @ w_q, content @ w_k, content @ w_v))
    shares = lambda x: np.abs(x) / np.abs(x).sum(axis=1, keepdims=True)  # noqa: E731
    return np.hstack([shares(q @ k.T) @ v for q, k, v in zip(*parts, strict=True)])


def one_head_cooler(guide, content, w_q, w_k, w_v, heads):
    logits = guide @ w_q @ (content @ w_k).T / (len(w_q) // heads) ** 0.5
    return softmax(logits, axis=1) @ (content @ w_v)


def over_guides(guide, content, w_q, w_k, w_v, heads):
    parts = (np.split(x, heads, axis=1) for x in (guide @ w_q, content @ w_k, content @ w_v))
    root = (len(w_q) // heads) ** 0.5
    return np.hstack([softmax(q @ k.T / root, axis=0) @ v for q, k, v in zip(*parts, strict=True)])


RIGHT = {
    "09.1": [look, look_by_loop],
    "09.2": [masked, masked_by_rows],
    "09.3": [effect, effect_by_overlap],
    "09.4": [heads_by_reshape, heads_by_torch],
}

WRONG = {
    "09.1": [
        (lambda q, k, v, t: look(q, k, v, 1 / t), "do not multiply"),
        (lambda q, k, v, t: look(q, k, v, 1), "the temperature is not used"),
        (lambda q, k, v, t: v[(k @ q).argmax()], "hard look-up"),
        (lambda q, k, v, t: look(q, k, v, t * len(q) ** 0.5), "temperature alone"),
        (lambda q, k, v, t: np.exp(k @ q / t) @ v, "do not sum to 1"),
        (lambda q, k, v, t: v.mean(axis=0), "plain mean"),
        (lambda q, k, v, t: k @ q / (k @ q).sum() @ v, "the weights are the softmax of"),
        (look_and_overflow, "take the largest away"),
        (clipped, "take the largest away"),
        (lambda q, k, v, t: (softmax(k @ q / t), look(q, k, v, t)), "the mixture alone"),
        (lambda q, k, v, t: softmax(k @ q / t)[:, None] * v, "(3, 1) should give shape (1,)"),
    ],
    "09.2": [
        (lambda x, real: softmax(x, axis=1) * real, "leave missing keys out"),
        (lambda x, real: softmax(x, axis=0) * real, "columns sum to 1"),
        (lambda x, real: softmax(x * real, axis=1), "exactly 0"),
        (lambda x, real: softmax(np.where(real, x, -9), axis=1), "here up to"),
        (times_infinity, "put -inf in with np.where"),
        (from_the_first_row, "softmax of its own real keys"),
        (mask_as_nan, "without a real key"),
        (mask_after_the_largest, "leave it out first"),
        (lambda x, real: softmax(np.where(real, x, -1e9), axis=1), "without a real key"),
    ],
    "09.3": [
        (lambda a, g, c: effect(a, g, c, half=1), "take half"),
        (lambda a, g, c: effect(a, g, c, both=True), "content was exchanged too"),
        (lambda a, g, c: effect(a, g[::-1], c[::-1]), "guide after it"),
        (lambda a, g, c: effect(a, g, c) / 6, "sum over the keys"),
        (signed, "absolute values"),
        (effect_of_each, "got shape (4,)"),
        (effect_by(lambda g: np.roll(g, 1)), "inside the guides"),
        (effect_by(lambda g: np.roll(g, 1, axis=1)), "between trials, along axis 0"),
        (effect_by(lambda g: np.concatenate([g[:1], g[:-1]])), "first trial kept its guide"),
        (effect_by(np.zeros_like), "exchange whole guides"),
        (lambda a, g, c: 0.5, "of weights that listen"),
    ],
    "09.4": [
        (one_head, "that is one head over all features"),
        (one_head_cooler, "one head over all features, with the root of 3"),
        (lambda *a: heads_by_reshape(*a, wide=True), "divided by the root of 6, not of 3"),
        (interleaved, "not features that lie apart"),
        (over_guides, "1 head of 4 features"),
        (lambda g, c, q, k, v, h: heads_by_reshape(g, c, q.T, k.T, v.T, h), "turned round"),
        (flat_heads, "of its own features"),
        (lambda *a: heads_by_reshape(*a)[:, :1], "should give"),
    ],
}
