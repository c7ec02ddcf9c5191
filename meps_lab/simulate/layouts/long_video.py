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
from meps_lab.simulate.laboratory import artefacts
from meps_lab.simulate.scenario import Scenario
from meps_lab.simulate.timing import lid_course

_CHUNK = 128  # frames rendered at once


@dataclass(frozen=True, eq=False)
class Session:
    """One video, and what the body will have to answer.

    Parameters
    ----------
    face : FaceClip
        The face over the whole video; its `lateral` is not used, since that differs by trial.
    lateral : ndarray, shape (T,)
        The one-sidedness of each frame.
    clips : DataFrame
        One row a showing, in its order: trial, onset, apex, offset (frames, the last one
        included), apex_exact (not rounded), aus (coded, a tuple), lateral, slower.
    events : tuple of Event
        Times in s from the first frame.
    fps : float
    """

    face: FaceClip
    lateral: np.ndarray
    clips: pd.DataFrame
    events: tuple[Event, ...]
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
        """Render the video piece by piece, as camera and depth sensor see it.

        Parameters
        ----------
        rng : numpy Generator
            Of the sensors' noise: one number of it, from which each frame has its own.
        dials : Scenario
            Its frame and depth noise are read.
        start, stop : int, optional
            First frame, and the one after the last; all if left out.
        depth : bool
            False for a camera alone; None then stands for the depth.

        Yields
        ------
        first : int
            Number of the piece's first frame.
        colour, mm : Tensor, shapes (n, 3, S, S) and (n, 1, S, S)
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
        face = self.face
        parts = [self.lateral, face.blink, face.gain, face.pose, face.intensity]
        state = np.column_stack(parts)[frames]
        _, first, same = np.unique(state, axis=0, return_index=True, return_inverse=True)
        colour = depth = None
        different = frames[first]
        for lateral in np.unique(self.lateral[different]):
            here = np.flatnonzero(self.lateral[different] == lateral)
            rows = different[here]
            part = face.pick(rows)
            used = part.intensity.any(axis=0)
            aus = tuple(np.array(face.aus, int)[used].tolist())
            moving = {"aus": aus, "intensity": part.intensity[:, used], "lateral": float(lateral)}
            c, d = replace(part, **moving).render()
            if colour is None:
                colour, depth = (x.new_empty(len(different), *x.shape[1:]) for x in (c, d))
            colour[here], depth[here] = c, d
        return colour[same.reshape(-1)], depth[same.reshape(-1)]

    def blinking(self, lids: np.ndarray) -> Session:
        """The same video with other blinks: those that the EEG shows.

        Parameters
        ----------
        lids : ndarray, shape (m, 2)
            Start and end of each blink, s from the first frame.
        """
        closed = lid_course(lids, np.arange(len(self)) / self.fps)
        return replace(self, face=replace(self.face, blink=closed))

    def record(
        self,
        cohort: CohortDataset,
        rng: np.random.Generator,
        *,
        lead_s: float = 0.0,
        tail_s: float = 0.0,
        **how: object,
    ) -> Episode:
        """Record the person's body over the session.

        Parameters
        ----------
        cohort : CohortDataset
            Whom the session is of; its scenario gives the artefacts.
        rng : numpy Generator
        lead_s, tail_s : float
            How long the recording starts before and ends after the video.
        **how
            Further arguments of `physiology.record`: signals, rates, EEG channels, blinks.

        Returns
        -------
        Episode
            Its times count from `lead_s` before the first frame.
        """
        events = tuple(replace(e, time_s=e.time_s + lead_s) for e in self.events)
        duration = lead_s + self.duration_s + tail_s
        body = cohort.plan(int(self.clips.trial[0])).body
        return record(
            body, rng, events, duration_s=duration, artefacts=artefacts(cohort.scenario), **how
        )
