"""The fast run of a question: small, and its dial still turns."""

from pathlib import Path

import pytest

from meps_lab.ablations import Ablation, find_ablation, read_ablation
from meps_lab.ablations.question import ablation_of

DIALS = {
    "cohorts": [3, 5],
    "strangers": [4, 6, 8],
    "subjects": [5, 7],
    "seed": [3],
}
REST = {"cohorts": 2, "strangers": 20, "subjects": 5, "seed": 3}  # where no dial turns it


@pytest.fixture
def ablation() -> Ablation:
    dials = {
        name: {"label": name, "path": f"data.simulate.{name}", "values": values}
        for name, values in DIALS.items()
    }
    about = {"question": "?", "main": ["a", "b"], "ceiling": "body", "dials": dials}
    base = {"cohorts": 4, "subjects": 5, "strangers": 4, "trials": 3, "seed": 3}
    design = {"protocol": "cross-data-set", "test_on": "strangers", "n_validation": 1}
    tables = {
        "ablation": about,
        "data": {"simulate": base},
        "experiment": {"modalities": ["ps"], **design},
        "variants": {"a": {}, "b": {"model_args": {"ps_blocks": [0, 3]}}},
    }
    return ablation_of(tables, Path("question.toml"))


def numbers(fast: Ablation, name: str) -> list:
    """A number of the data at each position of the one dial."""
    (dial,) = fast.dials
    return [fast.plans[folder].data["simulate"][name] for folder in dial.points.values()]


@pytest.mark.parametrize("dial", DIALS)
def test_the_ends_stay_apart_and_all_else_is_small(ablation, dial):
    fast = ablation.fast(dial)
    ends = list(dict.fromkeys((DIALS[dial][0], DIALS[dial][-1])))
    assert numbers(fast, dial) == ends
    for name, few in REST.items():
        if name != dial:
            assert numbers(fast, name) == [few] * len(ends)


def test_the_people_of_the_losses_question_are_turned():
    fast = read_ablation(find_ablation("s2_losses")).fast("people")
    assert numbers(fast, "subjects") == [10, 20] and numbers(fast, "cohorts") == [2, 2]
