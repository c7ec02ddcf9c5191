"""Small tables that several tests of indexing share."""

import openpyxl

from meps_lab.datasets.index.rules import Rule, forget, less
from meps_lab.datasets.index.schema import frame_of

EMOTIONS = ("happiness", "disgust", "surprise")
RULE = Rule(
    "apex-first",
    "the apex lies before the onset",
    less("apex", "onset"),
    "drop",
    forget("apex"),
    "the apex is forgotten",
)


def row(k=0, **cells):
    emotion = EMOTIONS[k % 3]
    fields = {"subject": f"s{k // 3}", "clip": f"c{k}", "row": k + 2, "fps": 30, "aus": "L4+12"}
    fields |= {"onset": 10 * k, "apex": 10 * k + 3, "offset": 10 * k + 8}
    return fields | {"emotion": emotion, "class_three": emotion} | cells


def table(n=6, **cells):
    return frame_of([row(k, **(cells if k == 1 else {})) for k in range(n)], "tiny")


def write_xlsx(path, sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, lines in sheets.items():
        sheet = book.create_sheet(name)
        for line in lines:
            sheet.append(line)
    book.save(path)
    return path
