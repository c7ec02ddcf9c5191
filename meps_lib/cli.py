"""The command `meps`: simulate, loso, predict, info.

Each command is a dataclass: its fields are the options, their comments the help.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import tyro

from meps_lib.cli_simulate import Simulate, cohort_of
from meps_lib.errors import MepsError

Positional = tyro.conf.Positional


@dataclass
class Loso:
    """Leave one subject out: train, test, pool, and print accuracy, UF1 and UAR.

    Without --root the trials are simulated on the way. Scores are pooled over all folds; the
    majority line is what always answering the commonest training class would score, the
    ceiling what a classifier on the simulator's truth scores on the same modalities.

    Example: meps loso --modalities colour ps --seeds 0 1 2 --out results/both
    """

    root: Path | None = None  # a folder made by "meps simulate"
    out: Path | None = None  # a folder for predictions.parquet and config.json
    model: str = "meps"  # a name that "meps info" lists
    modalities: tuple[Literal["colour", "depth", "ps"], ...] = ("colour", "depth", "ps")
    fusion: Literal["fixed", "apex", "learnt", "uniform", "apex-only"] | None = None
    """Where the weights over frames peak; None leaves it to the model."""
    attention: Literal["guided", "concat"] | None = None
    """Whether depth and physiology guide the attention; None leaves it to the model."""
    protocol: Literal["loso", "grouped-kfold"] = "loso"
    folds: int = 5  # of grouped-kfold
    seeds: tuple[int, ...] = (0,)  # each is a whole run; the spread between them is printed
    epochs: int = 15
    frames: int = 8  # frames a clip
    size: int = 48  # pixels a side
    jobs: int = 1  # processes; the result does not depend on it
    device: str = "auto"  # cpu, cuda, or auto: cuda if there is one
    subjects: int = 12  # simulated subjects, without --root
    trials: int = 8  # simulated trials a subject, without --root
    classes: str = "three"  # of simulated trials, without --root
    scenario: str = "default"  # of simulated trials, without --root

    def run(self) -> None:
        from meps_lib.datasets import FolderDataset
        from meps_lib.experiments import ExperimentConfig, majority, run, tabulate
        from meps_lib.metrics import score
        from meps_lib.prepare import PrepareConfig
        from meps_lib.training import TrainConfig

        if self.root is None:
            data = cohort_of(self.subjects, self.trials, self.classes, 0, self.scenario)
            what = f"simulated, scenario {self.scenario}, seed 0"
        else:
            data = FolderDataset(self.root)
            what = data.note
        device = _device(self.device)
        chosen = {"fusion": self.fusion, "attention": self.attention}
        config = ExperimentConfig(
            model=self.model,
            model_args={k: v for k, v in chosen.items() if v is not None},
            modalities=self.modalities,
            prepare=PrepareConfig(n_frames=self.frames, size=self.size),
            train=TrainConfig(epochs=self.epochs, device=device),
            protocol=self.protocol,
            n_folds=self.folds,
            seeds=self.seeds,
            n_jobs=self.jobs,
        )
        print(
            f"data: {what}; {len(data)} trials; modalities {', '.join(self.modalities)}; {device}"
        )
        table = run(data, config, self.out, note=what)
        floor, scores = majority(table, data.classes), tabulate(table, data.classes)
        print(f"majority  {floor}")
        print(f"ceiling (oracle features)  {_ceiling(data, self.modalities)}")
        for seed in scores.index:
            one = table[table["seed"] == seed]
            print(f"seed {seed:<4} {score(one['truth'], one['prediction'], data.classes)}")
        if len(scores) > 1:
            low, high = scores["uf1"].min(), scores["uf1"].max()
            print(f"UF1 over seeds: {low:.3f} to {high:.3f}")
        if self.out is not None:
            print(f"predictions: {self.out / 'predictions.parquet'}")


@dataclass
class Predict:
    """Class probabilities for a clip of your own, with a picture of weights and attention.

    Finds and aligns the face, spots the apex, and uses a small model that is trained on
    simulated trials at the first call and then kept. The output is no judgement of a person.

    Example: meps predict clip.mp4 --ps body_200hz.csv --video-at 12.5
    """

    video: Positional[Path]  # a video file, or a folder of images
    ps: Path | None = None  # signals recorded with it: a table with a header, BioSPPy, Empatica
    ps_sfreq: float | None = None  # Hz, where the file does not say
    video_at: float = 3.0  # time in the PS file (s) at which the video began
    fps: float | None = None  # of a folder of images
    start: int = 0  # first frame to use: begin with the neutral face
    stop: int | None = None  # frame after the last one to use
    picture: Path = Path("meps_prediction.png")  # where the picture goes

    def run(self) -> None:
        import matplotlib

        matplotlib.use("Agg")
        from meps_lib.demo import NOTICE, add_signals, demo_model
        from meps_lib.explain import picture, save_stacked
        from meps_lib.plots import use_style
        from meps_lib.prepare import prepare
        from meps_lib.signals import load
        from meps_lib.trial import collate
        from meps_lib.video import load_trial_from_video

        if not self.picture.parent.is_dir() or self.picture.suffix not in (".png", ".jpg"):
            raise MepsError(f"--picture {self.picture}: expected an existing folder, .png or .jpg")
        trial = load_trial_from_video(
            self.video, size=96, fps=self.fps, start=self.start, stop=self.stop
        )
        names, recording = (), None
        if self.ps is not None:
            recording = load(self.ps, self.ps_sfreq)
            names = tuple(n for n in ("EDA", "ECG", "PPG") if n in recording.names)
            if not names:
                have = ", ".join(recording.names)
                raise MepsError(f"{self.ps} has {have}; expected at least one of EDA, ECG, PPG")
        model, classes, config = demo_model(names)
        if recording is not None:
            trial = add_signals(trial, recording, self.video_at, model)
        trial.label = classes[0]  # `collate` wants one; the model never reads it
        small = prepare(trial, config.prepare)
        output = model(collate([small], classes))
        p = output.logits.softmax(dim=-1)[0].tolist()
        print(NOTICE)
        print(
            f"{self.video}: {trial.n_frames} frames with a face, {small.n_frames} of them used;",
            end=" ",
        )
        print(f"apex spotted at {trial.start + trial.apex / trial.fps:.2f} s; device: cpu")
        print("signals:", ", ".join(names) if names else "none, the face alone")
        for name, share in sorted(zip(classes, p, strict=True), key=lambda x: -x[1]):
            print(f"  {name:<10} {share:5.2f}  {'#' * round(40 * share)}")
        use_style()
        frames, maps = picture(small, output)
        save_stacked(self.picture, frames, maps)
        print(f"picture: {self.picture}")
        if not names:
            print("(no attention map: without signals or depth there is nothing to guide it)")


@dataclass
class Info:
    """What is installed, which models and recordings there are, which device would be used."""

    def run(self) -> None:
        import platform

        import torch

        from meps_lib import __version__
        from meps_lib.labels import CLASS_SETS
        from meps_lib.models import MODELS, build
        from meps_lib.recordings import NAMES, available

        print(
            f"meps_lib {__version__}, Python {platform.python_version()}, torch {torch.__version__}"
        )
        print(f"device: {_device('auto')}, {torch.get_num_threads()} threads")
        for name in MODELS:
            n = sum(p.numel() for p in build(name).parameters())
            print(f"model {name}: {n:,} parameters with the defaults")
        for cs in CLASS_SETS.values():
            print(f"classes {cs.name}: {', '.join(cs.classes)}")
        print(f"MEPS_DATA: {os.environ.get('MEPS_DATA', 'not set')}")
        for name in NAMES:
            print(f"recording {name}: {'here' if available(name) else 'not here'}")


def _ceiling(data, modalities: tuple[str, ...]) -> str:
    """One line: what the truth itself would score, where the trials carry it."""
    from meps_lib.simulate import ceiling

    sides = ("face",) * bool({"colour", "depth"} & set(modalities)) + ("body",) * (
        "ps" in modalities
    )
    try:
        row = ceiling(data).loc["both" if len(sides) == 2 else sides[0]]
    except MepsError as error:
        return f"not available: {error}"
    return f"accuracy {row.accuracy:.3f}  UF1 {row.uf1:.3f}  UAR {row.uar:.3f}"


def _device(name: str) -> str:
    import torch

    gpus = [f"cuda:{k}" for k in range(torch.cuda.device_count())]
    if name == "auto":
        return "cuda" if gpus else "cpu"
    known = ["cpu", *(["cuda"] if gpus else []), *gpus]
    if name not in known:
        raise MepsError(f"--device {name}: torch sees {', '.join(known)} here, or use auto")
    return name


def _note(message, category, *where, **more) -> None:
    """Our own warnings as one line; those of libraries are for their developers."""
    if category.__module__.startswith("meps_lib"):
        print(f"note: {message}", file=sys.stderr)


@dataclass
class Meps:
    """Latent emotion from micro-expressions and physiology: the library of the MEPS book."""

    command: (
        Annotated[Simulate, tyro.conf.subcommand("simulate")]
        | Annotated[Loso, tyro.conf.subcommand("loso")]
        | Annotated[Predict, tyro.conf.subcommand("predict")]
        | Annotated[Info, tyro.conf.subcommand("info")]
    ) = field(default_factory=Info)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; a `MepsError` is printed without a traceback, with exit code 2."""
    import warnings

    parsed = tyro.cli(
        tyro.conf.OmitSubcommandPrefixes[Meps], args=arguments, prog="meps", compact_help=False
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            warnings.showwarning = _note
            parsed.command.run()
            sys.stdout.flush()
    except MepsError as error:
        print(f"meps: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # as in "meps info | head"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print("meps: stopped", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
