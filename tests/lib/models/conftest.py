"""A network that has left its beginning behind, for the tests of S1."""

import pytest
import torch

from meps_lib.models import build


@pytest.fixture
def net(unsettle):
    """A function that builds S1 for the trials of `make_trial`, moved away from how it begins."""

    def make(**kw):
        torch.manual_seed(0)
        return unsettle(build("meps", **({"ps_sfreq": 64.0, "grid": 3} | kw))).eval()

    return make
