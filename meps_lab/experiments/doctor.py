"""From measurements to a diagnosis: a list of checks in order, each with its range and its reason.

The paper names three signatures of failure: poor scores of the face alone speak for frame features
or fusion, poor scores of the body alone for denoising or its encoder, no gain from both for guided
attention. Each has several causes; the measurements of `examination` tell them apart.

CHOICE: where a range ends. WHY: set by eye between healthy and faulty simulated studies of the
seeds 800 to 829, before those that `benchmarks/doctor.py` reports were made. They hold for small
simulated studies with S1; with S2, and on recordings, they are a place to look first, no verdict.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf, isnan
from pathlib import Path
from typing import Any

from meps_lab.experiments.config import ExperimentConfig
from meps_lab.experiments.examination import WIDTHS, examine
from meps_lab.experiments.finished import Run, read_run
from meps_lab.experiments.folds import prepared
from meps_lab.prepare import PrepareConfig
from meps_lib.errors import MepsError
from meps_lib.models.meps_config import MEPSConfig
from meps_lib.models.mmme_config import MMMEConfig
from meps_lib.training import TrainConfig

HEALTHY = "healthy"
_OWN, _OWN2 = MEPSConfig(), MMMEConfig()  # the library's own widths


@dataclass(frozen=True)
class Check:
    """A measurement, where it lies in a healthy study, and which fault it speaks for elsewhere."""

    number: str  # of `examine`
    what: str  # in words
    low: float
    high: float
    fault: str  # of `FAULTS`


# In this order: what stands further down is also disturbed by what stands above.
CHECKS = (
    Check("score", "accuracy of the best seed", 0, 0.95, "leak"),
    Check("given away", "class in one simple number, share", 0, 0.75, "leak"),
    Check("twins", "nearest faces of two names / of one", 0.7, inf, "leak"),
    Check("other names", "trials that agree on other names", 0, 0.6, "swapped channels"),
    Check("drift", "slow share of ECG and PPG", 0, 0.45, "signals undenoised"),
    Check("bursts", "liveliest second / median one", 1, 1.5, "signals undenoised"),
    Check("skin noise", "EDA above 3 Hz, uS", 0, 0.02, "signals undenoised"),
    Check("frame noise", "pixel noise in the change, share", 0, 0.8, "frames too noisy"),
    Check("fusion", "movement under weights / even ones", 1.35, inf, "fusion off"),
    Check("encoder", "training loss above a wide model's", -inf, 0.2, "encoder too small"),
    Check("epochs", "training loss lost in more epochs", 0, 0.25, "too few epochs"),
    Check("guide", "class in the body's response, sd", 3, inf, "guide without information"),
    Check("constant", "trials with a constant signal, share", 0, 0.1, "guide without information"),
)

# What is wrong, in plain words; what to try.
FAULTS = {
    "leak": (
        "The labels reach the model by another way than the face and the body.",
        "Look for one person under two names, clips that are copies, triggers that cross into a "
        "channel, captions in the picture; then split by person anew.",
    ),
    "swapped channels": (
        "The signals do not look like what they are called.",
        "Plot one trial of each; correct the names in the table of channels, and run again.",
    ),
    "signals undenoised": (
        "Drift, movement or noise is stronger in the signals than what the body does.",
        "Clean whole recordings before the windows are cut (meps_lib.signals.clean), and look at "
        "those trials whose electrodes moved.",
    ),
    "frames too noisy": (
        "What changes from frame to frame is noise of the pixels, more than the face.",
        "Look for the original files behind recompressed ones, average larger crops, denoise; a "
        "larger network will not help.",
    ),
    "fusion off": (
        "The weights over frames do not peak where the face moves.",
        "Set where they peak, and how widely, such as --model-args fusion_centre=0.5 "
        "fusion_width=1; or let them follow the apex (--fusion apex) or be learnt "
        "(--fusion learnt).",
    ),
    "encoder too small": (
        "The model cannot learn even the trials that it is trained on, and a wider one can.",
        "Raise the widths towards the library's own: --model-args "
        f"dim={_OWN.dim} backbone_width={_OWN.backbone_width} ps_width={_OWN.ps_width}. (S2: "
        f"--model-args dim={_OWN2.dim} video_width={_OWN2.video_width}.)",
    ),
    "too few epochs": (
        "Training ended while it was still learning its own trials.",
        "Raise --epochs until the training loss is flat; the validation chooses the best of them.",
    ),
    "guide without information": (
        "The classes do not differ in the signals, or a signal is constant: a guide has nothing to "
        "say.",
        "Look for electrodes that were off; check that windows follow the clip's onset and belong "
        "to the same person; else train without signals.",
    ),
}


@dataclass(frozen=True)
class Finding:
    """A check with what was measured; None where that was impossible."""

    check: Check
    value: float | None

    @property
    def unusual(self) -> bool:
        """Whether it lies outside its range."""
        return self.value is not None and not self.check.low <= self.value <= self.check.high

    def __str__(self) -> str:
        low, high = self.check.low, self.check.high
        bounds = [f"at least {low:g}"] * (low not in (-inf, 0)) + [f"at most {high:g}"] * (
            high < inf
        )
        value = "not measured" if self.value is None else f"{self.value:.2f}"
        speaks = self.check.fault if self.unusual else ""
        return f"{self.check.what:<37}{value:>12}  {', '.join(bounds):<26}{speaks}".rstrip()


def findings(numbers: Mapping[str, float]) -> list[Finding]:
    """Every check, in order, with what was measured; NaN is no measurement."""
    known = {name: value for name, value in numbers.items() if not isnan(value)}
    return [Finding(check, known.get(check.number)) for check in CHECKS]


def faults(found: list[Finding]) -> list[str]:
    """The faults that findings speak for, the most probable first; none if nothing stands out."""
    return list(dict.fromkeys(one.check.fault for one in found if one.unusual))


def diagnose(folder: str | os.PathLike, dataset) -> list[Finding]:
    """Examine the experiment of a folder with its data set, opened again.

    Parameters
    ----------
    folder : path
        What ``meps loso --out`` left.
    dataset
        As for `meps_lab.experiments.run`.

    Raises
    ------
    MepsError
        If the folder is not finished, its model is neither S1 nor S2, or the data set lacks a trial
        that was tested, or has it with another class.
    """
    run = read_run(folder)
    config = config_of(run, Path(folder))
    on_error = "skip" if run.record.get("skipped") else "raise"
    data = prepared(dataset, config, on_error=on_error)
    check_same_trials(run, data.index)
    return findings(examine(data, config, run.table))


def config_of(run: Run, folder: Path) -> ExperimentConfig:
    """The experiment of a record, to be made again on the CPU; S1 or S2."""
    given: dict[str, Any] = dict(run.record["config"])
    if given["model"] not in WIDTHS:
        raise MepsError(
            f"{folder}: the model is {given['model']}; what its failures look like is known of "
            f"{' and '.join(WIDTHS)} alone"
        )
    try:
        given["prepare"] = PrepareConfig(**given["prepare"])
        given["train"] = TrainConfig(**given["train"] | {"device": "cpu", "precision": "fp32"})
        config = ExperimentConfig(**given | {"stacked": False})
        if config.protocol == "file":  # who had which role, as the run left it
            config = replace(config, split_file=folder / f"splits_seed{config.seeds[0]}.json")
    except (LookupError, TypeError) as error:
        text = f"{folder / 'config.json'}, config: {error!r}; it was written by another version"
        raise MepsError(f"{text}: run the experiment again") from None
    return config


def check_same_trials(run: Run, index) -> None:
    """Refuse a data set that lacks a trial that was tested, or has it with another class."""
    columns = ["subject", "clip", "label"]
    there = set(index[columns].itertuples(index=False, name=None))
    tested = run.table[["subject", "clip", "truth"]].itertuples(index=False, name=None)
    lacking = sorted(set(tested) - there)
    if lacking:
        subject, clip, truth = lacking[0]
        raise MepsError(
            f"clip {clip!r} of {subject!r}, class {truth!r}, was tested in {run.name}, and is not "
            f"in the data opened now ({len(lacking)} such); open those of the run with --root"
        )


def report(found: list[Finding]) -> str:
    """Findings as a table, then the most probable faults in plain words, and what to try."""
    lines = [f"{'measured':<37}{'value':>12}  {'healthy':<26}speaks for", *map(str, found), ""]
    probable = faults(found)
    if not probable:
        lines.append(f"{HEALTHY}: nothing stands out")
    for rank, fault in enumerate(probable):
        what, remedy = FAULTS[fault]
        lines.append(f"{'also possible' if rank else 'most probable'}: {fault}. {what}")
        lines.append(f"    {remedy}")
    if any(one.value is None for one in found):
        lines.append("What is not measured can hide a fault.")
    return "\n".join(lines)
