"""What is wrong in the table of CAS(ME)^3 Part A, and what becomes of it by default.

Rows are counted from 0 here, while the index gives the spreadsheet's own line numbers.

duplicate : drop
    Not documented. A row that was pasted twice is one clip; if two rows of a clip differ, nobody
    knows which is right, and the table is refused.
onset-missing : drop
    Not documented. Without its first frame a clip is nowhere.
offset-zero (rows 796, 798) : repair, the offset is forgotten
    No expression ends before it starts: 0 stands for "not entered". Onset and apex are not in
    doubt, so the clip ends with its apex and stays.
overlong (row 708, 3,456 frames) : repair, the offset is forgotten
    Longer than ten seconds, which is our bound for an expression: one of the two ends is wrong. As
    the apex follows the onset closely, it is the offset, and onset to apex can still be used.
overlong-lost : drop
    Not documented. As long, but no apex follows the onset closely (it is as far away, not behind
    the onset, or missing), so nothing says where the expression is.
onset-after-offset : drop
    Not documented as such, but row 749 may be one. The marks then contradict each other in more
    than one way, and none of them is beyond doubt.
apex-before-onset (rows 128 and 749) : repair, the apex is forgotten
    The first is reported as an apex before its onset, the second as an onset after its apex: one
    inequality, apex < onset. It tells that one of the two marks is wrong, not which, and neither
    does the offset behind both. All frames from onset to offset belong to the expression either
    way (if the onset is the wrong one, its beginning is cut off), and the label is not in doubt,
    so the clip stays. The apex would be outside it, so it goes.
apex-after-offset : repair, the apex is forgotten
    Not documented. Onset and offset agree with each other.
onset-is-apex (55 rows) : keep, flagged
    Nothing contradicts itself: the coder saw the peak in the first frame. But the motion from
    onset to apex is then exactly zero; "repair" forgets the apex for methods that need it.
one-frame : drop
    Not documented; also what the rules above leave when only the onset is beyond doubt.

subject-spelling, video-spelling, emotion-spelling : keep, flagged
    "spNO1" for "spNO.1", "A" for "a" and "Others" for "others" are read as what they mean before
    any rule. Left as written, the first would make two people of one, and put one of them into
    training when the other is tested; there is no switch for that.
"""

import pandas as pd

from meps_lab.datasets import casme3
from meps_lab.datasets.index.reports import DUPLICATE, flagged
from meps_lab.datasets.index.rules import APEX_BEFORE_ONSET, ONSET_IS_APEX, Rule, forget, less

# CHOICE: ten seconds. WHY: a bound of ours that leaves room for macro-expressions, too; the one
# published row that is meant lasts 115 s.
LONGEST = round(10 * casme3.FPS)
SUBJECT, LETTER, EMOTION = (
    "subject not written spNO.<number>",
    "video written with a capital letter",
    "emotion written with a capital letter",
)


def _overlong(table: pd.DataFrame) -> pd.Series:
    last = table["offset"].fillna(table["apex"])
    return (last - table["onset"] >= LONGEST).fillna(False)


def _apex_near(table: pd.DataFrame) -> pd.Series:
    return (table["apex"] - table["onset"]).between(1, LONGEST - 1).fillna(False)


def _read_as_meant(name: str, what: str) -> Rule:
    """The index keeps no spelling of subject or video: the flag says which rows are concerned."""
    return Rule(name, what, flagged(what), "keep", keeps=True)


RULES = (
    DUPLICATE,
    _read_as_meant("subject-spelling", SUBJECT),
    _read_as_meant("video-spelling", LETTER),
    _read_as_meant("emotion-spelling", EMOTION),
    casme3.ONSET_MISSING,
    Rule(
        "offset-zero",
        "the offset is 0",
        lambda table: (table["offset"] == 0) & ((table["onset"] > 0) | (table["apex"] > 0)),
        "repair",
        forget("offset"),
        "the offset is forgotten, the clip ends with its apex",
    ),
    Rule(
        "overlong-lost",
        f"the clip is longer than {LONGEST} frames, and no apex in the first of them says where",
        lambda table: _overlong(table) & ~_apex_near(table),
        "drop",
        keeps=True,
    ),
    Rule(
        "overlong",
        f"the clip is longer than {LONGEST} frames",
        lambda table: _overlong(table) & _apex_near(table),
        "repair",
        forget("offset"),
        "the offset is forgotten, the clip ends with its apex",
        keeps=True,
    ),
    Rule("onset-after-offset", "the onset lies after the offset", less("offset", "onset"), "drop"),
    APEX_BEFORE_ONSET,
    Rule(
        "apex-after-offset",
        "the apex lies after the offset",
        less("offset", "apex"),
        "repair",
        forget("apex"),
        "the apex is forgotten",
    ),
    ONSET_IS_APEX,
    casme3.NO_SPAN,
)
