"""What an experiment is: a model, its data, its protocol; told to be impossible before the work."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from meps_lab.prepare import PrepareConfig
from meps_lib.arguments import whole
from meps_lib.errors import MepsError
from meps_lib.protocol.normalise import NORMALISERS
from meps_lib.protocol.splits import LAST_SEED
from meps_lib.training import TrainConfig

PROTOCOLS = ("loso", "grouped-kfold", "cross-data-set", "file")


@dataclass(frozen=True)
class ExperimentConfig:
    """One experiment: a model, its data, its protocol.

    Raises
    ------
    MepsError
        If a setting is out of range, or would be without effect beside the others.
    """

    model: str = "meps"  # a key of meps_lib.models.MODELS
    model_args: Mapping[str, Any] = field(default_factory=dict)  # fields of the model's config
    modalities: tuple[str, ...] = ("colour", "depth", "ps")
    prepare: PrepareConfig = PrepareConfig()
    train: TrainConfig = TrainConfig()
    protocol: Literal["loso", "grouped-kfold", "cross-data-set", "file"] = "loso"
    n_folds: int = 5  # grouped-kfold only
    n_validation: int = 2  # subjects; not with a split file, which names them
    train_on: str | None = None  # cross-data-set only: a value of the index's data_set
    test_on: str | None = None  # cross-data-set only: another
    split_file: str | os.PathLike | None = None  # file only: see meps_lib.protocol.split_files
    normalise: Literal["training", "per-subject"] = "training"  # see meps_lib.protocol.normalise
    seeds: tuple[int, ...] = (0,)
    n_jobs: int = 1  # processes; the result does not depend on it

    def __post_init__(self) -> None:
        if not isinstance(self.seeds, Iterable) or isinstance(self.seeds, str):
            raise MepsError(f"seeds={self.seeds!r}; expected several in a row, such as (0, 1)")
        for seed in (seeds := tuple(self.seeds)):
            whole("seeds", seed, 0, LAST_SEED)
        object.__setattr__(self, "seeds", tuple(map(int, seeds)))
        object.__setattr__(self, "modalities", tuple(self.modalities))
        for name in _OF_DATA.keys() & self.model_args.keys():
            raise MepsError(
                f"model_args sets {name} to {self.model_args[name]!r}, and the experiment has it "
                f"from {_OF_DATA[name]}: take it out of model_args"
            )
        if not seeds or len(set(seeds)) < len(seeds):
            raise MepsError(f"seeds={seeds}; expected one or more, all different")
        whole("n_jobs", self.n_jobs, 1)
        for name, known in (("protocol", PROTOCOLS), ("normalise", NORMALISERS)):
            if getattr(self, name) not in known:
                raise MepsError(
                    f"{name}={getattr(self, name)!r}; expected one of {', '.join(known)}"
                )
        if self.normalise != "training" and "ps" not in self.modalities:
            raise MepsError(
                f"normalise={self.normalise!r} scales peripheral signals, and the modalities are "
                f"{', '.join(self.modalities)}: add ps, or leave it out"
            )
        for name, protocol in _ONLY.items():
            if (getattr(self, name) is not None) != (self.protocol == protocol):
                raise MepsError(
                    f"protocol {self.protocol!r} with {name}={getattr(self, name)!r}; {name} "
                    f"belongs to the protocol {protocol!r}, which needs it"
                )


# What a model is told of the data, and where it comes from; an argument beside it would differ.
_OF_DATA = {
    "n_classes": "the classes of the data set",
    "modalities": "its own modalities",
    "ps_names": "prepare.ps_names",
    "ps_sfreq": "prepare.ps_sfreq",
}
# Settings that one protocol needs, and no other knows.
_ONLY = {"train_on": "cross-data-set", "test_on": "cross-data-set", "split_file": "file"}
