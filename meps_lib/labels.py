"""Emotions, class sets and FACS action units: the vocabulary of the field.

Class sets follow the data sets, not taste: CAS(ME)^3 names seven emotions (one
of them "others"), MMME names seven with contempt in place of "others", and MEGC2019
maps each data set to three classes by its own rule.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from meps_lib.errors import MepsError

EMOTIONS = (
    "anger",
    "contempt",
    "disgust",
    "fear",
    "happiness",
    "repression",
    "sadness",
    "surprise",
    "others",
)

# What annotation tables write, lower-cased and stripped, -> the name used here.
_SPELLINGS = {
    "angry": "anger",
    "disgusted": "disgust",
    "fearful": "fear",
    "happy": "happiness",
    "other": "others",
    "sad": "sadness",
    "surprised": "surprise",
}


def normalise_emotion(raw: str) -> str:
    """Return the canonical name of an emotion as an annotation table spells it.

    Raises
    ------
    MepsError
        If the spelling is unknown; the message lists the known names.

    Examples
    --------
    >>> normalise_emotion(" Happy ")
    'happiness'
    """
    name = str(raw).strip().lower()
    name = _SPELLINGS.get(name, name)
    if name not in EMOTIONS:
        raise MepsError(f"unknown emotion {raw!r}; known are {', '.join(EMOTIONS)}")
    return name


@dataclass(frozen=True)
class ClassSet:
    """Ordered classes, and which emotion falls into which.

    Parameters
    ----------
    name : str
        How the set is called, e.g. ``"three"``.
    classes : tuple of str
        The classes in the order of the logits and of every confusion matrix.
    emotion_to_class : mapping of str to str
        Emotions that are missing here are dropped by the set.
    """

    name: str
    classes: tuple[str, ...]
    emotion_to_class: Mapping[str, str]

    def of(self, emotion: str) -> str | None:
        """Class of an emotion, or None if the set drops it."""
        return self.emotion_to_class.get(normalise_emotion(emotion))

    def emotions_of(self, label: str) -> tuple[str, ...]:
        """Emotions that fall into one class."""
        return tuple(e for e, c in self.emotion_to_class.items() if c == label)

    def __reduce__(self):  # a mapping proxy does not pickle; DataLoader workers need it to
        return ClassSet, (self.name, self.classes, dict(self.emotion_to_class))


_NEGATIVE = ("anger", "contempt", "disgust", "fear", "sadness")
_THREE = {**dict.fromkeys(_NEGATIVE, "negative"), "happiness": "positive", "surprise": "surprise"}
_SIX = ("anger", "disgust", "fear", "happiness", "sadness", "surprise")
_SEVEN = (*_SIX, "others")
_SEVEN_MMME = ("anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise")


def _set(name: str, classes: tuple[str, ...], mapping: Mapping[str, str]) -> ClassSet:
    return ClassSet(name, classes, MappingProxyType(dict(mapping)))


CLASS_SETS: dict[str, ClassSet] = {
    "three": _set("three", ("negative", "positive", "surprise"), _THREE),
    "four": _set(
        "four", ("negative", "positive", "surprise", "others"), {**_THREE, "others": "others"}
    ),
    "seven": _set("seven", _SEVEN, {e: e for e in _SEVEN}),
    "seven-mmme": _set("seven-mmme", _SEVEN_MMME, {e: e for e in _SEVEN_MMME}),
}

# MEGC2019 (See et al., FG 2019): the rule differs by data set. CASME II drops fear and
# sadness, SAMM keeps them as negative; what is missing here is dropped.
MEGC2019: dict[str, ClassSet] = {
    "casme2": _set(
        "megc2019-casme2",
        CLASS_SETS["three"].classes,
        {
            "disgust": "negative",
            "repression": "negative",
            "happiness": "positive",
            "surprise": "surprise",
        },
    ),
    "samm": _set("megc2019-samm", CLASS_SETS["three"].classes, _THREE),
}


def class_set(classes: str | Iterable[str]) -> ClassSet:
    """Look a class set up by name, or make one of emotions that stand for themselves.

    Parameters
    ----------
    classes : str or iterable of str
        A key of `CLASS_SETS`, or emotion names such as ``("happiness", "fear")``.

    Raises
    ------
    MepsError
        If the name or an emotion is unknown, an emotion is repeated, or there are
        fewer than two classes.

    Examples
    --------
    >>> class_set("three").of("fear")
    'negative'
    """
    if isinstance(classes, str):
        if classes not in CLASS_SETS:
            known = ", ".join(CLASS_SETS)
            raise MepsError(f"unknown class set {classes!r}; known are {known}")
        return CLASS_SETS[classes]
    names = tuple(normalise_emotion(c) for c in classes)
    if len(names) < 2 or len(set(names)) < len(names):
        raise MepsError(f"classes must be two or more different emotions, got {names}")
    return _set("+".join(names), names, {e: e for e in names})


@dataclass(frozen=True)
class ActionUnit:
    """One action unit of the Facial Action Coding System (Ekman & Friesen, 1978)."""

    number: int
    name: str
    muscle: str
    region: str  # "brow", "eye", "nose", "cheek", "mouth" or "chin"


ACTION_UNITS: dict[int, ActionUnit] = {
    au.number: au
    for au in (
        ActionUnit(1, "inner brow raiser", "frontalis, pars medialis", "brow"),
        ActionUnit(2, "outer brow raiser", "frontalis, pars lateralis", "brow"),
        ActionUnit(4, "brow lowerer", "corrugator supercilii, depressor supercilii", "brow"),
        ActionUnit(5, "upper lid raiser", "levator palpebrae superioris", "eye"),
        ActionUnit(6, "cheek raiser", "orbicularis oculi, pars orbitalis", "cheek"),
        ActionUnit(7, "lid tightener", "orbicularis oculi, pars palpebralis", "eye"),
        ActionUnit(9, "nose wrinkler", "levator labii superioris alaeque nasi", "nose"),
        ActionUnit(10, "upper lip raiser", "levator labii superioris", "mouth"),
        ActionUnit(12, "lip corner puller", "zygomaticus major", "mouth"),
        ActionUnit(14, "dimpler", "buccinator", "mouth"),
        ActionUnit(15, "lip corner depressor", "depressor anguli oris", "mouth"),
        ActionUnit(17, "chin raiser", "mentalis", "chin"),
        ActionUnit(20, "lip stretcher", "risorius", "mouth"),
        ActionUnit(23, "lip tightener", "orbicularis oris", "mouth"),
        ActionUnit(24, "lip pressor", "orbicularis oris", "mouth"),
        ActionUnit(25, "lips part", "depressor labii inferioris or relaxed mentalis", "mouth"),
        ActionUnit(26, "jaw drop", "masseter relaxed", "chin"),
    )
}

# The prototypes of EMFACS: a teaching device, not a law. Real MEs show one or two of
# these units, often on one side, and the same unit serves several emotions.
EMOTION_AUS: dict[str, tuple[int, ...]] = {
    "anger": (4, 5, 7, 23),
    "contempt": (12, 14),
    "disgust": (9, 10, 15),
    "fear": (1, 2, 4, 5, 20, 26),
    "happiness": (6, 12),
    "repression": (14, 17, 24),
    "sadness": (1, 4, 15),
    "surprise": (1, 2, 5, 26),
    "others": (),
}
