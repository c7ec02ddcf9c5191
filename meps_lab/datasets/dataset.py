"""An index and a folder as a data set: ``classes``, ``index`` and ``[k] -> Trial``."""

from dataclasses import asdict, replace
from pathlib import Path

import pandas as pd
from torch.utils.data import Dataset

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.index.build import Indexed, IndexOptions, build_index
from meps_lab.datasets.index.kinds import kind_of
from meps_lib.errors import MepsError
from meps_lib.trial import Trial


class IndexedDataset(Dataset):
    """The clips of an index that have a class and what was asked for.

    Parameters
    ----------
    indexed : Indexed
        From `build_index` or `read_index`.
    class_set : str, optional
        One of ``indexed.class_sets``; the data set's own default if None.
    config : LoadConfig, optional
        A modality that no clip of the data set has is an error; a clip that lacks one of them
        is left out.

    Attributes
    ----------
    classes : tuple of str
    index : DataFrame
        subject, clip, label, emotion, data_set: one row a trial.
    excluded : DataFrame
        clip, data_set and why: what the index has and this data set leaves out.
    asked : dict
        How many clips have a class, with those that lack what was asked for: "all", and each set.
    note : str
        What the data is, in one line.
    origin : dict
        How it was opened, and how many clips were left out or dropped for which reason, for the
        ``config.json`` of a run.

    Raises
    ------
    MepsError
        If the set has no labels, the class set is unknown, or nothing is left.
    """

    def __init__(
        self, indexed: Indexed, class_set: str | None = None, config: LoadConfig | None = None
    ):
        self.kind, self.root = kind_of(indexed.kind), indexed.root
        self.config = config or LoadConfig()
        sets = indexed.class_sets
        if not sets or self.kind.load is None:
            raise MepsError(f"{indexed.title} has no labels: it can be indexed, not learnt from")
        name = class_set or next(iter(sets))
        if name not in sets:
            raise MepsError(f"{indexed.title} has no classes {name!r}; it has {', '.join(sets)}")
        self.class_set, self.classes = name, sets[name]
        never = [m for m in self.config.modalities if m not in self.kind.modalities]
        if never:
            raise MepsError(
                f"{indexed.title} has no {', '.join(never)}; it has "
                f"{', '.join(self.kind.modalities)}: ask for those with --modalities"
            )
        why = self._reasons(indexed.table, name)
        self.excluded = indexed.table[["clip", "data_set"]].assign(why=why)[why != ""]
        self.table = indexed.table[why == ""].reset_index(drop=True)
        if len(self.table) == 0:
            reasons = ", ".join(f"{n} {w}" for w, n in why.value_counts().items())
            raise MepsError(f"{indexed.root}: no clip to learn from: {reasons}")
        # Of one type, so that a row is taken out in a fifth of the time.
        self._rows = self.table.astype(object)
        keep = self.table[["subject", "clip", "emotion", "data_set"]]
        self.index = keep.assign(label=self.table[f"class_{name}"].astype(str))
        lacking = self.excluded.loc[self.excluded["why"].str.startswith("without "), "data_set"]
        sets = pd.concat([self.index["data_set"], lacking]).value_counts(sort=False)
        self.asked = {"all": int(sets.sum()), **{str(k): int(n) for k, n in sets.items()}}
        self.note = f"{_origin(self.root)}{indexed.title}, classes {name}"
        gone = pd.concat([self.excluded["why"], indexed.dropped["why"]]).value_counts(sort=False)
        self.origin = {
            "kind": indexed.kind,
            "root": str(self.root),
            "class_set": name,
            "load": asdict(self.config),
            "left_out": {str(why): int(n) for why, n in gone.items()},
        }

    def _reasons(self, table: pd.DataFrame, name: str) -> pd.Series:
        """Why a clip is left out; "" for those that stay."""
        why = pd.Series("", index=table.index)
        why[table[f"class_{name}"].isna()] = f"outside the classes {name}"
        for modality in self.config.modalities:
            # Flow is computed from colour where no ready-made map is given.
            there = table[modality] != ""
            if modality == "flow":
                there |= table["colour"] != ""
            why[(why == "") & ~there] = f"without {modality}"
        return why

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, k: int) -> Trial:
        row = self._rows.iloc[k]
        trial = self.kind.load(self.root, row, self.config)
        return replace(trial, label=self.index["label"].iloc[k])

    def files(self, k: int) -> list[Path]:
        """Every file that trial k is made of."""
        return self.kind.files(self.root, self._rows.iloc[k], self.config)


def open_dataset(
    kind: str,
    root: Path | str,
    class_set: str | None = None,
    config: LoadConfig | None = None,
    options: IndexOptions | None = None,
) -> IndexedDataset:
    """Index a data set and open it: `build_index`, then `IndexedDataset`."""
    return IndexedDataset(build_index(kind, root, options), class_set, config)


def _origin(root: Path) -> str:
    """A simulated tree says so in a file of its own, and so does everything made from it."""
    # A composite holds its sets one level down; one simulated set among them is enough.
    notice = "SIMULATED.txt"
    simulated = (root / notice).is_file() or any(root.glob(f"*/{notice}"))
    return "simulated in the layout of " if simulated else ""
