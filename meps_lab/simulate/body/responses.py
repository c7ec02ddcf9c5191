"""What one emotional event does to the body: a table, its literature, and two dials.

The well-supported part is small: skin conductance, the heart and the vessels follow arousal,
whatever the emotion. Whether each emotion has an autonomic pattern of its own is contested:
Kreibig (2010) tabulates such patterns, the meta-analysis of Siegel et al. (2018) finds as much
variation within an emotion as between emotions. So the patterns lie behind a dial,
`specificity`, that is shut unless one opens it.

CHOICE: signs follow the cited reviews, sizes are ours (ledger: simulated-responses). WHY: no
review gives effect sizes that carry over from one laboratory's film clips to another's.
"""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass, replace
from math import tanh
from typing import NamedTuple

import pandas as pd

from meps_lib.arguments import number, one_of
from meps_lib.labels import EMOTIONS

# Valence -1..1 and arousal 0..1. CHOICE: the order follows the circumplex (Russell, J. Pers.
# Soc. Psychol. 39, 1980), the values are ours. WHY: they are set so that face and body each
# leave something for the other to say, which is what the scenarios are there to show.
AFFECT: dict[str, tuple[float, float]] = {
    "anger": (-0.6, 0.55),
    "contempt": (-0.5, 0.30),
    "disgust": (-0.7, 0.40),
    "fear": (-0.7, 0.65),
    "happiness": (0.8, 0.40),
    "repression": (-0.3, 0.30),
    "sadness": (-0.6, 0.20),
    "surprise": (0.1, 0.95),
    "others": (0.0, 0.10),
}


@dataclass(frozen=True)
class Response:
    """What one event does to a body; all zeros is nothing at all."""

    arousal: float = 0.0  # as felt, 0 .. 1
    valence: float = 0.0  # as felt, -1 .. 1
    heart_slowing: float = 0.0  # beats a minute, the orienting deceleration
    heart_speeding: float = 0.0  # beats a minute, the acceleration that follows
    vasoconstriction: float = 0.0  # share by which the pulse wave falls
    scr_us: float = 0.0  # uS, amplitude of the evoked skin conductance response
    breathing: float = 0.0  # relative change of the breathing rate
    breath_depth: float = 0.0  # relative change of the breath's depth
    skin_temperature: float = 0.0  # K, slow
    frontal_asymmetry: float = 0.0  # ln alpha power at F4 minus ln alpha power at F3
    alpha_drop: float = 0.0  # share by which alpha power falls

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            least = 0 if name in ("vasoconstriction", "scr_us", "alpha_drop") else -1e6
            number(f"Response.{name}", value, least, 1e6)

    def scaled(self, k: float) -> Response:
        """The same event in a body that answers `k` times as much; it feels the same."""
        return replace(self, **{name: k * getattr(self, name) for name in EFFECTS})


class Effect(NamedTuple):
    """How one effect follows arousal or valence, whatever the emotion."""

    size: float  # at arousal 1 (or valence 1)
    unit: str
    follows: str
    peak_s: float  # s from the event to its largest
    width_s: float  # s, about its standard deviation in time
    source: str
    certainty: str


# The orienting slowing and the later acceleration are Bradley and Lang's triphasic answer,
# shortened. Skin conductance has a shape of its own (`skin.scr`), `clock.hump` is that of the rest.
EFFECTS: dict[str, Effect] = {
    "heart_slowing": Effect(3.0, "bpm", "arousal", 1.3, 0.7, "bradley2001", "good"),
    "heart_speeding": Effect(10.0, "bpm", "arousal", 4.2, 1.5, "bradley2001", "mixed"),
    "vasoconstriction": Effect(0.30, "share", "arousal", 3.8, 1.8, "kreibig2010", "good"),
    "scr_us": Effect(0.9, "uS", "arousal", 3.2, 1.2, "bradley2001", "good"),
    "breathing": Effect(0.12, "relative", "arousal", 4.0, 2.2, "gomez2004", "mixed"),
    "breath_depth": Effect(0.05, "relative", "arousal", 4.0, 2.2, "gomez2004", "poor"),
    "skin_temperature": Effect(-0.15, "K", "arousal", 18.0, 12.0, "kreibig2010", "mixed"),
    "frontal_asymmetry": Effect(0.15, "ln ratio", "valence", 2.5, 1.6, "davidson2004", "mixed"),
    "alpha_drop": Effect(0.30, "share", "arousal", 1.5, 0.9, "barry2007eyes", "mixed"),
}


