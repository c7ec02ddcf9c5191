"""The EEG of MMME: Neuroscan's Curry files, through MNE.

Only the window of a clip is read from the samples. Opening is dear all the same: MNE asks
Compumedics' own reader for the header, and that one goes through the whole file. So a file
is opened once and kept open, by `meps_lab.datasets.readers.signals_cut.read_once`.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from meps_lab.datasets.readers.folders import entries
from meps_lab.datasets.readers.signals_cut import samples_around
from meps_lab.datasets.readers.triggers import codes_sent
from meps_lib.errors import MepsError

if TYPE_CHECKING:
    from mne.io import BaseRaw

HEADERS = (".dpa", ".dpo")  # one of them lies beside the .cdt, its name added to it
# Not over the brain: mastoids, eyes, heart, muscle, trigger; what is left are the 62.
_BESIDE = ("M1", "M2", "HEO", "VEO", "EKG", "EMG", "TRIGGER")


@dataclass(frozen=True)
class Eeg:
    """A subject's session, open, with the markers in it."""

    raw: BaseRaw
    names: tuple[str, ...]  # of the scalp channels
    events: tuple[tuple[int, int], ...]  # sample and code


def beside(path: Path) -> list[Path]:
    """The files that belong to a ``.cdt``: header, events and whatever else bears its name."""
    name = f"{path.name}.".lower()
    return [Path(e.path) for e in entries(path.parent) if e.name.lower().startswith(name)]


def header_of(path: Path) -> Path | None:
    """The file that says what the samples are; None if it is not there."""
    return next((p for p in beside(path) if p.suffix.lower() in HEADERS), None)


def read_curry(path: Path) -> Eeg:
    """Open a session; the samples stay on disk.

    Parameters
    ----------
    path : Path
        Ends in ``.cdt``; its header lies beside it, its events too if there are any.

    Raises
    ------
    MepsError
        If the header is not there, the file is cut short or is none of Curry's, or neither an
        event list nor a trigger channel says when the clips were shown.
    """
    header = header_of(path)
    if header is None:
        raise MepsError(
            f"{path}: no {path.name}{HEADERS[0]} beside it, which says what the samples are; copy "
            "it too"
        )
    if path.suffix + header.suffix not in {f".cdt{ending}" for ending in HEADERS}:
        raise MepsError(
            f"{path} and {header.name}: MNE knows these files only with small letters in "
            ".cdt and .dpa: rename them and those beside them"
        )
    try:
        with _quiet():
            from mne.io import read_raw_curry  # slow to import, and only needed here

            raw = read_raw_curry(path, preload=False)
            events = _events(raw)
    except MepsError as error:
        raise MepsError(f"{path}: {error}") from None
    except Exception as error:  # WHY: MNE and the reader beneath it raise whatever comes
        raise MepsError(
            f"{path} cannot be read by MNE ({error}): cut short, or not as the files beside it "
            "say; copy them all again"
        ) from None
    names = tuple(
        name
        for name, kind in zip(raw.ch_names, raw.get_channel_types(), strict=True)
        if kind == "eeg" and name.upper() not in _BESIDE
    )
    if not names:
        raise MepsError(f"{path}: no channel on the scalp; it has {', '.join(raw.ch_names)}")
    return Eeg(raw, names, tuple(events))


def eeg_window(eeg: Eeg, onset_s: float, around: tuple[float, float], source: object) -> dict:
    """EEG around the onset of an expression.

    It is not filtered: band powers choose their frequencies themselves, and a filter would have
    to run over the whole session.

    Parameters
    ----------
    eeg : Eeg
    onset_s, around, source
        As for `samples_around`.

    Returns
    -------
    dict
        eeg (float32, shape (E, L), microvolts), eeg_names, eeg_units, eeg_sfreq and eeg_start,
        as `Trial` takes them.

    Raises
    ------
    MepsError
        If the window leaves the recording, or holds a sample that is not finite.
    """
    sfreq = float(eeg.raw.info["sfreq"])
    first, n = samples_around(onset_s, around, sfreq, eeg.raw.n_times, source)
    with _quiet():
        volts = eeg.raw.get_data(picks=list(eeg.names), start=first, stop=first + n)
    bad = ~np.isfinite(volts)
    if bad.any():
        row, sample = np.argwhere(bad)[0]
        raise MepsError(
            f"{source}: channel {eeg.names[row]}, sample {first + sample} is "
            f"{volts[row, sample]}; {bad[row].sum()} such in the window: leave the clip out"
        )
    return {
        "eeg": torch.from_numpy(volts * 1e6).float(),
        "eeg_names": eeg.names,
        "eeg_units": ("uV",) * len(eeg.names),
        "eeg_sfreq": sfreq,
        "eeg_start": first / sfreq - onset_s,
    }


def _events(raw: BaseRaw) -> list[tuple[int, int]]:
    """Sample and code of each marker: from the event list, or else from the trigger channel."""
    listed = zip(raw.annotations.onset, raw.annotations.description, strict=True)
    sfreq = raw.info["sfreq"]
    events = [(round(t * sfreq), int(code)) for t, code in listed if str(code).strip().isdigit()]
    if events:
        return events
    line = [name for name in raw.ch_names if name.upper() == "TRIGGER"]
    if not line:
        raise MepsError(
            "neither events (.ceo, .cef) nor a channel 'Trigger' say when the clips were shown; it "
            f"has {', '.join(raw.ch_names)}"
        )
    level = raw.get_data(picks=line)[0]
    if not np.isfinite(level).all():
        raise MepsError("the channel 'Trigger' holds samples that are not finite; copy it again")
    # The amplifier writes codes as if they were microvolts, and MNE makes volts of those.
    scale = 1e6 if np.abs(level).max() < 1 else 1
    return codes_sent(np.round(level * scale).astype(int), sfreq)


@contextmanager
def _quiet() -> Iterator[None]:
    """MNE prints and warns, and the reader beneath it logs; what matters is raised here."""
    from mne import use_log_level

    before = logging.root.manager.disable
    with warnings.catch_warnings(), use_log_level("ERROR"):
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(before)
