"""The face against OpenCV: it is found as a face, and its motion is what it is said to be."""

import pickle

import cv2
import numpy as np
import pytest
import torch
from skimage.registration import optical_flow_tvl1

from meps_lab.simulate.face.camera import DISTANCE_MM, VIEW_MM
from meps_lab.simulate.face.clip import FaceClip
from meps_lab.simulate.face.identity import Identity, landmarks
from meps_lib.errors import MepsError
from meps_lib.labels import EMOTION_AUS

EMOTIONS = [e for e in EMOTION_AUS if EMOTION_AUS[e]]


def person(k):
    return Identity.draw(np.random.default_rng([7, k]))


def onset_to_apex(aus, intensity=0.45, size=128, pose=None, **kwargs):
    rows = np.array([[0.0], [intensity]]) * np.ones(len(aus))
    who = kwargs.pop("who", person(0))
    return FaceClip(who, tuple(aus), rows, pose=pose, size=size, **kwargs)


def grey(frame):
    rgb = (frame.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)


def dis(a, b):
    method = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    method.setFinestScale(0)  # the default works at half the size of a small picture
    return method.calc(grey(a), grey(b), None).transpose(2, 0, 1)


def test_the_haar_cascade_finds_the_face():
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    found = 0
    for k in range(40):
        clip = onset_to_apex(EMOTION_AUS[EMOTIONS[k % len(EMOTIONS)]], who=person(k))
        boxes = cascade.detectMultiScale(grey(clip.render()[0][1]), 1.1, 3, minSize=(40, 40))
        # A box counts when it holds the face: eyes and mouth lie inside.
        found += any(x < 40 and x + w > 88 and y < 40 and y + h > 90 for x, y, w, h in boxes)
    assert found >= 38


def tvl1(a, b):
    v, u = optical_flow_tvl1(grey(a) / 255.0, grey(b) / 255.0)
    return np.stack([u, v])


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_opencv_and_scikit_image_recover_the_true_flow(emotion):
    one_sided = 0.9 if emotion == "contempt" else 0.0
    errors = []
    for k in range(4):
        clip = onset_to_apex(EMOTION_AUS[emotion], lateral=one_sided, who=person(k))
        colour, depth = clip.render()
        true = clip.flow(0, 1).numpy()
        moving, skin = np.hypot(*true) > 0.5, ~depth[0, 0].isnan().numpy()
        assert moving.sum() > 300
        error = np.hypot(*(dis(*colour) - true))
        assert error[moving].mean() < 0.3 * np.hypot(*true)[moving].mean()
        other = np.hypot(*(tvl1(*colour) - true)) if k == 0 else np.full_like(error, np.nan)
        errors.append((error[moving].mean(), error[skin].mean(), other[skin].mean()))
    assert np.nanmean(errors, axis=0).max() < 0.25


def test_head_drift_is_rigid_flow():
    roll, scale = 0.05, DISTANCE_MM / (DISTANCE_MM + 20)
    pose = np.array([[0, 0, 0, 0], [6.0, -3.0, roll, 20.0]])
    clip = onset_to_apex((1,), intensity=0.0, pose=pose)
    flow = clip.flow(0, 1)
    c, s = np.cos(roll), np.sin(roll)
    for i, j in ((64, 64), (40, 50), (90, 70)):
        x, y = (np.array([j, i]) + 0.5) / 128 * VIEW_MM - VIEW_MM / 2
        y -= 4.0  # the picture is centred 4 mm above the head's origin
        end = scale * np.array([c * x - s * y, s * x + c * y]) + [6.0, -3.0]
        expected = (end - [x, y]) * 128 / VIEW_MM
        np.testing.assert_allclose(flow[:, i, j], expected, atol=1e-3)


def test_flow_there_and_back_is_nothing():
    clip = onset_to_apex((6, 12), intensity=0.6)
    there, back = clip.flow(0, 1), clip.flow(1, 0)
    rows, columns = torch.meshgrid(torch.arange(128.0), torch.arange(128.0), indexing="ij")
    at = np.stack([columns + there[0], rows + there[1]]).astype(np.float32)
    returned = there + np.stack([cv2.remap(b.numpy(), *at, cv2.INTER_LINEAR) for b in back])
    cheeks_and_mouth = slice(None), slice(60, 110), slice(40, 88)  # no lid, no outline
    assert returned[cheeks_and_mouth].norm(dim=0).max() < 0.1
    assert there[cheeks_and_mouth].norm(dim=0).max() > 2


@pytest.mark.parametrize(
    ("au", "landmark", "direction"),
    [
        (1, "brow_in", (0, -1)),
        (2, "brow_out", (0, -1)),
        (4, "brow_in", (-1, 1)),
        (12, "corner", (1, -1)),
        (15, "corner", (0, 1)),
        (20, "corner", (1, 0)),
        (26, "chin", (0, 1)),
        (17, "chin", (0, -1)),
    ],
)
def test_muscles_pull_where_facs_says(au, landmark, direction):
    clip = onset_to_apex((au,), intensity=0.5)
    x, y = landmarks(clip.who)[landmark]
    j, i = (round(float(v) * 128 / VIEW_MM + 63.5) for v in (x, y + 4.0))
    flow = clip.flow(0, 1)[:, i, j]
    along = float(flow @ (torch.tensor(direction) / np.hypot(*direction)))
    assert along > 0.7 * flow.norm() > 0.5


