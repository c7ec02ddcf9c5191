"""How well a cohort can be told apart at all: a classifier on its truth, beside every result.

The features are what a very good instrument would report: the peak of each action unit, the
skin conductance response, the change of heart rate, of the pulse, of the breath, of alpha.
Each comes from the trial's truth with a small measurement error; no picture is analysed, and
no waveform but the clean one. The classifier learns from many other people of the same
scenario, drawn for it alone, so that the size of the cohort does not limit it. It is linear and
knows these features only, so that its score is an estimate from below: a network that scores
clearly higher deserves a second look before it deserves praise.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from meps_lab.simulate.checks import check_list
from meps_lab.simulate.cohort import simulate_cohort
from meps_lab.simulate.evidence import body_features, evidence_of, face_features
from meps_lab.simulate.scenario import Scenario
from meps_lib.arguments import whole
from meps_lib.errors import MepsError
from meps_lib.labels import CLASS_SETS, class_set
from meps_lib.protocol.metrics import score

_OTHERS_SEED = 987_654_321  # of the people from whom the classifier learns
_OTHERS_TRIALS = 16  # of each


def ceiling(dataset, seeds: Sequence[int] = (0,), n_people: int = 60) -> pd.DataFrame:
    """Scores of an oracle-feature classifier on a simulated data set.

    Parameters
    ----------
    dataset
        A `CohortDataset`, of which nothing is rendered, or a folder written by ``meps
        simulate``: trials that carry a simulator's truth, and a `scenario`.
    seeds : sequence of int
        At least one, each once. Each draws the measurement errors anew; scores are the mean over
        them.
    n_people : int
        Other people from whom the classifier learns, at least 2, 16 trials each.

    Returns
    -------
    DataFrame
        Rows face, body, both; columns accuracy, uf1, uar. Labels are those given, with their
        noise if there is any.

    Raises
    ------
    MepsError
        If a trial carries no truth, the dials that made it are not known, there are no
        seeds, one stands there twice, or `n_people` or a seed is no such whole number.

    Examples
    --------
    >>> from meps_lab.simulate import simulate_cohort
    >>> table = ceiling(simulate_cohort(4, 6), n_people=6)
    >>> list(table.index), list(table.columns)
    (['face', 'body', 'both'], ['accuracy', 'uf1', 'uar'])
    """
    means = {}
    for part, said in ceiling_answers(dataset, seeds, n_people).groupby("part", sort=False):
        scores = [
            score(one["truth"], one["prediction"], dataset.classes)
            for _, one in said.groupby("model", sort=False)
        ]
        means[part] = np.mean([[s.accuracy, s.uf1, s.uar] for s in scores], axis=0)
    return pd.DataFrame.from_dict(means, orient="index", columns=["accuracy", "uf1", "uar"])


def ceiling_answers(dataset, seeds: Sequence[int] = (0,), n_people: int = 60) -> pd.DataFrame:
    """What the classifiers behind `ceiling` say of each trial, for intervals and comparisons.

    Parameters
    ----------
    dataset, seeds, n_people
        As for `ceiling`.

    Returns
    -------
    DataFrame
        Columns subject, clip, truth, part (face, body, both), model (the seed of the measurement
        errors), prediction: a row a part, seed and trial. The rows of a part are what
        `meps_lib.protocol.bootstrap_interval` takes.

    Raises
    ------
    MepsError
        As `ceiling`.

    Examples
    --------
    >>> from meps_lab.simulate import simulate_cohort
    >>> said = ceiling_answers(simulate_cohort(4, 6), seeds=(0, 1), n_people=6)
    >>> len(said), list(said["part"].unique())
    (144, ['face', 'body', 'both'])
    """
    for seed in (seeds := check_list("seeds", seeds)) or ["nothing"]:
        whole("each of seeds", seed, 0)
    if len(set(seeds)) < len(seeds):
        raise MepsError(f"seeds={seeds}; expected each once: the same seed gives the same answers")
    whole("n_people", n_people, 2)
    trials = list(evidence_of(dataset))
    dials = getattr(dataset, "scenario", None)
    if not isinstance(dials, Scenario):
        raise MepsError("the dials that made these trials are not known, so neither is a ceiling")
    about = dataset.index[["subject", "clip"]].assign(truth=dataset.index["label"].astype(str))
    own = _OTHERS_SEED + (getattr(dataset, "seed", None) == _OTHERS_SEED)
    models = _learnt(tuple(dataset.classes), dials, n_people, own)
    errors = {seed: _features(trials, np.random.default_rng(seed)) for seed in seeds}
    tables = [
        about.assign(part=part, model=seed, prediction=model.predict(features[part]))
        for part, model in models.items()
        for seed, features in errors.items()
    ]
    return pd.concat(tables, ignore_index=True)


@lru_cache(maxsize=16)
def _learnt(classes: tuple[str, ...], dials: Scenario, n: int, seed: int) -> dict[str, Pipeline]:
    """The classifier of face, of body and of both, fitted to `n` people of a scenario."""
    named = next((c for c in CLASS_SETS.values() if c.classes == classes), None)
    what = named.name if named else class_set(classes).classes
    # The slowest rates: the truth does not depend on them, the time it takes does.
    slow = replace(dials, ps_sfreq=125.0, eeg_sfreq=125.0)
    others = simulate_cohort(n, max(_OTHERS_TRIALS, len(classes)), what, seed, slow)
    features = _features(evidence_of(others), np.random.default_rng([seed, 1]))
    y = others.index["label"].to_numpy(str)
    return {name: oracle().fit(x, y) for name, x in features.items()}


def _features(trials, rng: np.random.Generator) -> dict[str, np.ndarray]:
    pairs = [(face_features(t, rng), body_features(t, rng)) for t in trials]
    face, body = (np.array(side) for side in zip(*pairs, strict=True))
    return {"face": face, "body": body, "both": np.hstack([face, body])}


def oracle() -> Pipeline:
    """The classifier: logistic regression, every class of equal weight, gaps set to the mean."""
    return make_pipeline(
        SimpleImputer(keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(C=0.5, class_weight="balanced", max_iter=500),
    )
