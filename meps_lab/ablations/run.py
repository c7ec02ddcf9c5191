"""Run a question: a plan a position, each on cohorts and strangers of its own scenario."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

from meps_lab import simulate
from meps_lab.ablations.question import Ablation
from meps_lab.datasets.cache.disk import source_digest
from meps_lab.experiments.pools import Here
from meps_lab.experiments.runner import run_plan
from meps_lab.experiments.status import plan_status
from meps_lab.experiments.tables import check_table
from meps_lab.simulate import CohortsDataset, ceiling, simulate_strangers
from meps_lib.errors import MepsError
from meps_lib.files import write_whole

CEILING = "ceiling.json"
_PLANS = Path(__file__).parents[2] / "plans"


def find_ablation(name: str | os.PathLike) -> Path:
    """The file of a question: a path, or the name of one that comes with the source.

    Raises
    ------
    MepsError
        If there is neither; the message says which there are.
    """
    path, known = Path(name), sorted(_PLANS.glob("ablation_*.toml"))
    if path.is_file():
        return path
    for one in known:
        if str(name) in (one.stem, one.stem.removeprefix("ablation_")):
            return one
    names = ", ".join(p.stem.removeprefix("ablation_") for p in known) or "none: it is not here"
    raise MepsError(f"{name}: no file, and no question of the source's plans/; there are {names}")


def open_cohorts(
    table: Mapping[str, Any], cache: str | os.PathLike | None = None
) -> CohortsDataset:
    """The simulated cohorts and strangers that a plan's ``data.simulate`` asks for.

    Raises
    ------
    MepsError
        As `check_table` and `simulate_strangers` say.
    """
    fields = get_type_hints(simulate_strangers) | {"classes": str, "dials": dict, "asked": dict}
    del fields["return"], fields["cache"]
    check_table(table, fields, "data.simulate")
    given = dict(table)
    for name in ("dials", "asked"):  # lists of TOML are tuples of a scenario
        given[name] = {k: _tuple(v) for k, v in given.get(name, {}).items()}
    data = simulate_strangers(**given, cache=cache)
    # What is prepared anew is not compared with what other variants have read: another simulator
    # would make other pairs.
    made = {"simulator": source_digest([Path(simulate.__file__).parent])}
    data.note, data.origin = "simulated cohorts and strangers", dict(table) | made
    return data


def run_ablation(
    ablation: Ablation,
    out: str | os.PathLike,
    pool: Here | None = None,
    progress: bool = True,
    cache: str | os.PathLike | None = None,
    accept_changed_code: bool = False,
    retry: bool = False,
) -> None:
    """Run every position; what is done is skipped, as in any plan.

    Parameters
    ----------
    ablation : Ablation
    out : path
        A folder; each position is a plan's folder in it.
    pool, progress, accept_changed_code, retry
        As for `run_plan`.
    cache : path, optional
        A folder that keeps the rendered clips, for positions of one scenario: some 300 kB a clip.

    Raises
    ------
    MepsError
        As `run_plan` says, naming the position.
    """
    for folder, plan in ablation.plans.items():
        try:
            data = open_cohorts(plan.data["simulate"], cache)
            how = {"progress": progress, "accept_changed_code": accept_changed_code}
            run_plan(data, plan.variants, Path(out) / folder, pool, retry, **how)
            for state in plan_status(Path(out) / folder):
                if state.failed:
                    told = " ".join(str(state).split())
                    raise MepsError(f"{told}; once its cause is gone, give --retry")
            path = Path(out) / folder / CEILING
            if not path.exists():
                best = ceiling(data.parts["strangers"], seeds=(0, 1, 2))["uf1"]
                write_whole(path, (json.dumps(best.to_dict()) + "\n").encode())
        except MepsError as error:
            raise MepsError(f"{ablation.name}, {folder}: {error}") from None


def _tuple(value: Any) -> Any:
    return tuple(map(_tuple, value)) if isinstance(value, list) else value
