"""What each modality adds to an answer: all subsets of them, and their Shapley values.

A modality is taken away as the model itself knows it: told to be absent, so that the learnt vector
stands in its place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from math import factorial
from typing import Literal

import torch
from torch import Tensor, nn

from meps_lib.arguments import one_of
from meps_lib.batches import take
from meps_lib.errors import MepsError
from meps_lib.explain.changed import evaluating
from meps_lib.models.output import refuse_blind
from meps_lib.trial import Batch

Scale = Literal["probability", "logit"]
Subset = tuple[str, ...]


def without(batch: Batch, hidden: Sequence[str]) -> Batch:
    """The batch in which no trial has the hidden modalities; a trial may be left with none.

    The samples stay in their places, where no model looks for what is absent.
    """
    present = {
        m: torch.zeros_like(there) if m in hidden else there for m, there in batch.present.items()
    }
    left = tuple(tuple(m for m in have if m not in hidden) for have in batch.modalities)
    return replace(batch, present=present, modalities=left)


@torch.no_grad()
def answers(model: nn.Module, batch: Batch, scale: Scale = "probability") -> Tensor:
    """What the model says of each class (B, K), in evaluation mode; its own mode stays.

    With "logit", logits minus their mean over classes: softmax knows no common level, which would
    otherwise enter every difference.
    """
    one_of("scale", scale, ("probability", "logit"))
    with evaluating(model):
        logits = model(batch).logits
    return _scaled(logits, scale)


def of_subsets(
    model: nn.Module, batch: Batch, nothing: Tensor, scale: Scale = "probability"
) -> dict[Subset, Tensor]:
    """What the model says with every subset of its modalities.

    Parameters
    ----------
    model : Module
        Whose config names its modalities.
    batch : Batch
        Each trial with at least one of them.
    nothing : Tensor, shape (K,)
        What is said of a trial of which nothing is known, which a model refuses to say. CHOICE: the
        mean of `answers` over background trials, such as those of training; or the shares of the
        classes in training, and with "logit" their logarithms.
    scale : {"probability", "logit"}
        As in `answers`; with "logit", `nothing` is centred likewise.

    Returns
    -------
    dict
        Of each subset, in the config's order and from () on, scores (B, K). A trial that has none
        of a subset is one of which nothing is known. Of a model with streams, such as S2, the
        subsets are those of its streams, each with all the modalities that it reads.

    Raises
    ------
    MepsError
        If a trial has none of the modalities, `nothing` is not a finite number a class, or, as
        probabilities, does not sum to 1.
    """
    config = model.config
    names = getattr(config, "streams", None) or config.modalities
    needs = getattr(config, "needs", lambda name: (name,))
    refuse_blind(batch, config.modalities)
    whole = answers(model, batch, scale)
    if nothing.shape != whole.shape[1:] or not nothing.isfinite().all():
        raise MepsError(
            f"nothing={nothing.tolist()}; expected {whole.shape[1]} finite numbers, one a class: "
            "the mean of answers(...) over background trials, or the classes' shares in training"
        )
    blank = nothing.to(whole)
    if scale == "logit":
        blank = _scaled(blank, scale)
    elif blank.min() < 0 or abs(float(blank.sum()) - 1) > 1e-3:
        raise MepsError(
            f"nothing={nothing.tolist()}; expected probabilities, of at least 0 and a sum of 1; "
            'logits go with scale="logit"'
        )
    found = {}
    for size in range(len(names) + 1):
        for subset in combinations(names, size):
            seen = {m for name in subset for m in needs(name)}
            shown = without(batch, [m for m in config.modalities if m not in seen])
            rows = [
                k
                for k, have in enumerate(shown.modalities)
                if any(set(needs(name)) <= set(have) for name in subset)
            ]
            found[subset] = blank.expand_as(whole).clone()
            if rows:
                found[subset][rows] = answers(model, take(shown, rows), scale)
    return found


def shapley(values: Mapping[Subset, Tensor]) -> dict[str, Tensor]:
    """The Shapley value of each modality: what it adds, averaged over all orders of arrival.

    Parameters
    ----------
    values : mapping
        Of every subset, a tensor of one shape (...), as of `of_subsets`.

    Returns
    -------
    dict
        Of each modality a tensor (...). They sum to values[all] - values[()]. What a trial lacks
        has 0.

    Raises
    ------
    MepsError
        If a subset is missing.

    Examples
    --------
    >>> both = {(): 0.0, ("colour",): 1.0, ("ps",): 3.0, ("colour", "ps"): 6.0}
    >>> {m: v.item() for m, v in shapley({s: torch.tensor(v) for s, v in both.items()}).items()}
    {'colour': 2.0, 'ps': 4.0}

    References
    ----------
    Shapley 1953, a value for n-person games.
    """
    names = max(values, key=len)
    n = len(names)
    every = [s for size in range(n + 1) for s in combinations(names, size)]
    if missing := set(every) - set(values):
        raise MepsError(f"no value of the subset {min(missing)}; expected all {len(every)}")
    found = {}
    for m in names:
        found[m] = torch.zeros_like(values[()])
        for rest in (s for s in every if m not in s):
            joined = tuple(x for x in names if x in rest or x == m)
            orders = factorial(len(rest)) * factorial(n - len(rest) - 1) / factorial(n)
            found[m] += orders * (values[joined] - values[rest])
    return found


def _scaled(logits: Tensor, scale: Scale) -> Tensor:
    if scale == "probability":
        return logits.softmax(dim=-1)
    return logits - logits.mean(dim=-1, keepdim=True)
