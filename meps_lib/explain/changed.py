"""A batch with some samples replaced: which may be, by what, and what the network says then.

Padding, holes of depth and what a trial lacks are no samples: they are never replaced, and nothing
that a map shows may land on them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor, nn

from meps_lib.arguments import one_of
from meps_lib.batches import take
from meps_lib.errors import MepsError
from meps_lib.trial import Batch

# CHOICE: ours. WHY: frames enter as change since the first one and signals as course around their
# mean, so that a clip of its first frame and a signal of its mean are clips of nothing happening.
# Band powers are likewise their own mean, and no motion is a flow of 0.
BASELINES = {"colour": "first", "depth": "first", "ps": "mean", "eeg": "mean", "flow": "zeros"}
KINDS = ("first", "mean", "zeros")


def real_samples(batch: Batch, modality: str) -> Tensor:
    """Which samples of a modality of `BASELINES` were measured, in the shape of that modality.

    Raises
    ------
    MepsError
        If there is no such modality, or no trial of the batch has it.

    Examples
    --------
    >>> from meps_lib.trial import Trial, collate
    >>> of = dict(label="a", subject="1", ps_names=("EDA",), ps_units=("uS",), ps_sfreq=4.0)
    >>> trials = [Trial(clip=str(n), ps=torch.ones(1, n), **of) for n in (2, 3)]
    >>> real_samples(collate(trials, "a"), "ps").tolist()
    [[[True, True, False]], [[True, True, True]]]
    """
    one_of("modality", modality, tuple(BASELINES))
    x, there = getattr(batch, modality), batch.present[modality]
    if x is None or not there.any():
        raise MepsError(f"no trial of the batch has {modality}; name a modality that one has")
    if modality in ("ps", "eeg"):
        real = getattr(batch, f"{modality}_mask")[:, None]
    elif modality == "depth":
        real = batch.depth_mask & batch.frame_mask[:, :, None, None, None]
    elif modality == "flow":
        real = torch.ones_like(x, dtype=torch.bool)
    else:
        real = batch.frame_mask[:, :, None, None, None]
    return (real & there.view(-1, *[1] * (x.ndim - 1))).expand_as(x)


def with_baseline(
    batch: Batch, modality: str, baseline: str | Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The samples of a modality, and what stands in their place when they are taken away.

    Parameters
    ----------
    batch : Batch
    modality : {"colour", "depth", "ps", "eeg", "flow"}
    baseline : {"first", "mean", "zeros"} or Tensor, optional
        Each trial's own first sample, or its mean over time, at every pixel or in every signal;
        zeros; or values that broadcast to the modality. That of `BASELINES` if None.

    Returns
    -------
    samples, baseline : Tensor
        Both of the modality's shape. They are 0 where nothing is real, and equal where there is
        nothing to put: behind a hole of the first frame there is no first depth.
    """
    kind = BASELINES[modality] if baseline is None else baseline
    real = real_samples(batch, modality)
    x = getattr(batch, modality).masked_fill(~real, 0)  # a product would let a NaN through
    time = 2 if x.ndim == 3 else 1
    there = real
    if isinstance(kind, Tensor):
        other = _spread(kind.to(x), x, modality)
    else:
        one_of(f"baseline of {modality}", kind, KINDS)
        if kind == "zeros":
            other = torch.zeros_like(x)
        elif kind == "first":
            other, there = x.narrow(time, 0, 1), real & real.narrow(time, 0, 1)
        else:
            other = x.sum(dim=time, keepdim=True) / real.sum(dim=time, keepdim=True).clamp(min=1)
    return x, torch.where(there, other, x)


def _spread(baseline: Tensor, x: Tensor, modality: str) -> Tensor:
    """Given values in the shape of the samples."""
    try:
        spread = baseline.expand_as(x)
    except RuntimeError:
        spread = None
    if spread is None or not baseline.isfinite().all():
        raise MepsError(
            f"baseline of {modality} has shape {tuple(baseline.shape)}; expected finite numbers "
            f"that broadcast to {tuple(x.shape)}"
        )
    return spread


def asked(model: nn.Module, batch: Batch, modalities: Sequence[str]) -> Callable[..., Tensor]:
    """A function from samples of these modalities to logits, all else as in the batch.

    Shape
    -----
    A tensor (n B, ...) a modality, the B trials in turn n times over -> logits (n B, K).
    """

    def ask(*samples: Tensor) -> Tensor:
        times = len(samples[0]) // len(batch)
        whole = batch if times == 1 else take(batch, list(range(len(batch))) * times)
        return model(replace(whole, **dict(zip(modalities, samples, strict=True)))).logits

    return ask


def of_class(scores: Tensor, target: int | Tensor, batch: Batch) -> Tensor:
    """Of scores (n B, K) of a batch, n times over, those of a class: (n B,).

    Parameters
    ----------
    scores : Tensor, shape (n B, K)
    target : int or Tensor, shape (B,)
        A class for all trials, or one a trial.

    Raises
    ------
    MepsError
        For a class that does not exist, or as many as there are no trials.
    """
    B, K = len(batch), scores.shape[1]  # trials, classes
    classes = torch.as_tensor(target, device=scores.device).reshape(-1)
    right = len(classes) in (1, B) and not classes.is_floating_point()
    if not right or not 0 <= classes.min() <= classes.max() < K:
        raise MepsError(
            f"target={classes.tolist()}; expected a class from 0 to {K - 1}, one for all trials or "
            f"one for each of {B}"
        )
    return scores.gather(1, classes.repeat(len(scores) // len(classes))[:, None])[:, 0]


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Without dropout and with the norms' kept statistics; afterwards every mode is as before."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def read_by(model: nn.Module, batch: Batch, modalities: Sequence[str] | None) -> tuple[str, ...]:
    """The modalities asked for; if None, all of `BASELINES` that the model reads and a trial has.

    Raises
    ------
    MepsError
        If the model does not read one, as far as its config says what it reads.
    """
    reads = getattr(getattr(model, "config", None), "modalities", tuple(BASELINES))
    known = [m for m in BASELINES if m in reads]
    if modalities is None:
        modalities = [m for m in known if batch.present[m].any()]
    if not modalities:
        raise MepsError(f"no modality of the batch to ask of; the model reads {', '.join(reads)}")
    for m in modalities:
        one_of("modality", m, known)
    return tuple(modalities)


def settings(baseline: Mapping[str, str | Tensor] | None, modalities: Sequence[str]) -> dict:
    """What was given for these modalities; a baseline of any other is refused."""
    given = dict(baseline or {})
    if idle := sorted(set(given) - set(modalities)):
        raise MepsError(
            f"baseline of {', '.join(idle)}, of which nothing is asked; expected of "
            f"{', '.join(modalities)}"
        )
    return given
