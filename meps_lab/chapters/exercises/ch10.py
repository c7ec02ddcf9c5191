"""Checks of chapter 10: memory, starts, loss scales, unequal folds, and what is left to run."""

import hashlib
import json

import numpy as np

from meps_lab.chapters.exercises.checking import exercise


@exercise("10.1", correct="four bytes a number; only the activations grow with the batch")
def training_bytes(learner):
    """Each part alone, and all together; a linear layer that can be counted on paper."""
    for part, given, numbers in (
        ("weights and gradients, and no moments", (1000, 0, 8, 0), 2000),
        ("the two moments of Adam", (1000, 0, 8, 2), 4000),
        ("activations, which every trial of a batch has", (0, 50, 8, 2), 400),
        ("all of it", (20_739, 448, 16, 2), 4 * 20_739 + 16 * 448),
    ):
        n_weights, _, batch, moments = given
        got = float(learner(*given))
        if np.isclose(got, 4 * numbers):
            continue
        if np.isclose(got, numbers):
            what = "those" if n_weights else "activations"
            return f"{what} are numbers, not bytes: a number in single precision takes four"
        if n_weights and np.isclose(got, 4 * numbers * batch):
            return "the batch multiplies activations only: weights are there once"
        if moments == 0 and np.isclose(got, 4 * n_weights * (2 + 2)):
            return "use `moments`: not every optimiser keeps two numbers for each weight"
        return f"{given} has {4 * numbers} bytes, got {got:.0f}: count {part}"
    return None


@exercise("10.2", correct="an operator takes the longer of its start and its work")
def step_time(learner):
    """All starts, all work, a mixture that can be done by hand, no work, and as long as a start."""
    for operations, launch, speed, want in (
        ([10.0, 20.0, 30.0], 1.0, 100.0, (3.0, 1.0)),
        ([500.0, 700.0], 1.0, 100.0, (12.0, 0.0)),
        ([10.0, 600.0, 50.0, 200.0], 1.0, 100.0, (10.0, 0.2)),
        ([0.0, 800.0], 2.0, 100.0, (10.0, 0.2)),
        ([100.0, 300.0], 1.0, 100.0, (4.0, 0.0)),
    ):
        got = np.asarray(learner(np.array(operations), launch, speed), dtype=float)
        if got.shape != (2,):
            return f"two numbers are expected, got {got.shape}"
        about = f"operations {operations}, a start of {launch:g} s, {speed:g} operations a second"
        if 0 in operations and np.isclose(got[0], want[0] - launch):
            return f"{about}: an operator without work still starts"
        if np.isclose(got[0], len(operations) * launch + sum(operations) / speed):
            return f"{about}: start and work of an operator were added; take the longer of the two"
        if np.isclose(got[0], max(len(operations) * launch, sum(operations) / speed)) and (
            not np.isclose(got[0], want[0])
        ):
            return f"{about}: take the longer of the two for each operator, and then the sum"
        if not np.isclose(got[0], want[0]):
            return f"{about}: the step takes {want[0]:g} s, got {got[0]:g}"
        if np.isclose(got[1], want[1]):
            continue
        if not 0 <= got[1] <= 1:
            return f"{about}: a share lies between 0 and 1, got {got[1]:g}"
        if np.isclose(got[1], 1 - want[1]):
            return f"{about}: {got[1]:g} is the share of the others, whose work takes longer"
        if launch * speed in operations:
            return f"{about}: a start that takes as long as the work is not longer, got {got[1]:g}"
        return (
            f"{about}: {want[1]:.0%} of the seconds are in operators whose start is longer "
            f"than their work, got {got[1]:.0%}: divide seconds by seconds"
        )
    return None


@exercise("10.3", correct="the largest gradient decides, and twice the scale would be too much")
def loss_scale(learner):
    """NumPy's own fp16: finite with the scale, not with twice of it; gradients of either sign."""
    largest = float(np.finfo(np.float16).max)
    cases = ([1e-8, 2e-5], [-3.0, 0.5], [1e6, 2.0], [largest], [-1e-3, 1e-4, 0.0])
    for gradients in (*cases, [60_000.0, -60_000.0], [65_520.0]):
        given = np.array(gradients, dtype=np.float32)
        got = float(learner(given.copy()))
        if np.isinf(got):
            return "the scale is infinite; did you divide in fp16?"
        if not got > 0 or not np.isclose(np.log2(got), round(np.log2(got))):
            return f"a scale is a power of two, such as 1024 or 0.25; got {got:g}"
        # In double precision: what rounds down to the largest number is counted as above it.
        fits = [np.abs(given.astype(float) * k).max() <= largest for k in (got, 2 * got)]
        if not fits[0]:
            return (
                f"gradients {gradients} times {got:g} pass the largest of fp16, {largest:g}: the "
                "largest decides, whatever its sign"
            )
        if fits[1]:
            return (
                f"gradients {gradients}: {2 * got:g} keeps them finite too, got {got:g}; the "
                "largest alone decides"
            )
    return None


