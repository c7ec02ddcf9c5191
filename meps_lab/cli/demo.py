"""A model for a person's own clip, trained on simulated trials alone and kept in a cache.

It shows the whole way from a video to probabilities. It has never seen a real
micro-expression, and nothing it says is a judgement of a person.
"""

import os
from dataclasses import replace
from pathlib import Path

import pooch
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import nn

from meps_lab import simulate
from meps_lab.datasets.cache.disk import source_digest
from meps_lab.experiments.folds import ExperimentConfig, make_model
from meps_lab.experiments.record import CODE, digest
from meps_lab.prepare import PrepareConfig, PreparedDataset
from meps_lab.simulate import Scenario, simulate_cohort
from meps_lib.errors import MepsError
from meps_lib.files import write_whole
from meps_lib.signals import Recording, clean, resample, window
from meps_lib.training import fit
from meps_lib.trial import Trial

NOTICE = (
    "The model was trained on simulated faces and signals only, and has never seen a real "
    "micro-expression. Its output is a demonstration of the method: it is no measurement of what "
    "a person feels and no judgement of anybody. Inferring emotions at work or in education is "
    "prohibited in the European Union (Regulation (EU) 2024/1689, Article 5(1)(f))."
)
CLASSES = "three"
UNITS = {"EDA": "uS", "ECG": "mV", "PPG": "a.u."}  # of the simulated signals
WINDOW_S = (3.0, 7.0)  # s before and after the clip's first frame, as simulated


def demo_config(ps_names: tuple[str, ...]) -> ExperimentConfig:
    """The demonstration's experiment for colour alone, or colour and these signals."""
    # Real clips are cut by hand, so the curve follows the spotted apex.
    modalities = ("colour", "ps") if ps_names else ("colour",)
    prepare = PrepareConfig(ps_names=ps_names) if ps_names else PrepareConfig()
    return ExperimentConfig(model_args={"fusion": "apex"}, modalities=modalities, prepare=prepare)


def demo_model(
    ps_names: tuple[str, ...] = (),
    cache: str | os.PathLike | None = None,
    n_subjects: int = 12,
    progress: bool = True,
) -> tuple[nn.Module, tuple[str, ...], ExperimentConfig]:
    """Load the demonstration model, or train it on the first call (under a minute).

    It comes in evaluation mode, with its classes and settings, for colour and the signals named.
    The weights are kept in `cache`, by default the user's cache folder. It is trained on
    `n_subjects` simulated subjects, and two more choose the epoch.
    """
    config = demo_config(ps_names)
    folder = Path(cache) if cache is not None else Path(pooch.os_cache("meps")) / "models"
    path = folder / f"demo-{_key(config, n_subjects)}.safetensors"
    cohort = simulate_cohort(n_subjects + 2, 9, CLASSES, seed=1, scenario=Scenario())
    model = make_model(config, cohort.classes, seed=0)
    if path.is_file():
        try:
            model.load_state_dict(load_file(path))
            return model.eval(), cohort.classes, config
        except (SafetensorError, RuntimeError):  # a damaged cache entry is made anew below
            print(f"{path} is damaged; training the demonstration model again")
    print(f"training the demonstration model on {n_subjects} simulated subjects, once")
    data = PreparedDataset(cohort, config.prepare, config.modalities, progress)
    names = sorted(set(data.index["subject"]))
    sides = data.of(names[:-2]), data.of(names[-2:])
    fit(model, *sides, data.classes, config.train, seed=0, progress=progress)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, save(model.state_dict()))
    except OSError as error:
        print(f"could not keep the model in {folder}: {error.strerror}; it will be trained again")
    return model.eval(), cohort.classes, config


def _key(config: ExperimentConfig, n_subjects: int) -> str:
    """Names all that the weights depend on: the settings, the cohort, torch, and our source."""
    simulator = source_digest([Path(simulate.__file__).parent])
    settings = torch.__version__, config, Scenario(), CLASSES, n_subjects, CODE, simulator
    return digest([repr(settings).encode()])[:16]


def add_signals(trial: Trial, recording: Recording, video_at: float, model: nn.Module) -> Trial:
    """Give a clip the model's signals around it, from a recording in which the video began at (s).

    A channel in other units than the simulated ones is brought to the size that this model was
    trained on, and that is said aloud.
    """
    names = model.config.ps_names
    whole = resample(clean(recording.pick(*names)), model.config.ps_sfreq)
    began = video_at + trial.start
    cut = window(whole, began, began, context=WINDOW_S)
    signals = cut.signals.copy()
    for k, (name, unit) in enumerate(zip(names, cut.units, strict=True)):
        if unit != UNITS.get(name):
            course = signals[k] - signals[k].mean()
            size = float((course**2).mean() ** 0.5)
            if size == 0:
                raise MepsError(f"{recording.source}: {name} is constant in the window")
            signals[k] = course / size * float(model.encoders["ps"].input.scale.rms[k])
            print(f"{name}: unit {unit}, expected {UNITS.get(name)}; scaled to its usual size")
    return replace(
        trial,
        ps=torch.from_numpy(signals).float(),
        ps_names=names,
        ps_units=cut.units,
        ps_sfreq=cut.sfreq,
        ps_start=cut.start,
    )
