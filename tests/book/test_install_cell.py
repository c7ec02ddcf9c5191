"""What the first cell of an edition asks pip for, inside Colab and outside."""

import importlib.metadata
import shlex
import sys
from types import ModuleType

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from tools.address import PLACEHOLDER
from tools.install_cell import install_cell

NEEDS = [
    "opencv-python-headless<5,>=4.8",
    "torch<3,>=2.2",
    'pandera[pandas]<1,>=0.24; extra == "lab"',
    'jupyterlab<5,>=4; extra == "book"',
]


@pytest.fixture
def asked(monkeypatch):
    """Run the cell as Colab would; the answer is what each `%pip` line holds."""
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    lines: list[list[str]] = []
    shell.register_magic_function(lambda line: lines.append(shlex.split(line)), "line", "pip")
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: NEEDS)
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))

    def run(opencv: str | None) -> list[list[str]]:
        module = ModuleType("cv2")
        module.__version__ = opencv
        monkeypatch.setitem(sys.modules, "cv2", module if opencv else None)
        shell.run_cell(install_cell("someone/somewhere")).raise_error()
        return lines

    return run


@pytest.mark.parametrize(
    ("opencv", "wanted"), [("4.12.0", False), ("4.8.1", False), ("4.5.4", True), (None, True)]
)
def test_opencv_is_left_alone_where_it_will_do(asked, opencv, wanted):
    library, needed = asked(opencv)
    assert library[-2:] == ["--no-deps", "meps-lib @ git+https://github.com/someone/somewhere"]
    assert ("opencv-python-headless<5,>=4.8" in needed) == wanted
    assert needed[-2:] == ["torch<3,>=2.2", "pandera[pandas]<1,>=0.24"]  # no build for the pages
    assert not {"-U", "--upgrade", "--force-reinstall"} & {*library, *needed}


def test_nothing_happens_outside_colab(asked, monkeypatch):
    monkeypatch.delitem(sys.modules, "google.colab")
    assert asked(None) == []


def test_without_an_address_colab_is_told_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    with pytest.raises(RuntimeError, match="make address REPO=owner/name"):
        exec(install_cell(PLACEHOLDER), {})
