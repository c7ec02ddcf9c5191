"""Mappings are compared with the counts that the data sets publish."""

import pickle

import pytest

from meps_lib.errors import MepsError
from meps_lib.labels import (
    ACTION_UNITS,
    CLASS_SETS,
    EMOTION_AUS,
    EMOTIONS,
    MEGC2019,
    class_set,
    normalise_emotion,
)

# CAS(ME)^3 Part A, emotions as its table spells them, and the classes they come to.
PART_A = {
    "disgust": 250,
    "surprise": 187,
    "Others": 161,
    "fear": 86,
    "anger": 64,
    "sad": 57,
    "happy": 55,
}


def count(name, table):
    totals = {}
    for emotion, n in table.items():
        label = CLASS_SETS[name].of(emotion)
        if label is not None:
            totals[label] = totals.get(label, 0) + n
    return totals


def test_part_a_comes_to_its_published_class_counts():
    four = {"negative": 457, "surprise": 187, "others": 161, "positive": 55}
    assert count("four", PART_A) == four
    assert sum(count("three", PART_A).values()) == 699
    assert sum(count("seven", PART_A).values()) == 860


def test_mmme_comes_to_its_published_class_counts():
    mmme = {
        "disgust": 163,
        "fear": 124,
        "surprise": 105,
        "happy": 92,
        "sad": 55,
        "anger": 50,
        "contempt": 45,
    }
    assert count("three", mmme) == {"negative": 437, "surprise": 105, "positive": 92}
    assert len(count("seven-mmme", mmme)) == 7


def test_megc_rules_differ_by_data_set():
    assert MEGC2019["casme2"].of("repression") == "negative"
    assert MEGC2019["casme2"].of("fear") is None
    assert MEGC2019["samm"].of("fear") == "negative"
    assert MEGC2019["samm"].of("other") is None


def test_spellings_and_unknown_names():
    assert [normalise_emotion(e) for e in (" SAD", "Happy ", "other")] == [
        "sadness",
        "happiness",
        "others",
    ]
    with pytest.raises(MepsError, match="'joy'.*happiness"):
        normalise_emotion("joy")
    with pytest.raises(MepsError, match="'two'.*three"):
        class_set("two")
    for bad in (("fear",), ("fear", "Fear")):
        with pytest.raises(MepsError, match="different emotions"):
            class_set(bad)


def test_class_sets_survive_a_worker_process():
    for name, cs in CLASS_SETS.items():
        again = pickle.loads(pickle.dumps(cs))
        assert again.classes == CLASS_SETS[name].classes
        assert again.of("fear") == cs.of("fear")


def test_every_prototype_is_made_of_known_units():
    assert set(EMOTION_AUS) == set(EMOTIONS)
    assert {au for aus in EMOTION_AUS.values() for au in aus} <= set(ACTION_UNITS)
