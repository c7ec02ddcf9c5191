"""Memory that a step of training frees stays with the process, and the next step takes it again.

GNU's C library gives large pieces back to the system, which clears them page by page when they are
asked for again: of a step of STSTNet on a CPU this was up to a third, by what else lies in memory;
S1 gained nothing. Elsewhere (Windows, macOS, musl) nothing is changed.
"""

import ctypes
import os
import platform
from functools import cache

# Of malloc.h: what is at least so large is asked of the system alone, and given back when freed;
# and how much may be free at the end of the heap. The first may be 32 MiB in any version.
_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1
_LARGE, _FREE = 2**25, 2**30


@cache
def keep_freed() -> bool:
    """Have this process keep memory that it frees, up to 1 GiB; whether it can.

    Who has set an own way, by ``MALLOC_TRIM_THRESHOLD_``, ``MALLOC_MMAP_THRESHOLD_`` or a
    ``glibc.malloc`` of ``GLIBC_TUNABLES``, keeps it.
    """
    own = {"MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"} & os.environ.keys()
    own = own or "glibc.malloc." in os.environ.get("GLIBC_TUNABLES", "")
    if platform.libc_ver()[0] != "glibc" or own:
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return all([mallopt(_MMAP_THRESHOLD, _LARGE), mallopt(_TRIM_THRESHOLD, _FREE)])
