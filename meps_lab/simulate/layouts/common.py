"""What every layout shares: what a layout is, and how its pictures and its truth are written.

A layout module defines one function that writes a cohort as its data set would stand on
disk, and one `Layout` named ``LAYOUT`` that says with which cohort.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from torch import Tensor

from meps_lab.simulate.cohort import CohortDataset
from meps_lab.simulate.layouts.dials import FACE, PEOPLE
from meps_lab.simulate.scenario import Scenario
from meps_lab.simulate.timing import LONGEST_S
from meps_lib.errors import MepsError

_FRAMES = ("onset", "apex", "offset")
TRUTH_COLUMNS = ("subject", "clip", "emotion", "class", *_FRAMES, "aus", "apex_exact", "dirt")
_JPEG_QUALITY = 95

NOTICE = """These files are simulated, not recordings of anyone.

They imitate the folders, files and annotation tables of {name} so that software can be
tried without the licensed data: no face, signal or judgement in them comes from a person.
A score reached on them says nothing about the real data set.

layout {kind}, {n_subjects} subjects, {trials} trials a subject, seed {seed}
annotation errors: {dirt}
truth.parquet holds what the annotation tables should say, one row a clip.

What the sources leave open, and what these files do:
{choices}"""


@dataclass(frozen=True)
class Layout:
    """How a cohort is simulated and written for one data set."""

    name: str  # what the command line calls it, e.g. "casme2"
    scenario: Callable[[], Scenario]  # camera, rates and length as in the data set
    classes: str | tuple[str, ...]  # class set of the cohort
    # (folder, cohort, generator, dirt) -> what is true, made by `truth_table`
    write: Callable[[Path, CohortDataset, np.random.Generator, bool], pd.DataFrame]
    title: str  # the data set's own name
    choices: str  # what the sources leave open and what was done, for SIMULATED.txt
    most: int  # subjects of the real set: no more are written
    dials: tuple[str, ...] = FACE + PEOPLE  # of `Scenario`; the others are fixed or mean nothing
    # How many, if not told: enough for an example; below 30 MB, but 65 for MMME with its EEG.
    subjects: int = 3
    trials: int = 8
    micro: bool = True  # whether every clip obeys the rule that makes an expression micro

    def turned(self, dials: Mapping[str, object]) -> Scenario:
        """The layout's scenario with some of its dials set, as `Scenario.turned` takes them.

        Raises
        ------
        MepsError
            If a dial is unknown, fixed or without effect here, or out of range.
        """
        scenario = self.scenario()
        known = [name for name in vars(scenario) if name in self.dials]
        unknown = sorted(set(dials) - set(vars(scenario)))
        if unknown:
            raise MepsError(f"unknown dials {unknown}; known are {', '.join(known)}")
        fixed = sorted(set(dials) - set(known))
        if fixed:
            raise MepsError(
                f"layout {self.name} does not take the dials {fixed}: its data set fixes them, or "
                f"its files would not show them; it takes {', '.join(known)}"
            )
        scenario = scenario.turned(**dials)
        if self.micro:
            self._check_length(scenario)
        return scenario

    def _check_length(self, scenario: Scenario) -> None:
        """What lasts longer than a micro-expression is none, and would be cut to one."""
        name, seconds = "duration_s", scenario.duration_s
        if scenario.n_frames:
            name, seconds = "n_frames", (scenario.n_frames - 1) / scenario.fps
        elif scenario.duration == "mmme":
            return
        if seconds > LONGEST_S:
            raise MepsError(
                f"{name}={getattr(scenario, name)} lasts {seconds:g} s at {scenario.fps:g} Hz; "
                f"a micro-expression of {self.title} lasts at most {LONGEST_S} s"
            )


def by_person(cohort: CohortDataset) -> list[list[int]]:
    """The numbers of each person's trials."""
    return np.arange(len(cohort)).reshape(-1, cohort.trials_per_subject).tolist()


def below(out: Path, path: Path) -> str:
    """A path as the truth names it."""
    return path.relative_to(out).as_posix()


def write_frames(
    folder: Path, frames: Tensor | np.ndarray, names: Sequence[str], ext: str = "jpg"
) -> None:
    """Write pictures, one file a frame.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    frames : Tensor or ndarray of uint16, shape (T, 3, H, W) or (T, 1, H, W)
        A tensor is RGB or grey in [0, 1], an array what the files hold, such as depth in mm.
    names : sequence of str
        T different file names without extension.
    ext : str
        "jpg", "png", "bmp" or "tif".
    """
    if isinstance(frames, Tensor):
        frames = (frames.clamp(0, 1) * 255).round().byte().numpy()
    folder.mkdir(parents=True, exist_ok=True)
    how = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY] if ext == "jpg" else []
    for name, frame in zip(names, frames, strict=True):
        blue_first = np.ascontiguousarray(frame[::-1].transpose(1, 2, 0))
        # Encoded here and written by Python: OpenCV does not report a full disk.
        (folder / f"{name}.{ext}").write_bytes(cv2.imencode(f".{ext}", blue_first, how)[1])


def truth_table(rows: Iterable[Mapping[str, object]]) -> pd.DataFrame:
    """The table of what is true, one row a clip.

    Parameters
    ----------
    rows : iterable of mappings
        Each with subject, clip (as the files spell them), emotion, class; onset, apex, offset
        (in the files' own frame numbers, None where the set has none); aus (numbers joined by
        "+"); apex_exact (as onset, not rounded); and further columns of the set's own.

    Returns
    -------
    DataFrame
        `TRUTH_COLUMNS` first; `dirt` is "" until something is spoilt.
    """
    table = pd.DataFrame(list(rows))
    for name in TRUTH_COLUMNS:
        if name not in table:
            table[name] = "" if name in ("aus", "dirt") else None
    table = table.astype(dict.fromkeys(_FRAMES, "Int64") | {"apex_exact": "float64"})
    return table[[*TRUTH_COLUMNS, *(c for c in table if c not in TRUTH_COLUMNS)]]
