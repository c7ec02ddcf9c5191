"""A folder, and a zip of it, with which a room without a network reads and runs the book.

`make offline-pack` packs for the machine that it runs on, `.venv/bin/python -m tools.offline_pack
--platform win_amd64 --python 3.11` for another one. Inside lie the built pages, the notebooks, the
recordings, a wheel of each package, and `setup_offline.py` for the participant. Only pip uses the
network.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
from email.message import Message
from pathlib import Path
from zipfile import ZipFile

from markdown_it import MarkdownIt
from mdit_py_plugins.deflist import deflist_plugin

from meps_lab.recordings import find
from tools.address import PLACEHOLDER
from tools.build_book import STAMP, inputs_digest
from tools.execute import ROOT, recordings_at_hand
from tools.notebook import generated
from tools.offline_wheels import TORCH_CPU, Target, about_wheels, build_own, first_patch, gather

FAT32_MB = 4000  # a file must be smaller on a stick with that format
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Beneath the Face, without a network</title>
<meta name="viewport" content="width=device-width">
<style>body {{font: 1.05rem/1.5 sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem}}
table {{border-collapse: collapse}} td, th {{border: 1px solid #999; padding: .2rem .6rem}}
dt {{font-weight: bold}} code {{white-space: nowrap}}</style></head><body>
{}</body></html>
"""


def lay_out(root: Path, pack: Path) -> None:
    """Everything but wheels: pages, notebooks with pictures, recordings, the set-up script."""
    html = root / "_build/html"
    if not (html / STAMP).exists():
        raise SystemExit("There is no book yet: type make book, then this again.")
    if not any(html.glob("_static/mathjax/*.js")):
        raise SystemExit(
            "The built pages fetch their formulas from the network. Install npm (it comes with "
            "Node.js), type make clean and make book, then this again."
        )
    if (html / STAMP).read_text() != inputs_digest(root, recordings_at_hand()):
        print("Note: the sources have changed since the pages were built; make book renews them.")
    shutil.rmtree(pack, ignore_errors=True)
    shutil.copytree(html, pack / "pages")
    # Without a public address the notebooks' pictures are files beside them, not on the web.
    for path, text in generated(root / "notebooks", PLACEHOLDER).items():
        copy = pack / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text, encoding="utf-8")
    shutil.copytree(root / "book/_static", pack / "book/_static")
    shutil.copytree(find.SHIPPED, pack / "recordings")
    shutil.copy(root / "LICENSE", pack)
    shutil.copy(ROOT / "tools/setup_offline.py", pack)
    (pack / "wheels").mkdir()


def megabytes(place: Path) -> float:
    files = place.rglob("*") if place.is_dir() else [place]
    return sum(path.stat().st_size for path in files if path.is_file()) / 1e6


def recordings_table() -> str:
    rows = dict.fromkeys(
        (line.path.split("/")[0], line.repository, line.licence) for line in find.LINES
    )
    lines = [
        f"| `recordings/{folder}` | {origin} | {licence} |" for folder, origin, licence in rows
    ]
    return "\n".join(["| Folder | Taken from, on GitHub | Licence |", "|---|---|---|", *lines])


def licence_of(about: Message) -> str:
    named = [c.split(" :: ")[-1] for c in about.get_all("Classifier", ()) if c[:7] == "License"]
    told = about["License-Expression"] or ", ".join(named) or about["License"] or "see its wheel"
    return told.splitlines()[0][:60]


PARTS = {
    "pages": "the whole book, to read in a browser",
    "notebooks": "each chapter, with solutions; in `student`, with exercises alone",
    "book": "the pictures of the notebooks",
    "recordings": "real recordings; a copy to look at, the notebooks have their own",
    "wheels": "the packages, as pip installs them",
}


