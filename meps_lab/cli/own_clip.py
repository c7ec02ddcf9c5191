"""A clip of one's own, made ready for the demonstration model of `predict` and `explain`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import tyro

from meps_lib.errors import MepsError

if TYPE_CHECKING:  # torch takes seconds to load, and `meps --help` needs none
    from torch import nn

    from meps_lib.trial import Trial

SIGNALS = ("EDA", "ECG", "PPG")  # that the demonstration model can read


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
    video_at: float = 3.0  # time in the PS file (s) at which the video began
    fps: float | None = None  # of a folder of images
    start: int = 0  # first frame to use: begin with the neutral face
    stop: int | None = None  # frame after the last one to use
    picture: Path = Path("meps.png")  # where the picture goes

    def ready(self) -> Ready:
        """Find and align the face, spot the apex, cut the signals, and load the model.

        A clip of more than a second is searched first, and its strongest second is used.

        Raises
        ------
        MepsError
            For files that cannot be read, no face, or no signal that the model knows.
        """
        if not self.video.exists():
            raise MepsError(f"{self.video}: no such file or folder")
        names, recording = self._signals()
        from meps_lib.video.sources import Source

        next(Source(self.video, self.fps).frames(0, 1))  # refused before torch is loaded
        from meps_lab.cli.demo import add_signals, demo_model
        from meps_lab.cli.search import LONGEST_S, search
        from meps_lab.prepare import prepare
        from meps_lib.video.load import trial_of, watch

        part, like = (self.start, self.stop), None
        if found := search(self.video, self.fps, *part):
            picture = self.picture.with_name(f"{self.picture.stem}_curve.png")
            part, like = found.strongest
            print(found.told(self.video))
            found.draw(picture)
            print(f"one expression lasts at most {LONGEST_S:g} s; the strongest is used: {picture}")
        trial = trial_of(watch(self.video, self.fps, *part, like), size=96)
        model, classes, config = demo_model(names)
        if recording is not None:
            trial = add_signals(trial, recording, self.video_at, model)
        trial.label = classes[0]  # `collate` wants one; the model never reads it
        return Ready(trial, prepare(trial, config.prepare), model, classes, names)

    def _signals(self) -> tuple:
        """The signals' names that the model knows, and the recording; none without --ps."""
        if self.ps is None:
            return (), None
        from meps_lib.signals.files import load

        recording = load(self.ps, self.ps_sfreq)
        names = tuple(n for n in SIGNALS if n in recording.names)
        if not names:
            have = ", ".join(recording.names)
            raise MepsError(f"{self.ps} has {have}; expected at least one of EDA, ECG, PPG")
        return names, recording


def check_picture(path: Path) -> None:
    """Refuse a picture that could not be written, before minutes are spent on it."""
    if not path.parent.is_dir() or path.suffix not in (".png", ".jpg"):
        raise MepsError(f"--picture {path}: expected an existing folder, .png or .jpg")
