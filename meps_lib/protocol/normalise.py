"""How signals and EEG are put on one scale before training, and who is looked at for it.

"training"
    Nothing is done here: the model's own `fit_scales` takes the scale of each signal from
    the training subjects alone and applies it to everybody. The default, and the strict one.
"per-subject"
    Each signal of a subject is z-scored over that subject's own trials. No label is used, but
    all trials of a test subject are looked at before the first is classified. That is
    transductive: it needs a recording of a person, not a clip, and a result must say so. It
    takes away what differs between people, such as the resting level of skin conductance.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from meps_lib.errors import MepsError
from meps_lib.trial import Trial


def per_subject(trials: Sequence[Trial]) -> list[Trial]:
    """Z-score each signal of a subject over all samples of that subject's trials.

    Parameters
    ----------
    trials : sequence of Trial
        Those without ``ps`` and ``eeg`` are passed on as they are. One subject's trials must have
        the same signals in the same order.

    Returns
    -------
    list of Trial
        In the same order; ``ps`` and ``eeg`` with mean 0 and standard deviation 1 a subject and
        signal, without unit ("z"). A signal that never changes in a subject is 0 throughout.

    Raises
    ------
    MepsError
        If two trials of a subject have other signals.

    Examples
    --------
    >>> kw = {"label": "a", "subject": "s", "ps_names": ("EDA",), "ps_units": ("uS",)}
    >>> low, high = (Trial(clip=c, ps=torch.full((1, 4), x), ps_sfreq=4.0, **kw)
    ...              for c, x in (("low", 3.0), ("high", 7.0)))
    >>> [t.ps[0, 0].item() for t in per_subject([low, high])]
    [-1.0, 1.0]
    """
    for name in ("ps", "eeg"):
        have = [t for t in trials if getattr(t, name) is not None]
        who = dict.fromkeys(t.subject for t in have)
        scales = {s: _scale([t for t in have if t.subject == s], name) for s in who}
        trials = [_apply(t, name, *scales.get(t.subject, ())) for t in trials]
    return trials


def _scale(own: Sequence[Trial], name: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation of each row, (C, 1) each, over one subject's trials."""
    first, keys = own[0], (f"{name}_names", f"{name}_units")
    for trial in own:
        (names, units), other = ([getattr(t, key) for key in keys] for t in (first, trial))
        if [names, units] != other:
            raise MepsError(
                f"trials {first.clip!r} and {trial.clip!r} of {first.subject!r} have the signals "
                f"{names} in {units} and {other[0]} in {other[1]}; prepare them alike first"
            )
    x = torch.cat([getattr(t, name).double() for t in own], dim=1)
    mean = x.mean(dim=1, keepdim=True)
    return mean, (x - mean).square().mean(dim=1, keepdim=True).sqrt()


def _apply(trial: Trial, name: str, mean=None, deviation=None) -> Trial:
    if getattr(trial, name) is None:
        return trial
    # CHOICE: a constant signal becomes 0. WHY: its rounding errors divided by themselves would be
    # noise of the size of a signal; how small is too small depends on the level it sits at.
    flat, x = deviation <= 1e-6 * mean.abs(), getattr(trial, name).double()
    z = torch.where(flat, 0.0, (x - mean) / torch.where(flat, 1.0, deviation))
    return replace(trial, **{name: z.float(), f"{name}_units": ("z",) * len(z)})


NORMALISERS: dict[str, Callable[[Sequence[Trial]], Sequence[Trial]]] = {
    "training": lambda trials: trials,
    "per-subject": per_subject,
}
