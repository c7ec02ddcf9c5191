"""The command `meps loso`: a model, a data set, one subject left out at a time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from meps_lib.cli_index import KindName, rules_of
from meps_lib.cli_simulate import cohort_of
from meps_lib.errors import MepsError

Modality = Literal["colour", "depth", "ps", "flow"]


@dataclass
class Loso:
    """Leave one subject out: train, test, pool, and print accuracy, UF1 and UAR.

    Without --root the trials are simulated on the way; with --data they are read from a data set
    that you have. Scores are pooled over all folds, with a 95 % interval over subjects; the
    majority line is what always answering the commonest training class would score, the
    ceiling, where trials carry their truth, what a classifier on it scores.

    Example: meps loso --modalities colour ps --seeds 0 1 2 --out results/both

    Example: meps loso --data casme2 --root /data/CASME2 --model flowmap --cache /tmp/casme2
    """

    root: Path | None = None  # a folder made by "meps simulate", or with --data the data set's
    data: KindName | None = None  # which data set lies there
    labels: Path | None = None  # with --data: annotation table, if not where the set has it
    rules: tuple[str, ...] = ()  # with --data: RULE=drop, repair or keep, as for "meps index"
    segment_s: float = 60.0  # CASE, WESAD: a condition is cut into clips of this many seconds
    any_counts: bool = False  # with --data: go on although a whole set has other counts
    crop: Literal["auto", "face", "frame"] = "auto"
    """With --data: find and align the face, or take the whole picture."""
    cache: Path | None = None  # a folder in which prepared clips are kept for the next run
    skip_unreadable: bool = False  # leave clips out that cannot be read, and list them
    out: Path | None = None  # a folder for predictions.parquet and config.json
    model: str | None = None  # a name that "meps info" lists; None: meps, or flowmap for flow
    modalities: tuple[Modality, ...] | None = None  # None: all that the data and the model share
    fusion: Literal["fixed", "apex", "learnt", "uniform", "apex-only"] | None = None
    """Where the weights over frames peak; None leaves it to the model."""
    attention: Literal["guided", "concat"] | None = None
    """Whether depth and physiology guide the attention; None leaves it to the model."""
    protocol: Literal["loso", "grouped-kfold", "cross-data-set", "file"] = "loso"
    folds: int = 5  # of grouped-kfold
    train_on: str | None = None  # of cross-data-set: a part of the composite, such as casme2
    test_on: str | None = None  # of cross-data-set: another
    split_file: Path | None = None  # of file: splits_seed0.json of an earlier run, or one's own
    seeds: tuple[int, ...] = (0,)  # each is a whole run; the spread between them is printed
    normalise: Literal["training", "per-subject"] = "training"
    """Per-subject z-scores look at the test subject's unlabelled signals, and are named for it."""
    epochs: int = 15
    frames: int = 8  # frames a clip
    size: int = 48  # pixels a side
    jobs: int = 1  # processes; the result does not depend on it
    device: str = "auto"  # cpu, cuda, or auto: cuda if there is one
    subjects: int = 12  # simulated subjects, without --root
    trials: int = 8  # simulated trials a subject, without --root
    classes: str | None = None  # of simulated trials (three), or of --data (its own default)
    scenario: str = "default"  # of simulated trials, without --root

    def run(self) -> None:
        from meps_lib.experiments import ExperimentConfig, run, tabulate
        from meps_lib.prepare import PrepareConfig
        from meps_lib.statistics import summary
        from meps_lib.training import TrainConfig

        device = device_of(self.device)
        data = self._data()
        modalities = self._modalities(data)
        chosen = {"fusion": self.fusion, "attention": self.attention}
        config = ExperimentConfig(
            model=self._model(modalities),
            model_args={k: v for k, v in chosen.items() if v is not None},
            modalities=modalities,
            prepare=PrepareConfig(n_frames=self.frames, size=self.size),
            train=TrainConfig(epochs=self.epochs, device=device),
            protocol=self.protocol,
            n_folds=self.folds,
            train_on=self.train_on,
            test_on=self.test_on,
            split_file=self.split_file,
            seeds=self.seeds,
            n_jobs=self.jobs,
            normalise=self.normalise,
        )
        print(
            f"data: {data.note}; {len(data)} trials; modalities {', '.join(modalities)}; {device}"
        )
        if self.normalise != "training":
            print(f"normalised {self.normalise}: all signals of a test subject are looked at first")
        on_error = "skip" if self.skip_unreadable else "raise"
        table = run(data, config, self.out, cache=self.cache, on_error=on_error)
        for one in table.attrs["skipped"]:
            print(f"skipped: clip {one['clip']!r}: {one['error']}")
        print(summary(table, data.classes))
        print("in brackets: 95 % intervals over subjects")
        if hasattr(data, "truth") or getattr(data, "scenario", None) is not None:
            print(f"ceiling (oracle features)  {_ceiling(data, modalities)}")
        scores = tabulate(table, data.classes)
        if len(scores) > 1:
            low, high = scores["uf1"].min(), scores["uf1"].max()
            print(f"UF1 over seeds: {low:.3f} to {high:.3f}")
        if self.out is not None:
            print(f"predictions: {self.out / 'predictions.parquet'}")

    def _data(self):
        """The data set that was asked for."""
        from meps_lib.datasets import FolderDataset

        given = {
            "--labels": self.labels, "--rules": self.rules, "--any-counts": self.any_counts,
            "--crop": self.crop != "auto",
        }  # fmt: skip
        if self.data is None:
            if wrong := [name for name, value in given.items() if value]:
                raise MepsError(f"{wrong[0]} goes with --data, which says what lies at --root")
            if self.root is not None:
                return FolderDataset(self.root)
            classes = self.classes or "three"
            data = cohort_of(self.subjects, self.trials, classes, 0, self.scenario)
            data.note = f"simulated, scenario {self.scenario}, seed 0"
            return data
        if self.root is None:
            raise MepsError(f"--data {self.data}: say where it lies with --root DIR")
        return self._indexed()

    def _indexed(self):
        """A real data set, or a simulated one in its layout; says what was left out and why."""
        from meps_lib.datasets.dataset import IndexedDataset
        from meps_lib.datasets.index import IndexOptions, build_index
        from meps_lib.datasets.kinds import kind_of
        from meps_lib.datasets.settings import LoadConfig

        there = kind_of(self.data).modalities
        wanted = self.modalities
        if wanted is None:
            usual = ("flow",) if self.model == "flowmap" else ("colour", "depth", "ps")
            wanted = tuple(m for m in usual if m in there) or ("flow",)
        options = IndexOptions(self.labels, rules_of(self.rules), self.segment_s, self.any_counts)
        found = build_index(self.data, self.root, options)
        data = IndexedDataset(found, self.classes, LoadConfig(wanted, self.crop))
        left_out = {**data.excluded["why"].value_counts(), **found.dropped["why"].value_counts()}
        for why, n in left_out.items():
            print(f"left out: {n} clips, {why}")
        return data

    def _modalities(self, data) -> tuple[str, ...]:
        if self.modalities is not None:
            return self.modalities
        if hasattr(data, "config"):  # an indexed data set was opened with them
            return data.config.modalities
        return ("flow",) if self.model == "flowmap" else ("colour", "depth", "ps")

    def _model(self, modalities: tuple[str, ...]) -> str:
        return self.model or ("flowmap" if modalities == ("flow",) else "meps")


def _ceiling(data, modalities: tuple[str, ...]) -> str:
    """One line: what the truth itself would score, where the trials carry it."""
    from meps_lib.simulate import ceiling

    face = bool({"colour", "depth", "flow"} & set(modalities))
    sides = ("face",) * face + ("body",) * ("ps" in modalities)
    try:
        row = ceiling(data).loc["both" if len(sides) == 2 else sides[0]]
    except MepsError as error:
        return f"not available: {error}"
    return f"accuracy {row.accuracy:.3f}  UF1 {row.uf1:.3f}  UAR {row.uar:.3f}"


def device_of(name: str) -> str:
    """The torch device for "cpu", "cuda", "cuda:1" or "auto"."""
    import torch

    gpus = [f"cuda:{k}" for k in range(torch.cuda.device_count())]
    if name == "auto":
        return "cuda" if gpus else "cpu"
    known = ["cpu", *(["cuda"] if gpus else []), *gpus]
    if name not in known:
        raise MepsError(f"--device {name}: torch sees {', '.join(known)} here, or use auto")
    return name