def describe(pack: Path, targets: list[Target], notes: list[str]) -> None:
    """What the set-up script has to know, and the starter page: what is here, and its size."""
    there, wheels = about_wheels(pack / "wheels"), sorted((pack / "wheels").glob("*.whl"))
    inside = [info for wheel in wheels for info in ZipFile(wheel).infolist()]
    first = {target.python: first_patch(there, target.python) for target in targets}
    # Python compiles what it installs, hence the third; several Pythons share a folder of wheels.
    unpacked = 1.3 * sum(info.file_size for info in inside) / 1e6 / len(targets)
    about = {
        "machine": targets[0].machine,
        "system": targets[0].system,
        "processor": targets[0].processor,
        "python": first,
        "unpacked_mb": round(unpacked),
        "longest_name": max(len("Lib/site-packages/" + info.filename) for info in inside),
    }
    (pack / "pack.json").write_text(json.dumps(about, indent=1) + "\n", "utf-8")
    rows = (f"{a['Name']} {a['Version']}: {licence_of(a)}\n" for a in there.values())
    (pack / "PACKAGES.txt").write_text("".join(rows), "utf-8")
    sizes = [
        f"| `{name}` | {what} | {megabytes(pack / name):.0f} MB |" for name, what in PARTS.items()
    ]
    whole = f"| all | | {megabytes(pack):.0f} MB |"
    shown = ("meps-lib", "torch", "numpy", "opencv-python-headless", "jupyterlab")
    text = (
        (ROOT / "tools/start_here.md")
        .read_text("utf-8")
        .format(
            machine=about["machine"],
            python=" and ".join(first),
            python_needed=", or ".join(
                f"{patch} or a later {name}" for name, patch in first.items()
            ),
            unpacked=f"{unpacked / 1e3:.1f} GB",
            parts="\n".join([*sizes, whole]),
            versions=", ".join(f"{n} {there[n]['Version']}" for n in shown if n in there),
            notes="\n".join(f"\n{note}" for note in notes),
            recordings=recordings_table(),
        )
    )
    (pack / "START_HERE.txt").write_text(text, "utf-8")
    page = MarkdownIt("commonmark").enable("table").use(deflist_plugin).render(text)
    (pack / "START_HERE.html").write_text(PAGE.format(page), "utf-8")


def write_sums(pack: Path) -> None:
    """A checksum a file, as `sha256sum --check` reads them too."""
    files = sorted(path for path in pack.rglob("*") if path.is_file())
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(pack).as_posix()}\n"
        for path in files
    ]
    (pack / "SHA256SUMS").write_text("".join(lines), "utf-8")


def make_pack(root: Path, out: Path, targets: list[Target], torch_index: str = TORCH_CPU) -> Path:
    """The folder; beside it lies its zip."""
    pack = out / f"beneath-the-face-{targets[0].machine}"
    lay_out(root, pack)
    print("Fetching the packages with pip; the first time that takes minutes", flush=True)
    build_own(root, pack / "wheels")
    notes = []
    for target in targets:
        without, beside = gather(root, pack / "wheels", target, torch_index)
        if without:
            notes.append(
                f"No wheel for Python {target.python}, so not in it: {', '.join(without)}."
            )
        if any("nvidia" in line for line in beside):
            notes.append(
                "PyTorch came with CUDA, which is gigabytes: the index of its CPU builds was not "
                "reached. `--torch-index URL` names another."
            )
    describe(pack, targets, notes)
    write_sums(pack)
    packed = Path(shutil.make_archive(str(pack), "zip", pack.parent, pack.name))
    for name in PARTS:
        print(f"{megabytes(pack / name):8.1f} MB  {name}")
    print(
        f"{megabytes(pack):8.1f} MB  {pack}\n{megabytes(packed):8.1f} MB  {packed}",
        *notes,
        sep="\n",
    )
    if megabytes(packed) > FAT32_MB:
        print(
            "A stick formatted as FAT32 takes no file of that size: copy the folder, not the zip."
        )
    print(
        "Copy one of the two to the stick. Participants begin with START_HERE.html in it.\n"
        f"Python {' or '.join(target.python for target in targets)} is not in it: bring its "
        "installer, too, unless everybody has it."
    )
    return pack


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--platform", nargs="+", default=(), help="tag of wheels, e.g. win_amd64")
    parser.add_argument("--python", nargs="+", help="e.g. 3.11; several share a pack")
    parser.add_argument("--torch-index", default=TORCH_CPU, help="index of PyTorch's CPU builds")
    parser.add_argument("--out", type=Path, default=ROOT / "_build/offline", help="a folder")
    asked = parser.parse_args(words)
    if asked.python and not asked.platform:
        parser.error("--python needs a --platform, such as win_amd64 or macosx_12_0_arm64")
    pythons = asked.python or [Target.python]
    targets = [Target(tuple(asked.platform), python) for python in pythons]
    if not (targets[0].system and targets[0].processor):
        parser.error(f"no such platform is known: {targets[0].machine}; an example is win_amd64")
    for python in pythons:
        if not re.fullmatch(r"3\.(1[1-9]|[2-9]\d)", python):
            parser.error(f"--python {python}: expected 3.11 or newer, without a third number")
    make_pack(ROOT, asked.out, targets, asked.torch_index)


if __name__ == "__main__":
    main()
