"""The ceilings that chapter 4 shows are those of `ceiling`, with an interval over people."""

import numpy as np
import pytest

from benchmarks.judges.ceilings import ERRORS, PAIRS, PRESETS, answers
from meps_lab.results import kept
from meps_lab.simulate import ceiling, simulate_cohort
from meps_lib.protocol import bootstrap_interval


@pytest.fixture(scope="module")
def table():
    return kept("ceilings")


def test_every_preset_has_every_sense_and_what_a_second_one_adds(table):
    parts = ["face", "body", "both", *(f"{a} - {b}" for a, b in PAIRS)]
    assert [*zip(table.preset, table.part, strict=True)] == [(p, q) for p in PRESETS for q in parts]
    assert ((table.low <= table.score) & (table.score <= table.high)).all()


def test_a_difference_is_that_of_its_scores(table):
    scores = table.pivot(index="preset", columns="part", values="score")
    for a, b in PAIRS:
        assert np.allclose(scores[f"{a} - {b}"], scores[a] - scores[b], atol=1e-5)


def test_the_run_says_how_it_is_made_again(table):
    made = table.attrs["provenance"]
    assert made["command"] == "python -m benchmarks.judges.ceilings --keep"
    assert set(made) == {"command", "date", "versions", "seed", "seconds", "people", "trials"}


def test_the_answers_score_what_the_ceiling_says():
    cohort = simulate_cohort(4, 6, seed=5)
    best = ceiling(cohort, ERRORS)
    for name, said in answers(cohort).items():
        found = bootstrap_interval(said, cohort.classes, n_resamples=100)
        assert np.allclose(found["score"], best.loc[name, found.index])
