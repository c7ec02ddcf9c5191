"""CASME II, SAMM and SMIC-HS as their authors publish them, in tiny pieces."""

from pathlib import Path

from tests.facts.pieces import write_picture, write_xlsx

# ---- CASME II: two columns without a name stand between the named ones ----
CASME2 = ["CASME2-coding-20140508.xlsx", "CASME2-coding-updated.xlsx"]
CASME2_HEADER = [
    *["Subject", "Filename", None, "OnsetFrame", "ApexFrame", "OffsetFrame"],
    *[None, "Action Units", "Estimated Emotion"],
]
CASME2_ROWS = [
    # subject, file, onset, apex, offset, AUs, emotion
    [1, "EP02_01f", 46, 52, 60, "12", "happiness"],
    [1, "EP03_02", 1, 5, 9, "4+L10", "disgust"],
    [2, "EP02_01f", 10, "/", 21, "15", "repression"],
    [2, "EP08_04", 30, 34, 40, "R1+2", "surprise"],
    [4, "EP12_01f", 5, 9, 13, "4", "disgust"],
    [5, "EP12_03f", 5, 9, 13, "4", "repression"],
    [24, "EP02_07", 5, 9, 13, "12", "happiness"],
    [26, "EP18_46", 5, 9, 13, "4+7", "others"],
    [9, "EP05_05", 5, 9, 13, "1+4", "fear"],
    [7, "EP06_01", 5, 9, 13, "15+17", "sadness"],
]
CASME2_WRONG = [3, "EP07_03", 50, 58, 8, "4", "disgust"]  # an offset that cannot be


def write_casme2(root: Path, body: list[list] = CASME2_ROWS, name: str = CASME2[0]) -> Path:
    """The coding table; the unnamed columns are empty, but for one stray note."""
    rows = [[*r[:2], None, *r[2:5], None, *r[5:]] for r in body]
    rows[0][6] = "note"
    return write_xlsx(root / name, {"Sheet1": [CASME2_HEADER, *rows]})


def write_casme2_frames(root: Path, body: list[list] = CASME2_ROWS) -> None:
    """`Cropped/sub01/EP02_01f/reg_img46.jpg`, not zero padded."""
    for subject, clip, onset, _, offset, *_ in body:
        for i in range(onset, (offset if offset > onset else onset + 15) + 1):
            write_picture(root / "Cropped" / f"sub{subject:02d}" / clip / f"reg_img{i}.jpg", i)


def casme2_published() -> list[list]:
    """255 rows, 26 subjects: the rule of MEGC2019 has to leave 32 + 25 + 88 of 24 subjects.

    Three clips are dropped by name. What they show is not published, here happiness, surprise
    and disgust; 107 rows are others, fear or sadness, among them all of two subjects.
    """
    words = ["happiness"] * 32 + ["surprise"] * 25 + ["disgust"] * 61 + ["repression"] * 27
    people = [s for s in range(1, 27) if s not in (10, 18)]
    body = [[people[i % 24], f"EP{i:02d}_01", 5, 9, 13, "4", w] for i, w in enumerate(words)]
    rest = ["others"] * 98 + ["fear"] * 2 + ["sadness"] * 7
    body += [[(10, 18)[i % 2], f"EP{i:02d}_02", 5, 9, 13, "4", w] for i, w in enumerate(rest)]
    for row in body[40:61]:
        row[3] = "/"
    body.append([4, "EP12_01f", 5, 9, 13, "12", "happiness"])
    body.append([5, "EP12_03f", 5, 9, 13, "1+2", "surprise"])
    body.append([24, "EP02_07", 5, 9, 13, "4", "disgust"])
    return body


