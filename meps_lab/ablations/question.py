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

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from meps_lab.experiments.plans import NAME, Plan, plan_of, read_tables
from meps_lab.experiments.tables import check_table, merged
from meps_lib.arguments import one_of
from meps_lib.errors import MepsError

_FIELDS = {"question": str, "main": tuple[str, str], "ceiling": str, "dials": dict}
_DIAL = {"label": str, "path": str, "values": list, "names": tuple[str, ...], "usual": float | str}
_PARTS = ("face", "body", "both")
_DESIGN = ("cross-data-set", "strangers", None)
_WORD = re.compile(r"\w([\w -]{0,38}\w)?")  # a dial's name, before the = of a folder's
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
        """The ends of one dial, the first by default, with two cohorts and twenty strangers.

        Where the dial turns one of these two numbers, its own stay.
        """
        dials = {one.name: one for one in self.dials}
        one_of("dial", dial or self.dials[0].name, tuple(dials))
        first = dials[dial or self.dials[0].name]
        ends = {
            name: first.points[name] for name in (list(first.points)[0], list(first.points)[-1])
        }
        sides = [self.plans[folder].data["simulate"] for folder in ends.values()]
        few = {name: n for name, n in _FAST.items() if sides[0].get(name) == sides[-1].get(name)}
        plans = {
            folder: replace(plan, data=merged(plan.data, {"simulate": few}))
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
        about = base.pop("ablation", {})
        check_table(about, _FIELDS, "ablation")
        for name in _FIELDS:
            if name not in about:
                raise MepsError(f"ablation.{name} is missing; expected {', '.join(_FIELDS)}")
        one_of("ablation.ceiling", about["ceiling"], _PARTS)
        if not about["dials"]:
            raise MepsError("ablation.dials has no table; expected one dial or more")
        _simulated_alone(base)
        if len(set(about["main"])) < 2:
            raise MepsError(f"ablation.main = {about['main']}; expected two different variants")
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
        try:
            _can_answer(plan, about["main"])
        except MepsError as error:
            raise MepsError(f"{path}, {folder}: {error}") from None
    return Ablation(path.stem, about["question"], main, about["ceiling"], tuple(dials), plans)


def _simulated_alone(tables: Mapping[str, Any]) -> None:
    data = tables.get("data")
    if not isinstance(data, dict) or set(data) != {"simulate"}:
        raise MepsError("data: expected the table simulate alone: cohorts and strangers")


def _can_answer(plan: Plan, main: Sequence[str]) -> None:
    """Refuse a plan whose variants are no pairs, or whose intervals would not be over cohorts."""
    cohorts = plan.data["simulate"].get("cohorts", 2)
    if isinstance(cohorts, int) and cohorts < 2:  # another type is refused where it is opened
        raise MepsError(f"data.simulate.cohorts = {cohorts}; expected two or more to draw from")
    for variant in main:
        if variant not in plan.variants:
            raise MepsError(
                f"ablation.main names {variant!r}; the variants are {', '.join(plan.variants)}"
            )
    shared = {(c.seeds, c.n_validation) for c in plan.variants.values()}
    if len(shared) > 1 or len(next(iter(shared))[0]) != 1:
        raise MepsError(
            "seeds and n_validation: expected one seed, and both the same for all variants, which "
            "are compared in pairs; more luck comes from more cohorts"
        )
    for variant, config in plan.variants.items():
        found = (config.protocol, config.test_on, config.train_on)
        if found != _DESIGN:
            raise MepsError(
                f"{variant}: protocol, test_on, train_on = {found}; expected {_DESIGN}: each "
                "cohort teaches in turn, and the strangers are asked"
            )


def _dial(name: str, table: Any, base: Mapping, positions: dict[str, Mapping]) -> Dial:
    """A dial; what its positions make of the plan goes into `positions`, each plan once."""
    where = f"ablation.dials.{name}"
    if not _WORD.fullmatch(name):
        raise MepsError(f"{where}: expected up to 40 letters, digits, blanks, - and _ as a name")
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
        _simulated_alone(turned)
        points[called] = same or _folder(f"{name}={called}", where, positions)
        positions.setdefault(points[called], turned)
    return Dial(name, table["label"], points, None if usual is None else _called(usual))


def _folder(name: str, where: str, taken: Iterable[str]) -> str:
    """A position's folder, if any system can have it beside the others."""
    if not NAME.fullmatch(name) or name.casefold() in {one.casefold() for one in taken}:
        raise MepsError(
            f"{where}: {name!r} names a folder: up to 80 letters, digits and .,=+- with no dot or "
            "blank at the end, and no other position's, capitals aside; give names"
        )
    return name


def _called(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _at(path: str, value: Any) -> dict[str, Any]:
    """A table with a value at a path of names between dots."""
    for name in reversed(path.split(".")):
        value = {name: value}
    return value
