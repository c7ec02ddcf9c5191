"""The flow maps of MEGC2019 that circulate, with their label table: all 442."""

import csv
from pathlib import Path

import cv2
import numpy as np

HEADER = ["dataset", "sub", "filename_o", "label", "apex", "imagename", "sub_filename"]
WORDS = ["negative", "positive", "surprise"]
# subjects, then clips of negative, positive, surprise
COUNTS = {
    "smic": (16, [70, 51, 43]),
    "casme2": (24, [88, 32, 25]),
    "samm": (28, [92, 26, 15]),
}
OTHERWISE = 93  # rows of SMIC whose `imagename` spells the clip otherwise


def table() -> list[list[str]]:
    """The 442 rows as texts; the last column is empty and `filename_o` repeats."""
    rows = []
    for dataset, (people, counts) in COUNTS.items():
        labels = [label for label, n in enumerate(counts) for _ in range(n)]
        for i, label in enumerate(labels):
            k, time = i % people, i // people
            rows.append([*_names(dataset, k, time, label), str(label)])
    rows = [[d, sub, name, label, apex, image, ""] for d, sub, name, apex, image, label in rows]
    smic = [row for row in rows if row[0] == "smic"]
    for row in [r for r in smic if r[1] < "s10"][:OTHERWISE]:
        row[5] = row[5].replace("_s0", "_s", 1)
    return rows


def _names(dataset: str, k: int, time: int, label: int) -> list[str]:
    if dataset == "smic":
        sub = f"s{k + 1:02d}"
        clip = f"{sub}_{('ne', 'po', 'sur')[label]}_{time + 1:02d}"
    elif dataset == "casme2":
        sub, clip = f"sub{k + 1:02d}", f"EP{time + 2:02d}_01f"
    else:
        sub = f"{6 + k:03d}"
        clip = f"{sub}_{time + 1}_2"
    apex = "" if dataset == "smic" else str(40 + time)
    return [dataset, sub, clip, apex, f"{sub}_{clip} .jpg"]


def map_of(row: int) -> np.ndarray:
    """A map, (28, 28, 3) in the order red, green, blue: u, v and the strain of both, 0-255."""
    y, x = np.mgrid[:28, :28].astype(float) - 13.5
    u = np.exp(-((x - row % 7) ** 2 + y**2) / 40)
    v = -np.exp(-(x**2 + (y - row % 5) ** 2) / 60)
    uy, ux = np.gradient(u)
    vy, vx = np.gradient(v)
    strain = np.sqrt(ux**2 + vy**2 + 2 * ((uy + vx) / 2) ** 2)
    planes = [np.round(255 * (p - p.min()) / np.ptp(p)) for p in (u, v, strain)]
    return np.stack(planes, axis=2).astype(np.uint8)


def write_maps(folder: Path, rows: list[list[str]]) -> None:
    """`<sub>_<filename_o> .png`, with a space before the dot."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, (_, sub, name, *_) in enumerate(rows):
        picture = cv2.cvtColor(map_of(i), cv2.COLOR_RGB2BGR)  # OpenCV writes blue first
        assert cv2.imwrite(str(folder / f"{sub}_{name} .png"), picture)


def write_table(path: Path, rows: list[list[str]]) -> Path:
    """The label table as comma-separated text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return path
