"""The data that `meps loso` is given: simulated on the way, in a folder, or a data set's own files.

What comes back says in its ``origin`` how it was opened, for the ``config.json`` of a run.
"""

from dataclasses import asdict
from pathlib import Path

from meps_lab.cli.index import options_of
from meps_lab.cli.simulate import cohort_of
from meps_lib.errors import MepsError


def open_data(options, modalities: tuple[str, ...]):
    """The data set that was asked for; what is left out of it is printed, with the reason."""
    from meps_lab.datasets.cache.settings import LoadConfig
    from meps_lab.datasets.dataset import IndexedDataset
    from meps_lab.datasets.index.build import build_index
    from meps_lab.datasets.table import check_windows

    if options.data is None:
        return cohort_of(options) if options.root is None else _simulated_folder(options.root)
    if options.root is None:
        raise MepsError(f"--data {options.data}: say where it lies with --root DIR")
    how = options_of(options, options.data)
    found = build_index(options.data, options.root, how)
    window = {} if options.window_s is None else {"ps_window": options.window_s}
    load = LoadConfig(modalities, options.crop, **window)
    data = IndexedDataset(found, options.classes, load)
    for text in found.missing:
        print(f"missing: {text}")
    for why, n in data.origin["left_out"].items():
        print(f"left out: {n} clips, {why}")
    if not options.allow_missing:
        check_complete(data)
    data.origin["index"] = asdict(how)
    if options.data == "table":  # where it lies is no part of what one's own clips are
        data.origin["root"] = options.root.name
        if "ps" in modalities:
            check_windows(data.table, data.root, data.config)
    return data


def _simulated_folder(root: Path):
    from meps_lab.datasets.index.kinds import MODULES
    from meps_lab.simulate import FolderDataset

    if not (root / "dataset.json").is_file():
        raise MepsError(
            f"{root / 'dataset.json'} is missing; expected a folder made by 'meps simulate --out'. "
            f"Where a data set lies there, name it with --data: {', '.join(MODULES)}"
        )
    data = FolderDataset(root)
    data.origin = {"root": str(root)}
    return data


_MOST_MISSING = 0.05  # CHOICE: of a set's clips; a few are damaged in every copy


def check_complete(data) -> None:
    """Refuse a data set of which many clips have a class and no files: scores would be of the rest.

    The error names each set of which more than 5 % is missing.
    """
    there = data.index["data_set"].value_counts()
    lost = {name: n - there.get(name, 0) for name, n in data.asked.items() if name != "all"}
    many = [name for name, n in lost.items() if n > _MOST_MISSING * data.asked[name]]
    if many:
        counts = ", ".join(f"{lost[name]} of {data.asked[name]} clips of {name}" for name in many)
        raise MepsError(
            f"{data.root}: {counts} have no usable files; copy them ('meps index' names them), or "
            "go on with the others by --allow-missing (in a plan, allow_missing = true of [data]), "
            "which every score will say"
        )
