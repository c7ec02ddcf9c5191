"""What the names of MMME's frames say: when each was shot, and under which marker.

``2000-1-1-10-0-2-533-380-113.tif`` is year, month, day, hour, minute, second, millisecond, a code
and the marker on the trigger line.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from meps_lab.datasets.mmme_table import FPS, MARKERS
from meps_lab.datasets.readers.cells import subject_named
from meps_lab.datasets.readers.folders import folders_in
from meps_lab.datasets.readers.frames import frame_files, has_frames
from meps_lib.errors import MepsError

_TIME = re.compile(r"(\d+)-(\d+)-(\d+)-(\d+)-(\d+)-(\d+)-(\d{1,3})-\d+-\d+", re.ASCII)
_LONGEST_STEP_S = 1.5 / FPS
# CHOICE: 5 s. WHY: two computers' clocks drift by less in an hour, and clips last a minute.
_CLOCKS_S = 5.0


def check_times(folder: Path, last: int | None) -> None:
    """Every frame up to the last that a clip needs (None: of the folder) follows the one before it.

    Frames are numbered by counting them, so one that is missing would shift all behind it, and
    with them onset and apex, without a word.

    CHOICE: where no name has the documented form nothing is compared. WHY: there is no time in it.

    Raises
    ------
    MepsError
        If two frames are further apart than one and a half frames, or only some names have times.
    """
    paths = frame_files(folder, None)
    paths = [path for k, path in paths.items() if last is None or k <= last]
    times = [shot_at(path) for path in paths]
    if not any(times):
        return
    if None in times:
        raise MepsError(
            f"{paths[times.index(None)]}: no time in its name as in that of the frames beside it; "
            "expected Year-Month-Day-Hour-Minute-Second-Millisecond-Code-Marker: move it elsewhere"
        )
    for k in range(1, len(times)):
        step = (times[k] - times[k - 1]).total_seconds()
        if step > _LONGEST_STEP_S:
            raise MepsError(
                f"{paths[k]}: shot {1000 * step:.0f} ms after {paths[k - 1].name}, expected "
                f"{1000 / FPS:.1f} ms: frames between them are missing, so none can be counted; "
                "copy the folder again, or drop the clip"
            )


def shot_at(path: Path) -> datetime | None:
    """When a frame was shot; None if its name has no time.

    Examples
    --------
    >>> shot_at(Path("2000-1-1-10-0-2-533-380-113.tif")).microsecond
    533000
    """
    match = _TIME.fullmatch(path.stem)
    if match is None:
        return None
    *parts, ms = map(int, match.groups())
    try:
        return datetime(*parts, 1000 * ms)
    except ValueError:  # a 13th month
        return None


def marked_frame(folder: Path, marker: int, row: int) -> int:
    """The first frame, counted from 0, whose name carries the marker: the pulse belongs to it.

    CHOICE: frame 0 where the names carry none of the 48 markers. WHY: the table's times count
    from the clip's start, and the marker stands for that; the sources do not say more.

    Raises
    ------
    MepsError
        If the names carry the markers of other clips only.
    """
    first, others = _first_marked(folder, marker)
    if first is not None:
        return first
    if others:
        raise MepsError(
            f"{folder}: the frames' names carry the markers {', '.join(map(str, others))}, the "
            f"table says {marker} (row {row}): is it the folder of another clip?"
        )
    return 0


def nth_pulse(
    folder: Path, subject: str, marker: int, samples: Sequence[int], sfreq: float, source: object
) -> int:
    """Which of several pulses with one marker is a clip's: one of `samples`, which rise.

    There are 48 markers, but 75 subjects have 75 x 56 peripheral trials in ME-PS, so some clips
    may be shown twice; the sources do not say. Such clips are told apart by the camera's clock:
    if beside the clip's folder lie as many with that marker as there are pulses, the first pulse
    belongs to the first clip, and so on. Whatever that leaves open is refused: then a clip or a
    pulse is missing, and it could be any.

    CHOICE: the order of the folders, checked by how far apart they and the pulses are. WHY: their
    times cannot be compared as they are, for nothing says when the recording began.

    Raises
    ------
    MepsError
        If the folder does not lie in one of the subject's, there are not as many clips as pulses,
        a name has no time, or clips and pulses are not equally far apart.
    """
    at = ", ".join(f"{sample / sfreq:.3f}" for sample in samples)
    many = f"{source}: marker {marker} occurs {len(samples)} times, at {at} s"
    hint = "which of them is the clip cannot be told: copy all of the subject's, or leave it out"
    if subject_named(folder.parent.name) != subject_named(subject):
        raise MepsError(f"{many}; {folder} lies in no folder of {subject}, so {hint}")
    shot = {}
    for path in folders_in(folder.parent):
        first = _first_marked(path, marker)[0] if has_frames(path) else None
        if first is not None:
            shot[path] = shot_at(frame_files(path, None)[first])
    if len(shot) != len(samples) or folder not in shot or None in shot.values():
        raise MepsError(
            f"{many}; {folder.parent} has {len(shot)} clips with that marker and times in their "
            f"names: {hint}"
        )
    order = sorted(shot, key=shot.__getitem__)
    for k in range(1, len(order)):
        camera = (shot[order[k]] - shot[order[0]]).total_seconds()
        pulse = (samples[k] - samples[0]) / sfreq
        if abs(camera - pulse) > _CLOCKS_S:
            raise MepsError(
                f"{many}; by the frames' names {order[k].name} began {camera:.1f} s after "
                f"{order[0].name}: {hint}"
            )
    return samples[order.index(folder)]


def folders_that_tell(folder: Path, subject: str) -> list[Path]:
    """Those whose names `marked_frame`, `check_times` and `nth_pulse` may read for a clip."""
    if subject_named(folder.parent.name) != subject_named(subject):
        return [folder]
    return [folder.parent, *folders_in(folder.parent)]


def _first_marked(folder: Path, marker: int) -> tuple[int | None, list[int]]:
    """Number of the first frame with the marker; if there is none, the markers that there are."""
    others = set()
    for k, path in frame_files(folder, None).items():
        code = path.stem.rsplit("-", 1)[-1]
        if code == str(marker):
            return k, []
        if code.isdecimal() and int(code) in MARKERS:
            others.add(int(code))
    return None, sorted(others)
