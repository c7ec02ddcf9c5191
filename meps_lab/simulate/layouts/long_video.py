"""A long video of one simulated person, and the body that was recorded beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from meps_lab.simulate.body.physiology import Episode, Event, record
from meps_lab.simulate.cohort import CohortDataset
from meps_lab.simulate.face.clip import FaceClip
from meps_lab.simulate.face.sensor import gain_course, sense_colour, sense_depth
from meps_lab.simulate.laboratory import artefacts_of
from meps_lab.simulate.scenario import Scenario
from meps_lab.simulate.timing import lid_course

_CHUNK = 128  # frames rendered at once


@dataclass(frozen=True, eq=False)
class Session:
    """One video of T frames, and what the body will have to answer."""

    face: FaceClip  # over the whole video; its `lateral` is not used, since that differs by trial
    lateral: np.ndarray  # (T,), the one-sidedness of each frame
    # One row a showing, in its order: trial, onset, apex, offset (frames, the last one included),
    # apex_exact (not rounded), lateral, aus (coded, a tuple), slower.
    clips: pd.DataFrame
    events: tuple[Event, ...]  # times in s from the first frame
    fps: float

    def __len__(self) -> int:
        return len(self.lateral)

    @property
    def duration_s(self) -> float:
        return len(self) / self.fps

    def frames(
        self,
        rng: np.random.Generator,
        dials: Scenario,
        start: int = 0,
        stop: int | None = None,
        depth: bool = True,
    ) -> Iterator[tuple[int, Tensor, Tensor | None]]:
        """Render the video from `start` to before `stop`, as camera and depth sensor see it.

        One number of `rng` decides about the noise of every frame; `dials` say how much.

        Yields
        ------
        first : int
            Number of the piece's first frame.
        colour, mm : Tensor, shapes (n, 3, S, S) and (n, 1, S, S)
            None instead of the range without `depth`.
        """
        stop, key = len(self) if stop is None else stop, int(rng.integers(2**63))
        # Once a video: the sensor does not notice how much of it is rendered at a time.
        gain = gain_course(np.random.default_rng([key, 0]), len(self), dials.depth_gain_jumps_mm)
        for first in range(start, stop, _CHUNK):
            colour, mm = self._render(np.arange(first, min(first + _CHUNK, stop)))
            for i in range(len(colour)):
                own, one = np.random.default_rng([key, 1, first + i]), slice(i, i + 1)
                colour[one] = sense_colour(colour[one], own, dials.frame_noise)
                if depth:
                    far = mm[one] + float(gain[first + i])
                    mm[one] = sense_depth(far, own, dials.depth_noise_mm, dials.depth_holes)
            # 0 is how such a sensor says "missing": what seems nearer than 1 mm is.
            yield first, colour, mm.masked_fill_(mm < 1, torch.nan) if depth else None

    def _render(self, frames: np.ndarray) -> tuple[Tensor, Tensor]:
        """Picture and range of these frames; those that do not differ are rendered once."""
        face = self.face
        state = [self.lateral, face.blink, face.gain, face.pose, face.intensity]
        _, first, same = np.unique(
            np.column_stack(state)[frames], axis=0, return_index=True, return_inverse=True
        )
        different, parts = frames[first], []
        sides = self.lateral[different]  # in rising order, as the first column is
        for lateral in np.unique(sides):
            part = face.pick(different[sides == lateral])
            used = part.intensity.any(axis=0)
            aus = tuple(np.array(face.aus, int)[used].tolist())
            moving = {"aus": aus, "intensity": part.intensity[:, used], "lateral": float(lateral)}
            parts.append(replace(part, **moving).render())
        colour, depth = (torch.cat(pieces)[same.reshape(-1)] for pieces in zip(*parts, strict=True))
        return colour, depth

    def blinking(self, lids: np.ndarray) -> Session:
        """The same video with other blinks: start and end in s, (m, 2), as the EEG shows them."""
        closed = lid_course(lids, np.arange(len(self)) / self.fps)
        return replace(self, face=replace(self.face, blink=closed))

    def record(
        self,
        cohort: CohortDataset,
        rng: np.random.Generator,
        lead_s: float,
        tail_s: float,
        **how: object,
    ) -> Episode:
        """Record the person's body, from `lead_s` before the video to `tail_s` after it.

        `cohort` is whom the session is of; `how` are further arguments of `physiology.record`.
        The times of the episode count from its own start.
        """
        events = [replace(e, time_s=e.time_s + lead_s) for e in self.events]
        how |= {"duration_s": lead_s + self.duration_s + tail_s}
        how |= {"artefacts": artefacts_of(cohort.scenario)}
        return record(cohort.plan(int(self.clips.trial[0])).body, rng, events, **how)
