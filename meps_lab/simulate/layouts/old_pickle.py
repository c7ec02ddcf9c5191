"""Pickles of dictionaries and arrays as Python 2 wrote them, protocol 2.

Python 3 cannot write them: its text becomes unicode, and its numpy names modules that Python
2's never had. The byte strings and the old module names are why readers need
``encoding="latin1"`` and why a reader that admits only numpy has to know both names.
"""

import pickle
import struct

import numpy as np

from meps_lib.errors import MepsError


def dumps(content: object) -> bytes:
    """Pickle dict, Latin-1 text, int and ndarray of numbers, nested, as Python 2 did.

    Raises
    ------
    MepsError
        If something else is in it.

    Examples
    --------
    >>> old = dumps({"label": np.array([0, 1], np.int32), "subject": "S2"})
    >>> pickle.loads(old, encoding="latin1")
    {'label': array([0, 1], dtype=int32), 'subject': 'S2'}
    """
    return pickle.PROTO + b"\x02" + b"".join(_parts(content)) + pickle.STOP


def _parts(value: object) -> list[bytes]:
    if isinstance(value, dict):
        inside = [part for pair in value.items() for x in pair for part in _parts(x)]
        return [pickle.EMPTY_DICT, pickle.MARK, *inside, pickle.SETITEMS]
    if isinstance(value, str):
        return [_string(value.encode("latin1"))]
    if isinstance(value, int) and not isinstance(value, bool):
        return [_int(value)]
    if isinstance(value, np.ndarray) and value.dtype.kind in "if":
        return _array(value)
    raise MepsError(f"an old pickle of {type(value).__name__}: give dict, str, int or numbers")


def _int(value: int) -> bytes:
    if 0 <= value < 256:
        return pickle.BININT1 + bytes([value])
    return pickle.BININT + struct.pack("<i", value)


def _string(text: bytes) -> bytes:
    """A byte string, as every text was in Python 2."""
    if len(text) < 256:
        return pickle.SHORT_BINSTRING + bytes([len(text)]) + text
    return pickle.BINSTRING + struct.pack("<i", len(text)) + text


def _array(value: np.ndarray) -> list[bytes]:
    kind = value.dtype.newbyteorder("<")
    shape = [_int(n) for n in value.shape]
    zero, one, data = _int(0), _int(1), np.ascontiguousarray(value, kind).tobytes()
    empty = [b"cnumpy\nndarray\n", zero, pickle.TUPLE1, _string(b"b"), pickle.TUPLE3]
    named = [b"cnumpy\ndtype\n", _string(kind.str[1:].encode()), zero, one, pickle.TUPLE3]
    order = [_int(3), _string(b"<"), pickle.NONE * 3, _int(-1), _int(-1), zero]
    dtype = [*named, pickle.REDUCE, pickle.MARK, *order, pickle.TUPLE, pickle.BUILD]
    state = [pickle.MARK, one, pickle.MARK, *shape, pickle.TUPLE, *dtype]
    state += [pickle.NEWFALSE, _string(data), pickle.TUPLE, pickle.BUILD]
    return [b"cnumpy.core.multiarray\n_reconstruct\n", *empty, pickle.REDUCE, *state]
