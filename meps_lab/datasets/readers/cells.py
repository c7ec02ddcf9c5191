"""What a cell of an annotation table means: frames, seconds, action units, subjects, emotions.

Coders type by hand, some of them on a Chinese keyboard, so a full-width comma or digit means what
the plain one means. Whatever can be read in two ways is an error that names the cell.
"""

import re
from collections.abc import Mapping
from math import isfinite
from pathlib import Path

from meps_lib.errors import MepsError
from meps_lib.labels import ClassSet, normalise_emotion

AUS_UNREAD = "action units not understood"

# Full-width forms of ASCII, the ideographic space and comma. CHOICE: these alone, not Unicode's
# compatibility form. WHY: that one also turns "1²" into "12".
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " ", 0x3001: ","}
_NOTHING = {"", "/", "-", "nan", "?"}  # how tables write that a value is not known

_SUBJECT = re.compile(
    r"(?:spno|subject|sub|s)[ ._-]*(\d{1,9})|(\d{1,9})(?:\.0*)?", re.IGNORECASE | re.ASCII
)
_SIDED_AU = re.compile(r"(?<!\d)([LRTB])\s*AU\s*")  # "L AU4"; the B of "12B AU4" is an intensity
_AU = re.compile(r"AU\s*(?=[LRTB]?\d)")  # "AU 4"; without a number it stays, and is an error
# CHOICE: "12R" is the right side. WHY: R and L are no intensities, so it says nothing else.
_UNIT = re.compile(r"([LRTB]?)(\d{1,2})[A-E]?|(\d{1,2})([LR])", re.ASCII)


def at(path: Path | str, row: int, column: str) -> str:
    """A cell in words, for messages.

    Examples
    --------
    >>> at("labels/coding.xlsx", 14, "Apex")
    'coding.xlsx, row 14, column Apex'
    """
    return f"{Path(path).name}, row {row}, column {column}"


def half_width(text: str) -> str:
    """The text without full-width forms and without space around it.

    Examples
    --------
    >>> half_width(" １２，R4 ")
    '12,R4'
    """
    return str(text).translate(_HALF_WIDTH).strip()


def integer(text: str, where: str) -> int | None:
    """A frame number, a count or a code: a whole number, 0 or more.

    Parameters
    ----------
    text : str
        The cell; "", "/", "-", "?" and "nan" say that the value is not known.
    where : str
        File, row and column, for the message; see `at`.

    Raises
    ------
    MepsError
        If it is anything else: a fraction, a comma for a point, a word, a negative number.

    Examples
    --------
    >>> integer("12.0", "a.csv, row 2, column Apex"), integer("/", "a.csv, row 2, column Apex")
    (12, None)
    """
    expected = "a whole number, 0 or more, or an empty cell"
    number = _parsed(text, where, r"\+?\d{1,15}(\.0*)?", expected)
    return None if number is None else int(number)


