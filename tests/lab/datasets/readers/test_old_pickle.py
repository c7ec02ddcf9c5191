"""Pickles of arrays: read as pickle itself reads them, and hostile ones refused, not run."""

import os
import pickle
import struct
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meps_lab.datasets.readers.old_pickle import Packed, read_old_pickle
from meps_lab.simulate.layouts.old_pickle import dumps
from meps_lib.errors import MepsError

RNG = np.random.default_rng(0)
ARRAYS = {
    "wave": RNG.normal(size=(50, 1)),
    "label": np.arange(7, dtype=np.int32),
    "small": np.float32([1.5, -2]),
    "fortran": np.asfortranarray(RNG.normal(size=(3, 4))),
    "big_endian": np.arange(5, dtype=">i2"),
}


@pytest.fixture
def read(tmp_path):
    """Write bytes to a file and read it."""

    def of(data: bytes) -> dict:
        path = tmp_path / "x.pkl"
        path.write_bytes(data)
        return read_old_pickle(path)

    return of


def same(content: dict) -> None:
    assert set(content) == {*ARRAYS, "name"} and content["name"] == "S2"
    for key, want in ARRAYS.items():
        assert isinstance(content[key], Packed) and content[key].shape == want.shape
        got = content[key].array()
        np.testing.assert_array_equal(got, want)
        assert got.dtype.newbyteorder("=") == want.dtype.newbyteorder("=")


def test_python_2_arrays_come_back(read):
    same(read(dumps({**ARRAYS, "name": "S2"})))


@pytest.mark.parametrize("protocol", range(5))
@pytest.mark.parametrize("core", ["core", "_core"])
def test_python_3_arrays_come_back_under_both_names_of_numpy(read, protocol, core):
    data = pickle.dumps({**ARRAYS, "name": "S2"}, protocol)
    if protocol < 4:  # later ones say how long the name is
        data = data.replace(b"numpy._core.", b"numpy.core.")
        data = data.replace(b"numpy.core.", f"numpy.{core}.".encode())
    same(read(data))


def test_the_escaped_strings_of_protocol_0_come_back(read):
    """As Python 2 wrote arrays when it was not told otherwise: one printable line each."""
    raw = np.array([1.5, 1e-300, -np.pi]).tobytes()
    escaped = "".join(f"\\x{b:02x}" if b < 32 or b > 126 or b in b"'\\" else chr(b) for b in raw)
    data = (
        b"(dp0\nS'a'\np1\ncnumpy.core.multiarray\n_reconstruct\np2\n(cnumpy\nndarray\np3\n(I0\ntp4\n"
        b"S'b'\np5\ntp6\nRp7\n(I1\n(I3\ntp8\ncnumpy\ndtype\np9\n(S'f8'\np10\nI0\nI1\ntp11\nRp12\n(I3\n"
        b"S'<'\np13\nNNNI-1\nI-1\nI0\ntp14\nbI00\nS'" + escaped.encode() + b"'\np15\ntp16\nbs."
    )
    np.testing.assert_array_equal(pickle.loads(data, encoding="latin1")["a"], [1.5, 1e-300, -np.pi])
    np.testing.assert_array_equal(read(data)["a"].array(), [1.5, 1e-300, -np.pi])


def test_scalars_and_empty_arrays_come_back(read):
    data = {"n": np.int64(7), "x": np.float32(0.5), "none": np.zeros((0, 3))}
    got = read(pickle.dumps(data, 4))
    assert (got["n"], got["x"], got["none"].array().shape) == (7, 0.5, (0, 3))


