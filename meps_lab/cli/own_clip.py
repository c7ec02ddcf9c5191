"""A clip of one's own, made ready for the demonstration model of `predict` and `explain`."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import tyro

from meps_lab.files import may_write, write_figure
from meps_lib.errors import MepsError

if TYPE_CHECKING:  # torch takes seconds to load, and `meps --help` needs none
    from torch import nn

    from meps_lib.signals import Recording
    from meps_lib.trial import Trial

SIGNALS = ("EDA", "ECG", "PPG")  # that the demonstration model can read
PICTURES = (".png", ".jpg")
# The library's arguments, and the options that pass them on. In a message a space stands before an
# argument; what has another letter before it is part of a file's name.
OPTIONS = {"fps": "--fps", "start": "--start", "stop": "--stop", "sfreq": "--ps-sfreq"}
ARGUMENT = re.compile(rf"(?<!\S)({'|'.join(OPTIONS)})= ?")


@contextmanager
def as_options() -> Iterator[None]:
    """Errors of the library name the command's options instead of its own arguments."""
    try:
        yield
    except MepsError as error:
        text = ARGUMENT.sub(lambda found: f"{OPTIONS[found[1]]} ", str(error))
        raise MepsError(text.strip()) from None


class Ready(NamedTuple):
    """A trial as it was read, as it enters the model, and the model."""

    trial: "Trial"
    small: "Trial"
    model: "nn.Module"
    classes: tuple[str, ...]
    names: tuple[str, ...]  # of the signals


@dataclass
class OwnClip:
    """Where a clip and its signals are, and which part of the clip counts."""

    video: tyro.conf.Positional[Path]  # a video file, or a folder of images
    ps: Path | None = None  # signals recorded with it: a table with a header, BioSPPy, Empatica
    ps_sfreq: float | None = None  # Hz, where the file does not say
    ps_units: tuple[str, ...] = ()  # where the file does not say, as in EDA=uS ECG=mV
    video_at: float = 3.0  # s after the PS file's first row at which the video began
    fps: float | None = None  # of a folder of images
    start: int = 0  # first frame to use: begin with the neutral face
    stop: int | None = None  # frame after the last one to use
    picture: Path = Path("meps.png")  # where the picture goes
    force: bool = False  # replace the file that --picture names, and that of a curve beside it

    @as_options()
    def ready(self) -> Ready:
        """Find and align the face, spot the apex, cut the signals, and load the model.

        A clip of more than a second is searched first, and its strongest second is used.

        Raises
        ------
        MepsError
            For a picture that cannot be written, files that cannot be read, no face, or no signal
            that the model knows. The signals are read first, since the video takes longer.
        """
        curve = self.picture.with_stem(f"{self.picture.stem}_curve")
        for path in (self.picture, curve):
            may_write("--picture", path, PICTURES, self.force)
        if not self.video.exists():
            raise MepsError(f"{self.video}: no such file or folder")
        names, recording = (), None
        if self.ps is not None:
            recording = own_signals(self.ps, self.ps_sfreq, self.ps_units)
            names = tuple(n for n in SIGNALS if n in recording.names)
        from meps_lib.video.sources import Source

        next(Source(self.video, self.fps).frames(0, 1))  # refused before torch is loaded
        from meps_lab.cli.demo import WINDOW_S, add_signals, demo_model
        from meps_lab.cli.search import LONGEST_S, search
        from meps_lab.prepare import prepare
        from meps_lib.video.load import trial_of, watch

        if recording is not None and not self.video_at + WINDOW_S[1] <= recording.duration:
            raise MepsError(
                f"--video-at {self.video_at:g}: {self.ps} lasts {recording.duration:g} s; expected "
                f"{WINDOW_S[1]:g} s or more of it after the video's begin"
            )
        part, like = (self.start, self.stop), None
        if found := search(self.video, self.fps, *part):
            part, like = found.strongest
            print(found.told(self.video))
            write_figure(curve, found.drawn(), dpi=110)
            print(f"one expression lasts at most {LONGEST_S:g} s; the strongest is used: {curve}")
        trial = trial_of(watch(self.video, self.fps, *part, like), size=96)
        model, classes, config = demo_model(names)
        if recording is not None:
            trial = add_signals(trial, recording, self.video_at, model)
        trial.label = classes[0]  # `collate` wants one; the model never reads it
        return Ready(trial, prepare(trial, config.prepare), model, classes, names)


@as_options()
def own_signals(path: Path, sfreq: float | None, units: tuple[str, ...]) -> "Recording":
    """A person's signals, with a word on what is read, what is not, and what is in doubt.

    Raises
    ------
    MepsError
        As `load`, naming the command's options; for units that are not written as EDA=uS; and
        without EDA, ECG or PPG.
    """
    from meps_lib.signals.files import load

    if wrong := [pair for pair in units if not all(pair.partition("="))]:
        raise MepsError(f"--ps-units {wrong[0]}: expected a signal and its unit, as in EDA=uS")
    recording = load(path, sfreq, units=dict(pair.split("=", 1) for pair in units))
    read = [n for n in SIGNALS if n in recording.names]
    left = [n for n in recording.names if n not in SIGNALS]
    if not read:
        raise MepsError(
            f"{path} has {', '.join(left)}; expected at least one of {', '.join(SIGNALS)}: name "
            "the columns so"
        )
    from meps_lib.signals import SignalWarning, heart_rate  # takes a second
    from meps_lib.signals.skin import refuse_resistance

    if "EDA" in read:
        refuse_resistance(recording)
    print("signals read:", ", ".join(f"{n} ({recording.unit(n)})" for n in read))
    if left:
        print("columns that are not read:", ", ".join(left))
    for name in (n for n in read if n != "EDA"):
        try:
            heart_rate(recording, name)  # warns by itself
        except MepsError as error:
            warnings.warn(str(error), SignalWarning, stacklevel=3)
    return recording
