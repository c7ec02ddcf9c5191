"""What a clip's pixels say: how noisy they are, when a face moves, and whether two faces are one.

Colour alone is read; nothing has been measured yet for depth.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from scipy.ndimage import gaussian_filter, laplace

from meps_lib.trial import Trial, collate

GRID = 5  # cells a side of a face, in which movement is looked for
_LAPLACE_GAIN = 20**0.5  # of white noise: the root of 4^2 + 4 * 1^2
_TO_SIGMA = 1.4826  # from the median of absolute values to a normal standard deviation
_BLUR = 1 / 27  # of a picture's side, standard deviation; a face's features are wider


def grey_clips(trials: Sequence[Trial]) -> Iterator[tuple[Trial, np.ndarray]]:
    """Trials that have colour and two frames or more, with their brightness (T, H, W)."""
    for trial in trials:
        if trial.colour is not None and len(trial.colour) > 1:
            yield trial, trial.colour.mean(dim=1).double().numpy()


def cells(pictures: np.ndarray) -> np.ndarray:
    """Means of pictures (..., H, W) over a grid of cells, (..., GRID, GRID)."""
    rows = [part.mean(axis=-2) for part in np.array_split(pictures, GRID, axis=-2)]
    parts = np.array_split(np.stack(rows, axis=-2), GRID, axis=-1)
    return np.stack([part.mean(axis=-1) for part in parts], axis=-1)


def noise_deviation(change: np.ndarray) -> float:
    """Standard deviation of pixel noise in a difference of two frames, (H, W).

    From what differs between neighbouring pixels: movement is smoother than that, and the median
    does not see the few edges that move.
    """
    rough = laplace(change)[1:-1, 1:-1]
    return float(_TO_SIGMA * np.median(np.abs(rough)) / _LAPLACE_GAIN)


def head_and_light(picture: np.ndarray) -> np.ndarray:
    """How a picture (H, W) changes to first order when head or light do, orthonormal, (H * W, 6).

    A shift to the side and down, another size, a tilt; more light, and a stronger one.
    """
    down, right = np.gradient(picture)
    y, x = np.meshgrid(*(np.linspace(-1, 1, n) for n in picture.shape), indexing="ij")
    ways = (down, right, x * right + y * down, x * down - y * right)
    return np.linalg.qr(np.stack([*ways, np.ones_like(picture), picture]).reshape(6, -1).T)[0]


def movement(clip: np.ndarray) -> tuple[np.ndarray, float]:
    """How much a face has moved since the first frame, and the share of noise in the change.

    Parameters
    ----------
    clip : array, shape (T, H, W)
        Brightness; T of 2 or more.

    Returns
    -------
    array, shape (T,)
        Mean square over cells of the change that is neither head nor light nor noise; 0 at least.
    float
        Part of the mean square of the change that is pixel noise, 0 to 1.
    """
    change = clip[1:] - clip[:1]
    variance = np.array([noise_deviation(x) for x in change]) ** 2
    total = np.square(change).mean()
    share = min(1.0, float(variance.mean() / total)) if total > 0 else 0.0
    flat, known = change.reshape(len(change), -1), head_and_light(clip[0])
    face = (flat - flat @ known @ known.T).reshape(change.shape)
    energy = np.square(cells(face)).mean(axis=(1, 2))
    return np.r_[0.0, np.maximum(energy - variance * GRID**2 / clip[0].size, 0)], share


def frame_numbers(trials: Sequence[Trial], model: torch.nn.Module) -> dict[str, float]:
    """Noise in the frames, and whether the weights over frames lie where the face moves.

    Returns
    -------
    dict
        "frame noise": median share of pixel noise in what changed since a clip's first frame.
        "fusion": movement under the model's weights over that under even ones, if it has such.
        Empty without clips.
    """
    shares, under_weights, under_even = [], 0.0, 0.0
    for trial, clip in grey_clips(trials):
        energy, share = movement(clip)
        shares.append(share)
        weights = fusion_weights(model, trial)
        if weights is not None:
            under_weights += float(weights @ energy)
            under_even += float(energy.mean())
    if not shares:
        return {}
    found = {"frame noise": float(np.median(shares))}
    return found | ({"fusion": under_weights / under_even} if under_even > 0 else {})


@torch.no_grad()
def fusion_weights(model: torch.nn.Module, trial: Trial) -> np.ndarray | None:
    """The weights (T,) that a model gives to the frames of a trial; None if it weighs none."""
    batch = collate([trial], [trial.label])
    weights = model.eval()(batch).weights.get("fusion")
    return None if weights is None else weights[0].double().numpy()


def twin_numbers(trials: Sequence[Trial]) -> dict[str, float]:
    """Whether one face, or one clip, goes under two names.

    Returns
    -------
    dict
        "twins": smallest distance between faces of two names over the median distance under one
        name, pose and light taken out; below 1 where they are one person, 0 for a copied clip.
        Empty unless somebody has two clips, and another one.
    """
    clips = list(grey_clips(trials))
    if len({clip.shape[1:] for _, clip in clips}) != 1:
        return {}
    who = np.array([trial.subject for trial, _ in clips])
    gap = face_gaps([clip.mean(axis=0) for _, clip in clips])
    same = who[:, None] == who[None]
    within = gap[same & ~np.eye(len(who), dtype=bool)]
    if same.all() or len(within) == 0 or np.median(within) == 0:
        return {}
    return {"twins": float(gap[~same].min() / np.median(within))}


def face_gaps(faces: Sequence[np.ndarray]) -> np.ndarray:
    """Root mean square difference of each two of n faces (H, W), pose and light taken out."""
    smooth = [gaussian_filter(x, _BLUR * min(x.shape)) for x in faces]
    flat = np.stack([x.ravel() for x in smooth])
    gap = np.zeros((len(flat), len(flat)))
    for k, face in enumerate(smooth):
        away, known = flat - flat[k], head_and_light(face)
        gap[k] = np.sqrt(np.square(away - away @ known @ known.T).mean(axis=1))
    return np.minimum(gap, gap.T)
