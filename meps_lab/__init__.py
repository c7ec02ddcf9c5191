"""The laboratory around `meps_lib`: people, data sets, experiments, the book, the command.

The library never imports it. What it needs beside the library comes with the extra ``lab``.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

# A package of each kind of work; whoever lacks one has installed the library alone.
_NEEDED = ("filelock", "joblib", "openpyxl", "pandera", "pooch", "pyarrow", "safetensors", "tyro")

if _missing := [name for name in _NEEDED if find_spec(name) is None]:
    _text = (
        f"meps_lab needs {', '.join(_missing)}; install the laboratory with the library: "
        'pip install "meps-lib[lab]"'
    )
    if Path(sys.argv[0]).stem == "meps":  # the command comes by here first, and shows no traceback
        print(f"meps: {_text}", file=sys.stderr)
        sys.exit(2)
    raise ImportError(_text)
