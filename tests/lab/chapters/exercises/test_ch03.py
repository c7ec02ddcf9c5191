"""Right solutions pass, and plausible wrong ones are told apart."""

import numpy as np
import pytest
from scipy.special import softmax

from meps_lab.chapters.exercises import check
from meps_lib.layers.fusion import normal_weights


def said(capsys, exercise, thing):
    check(exercise, thing)
    return capsys.readouterr().out.strip()


@pytest.mark.parametrize(
    ("exercise", "thing", "message"),
    [
        ("03.1", lambda n: normal_weights(n).numpy(), "correct"),
        ("03.1", lambda n: np.exp(-(np.linspace(-3, 3, n) ** 2) / 2), "divide by their sum"),
        ("03.1", lambda n: normal_weights(n, reading="z-score").numpy(), "z runs from"),
        ("03.1", lambda n: np.full(n, 1 / n), "z runs from"),
        ("03.1", lambda n: normal_weights(5).numpy(), "8 frames should give 8 weights"),
        ("03.2", lambda c: (c.diagonal() / c.sum(axis=1)).mean(), "correct"),
        ("03.2", lambda c: (c.diagonal() / c.sum(axis=0)).mean(), "precision"),
        ("03.2", lambda c: np.trace(c) / c.sum(), "accuracy"),
        ("03.2", lambda c: 0.724979, "expected"),
        ("03.3", lambda g, x: softmax(x @ g / np.sqrt(len(g))), "correct"),
        ("03.3", lambda g, x: softmax(x @ g), "square root"),
        (
            "03.3",
            lambda g, x: np.exp(x @ g / 2) / np.exp(x @ g / 2).sum(),
            "subtract the largest",
        ),
        ("03.3", lambda g, x: np.full(len(x), 1 / len(x)), "should be"),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_answers(capsys, exercise, thing, message):
    assert message in said(capsys, exercise, thing)
