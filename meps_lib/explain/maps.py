"""From a model's own weights to pictures of where it looked.

A map says where the network looked and not why; before it is discussed as a finding it
needs its controls (`meps_lib.explain.controls`, and a training on shuffled labels).
"""

import io
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

from meps_lib.errors import MepsError
from meps_lib.explain.own_weights import on_grid
from meps_lib.files import write_whole
from meps_lib.models.output import Output
from meps_lib.plots.charts import plot_frames
from meps_lib.plots.style import SEQUENTIAL
from meps_lib.trial import Trial
from meps_lib.video.flow import optical_flow, optical_strain


def attention_map(output: Output, name: str = "ps", size: int | None = None) -> Tensor:
    """Mean attention that each position of the face received, over heads and queries.

    Parameters
    ----------
    output : Output
        Of a model whose guided attention has the face's positions as keys.
    name : {"ps", "depth"}
        Which guide; "depth" is averaged over frames by the fusion's own weights.
    size : int, optional
        Side in pixels to enlarge the map to; None keeps the grid.

    Returns
    -------
    Tensor, shape (B, side, side)
        Each map of the grid sums to 1, or to 0 where a trial has no face.

    Raises
    ------
    MepsError
        If the model has no such weights, or its keys are not a square grid of positions.

    Notes
    -----
    An output does not tell which steps of the signals are padding: in a batch of signals of unequal
    length the padded steps ask too. `meps_lib.explain.own_weights` leaves them out.

    Examples
    --------
    >>> even = Output(torch.zeros(1, 2), {"ps": torch.full((1, 4, 5, 16), 1 / 16)})
    >>> attention_map(even).shape, round(float(attention_map(even).sum()), 3)
    (torch.Size([1, 4, 4]), 1.0)
    """
    if name not in output.weights:
        have = ", ".join(output.weights) or "none"
        raise MepsError(
            f"the output has no {name!r} weights, only {have}; the model has no such guide"
        )
    weights = output.weights[name]
    if name == "depth":  # (B, T, heads, Q, P)
        weights = torch.einsum("bthqp,bt->bhqp", weights, output.weights["fusion"])
    grid = on_grid(weights.mean(dim=(1, 2)))[:, None]
    if size is not None:
        grid = interpolate(grid, size, mode="bicubic", align_corners=False).clamp(min=0)
    return grid[:, 0]


def plot_prediction(trial: Trial, output: Output) -> tuple[Figure, Figure]:
    """Two figures of one prediction: the frames with their weights, and the face's maps.

    Parameters
    ----------
    trial : Trial
        With colour; as it went into the model.
    output : Output
        Of a batch of this one trial.
    """
    if trial.colour is None:
        raise MepsError(f"trial {trial.clip!r} has no colour frames to draw")
    weights = output.weights["fusion"][0].detach().cpu().tolist()
    frames = plot_frames(trial.colour, weights, apex=trial.apex, fps=trial.fps)
    apex = trial.apex if trial.apex is not None else trial.n_frames // 2
    strain = optical_strain(optical_flow(trial.colour[0], trial.colour[apex], "dis"))
    mark = "apex" if trial.apex is not None else "middle frame"
    panels = [(f"optical strain, first frame to {mark}", strain, "strain (no unit)")]
    for name in ("ps", "depth"):
        if name in output.weights:
            title = f"attention guided by {'physiology' if name == 'ps' else name}"
            heat = attention_map(output, name, trial.colour.shape[-1])[0].detach().cpu()
            panels.append((title, heat, "mean attention of a position"))
    figure, axes = plt.subplots(1, len(panels), figsize=(4.2 * len(panels), 4.4), squeeze=False)
    face = trial.colour[apex].permute(1, 2, 0)
    for axis, (name, overlay, unit) in zip(axes[0], panels, strict=True):
        axis.imshow(face)
        shown = axis.imshow(overlay, cmap=SEQUENTIAL, alpha=0.55)
        figure.colorbar(shown, ax=axis, shrink=0.8, label=unit)
        axis.set_title(name, fontsize=9)
        axis.set_axis_off()
    return frames, figure


def save_stacked(path: Path, *figures: Figure) -> None:
    """Write figures under one another into one picture.

    Raises
    ------
    MepsError
        If the file cannot be written.
    """
    pages = []
    for figure in figures:
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=110, bbox_inches="tight")
        plt.close(figure)
        pages.append(np.asarray(Image.open(buffer).convert("RGB")))
    width = max(p.shape[1] for p in pages)
    pages = [np.pad(p, ((0, 0), (0, width - p.shape[1]), (0, 0)), mode="edge") for p in pages]
    page = io.BytesIO()
    try:
        kind = Image.registered_extensions().get(path.suffix.lower())
        Image.fromarray(np.concatenate(pages)).save(page, kind)
        write_whole(path, page.getvalue())
    except (OSError, ValueError) as error:
        raise MepsError(f"cannot write the picture {path}: {error}; choose another name") from None
