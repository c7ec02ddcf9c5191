"""What a run is worth, for people and papers: every score beside its interval and its floor.

::

    DIR/report/scores.csv      accuracy, UF1, UAR: of every part, of all who answered
    DIR/report/classes.csv     precision, recall and F1 of each class
    DIR/report/report.md       tables and pictures, with what a reader must know
    DIR/report/report.tex      the tables, for a paper
    DIR/report/confusion.png   of each variant; scores.png; both as .svg as well

Answers are those of each seed, of their mean, of the floor (the commonest class of the subjects not
tested), and of the ceiling where trials carry their truth. All are of the same trials, and have an
interval over subjects; that of a mean is over subjects and seeds.
"""

import os
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from meps_lab.experiments.finished import Run
from meps_lab.experiments.typeset import as_latex, as_markdown
from meps_lib.errors import MepsError
from meps_lib.files import write_whole
from meps_lib.plots import plot_confusion, plot_intervals, use_style
from meps_lib.protocol import bootstrap_interval, score
from meps_lib.protocol.metrics import by_set

LABELS = {"accuracy": "accuracy", "uf1": "UF1", "uar": "UAR"}
MEAN, FLOOR, CEILING = "mean of seeds", "floor (majority)", "ceiling (oracle features)"
_FEW = 20  # subjects, below whom intervals are clearly too short: see `bootstrap_interval`


def score_table(run: Run) -> pd.DataFrame:
    """Every score of a run, a row each.

    Returns
    -------
    DataFrame
        Columns variant, part ("all", and each data set of a composite), answers, score, value, low,
        high, n (clips), subjects. A data set of one subject has no interval, and so no row.
    """
    rows = []
    for part, whole in _parts(run).items():
        n, people = len(whole) // whole["seed"].nunique(), whole["subject"].nunique()
        by = {f"seed {seed}": (one, "prediction") for seed, one in whole.groupby("seed")}
        by |= {MEAN: (whole, "prediction")} if len(by) > 1 else {}
        by |= {FLOOR: (whole, "majority")}
        by |= {CEILING: (whole, "oracle")} if "oracle" in whole else {}
        for answers, (one, column) in by.items() if people > 1 else ():
            one = one.assign(model=one["seed"], prediction=one[column])
            for metric, found in bootstrap_interval(one, run.classes).iterrows():
                rows.append((run.name, part, answers, metric, *found, n, people))
    columns = ("variant", "part", "answers", "score", "value", "low", "high", "n", "subjects")
    return pd.DataFrame(rows, columns=columns)


def class_table(run: Run) -> pd.DataFrame:
    """Precision, recall and F1 of each class, for each seed and for their mean.

    What is undefined counts as 0, as in `score`. n is how many clips are of the class, predicted
    how many were called so.
    """
    tables = {}
    for seed, one in run.table.groupby("seed"):
        found = score(one["truth"], one["prediction"], run.classes)
        table = found.table().rename(columns={"trials": "n"})
        precision = found.confusion.diagonal() / np.maximum(table["predicted"], 1)
        tables[f"seed {seed}"] = table.assign(precision=precision)
    if len(tables) > 1:
        tables[MEAN] = sum(tables.values()) / len(tables)
    whole = pd.concat(tables, names=["answers"]).reset_index().astype({"n": int})
    columns = ["answers", "class", "n", "predicted", "precision", "recall", "f1"]
    return whole.assign(variant=run.name)[["variant", *columns]]


def write_report(folder: str | os.PathLike, runs: Sequence[Run], notes: Sequence[str] = ()) -> str:
    """Write ``DIR/report``, and return its Markdown.

    Parameters
    ----------
    folder : path
        DIR: of a run, or of a plan, of whose variants there is a table of all as well.
    runs : sequence of Run
        At least one; from `with_ceiling` where trials carry their truth.
    notes : sequence of str
        What else a reader must know.

    Raises
    ------
    MepsError
        If the folder cannot be written to.
    """
    use_style()
    scores = pd.concat(map(score_table, runs), ignore_index=True)
    classes = pd.concat(map(class_table, runs), ignore_index=True)
    figures = {"scores": _plot_scores(scores)}
    text, latex = [f"# Scores in {Path(folder).resolve().name}", *notes], [_PACKAGES]
    if len(runs) > 1:
        whole = _final(scores[scores["part"] == "all"])
        _tell({"All variants, with 95 % intervals.": _wide(whole)}, text, latex)
    text.append("![UF1 with its 95 % interval, between floor and ceiling](<scores.png>)")
    for run in runs:
        picture = f"confusion-{run.name}" if len(runs) > 1 else "confusion"
        counts = score(run.table["truth"], run.table["prediction"], run.classes).confusion
        figures[picture] = plot_confusion(counts, run.classes)
        text += [f"## {run.name}", *run.notes, *_warnings(run)]
        own = (table[table["variant"] == run.name] for table in (scores, classes))
        _tell(_tables(run, *own), text, latex)
        text.append(f"![Counts of all seeds: rows the truth, columns answers](<{picture}.png>)")
    files = {"report.md": "\n\n".join(text) + "\n", "report.tex": "\n\n".join(latex) + "\n"}
    files |= {"scores.csv": scores.to_csv(index=False), "classes.csv": classes.to_csv(index=False)}
    contents = {name: content.encode() for name, content in files.items()}
    for name, figure in figures.items():
        contents |= {f"{name}.{kind}": drawn(figure, kind) for kind in ("png", "svg")}
        plt.close(figure)
    out = Path(folder) / "report"
    if out.is_symlink():
        raise MepsError(f"{out} is a link, which is not followed; remove it")
    try:
        out.mkdir(exist_ok=True)
        for name, content in contents.items():
            write_whole(out / name, content)
    except OSError as error:
        raise MepsError(f"cannot write to {out}: {error.strerror}; make room there") from None
    return files["report.md"]


