"""The registry, the modules and the command line speak of the same data sets."""

from typing import get_args

import pytest

from meps_lab.cli.index import KindName
from meps_lab.datasets.index.kinds import MODULES, kind_of
from meps_lib.errors import MepsError
from meps_lib.trial import MODALITIES


def test_the_command_line_offers_exactly_the_registry():
    assert get_args(KindName) == tuple(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_has_the_kind_of_its_name(name):
    kind = kind_of(name)
    assert kind.name == name and kind.title and kind.marks
    assert set(kind.modalities) <= set(MODALITIES)
    assert (kind.load is None) == (kind.files is None) == (not kind.class_sets)
    assert len({rule.name for rule in kind.rules}) == len(kind.rules)
    for rule in kind.rules:
        assert rule.default in rule.actions


def test_an_unknown_name_lists_those_that_exist():
    with pytest.raises(MepsError, match="unknown data set 'casme'; known are casme3-a, .*, wesad"):
        kind_of("casme")
