"""Keep what a benchmark found where `meps_lab.results.kept` reads it."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import process_time
from typing import Any

import pandas as pd

from meps_lab.results import keep, made_by

__all__ = ["keep", "made_by", "main"]


def main(
    doc: str,
    make: Callable[[argparse.Namespace], dict[str, pd.DataFrame]],
    packages: Sequence[str],
    options: dict[str, dict[str, Any]] | None = None,
    **more: Any,
) -> None:
    """The command of a benchmark: print its tables and, with --keep, keep them.

    Parameters
    ----------
    doc : str
        Of the benchmark; its first line is what --help says.
    make : callable
        From the options that were given to tables by name.
    packages : sequence of str
        Those whose versions decide the result.
    options : dict, optional
        Flags beside --keep, as `argparse.ArgumentParser.add_argument` takes them.
    more
        Goes into the provenance: seeds, say.
    """
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--keep", action="store_true", help="write the tables beside the package")
    for flag, how in (options or {}).items():
        parser.add_argument(f"--{flag}", **how)
    asked, start = parser.parse_args(), process_time()
    tables = make(asked)
    more |= {"seconds": round(process_time() - start)}
    for table in tables.values():
        print(table.round(3).to_string(index=False), end="\n\n")
    print(f"{more['seconds']} s of CPU")
    # A person's folders are nobody's business: a path is told as the flag that took it.
    told = {str(v): k.upper() for k, v in vars(asked).items() if isinstance(v, Path)}
    given = (told.get(word, word) for word in sys.argv[1:])
    command = " ".join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *given])
    if asked.keep:
        for name, table in tables.items():
            keep(name, table, made_by(command, packages, **more))
