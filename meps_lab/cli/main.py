"""The command `meps`: every one of its own commands is a file of this room, or stands here.

Each command is a dataclass: its fields are the options, their comments the help.
"""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from meps_lab.cli.ablate import Ablate
from meps_lab.cli.doctor import Doctor
from meps_lab.cli.door import check_names, print_anything
from meps_lab.cli.exercises import Exercises
from meps_lab.cli.explain import Explain
from meps_lab.cli.index import Index
from meps_lab.cli.loso import Loso
from meps_lab.cli.own_clip import OwnClip
from meps_lab.cli.plans import Run, Status
from meps_lab.cli.report import Compare, Report
from meps_lab.cli.simulate import Simulate
from meps_lib.errors import MepsError


@dataclass
class Predict(OwnClip):
    """Class probabilities for a clip of your own, with a picture of weights and attention.

    Finds and aligns the face, spots the apex, and uses a small model that is trained on
    simulated trials at the first call and then kept. The output is no judgement of a person.

    Example: meps predict clip.mp4 --ps body_200hz.csv --video-at 12.5
    """

    picture: Path = Path("meps_prediction.png")  # where the picture goes

    def run(self) -> None:
        trial, small, model, classes, names = self.ready()
        import matplotlib

        matplotlib.use("Agg")
        from meps_lab.cli.demo import NOTICE
        from meps_lib.explain.maps import plot_prediction, save_stacked
        from meps_lib.plots import use_style
        from meps_lib.trial import collate

        output = model(collate([small], classes))
        p = output.logits.softmax(dim=-1)[0].tolist()
        print(NOTICE)
        print(
            f"{self.video}: {trial.n_frames} frames with a face, {small.n_frames} of them used;",
            end=" ",
        )
        print(f"apex spotted at {trial.seconds(trial.apex):.2f} s; device: cpu")
        print("signals:", ", ".join(names) if names else "none, the face alone")
        for name, share in sorted(zip(classes, p, strict=True), key=lambda x: -x[1]):
            print(f"  {name:<10} {share:5.2f}  {'#' * round(40 * share)}")
        use_style()
        frames, maps = plot_prediction(small, output)
        save_stacked(self.picture, frames, maps)
        print(f"picture: {self.picture}")
        if not names:
            print("(no attention map: without signals or depth there is nothing to guide it)")


@dataclass
class Info:
    """What is installed, which models and recordings there are, which device would be used."""

    sizes: bool = False  # build each model and count its parameters, which takes seconds
    check: bool = False  # try each part that a chapter needs, say "ready", or what to do

    def run(self) -> None:
        if self.check:
            from meps_lab.cli.ready import lines

            for line in lines():
                print(line, flush=True)
            return
        import platform
        from importlib.metadata import version

        from meps_lab.recordings.find import NAMES, available
        from meps_lib import __version__
        from meps_lib.labels import CLASS_SETS

        torch = version("torch")  # asked of its files: to load it takes seconds
        print(f"meps_lib {__version__}, Python {platform.python_version()}, torch {torch}")
        print(f"device: {likely_device(torch)}, {os.cpu_count()} processors")
        for name in MODELS:
            print(f"model {name}{_size(name) if self.sizes else ''}")
        for cs in CLASS_SETS.values():
            print(f"classes {cs.name}: {', '.join(cs.classes)}")
        print(f"MEPS_DATA: {os.environ.get('MEPS_DATA', 'not set')}")
        for name in NAMES:
            print(f"recording {name}: {'here' if available(name) else 'not here'}")


MODELS = ("meps", "flowmap", "mmme", "ststnet", "rcn", "featref")  # a test compares the registry


def _size(name: str) -> str:
    from meps_lib.models import build

    n = sum(p.numel() for p in build(name).parameters())
    return f": {n:,} parameters with the defaults"


def likely_device(torch: str) -> str:
    """What --device auto will most likely be, by torch's version and NVIDIA's own command.

    Examples
    --------
    >>> likely_device("2.13.0+cpu")
    'cpu'
    """
    from shutil import which

    return "cuda" if "+cpu" not in torch and which("nvidia-smi") else "cpu"


def _note(message, category, *where, **more) -> None:
    """Our own warnings as one line; those of libraries are for their developers."""
    if category.__module__.startswith(("meps_lib.", "meps_lab.")):
        print(f"note: {message}", file=sys.stderr)


@dataclass
class Meps:
    """Latent emotion from micro-expressions and physiology: the library of the MEPS book."""

    command: (
        Annotated[Simulate, tyro.conf.subcommand("simulate")]
        | Annotated[Index, tyro.conf.subcommand("index")]
        | Annotated[Loso, tyro.conf.subcommand("loso")]
        | Annotated[Run, tyro.conf.subcommand("run")]
        | Annotated[Ablate, tyro.conf.subcommand("ablate")]
        | Annotated[Status, tyro.conf.subcommand("status")]
        | Annotated[Report, tyro.conf.subcommand("report")]
        | Annotated[Compare, tyro.conf.subcommand("compare")]
        | Annotated[Doctor, tyro.conf.subcommand("doctor")]
        | Annotated[Predict, tyro.conf.subcommand("predict")]
        | Annotated[Explain, tyro.conf.subcommand("explain")]
        | Annotated[Exercises, tyro.conf.subcommand("exercises")]
        | Annotated[Info, tyro.conf.subcommand("info")]
    ) = field(default_factory=Info)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; a `MepsError` is printed without a traceback, with exit code 2."""
    import warnings

    print_anything()
    parsed = tyro.cli(
        tyro.conf.OmitSubcommandPrefixes[Meps], args=arguments, prog="meps", compact_help=False
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            warnings.showwarning = _note
            check_names(parsed.command)
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
