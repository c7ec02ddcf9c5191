"""Two finished runs on the same trials: which reads more, and whether that is settled."""

from collections.abc import Iterator

import pandas as pd
from matplotlib.figure import Figure

from meps_lab.experiments.finished import Run
from meps_lab.experiments.report import LABELS
from meps_lib.arguments import one_of
from meps_lib.errors import MepsError
from meps_lib.plots import plot_intervals, use_style
from meps_lib.protocol import PairedComparison, paired_comparison

_SETTLED = 0.05  # CHOICE: p below it, and a 95 % interval that leaves out 0


def compare_runs(a: Run, b: Run) -> PairedComparison:
    """Scores of `b` minus those of `a`, by whole subjects.

    Raises
    ------
    MepsError
        If they cannot be paired, naming what the two do not share: classes, number of seeds,
        the simulated cohort, subjects, clips or their truths.
    """
    for why in _unpaired(a, b):
        raise MepsError(f"{a.name} and {b.name} cannot be paired: {why}")
    second, first = (run.table.assign(model=run.table["seed"]) for run in (a, b))
    return paired_comparison(first, second, a.classes)


def _unpaired(a: Run, b: Run) -> Iterator[str]:
    """Why two runs cannot be compared, the plainest reason first."""
    if set(a.classes) != set(b.classes):
        yield f"other classes, {', '.join(a.classes)} and {', '.join(b.classes)}"
    seeds = [run.table["seed"].nunique() for run in (a, b)]
    if seeds[0] != seeds[1]:
        yield f"{seeds[0]} and {seeds[1]} seeds; run as many of both"
    origins = [run.record.get("origin") or {} for run in (a, b)]
    dials = {dial: [origin.get(dial) for origin in origins] for dial in ("scenario", "seed")}
    for dial, (one, other) in dials.items():
        if None not in (one, other) and one != other:
            yield f"simulated with {dial} {one} and {other}: clips of one name are not the same"
    keys = ["subject", "clip"]
    ones, others = (r.table.drop_duplicates(keys).set_index(keys)["truth"] for r in (a, b))
    for what, of in (("subjects", lambda t: t.index.unique(0)), ("clips", lambda t: t.index)):
        for run, own, those in ((a, ones, others), (b, others, ones)):
            if len(alone := of(own).difference(of(those))):
                yield f"other {what}, such as {alone[0]!r}, in {run.name} only ({len(alone)} such)"
    both = pd.concat([ones, others], axis=1, keys=["a", "b"])
    odd = both[both["a"] != both["b"]]
    for clip, (one, other) in odd.head(1).iterrows():
        yield f"other truths, such as of {clip!r}, {one!r} and {other!r} ({len(odd)} such)"


def sentence(a: str, b: str, found: PairedComparison, metric: str = "uf1") -> str:
    """A comparison in words, for one score that was chosen beforehand.

    Settled is what the test finds with p < .05 while 0 is outside the 95 % interval.

    Examples
    --------
    >>> row = {"first": 0.6, "second": 0.57, "difference": 0.03, "low": -0.01, "high": 0.07}
    >>> scores = pd.DataFrame([row | {"p": 0.12}], index=["uf1"])
    >>> print(sentence("A", "B", PairedComparison(scores, 26, 19, False)))
    B reads more UF1 than A (+.030 [-.010, .070], p = .120, 26 subjects): not settled
    """
    one_of("metric", metric, tuple(LABELS))
    row = found.scores.loc[metric]
    effect, low, high = row["difference"], row["low"], row["high"]
    than = f"more {LABELS[metric]} than" if effect > 0 else f"less {LABELS[metric]} than"
    if abs(effect) < 0.0005:
        than = f"as much {LABELS[metric]} as"
    p = "p < .001" if row["p"] < 0.001 else f"p = {_plain(row['p'])}"
    ends = f"{_plain(effect, '+')} [{_plain(low)}, {_plain(high)}]"
    settled = row["p"] < _SETTLED and not low <= 0 <= high
    said = f"{b} reads {than} {a} ({ends}, {p}, {found.n_subjects} subjects)"
    said += ": settled" if settled else ": not settled"
    if found.smallest_p >= _SETTLED:
        said += (
            f"; nor can it be: the two differ on {found.n_differ} of {found.n_subjects} subjects, "
            f"and with so few p is never below {_plain(found.smallest_p)}"
        )
    return said


def plot_comparison(found: PairedComparison) -> Figure:
    """The differences of all scores with their intervals, beside 0."""
    use_style()
    rows = found.scores.rename(index=LABELS).rename_axis("name").reset_index()
    rows = rows[["name", "difference", "low", "high"]].rename(columns={"difference": "score"})
    return plot_intervals(rows, "difference", difference=True)


def _plain(x: float, sign: str = "") -> str:
    """Three decimals without the 0 before the point."""
    return f"{round(x, 3) + 0.0:{sign}.3f}".replace("0.", ".", 1)
