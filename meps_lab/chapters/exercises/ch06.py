"""Checks of chapter 6: scores from counts, folds of whole people, floors, scales and luck."""

from itertools import product

import numpy as np
from sklearn.metrics import f1_score, precision_score, recall_score
from sklearn.preprocessing import StandardScaler

from meps_lab.chapters.exercises.checking import exercise

_COUNTS = (
    # STSTNet's second run as its authors logged it, MEGC2019; rows are the truth.
    np.array([[195, 39, 16], [36, 68, 5], [12, 7, 64]]),
    # As well matrices of other sizes: nothing may hang on there being three classes.
    np.array([[8, 2, 0], [5, 4, 1], [3, 0, 7]]),
    np.array([[7, 3], [2, 5]]),
    np.array([[6, 1, 0, 2], [1, 4, 1, 1], [0, 2, 5, 0], [3, 0, 1, 8]]),
)


def _labels(confusion: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Truth and prediction of each trial that a matrix counts."""
    return tuple(np.repeat(i.ravel(), confusion.ravel()) for i in np.indices(confusion.shape))


@exercise("06.1", correct="2 TP / (2 TP + FP + FN) for each class, and the mean over all of them")
def unweighted_f1(learner):
    """scikit-learn's macro F1, and a class that neither occurs nor is predicted."""
    for confusion in (*_COUNTS, np.array([[5, 1, 0], [2, 4, 0], [0, 0, 0]])):
        truth, guess = _labels(confusion)
        labels = range(len(confusion))
        want = f1_score(truth, guess, labels=labels, average="macro", zero_division=0)
        got = np.asarray(learner(confusion.copy()), dtype=float)
        if got.size != 1:
            return f"one number is expected, got {got.size}: take the mean over the classes"
        got = got.item()
        if np.isclose(got, want, atol=1e-6):
            continue
        if np.isclose(got, f1_score(truth, guess, average="macro"), atol=1e-6):
            return "a declared class that never occurs has F1 0 and stays in the mean"
        if np.isclose(got, np.diag(confusion).sum() / confusion.sum(), atol=1e-6):
            return "that is the accuracy: take the F1 of each class, then their mean"
        return f"for the counts {confusion.tolist()} UF1 is {want:.4f}, got {got:.4f}"
    return None


@exercise(
    "06.2", correct="recall divides by the row; swapped, it divides by the column: a precision"
)
def two_readings(learner):
    """scikit-learn's macro recall and macro precision, on matrices of several sizes."""
    for confusion in _COUNTS:
        truth, guess = _labels(confusion)
        want = [score(truth, guess, average="macro") for score in (recall_score, precision_score)]
        got = np.asarray(learner(confusion.copy()), dtype=float)
        if got.shape != (2,):
            return f"two numbers are expected, got {got.shape}"
        if np.allclose(got, want[::-1], atol=1e-6):
            return "the two are in the wrong order: rows are the truth, so UAR divides by the row"
        if not np.allclose(got, want, atol=1e-6):
            return f"expected UAR {want[0]:.4f} and {want[1]:.4f} when swapped, got {got.round(4)}"
    return None


@exercise("06.3", correct="every subject is tested once, and nobody has two roles")
def leave_one_out(learner):
    """Roles are disjoint and complete, on two sets of subjects in any order, with repeats."""
    for subjects in (list("bbacdea"), [f"s{k % 8}" for k in range(30)]):
        names, folds = set(subjects), list(learner(np.array(subjects)))
        if len(folds) != len(names):
            return f"{len(names)} subjects make {len(names)} folds, got {len(folds)}"
        for k, fold in enumerate(folds):
            if len(fold) != 3 or any(isinstance(role, str) for role in fold):
                return f"fold {k}: three sets are expected, (train, validation, test)"
            train, validation, test = ({str(name) for name in role} for role in fold)
            if strangers := (train | validation | test) - names:
                return f"fold {k}: no subject is called {sorted(strangers)}: put names in the sets"
            got = f"train {sorted(train)}, validation {sorted(validation)}, test {sorted(test)}"
            if len(test) != 1 or len(validation) != 2:
                return f"fold {k}: one subject is tested and two validate, got {got}"
            if train & test or train & validation or validation & test:
                return f"fold {k}: somebody has two roles: {got}"
            if train | validation | test != names:
                return f"fold {k}: {sorted(names - train - validation - test)} have no role"
        if {name for fold in folds for name in fold[2]} != names:
            return "somebody is tested twice, and somebody never"
    return None


@exercise(
    "06.4", correct="the same counts give two numbers, and only the pooled one is the protocol"
)
def pooled_and_averaged(learner):
    """Two folds that can be done by hand, and three drawn ones against scikit-learn."""
    drawn = np.random.default_rng(4).integers(1, 9, (3, 3, 3))
    drawn[0, 2] = 0  # the first fold lacks a class
    for folds in (np.array([[[4, 0], [0, 0]], [[1, 3], [1, 5]]]), drawn):
        pooled = recall_score(*_labels(folds.sum(axis=0)), average="macro")
        labels = [_labels(fold) for fold in folds]
        own = [recall_score(t, g, labels=np.unique(t), average="macro") for t, g in labels]
        got = np.asarray(learner(folds.copy()), dtype=float)
        if got.shape != (2,) or not np.isfinite(got).all():
            return f"two finite numbers are expected, got {got}: which classes does a fold have?"
        if not np.isclose(got[0], pooled, atol=1e-6):
            return (
                f"the pooled UAR is {pooled:.4f}, got {got[0]:.4f}: add the matrices up, then "
                "divide the diagonal by the row sums"
            )
        if not np.isclose(got[1], np.mean(own), atol=1e-6):
            return (
                f"the mean over folds is {np.mean(own):.4f}, got {got[1]:.4f}: each fold's UAR "
                "runs over the classes that it has"
            )
    return None


@exercise("06.5", correct="the floor does not know the test subject either")
def majority_votes(learner):
    """One subject who alone makes a label the commonest, which it may not do for itself."""
    cases = (
        ("aaabbc", "xxxyyy", "yyyxxx"),
        # Leaving out the trial alone, not its subject, answers x for the first three.
        ("aaabbc", "xxxxyy", "yyyxxx"),
        ("aabbbccc", "nnnnppns", "nnnnnnnn"),
        # The first case in another order: an answer belongs to its trial.
        ("bacaba", "yxyxyx", "xyxyxy"),
    )
    for subjects, labels, want in cases:
        got = list(learner(np.array(list(subjects)), np.array(list(labels))))
        if got == list(want):
            continue
        if len(got) != len(labels):
            return f"{len(labels)} trials need {len(labels)} answers, got {len(got)}"
        k = next(i for i, pair in enumerate(zip(got, want, strict=True)) if pair[0] != pair[1])
        return (
            f"subjects {subjects}, labels {labels}: trial {k} should get {want[k]}, got {got[k]}: "
            "leave out all trials of its subject, then count, and keep the order of the trials"
        )
    return None


@exercise("06.6", correct="the test subject's data move nothing but its own z-scores")
def standardise(learner):
    """scikit-learn's scaler fitted on training rows; other test data leave the rest alone."""
    rng = np.random.default_rng(6)
    x, subjects = rng.normal(3, 2, (40, 2)), np.repeat(list("abcd"), 10)
    for test, n in ((("d",), 30), (("c", "d"), 20)):
        got = np.asarray(learner(x.copy(), subjects.copy(), test), dtype=float)
        if got.shape != x.shape:
            return f"x of shape {x.shape} should keep its shape, got {got.shape}"
        want = StandardScaler().fit(x[:n]).transform(x)
        # Dividing by n - 1, as pandas does, is as good.
        if any(np.allclose(got, want * c, atol=1e-8) for c in (1, np.sqrt(1 - 1 / n))):
            continue
        if np.allclose(got, StandardScaler().fit_transform(x), rtol=0.05, atol=1e-3):
            return "mean and spread were taken of everybody: the test subject has had a say"
        return (
            f"with the test subjects {', '.join(test)} the rows of all others should have mean 0 "
            "and standard deviation 1 in each column"
        )
    return None


@exercise(
    "06.7", correct="counted over all swaps, the one that was seen among them, so p is never 0"
)
def swap_p(learner):
    """Every swap written out, for differences of either sign and for none."""
    for first, second in (
        ([5, 6, 7], [3, 3, 3]),
        ([3, 3, 3], [5, 6, 7]),  # here the second wins
        ([4, 2, 6, 1], [3, 5, 1, 1]),
        ([2, 2], [2, 2]),
        ([12, 5, 2, 6], [3, 3, 6, 3]),  # ranks, as Wilcoxon's test takes them, give another p
    ):
        difference = np.subtract(first, second)
        sums = [np.dot(s, difference) for s in product((1, -1), repeat=len(first))]
        want = np.mean([abs(s) >= abs(difference.sum()) for s in sums])
        got = float(learner(np.array(first), np.array(second)))
        if not np.isclose(got, want, atol=1e-9):
            return (
                f"for {first} and {second} p is {want:.4f}, got {got:.4f}: all {len(sums)} ways to "
                "swap count, the one without a swap too, and differences as large the other way"
            )
    return None
