"""What a cohort feels: which class and emotion each trial has, and which label it gets."""

import numpy as np

from meps_lab.simulate.scenario import Scenario
from meps_lib.errors import MepsError
from meps_lib.labels import CLASS_SETS, ClassSet

# How often each emotion stands for its class: clips of CAS(ME)^3 Part A (Li et al., 2023);
# contempt, which that set lacks, as in MMME against its disgust.
_WEIGHT = {"anger": 64, "contempt": 69, "disgust": 250, "fear": 86, "sadness": 57}
_INDEX_STREAM, _LABEL_STREAM = 0, 4


def emotion_weights(classes: ClassSet, scenario: Scenario) -> dict[str, dict[str, float]]:
    """How often each class, and each emotion within it, is drawn.

    Parameters
    ----------
    classes : ClassSet
    scenario : Scenario
        Its `class_balance` may name emotions, or "negative" and "positive", whose weight is
        then shared among their emotions as in CAS(ME)^3 Part A. What the class set drops is
        dropped here too.

    Returns
    -------
    dict of dict
        Class -> emotion -> weight; equal sums over the classes if no balance is asked for.

    Raises
    ------
    MepsError
        If the balance leaves a class without weight.
    """
    inside = {c: {e: _WEIGHT.get(e, 100) for e in classes.emotions_of(c)} for c in classes.classes}
    if not scenario.class_balance:
        return {c: {e: w / sum(es.values()) for e, w in es.items()} for c, es in inside.items()}
    every = {e: w for es in inside.values() for e, w in es.items()}
    weights = dict.fromkeys(every, 0.0)
    most = max(weight for _, weight in scenario.class_balance)  # sums of quotients stay finite
    for name, weight in scenario.class_balance:
        members = CLASS_SETS["three"].emotions_of(name) if name not in every else (name,)
        members = [e for e in members if e in every]
        for emotion in members:
            weights[emotion] += weight / most * every[emotion] / sum(every[e] for e in members)
    out = {c: {e: weights[e] for e in es} for c, es in inside.items()}
    empty = [c for c, es in out.items() if not sum(es.values())]
    if empty:
        named = ", ".join(name for name, _ in scenario.class_balance)
        raise MepsError(
            f"Scenario.class_balance names {named}, so class {empty[0]!r} of {classes.name!r} "
            "would never occur; give it a weight, or choose another class set"
        )
    return out


def programme(
    seed: int, subject: int, n: int, classes: ClassSet, scenario: Scenario
) -> list[dict[str, str]]:
    """Label and emotion of each trial of one person; the first ones do not depend on `n`.

    Balanced classes come in shuffled blocks that hold every class once. Otherwise each
    person has shares of the classes, from a Dirichlet distribution around the balance, and
    each trial is drawn from them.
    """
    weights = emotion_weights(classes, scenario)
    rng = np.random.default_rng([seed, _INDEX_STREAM, subject])
    luck = np.random.default_rng([seed, _LABEL_STREAM, subject])
    if not scenario.class_balance and not scenario.class_by_subject:
        blocks = -(-n // len(classes.classes))
        order = (str(c) for _ in range(blocks) for c in rng.permutation(classes.classes))
    else:
        share = _shares(rng, weights, scenario.class_by_subject)
        order = (str(rng.choice(classes.classes, p=share)) for _ in range(n))
    out = []
    for true, _ in zip(order, range(n), strict=False):
        emotions, weight = zip(*weights[true].items(), strict=True)
        emotion = str(rng.choice(emotions, p=np.array(weight) / sum(weight)))
        wrong, other = luck.random() < scenario.label_noise, luck.permutation(classes.classes)
        label = next(str(c) for c in other if c != true) if wrong else true
        out.append({"label": label, "emotion": emotion})
    return out


def _shares(
    rng: np.random.Generator, weights: dict[str, dict[str, float]], unequal: float
) -> np.ndarray:
    """One person's shares of the classes."""
    mean = np.array([sum(es.values()) for es in weights.values()])
    mean = mean / mean.sum()
    if unequal < 1e-12:  # its concentration would overflow, and the mean differs by 1e-6
        return mean
    drawn = rng.gamma(mean * len(mean) * (1 - unequal) / unequal)
    if drawn.max() > 1e-100:
        return drawn / drawn.sum()
    # Next to 1, as at 1, the largest part is all there is, and too small a number to draw.
    return np.eye(len(mean))[rng.choice(len(mean), p=mean)]
