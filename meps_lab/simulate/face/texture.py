"""What the face is painted with: the person's own skin, or a photo.

Colour is looked up once a pixel, so the maps are blurred to the size of a pixel before;
the form is looked up more finely and stays sharp.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.ndimage import gaussian_filter, map_coordinates
from torch import Tensor

from meps_lab.simulate.face.anatomy import EXTENT_MM, TEXELS, neutral_maps
from meps_lab.simulate.face.camera import VIEW_MM, VIEW_Y_MM
from meps_lab.simulate.face.identity import Identity
from meps_lab.simulate.face.lighting import EYE_AMBIENT, EYE_DIRECT, exposure, shade, to_linear
from meps_lib.arguments import number
from meps_lib.errors import MepsError

# Where alignment puts the pupils, mm in the frame of the picture.
PHOTO_HALF_EYES = 0.155 * VIEW_MM
PHOTO_EYE_Y = (0.365 - 0.5) * VIEW_MM + VIEW_Y_MM
_MOUTH = 0.5, 0.95  # where its mouth may be, fraction of the height


class Paint(NamedTuple):
    """Maps of one person for one size of picture."""

    form: Tensor  # (3, N, N): height in mm, 1 = person, 1 = open lids
    albedo: Tensor  # (3, N, N): linear RGB of the skin
    inner: Tensor  # (3, N, N): linear RGB of eyeballs and mouth
    exposure: float


@dataclass(frozen=True, eq=False)
class Texture:
    """A photo that can be laid on anybody's head; small and picklable.

    Parameters
    ----------
    rgb : ndarray, shape (H, H, 3), uint8
        The photo, eyes where alignment puts them.
    mouth_y : float
        Line between the lips in the photo, mm in the frame of the picture, -4 .. 88.25.

    Raises
    ------
    MepsError
        If it is no such picture, or the mouth is not below the eyes.
    """

    rgb: np.ndarray
    mouth_y: float

    def __post_init__(self) -> None:
        rgb = np.array(_photo("Texture: rgb", self.rgb))
        low, high = (round(_mouth_mm(part), 3) for part in _MOUTH)
        number("Texture: mouth_y", self.mouth_y, low, high, " mm, below the eyes")
        object.__setattr__(self, "rgb", rgb)
        object.__setattr__(self, "mouth_y", float(self.mouth_y))

    def maps(self, who: Identity) -> tuple[Tensor, Tensor]:
        """Albedo (3, N, N) of skin, and inner (3, N, N) with the photo's own eyes."""
        own = neutral_maps(who)
        axis = ((np.arange(TEXELS) + 0.5) / TEXELS * 2 - 1) * EXTENT_MM
        # The photo's features are moved to the person's: eyes to eyes, lips to lips.
        x = axis * PHOTO_HALF_EYES / who.half_eyes
        far = 1e3
        here = [who.eye_y - far, who.eye_y, who.mouth_y, who.mouth_y + far]
        there = [PHOTO_EYE_Y - far, PHOTO_EYE_Y, self.mouth_y, self.mouth_y + far]
        y = np.interp(axis, here, there)
        height, width = self.rgb.shape[:2]
        column = (x / VIEW_MM + 0.5) * width - 0.5
        row = ((y - VIEW_Y_MM) / VIEW_MM + 0.5) * height - 0.5
        at = np.meshgrid(row, column, indexing="ij")
        # A photo finer than the maps is blurred to them first.
        blur = max(0.0, width / VIEW_MM * 2 * EXTENT_MM / TEXELS - 1) / 2
        smooth = gaussian_filter(self.rgb.astype(float) / 255, (blur, blur, 0))
        seen = [map_coordinates(smooth[..., c], at, order=1, mode="nearest") for c in range(3)]
        linear = to_linear(torch.from_numpy(np.stack(seen).astype(np.float32)))
        lit = shade(_rounded(who)[None, None], 2 * EXTENT_MM / TEXELS)[0]
        eyes = torch.from_numpy(axis < who.mouth_y - 25)[:, None]
        inner = torch.where(eyes, linear / (EYE_DIRECT * lit + EYE_AMBIENT), own.inner)
        return linear / (lit * exposure(own.skin)), inner


