"""Is this machine ready for a workshop? Each part is tried once, and judged in a line."""

import platform
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from shutil import disk_usage
from tempfile import TemporaryDirectory

from meps_lib.errors import MepsError

FREE_GB = 1.0  # on the disk: a chapter writes little, recordings and their copies most
AGAIN = "type `python -m tools.setup lab` in the book's folder, which installs what is missing"


def _packages() -> str:
    try:
        import cv2
        import torch
    except (ImportError, OSError) as error:  # a DLL that is missing is an OSError on Windows
        raise MepsError(f"{error}; {AGAIN}") from None
    return f"torch {torch.__version__}, OpenCV {cv2.__version__}"


def _notebooks() -> str:
    missing = [name for name in ("jupyterlab", "ipywidgets") if find_spec(name) is None]
    if missing:
        raise MepsError(f"{' and '.join(missing)} not installed; {AGAIN}")
    return "JupyterLab with widgets"


def _disk() -> str:
    with TemporaryDirectory() as folder:
        path = Path(folder, "mäßig lang.txt")  # as names on learners' disks are
        try:
            path.write_text("µS", encoding="utf-8")
        except OSError as error:
            raise MepsError(f"cannot write in {folder}: {error.strerror}; free some room") from None
        free = disk_usage(folder).free / 1e9
    if free < FREE_GB:
        raise MepsError(f"{free:.1f} GB free; expected {FREE_GB:g} at least: free some room")
    return f"{free:.0f} GB free"


def _recordings() -> str:
    from meps_lab.recordings.find import NAMES, available

    away = [name for name in NAMES if not available(name)]
    if away:
        raise MepsError(
            f"{len(away)} of {len(NAMES)} are not here ({', '.join(away)}); a chapter downloads "
            "them: copy them from a neighbour, or name their folder by MEPS_DATA"
        )
    return f"all {len(NAMES)} are here"


def _fit() -> str:
    from meps_lab.experiments.folds import ExperimentConfig, make_model
    from meps_lab.prepare import PreparedDataset
    from meps_lab.simulate import simulate_cohort
    from meps_lib.training import TrainConfig, fit

    config = ExperimentConfig(modalities=("ps",))
    people = simulate_cohort(2, 3, "three", seed=0)
    data = PreparedDataset(people, config.prepare, config.modalities, progress=False)
    model = make_model(config, people.classes, seed=0)
    train = TrainConfig(epochs=5, batch_size=6, class_weights=False, keep="last")
    course = [
        epoch["train_loss"] for epoch in fit(model, data.trials, [], people.classes, train, 0)
    ]
    first, last = course[0], course[-1]
    if not last < first:
        raise MepsError(f"the loss of S1 went from {first:.2f} to {last:.2f}; {AGAIN}")
    return f"the loss of S1 on six simulated trials fell from {first:.2f} to {last:.2f}"


def _picture() -> str:
    from matplotlib.figure import Figure

    with TemporaryDirectory() as folder:
        figure, path = Figure(), Path(folder, "line.png")
        figure.subplots().plot([0, 1, 0], label="a line")
        figure.savefig(path)
        return f"one of {path.stat().st_size / 1000:.0f} kB was drawn"


PARTS: dict[str, Callable[[], str]] = {
    "Python": platform.python_version,
    "packages": _packages,
    "notebooks": _notebooks,
    "disk": _disk,
    "recordings": _recordings,
    "training": _fit,
    "picture": _picture,
}


def lines() -> Iterator[str]:
    """One line a part as it is tried, and "ready" at the end.

    Raises
    ------
    MepsError
        At the end, if a part failed: what, and what to do.
    """
    failed = []
    for name, attempt in PARTS.items():
        try:
            yield f"{'ok':<5}{name}: {attempt()}"
        except MepsError as error:
            failed.append(name)
            yield f"{'NO':<5}{name}: {error}"
    if failed:
        raise MepsError(f"not ready: {', '.join(failed)}; each line above says what to do")
    yield "ready"
