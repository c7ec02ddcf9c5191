"""A model is tried on a few trials, as `fit` and `predict` will, before the work."""

import warnings
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from meps_lab.datasets.cache.trials import TrialCache
from meps_lab.experiments.own_model import attempted, idle, is_own, kind_in_words, parts_of
from meps_lab.prepare import PreparedDataset, prepare
from meps_lib.errors import MepsError
from meps_lib.models.output import Output
from meps_lib.training import predict
from meps_lib.trial import MODALITIES, Batch, Trial, collate

_TRIED = 4  # trials of the small batch
# CHOICE: an answer may change so much with its mates. WHY: single precision, and kernels that
# depend on the number of trials; whoever mixes trials is far above it.
_RELATIVE, _ABSOLUTE = 1e-3, 1e-4


class OwnModelWarning(UserWarning):
    """A model of one's own does without something that is expected of it."""


def try_model(model: nn.Module, config, dataset, on_error: str = "raise", cache=None) -> None:
    """Refuse a model that cannot work on the data, before all of it is prepared and written.

    Parameters
    ----------
    model : Module
        One of the library's is asked about one trial; one's own goes through `check_own`.
    config, dataset, on_error, cache
        As for `run`.

    Raises
    ------
    MepsError
        As reading and preparing the trial say, the model says of its input, or `check_own`.
    """
    if is_own(config.model):
        return check_own(model, config, dataset, on_error)
    if isinstance(dataset, PreparedDataset) and dataset.config != config.prepare:
        return None  # refused in words where trials are taken
    trial = _few(config, dataset, on_error, 1, cache)[0]
    try:
        predict(model.to(config.train.device), [trial], dataset.classes)
    except MepsError as error:  # the model is not told which trial it is
        which = f"clip {trial.clip!r} of {trial.subject!r}"
        raise MepsError(f"{config.model}, tried on {which}: {error}") from None


def check_own(model: nn.Module, config, dataset, on_error: str = "raise") -> None:
    """Try a model on a few trials of the data, as `fit` and `predict` will, before the work.

    CHOICE: a model that mixes the trials of a batch is refused, not warned of. WHY: trials are
    tested one by one and learnt from together, so its score would be of something else than what
    was trained and chosen.

    Parameters
    ----------
    model : Module
        It is changed; build another one to train.
    config, dataset, on_error
        As for `run`.

    Raises
    ------
    MepsError
        Saying what is wrong with parameters, output, logits, gradient, or with answers that differ
        from time to time or between a trial alone and among others; or that labels are changed.

    Warns
    -----
    OwnModelWarning
        If it has no ``fit_scales``: its inputs then come on the scale of the data.
    """
    path, classes, device = parts_of(config.model)[0], dataset.classes, config.train.device
    if not any(p.requires_grad for p in model.parameters()):
        raise MepsError(f"{path}: the model has no parameter to learn; expected at least one")
    if model.fit_scales is idle:
        text = f"{path}: no fit_scales; the model gets its inputs on the scale of the data"
        warnings.warn(text, OwnModelWarning, 2)
    trials = _few(config, dataset, on_error)
    batch, model = collate(trials, classes).to(device), model.to(device)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        attempted(path, model.fit_scales, [batch])
        with torch.no_grad():
            model.eval()
            asked = batch.unlabelled()
            once, twice = (_logits(path, model, asked) for _ in range(2))
            singles = (collate([t], classes).to(device).unlabelled() for t in trials)
            alone = torch.cat([_logits(path, model, single) for single in singles])
        if not _close(once, twice):
            raise MepsError(
                f"{path}: in evaluation mode the same batch gets other answers the second time; "
                "expected the same: is dropout left on? functional.dropout needs "
                "training=self.training"
            )
        if not _close(once, alone):
            worst = int((once - alone).abs().amax(dim=1).argmax())
            raise MepsError(
                f"{path}: in evaluation mode clip {trials[worst].clip!r} gets logits "
                f"{_shown(alone[worst])} alone and {_shown(once[worst])} among {len(trials)}; "
                "expected the same: does a norm, a mean or a softmax run over the batch, or does "
                "padding count (frame_mask and ps_mask say what is data)?"
            )
        logits = _logits(path, model.train(), batch)
        if logits.requires_grad:
            cross_entropy(logits, batch.label).backward()
    slopes = [p.grad for p in model.parameters() if p.grad is not None]
    if not any(slope.any() for slope in slopes):
        raise MepsError(
            f"{path}: no parameter gets a gradient from the loss; expected logits computed from "
            "parameters: is there a detach(), a no_grad() or an argmax on the way?"
        )
    if not all(slope.isfinite().all() for slope in slopes):
        raise MepsError(f"{path}: a gradient is not finite; look for a root or a division at 0")


def _few(config, dataset, on_error: str, most: int = _TRIED, cache=None) -> list[Trial]:
    """Some prepared trials, spread over the data set; of others where some may be skipped."""
    found, ready = [], isinstance(dataset, PreparedDataset)
    data, n = dataset.only(config.modalities) if ready else dataset, len(dataset.index)
    first = np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(int)).tolist()
    how = config.prepare, tuple(m for m in MODALITIES if m in config.modalities)
    store = None if ready or cache is None else TrialCache(cache, data, how)
    for k in first + [k for k in range(n) if k not in first]:
        try:
            trial = data[k] if ready else None if store is None else store.read(k)
            if trial is None:
                trial = prepare(data[k], *how)
                trial = trial if store is None else store.keep(k, trial)
            found.append(trial)
        except MepsError:
            if on_error != "skip":
                raise
        if len(found) == most:
            break
    if not found:
        raise MepsError(f"no trial on which to try {config.model} can be read")
    return found


def _logits(path: Path, model: nn.Module, batch: Batch) -> Tensor:
    """The logits (B, K) of an output that is as it should be."""
    label, right = batch.label.clone(), (len(batch), len(batch.classes))
    output = attempted(path, model, batch)
    if not (isinstance(batch.label, Tensor) and torch.equal(batch.label, label)):
        raise MepsError(
            f"{path}: the model writes into batch.label, by which it is judged while it learns; "
            "expected it left as it is: copy what you change"
        )
    if not isinstance(output, Output):
        raise MepsError(
            f"{path}: forward gives {kind_in_words(output)}; expected an Output of "
            "meps_lib.models.output, such as Output(logits)"
        )
    x = output.logits
    if not isinstance(x, Tensor) or x.shape != right or not x.is_floating_point():
        got = f"{tuple(x.shape)} {x.dtype}" if isinstance(x, Tensor) else kind_in_words(x)
        raise MepsError(
            f"{path}: logits are {got}; expected {right} of a floating type, a row for each of "
            f"{right[0]} trials and a column for each of {right[1]} classes"
        )
    if not x.isfinite().all():
        raise MepsError(
            f"{path}: logits are {'NaN' if x.isnan().any() else 'infinite'}; expected finite "
            "numbers: is something divided by 0, or by the sum of a mask that is empty?"
        )
    return x.float()


def _close(a: Tensor, b: Tensor) -> bool:
    return torch.allclose(a, b, _RELATIVE, _ABSOLUTE * a.abs().max().item() + 1e-6)


def _shown(row: Tensor) -> str:
    return "[" + ", ".join(f"{x:.4g}" for x in row.tolist()) + "]"
