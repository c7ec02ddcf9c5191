"""Everything that is measured of an experiment's trials and model, for `doctor` to judge.

Each measurement is a number with a meaning of its own. No truth of a simulator is read: a
researcher with recordings has all that goes in.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import log

import numpy as np
import pandas as pd
import torch

from meps_lab.experiments.config import ExperimentConfig
from meps_lab.experiments.examine_frames import cells, frame_numbers, grey_clips, twin_numbers
from meps_lab.experiments.examine_signals import explained, guide_numbers, heard, signal_numbers
from meps_lab.experiments.folds import make_model
from meps_lab.prepare import PreparedDataset
from meps_lib.models import MODELS
from meps_lib.protocol.metrics import score
from meps_lib.training import fit
from meps_lib.trial import Trial

MORE_EPOCHS = 6  # beyond those of the experiment
WIDTHS = {  # of models that can be examined, what makes them wider
    "meps": ("dim", "heads", "backbone_width", "ps_width"),
    "mmme": ("dim", "heads", "head_width", "video_width"),
}
_COURSE = 10  # parts of a signal
# WHY: of 180 numbers that are noise, the best exceeds the range of `doctor` in three classes at 12
# trials in a third of all studies, at 15 in 5 %, at 18 in 0.3 %.
_FEWEST = 18  # trials of which a best number is told


def examine(
    data: PreparedDataset, config: ExperimentConfig, table: pd.DataFrame
) -> dict[str, float]:
    """All measurements of a finished experiment with S1 or S2; what cannot be measured is left out.

    Parameters
    ----------
    data : PreparedDataset
        The trials, as they were when predictions were made.
    config : ExperimentConfig
    table : DataFrame
        The predictions.

    Returns
    -------
    dict
        As `learning_numbers`, `frame_numbers`, `signal_numbers`, `guide_numbers`, `twin_numbers`
        and `given_away` say; and "score", the best accuracy of a seed.
    """
    numbers, model = learning_numbers(data, config)
    seeds = [score(t["truth"], t["prediction"], data.classes) for _, t in table.groupby("seed")]
    numbers |= {"score": max(s.accuracy for s in seeds)} | given_away(data.trials)
    numbers |= twin_numbers(data.trials) | frame_numbers(data.trials, model)
    return numbers | signal_numbers(data.trials) | guide_numbers(data.trials)


def learning_numbers(
    data: PreparedDataset, config: ExperimentConfig
) -> tuple[dict[str, float], torch.nn.Module]:
    """Whether a model had the epochs and the width to learn its training trials; and the model.

    The first fold is trained again, for some epochs more, and once more where a width is below
    the library's own.

    Returns
    -------
    dict
        "epochs": by how much the training loss of the wide model falls in epochs beyond the
        experiment's; "encoder": by how much that of the experiment's own lies above it in the end.
        1 is the loss of guessing.
    Module
        The experiment's own.
    """
    seed = config.seeds[0]
    split = config.splits(data.index, seed, data.lost)[0]
    sides = data.of(split.train), data.of(split.validation)
    n = config.train.epochs
    longer = replace(config.train, epochs=n + MORE_EPOCHS, patience=None)

    def losses(model: torch.nn.Module) -> np.ndarray:
        history = fit(model, *sides, data.classes, longer, seed)
        return np.array([one["train_loss"] for one in history]) / log(len(data.classes))

    model, wide = make_model(config, data.classes, seed), widened(config)
    own = losses(model)
    best = own if wide == config else losses(make_model(wide, data.classes, seed))
    return {"epochs": best[:n].min() - best.min(), "encoder": own.min() - best.min()}, model


def widened(config: ExperimentConfig) -> ExperimentConfig:
    """The same experiment, no width of the model below the library's own."""
    default, given = MODELS[config.model][1](), dict(config.model_args)
    wide = {k: max(given[k], getattr(default, k)) for k in WIDTHS[config.model] if k in given}
    if "dim" in wide and wide["dim"] > given["dim"]:
        wide["heads"] = default.heads  # as many as divide its own width
    return replace(config, model_args=given | wide)


def given_away(trials: Sequence[Trial]) -> dict[str, float]:
    """How well the class is told by the best of many simple numbers, each by itself.

    Returns
    -------
    dict
        "given away": the largest share of a number's variance that the class explains, among the
        first frame of a clip, what changed in it, cell by cell, and the course of each signal.
        Empty below 18 trials, where the best of so many numbers tells the class by chance.
    """
    shares, clips, some = [], list(grey_clips(trials)), heard(trials)
    if len(clips) >= _FEWEST and len({len(clip) for _, clip in clips}) == 1:
        x = np.stack([cells(np.r_[clip[:1], clip[1:] - clip[:1]]).ravel() for _, clip in clips])
        shares += explained(x, np.array([trial.label for trial, _ in clips])).tolist()
    if len(some) >= _FEWEST:
        x = np.stack([course(t) for t in some])
        shares += explained(x, np.array([t.label for t in some])).tolist()
    return {"given away": max(shares)} if shares else {}


def course(trial: Trial) -> np.ndarray:
    """Mean of each part of a trial's signals from the first on, (parts * C,)."""
    parts = np.array_split(trial.ps.double().numpy(), _COURSE, axis=1)
    x = np.stack([part.mean(axis=1) for part in parts])
    return (x - x[0]).ravel()
