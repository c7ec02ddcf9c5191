"""The command `meps loso`: a model, a data set, one subject left out at a time."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from meps_lab.cli.data import open_data
from meps_lab.cli.index import KindName, segment_of
from meps_lib.errors import MepsError
from meps_lib.files import from_json

_OF_DATA = ("labels", "rules", "any_counts", "sheet", "exceptions", "allow_missing")
_SAME = ("n_validation", "normalise", "protocol", "seeds", "split_file", "test_on", "train_on")
_TRAINED = ("epochs", "batch_size", "learning_rate", "optimiser", "schedule", "clip_norm")
_TRAINED += ("patience", "precision", "keep")
_CUT = ("casme3-c", "mmme", "table")  # around each expression, out of longer recordings
Modality = Literal["colour", "depth", "ps", "eeg", "flow"]
Signal = Literal["EDA", "ECG", "PPG", "RSP", "SKT"]


@dataclass
class Loso:
    """Leave one subject out: train, test, pool, and print accuracy, UF1 and UAR.

    Without --root the trials are simulated on the way; with --data they are read from a data set
    that you have. Scores are pooled over all folds, with a 95 % interval over subjects; the
    majority line is what always answering the commonest class among the subjects not tested
    would score, the ceiling, where trials carry their truth, what a classifier on it scores.

    With --out each fold is kept as it ends: after a run that was stopped or killed, the same
    command goes on, to the same predictions.

    Example: meps loso --modalities colour ps --seeds 0 1 2 --out results/both

    A model of your own is --model path/to/file.py:factory: a function or class that is called with
    those of n_classes, modalities, ps_names and ps_sfreq that it names, and with --model-args, and
    gives a torch module from a Batch to an Output. It is tried on a few trials before the work, and
    its file belongs to what the experiment is.

    Example: meps loso --data casme2 --root /data/CASME2 --model flowmap --cache /tmp/casme2

    Example: meps loso --data table --root clips.csv --model mine.py:Mine --model-args hidden=8

    S2 is --model mmme: it reads ten steps of motion, the EEG's band powers, second by second, and
    the signals; any of the three may be left out, by --modalities.

    Example: meps loso --data mmme --root /data/MMME --model mmme --classes three --out results/s2

    The baselines on flow are --model ststnet, rcn and featref: by their recipes, last epoch,
    nobody validates; --keep best lets two subjects choose the epoch instead.

    Example: meps loso --data flowmaps --root maps --labels maps/labels.csv --model ststnet
    """

    root: Path | None = None  # a folder made by "meps simulate", or with --data the data set's
    data: KindName | None = None  # which data set lies there
    labels: Path | None = None  # with --data: annotation table, if not where the data set has it
    rules: tuple[str, ...] = ()  # with --data: RULE=drop, repair or keep, as for "meps index"
    segment_s: float | None = None  # CASE, WESAD: cut conditions into clips of so many s; None: 60
    any_counts: bool = False  # with --data: go on although a whole set has other counts
    sheet: str | None = None  # with --data: of the annotation table, where several could be it
    exceptions: tuple[Path, ...] = ()
    """With --data casme3-a: the authors' lists of damaged pictures; clips are flagged."""
    allow_missing: bool = False
    """With --data: go on although more than 5 % of a set's clips have no usable files."""
    crop: Literal["auto", "face", "frame"] = "auto"
    """With --data: find and align the face, or take the whole picture."""
    window_s: tuple[float, float] | None = None
    """With --data of a set whose recordings go on: signals and EEG from so many s before the onset
    of an expression to so many after; None: 3 and 7. S2's source takes 40 s of EEG."""
    cache: Path | None = None  # a folder in which prepared clips are kept for the next run
    skip_unreadable: bool = False  # leave clips out that cannot be read, and list them
    out: Path | None = None  # a folder for predictions.parquet and config.json
    accept_changed_code: bool = False
    """With --out: go on although the source has changed; config.json then says in which files."""
    model: str | None = None
    """A name that "meps info" lists, or FILE.py:NAME, your own; None: meps, or flowmap for flow."""
    model_args: tuple[str, ...] = ()  # NAME=VALUE, any number of them, for the model
    modalities: tuple[Modality, ...] | None = None  # None: all that the data and the model share
    signals: tuple[Signal, ...] | None = None
    """Of ps, in this order; None: EDA ECG PPG, as in S1, and with mmme on MMME all five."""
    fusion: Literal["fixed", "apex", "learnt", "uniform", "apex-only"] | None = None
    """Where the weights over frames peak; None leaves it to the model."""
    attention: Literal["guided", "concat"] | None = None
    """Whether depth and physiology guide the attention; None leaves it to the model."""
    protocol: Literal["loso", "grouped-kfold", "cross-data-set", "file"] = "loso"
    folds: int | None = None  # of grouped-kfold; None: 5
    n_validation: int | None = None
    """Subjects who choose the epoch, not of file; None: 2, or 0 where the last is kept."""
    train_on: str | None = None
    """Of cross-data-set: a part of the composite, such as casme2; None: each other one in turn."""
    test_on: str | None = None  # of cross-data-set: another
    split_file: Path | None = None  # of file: splits_seed0.json of an earlier run, or one's own
    seeds: tuple[int, ...] = (0,)  # each is a whole run; the spread between them is printed
    normalise: Literal["training", "per-subject"] = "training"
    """Per-subject z-scores look at the test subject's unlabelled signals, and are named for it."""
    # How it is trained; None: as the model was published, or as the library has it (15 epochs).
    epochs: int | None = None  # at most
    batch_size: int | None = None  # trials a step
    learning_rate: float | None = None
    keep: Literal["best", "last"] | None = None
    """Whose weights are tested: those of the best validation, or the last; None: as published."""
    optimiser: Literal["adam", "adamw", "sgd"] | None = None
    schedule: Literal["constant", "cosine", "step"] | None = None
    clip_norm: float | None = None  # largest norm of a step's gradient; None: any
    patience: int | None = None  # epochs without a better validation loss after which it ends
    precision: Literal["fp32", "bf16", "fp16"] | None = None  # of most products; None: fp32
    frames: int | None = None  # frames a clip; None: 8, and 11 with mmme
    steps: int | None = None  # of flow, evenly from onset to offset; None: one to the apex, mmme 10
    size: int = 48  # pixels a side
    jobs: int = 1  # processes; the result does not depend on it
    stacked: bool = False  # train all folds in one program: ps or flow alone; for a GPU
    device: str = "auto"  # cpu, cuda, or auto: cuda if there is one
    subjects: int | None = None  # simulated subjects, without --root; None: 12
    trials: int | None = None  # simulated trials a subject, without --root; None: 8
    classes: str | None = None  # of simulated trials (three), or of --data (its own default)
    scenario: str | None = None  # of simulated trials, without --root; None: default

    def run(self) -> None:
        from meps_lab.experiments.config import ExperimentConfig, recipe
        from meps_lab.experiments.folds import run, tabulate
        from meps_lab.experiments.results import PREDICTIONS
        from meps_lab.experiments.scorelines import summary
        from meps_lab.prepare import PrepareConfig

        modalities = self._modalities()
        self._check(modalities)
        device = device_of(self.device)
        data = open_data(self, modalities)
        model = self.model or ("flowmap" if modalities == ("flow",) else "meps")
        config = ExperimentConfig(
            model=model,
            model_args=self._model_args(),
            modalities=modalities,
            prepare=PrepareConfig(**self._prepare(modalities)),
            train=recipe(
                model, device=device, **_given(**{name: getattr(self, name) for name in _TRAINED})
            ),
            stacked=self.stacked,
            n_jobs=self.jobs,
            **_given(n_folds=self.folds, **{name: getattr(self, name) for name in _SAME}),
        )
        print(
            f"data: {data.note}; {len(data)} trials; modalities {', '.join(modalities)}; {device}"
        )
        if "ps" in modalities:
            print(f"signals: {', '.join(config.prepare.ps_names)}")
        if self.normalise != "training":
            print(f"normalised {self.normalise}: all signals of a test subject are looked at first")
        on_error = "skip" if self.skip_unreadable else "raise"
        accept = {"accept_changed_code": self.accept_changed_code}
        try:
            table = run(data, config, self.out, cache=self.cache, on_error=on_error, **accept)
        except SystemExit as error:  # nothing but a model's own file asks for that
            text = f"{config.model} ended the process while it was trained ({error})"
            raise MepsError(f"{text}; take exit out of the file") from error
        for one in table.attrs["skipped"]:
            print(f"skipped: clip {one['clip']!r}: {one['error']}")
        if lost := table.attrs["lost"]:
            print(f"skipped whole, unused in every fold: subjects {', '.join(lost)}")
        if self.protocol == "cross-data-set" and self.train_on is None:
            sets = sorted(set(data.index["data_set"]) - {self.test_on})
            print("; ".join(f"fold {k} learns from {name}" for k, name in enumerate(sets)))
        print(summary(table, data.classes, asked=getattr(data, "asked", None)))
        print("in brackets: 95 % intervals over subjects")
        if hasattr(data, "truth") or getattr(data, "scenario", None) is not None:
            print(f"ceiling (oracle features)  {_ceiling(data, modalities)}")
        scores = tabulate(table, data.classes)
        if len(scores) > 1:
            low, high = scores["uf1"].min(), scores["uf1"].max()
            print(f"UF1 over seeds: {low:.3f} to {high:.3f}")
        if self.out is not None:
            if not (self.out / PREDICTIONS).is_file():
                raise MepsError(
                    f"{self.out / PREDICTIONS} could not be written; make room and run the same "
                    "again: the folds that could be written are taken as they are"
                )
            print(f"predictions: {self.out / PREDICTIONS}")

    def _modalities(self) -> tuple[str, ...]:
        """What was asked for, or what the data and the model share."""
        if self.modalities is not None:
            return self.modalities
        from meps_lib.models import MODELS

        _, config = MODELS.get(self.model, MODELS["meps"])  # one's own reads what S1 does
        usual = config().modalities
        if self.data is None:
            return tuple(m for m in usual if m != "eeg")  # few folders and no default have it
        there = _has(self.data)
        shared = tuple(m for m in usual if m in there)
        if not shared and self.model in MODELS and "flow" not in there:
            raise MepsError(
                f"--model {self.model} reads {', '.join(usual)}; --data {self.data} has "
                f"{', '.join(there)}: take a model that reads it, such as meps"
            )
        return shared or ("flow",)

    def _prepare(self, modalities: tuple[str, ...]) -> dict:
        """What trials are made into: what the model reads, where nothing else was asked for."""
        s2 = self.model == "mmme"
        steps, signals = self.steps, self.signals
        if s2 and "flow" in modalities:
            steps = 10 if steps is None else steps
        if s2 and self.data == "mmme" and "ps" in modalities and signals is None:
            signals = ("PPG", "RSP", "SKT", "EDA", "ECG")
        frames = self.frames
        if frames is None:
            frames = 1 + (steps or 10) if s2 else 8
        from meps_lib.models import RECIPES

        more = {"eeg_bands": True} if "eeg" in modalities else {}
        if self.model in RECIPES:  # published for maps that circulate as pictures
            more["flow_levels"] = True
        return {"n_frames": frames, "size": self.size, **more} | _given(
            ps_names=signals, flow_steps=steps
        )

    def _model_args(self) -> dict:
        """What is told of the model; numbers, lists, true and null are written as in JSON."""
        out = _given(fusion=self.fusion, attention=self.attention)
        for text in self.model_args:
            name, equals, value = text.partition("=")
            if not (name.isidentifier() and equals) or name in out:
                raise MepsError(f"--model-args {text}: expected NAME=VALUE, each name once, dim=16")
            with suppress(ValueError):  # a word stays a word
                value = from_json(value)
            out[name] = tuple(value) if isinstance(value, list) else value
        return out

    def _check(self, modalities: tuple[str, ...]) -> None:
        """Refuse an option that would be without effect beside the others."""
        segment_of(self.data, self.segment_s)
        data, simulated = self.data is not None, self.root is None and self.data is None
        video = bool({"colour", "depth"} & set(modalities)) or self.model == "flowmap"
        seen = bool({*modalities} - {"ps", "eeg"})
        pictures = data and "colour" in _has(self.data) and seen
        rules = [
            (data, "--data, which says what lies at --root", _OF_DATA),
            (pictures, "--data of a set with pictures, which are used", ("crop",)),
            (
                self.data in _CUT and bool({"ps", "eeg"} & set(modalities)),
                f"--data {', '.join(_CUT)}, and with ps or eeg",
                ("window_s",),
            ),
            (simulated, "simulated trials, without --root", ("subjects", "trials", "scenario")),
            (data or simulated, "--data, or with simulated trials", ("classes",)),
            ("ps" in modalities, "--modalities ps", ("signals",)),
            ("flow" in modalities, "--modalities flow", ("steps",)),
            (
                video and self.model != "mmme",
                "--modalities colour or depth, whose frames it fuses, and not with mmme",
                ("fusion",),
            ),
            (len(modalities) > 1, "several modalities, since one has no guide", ("attention",)),
            (self.out is not None, "--out", ("accept_changed_code",)),
            (self.protocol == "grouped-kfold", "--protocol grouped-kfold", ("folds",)),
            (self.protocol != "file", "protocols that draw subjects", ("n_validation",)),
        ]
        for right, partner, names in rules:
            for name in names:
                value = getattr(self, name)
                unset = value is None or value is False or value in ((), "auto")  # 0 is set
                if not unset and not right:
                    raise MepsError(f"--{name.replace('_', '-')} goes with {partner}")


def _given(**settings) -> dict:
    """Those that were named; the others keep their defaults."""
    return {name: value for name, value in settings.items() if value is not None}


def _has(kind: str) -> tuple[str, ...]:
    """The modalities that clips of a data set can have."""
    from meps_lab.datasets.index.kinds import kind_of

    return kind_of(kind).modalities


def _ceiling(data, modalities: tuple[str, ...]) -> str:
    """One line: what the truth itself would score, where the trials carry it."""
    from meps_lab.simulate import ceiling

    face = bool({"colour", "depth", "flow"} & set(modalities))
    sides = ("face",) * face + ("body",) * bool({"ps", "eeg"} & set(modalities))
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
