"""Where in a long clip of one's own a face may show an expression: a curve, and its highest places.

The clip is gone through twice; of its pictures only small crops of the last half second are kept.
"""

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from meps_lib.errors import MepsError
from meps_lib.video.alignment import transforms, warp
from meps_lib.video.faces import Face, lying
from meps_lib.video.flow import optical_flow, optical_strain
from meps_lib.video.follow import the_face
from meps_lib.video.load import look, opened
from meps_lib.video.sources import FPS_RANGE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LONGEST_S = 1.0  # s of a clip that is taken as it is
APART_S = 0.25  # CHOICE: half of the longest micro-expression: what came is gone again
LOOK_HZ, MOVE_HZ = 5, 30  # CHOICE: how often the face is looked for, and its motion measured
SMOOTH_S = 0.5  # of the face's track, longer than an expression
SIZE = 64  # pixels a side of the crops
MOST = 5  # candidates that are told
BARS = " ▁▂▃▄▅▆▇█"


@dataclass(frozen=True, eq=False)
class Found:
    """A motion curve and its candidates, the highest first.

    Shape: ``numbers``, ``times`` (s) and ``curve`` (strain, no unit) have one entry for each frame
    that was measured; ``peaks`` are places in them, ``parts`` their frames, first and one after
    the last.
    """

    numbers: np.ndarray
    times: np.ndarray
    curve: np.ndarray
    peaks: list[int]
    parts: list[tuple[int, int]]
    faces: list[Face]  # the one that is followed, near each peak

    @property
    def strongest(self) -> tuple[tuple[int, int], Face]:
        """Frames of the highest candidate, and whose face it is."""
        return self.parts[0], self.faces[0]

    def told(self, video: Path) -> str:
        """The curve and the candidates in words."""
        usual = float(np.median(self.curve)) or 1.0
        ends = self.times[[0, -1]]
        height = np.zeros(60)
        place = ((self.times - ends[0]) / (np.ptp(ends) or 1) * (len(height) - 1)).astype(int)
        np.maximum.at(height, place, self.curve)
        rows = np.ceil(height / (height.max() or 1) * (len(BARS) - 1)).astype(int)
        lines = [
            f"{video}: {np.ptp(ends):.1f} s; where the face moves and comes back:",
            f"  {ends[0]:.1f} s |{''.join(BARS[r] for r in rows)}| {ends[1]:.1f} s",
        ]
        for k, (first, stop) in zip(self.peaks, self.parts, strict=True):
            lines.append(
                f"  at {self.times[k]:.2f} s, {self.curve[k] / usual:.1f} times the usual motion: "
                f"--start {first} --stop {stop}"
            )
        return "\n".join(lines)

    def drawn(self) -> "Figure":
        """The curve as a figure."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(9, 2.6), layout="constrained")
        axis = figure.subplots()
        axis.plot(self.times, self.curve, color="black", linewidth=0.8)
        axis.plot(self.times[self.peaks], self.curve[self.peaks], "o", fillstyle="none")
        axis.set(xlabel="time in the video (s)", ylabel="strain, there and back (no unit)")
        return figure


def search(
    path: Path, fps: float | None = None, start: int = 0, stop: int | None = None
) -> Found | None:
    """Look for expressions in a clip; None if it lasts `LONGEST_S` at most.

    The curve is the strain of the face against a quarter of a second before and after, the smaller
    of the two: an expression comes and goes, while a turn of the head or a lasting smile does not
    go back.

    Raises
    ------
    MepsError
        As `meps_lib.video.watch`.
    """
    source = opened(path, fps, start, stop)
    rate, (least, most) = source.rate(), FPS_RANGE
    rate = rate if least <= rate <= most else MOVE_HZ  # it only says how many frames to pass over
    every, move = (max(1, round(rate / hz)) for hz in (LOOK_HZ, MOVE_HZ))
    if stop is not None and stop - start <= every:
        return None
    found, lost = look(source, start, stop, every)
    times = source.times()
    if np.ptp(times) <= LONGEST_S:
        return None
    try:
        track, second = the_face(found, str(path))
        if 2 * len(track) < len(found):
            raise MepsError(
                f"{path}: one face in {len(track)} of {len(found)} frames looked at, less than "
                "half; cut the clip to where it is, by --start and --stop"
            )
    except MepsError as error:
        raise MepsError(f"{error}{lying(lost)}") from None
    if second:
        print(f"{path}: {second}")
    matrices = transforms(
        [track.get(k) for k in range(len(found))], str(path), SIZE, SMOOTH_S, LOOK_HZ
    )
    measured = np.arange(0, len(times), move)
    at = times[measured]
    since, kept = np.zeros(len(measured)), deque()
    for n, frame in enumerate(source.frames(start, stop, move)):
        place = measured[n] / every
        matrix = matrices[min(round(place), len(matrices) - 1)]
        crop = warp(frame, matrix, SIZE)
        while len(kept) > 1 and kept[1][0] <= at[n] - APART_S:
            kept.popleft()
        near = {int(place), min(int(np.ceil(place)), len(found) - 1)}
        if kept and kept[0][0] <= at[n] - APART_S and near <= track.keys():
            since[n] = optical_strain(optical_flow(kept[0][1], crop, "dis")).mean()
        kept.append((at[n], crop))
    back = np.searchsorted(at, at + APART_S)
    curve = np.minimum(since, np.append(since, 0)[back.clip(max=len(since))])
    curve = gaussian_filter1d(curve, 1.0, mode="nearest")
    tops, peaks = find_peaks(curve)[0].tolist() or [int(curve.argmax())], []
    for k in sorted(tops, key=lambda k: -curve[k]):
        if all(abs(at[k] - at[other]) >= LONGEST_S for other in peaks):  # by time: rates may vary
            peaks.append(k)
    peaks = peaks[:MOST]
    half = LONGEST_S / 2
    ends = [np.searchsorted(times, (at[k] - half, at[k] + half)) + start for k in peaks]
    near = [min(track, key=lambda j: abs(j * every - measured[k])) for k in peaks]
    parts = [(int(a), int(b)) for a, b in ends]
    return Found(measured + start, at, curve, peaks, parts, [track[j] for j in near])
