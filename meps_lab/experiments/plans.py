"""A plan: one small TOML file that says which experiments answer a question.

::

    [study]                         # optional: what is asked, kept beside the results
    question = "Does mixing help?"
    [data]                          # what they learn from; the command reads it, see `meps run`
    simulate = { subjects = 6 }
    [experiment]                    # fields of `ExperimentConfig` that all share
    modalities = ["ps"]
    seeds = [0, 1]
    [experiment.train]
    epochs = 5
    [variants.separable]            # what a variant changes: nothing, so this is [experiment]
    [variants.mixed.model_args]
    ps_blocks = [0, 3]
    [grid]                          # optional: every variant with each of these
    "model_args.dim" = [16, 32]     # "separable, dim=16" and so on

How many processes work on it is said to the command, and never to a plan.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations, product
from math import prod
from pathlib import Path
from typing import Any, Literal, get_type_hints

from meps_lab.experiments.config import OF_DATA, ExperimentConfig, recipe
from meps_lab.experiments.own_model import is_own
from meps_lab.experiments.tables import check_table, merged
from meps_lab.prepare import PrepareConfig
from meps_lib.arguments import one_of
from meps_lib.errors import MepsError
from meps_lib.models import MODELS
from meps_lib.training import TrainConfig

_PARTS = {"prepare": PrepareConfig, "train": TrainConfig}
_TOP = ("data", "experiment", "variants", "grid", "study")
# What is asked and how it is judged, fixed before a score is seen; it changes no prediction.
_STUDY = {
    "question": str,
    "compare": tuple[str, str],  # two variants, the first minus the second
    "metric": Literal["uf1", "uar", "accuracy"],
    "smallest_difference": float,  # that would matter
    "settled": str,  # when it counts as answered
}
_MOST = 10_000  # variants of a plan; each has a folder
# Of a variant, and so of a folder: on any system, and not that of what `meps report` writes.
NAME = re.compile(r"(?!(report|plan\.json)$)\w([\w .,=+-]{0,78}[\w=+-])?", re.IGNORECASE)


@dataclass(frozen=True)
class Plan:
    """What a plan's file says: its data as they stand there, and a config a variant."""

    path: Path
    data: Mapping[str, Any]
    variants: Mapping[str, ExperimentConfig]
    study: Mapping[str, Any] = field(default_factory=dict)


def read_plan(path: str | os.PathLike) -> Plan:
    """Read a plan, and expand its grid.

    Raises
    ------
    MepsError
        If the file cannot be read, a setting is unknown or out of range, or a variant changes
        nothing or is the same as another; the message names the place.
    """
    path = Path(path)
    return plan_of(read_tables(path), path)