def decimal(text: str, where: str) -> float | None:
    """A time or another measure, with a point before the fraction; as `integer` otherwise.

    Raises
    ------
    MepsError
        If it is not a finite number.

    Examples
    --------
    >>> decimal("0.467", "a.csv, row 2, column OnsetTime")
    0.467
    """
    expected = "a number such as 0.467, or an empty cell"
    return _parsed(text, where, r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", expected)


def _parsed(text: str, where: str, pattern: str, expected: str) -> float | None:
    value = half_width(text)
    if value.lower() in _NOTHING:
        return None
    written = re.fullmatch(pattern, value, re.ASCII | re.IGNORECASE)
    if written and isfinite(float(value)):
        return float(value)
    comma = re.fullmatch(r"\d*,\d+", value)
    hint = "write a point where a comma stands for one" if comma else "correct the cell"
    raise _unreadable(text, where, expected, hint)


def action_units(text: str, where: str) -> str:
    """Action units in one spelling, such as "L4+12+T10".

    Units stand in the order of the table, each once. L, R, T and B say left, right, top and bottom;
    letters A to E after a number are intensities, and dropped.

    Parameters
    ----------
    text, where : str
        As for `integer`; "?" and an empty cell say that none was coded. Units are separated by
        comma, plus, semicolon, slash or space.

    Raises
    ------
    MepsError
        If a part of the cell is no action unit.

    Examples
    --------
    >>> action_units("AU4, l12b; T10", "a.csv, row 2, column AU")
    '4+L12+T10'

    References
    ----------
    Ekman, Friesen and Hager, Facial Action Coding System, 2002.
    """
    value, units = half_width(text).upper(), []
    if value.lower() in _NOTHING:
        return ""
    parts = re.split(r"[\s,+;/]+", _AU.sub(" ", _SIDED_AU.sub(r" \1", value)))
    for part in filter(None, parts) if any(parts) else [value]:
        match = _UNIT.fullmatch(part)
        if match is None:
            raise _unreadable(text, where, f"action units such as 4+L12, which {part!r} is not")
        units.append(f"{match[1] or match[4] or ''}{int(match[2] or match[3])}")
    return "+".join(dict.fromkeys(units))


def read_aus(text: str, where: str) -> tuple[str, str]:
    """Action units and a flag for the index: a note in that column must not cost the clip.

    Where the cell cannot be read the units are empty, since nothing that is learnt needs them.

    Examples
    --------
    >>> read_aus("AU4, L12", "a.csv"), read_aus("AU4 (weak)", "a.csv")
    (('4+L12', ''), ('', 'action units not understood'))
    """
    try:
        return action_units(text, where), ""
    except MepsError:
        return "", AUS_UNREAD


def coding(
    cells: Mapping[str, object], name: str, class_sets: Mapping[str, ClassSet]
) -> dict[str, object]:
    """What the index says of a row's number, action units and emotion, with its classes.

    Of `cells` the keys row, aus and emotion are read; `name` is what `emotion` makes of the last,
    or "" where that is not known.
    """
    units, flag = read_aus(cells["aus"], "")
    return {
        "row": cells["row"],
        "aus_raw": cells["aus"],
        "aus": units,
        "emotion_raw": cells["emotion"],
        "emotion": name,
        "flags": flag,
        **{f"class_{key}": chosen.of(name) if name else None for key, chosen in class_sets.items()},
    }


def coded(aus: str) -> list[tuple[str, int]]:
    """Side and number of each unit that `action_units` wrote.

    Examples
    --------
    >>> coded("L4+12")
    [('L', 4), ('', 12)]
    """
    units = aus.split("+") if aus else []
    return [(unit.rstrip("0123456789"), int(unit.lstrip("LRTB"))) for unit in units]


def subject_number(text: str, where: str) -> int:
    """The number of a subject, however the table spells it; `where` as for `integer`.

    Raises
    ------
    MepsError
        If it is no subject.
    """
    number = subject_named(text)
    if number is None:
        hint = "correct the cell, or delete the row if it is no clip"
        raise _unreadable(text, where, "a subject such as spNO.1, sub01, s01 or 1", hint)
    return number


def subject_named(name: str) -> int | None:
    """The number of the subject whom a file or folder is named after, if it is after one.

    Examples
    --------
    >>> [subject_named(s) for s in ("spNO.7", "spNO7", "sub07", "s07", "007", "7", "voice")]
    [7, 7, 7, 7, 7, 7, None]
    """
    match = _SUBJECT.fullmatch(half_width(name))
    return int(match[1] or match[2]) if match else None


def emotion(text: str, where: str) -> str:
    """The name of an emotion as `meps_lib.labels.EMOTIONS` has it.

    Raises
    ------
    MepsError
        Naming the cell and the emotions that are known.

    Examples
    --------
    >>> emotion("Others", "a.csv, row 2, column emotion")
    'others'
    """
    try:
        return normalise_emotion(half_width(text))
    except MepsError as error:
        raise MepsError(f"{where}: {error}; correct the cell") from None


def _unreadable(text: str, where: str, expected: str, hint: str = "correct the cell") -> MepsError:
    return MepsError(f"{where}: got {str(text)[:80]!r}; expected {expected}; {hint}")
