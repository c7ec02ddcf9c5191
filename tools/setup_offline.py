"""Have the book's notebooks run on this machine, from this folder alone and with no network.

    python setup_offline.py            into the folder beneath-the-face of your home
    python setup_offline.py FOLDER     into another one

Needs nothing but Python. Copied into the pack by tools/offline_pack.py; starts nothing. Written for
old Pythons too, so that they can say that they are too old.
"""

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

PACK = Path(__file__).resolve().parent
NAME = "beneath-the-face"
MARK = "made-by-setup-offline.txt"  # in an environment that is ours, with the pack it is made from
WINDOWS = os.name == "nt"
LONGEST = 259  # characters that a path may have on Windows
# No path in them: a .cmd with an umlaut in it is misread. One thread, as in the project's Makefile:
# results stay the same, and a laptop that does other things too stays quick.
OPEN = {
    ".cmd": "@set OMP_NUM_THREADS=1\n"
    '@"%~dp0.venv\\Scripts\\python.exe" -m jupyter lab "%~dp0notebooks" %*\n',
    ".sh": "#!/bin/sh\nexport OMP_NUM_THREADS=1\n"
    'cd "$(dirname "$0")" && exec .venv/bin/python -m jupyter lab notebooks "$@"\n',
}


def read_lists(pack):
    """What the pack says of itself, and a line with the checksum of each file."""
    try:
        lines = (pack / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
        about = json.loads((pack / "pack.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise SystemExit(
            f"SHA256SUMS and pack.json should lie beside this script, in {pack}, and be whole.\n"
            "Unpack the whole zip, or copy the folder from the stick again."
        ) from None
    return about, lines


def check_files(pack, lines):
    """Stop if a file is missing or not the one that was packed."""
    print(f"Comparing {len(lines)} files with their checksums ...", flush=True)
    bad = [f"  {name}: {fault}" for name, fault in map(_fault_of(pack), lines) if fault]
    if bad:
        more = f"\n  and {len(bad) - 10} more" if len(bad) > 10 else ""
        raise SystemExit(
            "This copy of the pack is not whole:\n" + "\n".join(bad[:10]) + more + "\n"
            "Copy the folder from the stick again, or take another stick. Nothing was set up."
        )


def _fault_of(pack):
    def fault(line):
        digest, _, name = line.partition("  ")
        now = hashlib.sha256()
        try:
            with (pack / name).open("rb") as file:
                for block in iter(lambda: file.read(1 << 20), b""):
                    now.update(block)
        except OSError as error:
            return name, "missing" if isinstance(error, FileNotFoundError) else str(error)
        return name, "" if now.hexdigest() == digest else "damaged"

    return fault


def machine():
    """This Python's platform as wheels call it, such as win_amd64 or linux_x86_64."""
    name = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    return name.replace("universal2", platform.machine())


def check_python(about, version=tuple(sys.version_info[:3]), here=None):
    """Stop unless the pack has wheels for this Python on this kind of machine."""
    here, oldest = here or machine(), about["python"].get("{}.{}".format(*version))
    if not oldest or version < tuple(map(int, oldest.split("."))):
        wanted = ", or ".join(
            f"{first} or a later {name}" for name, first in about["python"].items()
        )
        start = ("py -" if WINDOWS else "python") + next(iter(about["python"]))
        raise SystemExit(
            f"This is Python {'.'.join(map(str, version))}. The pack needs Python {wanted}.\n"
            f"If this machine has it too, type: {start} setup_offline.py\n"
            "If not, ask your teacher for its installer. The pages can be read without Python."
        )
    if not (here.startswith(about["system"]) and here.endswith(about["processor"])):
        raise SystemExit(
            f"This Python runs on {here}. The pack is made for {about['machine']}.\n"
            "Ask your teacher for the pack of your kind of machine; on Windows take the 64-bit "
            "Python. The pages can be read on any machine."
        )


def wrong_with(place, about, windows=WINDOWS):
    """Why the notebooks cannot go to a folder, in words; empty if they can."""
    room = LONGEST - about["longest_name"] - len("/.venv/")
    if windows and len(str(place)) > room:
        return f"its path is too long for Windows; {room} characters at most, such as C:\\meps"
    environment = place / ".venv"
    if environment.exists() and not (environment / MARK).exists():
        return "it holds another environment, .venv, which is left as it is"
    if (place / "setup_offline.py").exists():
        return "it is the pack itself"
    try:
        place.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=str(place)).close()
        free = shutil.disk_usage(str(place)).free
    except OSError as error:
        return f"it cannot be written ({error.strerror})"
    needed = 0 if environment.exists() else about["unpacked_mb"]
    if free < needed * 1e6:
        return f"{free / 1e9:.1f} GB are free, and {needed / 1e3:.1f} GB are needed"
    return ""


def find_place(words, about):
    """The folder that was named, or one in the home; asks for another until one will do."""
    asked = words[0] if words else str(Path.home() / NAME)
    while True:
        place = Path(os.path.abspath(os.path.expanduser(asked)))
        problem = wrong_with(place, about)
        if not problem:
            return place
        print(f"The notebooks cannot go to {place}: {problem}.")
        if not sys.stdin.isatty():
            raise SystemExit("Name another folder: python setup_offline.py FOLDER")
        asked = input("Type another folder, or nothing to stop: ").strip().strip('"')
        if not asked:
            raise SystemExit("Nothing was set up.")


def python_in(environment):
    """The interpreter of an environment."""
    return environment / ("Scripts/python.exe" if WINDOWS else "bin/python")


def make_environment(place, pack):
    """Packages into `.venv` of that place, from the pack's wheels alone."""
    environment, this_pack = place / ".venv", (pack / "SHA256SUMS").read_text(encoding="utf-8")
    this_pack = hashlib.sha256(this_pack.encode()).hexdigest()
    python = python_in(environment)
    mark = environment / MARK
    if mark.exists() and mark.read_text(encoding="utf-8") == this_pack:
        print("The packages are there already.")
        return python
    shutil.rmtree(str(environment), ignore_errors=True)
    environment.mkdir()
    mark.write_text("unfinished", encoding="utf-8")
    print("Installing the packages: some minutes, in which nothing is printed ...", flush=True)
    _try(
        [sys.executable, "-m", "venv", str(environment)],
        "Python could not make a virtual environment.\nOn Debian and Ubuntu its module is a "
        "package of its own, python3-venv.",
    )
    listed = pack / "requirements-{}.{}.txt".format(*sys.version_info)
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
    # What belongs together is known and listed, so pip need not look for it.
    offline = ["--no-index", "--no-deps", "--find-links", str(pack / "wheels")]
    _try(
        [*pip, *offline, "-r", str(listed)],
        "The packages could not be installed: pip's message stands above.\nMost often the disk is "
        "full, or a virus scanner holds a file: make room, and type the same again.",
    )
    mark.write_text(this_pack, encoding="utf-8")
    return python


def copy_notebooks(place, pack):
    """Notebooks and their pictures; what is there already is the learner's and stays."""
    kept = 0
    for source in (p for part in ("notebooks", "book") for p in (pack / part).rglob("*")):
        target = place / source.relative_to(pack)
        if source.is_file() and target.exists():
            kept += target.suffix == ".ipynb"
        elif source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(source), str(target))
    if kept:
        print(f"{kept} notebooks were there already and stay as they are.")
    start = place / ("open_notebooks.cmd" if WINDOWS else "open_notebooks.sh")
    start.write_text(OPEN[start.suffix], encoding="utf-8")
    start.chmod(0o755)
    return start


def _try(command, otherwise):
    # What a machine's own settings add to Python and pip would look elsewhere for packages.
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHON"))}
    clean["PIP_CONFIG_FILE"] = os.devnull
    if subprocess.call(command, env=clean):
        raise SystemExit("\n" + otherwise)


def main(words):
    about, lines = read_lists(PACK)
    check_python(about)  # first: it is quick, and the sums of a slow stick are not
    check_files(PACK, lines)
    place = find_place(words, about)
    print(f"Setting up in {place}", flush=True)
    python = make_environment(place, PACK)
    start = copy_notebooks(place, PACK)
    _try(
        [str(python), "-m", "meps_lab.cli.main", "info", "--check"],
        "The packages are installed, but the check above is not content. Show it to your teacher.",
    )
    print(f'\nTo open the notebooks, start this file:\n  "{start}"')


if __name__ == "__main__":
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a name that the console cannot show
    main(sys.argv[1:])
