"""Rows of text to samples; what is no number is named by its line and column."""

from pathlib import Path

import numpy as np

from meps_lib.errors import MepsError


def text_lines(path: Path) -> list[str]:
    """The lines of a text file that has some."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise MepsError(f"{path}: no such file or folder; check the path") from error
    except OSError as error:
        raise MepsError(f"{path}: cannot be opened ({error.strerror}); check the path") from error
    except UnicodeDecodeError as error:
        raise MepsError(
            f"{path}: not a text file in UTF-8; expected a table of samples: if it is one in "
            "another encoding (UTF-16, Windows cp1252), save it as UTF-8"
        ) from error
    if not text.strip():
        raise MepsError(f"{path}: the file is empty; record or download it again")
    return text.rstrip().splitlines()


def samples_below(
    path: Path, lines: list[str], n_header: int, names: tuple[str, ...], delimiter: str | None
) -> np.ndarray:
    """Samples below the header, (C, L); a bad row or cell is named by line and column."""
    body = lines[n_header:]
    if not body:
        raise MepsError(f"{path}: a header and no samples; record or download it again")
    try:
        table = np.loadtxt(body, delimiter=delimiter, ndmin=2, comments=None)
        if table.shape == (len(body), len(names)):
            return table.T
    except ValueError:
        pass  # WHY: NumPy counts rows and columns in its own way; the loop below names them
    for number, line in enumerate(body, start=n_header + 1):
        cells = line.split(delimiter)
        if len(cells) != len(names):
            last = " (the last line: is the file truncated?)" if number == len(lines) else ""
            raise MepsError(
                f"{path}: line {number} has {len(cells)} values, expected {len(names)}: "
                f"{', '.join(names)}{last}"
            )
        for name, cell in zip(names, cells, strict=True):
            if not is_number(cell):
                hint = ": leave times of day out, or write them as seconds" if ":" in cell else ""
                raise _not_a_number(path, number, name, cell, hint)
            if "," in cell:
                raise _not_a_number(path, number, name, cell, ": write decimals with a point")
    raise MepsError(f"{path}: could not be read as a table of {', '.join(names)}")


def _not_a_number(path: Path, line: int, name: str, cell: str, hint: str = "") -> MepsError:
    return MepsError(
        f"{path}: line {line}, column {name}: got {cell.strip()!r}, expected a number{hint}"
    )


def is_number(text: str) -> bool:
    """Whether a cell is a number, or several with commas between them."""
    try:
        [float(cell) for cell in text.split(",")]
    except ValueError:
        return False
    return True