def test_one_side_only():
    flow = onset_to_apex((12,), lateral=1.0, intensity=0.8).flow(0, 1).norm(dim=0)
    assert flow[:, 80:].max() > 2
    assert flow[:, :48].max() < 0.1 * flow[:, 80:].max()


def test_lips_part_and_show_what_is_behind():
    clip = onset_to_apex((26,), intensity=1.0, who=Identity())
    (closed, opened), depth = clip.render()
    mouth = slice(88, 108), slice(54, 74)
    assert (closed.mean(0)[mouth] - opened.mean(0)[mouth]).max() > 0.2
    assert (depth[1] - depth[0])[0][mouth].max() > 5


def test_depth_and_colour_move_together():
    pose = np.zeros((2, 4))
    pose[1, 0] = 8.0
    shift = 8.0 * 128 / VIEW_MM
    colour, depth = onset_to_apex((1,), intensity=0.0, pose=pose).render()
    window = np.outer(np.hanning(128), np.hanning(128))
    near = torch.nan_to_num(DISTANCE_MM - depth[:, 0], nan=-90.0).double().numpy()
    for a, b in ((grey(colour[0]) / 255.0, grey(colour[1]) / 255.0), near):
        (dx, dy), _ = cv2.phaseCorrelate(a, b, window)
        assert dx == pytest.approx(shift, abs=0.5)
        assert dy == pytest.approx(0, abs=0.5)


def test_action_units_show_in_depth_where_they_show_in_colour():
    clip = onset_to_apex((6, 12), intensity=0.6)
    colour, depth = clip.render()
    moving = clip.flow(0, 1).norm(dim=0) > 0.5
    still = (clip.flow(0, 1).norm(dim=0) < 0.05) & ~depth[0, 0].isnan()
    for change in ((depth[1] - depth[0]).abs()[0], (colour[1] - colour[0]).abs().mean(0)):
        assert change[moving].nanmean() > 5 * change[still].nanmean()


def test_skin_covers_the_human_range():
    faces = [onset_to_apex((12,), who=person(k), size=32).render()[0][0] for k in range(20)]
    tone = torch.stack([f[:, 18:21, 12:14].mean((1, 2)) for f in faces])
    assert tone.mean(1).max() - tone.mean(1).min() > 0.2
    assert (tone[:, 0] > tone[:, 2]).all()


def test_a_clip_pickles_and_keeps_its_flow():
    clip = onset_to_apex((6, 12), size=32)
    assert torch.equal(pickle.loads(pickle.dumps(clip))(0, 1), clip(0, 1))


def test_clip_refuses_wrong_shapes_and_frames():
    with pytest.raises(MepsError, match="intensity"):
        FaceClip(person(0), (6, 12), np.zeros((4, 3)))
    with pytest.raises(MepsError, match="frame=2; expected a whole number, 0 to 1"):
        onset_to_apex((12,), size=16).flow(0, 2)
    for frames in ((0.0, 1), (0, 1.5), ("0", 1), (0, None)):
        with pytest.raises(MepsError, match="frame=.*expected a whole number, 0 to 1"):
            onset_to_apex((12,), size=16).flow(*frames)


def test_lips_part_gradually():
    # What the true slit, 0 to about half a sample high, shows of the mouth behind it.
    clip = FaceClip(Identity(), (25,), np.linspace(0, 0.15, 16)[:, None], size=64)
    y = torch.arange(30.0, 50, 1.6)
    head = torch.stack([torch.zeros_like(y), y], -1)[:, None]
    head = head.expand(16, -1, -1, -1).contiguous()
    shares = clip._look_up(head, torch.arange(16), 1.6)[2].sum((1, 2, 3))
    assert shares[0] == 0 and shares[-1] > 0.2
    assert (shares.diff() >= -1e-3).all() and shares.diff().max() < 0.15 * shares[-1]


def test_a_receding_head_is_deeper_by_as_much():
    pose = np.array([[0, 0, 0, 0], [0, 0, 0, 15.0]])
    _, depth = onset_to_apex((1,), intensity=0.0, pose=pose).render()
    assert (depth[1] - depth[0])[0, 50:80, 50:80].median() == pytest.approx(15.0, abs=0.5)


def test_flow_from_a_displaced_frame_starts_there():
    pose = np.array([[0, 0, 0, 0], [10.0, 4.0, 0, 0], [16.0, 1.0, 0, 0]])
    still = FaceClip(person(0), (12,), np.zeros((3, 1)), pose=pose, size=128)
    expected = np.array([6.0, -3.0]) * 128 / VIEW_MM
    np.testing.assert_allclose(still.flow(1, 2)[:, 64, 64], expected, atol=1e-3)
    smile = FaceClip(person(0), (6, 12), np.array([[0.0], [0.3], [0.6]]) * np.ones(2), size=128)
    colour, _ = smile.render()
    true = smile.flow(1, 2).numpy()
    moving = np.hypot(*true) > 0.5
    assert np.hypot(*(dis(colour[1], colour[2]) - true))[moving].mean() < 0.25


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_draws_the_same():
    clip = onset_to_apex(EMOTION_AUS["fear"], intensity=1.0)
    for here, there in zip(clip.render(), clip.render(device="cuda"), strict=True):
        assert there.is_cuda
        torch.testing.assert_close(there.cpu(), here, equal_nan=True, atol=2e-3, rtol=0)
