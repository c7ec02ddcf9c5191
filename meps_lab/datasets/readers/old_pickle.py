"""Pickles of numpy arrays from strangers, read without running anything that they name.

A pickle is a program: whatever function it names is called. Here every name is refused but
five, and these five are replaced by stand-ins that only check and store. Nothing of numpy is
called before an array is asked for by `Packed.array`, with its size held against its bytes.
"""

import pickle
import re
from collections.abc import Callable
from math import prod
from pathlib import Path

import numpy as np

from meps_lib.errors import MepsError


class Packed:
    """An array as the pickle holds it: checked when it is built, made when asked for."""

    shape: tuple[int, ...] = ()

    def __setstate__(self, state: tuple) -> None:
        _version, shape, dtype, fortran, raw = state
        if not isinstance(dtype, _Dtype):
            raise _Odd("an array without a type")
        if not isinstance(raw, str | bytes):
            raise _Odd(f"an array that holds a {type(raw).__name__}, not numbers")
        if len(shape) > 8 or not all(isinstance(n, int) and 0 <= n < 2**60 for n in shape):
            raise _Odd("an array whose shape is no row of whole numbers")
        if prod(shape) * dtype.code.itemsize != len(raw):
            raise _Odd(f"an array of {prod(shape)} values of {dtype.code} in {len(raw)} bytes")
        self.shape, self._dtype, self._raw = tuple(shape), dtype, raw
        self._order = "F" if fortran else "C"

    def array(self) -> np.ndarray:
        """The array; it cannot be written into.

        Raises
        ------
        MepsError
            If its bytes are text.
        """
        # Here and not before: thousands of arrays may share one long string.
        try:
            raw = self._raw.encode("latin1") if isinstance(self._raw, str) else self._raw
        except UnicodeEncodeError:
            raise MepsError("an array that holds text, not numbers") from None
        return np.frombuffer(raw, self._dtype.code).reshape(self.shape, order=self._order)


class _Odd(Exception):
    """Something that a pickle of arrays does not hold."""


class _Dtype:
    def __init__(self, code: object, *_flags: object):
        code = code.decode("latin1") if isinstance(code, bytes) else code
        if not isinstance(code, str):  # nor put into words: that could take for ever
            raise _Odd("an array of no type")
        if not re.fullmatch(r"[<>|=]?([biu][1248]|f[248])", code):
            raise _Odd(f"an array of type {code[:20]!r}, not of whole or real numbers")
        self.code = np.dtype(code)

    def __setstate__(self, state: tuple) -> None:
        order = state[1].decode("latin1") if isinstance(state[1], bytes) else state[1]
        if order not in ("<", ">", "|", "="):
            raise _Odd("an array of unknown byte order")
        self.code = self.code.newbyteorder("<" if order == "=" else order)


class _Ndarray:
    """Names the class where a pickle asks for an array; never made."""


def _reconstruct(_kind: object, _shape: object, _code: object) -> Packed:
    return Packed()


def _scalar(dtype: _Dtype, raw: object) -> int | float:
    packed = Packed()
    packed.__setstate__((1, (), dtype, False, raw))
    return packed.array().item()


def _encode(text: str, encoding: str = "latin1") -> str:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise _Odd("bytes that are not written as Latin-1")
    # As it is, like Python 2's strings: bytes would be a copy at every call, and a small file can
    # ask for thousands of copies of one long text.
    return text


_ADMITTED: dict[tuple[str, str], Callable] = {
    ("numpy", "ndarray"): _Ndarray,
    ("numpy", "dtype"): _Dtype,
    ("_codecs", "encode"): _encode,
}
for _there in ("numpy.core.multiarray", "numpy._core.multiarray"):  # before and after numpy 2
    _ADMITTED |= {(_there, "_reconstruct"): _reconstruct, (_there, "scalar"): _scalar}