def texture_from_photo(photo: np.ndarray, mouth: float | None = None) -> Texture:
    """Make a photo of a face the skin of a simulated one, whoever that is.

    Light and shadow of the photo stay where they are: under the default light the neutral
    face is the photo, and what expressions change is the light that they change.

    Parameters
    ----------
    photo : ndarray, shape (H, H, 3), uint8
        RGB, neutral if possible, aligned by the eyes as simulated pictures are: pupils at
        .345 and .655 of the width, .365 of the height. 128 pixels or more look well.
    mouth : float, optional
        Line between the lips, fraction of the height, .5 .. .95; the darkest row about where
        a mouth may be if None.

    Returns
    -------
    Texture

    Raises
    ------
    MepsError
        If the photo is not such a picture, or the mouth is not below the eyes.

    Examples
    --------
    >>> grey = np.full((64, 64, 3), 128, np.uint8)
    >>> texture_from_photo(grey, mouth=0.7).mouth_y
    37.0
    """
    photo = _photo("photo", photo)
    if mouth is None:
        mouth = _find_mouth(photo)
    number("mouth", mouth, *_MOUTH, " of the height, below the eyes")
    return Texture(photo, round(_mouth_mm(mouth), 3))


def _mouth_mm(mouth: float) -> float:
    """Fraction of the photo's height -> mm in the frame of the picture."""
    return (mouth - 0.5) * VIEW_MM + VIEW_Y_MM


def _photo(name: str, value: Any) -> np.ndarray:
    found = np.asarray(value) if hasattr(value, "__array__") else np.empty(0)
    square = found.ndim == 3 and found.shape[2] == 3 and found.shape[0] == found.shape[1]
    if not square or found.dtype != np.uint8 or found.shape[0] < 32:
        got = f"{found.dtype} of shape {found.shape}"
        raise MepsError(
            f"{name} must be an RGB picture (H, H, 3) of uint8, H at least 32, as "
            "`meps_lib.video.align_face` makes them; got "
            f"{got if hasattr(value, '__array__') else type(value).__name__}"
        )
    return found


def _find_mouth(photo: np.ndarray) -> float:
    """Row of the line between the lips: the darkest against what lies 5 mm above and below."""
    size = len(photo)
    strip = photo[:, round(0.44 * size) : round(0.56 * size)].mean((1, 2))
    mm = size / VIEW_MM
    dark = gaussian_filter(strip, 6 * mm) - gaussian_filter(strip, 1.5 * mm)
    low, high = round(0.63 * size), round(0.80 * size)
    return (low + int(dark[low:high].argmax()) + 0.5) / size


def _rounded(who: Identity) -> Tensor:
    """Height (N, N) without the steps at ears and hair, which are elsewhere in the photo."""
    return torch.from_numpy(gaussian_filter(neutral_maps(who).skin[3].numpy(), 2.5))


@lru_cache(maxsize=64)
def painted(who: Identity, size: int, texture: Texture | None, device: torch.device) -> Paint:
    """Maps that one person shows in pictures of one size; cached."""
    own = neutral_maps(who)
    albedo, inner = (own.skin[:3], own.inner) if texture is None else texture.maps(who)
    sigma = VIEW_MM / size * TEXELS / (2 * EXTENT_MM) / np.sqrt(12)  # of a box one pixel wide

    def blurred(m: Tensor) -> Tensor:
        return torch.from_numpy(gaussian_filter(m.numpy(), (0, sigma, sigma))).to(device)

    form = own.skin[3:].clone()
    if texture is not None:
        form[0] = _rounded(who)
    return Paint(form.to(device), blurred(albedo), blurred(inner), exposure(own.skin))
