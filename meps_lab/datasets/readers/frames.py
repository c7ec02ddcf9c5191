"""Which file is which frame: the pictures of a folder by the number in their names."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from meps_lab.datasets.cache.stamps import Stamp, settled, stamp_of
from meps_lib.errors import MepsError
from meps_lib.video import frames
from meps_lib.video.frames import frames_between, frames_missing, list_frames, picture_names

__all__ = ["frame_files", "frames_between", "frames_missing", "gap_in", "has_frames", "numbered_by"]


def has_frames(folder: Path) -> bool:
    """Whether a folder has a picture in it; False too if there is no such folder."""
    try:
        return any(picture_names(folder))
    except (OSError, ValueError):
        return False


def frame_files(folder: Path, number: str | None) -> Mapping[int, Path]:
    """`meps_lib.video.frames.list_frames`, which a folder that stays as it is pays for once."""
    try:
        stamp = stamp_of([folder])
    except (MepsError, ValueError):
        stamp = ()  # the listing itself says what is wrong
    # All clips of a long video share its folder, and listing it takes longer than reading a kept
    # clip. A folder that changed just now may change again without a later time.
    listing = _listing if settled(stamp) else _listing.__wrapped__
    return listing(Path(folder), number, stamp)


def numbered_by(folder: Path) -> str | None:
    """As `meps_lib.video.frames.numbered_by`, of a folder on disk."""
    return frames.numbered_by(folder, frame_files(folder, None))


@lru_cache(maxsize=32)
def _listing(folder: Path, number: str | None, stamp: Stamp) -> Mapping[int, Path]:
    return list_frames(folder, number)


def gap_in(
    folder: Path, number: str | None, first: int | None = None, last: int | None = None
) -> str:
    """Which frames of a clip are not in its folder, or why nobody can tell; "" if all are there.

    An end of the clip that is None is that of the folder.
    """
    try:
        files = frame_files(folder, number)
    except MepsError as error:  # flags are separated by semicolons
        return str(error).removeprefix(f"{folder}: ").partition("; ")[0]
    ends = min(files) if first is None else first, max(files) if last is None else last
    if gap := frames_missing(files, *ends):
        return f"{gap} is not on disk"
    empty = [n for n in range(ends[0], ends[1] + 1) if not _has_bytes(files[n])]
    more = f" and {len(empty) - 1} more" if len(empty) > 1 else ""
    return f"frame {empty[0]}{more} is an empty file, or a link to nothing" if empty else ""


def _has_bytes(path: Path) -> bool:
    """Whether a picture is more than a name: a copy that was cut short leaves empty files."""
    try:
        return path.stat().st_size > 0
    except OSError:
        return False
