"""What the laboratory shows: faces side by side, a face that moves, the files of a data set."""

import html
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from textwrap import indent

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from meps_lab.chapters.explore import image_tag
from meps_lab.simulate.face import FaceClip, Identity
from meps_lib.errors import MepsError
from meps_lib.labels import EMOTION_AUS
from meps_lib.video.pictures import natural

SEVEN = ("happiness", "surprise", "anger", "disgust", "fear", "sadness", "contempt")


def express(who: Identity, what: str | Sequence[int], level: float, size: int = 64) -> FaceClip:
    """Two frames of one person: the neutral face, and an expression.

    Parameters
    ----------
    who : Identity
    what : str or sequence of int
        An emotion, whose prototype is shown, or action units.
    level : float
        Intensity of every unit, 0 neutral .. 1 full.
    size : int
        Pixels a side.

    Raises
    ------
    MepsError
        If the emotion is unknown.

    Examples
    --------
    >>> express(Identity(), "happiness", 1.0).aus
    (6, 12)
    """
    if isinstance(what, str) and what not in EMOTION_AUS:
        raise MepsError(f"no emotion {what!r}; expected one of {', '.join(EMOTION_AUS)}")
    aus = tuple(EMOTION_AUS[what] if isinstance(what, str) else what)
    steps = np.array([0.0, level])[:, None] * np.ones(len(aus))
    # Contempt is the one expression that is one-sided by definition.
    return FaceClip(who, aus, steps, lateral=0.9 * (what == "contempt"), size=size)


def contact_sheet(
    people: Sequence[Identity], emotions: Sequence[str], level: float, size: int = 64
) -> Figure:
    """Draw every person with every expression, one row an emotion, one column a person.

    Parameters
    ----------
    people : sequence of Identity
    emotions : sequence of str
    level : float
        Intensity of every unit, 0 neutral .. 1 full.
    size : int
        Pixels a face.

    Examples
    --------
    >>> sheet = contact_sheet([Identity(), Identity(skin=0.9)], ["surprise"], 1.0)
    >>> sheet.axes[0].images[0].get_array().shape
    (64, 96, 3)
    """
    cut = size // 8  # left and right of a face there is only wall
    rows = []
    for emotion in emotions:
        faces = [express(who, emotion, level, size).render()[0][1] for who in people]
        rows.append(np.concatenate([as_image(face)[:, cut:-cut] for face in faces], axis=1))
    sheet = np.concatenate(rows)
    width, names = 7.2, 0.95  # inches, of the figure and of the names beside the faces
    height = (width - names) * sheet.shape[0] / sheet.shape[1]
    figure, axis = plt.subplots(figsize=(width, height))
    axis.imshow(np.round(255 * sheet).astype(np.uint8), interpolation="nearest")
    axis.set_yticks((np.arange(len(emotions)) + 0.5) * size, emotions, fontsize=9)
    axis.set_xticks([])
    axis.tick_params(length=0)
    axis.grid(False)
    axis.spines[:].set_visible(False)
    return figure


def as_image(frame: Tensor) -> np.ndarray:
    """A frame (3, H, W) in [0, 1] as Matplotlib wants it, (H, W, 3)."""
    return frame.permute(1, 2, 0).clamp(0, 1).numpy()


def animate(frames: Tensor, fps: float, alt: str, summary: str, slower: float = 1.0) -> HTML:
    """Show a clip that moves when its reader opens it, and rests when it is closed.

    Nothing on the page moves by itself, which matters to readers whom motion distracts or makes
    ill; no script is needed.

    Parameters
    ----------
    frames : Tensor, shape (T, 3, H, W)
        Colours in [0, 1].
    fps : float
        Frames a second of the clip.
    alt : str
        What one sees.
    summary : str
        The words to click on.
    slower : float
        Slow motion: 1 plays at the clip's own speed, 4 at a quarter of it.

    Returns
    -------
    HTML
        The GIF's size in bytes is in its attribute ``metadata["bytes"]``.

    Raises
    ------
    MepsError
        Without alternative text, or with a speed that is not positive.

    Examples
    --------
    >>> import torch
    >>> shown = animate(torch.rand(3, 3, 16, 16), 30, "Noise.", "Play")
    >>> shown.data.startswith("<details")
    True
    """
    if not (fps > 0 and slower > 0):
        raise MepsError(f"fps={fps}, slower={slower}; expected positive numbers")
    pictures = [np.round(255 * as_image(frame)).astype(np.uint8) for frame in frames]
    # One palette for all frames: a palette of its own would let the skin flicker.
    colours = Image.fromarray(np.concatenate(pictures[:: len(pictures) // 2])).quantize(256)
    how = {"palette": colours, "dither": Image.Dither.NONE}
    first, *rest = (Image.fromarray(one).quantize(**how) for one in pictures)
    # GIF counts hundredths of a second; a rest before it begins again.
    pause = [10 * round(100 * slower / fps)] * len(rest) + [700]
    stored = io.BytesIO()
    first.save(stored, "GIF", save_all=True, append_images=rest, loop=0, duration=pause)
    width = 16 * frames.shape[-1] / frames.shape[-2]
    picture = image_tag(stored.getvalue(), "gif", alt, width=f"{width:g}rem")
    head = f'<details class="meps-play"><summary>{html.escape(summary)}</summary>'
    return HTML(f"{head}{picture}</details>", metadata={"bytes": stored.tell()})


def tree(folder: str | Path, most: int = 3) -> str:
    """List a folder as a tree; of more than `most` files of one ending, only the first.

    Parameters
    ----------
    folder : path
    most : int
        Files or folders of one kind shown in a folder.

    Raises
    ------
    MepsError
        If there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise MepsError(f"no folder {folder}; give one that exists")
    lines, shown = [f"{folder.name}/"], Counter()
    for path in sorted(folder.iterdir(), key=lambda path: natural(path.name)):
        kind = f"{path.suffix} files" if path.is_file() else "folders"
        shown[kind] += 1
        if shown[kind] <= most:
            lines.append(indent(tree(path, most) if path.is_dir() else path.name, "  "))
    lines += [f"  ... {n - most} more {kind}" for kind, n in shown.items() if n > most]
    return "\n".join(lines)
