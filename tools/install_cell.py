"""The first code cell of an edition: it installs the library where Colab lacks it."""

from __future__ import annotations

from tools.address import is_public

TITLE = "# @title Install the library (acts in Colab only)\nimport sys\n\n"
INSTALL = """\
if "google.colab" in sys.modules:
    import shlex
    from importlib.metadata import requires

    from packaging.requirements import Requirement

    %pip install --quiet --no-deps "meps-lib @ git+https://github.com/ADDRESS"
    try:
        from cv2 import __version__ as opencv
    except ImportError:
        opencv = "0"
    needed = []
    for part in map(Requirement, requires("meps-lib")):
        # Colab's own cv2 stays if it will do: a second build of it would overwrite the first.
        there = part.name.startswith("opencv") and part.specifier.contains(opencv)
        if not there and (part.marker is None or part.marker.evaluate({"extra": "lab"})):
            part.marker = None
            needed.append(str(part))
    # Any torch from 2.2 on will do, so that Colab keeps its own build for the GPU.
    %pip install --quiet {shlex.join(needed)}
"""
HOMELESS = """\
if "google.colab" in sys.modules:
    raise RuntimeError(
        "This notebook does not know yet where its library is published, so that Colab cannot "
        "fetch it. In a copy of the project, `make address REPO=owner/name` says where; "
        "`make lab` runs the notebooks on your own machine."
    )
"""


def install_cell(address: str) -> str:
    """Code that does nothing outside Colab; inside, it installs, or says why it cannot."""
    return (
        TITLE + (INSTALL.replace("ADDRESS", address) if is_public(address) else HOMELESS)
    ).strip()