# Unpleasant events slow the heart a little more (Bradley et al., 2001): at valence -1, as much
# as arousal up to 1 lets through.
UNPLEASANT_SLOWING_BPM = 1.0


# An emotion's own pattern: relative changes of the effects that arousal gives, in their order.
_NOTHING = (*(0.0 for _ in EFFECTS), "", "poor")
Row = namedtuple("Row", [*EFFECTS, "source", "certainty"], defaults=_NOTHING)
# +0.3: three tenths more than arousal alone would give; below -1 the sign turns.
RESPONSES: dict[str, Row] = {
    # Anger approaches: left frontal, against its valence (Harmon-Jones & Allen, 1998). A warm
    # hand in anger is Ekman et al. (1983); not every later study finds it.
    "anger": Row(-0.3, 0.3, 0.2, 0.0, 0.3, 0.2, -1.5, -2.0, 0.0, "kreibig2010", "mixed"),
    "contempt": Row(),  # no autonomic study that we know of
    "disgust": Row(0.6, -0.4, 0.0, 0.2, 0.2, -0.3, 0.0, 0.3, 0.0, "kreibig2010", "mixed"),
    "fear": Row(-0.2, 0.4, 0.4, 0.2, 0.5, -0.3, 1.0, 0.0, 0.0, "kreibig2010", "mixed"),
    "happiness": Row(-0.3, -0.2, -0.4, -0.2, 0.2, 0.0, -1.3, 0.3, 0.0, "kreibig2010", "mixed"),
    # To hide what one feels is work: more sympathetic tone in skin and vessels.
    "repression": Row(0.0, 0.0, 0.3, 0.3, 0.0, 0.0, 0.3, 0.0, 0.0, "gross1997", "mixed"),
    # With tears the heart quickens, without it slows: two patterns under one name.
    "sadness": Row(0.3, -0.5, 0.0, -0.4, -0.2, 0.2, 0.5, 0.0, 0.0, "kreibig2010", "poor"),
    "surprise": Row(0.3, 0.0, 0.0, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0, "kreibig2010", "poor"),
    "others": Row(),
}


def respond(
    emotion: str,
    *,
    arousal: float | None = None,
    valence: float | None = None,
    strength: float = 1.0,
    specificity: float = 0.0,
) -> Response:
    """What an emotion does to an average body.

    Parameters
    ----------
    emotion : str
        One of `labels.EMOTIONS`.
    arousal, valence : float, optional
        As felt this time, 0 .. 2 and -1 .. 1; the emotion's place in `AFFECT` if None.
    strength : float
        Factor on every effect; 0 is a body that does not answer.
    specificity : float
        0: effects follow arousal (and valence) alone; 1: with the emotion's row of `RESPONSES`.

    Returns
    -------
    Response

    Raises
    ------
    MepsError
        If the emotion is unknown or a number out of range.

    Examples
    --------
    >>> respond("surprise").scr_us > respond("sadness").scr_us
    True
    >>> respond("fear", strength=0.0).scr_us
    0.0
    """
    one_of("emotion", emotion, EMOTIONS)
    arousal = AFFECT[emotion][1] if arousal is None else arousal
    valence = AFFECT[emotion][0] if valence is None else valence
    number("arousal", arousal, 0, 2)
    number("valence", valence, -1, 1)
    number("strength", strength, 0, 100)
    number("specificity", specificity, 0, 1)
    follows = {name: valence if e.follows == "valence" else arousal for name, e in EFFECTS.items()}
    # Large responses grow faster than small ones, and a vessel cannot close more than wholly.
    follows |= {"scr_us": arousal**1.3, "vasoconstriction": tanh(1.3 * arousal) / tanh(1.3)}
    effects = {name: e.size * follows[name] for name, e in EFFECTS.items()}
    effects["heart_slowing"] += UNPLEASANT_SLOWING_BPM * max(0.0, -valence) * min(arousal, 1.0)
    row = RESPONSES[emotion]
    for name in effects:
        effects[name] *= strength * (1 + specificity * getattr(row, name))
    return Response(float(arousal), float(valence), **effects)


def responses_table() -> pd.DataFrame:
    """The emotions' own patterns: one row an emotion, with source and certainty."""
    return pd.DataFrame.from_dict(RESPONSES, orient="index", columns=Row._fields)


def effects_table() -> pd.DataFrame:
    """What arousal and valence do whatever the emotion: one row an effect."""
    return pd.DataFrame.from_dict(EFFECTS, orient="index", columns=Effect._fields)
