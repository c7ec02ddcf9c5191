"""What libraries that know nothing of the simulator find in it, and what is demanded of it.

Prints the table; with --keep writes it also where `meps_lab.results.kept("judges")` reads it.
Where a demand is not met, the exit status is 1.
"""

from __future__ import annotations

import argparse
import os
from time import perf_counter

os.environ.setdefault("OMP_NUM_THREADS", "1")

from judges.table import judges_table
from keep import keep, made_by

PACKAGES = ("torch", "neurokit2", "opencv-python-headless", "scikit-image")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer people, shorter recordings")
    parser.add_argument("--keep", action="store_true", help="write the table beside the package")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    if asked.quick and asked.keep:
        parser.error("--keep keeps the full table, so leave out --quick")
    start = perf_counter()
    table = judges_table(asked.seed, asked.quick)
    seconds = round(perf_counter() - start)
    print(table.to_string(index=False, float_format="{:.3g}".format))
    print(f"{table.passed.sum()} of {len(table)} demands are met; {seconds} s, seed {asked.seed}")
    if asked.keep:
        command = "python benchmarks/simulator_judges.py --keep"
        command += f" --seed {asked.seed}" * (asked.seed != 0)
        keep("judges", table, made_by(command, PACKAGES, seed=asked.seed, seconds=seconds))
    return int(not table.passed.all())


if __name__ == "__main__":
    raise SystemExit(main())
