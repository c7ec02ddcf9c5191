"""The wheels of all packages for one kind of machine, this one or another; pip fetches them.

pip looks at its own machine when it asks what a package needs there (Windows needs some that Linux
does not). So each wheel is fetched alone, and what the wheels ask for on the target is read here.
"""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tools.execute import PACKAGES

# The default wheel for Linux asks for CUDA, gigabytes; PyTorch's own page names this index.
TORCH_CPU = "https://download.pytorch.org/whl/cpu"
# How a platform's tag begins, and what Python calls that system.
SYSTEMS = {
    "win": ("Windows", "win32", "nt"),
    "macosx": ("Darwin", "darwin", "posix"),
    "linux": ("Linux", "linux", "posix"),
}


@dataclass(frozen=True)
class Target:
    """A machine that a pack is for: tags of its platform (none: this machine), and its Python."""

    tags: tuple[str, ...] = ()
    python: str = "{}.{}".format(*sys.version_info)

    @property
    def machine(self) -> str:
        return self.tags[0] if self.tags else re.sub(r"\W", "_", sysconfig.get_platform())

    @property
    def system(self) -> str:
        return next((name for name in SYSTEMS if name in self.machine), "")

    @property
    def processor(self) -> str:
        found = re.search(r"(x86_64|amd64|arm64|aarch64|i686|universal2)$", self.machine)
        return (found[1] if found else "").replace("universal2", platform.machine())

    def for_pip(self) -> list[str]:
        # The newest patch: some packages refuse the first ones, and `first_patch` says which.
        tags = [word for tag in self.tags for word in ("--platform", tag)]
        return [*tags, "--python-version", f"{self.python}.99"] if tags else []

    def environment(self) -> dict[str, str]:
        """What the markers of requirements look at; pip itself would ask this machine."""
        here = default_environment()
        if self.tags:
            names = ("platform_system", "sys_platform", "os_name")
            here |= dict(zip(names, SYSTEMS[self.system], strict=True))
            processor = self.processor.upper() if self.system == "win" else self.processor
            here |= {"platform_machine": processor, "python_version": self.python}
            here["python_full_version"] = f"{self.python}.99"
        return here


def about_wheel(path: Path) -> Message:
    """What a wheel says of itself."""
    with ZipFile(path) as wheel:
        name = next(n for n in wheel.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", n))
        return BytesParser().parsebytes(wheel.read(name))


def about_wheels(wheels: Path) -> dict[str, Message]:
    found = map(about_wheel, sorted(wheels.glob("*.whl")))
    return {canonicalize_name(about["Name"]): about for about in found}


def run_pip(*words: object) -> str:
    """Run pip; what it printed if it failed, else nothing."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", *map(str, words)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout or "pip failed" if done.returncode else ""


def download(wanted: Iterable[str], wheels: Path, target: Target, *more: str) -> list[str]:
    """Fetch the wheels of these requirements, without what they ask for; those that have none.

    Raises
    ------
    SystemExit
        When pip fails for another reason, such as a network that is missing.
    """
    wanted, without = list(wanted), []
    command = ["download", "--no-deps", "--only-binary=:all:", "--retries", 1, "-d", wheels, *more]
    while wanted and (said := run_pip(*command, *target.for_pip(), *wanted)):
        lacks = re.search(r"No matching distribution found for ([\w.-]+)", said)
        one = [line for line in wanted if lacks and name_of(line) == canonicalize_name(lacks[1])]
        if "Retrying" in said or not one:
            raise SystemExit(
                f"{said.strip()[-2000:]}\n\npip could not fetch the wheels: see above."
            )
        wanted.remove(one[0])
        without += one
    return without


def build_own(root: Path, wheels: Path) -> None:
    """The wheel of this project, made from a copy, since setuptools writes beside the source."""
    with TemporaryDirectory() as name:
        for part in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(root / part, name)
        for package in PACKAGES:
            skip = shutil.ignore_patterns("__pycache__")
            shutil.copytree(root / package, Path(name, package), ignore=skip)
        if said := run_pip("wheel", "--no-deps", "-w", wheels, name):
            raise SystemExit(f"{said.strip()[-2000:]}\n\nThe project's wheel could not be made.")


def name_of(line: str) -> str:
    return canonicalize_name(Requirement(line).name)


def lacking(roots: Iterable[str], there: dict[str, Message], target: Target) -> list[str]:
    """What these and all that they ask for need on the target, and no wheel brings."""
    waiting, seen, missing = list(map(Requirement, roots)), set(), {}
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        key = (name, frozenset(wanted.extras), str(wanted.specifier))
        if name == "pip" or key in seen:  # pip is in every environment that Python makes
            continue
        seen.add(key)
        if name not in there:
            missing[name] = missing.get(name, SpecifierSet()) & wanted.specifier
            continue
        cases = [target.environment() | {"extra": extra} for extra in wanted.extras or {""}]
        for further in map(Requirement, there[name].get_all("Requires-Dist", ())):
            if not further.marker or any(map(further.marker.evaluate, cases)):
                waiting.append(further)
    return sorted(f"{name}{specifier}" for name, specifier in missing.items())


def gather(root: Path, wheels: Path, target: Target, torch_index: str) -> tuple[list[str], ...]:
    """All wheels for a target; returns what has none there, and what was needed beside the lock."""
    lines = (root / "requirements.lock").read_text("utf-8").splitlines()
    lock = [line for line in lines if line and not line.startswith("#")]
    torch = [line for line in lock if line.startswith("torch==") and target.system == "linux"]
    # A version with "+cpu" counts as newer than the same one without, so pip takes it.
    without = download(torch, wheels, target, "--extra-index-url", torch_index)
    without += download((line for line in lock if line not in torch), wheels, target)
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    own = f"{project['name']}[{','.join(project.get('optional-dependencies', ()))}]"
    beside: list[str] = []
    while True:
        there, names = about_wheels(wheels), set(map(name_of, without))
        missing = lacking([own, *lock], there, target)
        more = [line for line in missing if name_of(line) not in names]
        if not more:
            break
        without += download(more, wheels, target)
        beside += more
    pins = [f"{a['Name']}=={a['Version']}\n" for name, a in there.items() if name not in names]
    (wheels.parent / f"requirements-{target.python}.txt").write_text("".join(pins), "utf-8")
    return without, beside


def first_patch(there: dict[str, Message], python: str) -> str:
    """The first release of a Python that all packages accept: some refuse 3.11.0 to 3.11.4."""
    said = ",".join(about["Requires-Python"] or "" for about in there.values())
    accepts = SpecifierSet(said.replace(",,", ",").strip(","))
    return next((v for v in (f"{python}.{k}" for k in range(100)) if v in accepts), "")
