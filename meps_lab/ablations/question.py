"""A question: one TOML file, a plan with dials that are turned one at a time.

::

    [ablation]
    question = "Do all frames beat the apex alone?"
    main = ["all frames", "apex alone"]    # two variants: the first minus the second
    ceiling = "face"                       # or body, or both: what the variants can know
    [ablation.dials.noise]
    label = "noise of a pixel (picture range 0 to 1)"
    path = "data.simulate.dials.frame_noise"
    values = [0.0, 0.01, 0.05]
    usual = 0.01                           # optional: where recordings are
    [data.simulate]                        # as `meps_lab.simulate.simulate_strangers` takes it
    cohorts = 8
    ...                                    # the rest is a plan's: see `meps_lab.experiments.plans`

A value may be a table that is laid over the one at the dial's path; `names` then says what each is
called.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from meps_lab.experiments.plans import Plan, plan_of, read_tables
from meps_lab.experiments.tables import check_table, merged
from meps_lib.arguments import one_of
from meps_lib.errors import MepsError

_FIELDS = {"question": str, "main": tuple[str, str], "ceiling": str, "dials": dict}
_DIAL = {"label": str, "path": str, "values": list, "names": tuple[str, ...], "usual": float | str}
_PARTS = ("face", "body", "both")
_FAST = {"cohorts": 2, "strangers": 20}
HERE = "as it is"  # the position that no dial has turned


@dataclass(frozen=True)
class Dial:
    """What is turned, and where to."""

    name: str
    label: str  # of an axis
    points: Mapping[str, str]  # from what a position is called to its folder
    usual: str | None = None  # the position where recordings are


@dataclass(frozen=True)
class Ablation:
    """A question, and a plan for each position of its dials."""

    name: str
    question: str
    main: tuple[str, str]  # the difference that answers: the first variant minus the second
    ceiling: Literal["face", "body", "both"]
    dials: tuple[Dial, ...]
    plans: Mapping[str, Plan]  # by the position's folder; none of a kept question

    @property
    def variants(self) -> tuple[str, ...]:
        """Names of what is compared."""
        return tuple(next(iter(self.plans.values())).variants)

    def fast(self, dial: str | None = None) -> "Ablation":
        """The ends of one dial, the first by default, with two cohorts and twenty strangers."""
        dials = {one.name: one for one in self.dials}
        one_of("dial", dial or self.dials[0].name, tuple(dials))
        first = dials[dial or self.dials[0].name]
        ends = {
            name: first.points[name] for name in (list(first.points)[0], list(first.points)[-1])
        }
        plans = {
            folder: replace(plan, data=merged(plan.data, {"simulate": _FAST}))
            for folder, plan in self.plans.items()
            if folder in ends.values()
        }
        usual = first.usual if first.usual in ends else None
        return replace(self, dials=(replace(first, points=ends, usual=usual),), plans=plans)


def read_ablation(path: str | Path) -> Ablation:
    """Read a question.

    Raises
    ------
    MepsError
        If the file cannot be read, or a setting is unknown, of the wrong type or out of range;
        the message names the file and the place.
    """
    path = Path(path)
    return ablation_of(read_tables(path), path)


def ablation_of(tables: Mapping[str, Any], path: Path, to_run: bool = True) -> Ablation:
    """The question of such tables, as `read_ablation` gives it; `path` is what a message names.

    One that is not to be run has no plans: what they name, such as a file with a model, need not
    be here.
    """
    base = dict(tables)
    try:
        about = dict(base.pop("ablation", {}))
        check_table(about, _FIELDS, "ablation")
        for name in _FIELDS:
            if name not in about:
                raise MepsError(f"ablation.{name} is missing; expected {', '.join(_FIELDS)}")
        one_of("ablation.ceiling", about["ceiling"], _PARTS)
        if not about["dials"]:
            raise MepsError("ablation.dials has no table; expected one dial or more")
        if set(base.get("data", {})) != {"simulate"}:
            raise MepsError("data: expected the table simulate alone: cohorts and strangers")
        positions, dials = {HERE: base}, []
        for name, table in about["dials"].items():
            dials.append(_dial(name, table, base, positions))
    except MepsError as error:
        raise MepsError(f"{path}: {error}") from None
    main = tuple(about["main"])
    if not to_run:
        return Ablation(path.stem, about["question"], main, about["ceiling"], tuple(dials), {})
    plans = {folder: plan_of(turned, path) for folder, turned in positions.items()}
    if not any(HERE in dial.points.values() for dial in dials):
        del plans[HERE]
    for folder, plan in plans.items():
        for variant in about["main"]:
            if variant not in plan.variants:
                raise MepsError(
                    f"{path}: ablation.main names {variant!r}; at {folder} the variants are "
                    f"{', '.join(plan.variants)}"
                )
    return Ablation(path.stem, about["question"], main, about["ceiling"], tuple(dials), plans)


def _dial(name: str, table: Any, base: Mapping, positions: dict[str, Mapping]) -> Dial:
    """A dial; what its positions make of the plan goes into `positions`, each plan once."""
    where = f"ablation.dials.{name}"
    check_table(table, _DIAL, where)
    for field in ("label", "path", "values"):
        if not table.get(field):
            raise MepsError(f"{where}.{field} is missing or empty")
    values = table["values"]
    names = table.get("names", [_called(value) for value in values])
    if len(names) != len(values) or len(set(names)) < len(names):
        raise MepsError(f"{where}.names = {names}; expected one for each value, all different")
    usual = table.get("usual")
    if usual is not None and _called(usual) not in names:
        raise MepsError(f"{where}.usual = {usual!r}; expected one of {', '.join(names)}")
    points = {}
    for called, value in zip(names, values, strict=True):
        turned = merged(base, _at(table["path"], value))
        same = next((folder for folder, other in positions.items() if other == turned), None)
        points[called] = same or f"{name}={called}"
        positions.setdefault(points[called], turned)
    return Dial(name, table["label"], points, None if usual is None else _called(usual))


def _called(value: Any) -> str:
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def _at(path: str, value: Any) -> dict[str, Any]:
    """A table with a value at a path of names between dots."""
    for name in reversed(path.split(".")):
        value = {name: value}
    return value
