"""What an experiment is, as its ``config.json`` says it, and how two of them differ."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

import meps_lib
from meps_lab.datasets.cache.packing import pack
from meps_lib.errors import MepsError
from meps_lib.files import from_json, read_json, reading, write_whole
from meps_lib.protocol.splits import Split

_UNTOUCHED = "nothing was overwritten: choose another folder"
# What prepares trials and makes predictions out of them: files of both packages.
_SOURCE = (
    *("*.py", "datasets/**/*.py", "prepare/*.py"),
    *(f"experiments/{name}.py" for name in ("config", "folds", "own_model")),
    *(f"{room}/**/*.py" for room in ("layers", "models", "protocol", "signals", "video")),
)


def digest(parts: Iterable[Any]) -> str:
    """SHA-256 of bytes and arrays in a row: of a file, of trials, of splits, of a fold."""
    total = hashlib.sha256()
    for part in parts:
        total.update(part)
    return total.hexdigest()[:32]


def source_files() -> dict[str, str]:
    """Digests of the source on which predictions rest, by file; nothing else stops a resumption.

    Not so: pictures, the book's helpers, the command and the simulator, whose trials are compared
    bit by bit.
    """
    return {
        f"{top.name}/{file.relative_to(top).as_posix()}": digest([file.read_bytes()])
        for top in (Path(meps_lib.__file__).parent, Path(__file__).parents[1])
        for pattern in _SOURCE
        for file in sorted(top.glob(pattern))
    }


# On import, not when a run begins: a file may have changed in between, and what runs has not.
CODE = source_files()


def about(config: Any, origin: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of an experiment before its data are read.

    The code is that of `source_files` as it was when this module was imported. Not covered are a
    file changed between its own import and that one, what is reloaded or replaced in memory, what
    the file of a model of one's own imports beside this code, and other packages, of which torch's
    version is compared. The number of processes decides nothing, and is left out.
    """
    settings = asdict(config)
    del settings["n_jobs"]
    if config.model_code:  # a model of one's own: its file, wherever it lies
        settings["model"] = Path(config.model).name
    versions = {"meps_lib": meps_lib.__version__, "torch": torch.__version__}
    code = CODE | config.model_code
    return _as_kept(versions | {"code": code, "origin": dict(origin), "config": settings})


def about_data(data: Any, splits: Mapping[int, Sequence[Split]], note: str) -> dict[str, Any]:
    """What is known once they are read.

    The digest of the prepared trials is of every bit. Two kinds of processor may round a trial
    differently: to go on with a run on the other kind, prepare with a cache.
    """
    found = {"note": note, "n_trials": len(data), "classes": data.classes}
    who = repr(sorted(splits.items())).encode()
    digests = {"splits": digest([who]), "trials": digest(_bits(data.trials))}
    skipped = data.skipped.to_dict("records")
    return _as_kept({"data": found, "digest": digests, "skipped": skipped})


def _bits(trials: Iterable[Any]) -> Iterator[Any]:
    for tensors, text in map(pack, trials):
        yield text.encode()
        for name, x in sorted(tensors.items()):
            yield f"{name} {tuple(x.shape)}".encode()
            yield x.numpy()


def _as_kept(record: Mapping[str, Any]) -> dict[str, Any]:
    """As it comes back from a file; a number of NumPy's as the number."""
    plain = json.dumps(record, default=lambda x: x.tolist() if hasattr(x, "tolist") else str(x))
    return from_json(plain)


def differences(old: Any, new: Any, where: str = "") -> dict[str, str]:
    """What differs between two records, in words, by its place such as ``config.train.epochs``."""
    if isinstance(old, dict) and isinstance(new, dict):
        found = {}
        for k in {**old, **new}:
            found |= differences(old.get(k), new.get(k), f"{where}.{k}".removeprefix("."))
        return found
    same = old == new or json.dumps(old) == json.dumps(new)  # the latter for NaN
    return {} if same else {where: f"{where} was {_short(old)} and is {_short(new)}"}


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 200 else f"{text[:200]} ..."


def compare_record(
    path: Path, record: Mapping[str, Any], accept_changed_code: bool = False
) -> tuple[dict[str, Any], list[str]]:
    """Refuse a record that says another thing than the file, naming what differs.

    Returns what the file says, empty if there is none, and the files whose source has changed
    since, where that is accepted. Of `record` there may be only the beginning.
    """
    if not path.exists():
        return {}, []
    with reading(path, _UNTOUCHED):
        there = read_json(path, _UNTOUCHED)
        found = differences({k: there.get(k, {}) for k in record}, record)
    files = [name.removeprefix("code.") for name in found if name.startswith("code.")]
    if others := [text for name, text in found.items() if not name.startswith("code.")]:
        raise refused(
            f"{path.parent} holds the beginning of another experiment: {'; '.join(others[:3])}",
            ", or go on with what it was begun with",
        )
    if files and not accept_changed_code:
        more = f" and {len(files) - 3} more" if len(files) > 3 else ""
        raise refused(
            f"{path.parent} was begun with other source of {', '.join(files[:3])}{more}",
            "; folds of two versions are no result, but accept_changed_code=True "
            f"(--accept-changed-code) goes on, and {path.name} then says which files differ",
        )
    return there, files


def begin_record(
    path: Path, record: Mapping[str, Any], accept_changed_code: bool
) -> dict[str, Any]:
    """Write a record, or find that it stands there; and what the file said, or says now."""
    there, files = compare_record(path, record, accept_changed_code)
    if files:
        record = {**record, "changed_code": [*there.get("changed_code", []), files]}
    try:
        if files or not there:
            write_whole(path, (json.dumps(record, indent=2) + "\n").encode())
    except OSError as error:
        raise unwritten(path, error) from None
    return there or dict(record)


def unwritten(path: Path, error: OSError) -> MepsError:
    """The error that says what could not be written, and why."""
    return MepsError(f"cannot write {path}: {error.strerror}; choose another")


def refused(why: str, instead: str = "") -> MepsError:
    """The error that a folder with something else in it is met with."""
    return MepsError(f"{why}; {_UNTOUCHED}{instead}")
