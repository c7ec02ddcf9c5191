"""What becomes of rows with a known defect: each by a named rule, with a switch.

A rule finds rows and either drops them, repairs them in one stated way, or keeps them as
they are. Whatever it does, the row is flagged or listed as dropped: nothing is silent.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from meps_lib.errors import MepsError

ACTIONS = ("drop", "repair", "keep")
DROPPED = ["subject", "clip", "row", "rule", "why"]  # columns of what is told of a dropped row


@dataclass(frozen=True)
class Rule:
    """One defect, and what may be done about it."""

    name: str  # what the switch calls it, e.g. "apex-before-onset"
    what: str  # the defect in words, e.g. "the apex lies before the onset"
    when: Callable[[pd.DataFrame], pd.Series]  # which rows of a table have it
    default: str  # one of `ACTIONS`
    repair: Callable[[pd.DataFrame], pd.DataFrame] | None = None  # gives the rows back, mended
    repaired: str = ""  # what the repair does, in words, e.g. "the apex is forgotten"
    keeps: bool = False  # whether "keep" leaves rows that can be loaded

    @property
    def actions(self) -> tuple[str, ...]:
        """What the switch may be set to."""
        can = {"drop": True, "repair": self.repair is not None, "keep": self.keeps}
        return tuple(a for a in ACTIONS if can[a])


def apply_rules(
    table: pd.DataFrame, rules: Sequence[Rule], chosen: Mapping[str, str] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Apply rules in their order.

    Parameters
    ----------
    table : DataFrame
        As `meps_lab.datasets.index.build.frame_of` makes it.
    rules : sequence of Rule
    chosen : mapping, optional
        Rule name -> action, where the default is not wanted.

    Returns
    -------
    table : DataFrame
        What is kept, with flags.
    dropped : DataFrame
        Columns as `DROPPED`.

    Raises
    ------
    MepsError
        If a rule or an action is unknown; the message lists those that exist.
    """
    chosen = dict(chosen or {})
    known = {rule.name: rule for rule in rules}
    for name, action in chosen.items():
        if name not in known:
            have = ", ".join(known) or "none"
            raise MepsError(f"unknown rule {name!r}; this data set has: {have}")
        if action not in known[name].actions:
            raise MepsError(
                f"rule {name}={action!r}; expected one of {', '.join(known[name].actions)}"
            )
    table, gone = table.copy(), []
    for rule in rules:
        hit = rule.when(table).fillna(False).astype(bool)
        if not hit.any():
            continue
        action = chosen.get(rule.name, rule.default)
        if action == "drop":
            gone.append(table[hit].assign(rule=rule.name, why=rule.what)[DROPPED])
            table = table[~hit]
            continue
        text = rule.what
        if action == "repair":
            table.loc[hit] = rule.repair(table[hit].copy())
            text = f"{rule.what}: {rule.repaired}"
        table.loc[hit, "flags"] = [_with_flag(old, text) for old in table.loc[hit, "flags"]]
    dropped = pd.concat(gone, ignore_index=True) if gone else pd.DataFrame(columns=DROPPED)
    return table.reset_index(drop=True), dropped


def _with_flag(flags: str, more: str) -> str:
    # A loader may have said it already: what the index has no column for, a rule reads there.
    if more in flags.split("; "):
        return flags
    return f"{flags}; {more}" if flags else more


def forget(*columns: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """A repair that sets numbers to missing, since nobody can know the right ones."""

    def repair(rows: pd.DataFrame) -> pd.DataFrame:
        for column in columns:
            rows[column] = pd.NA
        return rows

    return repair


def less(a: str, b: str) -> Callable[[pd.DataFrame], pd.Series]:
    """Rows where column `a` is known to be smaller than column `b`."""
    return lambda table: (table[a] < table[b]).fillna(False)


# Shared by the sets whose tables have it.
APEX_BEFORE_ONSET = Rule(
    "apex-before-onset",
    "the apex lies before the onset",
    less("apex", "onset"),
    "repair",
    forget("apex"),
    "the apex is forgotten, as nobody can tell which of the two is wrong",
)
ONSET_IS_APEX = Rule(
    "onset-is-apex",
    "onset and apex are the same frame",
    lambda table: table["onset"] == table["apex"],  # a map between the two would show nothing
    "keep",
    forget("apex"),
    "the apex is forgotten",
    keeps=True,
)
