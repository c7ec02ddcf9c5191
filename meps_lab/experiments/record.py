"""What an experiment is, as its ``config.json`` says it, and how two of them differ."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

import meps_lib
from meps_lab.datasets.cache.packing import pack
from meps_lib.protocol.splits import Split

# What makes predictions out of prepared trials, and what prepares them.
_SOURCE = (
    *("arguments.py", "checks.py", "errors.py", "labels.py", "training.py", "trial.py"),
    *("layers", "models", "protocol", "signals", "video"),  # so far of the library
    *("datasets", "prepare.py", "experiments/config.py", "experiments/folds.py"),
)


def source_files() -> dict[str, str]:
    """Digests of the source on which predictions rest, by file; nothing else stops a resumption.

    Not so: pictures, the book's helpers, the command and the simulator, whose trials are compared
    bit by bit.
    """
    tops = Path(meps_lib.__file__).parent, Path(__file__).parents[1]
    found = {}
    for top in tops:
        for path in (top / name for name in _SOURCE):
            for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
                if file.is_file():
                    name = f"{top.name}/{file.relative_to(top).as_posix()}"
                    found[name] = hashlib.sha256(file.read_bytes()).hexdigest()[:16]
    return found


# On import, not when a run begins: a file may have changed in between, and what runs has not.
CODE = source_files()


def about(config: Any, origin: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of an experiment before its data are read; for `Results.check`.

    The code is that of `source_files` as it was when this module was imported. Not covered are a
    file changed between its own import and that one, what is reloaded or replaced in memory, and
    other packages, of which torch's version is compared.
    """
    return {
        "meps_lib": meps_lib.__version__,
        "torch": torch.__version__,
        "code": CODE,
        "origin": dict(origin),
        "config": asdict(config),
    }


def about_data(data: Any, splits: Mapping[int, Sequence[Split]], note: str) -> dict[str, Any]:
    """What is known once they are read.

    The digest of the prepared trials is of every bit. Two kinds of processor may round a trial
    differently: to go on with a run on the other kind, prepare with a cache.
    """
    h = hashlib.sha256()
    for trial in data.trials:
        tensors, text = pack(trial)
        h.update(text.encode())
        for name in sorted(tensors):
            h.update(f"{name} {tuple(tensors[name].shape)}".encode())
            h.update(tensors[name].numpy())
    return {
        "data": {"note": note, "n_trials": len(data), "classes": list(data.classes)},
        "digest": {
            "splits": hashlib.sha256(repr(sorted(splits.items())).encode()).hexdigest(),
            "trials": h.hexdigest(),
        },
        "skipped": data.skipped.to_dict("records"),
    }


def as_kept(record: Mapping[str, Any]) -> dict[str, Any]:
    """As it comes back from a file; a number of NumPy's as the number."""
    return json.loads(json.dumps(record, default=_other))


def changed_files(old: Any, new: Mapping[str, str]) -> list[str]:
    """The files whose digest differs, or which only one of two records of the source has."""
    old = old if isinstance(old, dict) else {}
    return sorted(name for name in {**old, **new} if old.get(name) != new.get(name))


def _other(x: Any) -> Any:
    return x.tolist() if hasattr(x, "tolist") else str(x)


def differences(old: Any, new: Any, where: str = "") -> list[str]:
    """In words, setting by setting; not of the number of processes, which decides nothing."""
    if isinstance(old, dict) and isinstance(new, dict):
        names = [k for k in {**old, **new} if f"{where}{k}" != "config.n_jobs"]
        found = (differences(old.get(k), new.get(k), f"{where}{k}.") for k in names)
        return [text for texts in found for text in texts]
    same = old == new or json.dumps(old) == json.dumps(new)  # the latter for NaN
    return [] if same else [f"{where[:-1]} was {old!r} and is {new!r}"]
