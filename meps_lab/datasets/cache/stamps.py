"""Has a file changed since it was last looked at? Its size and its times tell, as in git."""

import os
import time
from collections.abc import Sequence

from meps_lib.errors import MepsError

# A file changed twice within one tick of its clock looks unchanged: one that young is not believed.
_SETTLED_NS = 2_000_000_000

Stamp = tuple[tuple[int, int, int], ...]


def stamp_of(files: Sequence[str | os.PathLike]) -> Stamp:
    """Size, time of the last change and time of the last change of anything about it, of each.

    The last one cannot be set back: it tells of an edit that kept the size and the other time,
    as copying with its times does.

    Parameters
    ----------
    files : sequence of path
        Files or folders; a folder's times tell of names that came, went or changed.

    Raises
    ------
    MepsError
        Naming the first that cannot be looked at.

    Examples
    --------
    >>> stamp_of([__file__]) == stamp_of([__file__])
    True
    """
    try:
        found = [os.stat(f) for f in files]
    except OSError as error:
        raise MepsError(
            f"{error.filename} cannot be read: {error.strerror}; copy it again, or index the data "
            "anew"
        ) from None
    return tuple((s.st_size, s.st_mtime_ns, s.st_ctime_ns) for s in found)


def settled(stamp: Stamp) -> bool:
    """Whether none was changed just before, so that a stamp that stays says that they do.

    What was copied with its times a moment ago is young too, however old it says it is.
    """
    return time.time_ns() - max((t for s in stamp for t in s[1:]), default=0) > _SETTLED_NS