_PACKAGES = r"% In the preamble: \usepackage{booktabs}"


def drawn(figure: Figure, kind: str) -> bytes:
    """What a file of kind "png" or "svg" holds of a figure; the same bytes each time."""
    buffer = BytesIO()
    about = {"Date": None} if kind == "svg" else None
    figure.savefig(buffer, format=kind, dpi=150, metadata=about)
    return buffer.getvalue()


def _parts(run: Run) -> dict[str, pd.DataFrame]:
    """All, and each data set of a composite."""
    several = "data_set" in run.table and run.table["data_set"].nunique() > 1
    return by_set(run.table) if several else {"all": run.table}


def _warnings(run: Run) -> list[str]:
    """What is odd about a run's scores, in words."""
    told, people = [], run.table["subject"].nunique()
    if people < _FEW:
        told.append(f"Of {people} subjects only, the intervals are shorter than they should be.")
    for part, whole in _parts(run).items():
        where = "" if part == "all" else f" of {part}"
        if whole["subject"].nunique() < 2:
            told.append(f"One subject{where}: no interval over subjects, and so no score.")
        for name in run.classes:
            if name not in set(whole["truth"]):
                told.append(f"No clip{where} is {name} in truth: it counts as 0 in UF1 and UAR.")
            if part == "all" and name not in set(whole["prediction"]):
                told.append(f"No clip was called {name}: its precision, undefined, is given as 0.")
    return told


def _tables(run: Run, scores: pd.DataFrame, classes: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """A run's own tables as text, by caption."""
    over = "subjects and seeds" if run.table["seed"].nunique() > 1 else "subjects"
    last = classes["answers"].iloc[-1]
    final = classes[classes["answers"] == last].drop(columns=["variant", "answers"])
    counts, rates = ["n", "predicted"], ["precision", "recall", "f1"]
    final[counts] = final[counts].map("{:.4g}".format)
    final[rates] = final[rates].map("{:.3f}".format)
    return {
        f"{run.name}: pooled scores, with 95 % intervals over {over}.": _wide(scores),
        f"{run.name}: classes, {last}.": final.rename(columns={"f1": "F1"}),
    }


def _tell(tables: dict[str, pd.DataFrame], text: list[str], latex: list[str]) -> None:
    for caption, table in tables.items():
        text += [caption, as_markdown(table)]
        latex.append(as_latex(table, caption))


def _final(scores: pd.DataFrame) -> pd.DataFrame:
    """Without single seeds, where there is a mean of several."""
    averaged = scores["variant"].isin(scores.loc[scores["answers"] == MEAN, "variant"])
    return scores[~(averaged & scores["answers"].str.startswith("seed "))]


def _wide(scores: pd.DataFrame) -> pd.DataFrame:
    """Scores as text, a row for all three of whoever answered."""
    keys = [k for k in ("variant", "part") if scores[k].nunique() > 1] + ["answers"]
    rows = []
    for key, one in scores.groupby(keys, sort=False):
        first, row = one.iloc[0], dict(zip(keys, key, strict=True))
        for r in one.itertuples():
            row[LABELS[r.score]] = f"{r.value:.3f} [{r.low:.3f}, {r.high:.3f}]"
        rows.append(row | {"n": str(first["n"]), "subjects": str(first["subjects"])})
    return pd.DataFrame(rows)


def _plot_scores(scores: pd.DataFrame) -> Figure:
    """UF1 of each variant, an axis for each part."""
    uf1 = _final(scores[scores["score"] == "uf1"]).drop(columns="score")
    uf1 = uf1.rename(columns={"variant": "name", "part": "group", "value": "score"})
    edges = uf1.pivot(index=["name", "group"], columns="answers", values="score")
    rows = uf1[~uf1["answers"].isin([FLOOR, CEILING])].join(edges, on=["name", "group"])
    rows = rows.rename(columns={FLOOR: "floor", CEILING: "ceiling"})
    return plot_intervals(rows if rows["group"].nunique() > 1 else rows.drop(columns="group"))