# ---- SAMM: the header stands in row 13 ----
SAMM = "SAMM_Micro_FACS_Codes_v2.xlsx"
SAMM_HEADER = [
    *["Subject", "Filename", "Inducement Code", "Onset Frame", "Apex Frame", "Offset Frame"],
    *["Duration", "Micro", "Action Units", "Estimated Emotion", "Objective Classes", "Notes"],
]
SAMM_ROWS = [
    # subject, file, onset, apex, offset, AUs, emotion, objective class
    ["006", "006_1_2", 5562, 5570, 5580, "4", "Anger", "VII"],
    ["006", "006_1_3", 100, 104, 110, "12", "Happiness", "I"],
    ["007", "007_3_1", 20, 24, 30, "1+2", "Surprise", "II"],
    ["007", "007_4_1", 20, 24, 30, "L14", "Contempt", "VII"],
    ["011", "011_1_1", 20, 24, 30, "9", "Disgust", "IV"],
    ["011", "011_2_1", 20, 24, 30, "20", "Fear", "VI"],
    ["036", "036_2_1", 20, 24, 30, "15", "Sadness", "V"],
    ["036", "036_2_2", 20, 24, 30, "4+7", "Other", "VII"],
]


def write_samm(root: Path, body: list[list] = SAMM_ROWS, above: int = 12) -> Path:
    """The coding table, with `above` lines of licence and notes before the header."""
    notes = [[f"Note {i}" if i % 3 else None] for i in range(above)]
    notes[0] = ["SAMM - Spontaneous Actions and Micro-Movements"]
    rows = [
        [s, clip, 1, on, apex, off, off - on, "Micro", au, word, objective, None]
        for s, clip, on, apex, off, au, word, objective in body
    ]
    return write_xlsx(root / SAMM, {"MICRO_ONLY": [*notes, SAMM_HEADER, *rows]})


def write_samm_frames(root: Path, body: list[list] = SAMM_ROWS) -> None:
    """`006/006_1_2/006_05562.jpg`, grey pictures of five digits."""
    for subject, clip, onset, _, offset, *_ in body:
        subject = f"{int(subject):03d}"
        for i in range(onset, offset + 1):
            write_picture(root / subject / clip / f"{subject}_{i:05d}.jpg", i)


def samm_published() -> list[list]:
    """159 rows, 32 subjects; 92 + 26 + 15 rows of 28 subjects have a class of MEGC2019."""
    words = ["Anger"] * 57 + ["Contempt"] * 12 + ["Disgust"] * 9 + ["Fear"] * 8 + ["Sadness"] * 6
    words += ["Happiness"] * 26 + ["Surprise"] * 15
    people = [f"{6 + k:03d}" for k in range(32)]
    body = [
        [people[i % 28], f"{people[i % 28]}_{1 + i // 28}_1", 20, 24, 30, "4", w, "VII"]
        for i, w in enumerate(words)
    ]
    for i in range(26):
        s = people[28 + i % 4]
        body.append([s, f"{s}_{1 + i // 4}_1", 20, 24, 30, "4", "Other", "VII"])
    for row in body[3:6]:
        row[3] = None
    return body


# ---- SMIC-HS: no table, the folders say it all ----
SMIC_CLIPS = [
    # folder of the subject, class, clip, frames
    ["s01", "negative", "s1_ne_01", 7],
    ["s01", "positive", "s1_po_01", 8],
    ["s02", "surprise", "s2_sur_02", 9],
    ["s14", "negative", "s14_ne_10", 11],
]
SMIC_COUNTS = {"negative": 70, "positive": 51, "surprise": 43}


def write_smic(root: Path, body: list[list] = SMIC_CLIPS, first: int = 38427) -> None:
    """`HS/s01/micro/negative/s1_ne_01/*.bmp`, numbered on from some frame of the recording."""
    for subject, word, clip, n in body:
        for i in range(first, first + n):
            write_picture(root / "HS" / subject / "micro" / word / clip / f"image{i:06d}.bmp", i)


def smic_published() -> list[list]:
    """164 clips of 16 subjects, two frames each."""
    words = [word for word, n in SMIC_COUNTS.items() for _ in range(n)]
    short = {"negative": "ne", "positive": "po", "surprise": "sur"}
    people = [*range(1, 10), *range(11, 18)]
    return [
        [f"s{people[i % 16]:02d}", w, f"s{people[i % 16]}_{short[w]}_{1 + i // 16:02d}", 2]
        for i, w in enumerate(words)
    ]
