"""A trial as tensors by name and one line of JSON: how it is kept in a file, without pickles."""

import json
from dataclasses import fields
from typing import Any

import numpy as np
import torch
from torch import Tensor

from meps_lib.files import from_json
from meps_lib.trial import MODALITIES, Trial

_PLAIN = [f.name for f in fields(Trial) if f.name not in (*MODALITIES, "truth")]


def pack(trial: Trial) -> tuple[dict[str, Tensor], str]:
    """A trial's tensors, and the rest of it as JSON.

    What a simulator knows comes along, arrays of it among the tensors as ``truth.NAME``; what is
    a function, such as the flow of the face, stays behind.

    Examples
    --------
    >>> trial = Trial(label="a", subject="1", clip="x", fps=30.0,
    ...               colour=torch.zeros(2, 3, 32, 32), truth={"times": np.array([0.5])})
    >>> tensors, text = pack(trial)
    >>> sorted(tensors)
    ['colour', 'truth.times']
    >>> unpack(tensors, text).truth
    {'times': array([0.5])}
    """
    tensors = {n: getattr(trial, n) for n in MODALITIES if getattr(trial, n) is not None}
    plain: dict[str, Any] = {n: getattr(trial, n) for n in _PLAIN}
    plain["truth"] = {}
    for key, value in trial.truth.items():
        if isinstance(value, (Tensor, np.ndarray)) and np.size(value):
            tensors[f"truth.{key}"] = torch.as_tensor(value)
        elif not callable(value):
            plain["truth"][key] = np.asarray(value).tolist()
    return {n: t.contiguous() for n, t in tensors.items()}, json.dumps(plain)


def unpack(tensors: dict[str, Tensor], text: str) -> Trial:
    """The trial again, to the bit.

    Raises
    ------
    MepsError
        If what comes out is no valid trial.
    ValueError, KeyError, TypeError, AttributeError
        If the text is not what `pack` wrote: the caller knows the file, and says so.
    """
    plain = from_json(text)
    truth = plain.pop("truth")
    truth |= {n.removeprefix("truth."): t.numpy() for n, t in tensors.items() if "." in n}
    plain = {k: tuple(v) if isinstance(v, list) else v for k, v in plain.items()}
    return Trial(**plain, **{n: t for n, t in tensors.items() if "." not in n}, truth=truth)