_REFUSED = """
    EMPTY_SET ADDITEMS FROZENSET INST OBJ NEWOBJ NEWOBJ_EX EXT1 EXT2 EXT4 PERSID BINPERSID
    BYTEARRAY8 NEXT_BUFFER READONLY_BUFFER
"""


class _Reader(pickle._Unpickler):
    # WHY the reader in Python, not the one in C: its table of steps can be cut down, and six
    # bytes of a hostile file make the other one reserve gigabytes. Arrays are few and large, so
    # it is as fast.
    dispatch = dict(pickle._Unpickler.dispatch)
    for _op in _REFUSED.split():
        del dispatch[getattr(pickle, _op)[0]]

    def find_class(self, module: str, name: str) -> Callable:
        if (module, name) not in _ADMITTED:
            raise _Odd(f"it asks for {module[:40]}.{name[:40]}, which was refused")
        return _ADMITTED[module, name]

    def load_build(self) -> None:
        if not isinstance(self.stack[-2], Packed | _Dtype):
            raise _Odd(f"it sets the state of a {type(self.stack[-2]).__name__}")
        super().load_build()

    def load_inst(self) -> None:
        where = (self.readline()[:-1].decode("latin1") for _ in "ab")
        self.find_class(*where)
        raise _Odd("it makes an object")

    # A key of nested tuples could be hashed for ever, and whole numbers can be chosen so that all
    # fall into one place, where each is compared with all before it; text cannot.
    def _check_keys(self, keys: list) -> None:
        if not all(isinstance(key, str | bytes) for key in keys):
            raise _Odd("a dictionary with a key that is no text")

    def load_setitem(self) -> None:
        self._check_keys(self.stack[-2:-1])
        super().load_setitem()

    def load_setitems(self) -> None:
        self._check_keys(self.stack[::2])
        super().load_setitems()

    def load_dict(self) -> None:
        self._check_keys(self.stack[::2])
        super().load_dict()

    # The memo is a dictionary too, and this is the one step that takes a place of any length.
    def load_put(self) -> None:
        place = int(self.readline())
        if not 0 <= place < 2**32:
            raise _Odd(f"it keeps something at place {str(place)[:20]}")
        self.memo[place] = self.stack[-1]

    dispatch |= {pickle.PUT[0]: load_put, pickle.BUILD[0]: load_build, pickle.INST[0]: load_inst}
    dispatch |= {pickle.SETITEM[0]: load_setitem, pickle.SETITEMS[0]: load_setitems}
    dispatch[pickle.DICT[0]] = load_dict


def read_old_pickle(path: Path) -> dict:
    """Read a pickle of dictionaries, lists, text, numbers and numeric arrays.

    Parameters
    ----------
    path : Path
        Written by Python 2 (whose byte strings are read as Latin-1) or 3.

    Returns
    -------
    dict
        With a `Packed` where the pickle has an array.

    Raises
    ------
    MepsError
        If the file cannot be read or is cut off; if it names anything but numpy's arrays, types
        and scalars and the codec of their bytes; if it holds arrays of objects, or is no
        dictionary. Nothing that it names is ever run.

    References
    ----------
    "Warning: the pickle module is not secure", docs.python.org/3/library/pickle.html, and there
    "Restricting Globals".
    """
    try:
        with path.open("rb") as file:
            content = _Reader(file, encoding="latin1").load()
    except _Odd as odd:
        raise MepsError(
            f"{path}: {odd}; expected dictionaries of arrays: get the file from its authors"
        ) from None
    except OSError as error:
        raise MepsError(f"{path}: cannot be read ({error.strerror}); copy it again") from None
    # WHY so wide: a file that is cut off or no pickle at all can fail anywhere in the reader.
    except Exception as error:
        raise MepsError(
            f"{path}: no pickle of arrays, or cut off after {path.stat().st_size:,} bytes "
            f"({type(error).__name__}: {str(error)[:80]}); copy it again"
        ) from None
    if not isinstance(content, dict):
        raise MepsError(f"{path}: holds a {type(content).__name__}; expected a dictionary")
    return content
