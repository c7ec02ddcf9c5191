"""What OpenCV and scikit-image find in the simulated pictures, against what was drawn.

Optical flow is judged from onset to apex where the skin moves by more than half a pixel: on
skin that lies still any method is right.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from skimage.registration import optical_flow_tvl1
from torch import Tensor

from meps_lab.simulate.cohort import simulate_cohort
from meps_lab.simulate.face.camera import VIEW_MM
from meps_lab.simulate.face.clip import FaceClip
from meps_lab.simulate.face.identity import Identity
from meps_lab.simulate.face.sensor import sense_colour
from meps_lab.simulate.scenario import Scenario
from meps_lib.errors import MepsError
from meps_lib.labels import EMOTION_AUS

LEAST_PX = 0.5  # motion that counts as motion
LEAST_PIXELS = 300  # a clip in which fewer pixels move is not asked about


def onset_to_apex(seed: int, n: int, intensity: float = 0.45, size: int = 128) -> list[FaceClip]:
    """Two-frame clips, neutral and apex, of `n` different people; the emotions in turn.

    `intensity` is that of every action unit at the apex; .45 is a typical micro-expression.
    """
    emotions = [e for e in EMOTION_AUS if EMOTION_AUS[e]]
    clips = []
    for k in range(n):
        rng = np.random.default_rng([seed, 3, k])
        emotion = emotions[k % len(emotions)]
        aus = tuple(EMOTION_AUS[emotion])
        rows = np.array([[0.0], [intensity]]) * np.ones(len(aus))
        side = rng.choice([-1.0, 1.0])
        lateral, who = 0.9 * side * (emotion == "contempt"), Identity.draw(rng)
        light = (side * rng.uniform(0.15, 0.5), -rng.uniform(0.4, 0.7), 0.75)
        clips.append(FaceClip(who, aus, rows, lateral=lateral, light=light, size=size))
    return clips


def seen_faces(seed: int, n: int, size: int = 128) -> list[Tensor]:
    """What the colour camera sees, (3, size, size), of `n` people, each at an apex.

    They are of a default cohort, with its poses, light, skins and frame noise.
    """
    dials = Scenario(size=size)
    cohort = simulate_cohort(n, 3, seed=seed, scenario=dials)
    rng = np.random.default_rng([seed, 4])
    plans = [cohort.plan(k) for k in range(0, 3 * n, 3)]
    at_apex = (plan.face.pick([round(plan.apex)]).render()[0] for plan in plans)
    return [sense_colour(colour, rng, dials.frame_noise)[0] for colour in at_apex]


def dis(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """OpenCV's DIS flow (Kroeger et al., 2016) of two uint8 pictures -> (2, H, W), pixels."""
    method = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    method.setFinestScale(0)  # the default works at half the size of a small picture
    return method.calc(a, b, None).transpose(2, 0, 1)


def tvl1(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """scikit-image's TV-L1 flow (Zach et al., 2007) of two uint8 pictures -> (2, H, W), pixels.

    CHOICE: of pictures whose brightness is freed of its local mean and spread (3 px). WHY:
    TV-L1's data term is an absolute difference, so that on dark skin, where the grain has a
    few grey levels, smoothness would outweigh it; and folds change the shading.
    """
    v, u = optical_flow_tvl1(_local_contrast(a), _local_contrast(b))
    return np.stack([u, v])


def flow_error(clips: Sequence[FaceClip], method=dis) -> float:
    """Mean end-point error (px) of a flow from onset to apex, over the pixels that move.

    Parameters
    ----------
    clips : sequence of FaceClip
        Frame 0 is the onset, frame 1 the apex.
    method : callable
        `dis` or `tvl1`.

    Examples
    --------
    >>> flow_error(onset_to_apex(0, 1)) < 0.5
    True
    """
    errors = []
    for clip in clips:
        flow = np.asarray(clip.flow(0, 1))
        moving = np.hypot(*flow) > LEAST_PX
        if moving.sum() >= LEAST_PIXELS:
            found = method(*map(_grey, clip.render()[0]))
            errors.append(np.hypot(*(found - flow))[moving].mean())
    return _mean(errors)


def depth_follows_colour(clips: Sequence[FaceClip]) -> float:
    """Correlation of the flow seen in the depth alone with the flow seen in the colour alone.

    Depth is made visible as a relief: shaded from its own normals, by a light of the judge's
    own. DIS then follows both pictures from onset to apex; neither is told the truth.

    Returns
    -------
    float
        Mean over clips of Pearson's r over both components at the pixels that move in colour.
    """
    found = []
    for clip in clips:
        colour, depth = clip.render()
        seen = dis(*map(_grey, colour))
        felt = dis(*map(_relief, depth))
        person = (~depth[0, 0].isnan()).numpy().astype(np.uint8)
        inside = cv2.erode(person, np.ones((9, 9))) > 0  # a relief has a cliff at its outline
        moving = (np.hypot(*seen) > LEAST_PX) & inside
        if moving.sum() >= LEAST_PIXELS:
            found.append(np.corrcoef(seen[:, moving].ravel(), felt[:, moving].ravel())[0, 1])
    return _mean(found)


def faces_found(frames: Sequence[Tensor]) -> float:
    """Share of frames, each (3, H, W), in which OpenCV's Haar cascade finds the face.

    A box counts if it holds the face: of the frame's side, eyes at about .4 and mouth at
    about .7 of its height lie inside, and so does the middle third of its width.
    """
    path = cv2.data.haarcascades + "haarcascade_frontalface_default.xml"
    cascade, found = cv2.CascadeClassifier(path), []
    for frame in frames:
        size = frame.shape[-1]
        boxes = cascade.detectMultiScale(_grey(frame), 1.1, 3, minSize=(size // 3, size // 3))
        x, y, w, h = np.reshape(boxes, (-1, 4)).T / size
        found.append(((np.maximum(x, y) < 0.32) & (x + w > 0.68) & (y + h > 0.7)).any())
    return float(np.mean(found))


def _grey(frame: Tensor) -> np.ndarray:
    """Grey picture (H, W), uint8, as a camera would store it."""
    rgb = (frame.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)


def _local_contrast(grey: np.ndarray, sigma: float = 3.0) -> np.ndarray:
    x = grey / 255.0
    away = x - cv2.GaussianBlur(x, (0, 0), sigma)
    spread = np.sqrt(cv2.GaussianBlur(away**2, (0, 0), sigma))
    return 0.2 * away / (spread + 1 / 255)  # grain of about the size TV-L1's default expects


def _relief(depth: Tensor) -> np.ndarray:
    """A depth map (1, H, W) in mm as a shaded picture (H, W), uint8; its gaps lie far."""
    near = -depth[0].double().numpy()
    near = np.where(np.isnan(near), np.nanmin(near), near)
    zy, zx = np.gradient(near, VIEW_MM / depth.shape[-1])
    shade = (0.7 - 0.4 * zx + 0.6 * zy) / np.sqrt(1 + zx**2 + zy**2)
    return (255 * shade.clip(0, 1)).round().astype(np.uint8)


def _mean(values: Sequence[float]) -> float:
    if not values:
        raise MepsError(f"no clip moves {LEAST_PIXELS} pixels by {LEAST_PX} px; raise `intensity`")
    return float(np.mean(values))
