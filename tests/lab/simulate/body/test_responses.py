"""What an event does to the body: the table, the two dials, and nobody's sizes but ours."""

from dataclasses import asdict, fields

import pytest

from meps_lab.simulate.body.responses import (
    AFFECT,
    EFFECTS,
    RESPONSES,
    Response,
    Row,
    effects_table,
    respond,
    responses_table,
)
from meps_lib.errors import MepsError
from meps_lib.labels import EMOTIONS


def effects(response):
    return {name: value for name, value in asdict(response).items() if name in EFFECTS}


def test_every_emotion_has_a_place_and_a_row_and_every_effect_a_column():
    assert set(AFFECT) == set(RESPONSES) == set(EMOTIONS)
    assert [f.name for f in fields(Response)] == ["arousal", "valence", *EFFECTS]
    assert Row._fields == (*EFFECTS, "source", "certainty")
    assert list(responses_table().index) == list(RESPONSES)
    assert list(effects_table().index) == list(EFFECTS)


def test_every_claim_names_its_source_and_how_sure_it_is():
    for row in (*RESPONSES.values(), *EFFECTS.values()):
        assert row.certainty in ("good", "mixed", "poor")
    for row in RESPONSES.values():
        assert bool(row.source) == any(row[: len(EFFECTS)])
    # Siegel et al. (2018): no emotion's own pattern is well established.
    assert "good" not in set(responses_table().certainty)


def test_strength_scales_every_effect_and_not_what_is_felt():
    for emotion in EMOTIONS:
        once, twice, silent = (respond(emotion, strength=k, specificity=0.5) for k in (1, 2, 0))
        assert effects(twice) == pytest.approx({k: 2 * v for k, v in effects(once).items()})
        assert not any(effects(silent).values())
        assert (silent.arousal, silent.valence) == (AFFECT[emotion][1], AFFECT[emotion][0])
    assert effects(once.scaled(2.0)) == pytest.approx(effects(twice))


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_without_specificity_an_emotion_is_its_arousal_and_valence(emotion):
    assert respond(emotion, arousal=0.5, valence=-0.2) == respond(
        "others", arousal=0.5, valence=-0.2
    )


def test_with_specificity_the_rows_tell():
    same = {"arousal": 0.6, "valence": -0.6, "specificity": 1.0}
    anger, fear = respond("anger", **same), respond("fear", **same)
    assert anger.skin_temperature > 0 > fear.skin_temperature  # warm hands, cold hands
    assert anger.frontal_asymmetry > 0 > fear.frontal_asymmetry  # approach, withdrawal
    half = respond("anger", **{**same, "specificity": 0.5})
    none = respond("anger", **{**same, "specificity": 0.0})
    for name in EFFECTS:
        middle = (getattr(anger, name) + getattr(none, name)) / 2
        assert getattr(half, name) == pytest.approx(middle)


def test_arousal_and_valence_go_where_they_should():
    calm, roused = respond("others", arousal=0.1), respond("others", arousal=0.9)
    for name in ("heart_speeding", "vasoconstriction", "scr_us", "alpha_drop"):
        assert getattr(roused, name) > getattr(calm, name) > 0
    assert respond("happiness").frontal_asymmetry > 0 > respond("sadness").frontal_asymmetry
    assert not any(effects(respond("others", arousal=0.0, valence=0.0)).values())


def test_the_table_says_what_full_arousal_does():
    full = respond("others", arousal=1.0, valence=0.0)
    for name, effect in EFFECTS.items():
        if effect.follows == "arousal":
            assert getattr(full, name) == pytest.approx(effect.size), name
    pleasant = respond("others", arousal=0.0, valence=1.0)
    assert pleasant.frontal_asymmetry == pytest.approx(EFFECTS["frontal_asymmetry"].size)


def test_what_is_unpleasant_slows_the_heart_in_proportion_to_arousal():
    def more(arousal, valence=-0.7):
        slow, plain = (respond("others", arousal=arousal, valence=v) for v in (valence, 0.0))
        return slow.heart_slowing - plain.heart_slowing

    assert more(1e-9) == pytest.approx(0, abs=1e-8)
    assert more(0.6) == pytest.approx(2 * more(0.3)) and more(1.0) == pytest.approx(0.7)
    assert more(1.5) == pytest.approx(more(1.0)) and more(0.6, 0.7) == 0


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: respond("joyful"), "joyful"),
        (lambda: respond(["fear"]), "emotion=.*one of anger"),
        (lambda: respond(None), "emotion=None"),
        (lambda: respond("fear", arousal=-0.1), "arousal"),
        (lambda: respond("fear", valence=1.5), "valence"),
        (lambda: respond("fear", strength=-1), "strength"),
        (lambda: respond("fear", strength=float("nan")), "strength"),
        (lambda: respond("fear", specificity=1.1), "specificity"),
        (lambda: respond("fear", arousal="high"), "arousal"),
        (lambda: Response(scr_us=-0.1), "scr_us"),
        (lambda: Response(scr_us="0.1"), "scr_us"),
        (lambda: Response(heart_speeding=float("inf")), "heart_speeding"),
    ],
)
def test_bad_values_are_refused_by_name(call, named):
    with pytest.raises(MepsError, match=named):
        call()
