"""Results that take long to compute, as one run of a benchmark left them.

A folder a result: its table, and the provenance that says how it was made and is made again.
"""

import json
import platform
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from meps_lab.files import read_parquet
from meps_lib.arguments import one_of
from meps_lib.files import read_json, write_whole

__all__ = ["HERE", "answers", "keep", "kept", "made_by"]
HERE = Path(__file__).parent


def kept(name: str) -> pd.DataFrame:
    """A kept table.

    Parameters
    ----------
    name : str
        "ablation_NAME": UF1 of variants at each position of a question's dials, and differences;
        `meps_lab.ablations.kept_ablation` reads it with the question.
        "ceilings": what the truth of simulated people is worth, one row a preset and sense.
        "composite": scores of flow networks on simulated maps, one row a network and set.
        "composite_choice": UF1 of the candidates for our own, on other people.
        "composite_epoch": UF1 of the last epoch, and of the best one of each tested person.
        "composite_speed": seconds of a study by a plain loop and by the library.
        "coverage": how many intervals over cohorts and strangers hold the truth, where it is known.
        "doctor": which fault the doctor named, one row a simulated study.
        "fusion_modes": how S1's colour branch reads strangers, one row a setting and way to weigh.
        "guides": UF1 of S1 for each way to listen to a guide, and paired differences.
        "guides_choice": the same for who asks, on cohorts and strangers of their own.
        "judges": what other libraries say of the simulator, one row a question.
        "loop_padding": seconds of training, batches padded once and anew, one row a set of senses.
        "loop_stacked": seconds of a LOSO, folds one by one and stacked, one row a number of folds.
        "maps": how well maps of S1 find the truth of simulated people, one row a map, judge and
        control.
        "plans": what running a plan costs beside the bare loop, one row a question.
        "plans_kills": when a plan was killed, and whether it ended the same, one row a kill.
        "ps_body": UF1 of simulated bodies' signals, one row a network or set of features.
        "ps_choice": UF1 of networks by learning rate, and of settings, where they were chosen.
        "ps_heart": error of the heart rate, one row a signal, recording and reader.
        "ps_rates": cost a sample of the encoder of the signals, one row a sampling rate.
        "ps_sets": UF1 on WESAD and CASE, or on their simulated trees, one row a set and network.
        "ps_speed": cost and memory of networks for signals, one row a network and length.
        "quantus_check": our judges of maps beside Quantus's, one row a kind of map and judge.
        "s2_leaks": UF1 of S2 with mistakes of published code, one row a mistake.
        "shuffled_folds": what S1's body branch says of each trial under two rules of folding.

    Returns
    -------
    pandas.DataFrame
        In its `attrs`, "provenance": command that makes it again, date, seed, seconds and
        versions.

    Raises
    ------
    MepsError
        If nothing of that name is kept; the message names what is.

    Examples
    --------
    >>> table = kept("judges")
    >>> table.columns.tolist()
    ['what', 'judge', 'found', 'demanded', 'unit', 'passed']
    >>> table.attrs["provenance"]["command"]
    'python benchmarks/simulator_judges.py --keep'
    """
    one_of("kept result", name, sorted(p.parent.name for p in HERE.glob("*/table.csv")))
    # What is called value names a position of a dial: "0.10" stays what it was.
    table = pd.read_csv(HERE / name / "table.csv", dtype={"value": str})
    table.attrs["provenance"] = read_json(HERE / name / "provenance.json")
    return table


def answers(name: str) -> pd.DataFrame:
    """What every network of a kept ablation says of every stranger, to score it in another way.

    Returns
    -------
    DataFrame
        Columns position, variant, model, subject, clip, truth, prediction, majority.

    Raises
    ------
    MepsError
        If no answers of that name are kept; the message names what are.
    """
    one_of("kept answers", name, sorted(p.parent.name for p in HERE.glob("*/answers.parquet")))
    return read_parquet(HERE / name / "answers.parquet", "install this package anew")


def made_by(command: str, packages: Sequence[str], **more: Any) -> dict[str, Any]:
    """The provenance of what is made today: command, date, versions, and what else is given."""
    versions = {"python": platform.python_version()} | {name: version(name) for name in packages}
    return {"command": command, "date": date.today().isoformat(), "versions": versions, **more}


def keep(
    name: str,
    table: pd.DataFrame,
    provenance: dict[str, Any],
    root: Path = HERE,
    answers: pd.DataFrame | None = None,
) -> None:
    """Write a table, its provenance and the answers behind it; what had the name is replaced."""
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    content = table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
    write_whole(folder / "table.csv", content.encode())
    text = json.dumps(provenance, indent=2) + "\n"
    write_whole(folder / "provenance.json", text.encode())
    if answers is not None:
        words = [c for c in answers if answers[c].dtype.kind not in "iuf"]
        small = answers.astype(dict.fromkeys(words, "category"))
        write_whole(folder / "answers.parquet", small.to_parquet(index=False, compression="zstd"))
