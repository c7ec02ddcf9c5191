"""A workbook of Excel 97 (`.xls`, BIFF8 in an OLE2 file), written byte by byte.

Three of the published tables of CAS(ME)^3 are such files and no library at hand writes one.
Only what a plain table needs: sheets, numbers, texts.
"""

import struct
from pathlib import Path

FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
SECTOR = 512


def write_xls(path: Path, sheets: dict[str, list[list]]) -> Path:
    """Write sheets of rows; `None` leaves a cell empty, the first row is the header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_ole(_workbook(sheets)))
    return path


def _record(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _begin(kind: int) -> bytes:
    return _record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 0x07CC, 0, 6))


def _cell(row: int, column: int, value) -> bytes:
    where = struct.pack("<HHH", row, column, 0)
    if value is None:
        return b""
    if isinstance(value, str):
        text = value.encode("utf-16-le")
        return _record(0x0204, where + struct.pack("<HB", len(text) // 2, 1) + text)
    return _record(0x0203, where + struct.pack("<d", value))


def _sheet(rows: list[list]) -> bytes:
    width = max((len(row) for row in rows), default=0)
    cells = [_cell(r, c, v) for r, row in enumerate(rows) for c, v in enumerate(row)]
    size = _record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0))
    return _begin(0x0010) + size + b"".join(cells) + _record(0x000A)


def _workbook(sheets: dict[str, list[list]]) -> bytes:
    head = _begin(0x0005) + _record(0x0042, struct.pack("<H", 1200))
    bodies = [_sheet(rows) for rows in sheets.values()]
    at = len(head) + sum(4 + 8 + 2 * len(name) for name in sheets) + 4
    bound = b""
    for name, body in zip(sheets, bodies, strict=True):
        text = name.encode("utf-16-le")
        bound += _record(0x0085, struct.pack("<IHBB", at, 0, len(name), 1) + text)
        at += len(body)
    return head + bound + _record(0x000A) + b"".join(bodies)


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    links = struct.pack("<III", FREE, FREE, child)
    return (
        text.ljust(64, b"\0")
        + struct.pack("<HBB", len(text), kind, 1)
        + links
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )


def _ole(stream: bytes) -> bytes:
    """Wrap the stream: header, its own sectors, one directory sector, the allocation table."""
    stream = stream.ljust(4096, b"\0")  # shorter streams would need a second, smaller table
    n = -(-len(stream) // SECTOR)
    n_fat = 1
    while (n + 1 + n_fat) * 4 > n_fat * SECTOR:
        n_fat += 1
    chain = [*range(1, n), END, END, *[FAT] * n_fat]
    chain += [FREE] * (n_fat * SECTOR // 4 - len(chain))
    directory = _entry("Root Entry", 5, 1, END, 0) + _entry("Workbook", 2, FREE, 0, len(stream))
    header = (
        bytes.fromhex("D0CF11E0A1B11AE1")
        + bytes(16)
        + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
        + struct.pack("<IIIIIIIII", 0, n_fat, n, 0, 4096, END, 0, END, 0)
    )
    places = [n + 1 + k for k in range(n_fat)] + [FREE] * (109 - n_fat)
    return (
        header
        + struct.pack("<109I", *places)
        + stream.ljust(n * SECTOR, b"\0")
        + directory.ljust(SECTOR, b"\0")
        + struct.pack(f"<{len(chain)}I", *chain)
    )