@exercise("10.4", correct="filler weighs nothing, whatever stands in it")
def fold_losses(learner):
    """NumPy's weighted average of the real trials alone; filler of numbers, then of NaN."""
    rng = np.random.default_rng(10)
    losses, weights = rng.uniform(0.2, 3, (4, 6)), rng.uniform(0.5, 2, (4, 6))
    lengths = (6, 4, 1, 0)
    weights[2, 0] = 0.5  # the one real trial of its fold: the weights sum to less than 1
    real = np.arange(6) < np.array(lengths)[:, None]
    undivided = np.minimum((weights * real).sum(axis=1), 1)
    want = [
        np.average(x[:n], weights=w[:n]) if n else 0.0
        for x, w, n in zip(losses, weights, lengths, strict=True)
    ]
    for filler in (9.0, 0.0, np.nan):
        given = (np.where(real, x, filler) for x in (losses, weights))
        with np.errstate(invalid="ignore", divide="ignore"):
            got = np.asarray(learner(*given, real.copy()))
        if got.shape != (4,):
            return f"one loss a fold is expected, shape (4,), got {got.shape}"
        if np.isfinite(got[:3]).all() and not np.isfinite(got[3]):
            return "a fold without a real trial has loss 0, and 0 divided by 0 is no number"
        if np.allclose(got, want, atol=1e-8):
            continue
        if not np.isfinite(got).all():
            return "filler may be NaN, and 0 times NaN is NaN: take it out before you multiply"
        if np.allclose(got, want * undivided, atol=1e-8):
            return "weights that sum to less than 1 divide too: only a sum of 0 is left out"
        k = int(np.argmax(~np.isclose(got, want, atol=1e-8)))
        if k == 0:
            return (
                f"a fold without filler has loss {want[0]:.4f}, got {got[0]:.4f}: weigh each "
                "trial by its class, and divide by the sum of the weights"
            )
        return (
            f"a fold of {lengths[k]} real trials has loss {want[k]:.4f}, got {got[k]:.4f}: filler "
            "may enter neither the sum nor what it is divided by"
        )
    losses[0, 2] = np.nan
    got = np.asarray(learner(losses.copy(), weights.copy(), real.copy()))
    if not np.isnan(got[0]):
        return f"the loss of a real trial was NaN, and its fold has {got[0]:.4f}: that hides it"
    return None


@exercise("10.5", correct="what decides the result decides the name, and half a file is none")
def to_run(learner):
    """Files that are whole, missing and cut off; units twice, and with settings in other order."""

    def name(unit):
        return hashlib.sha256(json.dumps(unit, sort_keys=True).encode()).hexdigest()[:12]

    units = [{"fold": f, "seed": s, "epochs": 5} for f in range(3) for s in range(2)]
    units = [units[k] for k in (4, 1, 0, 5, 3, 2)]  # in no order but their own
    kept = {name(units[0]): "a, b end", name(units[3]): "the end of a, ", name(units[4]): "end"}
    other = dict(reversed(units[0].items()))  # the same settings, written in other order
    left = [units[1], units[2], units[3], units[5]]
    for asked, files, want, why in (
        (units, {}, units, "without files all have to be run"),
        (units, kept, left, "whole files are skipped; one that was cut off is run again"),
        ([other, units[1]], kept, [units[1]], "the order of the settings does not matter"),
        ([units[1], dict(reversed(units[1].items()))], {}, [units[1]], "a unit is run once"),
        ([{**units[0], "epochs": 6}], kept, [{**units[0], "epochs": 6}], "another setting is new"),
    ):
        got = list(learner([dict(u) for u in asked], dict(files)))
        if got == want:
            continue
        if not all(isinstance(unit, dict) for unit in got):
            return f"give units, not names; got {got}"
        if len(got) == len(want) and all(unit in want for unit in got):
            return f"{why}, in the order in which they come; yours are in another order: {got}"
        if files and asked is units and got == units:
            return f"{why}; none of your names was found among the files: take `digest(unit)`"
        return f"{why}: {len(want)} of {len(asked)} units were expected, got {len(got)}: {got}"
    return None
