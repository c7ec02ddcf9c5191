"""The command `meps index`, and what it shares with `meps loso`: which data set, which rules."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from meps_lab.files import may_write
from meps_lib.errors import MepsError

Positional = tyro.conf.Positional
_Faces = Literal["casme3-a", "casme3-b", "casme3-c", "mmme", "casme2", "samm", "smic"]
KindName = Literal[_Faces, "megc2019", "flowmaps", "case", "wesad", "table"]


@dataclass
class Index:
    """Index a data set that you have: what is in it, what is odd, what was dropped and why.

    Annotation tables are opened, and names of files are read, so this is quick, and a partial copy
    is told what it lacks; CASE and WESAD say what was when in the recordings alone, so these are
    opened too. Rules say what becomes of rows with a known defect; a wrong
    --rules lists them. Clips of your own are a table: its columns stand on the book's page "Your
    own recording", and each row is checked against its video and its signals.

    Example: meps index casme2 /data/CASME2 --out casme2.parquet

    Example: meps index casme3-a /data/CASME3 --rules apex-before-onset=drop

    Example: meps index table clips.csv
    """

    kind: Positional[KindName]  # which data set
    root: Positional[Path]  # its folder; of a table the file
    labels: Path | None = None  # annotation table, if not where the data set has it
    out: Path | None = None  # a file for the table, such as index.parquet
    force: bool = False  # replace the file that --out names
    rules: tuple[str, ...] = ()  # RULE=drop, RULE=repair or RULE=keep, any number of them
    segment_s: float | None = None  # CASE, WESAD: cut conditions into clips of so many s; None: 60
    any_counts: bool = False  # index a whole set although its counts differ from the published
    sheet: str | None = None  # of the annotation table, where several could be it
    exceptions: tuple[Path, ...] = ()
    """Of CAS(ME)^3 Part A: the authors' lists of damaged pictures; clips are flagged."""

    def run(self) -> None:
        from meps_lab.datasets.index.build import build_index

        if self.out is not None:
            may_write("--out", self.out, (".parquet",), self.force)
        options = options_of(self, self.kind)
        found = build_index(self.kind, self.root, options)
        print(found.report())
        if self.out is not None:
            found.save(self.out)
            print(f"index: {self.out}")
        if found.class_sets:
            print("several experiments on it: meps run PLAN.toml (see its help); one:")
            print(f"next: {self._next(self._inputs(found) if self.kind == 'table' else ())}")

    def _inputs(self, found) -> tuple[str, ...]:
        """Of a table the options for what all its clips have."""
        from meps_lab.datasets.table_rows import signals_told

        names = signals_told(found.notes)
        everywhere = names and (found.table["ps"] != "").all()
        return ("--signals", *names) if everywhere else ("--modalities", "colour")

    def _next(self, more: tuple[str, ...] = ()) -> str:
        """The command that learns from the same clips."""
        words = ["meps", "loso", "--data", self.kind, "--root", str(self.root)]
        for name in ("labels", "rules", "segment_s", "any_counts", "sheet", "exceptions"):
            value = getattr(self, name)
            if value is None or value is False or value == ():
                continue
            words.append(f"--{name.replace('_', '-')}")
            several = value if isinstance(value, tuple) else () if value is True else (value,)
            words += [f"{v:g}" if isinstance(v, float) else str(v) for v in several]
        return shlex.join([*words, *more])


def options_of(command, kind: str):
    """What `meps index` and `meps loso` were told of how to index; refused if it cannot be read."""
    from meps_lab.datasets.index.build import IndexOptions

    return IndexOptions(
        labels=command.labels,
        rules=_rules_of(command.rules),
        segment_s=segment_of(kind, command.segment_s),
        any_counts=command.any_counts,
        sheet=command.sheet,
        exceptions=tuple(command.exceptions),
    )


def segment_of(kind: str | None, segment_s: float | None) -> float:
    """Length (s) of the clips into which a kind's conditions are cut; refused where none are."""
    if segment_s is not None and kind not in ("case", "wesad"):
        raise MepsError("--segment-s goes with case or wesad")
    return 60.0 if segment_s is None else segment_s


def _rules_of(texts: tuple[str, ...]) -> dict[str, str]:
    """What ``--rules name=action ...`` means; each name once."""
    out: dict[str, str] = {}
    for text in texts:
        name, equals, action = text.partition("=")
        if not (name and equals and action):
            raise MepsError(f"--rules {text}: expected RULE=ACTION, such as overlong=drop")
        if name in out:
            raise MepsError(f"--rules: {name} is given twice")
        out[name] = action
    return out
