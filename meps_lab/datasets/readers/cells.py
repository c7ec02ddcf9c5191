"""What a cell of an annotation table means: frames, seconds, action units, subjects, emotions.

Coders type by hand, some of them on a Chinese keyboard, so a full-width comma or digit means what
the plain one means. Whatever can be read in two ways is an error that names the cell.
"""

from __future__ import annotations

import re
from math import isfinite
from pathlib import Path

from meps_lib.errors import MepsError
from meps_lib.labels import normalise_emotion

AUS_UNREAD = "action units not understood"

# Full-width forms of ASCII, the ideographic space and comma. CHOICE: these alone, not Unicode's
# compatibility form. WHY: that one also turns "1²" into "12".
_PLAIN = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " ", 0x3001: ","}
_NOTHING = {"", "/", "-", "nan", "?"}  # how tables write that a value is not known

_SUBJECT = re.compile(
    r"(?:spno|subject|sub|s)[ ._-]*(\d{1,9})|(\d{1,9})(?:\.0*)?", re.IGNORECASE | re.ASCII
)
_SIDED_AU = re.compile(r"(?<!\d)([LRTB])\s*AU\s*")  # "L AU4"; the B of "12B AU4" is an intensity
_AU = re.compile(r"AU\s*(?=[LRTB]?\d)")  # "AU 4"; without a number it stays, and is an error
_UNIT = re.compile(r"([LRTB]?)(\d{1,2})([A-ELR]?)", re.ASCII)


def at(path: Path | str, row: int, column: str) -> str:
    """A cell in words, for messages.

    Examples
    --------
    >>> at("labels/coding.xlsx", 14, "Apex")
    'coding.xlsx, row 14, column Apex'
    """
    return f"{Path(path).name}, row {row}, column {column}"


def plain(text: str) -> str:
    """The text without full-width forms and without space around it.

    Examples
    --------
    >>> plain(" １２，R4 ")
    '12,R4'
    """
    return str(text).translate(_PLAIN).strip()


def whole(text: str, where: str) -> int | None:
    """A frame number, a count or a code: a whole number, 0 or more.

    Parameters
    ----------
    text : str
        The cell; "", "/", "-", "?" and "nan" say that the value is not known.
    where : str
        File, row and column, for the message; see `at`.

    Returns
    -------
    int or None

    Raises
    ------
    MepsError
        If it is anything else: a fraction, a comma for a point, a word, a negative number.

    Examples
    --------
    >>> whole("12.0", "a.csv, row 2, column Apex"), whole("/", "a.csv, row 2, column Apex")
    (12, None)
    """
    value = plain(text)
    if value.lower() in _NOTHING:
        return None
    match = re.fullmatch(r"\+?(\d{1,15})(\.0*)?", value, re.ASCII)
    if match is None:
        raise _no_number(text, where, "a whole number, 0 or more, or an empty cell")
    return int(match[1])


def decimal(text: str, where: str) -> float | None:
    """A time or another measure, with a point before the fraction.

    Parameters
    ----------
    text, where : str
        As for `whole`.

    Returns
    -------
    float or None

    Raises
    ------
    MepsError
        If it is not a finite number.

    Examples
    --------
    >>> decimal("0.467", "a.csv, row 2, column OnsetTime")
    0.467
    """
    value = plain(text)
    if value.lower() in _NOTHING:
        return None
    written = re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", value, re.ASCII | re.IGNORECASE)
    if written is None or not isfinite(float(value)):
        raise _no_number(text, where, "a number such as 0.467, or an empty cell")
    return float(value)


def action_units(text: str, where: str) -> str:
    """Action units in one spelling, such as "L4+12+T10".

    Units stand in the order of the table, each once. L, R, T and B say left, right, top and bottom;
    letters A to E after a number are intensities, and dropped.

    Parameters
    ----------
    text, where : str
        As for `whole`; "?" and an empty cell say that none was coded. Units are separated by
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
    value = plain(text).upper()
    if value.lower() in _NOTHING:
        return ""
    parts = re.split(r"[\s,+;/]+", _AU.sub(" ", _SIDED_AU.sub(r" \1", value)))
    units = [_unit(part, text, where) for part in parts if part]
    if not units:
        raise _unreadable(text, where, "action units such as 4+L12, or an empty cell")
    return "+".join(dict.fromkeys(units))


def read_aus(text: str, where: str) -> tuple[str, str]:
    """Action units and a flag for the index: a note in that column must not cost the clip.

    Parameters
    ----------
    text, where : str
        As for `action_units`.

    Returns
    -------
    aus : str
        Empty if the cell cannot be read, since nothing that is learnt needs it.
    flag : str
        `AUS_UNREAD` then, else empty.

    Examples
    --------
    >>> read_aus("AU4, L12", "a.csv"), read_aus("AU4 (weak)", "a.csv")
    (('4+L12', ''), ('', 'action units not understood'))
    """
    try:
        return action_units(text, where), ""
    except MepsError:
        return "", AUS_UNREAD


def _unit(part: str, text: str, where: str) -> str:
    match = _UNIT.fullmatch(part)
    side, number, after = match.groups() if match else ("", "", "")
    # CHOICE: "12R" is the right side. WHY: R and L are no intensities, so it says nothing else.
    if after in ("L", "R"):
        match, side = (None if side else match), after
    if match is None:
        raise _unreadable(text, where, f"action units such as 4+L12, which {part!r} is not")
    return f"{side}{int(number)}"


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
    """The number of a subject, however the table spells it; `where` as for `whole`.

    Raises
    ------
    MepsError
        If it is no subject.
    """
    number = subject_named(text)
    if number is None:
        raise _unreadable(text, where, "a subject such as spNO.1, sub01, s01 or 1")
    return number


def subject_named(name: str) -> int | None:
    """The number of the subject whom a file or folder is named after, if it is after one.

    Examples
    --------
    >>> [subject_named(s) for s in ("spNO.7", "spNO7", "sub07", "s07", "007", "7", "voice")]
    [7, 7, 7, 7, 7, 7, None]
    """
    match = _SUBJECT.fullmatch(plain(name))
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
        return normalise_emotion(plain(text))
    except MepsError as error:
        raise MepsError(f"{where}: {error}; correct the cell") from None


def _no_number(text: str, where: str, expected: str) -> MepsError:
    comma = re.fullmatch(r"\d*,\d+", plain(text))
    hint = "write a point where a comma stands for one" if comma else "correct the cell"
    return _unreadable(text, where, expected, hint)


def _unreadable(text: str, where: str, expected: str, hint: str = "correct the cell") -> MepsError:
    return MepsError(f"{where}: got {str(text)[:80]!r}; expected {expected}; {hint}")
