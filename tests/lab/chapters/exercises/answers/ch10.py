"""Chapter 10: right answers written otherwise, and plausible wrong ones with their hint."""

import hashlib
import json

import numpy as np


def bytes_part_by_part(n_weights, per_trial, batch, moments):
    weights = gradients = 4 * n_weights
    return weights + gradients + 4 * moments * n_weights + 4 * per_trial * batch


def time_by_loop(operations, launch, speed):
    total = started = 0.0
    for n in operations:
        seconds = max(launch, n / speed)
        total += seconds
        started += seconds if n / speed < launch else 0
    return total, started / total


def time_as_sum(operations, launch, speed):
    work = operations / speed
    return (work + launch).sum(), (work < launch).mean()


def time_at_once(operations, launch, speed):
    work = operations.sum() / speed
    return max(work, launch * len(operations)), float(work < launch * len(operations))


def time_by_count(operations, launch, speed):
    return time_by_loop(operations, launch, speed)[0], (operations / speed < launch).mean()


def time_with_ties(operations, launch, speed):
    each = np.maximum(operations / speed, launch)
    return each.sum(), each[operations / speed <= launch].sum() / each.sum()


def scale_by_search(gradients):
    scale, most = 2.0**40, np.abs(gradients).astype(float).max()
    while most * scale > 65504:
        scale /= 2
    return scale


def scale_of(most):
    return float(2.0 ** np.floor(np.log2(65504 / most)))


def means_by_loop(losses, weights, real):
    out = []
    for x, w, there in zip(losses, weights, real, strict=True):
        out.append(np.average(x[there], weights=w[there]) if there.any() else 0.0)
    return np.array(out)


def means_by_nan(losses, weights, real):
    w = np.nan_to_num(weights) * real
    return np.nansum(w * np.nan_to_num(losses), axis=1) / np.maximum(w.sum(axis=1), 1e-12)


def means_by_mask(losses, weights, real):
    w, x = (np.ma.masked_array(values, ~real).filled(0) for values in (weights, losses))
    total = w.sum(axis=1)
    return (w * x).sum(axis=1) / np.where(total == 0, 1, total)


def means_by_one(losses, weights, real):
    w, x = (np.where(real, values, 0) for values in (weights, losses))
    return (w * x).sum(axis=1) / np.maximum(w.sum(axis=1), 1)


def name(unit, sort=True):
    return hashlib.sha256(json.dumps(unit, sort_keys=sort).encode()).hexdigest()[:12]


def left_by_names(units, kept):
    done = {key for key, content in kept.items() if content.endswith("end")}
    out = []
    for unit in units:
        if name(unit) not in done:
            done.add(name(unit))
            out.append(unit)
    return out


RIGHT = {
    "10.1": [bytes_part_by_part, lambda n, a, b, m: n * (8 + 4 * m) + a * b * 4],
    "10.2": [time_by_loop, lambda o, t, v: time_by_loop(list(o), t, v)],
    "10.3": [scale_by_search, lambda g: scale_of(np.abs(g).max())],
    "10.4": [means_by_loop, means_by_mask],
    "10.5": [left_by_names, lambda u, k: left_by_names(list(u), dict(k))],
}

WRONG = {
    "10.1": [
        (lambda n, a, b, m: n * (2 + m) + a * b, "not bytes"),
        (lambda n, a, b, m: 4 * (n * (1 + m) + a * b), "weights and gradients"),
        (lambda n, a, b, m: 4 * (2 * n + a * b), "moments of Adam"),
        (lambda n, a, b, m: 4 * (n * (2 + m) + a), "every trial of a batch"),
        (lambda n, a, b, m: 4 * b * (n * (2 + m) + a), "the batch multiplies activations only"),
        (lambda n, a, b, m: 4 * (n * 4 + a * b), "use `moments`"),
        (lambda n, a, b, m: 4 * n * (2 + m) + a * b, "activations are numbers, not bytes"),
    ],
    "10.2": [
        (time_as_sum, "were added"),
        (time_at_once, "for each operator"),
        (time_by_count, "seconds by seconds"),
        (lambda o, t, v: time_by_loop(o, t, v)[0], "two numbers"),
        (time_with_ties, "is not longer"),
        (lambda o, t, v: np.multiply(time_by_loop(o, t, v), (1, 100)), "between 0 and 1"),
        (lambda o, t, v: np.abs(np.subtract((0, 1), time_by_loop(o, t, v))), "of the others"),
        (lambda o, t, v: time_by_loop(o[o > 0], t, v), "without work still starts"),
    ],
    "10.3": [
        (lambda g: scale_of(g.max()), "whatever its sign"),
        (lambda g: 65504 / np.abs(g).max(), "power of two"),
        (lambda g: scale_of(np.abs(g).max()) / 2, "finite too"),
        (lambda g: scale_of(np.abs(g[g != 0]).min()), "whatever its sign"),
        (lambda g: 65536.0, "finite too"),
        (lambda g: scale_of(np.linalg.norm(g)), "the largest alone decides"),
        (lambda g: float(2.0 ** np.floor(np.log2(65536 / np.abs(g).max()))), "fp16, 65504"),
        (lambda g: np.inf, "infinite"),
    ],
    "10.4": [
        (lambda x, w, r: x.mean(axis=1), "divide by the sum of the weights"),
        (lambda x, w, r: (x * w * r).sum(axis=1) / w.sum(axis=1), "neither the sum"),
        (lambda x, w, r: (x * w * r).sum(axis=1) / (w * r).sum(axis=1), "0 divided by 0"),
        (lambda x, w, r: (x * w * r).sum(1) / np.maximum((w * r).sum(1), 1e-12), "0 times NaN"),
        (lambda x, w, r: means_by_loop(x, w, r).mean(), "one loss a fold"),
        (means_by_nan, "that hides it"),
        (means_by_one, "less than 1 divide too"),
        (
            lambda x, w, r: (np.where(r, x, 0) * w * r).sum(1) / np.maximum((w * r).sum(1), 1e-12),
            "0 times NaN",
        ),
    ],
    "10.5": [
        (lambda u, k: [x for x in u if name(x) not in k], "cut off"),
        (
            lambda u, k: [x for x in u if not k.get(name(x, False), "").endswith("end")],
            "none of your names",
        ),
        (lambda u, k: [x for x in u if name(x) + ".json" not in k], "none of your names"),
        (lambda u, k: [name(x) for x in left_by_names(u, k)], "give units, not names"),
        (lambda u, k: [x for x in u if not k.get(name(x), "").endswith("end")], "is run once"),
        (lambda u, k: u, "whole files are skipped"),
        (lambda u, k: [x for x in left_by_names(u, k) if "end" not in k.get(name(x), "")], "cut"),
        (
            lambda u, k: sorted(left_by_names(u, k), key=lambda x: (x["fold"], x["seed"])),
            "in another order",
        ),
    ],
}
