"""What an experiment is: a model, its data, its protocol; told to be impossible before the work."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from meps_lab.experiments.own_model import own_code
from meps_lab.prepare import PrepareConfig
from meps_lib.arguments import one_of, whole
from meps_lib.errors import MepsError
from meps_lib.models import RECIPES
from meps_lib.protocol import splits as roles
from meps_lib.protocol.normalise import NORMALISERS
from meps_lib.protocol.split_files import ROLES, read_splits
from meps_lib.training import TrainConfig

PROTOCOLS = ("loso", "grouped-kfold", "cross-data-set", "file")


@dataclass(frozen=True)
class ExperimentConfig:
    """One experiment: a model, its data, its protocol.

    Raises
    ------
    MepsError
        If a setting is out of range, or would be without effect beside the others.

    Notes
    -----
    ``train`` is filled in when the config is made: who replaces the model of one gives
    ``train=None`` as well, or the other model is trained by the recipe of the first.
    """

    model: str = "meps"  # a key of meps_lib.models.MODELS, or one's own: path/to/file.py:factory
    model_args: Mapping[str, Any] = field(default_factory=dict)  # fields of the model's config
    modalities: tuple[str, ...] = ("colour", "depth", "ps")
    prepare: PrepareConfig = PrepareConfig()
    train: TrainConfig | None = None  # None: as the model was published, where it was
    protocol: Literal["loso", "grouped-kfold", "cross-data-set", "file"] = "loso"
    n_folds: int = 5  # grouped-kfold only
    n_validation: int | None = None  # subjects; not with a split file. None: 2, or 0 for the last
    train_on: str | None = None  # cross-data-set only: a data_set of the index; or each in turn
    test_on: str | None = None  # cross-data-set only: another
    split_file: str | os.PathLike | None = None  # file only: see meps_lib.protocol.split_files
    normalise: Literal["training", "per-subject"] = "training"  # see meps_lib.protocol.normalise
    seeds: tuple[int, ...] = (0,)
    stacked: bool = False  # all folds in one program, for a GPU, and ps or flow: `fit_stacked`
    n_jobs: int = 1  # processes; the result does not depend on it

    def __post_init__(self) -> None:
        if not isinstance(self.seeds, Iterable) or isinstance(self.seeds, str):
            raise MepsError(f"seeds={self.seeds!r}; expected several in a row, such as (0, 1)")
        for seed in (seeds := tuple(self.seeds)):
            whole("seeds", seed, 0, roles.LAST_SEED)
        if not seeds or len(set(seeds)) < len(seeds):
            raise MepsError(f"seeds={seeds}; expected one or more, all different")
        object.__setattr__(self, "seeds", tuple(map(int, seeds)))
        object.__setattr__(self, "modalities", tuple(self.modalities))
        if self.train is None:
            object.__setattr__(self, "train", recipe(self.model))
        if self.n_validation is None:
            object.__setattr__(self, "n_validation", 0 if self.train.keep == "last" else 2)
        if self.n_validation == 0 and self.train.keep == "best":
            raise MepsError(
                "n_validation=0 with keep='best': nobody could choose the epoch; take 1 or more "
                "subjects, or keep='last'"
            )
        # Of a model of one's own; no field, as nobody sets it. It comes along to other processes.
        object.__setattr__(self, "model_code", own_code(self.model))
        whole("n_jobs", self.n_jobs, 1)
        one_of("protocol", self.protocol, PROTOCOLS)
        one_of("normalise", self.normalise, tuple(NORMALISERS))
        for name in OF_DATA.keys() & self.model_args.keys():
            raise MepsError(
                f"model_args sets {name} to {self.model_args[name]!r}, and the experiment has it "
                f"from {OF_DATA[name]}: take it out of model_args"
            )
        if self.normalise != "training" and not {"ps", "eeg"} & set(self.modalities):
            raise MepsError(
                f"normalise={self.normalise!r} scales peripheral signals or EEG; the modalities "
                f"are {', '.join(self.modalities)}: add ps or eeg, or leave it out"
            )
        stacks = {("ps",): ("meps",), ("flow",): ("flowmap", *RECIPES)}
        if self.stacked and self.model not in stacks.get(self.modalities, ()):
            raise MepsError(
                f"stacked with the model {self.model} and {', '.join(self.modalities)}: folds are "
                "stacked for models of this library that read ps or flow alone; leave it out"
            )
        for name, protocol in _ONLY.items():
            given, wanted = getattr(self, name) is not None, self.protocol == protocol
            if given and not wanted or wanted and not given and name != "train_on":
                raise MepsError(
                    f"protocol {self.protocol!r} with {name}={getattr(self, name)!r}; {name} "
                    f"belongs to the protocol {protocol!r}, which needs it"
                )

    def splits(self, index: pd.DataFrame, seed: int, lost: Sequence[str] = ()) -> list[roles.Split]:
        """Who has which role in each fold of a seed.

        Parameters
        ----------
        index : DataFrame
            One row a trial: subject, and data_set where there are several.
        seed : int
            Draws the validation subjects.
        lost : sequence of str
            Subjects without a row, as no trial of theirs can be read. They are unused, and a fold
            that would test nobody else is left out.

        Raises
        ------
        MepsError
            As the protocol's splits say; if a subject occurs in two data sets; if nobody but the
            lost has a role.
        """
        several, drawn = "data_set" in index, (self.n_validation, seed)
        subjects = index["subject"].tolist()
        sets = index["data_set"].tolist() if several else ["the only one"] * len(index)
        if self.protocol == "cross-data-set" and not several:
            raise MepsError("cross-data-set: the index has no column data_set to tell them apart")
        roles.check_subjects(subjects, sets)
        if self.protocol == "file":
            splits = read_splits(self.split_file, [*subjects, *lost])
        elif self.protocol == "cross-data-set":
            splits = roles.cross_data_set(subjects, sets, self.train_on, self.test_on, *drawn)
        elif self.protocol == "grouped-kfold":
            splits = roles.grouped_kfold(subjects, self.n_folds, *drawn)
        else:
            splits = roles.loso(subjects, *drawn)
        splits = _without(splits, lost) if lost else list(splits)
        for split in splits:
            if not split.validation and self.train.keep == "best":
                gone = f"subjects {', '.join(lost)} cannot be read: " if lost else ""
                raise MepsError(
                    f"{gone}fold {split.fold}: no validation subjects, who would choose the epoch; "
                    "use more subjects, or keep='last'"
                )
        return splits


def recipe(model: str, **changes: Any) -> TrainConfig:
    """How a model is trained unless something else is said: as published, where it was.

    Examples
    --------
    >>> recipe("rcn").optimiser, recipe("rcn", epochs=3).epochs, recipe("meps").keep
    ('sgd', 3, 'best')
    """
    given = RECIPES.get(model, {}) | changes
    idle = set()  # settings of a recipe that mean nothing beside the changes
    if given.get("optimiser") != "sgd":
        idle |= {"momentum"}
    if given.get("schedule") != "step":
        idle |= {"step_epochs", "step_factor"}
    return TrainConfig(**{k: v for k, v in given.items() if k in changes or k not in idle})


# What a model is told of the data, and where it comes from; an argument beside it would differ.
OF_DATA = {
    "n_classes": "the classes of the data set",
    "modalities": "its own modalities",
    "ps_names": "prepare.ps_names",
    "ps_sfreq": "prepare.ps_sfreq",
}
# Settings that one protocol needs, and no other knows; train_on may be left out.
_ONLY = {"train_on": "cross-data-set", "test_on": "cross-data-set", "split_file": "file"}


def _without(splits: Iterable[roles.Split], lost: Sequence[str]) -> list[roles.Split]:
    kept = []
    for split in splits:
        taken = [tuple(s for s in getattr(split, role) if s not in lost) for role in ROLES]
        if not set(split.test) <= set(lost):
            unused = tuple(sorted({*split.unused, *lost}))
            try:
                kept.append(roles.Split(split.fold, *taken, unused))
            except MepsError as error:
                raise MepsError(f"subjects {', '.join(lost)} cannot be read: {error}") from None
    if not kept:
        raise MepsError(f"no fold tests anybody but {', '.join(lost)}, who cannot be read")
    return kept
