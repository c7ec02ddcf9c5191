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
PICTURES = (".png", ".jpg")


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

    def ready(self) -> Ready:
        """Find and align the face, spot the apex, cut the signals, and load the model.

        Raises
        ------
        MepsError
            For files that cannot be read, no face, or no signal that the model knows.
        """
        from meps_lab.cli.demo import add_signals, demo_model
        from meps_lab.prepare import prepare
        from meps_lib.signals import load
        from meps_lib.video import load_trial_from_video

        trial = load_trial_from_video(
            self.video, size=96, fps=self.fps, start=self.start, stop=self.stop
        )
        names, recording = (), None
        if self.ps is not None:
            recording = load(self.ps, self.ps_sfreq)
            names = tuple(n for n in SIGNALS if n in recording.names)
            if not names:
                have = ", ".join(recording.names)
                raise MepsError(f"{self.ps} has {have}; expected at least one of EDA, ECG, PPG")
        model, classes, config = demo_model(names)
        if recording is not None:
            trial = add_signals(trial, recording, self.video_at, model)
        trial.label = classes[0]  # `collate` wants one; the model never reads it
        return Ready(trial, prepare(trial, config.prepare), model, classes, names)