def read_tables(path: Path) -> dict[str, Any]:
    """What a TOML file says.

    Raises
    ------
    MepsError
        If it cannot be read, or is none.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise MepsError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:  # TOML, encoding too
        raise MepsError(f"{path} is no TOML: {error}") from None


def plan_of(tables: Mapping[str, Any], path: Path) -> Plan:
    """The plan of such tables, as `read_plan` gives it; `path` is what a message names."""
    try:
        if "ablation" in tables:
            raise MepsError("a question with dials, which 'meps ablate' runs")
        check_table(tables, dict.fromkeys(_TOP, dict), "")
        check_table(study := tables.get("study", {}), _STUDY, "study")
        for name in ("data", "experiment", "variants"):
            if name not in tables:
                raise MepsError(f"[{name}] is missing; expected the tables {', '.join(_TOP[:3])}")
        shared = _check(tables["experiment"], "experiment", {})
        variants, points = {}, _points(tables.get("grid", {}), len(tables["variants"]))
        for name, changes in tables["variants"].items():
            where = f"variants.{name}"
            table = _check(changes, where, shared)
            if changes and _same(shared, table):
                raise MepsError(
                    f"{where} changes nothing; leave its table empty for [experiment] as it is"
                )
            for more, point in points:
                if not NAME.fullmatch(name + more):
                    raise MepsError(
                        f"{where}{more}: a variant names a folder: up to 80 letters, digits and "
                        ".,=+- with no dot or blank at the end, and not report or plan.json"
                    )
                config = _config(_check(point, "grid", table), where)
                for other, known in variants.items():
                    if config == known or other.casefold() == (name + more).casefold():
                        raise MepsError(f"{where}{more}: the same as {other}; take one out")
                variants[name + more] = config
        for name in study.get("compare", ()):
            one_of("study.compare", name, tuple(variants))
        if not 0 < study.get("smallest_difference", 1) <= 1:
            raise MepsError(
                f"study.smallest_difference = {study['smallest_difference']!r}; expected a score's "
                "difference, above 0 and at most 1"
            )
    except MepsError as error:
        raise MepsError(f"{path}: {error}") from None
    if not variants:
        raise MepsError(f"{path}: no variants; expected at least one table [variants.NAME]")
    return Plan(path, tables["data"], variants, study)


def _check(table: Mapping[str, Any], where: str, below: Mapping[str, Any]) -> dict[str, Any]:
    """A table of settings over another, if each is one of an experiment or of its model."""
    whole = merged(below, table) if isinstance(table, dict) else below
    fields = get_type_hints(ExperimentConfig) | {k: get_type_hints(c) for k, c in _PARTS.items()}
    del fields["n_jobs"], fields["stacked"]  # of a command, and of a run in one go
    model = whole.get("model", ExperimentConfig.model)
    if not (isinstance(model, str) and is_own(model)):
        one_of(f"{where}.model", model, tuple(MODELS))
        of_model = get_type_hints(MODELS[model][1])
        fields["model_args"] = {k: v for k, v in of_model.items() if k not in OF_DATA}
    check_table(table, fields, where)
    return whole


def _points(grid: Mapping[str, Any], n_variants: int) -> list[tuple[str, dict[str, Any]]]:
    """Each point of a grid: what it adds to a variant's name, and what it sets."""
    axes, points = list(_axes(grid)), []
    for (one, _), (other, _) in combinations(axes, 2):
        if all(a == b for a, b in zip(one, other, strict=False)):
            places = " and ".join(".".join(("grid", *path)) for path in (one, other))
            raise MepsError(f"{places} set the same; take one of them out")
    if (n := n_variants * prod(len(values) for _, values in axes)) > _MOST:
        raise MepsError(
            f"grid: it makes {n:,} variants; expected {_MOST:,} at most: take values out"
        )
    for values in product(*(values for _, values in axes)):
        name, table = "", {}
        for (path, _), value in zip(axes, values, strict=True):
            name += f", {path[-1]}={_word(value)}"
            for key in reversed(path):
                value = {key: value}
            table = merged(table, value)
        points.append((name, table))
    return points


def _axes(grid: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple]:
    for key, values in grid.items():
        path = (*above, *key.split("."))
        if isinstance(values, dict):
            yield from _axes(values, path)
        elif isinstance(values, list) and values:
            yield path, values
        else:
            raise MepsError(f"grid.{'.'.join(path)} = {values!r}; expected a list of values")


def _word(value: Any) -> str:
    if isinstance(value, list):
        return "+".join(map(_word, value))
    return re.sub(r"[^\w.,=+-]", "-", str(value))


def _config(table: Mapping[str, Any], where: str) -> ExperimentConfig:
    try:
        given = _as_tuples(table)
        model = given.get("model", ExperimentConfig.model)
        parts = {
            "prepare": PrepareConfig(**given.get("prepare", {})),
            "train": recipe(model, **given.get("train", {})),
        }
        config = ExperimentConfig(**given | parts)
        for name, effect in (
            ("n_folds", config.protocol == "grouped-kfold"),
            ("n_validation", config.protocol != "file"),
        ):
            if name in given and not effect:
                raise MepsError(f"{name} is without effect in the protocol {config.protocol}")
        return config
    except MepsError as error:
        raise MepsError(f"{where}: {error}") from None


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two tables are one experiment; what is none by itself is not another."""
    try:
        return _config(one, "") == _config(other, "")
    except MepsError:
        return one == other


def _as_tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _as_tuples(v) for k, v in value.items()}
    return tuple(map(_as_tuples, value)) if isinstance(value, list) else value
