"""Muscles: no skin folds, no lid tears, and what action units bring along."""

import numpy as np
import pytest
import torch

from meps_lab.simulate.face.camera import VIEW_MM, head_points
from meps_lab.simulate.face.clip import FaceClip
from meps_lab.simulate.face.identity import Identity, landmarks
from meps_lab.simulate.face.muscles import COUPLINGS, PULLS, coupled, fields
from meps_lib.labels import ACTION_UNITS, EMOTION_AUS


def person(k):
    return Identity.draw(np.random.default_rng([7, k]))


FOLDS = [aus for aus in EMOTION_AUS.values() if aus] + [(1, 2), (1, 2, 5), (2, 7), (10, 26)]


def test_every_action_unit_has_a_muscle():
    assert set(PULLS) == set(ACTION_UNITS)


@pytest.mark.parametrize("aus", FOLDS)
def test_skin_never_folds_at_full_intensity(aus):
    step = 0.5
    x, y = np.meshgrid(np.arange(-80, 80, step), np.arange(-90, 95, step))
    for who in (Identity(), person(0), Identity(brow_gap=18.5, eye_height=9.8)):
        every, full = coupled(aus, np.ones((1, len(aus))))
        dx, dy, _, lower = np.tensordot(full[0], fields(every, landmarks(who), x, y), 1)
        dxy, dxx = np.gradient(dx, step)
        for down in (dy, dy + lower):
            dyy, dyx = np.gradient(down, step)
            assert ((1 - dxx) * (1 - dyy) - dxy * dyx).min() > 0


@pytest.mark.parametrize("aus", [(1, 2), (1, 2, 5), EMOTION_AUS["surprise"], EMOTION_AUS["fear"]])
def test_raised_brows_do_not_tear_the_eyes_open(aus):
    who = Identity()
    place = landmarks(who)
    y = np.arange(-60, 0, 0.05)[:, None]
    came_from = y - fields(aus, place, np.full_like(y, place["eye"][0]), y).sum(0)[1]
    cleft = (-0.58 * who.eye_height < came_from - who.eye_y) & (
        came_from - who.eye_y < 0.42 * who.eye_height
    )
    assert 9 < cleft.sum() * 0.05 < 14


def test_no_eye_opens_wider_than_eyes_do():
    y = np.arange(-60, 0, 0.05)[:, None]
    for who in (person(k) for k in range(30)):
        place = landmarks(who)
        x = np.full_like(y, place["eye"][0])
        for emotion in ("fear", "surprise"):
            came_from = y - fields(EMOTION_AUS[emotion], place, x, y).sum(0)[1] - who.eye_y
            edges = -0.58 * who.eye_height, 0.42 * who.eye_height
            assert 10 < ((edges[0] < came_from) & (came_from < edges[1])).sum() * 0.05 < 14


def test_a_broad_smile_bares_the_teeth_and_a_small_one_does_not():
    rows = np.array([[0.0, 0.0], [0.6, 0.6], [1.0, 1.0]])
    clip = FaceClip(Identity(), (6, 12), rows, size=128)
    head = head_points(128, torch.zeros(3, 4))
    neutral, small, broad = clip._look_up(head, torch.arange(3), VIEW_MM / 128)[2].sum((1, 2, 3))
    assert neutral == small == 0 and broad > 30  # pixels
    assert coupled((12, 6), np.ones((1, 2)))[0] == (12, 6, "grin")
    assert coupled((6,), np.ones((1, 1)))[0] == (6,)
    assert all(set(pair) <= set(PULLS) for pair, _ in COUPLINGS.values())


def furrows(emotion, step=0.5):
    """Sharpest furrow at full intensity: the largest curvature of what is bulged, 1/mm."""
    x, y = np.meshgrid(np.arange(-80, 80, step), np.arange(-90, 95, step))
    every, full = coupled(EMOTION_AUS[emotion], np.ones((1, len(EMOTION_AUS[emotion]))))
    bulge = np.tensordot(full[0], fields(every, landmarks(Identity()), x, y), 1)[2]
    return sum(np.gradient(np.gradient(bulge, step, axis=a), step, axis=a) for a in (0, 1)).max()


def opening(emotion, who):
    """Width, height and area of what the lips uncover at full intensity, mm."""
    aus, step = EMOTION_AUS[emotion], VIEW_MM / 256
    clip = FaceClip(who, aus, np.ones((1, len(aus))))
    head = head_points(256, torch.zeros(1, 4))
    gap = clip._look_up(head, torch.arange(1), step)[2][0, 0] > 0.5
    sides = [float(gap.any(axis).sum() * step) for axis in (0, 1)]
    return [*sides, float(gap.sum() * step**2)]


def test_no_emotion_shouts():
    sharpest = {emotion: furrows(emotion) for emotion in EMOTION_AUS if EMOTION_AUS[emotion]}
    assert sharpest["disgust"] < 1.1 * np.median(list(sharpest.values()))
    for who in (Identity(), person(0), person(1)):
        assert opening("disgust", who)[2] < 1.1 * opening("happiness", who)[2]


def test_fear_stretches_the_mouth_and_surprise_drops_the_jaw():
    for who in (Identity(), person(0), person(1)):
        (wide, low, _), (narrow, high, _) = opening("fear", who), opening("surprise", who)
        assert wide > 1.2 * narrow and low < 0.65 * high
        assert wide / low > 5.5