class Calls:
    """Pickles as a call of a function."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


def hostile(mark: str) -> dict[str, object]:
    import numpy.f2py

    return {
        "system": Calls(os.system, f"touch {mark}"),
        "builtins.eval": Calls(eval, f"open({mark!r}, 'w')"),
        "builtins.open": Calls(open, mark, "w"),
        "numpy.fromfile": Calls(np.fromfile, "/etc/hostname"),
        "numpy.f2py": Calls(numpy.f2py.run_main, ["x"]),
        "numpy.load": Calls(np.load, mark),
        "builtins.getattr": Calls(getattr, "text", "format"),
    }


@pytest.mark.parametrize("name", hostile(""))
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_whatever_else_is_named_is_refused_by_name_and_not_run(read, tmp_path, name, protocol):
    mark = tmp_path / "ran"
    data = pickle.dumps({"a": ARRAYS["wave"], "b": hostile(str(mark))[name]}, protocol)
    word = name.rsplit(".", 1)[-1] if "f2py" not in name else "f2py"
    with pytest.raises(MepsError, match=rf"asks for .*{word}.*which was refused"):
        read(data)
    assert not mark.exists()


def test_the_hostile_pickles_do_run_elsewhere(tmp_path):
    """Else the test above would show nothing."""
    mark = tmp_path / "ran"
    pickle.loads(pickle.dumps(hostile(str(mark))["system"]))
    assert mark.exists()


@pytest.mark.parametrize(
    "data",
    [
        b"(S'touch %s'\nios\nsystem\n.",  # INST
        b"(cos\nsystem\nS'touch %s'\no.",  # OBJ
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x01x\x85R.",  # STACK_GLOBAL
        b"c__builtin__\neval\n(S'1'\ntR.",
        b"Pid\n.",  # a persistent id
        b"\x80\x02\x82\x01.",  # an extension code
        b"\x80\x02cnumpy\nndarray\n)\x81.",  # NEWOBJ
        b"\x80\x02cnumpy\nndarray\n}X\x01\x00\x00\x00aK\x01sb.",  # state of a class
        b"\x80\x02cnumpy\ndtype\nU\x01O\x85R.",  # a type of objects
        b"\x80\x02c_codecs\nencode\nU\x01aU\x06rot_13\x86R.",
    ],
)
def test_other_steps_of_the_machine_are_refused(read, tmp_path, data):
    mark = tmp_path / "ran"
    with pytest.raises(MepsError):
        read(data.replace(b"%s", str(mark).encode()))
    assert not mark.exists()


def test_arrays_of_objects_are_refused(read):
    with pytest.raises(MepsError, match="type 'O8'"):
        read(pickle.dumps({"a": np.array([{}, []], dtype=object)}, 2))
    with pytest.raises(MepsError, match="not of whole or real numbers"):
        read(pickle.dumps({"a": np.array(["text"])}, 2))


def test_a_shape_that_does_not_fit_the_bytes_is_refused(read):
    good = dumps({"a": np.zeros(9)})
    bad = good.replace(b"K\x01(K\x09t", b"K\x01(J\xff\xff\xff\x7ft")
    assert bad != good
    with pytest.raises(MepsError, match="2147483647 values of float64 in 72 bytes"):
        read(bad)


def test_bombs_cost_neither_time_nor_memory(read, tmp_path):
    start = time.process_time()
    doubled = b"]" + b"".join(b"q%c]h%ch%c\x86a" % (k, k, k) for k in range(100)) + b"."
    with pytest.raises(MepsError):  # 2^100 leaves, were it walked
        read(b"\x80\x02" + doubled)
    key = b"N" + b"q\x002\x86" * 60  # a tuple of 2^60 leaves, to be hashed
    with pytest.raises(MepsError, match="key that is no text"):
        read(b"\x80\x02}" + key + b"K\x01s.")
    for name in (b"cnumpy\ndtype\n", b"c_codecs\nencode\nN"):  # 2^60 leaves, in a message
        with pytest.raises(MepsError):
            read(b"\x80\x02" + name + key + (b"\x86R." if b"encode" in name else b"\x85R."))
    assert read(b"\x80\x02}r" + struct.pack("<I", 2**31 - 1) + b".") == {}  # place 2^31 of the memo
    with pytest.raises(MepsError):
        read(b"\x80\x04B" + struct.pack("<I", 2**32 - 1) + b"ab.")  # 4 GB announced, 2 bytes there
    raw = b"T" + struct.pack("<i", 10**6) + bytes(10**6) + b"q\x01"  # one string, many arrays
    head = dumps({"a": np.zeros(10**6, np.int8)})
    body = head[head.index(b"cnumpy") : head.index(b"T@B\x0f\x00")]
    arrays = (b"U\x04%04d" % k + body + b"h\x01tb" for k in range(500))
    many = b"\x80\x02}" + raw + b"0(" + b"".join(arrays) + b"u."
    assert len(read(many)) == 500
    assert time.process_time() - start < 60  # s of this CPU, where a bomb takes for ever


def test_a_pickle_that_is_cut_off_is_an_error_wherever_it_is_cut(read):
    whole = dumps({**ARRAYS, "name": "S2"})
    for n in range(0, len(whole), 7):
        with pytest.raises(MepsError, match="x.pkl"):
            read(whole[:n])


def test_what_is_no_dictionary_is_refused(read):
    with pytest.raises(MepsError, match="holds a list; expected a dictionary"):
        read(pickle.dumps([1, 2], 2))
    with pytest.raises(MepsError, match="holds a Packed"):
        read(dumps(ARRAYS["wave"]))


@settings(max_examples=300)
@given(
    st.one_of(
        st.binary(max_size=80),
        st.tuples(st.integers(0, 600), st.binary(min_size=1, max_size=3)),
    )
)
def test_any_bytes_give_a_dictionary_or_an_error_of_ours(tmp_path_factory, spoilt):
    good = dumps({"a": np.zeros(9), "label": np.arange(3), "name": "S2"})
    if isinstance(spoilt, tuple):
        at, new = spoilt
        spoilt = good[:at] + new + good[at + len(new) :]
    path = tmp_path_factory.getbasetemp() / "any.pkl"
    path.write_bytes(spoilt)
    try:
        assert isinstance(read_old_pickle(path), dict)
    except MepsError as error:
        assert "any.pkl" in str(error)


def test_one_text_decoded_again_and_again_is_stored_once(tmp_path):
    """A call of _codecs.encode for each of many arrays, all of one text in the memo."""
    call = b"c_codecs\nencode\nh\x01U\x06latin1\x86R"
    text = b"X" + struct.pack("<I", 2**20) + b"a" * 2**20 + b"q\x01"
    keyed = b"".join(b"U\x04%04d" % k + call for k in range(500))
    path = tmp_path / "x.pkl"
    path.write_bytes(b"\x80\x02" + text + b"0}(" + keyed + b"u.")
    tracemalloc.start()
    content = read_old_pickle(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(content) == 500 and most < 20 * 2**20  # 500 copies would be 500 MiB


@pytest.mark.parametrize("where", ["key", "memo"])
def test_numbers_that_all_fall_into_one_place_cost_no_time(read, where):
    """Python's hash of a multiple of 2^61 - 1 is 0, so each such key meets all before it."""
    n, step = 8000, 2**61 - 1
    if where == "key":
        long = b"".join(b"\x8a\x0b" + (k * step).to_bytes(11, "little") + b"N" for k in range(n))
        data = b"\x80\x02}(" + long + b"u."
    else:
        data = b"}" + b"".join(b"p%d\n" % (k * step) for k in range(n)) + b"."
    start = time.process_time()
    with pytest.raises(MepsError, match="key that is no text|keeps something at place"):
        read(data)
    assert time.process_time() - start < 10
