"""Keep what a benchmark found where `meps_lab.results.kept` reads it."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

import meps_lab.results

KEPT = Path(meps_lab.results.__file__).parent


def made_by(command: str, packages: Sequence[str], **more: Any) -> dict[str, Any]:
    """The provenance of what is made today: command, date, versions, and what else is given."""
    versions = {"python": platform.python_version()} | {name: version(name) for name in packages}
    return {"command": command, "date": date.today().isoformat(), "versions": versions, **more}


def keep(name: str, table: pd.DataFrame, provenance: dict[str, Any], root: Path = KEPT) -> None:
    """Write a table and its provenance under a name; what had the name before is replaced."""
    folder = root / name
    folder.mkdir(exist_ok=True)
    table.to_csv(folder / "table.csv", index=False, float_format="%.6g")
    text = json.dumps(provenance, indent=2) + "\n"
    (folder / "provenance.json").write_text(text, encoding="utf-8")
