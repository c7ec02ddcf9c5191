"""Light, and lids: what changes on a face that shows nothing."""

import cv2
import numpy as np
import pytest
import torch

from meps_lab.simulate.face.camera import VIEW_MM
from meps_lab.simulate.face.clip import FaceClip
from meps_lab.simulate.face.identity import Identity, landmarks
from meps_lib.errors import MepsError


def person(k):
    return Identity.draw(np.random.default_rng([7, k]))


def test_a_lamp_changes_the_light_and_only_the_light():
    gain = np.array([1.0, 1.2, 0.6])
    clip = FaceClip(person(1), (12,), np.zeros((3, 1)), gain=gain)
    colour, depth = clip.render()
    linear = colour**2.2
    for k in (1, 2):
        ratio = (linear[k] / linear[0])[(linear[0] > 0.02) & (linear[k] < 0.98)]
        assert torch.allclose(ratio, torch.tensor(gain[k], dtype=torch.float32), rtol=1e-3)
        assert torch.equal(depth[k].nan_to_num(0), depth[0].nan_to_num(0))
    assert not clip.flow(0, 2).any()


def test_a_furrow_is_dark_whatever_the_light():
    for light in ((0.0, 0.0, 1.0), (-0.5, -0.4, 0.7), (0.5, 0.4, 0.7)):
        clip = FaceClip(Identity(), (4,), np.array([[0.0], [1.0]]), light=light, size=128)
        smooth, furrowed = clip.render()[0].mean(1)
        x, y = landmarks(clip.who)["brow_in"]
        column, row = round((x - 9) * 128 / VIEW_MM + 63.5), round((y + 5) * 128 / VIEW_MM + 63.5)
        patch = np.s_[row - 2 : row + 3, column - 3 : column + 4]
        assert (smooth - furrowed)[patch].max() > 0.1


def test_a_blink_closes_the_eyes_and_nothing_else():
    who = Identity(skin=0.3)
    clip = FaceClip(who, (12,), np.zeros((3, 1)), size=128, blink=np.array([0.0, 0.5, 1.0]))
    colour, _ = clip.render()
    x, y = (round(v * 128 / VIEW_MM + 63.5) for v in (who.half_eyes, who.eye_y + 4.0))
    pupil = colour[:, :, y, x].mean(1)
    assert pupil[2] > pupil[0] + 0.15  # skin in place of the pupil
    still = torch.ones(128, 128, dtype=torch.bool)
    still[26:56] = False
    assert (colour[2] - colour[0]).abs().mean(0)[still].max() < 1e-5
    flow = clip.flow(1, 2)
    lid = flow[1, y - 5 : y, x]
    assert lid.max() > 1.0 and flow[:, still].norm(dim=0).max() < 1e-3


def test_the_lids_flow_is_where_the_lids_go():
    clip = FaceClip(person(2), (12,), np.zeros((2, 1)), size=128, blink=np.array([0.8, 1.0]))
    a, b = clip.render()[0].mean(1).numpy()
    true = clip.flow(0, 1).numpy()
    rows, columns = np.mgrid[:128, :128].astype(np.float32)
    back = cv2.remap(b, columns + true[0], rows + true[1], cv2.INTER_LINEAR)
    moving = true[1] > 0.5
    assert moving.sum() > 100
    assert np.abs(back - a)[moving].mean() < 0.5 * np.abs(b - a)[moving].mean()


@pytest.mark.parametrize(
    "bad",
    [
        {"blink": np.array([0.0, 1.5])},
        {"blink": np.zeros(3)},
        {"gain": np.array([1.0, -1.0])},
        {"gain": np.full(2, np.nan)},
    ],
)
def test_clip_refuses_bad_blinks_and_gains(bad):
    with pytest.raises(MepsError, match=next(iter(bad))):
        FaceClip(person(0), (12,), np.zeros((2, 1)), **bad)
