"""Follow one face through a clip, and say what else was in the picture."""

import warnings
from collections.abc import Iterable, Sequence

import numpy as np

from meps_lib.errors import MepsError
from meps_lib.video.faces import Face

MAX_GAP = 3  # frames in a row that the detector may miss; blur and blinks cause such gaps
MIN_FRAMES = 7  # CHOICE: with a face, in a row; at 30 Hz the shortest expression has as many
SAME_FACE = 0.3  # least overlap (IoU) of a face's boxes in consecutive frames


class FaceLostWarning(UserWarning):
    """Frames were dropped, or kept on trust, for want of the face, or there are two faces."""


def tracks_of(found: Sequence[Sequence[Face]]) -> list[dict[int, Face]]:
    """The faces of each person in the picture, by frame.

    In each frame a face goes to the track whose last box it overlaps most; what overlaps none by
    `SAME_FACE` begins another. So a face that was hidden goes on when it is back in its place.

    Examples
    --------
    >>> left, right = Face((0, 0, 9, 9), None), Face((50, 0, 20, 20), None)
    >>> [list(track) for track in tracks_of([[left], [right, left], [], [left]])]
    [[0, 1, 3], [1]]
    """
    tracks: list[dict[int, Face]] = []
    for k, faces in enumerate(found):
        pairs = [
            (_overlap(track[max(track)].box, face.box), t, f)
            for t, track in enumerate(tracks)
            for f, face in enumerate(faces)
        ]
        free = set(range(len(faces)))
        for overlap, t, f in sorted(pairs, reverse=True):
            if overlap > SAME_FACE and f in free and k not in tracks[t]:
                tracks[t][k] = faces[f]
                free.remove(f)
        tracks += [{k: faces[f]} for f in sorted(free)]
    return tracks


def the_face(
    found: Sequence[Sequence[Face]], source: str, like: Face | None = None
) -> tuple[dict[int, Face], str]:
    """Of `tracks_of` the one that is in most frames, the largest of equals; and in words a second.

    Parameters and errors are those of `follow`.
    """
    tracks = tracks_of(found)
    if not tracks:
        raise MepsError(
            f"{source}: no face in any of {len(found)} frames; expected one frontal and upright "
            "face, at least a sixth of the picture's shorter side"
        )

    def rank(track: dict[int, Face]) -> tuple:
        sizes = [face.box[2] * face.box[3] for face in track.values()]
        near = max(_overlap(like.box, face.box) for face in track.values()) if like else 0
        return near, len(track), np.median(sizes)

    track, *others = sorted(tracks, key=rank, reverse=True)
    other = max(others, key=len, default={})
    if len(other) <= MAX_GAP:  # one or two are slips of the detector
        return track, ""
    here, there = (_place(next(iter(t.values()))) for t in (track, other))
    return track, (
        f"two faces: kept the one {here}, in {len(track)} of {len(found)} frames; the other is "
        f"{there}, in {len(other)}"
    )


def follow(
    found: Sequence[Sequence[Face]],
    source: str,
    start: int = 0,
    min_frames: int = MIN_FRAMES,
    like: Face | None = None,
) -> tuple[int, int, list[Face | None]]:
    """One face through a clip: the one that is in most frames, the largest of equals.

    Parameters
    ----------
    found : sequence of sequence of Face
        One entry a frame, as `find_faces` gives it.
    source : str
        For messages.
    start : int
        Number of the first frame, for messages.
    min_frames : int
        Fewest frames that make a usable clip.
    like : Face, optional
        Follow the face that overlaps this one most.

    Returns
    -------
    first, stop : int
        Indices of the longest part in which the face is there, but for gaps of up to `MAX_GAP`.
    faces : list of Face or None
        One entry a frame of the part.

    Warns
    -----
    FaceLostWarning
        Naming the frames that were left out, those with no face and those with another one; those
        kept although the detector missed the face there; and a second face, if there is one.

    Raises
    ------
    MepsError
        If no frame has a face, or the part is too short.
    """
    track, second = the_face(found, source, like)
    run = max(_runs(track, MAX_GAP), key=lambda r: r[-1] - r[0])
    first, stop = run[0], run[-1] + 1

    def numbers(wanted) -> str:
        runs = _runs(k + start for k in range(len(found)) if wanted(k))
        return ", ".join(f"{r[0]}-{r[-1]}" if len(r) > 1 else f"{r[0]}" for r in runs)

    def out(k: int) -> bool:
        return not first <= k < stop

    if stop - first < min_frames:
        without = f" (without it: frames {lost})" if (lost := numbers(out)) else ""
        raise MepsError(
            f"{source}: one face stays for {stop - first} frames in a row at most{without}; "
            f"expected at least {min_frames}; record again, closer and frontal"
        )
    parts = []
    if away := numbers(lambda k: out(k) and not found[k]):
        parts.append(f"no face in frames {away}")
    if other := numbers(lambda k: out(k) and found[k] and k not in track):
        parts.append(f"another face in frames {other}")
    if alone := numbers(lambda k: out(k) and k in track):
        parts.append(f"the face beyond a gap in frames {alone}")
    if parts:
        parts.append(
            f"kept frames {first + start}-{stop - 1 + start} ({stop - first} of {len(found)})"
        )
    if trusted := numbers(lambda k: not out(k) and k not in track):
        parts.append(f"kept frames {trusted}, where the detector missed the face, on trust")
    if second:
        parts.append(second)
    if parts:
        warnings.warn(f"{source}: {'; '.join(parts)}", FaceLostWarning, stacklevel=5)
    return first, stop, [track.get(k) for k in range(first, stop)]


def _place(face: Face) -> str:
    x, y, w, h = face.box
    return f"at ({x + w / 2:.0f}, {y + h / 2:.0f}), {w:.0f} pixels wide"


def _overlap(a, b) -> float:
    """Intersection over union of two boxes (x, y, w, h)."""
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    both = max(w, 0) * max(h, 0)
    return both / (a[2] * a[3] + b[2] * b[3] - both)


def _runs(numbers: Iterable[int], gap: int = 0) -> list[list[int]]:
    """Rising numbers, parted where more than `gap` are missing: 3, 4, 5, 9 -> [3, 4, 5], [9]."""
    runs: list[list[int]] = []
    for n in numbers:
        if runs and n - runs[-1][-1] <= gap + 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    return runs
