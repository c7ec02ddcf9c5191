"""The command `meps exercises`: what a class has handed in, as a table for its teacher."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import tyro

from meps_lab.files import may_write, write_file
from meps_lib.errors import MepsError
from meps_lib.files import reading

# A check prints one line: "correct: ...", "not yet: ..." or "not attempted yet".
REPLY = re.compile(r"^(correct|not yet|not attempted)(?:: (.*)| yet)$", re.M)
ASKED = re.compile(r"""^\s*check\(\s*["'](\d\d\.\d+)["']""", re.M)
RUN = "from nbclient.cli import main; main()"
NOTICE = (
    "The notebooks are run with your rights, in a process of their own with a time limit. This is "
    "no sandbox: what a notebook deletes or sends is deleted or sent. Run it where that is no harm."
)


@dataclass
class Exercises:
    """Run the notebooks that learners handed in, and write what each exercise's check says.

    One row a notebook and exercise: "correct", "not yet" or "not attempted", and the check's own
    words; "not run" where a notebook could not be read, or was stopped at the limit.

    Example: meps exercises collect handed_in --out class.csv
    """

    what: tyro.conf.Positional[Literal["collect"]]
    folder: tyro.conf.Positional[Path]  # of notebooks; folders within are looked through as well
    out: Path = Path("exercises.csv")  # where the table goes
    limit: float = 900.0  # s that a notebook may run
    force: bool = False  # replace the file that --out names

    def run(self) -> None:
        import pandas as pd

        may_write("--out", self.out, (".csv",), self.force)
        if not self.limit > 0:
            raise MepsError(f"--limit {self.limit:g}: expected seconds, more than 0")
        paths = sorted(path for path in self.folder.rglob("*.ipynb") if path.is_file())
        paths = [path for path in paths if ".ipynb_checkpoints" not in path.parts]
        if not paths:
            raise MepsError(f"{self.folder}: no notebook in it (*.ipynb)")
        print(NOTICE)
        rows = []
        for n, path in enumerate(paths, start=1):
            name = path.relative_to(self.folder).as_posix()
            print(f"{n} of {len(paths)}: {name}", flush=True)
            rows += [{"file": name, **row} for row in answers(path, self.limit)]
        table = pd.DataFrame(rows)
        write_file(self.out, table.to_csv(index=False).encode())
        print(pd.crosstab(table["exercise"], table["result"]).to_string())
        print(f"table: {self.out}")


def answers(path: Path, limit: float) -> Iterator[dict[str, str]]:
    """What the checks of a notebook say when it is run again from its top; nothing is written.

    Parameters
    ----------
    path : Path
        A notebook, as it was handed in. What it holds of an earlier run is not believed.
    limit : float
        Seconds after which it is stopped.

    Yields
    ------
    dict
        ``exercise``, ``result`` and ``said``. Of an exercise that is asked twice, the last.
    """
    try:
        said = _replies(_executed(path, limit))
    except MepsError as error:
        yield {"exercise": "", "result": "not run", "said": str(error)}
        return
    if not said:
        yield {"exercise": "", "result": "not run", "said": "no check of an exercise in it"}
    for name in sorted(said, key=lambda name: tuple(map(int, name.split(".")))):
        result, words = said[name]
        yield {"exercise": name, "result": result, "said": words}


def _executed(path: Path, limit: float):
    """The notebook with the outputs of a run of its own."""
    try:
        import nbformat
        import psutil
    except ModuleNotFoundError as error:
        raise MepsError(f"{error.name} is missing: pip install 'meps-lib[lab,book]'") from None

    with TemporaryDirectory() as folder:
        copy, done = Path(folder, "notebook.ipynb"), Path(folder, "done.ipynb")
        with reading(path, "ask for it again"):
            notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, copy)
        how = ["--allow-errors", f"--timeout={limit:.0f}", f"--output={done.stem}", str(copy)]
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, *how],
            cwd=folder,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            _, told = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            # The kernel is a child of its own, and would go on.
            family = [*psutil.Process(process.pid).children(recursive=True), process]
            for member in family:
                member.kill()
            process.communicate()
            raise MepsError(f"stopped after {limit:g} s") from None
        if not done.is_file():
            last = told.decode(errors="replace").strip().splitlines()[-1:]
            raise MepsError(f"it cannot be run: {''.join(last)[:200]}")
        return nbformat.read(done, as_version=4)


def _replies(notebook) -> dict[str, tuple[str, str]]:
    """Result and words of each exercise; one whose check said nothing was stopped by an error."""
    found: dict[str, tuple[str, str]] = {}
    for cell in notebook.cells:
        asked = ASKED.findall(cell.source) if cell.cell_type == "code" else []
        if not asked:
            continue
        text = "".join(out.text for out in cell.outputs if out.get("name") == "stdout")
        errors = [out.evalue for out in cell.outputs if out.output_type == "error"]
        replies = [(kind, words or "") for kind, words in REPLY.findall(text)]
        silent = ("not yet", f"the cell ends in an error: {errors[0]}" if errors else "no reply")
        for k, name in enumerate(asked):
            found[name] = replies[k] if k < len(replies) else silent
    return found
