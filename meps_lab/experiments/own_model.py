"""A model of one's own, named as ``path/to/file.py:factory``: loaded and built.

The factory, a function or a class, is called with those of n_classes, modalities, ps_names and
ps_sfreq that it names, and with all of ``model_args``. It gives a module from `Batch` to `Output`.
Random numbers should be torch's, whose seed is set; then the same seed gives the same weights.

CHOICE: the model is one file, run from its bytes, and what lies beside it is not found. WHY: the
digest of these bytes is what a run and its resumption are compared by, and what it imports from
elsewhere is covered by nobody's.
"""

import inspect
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn

from meps_lab.experiments.record import digest
from meps_lib.errors import MepsError
from meps_lib.trial import Batch


def is_own(model: str) -> bool:
    """Whether a model is named by a file, and not by its name in the registry.

    Examples
    --------
    >>> is_own("models/mine.py:Net"), is_own("meps")
    (True, False)
    """
    return ":" in model or model.endswith(".py")


def own_code(model: str) -> Mapping[str, str]:
    """The digest of a model's file under the file's name; empty for a model of the registry.

    Raises
    ------
    MepsError
        If it is not named as expected, or the file cannot be read.
    """
    if not is_own(model):
        return {}
    path, _ = parts_of(model)
    return {path.name: digest([_bytes(path)])}


def build_own(
    model: str, code: Mapping[str, str], given: Mapping[str, Any], args: Mapping[str, Any]
) -> nn.Module:
    """What the factory gives, once it is a module; without ``fit_scales`` it gets one that is idle.

    Parameters
    ----------
    model : str
        ``path/to/file.py:factory``.
    code : mapping
        What `own_code` said when the experiment was described.
    given, args : mapping
        The data's sizes, of which the factory gets those that it names, and model_args, all of it.

    Raises
    ------
    MepsError
        Naming the file, and the line where there is one: it changed, it or the factory fails, there
        is no such name, the arguments do not fit, or what comes back is no module.
    """
    path, name = parts_of(model)
    module = _module(path, code[path.name])
    factory = getattr(module, name, None)
    if not callable(factory):
        own = [n for n, x in vars(module).items() if inspect.getmodule(x) is module]
        raise MepsError(f"{path}: no {name} to call; it defines {', '.join(own) or 'nothing'}")
    try:
        takes = inspect.signature(factory)
    except (TypeError, ValueError):  # such as dict, which is written in C
        text = f"{path}: {name} does not say what it takes; expected a function or a class of this"
        raise MepsError(f"{text} file that makes a torch.nn.Module") from None
    whatever = any(p.kind is p.VAR_KEYWORD for p in takes.parameters.values())
    named = {k: v for k, v in given.items() if whatever or k in takes.parameters}
    try:
        takes.bind(**named, **args)
    except TypeError as error:
        raise MepsError(
            f"{path}: {name}{takes}: {error}; a factory is called by name with those of "
            f"{', '.join(given)} that it names, and with model_args: {', '.join(args) or 'none'}"
        ) from None
    made = attempted(path, factory, **named, **args)
    if not isinstance(made, nn.Module):
        raise MepsError(
            f"{path}: {name} gives {kind_in_words(made)}; expected a torch.nn.Module from Batch to "
            "Output"
        )
    if not hasattr(made, "fit_scales"):
        made.fit_scales = idle
    return made


def idle(batches: Iterable[Batch]) -> None:
    """What stands for the ``fit_scales`` of a model that has none."""


def parts_of(model: str) -> tuple[Path, str]:
    """The file and the name in it."""
    file, _, name = model.rpartition(":")
    if not file.endswith(".py") or not name.isidentifier():
        raise MepsError(f"model {model!r}; expected FILE.py:NAME, such as mine.py:make, or a name")
    return Path(file), name


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        text = f"model {path}: cannot be read ({error.strerror}); check the path"
        raise MepsError(text) from None


@lru_cache(maxsize=8)
def _module(path: Path, code: str) -> ModuleType:
    source = _bytes(path)
    if digest([source]) != code:
        raise MepsError(f"{path} has changed since this run began; run the same again")
    module = ModuleType(f"meps_own_{code}")  # two versions of a file are two modules
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # where dataclasses and pickles look for it
    try:
        compiled = compile(source, str(path), "exec")
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        raise MepsError(f"{path}, line {line}: no Python: {getattr(error, 'msg', error)}") from None
    attempted(path, exec, compiled, vars(module))
    return module


# What torch has for all that runs: how to set it, and how to ask.
_OF_ALL = {
    "set_default_dtype": torch.get_default_dtype,
    "set_default_device": lambda: torch.empty(0).device,
    "set_grad_enabled": torch.is_grad_enabled,
    "set_num_threads": torch.get_num_threads,
}


def attempted(path: Path, call: Callable, *args: Any, **kwargs: Any) -> Any:
    """What a call into a person's file gives; an error of it is told with the file's line.

    A file that changes what torch has for all that runs is refused, and that is set back.
    """
    before = {name: ask() for name, ask in _OF_ALL.items()}
    try:
        made = call(*args, **kwargs)
    except MepsError:
        raise
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [f.lineno for f in frames if f.filename == str(path)]
        at = f"{path}, line {lines[-1]}" if lines else str(path)
        text = " ".join(str(error).split())[:300]
        raise MepsError(f"{at}: {type(error).__name__}: {text}") from error
    changed = [name for name, ask in _OF_ALL.items() if ask() != before[name]]
    for name in changed:
        getattr(torch, name)(before[name])
    if changed:
        text = f"torch.{changed[0]} holds for all that runs, and not for this model; take it out"
        raise MepsError(f"{path}: {text}")
    return made


def kind_in_words(value: object) -> str:
    """What a value is, for messages."""
    return "None" if value is None else f"a {type(value).__qualname__}"
