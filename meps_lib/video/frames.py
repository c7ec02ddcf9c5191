"""Which file is which frame: the pictures of a folder by the number in their names.

A number tells where a frame is missing; a count does not.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from meps_lib.errors import MepsError
from meps_lib.files import is_text
from meps_lib.video.pictures import IMAGE_SUFFIXES, is_picture, natural

NUMBER = r"(\d+)$"  # of a picture, at the end of its name
UNREAD = (".heic", ".jp2", ".pgm", ".ppm", ".webp")  # frames may have them; `read_picture` none


def picture_names(folder: Path) -> Iterator[str]:
    """Names of the pictures in a folder, in no order."""
    # What is no plain file fails by name when it is read; asking each would take long.
    with os.scandir(folder) as inside:
        pictures = (entry for entry in inside if is_picture(entry.name))
        yield from (entry.name for entry in pictures if not entry.is_dir(follow_symlinks=False))


def list_frames(folder: Path, number: str | None) -> Mapping[int, Path]:
    """The pictures of a folder by frame number, rising, in a mapping that cannot be changed.

    Parameters
    ----------
    folder : Path
    number : str or None
        Regular expression for the file's name without its ending, whose group 1 is the number;
        pictures with other names are no frames. None: frames are counted from 0, in natural
        order.

    Raises
    ------
    MepsError
        If the folder cannot be read, has no frames, or two for one number; where they are counted,
        also if there is a picture of a kind that is not read.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("img10.jpg", "img9.JPG", "Thumbs.db", "._img9.jpg"):
    ...     (folder / name).touch()
    >>> {n: path.name for n, path in list_frames(folder, r"^img([0-9]+)$").items()}
    {9: 'img9.JPG', 10: 'img10.jpg'}
    """
    try:
        names = list(picture_names(folder))
        unread = [] if number else [n for n in os.listdir(folder) if n.lower().endswith(UNREAD)]
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise MepsError(
            f"{folder}: no folder of frames ({reason}); is the copy complete?"
        ) from None
    if not names:
        raise MepsError(f"{folder}: no picture in it ({', '.join(IMAGE_SUFFIXES)})")
    if unread:
        raise MepsError(
            f"{folder}: {min(unread)!r} is of a kind that is not read ({len(unread)} such beside "
            f"{len(names)} pictures); convert it to PNG if it is a frame, else move it elsewhere"
        )
    found: dict[int | tuple, str] = {}
    for name in sorted(names):
        stem = name[: name.rindex(".")]
        if number is None:
            key: int | tuple = tuple(natural(stem))
        else:
            match = re.search(number, stem)
            if not match:
                continue
            key = int(match[1])
        if not is_text(name):
            raise MepsError(f"{folder}: {ascii(name)} holds a byte that is not UTF-8; rename it")
        if key in found:
            raise MepsError(
                f"{folder}: {found[key]!r} and {name!r} are one frame; remove the wrong one"
            )
        found[key] = name
    if not found:
        raise MepsError(
            f"{folder}: no picture is called like a frame, {number!r}: got {min(names)!r}"
        )
    order = sorted(found)
    frames = {k if number is None else n: folder / found[n] for k, n in enumerate(order)}
    return MappingProxyType(frames)  # it is shared: nobody may change it


def numbered_by(folder: Path, files: Mapping[int, Path]) -> str | None:
    """Where the frame's number stands in the names of a folder's pictures.

    Cameras write more numbers than this one, as in ``frame-000012.color_640x480.png``. It is
    another in each name; of several such it runs over the shortest span, as a count does beside
    times.

    Parameters
    ----------
    folder : Path
        For the message.
    files : mapping of int to Path
        Its pictures, as `list_frames` counts them.

    Returns
    -------
    str or None
        As `list_frames` takes it. None if no name has a number: they are to be counted.

    Raises
    ------
    MepsError
        If only some of the names have one, or several change and none of them tells all frames
        apart.

    Examples
    --------
    >>> names = ("0007-depth_16bit.png", "0009-depth_16bit.png")
    >>> where = numbered_by(Path("clip"), dict(enumerate(map(Path, names))))
    >>> [int(re.search(where, name)[1]) for name in names]
    [7, 9]
    """
    names = [path.name[: path.name.rindex(".")] for path in files.values()]
    numbers = [natural(name)[1::2] for name in names]
    if len({len(row) for row in numbers}) > 1:
        odd = [path.name for path in files.values() if not re.search(NUMBER, path.stem)]
        if 0 < len(odd) < len(names):
            raise MepsError(
                f"{folder}: {odd[0]!r} does not end in a frame's number; {len(names) - len(odd)} "
                f"of the {len(names)} pictures do; move it elsewhere, or give it its number"
            )
        return None if odd else NUMBER
    places = [set(column) for column in zip(*numbers, strict=True)]
    changing = [k for k, place in enumerate(places) if len(place) > 1]
    if not changing:  # the same number in all, or none: the former is told when they are listed
        return NUMBER if re.search(NUMBER, names[0]) else None
    own = [k for k in changing if len(places[k]) == len(names)]
    if len(changing) > 1 and not own:
        raise MepsError(
            f"{folder}: in {names[0]!r} and {names[-1]!r} several numbers change, and none is "
            "another in each name; expected one clip whose pictures are numbered; times in "
            "names are not read: number the pictures 0, 1, 2 ... in order"
        )
    place = min(own or changing, key=lambda k: max(places[k]) - min(places[k]))
    return rf"^\D*(?:\d+\D+){{{place}}}(\d+)"


def frames_missing(files: Mapping[int, Path], first: int, last: int | None) -> str:
    """Which frames of a clip are not among some, in words; "" if all are.

    Examples
    --------
    >>> frames_missing({3: Path("3.jpg"), 6: Path("6.jpg")}, 3, 6)
    'frame 4 and 1 more of 3 to 6'
    """
    last = max(first, first if last is None else last)
    # Counted over the shorter of both: a slip in a table can ask for more frames than memory holds.
    span = range(first, last + 1)
    short, long = sorted((span, files), key=len)
    lacking = len(span) - sum(n in long for n in short)
    if not lacking:
        return ""
    more = f" and {lacking - 1} more" if lacking > 1 else ""
    return f"frame {next(n for n in span if n not in files)}{more} of {first} to {last}"


def frames_between(folder: Path, files: Mapping[int, Path], first: int, last: int) -> list[Path]:
    """The files of all frames from first to last, both included.

    Raises
    ------
    MepsError
        If one is missing, naming the first such and the folder.
    """
    if lacking := frames_missing(files, first, last):
        raise MepsError(
            f"{folder}: {lacking} missing; there are {len(files)} frames, {min(files)} to "
            f"{max(files)}; copy the folder again, or drop the clip"
        )
    return [files[n] for n in range(first, last + 1)]


def all_frames(folder: Path) -> Mapping[int, Path]:
    """The files of a clip that is a folder, by number: each frame once, none missing between two.

    Raises
    ------
    MepsError
        As the others here; also if there is one picture alone.
    """
    counted = list_frames(folder, None)
    if len(counted) < 2:
        raise MepsError(
            f"{folder}: 1 image; expected a folder with at least two frames "
            f"({', '.join(IMAGE_SUFFIXES)}), since one picture holds no motion"
        )
    files = list_frames(folder, numbered_by(folder, counted))
    first, last = min(files), max(files)
    if lacking := frames_missing(files, first, last):
        sparse = 2 * len(files) <= last - first + 2
        hint = (
            "; if the numbers are times, or pictures were left out on purpose, number them "
            "0, 1, 2 ... and give the rate that is left"
        )
        raise MepsError(
            f"{folder}: {lacking} missing; there are {len(files)} frames, {first} to {last}; copy "
            f"the folder again, or drop the clip{hint if sparse else ''}"
        )
    return files
