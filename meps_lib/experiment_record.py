"""What an experiment is, as its ``config.json`` says it, and how two of them differ."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from meps_lib import __version__
from meps_lib.datasets.packing import pack
from meps_lib.diskcache import source_digest
from meps_lib.splits import Split

# On import, not when a run begins: a file may have changed in between, and what runs has not.
CODE = source_digest(sorted(Path(__file__).parent.rglob("*.py")))


def about(config: Any, origin: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of an experiment before its data are read; for `Results.check`.

    The code is every Python file of meps_lib as it was when this module was imported. Not covered
    are a file changed between its own import and that one, what is reloaded or replaced in memory,
    and other packages, of which torch's version is compared.
    """
    return {
        "meps_lib": __version__,
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


def plain(record: Mapping[str, Any]) -> dict[str, Any]:
    """As it comes back from a file; a number of NumPy's as the number."""
    return json.loads(json.dumps(record, default=_other))


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
