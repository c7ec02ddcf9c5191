"""The registry of models, which the tests and the command line read.

To add a model: one file here, with a frozen config dataclass and a module that maps a
`Batch` to an `Output`; one line in `MODELS`. The parametrised tests then cover it.
"""

from dataclasses import fields
from typing import Any

from torch import nn

from meps_lib.errors import MepsError
from meps_lib.models import featref, rcn, ststnet
from meps_lib.models.featref import FeatRef, FeatRefConfig
from meps_lib.models.flowmap import FlowMap, FlowMapConfig
from meps_lib.models.meps import MEPS, MEPSConfig
from meps_lib.models.mmme import MMME
from meps_lib.models.mmme_config import PUBLISHED as PUBLISHED
from meps_lib.models.mmme_config import MMMEConfig
from meps_lib.models.rcn import RCN, RCNConfig
from meps_lib.models.ststnet import STSTNet, STSTNetConfig

MODELS: dict[str, tuple[type[nn.Module], type]] = {
    "meps": (MEPS, MEPSConfig),
    "flowmap": (FlowMap, FlowMapConfig),
    "mmme": (MMME, MMMEConfig),
    "ststnet": (STSTNet, STSTNetConfig),
    "rcn": (RCN, RCNConfig),
    "featref": (FeatRef, FeatRefConfig),
}
# How those are trained that came with a recipe: fields of `meps_lib.training.TrainConfig`.
# They read maps in grey levels.
RECIPES: dict[str, dict[str, Any]] = {
    "ststnet": ststnet.RECIPE,
    "rcn": rcn.RECIPE,
    "featref": featref.RECIPE,
}


def of_data(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """Those of the data's sizes that a model's config has a field for."""
    _, config = _entry(name)
    known = {f.name for f in fields(config)}
    return {k: v for k, v in given.items() if k in known}


def build(name: str, **kwargs: Any) -> nn.Module:
    """Build a model of the registry.

    Parameters
    ----------
    name : str
        A key of `MODELS`.
    **kwargs
        Fields of the model's config.

    Raises
    ------
    MepsError
        If the model or a field is unknown; the message lists those that exist.

    Examples
    --------
    >>> build("meps", modalities=("ps",)).config.modalities
    ('ps',)
    """
    model, config = _entry(name)
    known = [f.name for f in fields(config)]
    unknown = sorted(set(kwargs) - set(known))
    if unknown:
        raise MepsError(f"{name} has no {', '.join(unknown)}; it has {', '.join(known)}")
    return model(config(**kwargs))


def _entry(name: str) -> tuple[type[nn.Module], type]:
    if name not in MODELS:
        raise MepsError(f"unknown model {name!r}; known are {', '.join(MODELS)}")
    return MODELS[name]
