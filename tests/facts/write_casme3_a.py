"""CAS(ME)^3 Part A as its authors publish it, in tiny pieces."""

from pathlib import Path

from tests.facts.old_excel import write_xls
from tests.facts.pieces import write_depth, write_picture, write_xlsx

HEADER = ["Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion"]
V2 = "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx"
V1 = "cas(me)3_part_A_ME_label_JpgIndex_v1.xls"

# Sound rows: the dot of the subject left out, letters in both cases, each of the seven words
# that the authors use, sides and halves of the face as prefixes.
SOUND = [
    ["spNO.1", "a", 10, 14, 18, "4+L7", "I", "disgust"],
    ["spNO.1", "B", 40, 43, 47, "R12", "II", "happy"],
    ["spNO2", "c", 5, 8, 12, "T1+B25", "III", "surprise"],
    ["spNO.2", "c", 30, 33, 38, "4", "VII", "Others"],
    ["spNO.3", "d", 7, 9, 11, "20", "IV", "fear"],
    ["spNO.3", "M", 90, 93, 99, "4+5", "V", "anger"],
    ["spNO10", "e", 200, 204, 209, "15", "VI", "sad"],
    ["spNO.10", "e", 300, 304, 309, "L14", "VII", "others"],
]
# Defects of the kinds that the published table has; the words say which.
DEFECTS = {
    "apex before onset": ["spNO.11", "f", 120, 100, 130, "4", "VII", "disgust"],
    "onset behind apex and offset": ["spNO.11", "g", 150, 140, 145, "4", "VII", "disgust"],
    "offset 0": ["spNO.12", "h", 160, 165, 0, "12", "I", "happy"],
    "3,456 frames": ["spNO.12", "i", 100, 105, 3555, "4", "VII", "fear"],
    "onset = apex": ["spNO.13", "j", 50, 50, 56, "1+2", "II", "surprise"],
}


def rows() -> list[list]:
    """The sound rows, then the defects."""
    return SOUND + list(DEFECTS.values())


def write_table(root: Path, body: list[list] | None = None) -> Path:
    """The annotation that the authors recommend: sheet `label`."""
    return write_xlsx(root / V2, {"label": [HEADER, *(rows() if body is None else body)]})


def number(subject: str) -> str:
    """The digits of a subject's name."""
    return subject.removeprefix("spNO").removeprefix(".")


def write_frames(root: Path, body: list[list], longest: int = 40) -> None:
    """Colour and depth of each row, one folder a video; a broken row gets a few frames."""
    for subject, letter, onset, _, offset, *_ in body:
        folder = root / "part_A/data/part_A" / f"spNO.{number(subject)}" / letter.lower()
        stop = offset if onset <= offset < onset + longest else onset + 8
        for i in range(onset, stop + 1):
            write_picture(folder / "color" / f"{i}.jpg", i)
            write_depth(folder / "depth" / f"{i}.png", i)


def write_cut(root: Path, body: list[list]) -> None:
    """The clips as the authors cut them: one folder a micro-expression."""
    for subject, letter, onset, _, offset, *_ in body:
        name = f"spNO.{number(subject)}_{letter.lower()}_{onset}"
        for i in range(onset, offset + 1):
            write_picture(root / "Part_A_ME_clip/frame" / name / f"{i}.jpg", i)
            write_depth(root / "Part_A_ME_clip/depth" / name / f"{i}.png", i)


def write_v1(root: Path, body: list[list]) -> Path:
    """The first edition: the same eight columns, and two that have no name."""
    marked = [[*row, None, None] for row in body]
    marked[0][8:] = [1, "checked"]
    return write_xls(root / V1, {"Sheet1": [[*HEADER, None, None], *marked]})


BOTH = [*HEADER[:6], "Expression type", *HEADER[6:]]


def write_macro_and_micro(root: Path, version: int, body: list[list]) -> Path:
    """The large table: each row of `body` once as a micro-, once as a macro-expression."""
    large = [[*r[:6], kind, *r[6:]] for r in body for kind in ("Micro-expression", "Macro")]
    sheets = {"AU+Emotion": [BOTH, *large]}
    if version == 1:
        micro = [[*row, "negative"] for row in body]
        sheets["Sheet1"] = [[*HEADER, "Valence"], *micro]
        blinks = [[*row[:3], row[4]] for row in body]
        sheets["eye blink"] = [["Subject", "Filename", "Onset", "Offset"], *blinks]
    return write_xls(root / f"CAS(ME)3_part_A_v{version}.xls", sheets)


def write_blinks(root: Path) -> Path:
    """The sheet of blinks alone: no expression stands in it."""
    blinks = [["spNO.1", "a", 100, 107], ["spNO.2", "c", 40, 49]]
    header = ["Subject", "Filename", "Onset", "Offset"]
    return write_xls(root / "CAS(ME)3_part_A_v1.xls", {"eye blink": [header, *blinks]})


# The published table's counts: 860 micro-expressions of 94 subjects.
COUNTS = {
    "disgust": 250,
    "surprise": 187,
    "others": 161,
    "fear": 86,
    "anger": 64,
    "sad": 57,
    "happy": 55,
}
STILL = range(200, 255)  # 55 rows whose onset is the apex


def published() -> list[list]:
    """860 rows with the published counts and the published defects at their rows."""
    words = [word for word, n in COUNTS.items() for _ in range(n)]
    body = []
    for i, word in enumerate(words):
        subject, letter = f"spNO.{1 + i % 94}", "abcdefghijklm"[i % 13]
        word = "Others" if i == 437 else word
        start = 50 + 20 * i
        apex = start if i in STILL else start + 4
        body.append([subject, letter, start, apex, start + 9, "4", "VII", word])
    body[128][3] = body[128][2] - 20
    body[749][2] = body[749][3] + 2
    body[796][4] = body[798][4] = 0
    body[708][4] = body[708][2] + 3455
    return body


def write_damaged(root: Path) -> Path:
    """The list of damaged images: subject, letter and file, then what is wrong."""
    lines = ["spNO.3 J 498.jpg  the image cannot open", "spNO.1 A 12.jpg  the image cannot open"]
    path = root / "damaged_images.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
