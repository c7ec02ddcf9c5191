"""One small tree in the layout of MMME, for all tests of its loader."""

import shutil
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from meps_lab.simulate import simulate_cohort
from meps_lab.simulate.layouts import mmme

CALM = {"size": 32, "ps_noise": 0.3, "ps_motion_per_min": 0.0, "ps_dropout_per_min": 0.0}


@pytest.fixture
def later(monkeypatch):
    """Call it, and an hour has passed: what was written before is settled, as nobody can fake."""
    now = time.time_ns
    return lambda: monkeypatch.setattr(time, "time_ns", lambda: now() + 3600 * 10**9)


@pytest.fixture(scope="session")
def mmme_tree(tmp_path_factory):
    """Its folder, and the truth."""
    out = tmp_path_factory.mktemp("MMME copie é")
    scenario = replace(mmme.LAYOUT.scenario(), **CALM)
    cohort = simulate_cohort(2, 2, ("surprise", "contempt"), seed=1, scenario=scenario)
    truth = mmme.write(out, cohort, np.random.default_rng(0), False, trial_s=3.5)
    return out, truth


@pytest.fixture
def mmme_copy(mmme_tree, tmp_path):
    """The tree without its frames, to be spoilt; and its table."""
    out = tmp_path / "copy"
    shutil.copytree(mmme_tree[0], out, ignore=shutil.ignore_patterns("*.tif"))
    return out, pd.read_excel(out / mmme.TABLE)
