"""Weighted fusion: a sequence of frame features becomes one micro-expression feature.

The paper maps the frames to the ME feature "with a standard normal distribution
function", because "the apex frame is roughly in the middle of the clip". Where the apex
is elsewhere, the same curve can follow it (`mode="apex"`) or be learnt.
"""

import math
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from meps_lib.arguments import one_of, whole
from meps_lib.errors import MepsError

Reading = Literal["three-sigma", "z-score"]
Mode = Literal["fixed", "apex", "learnt", "per-clip", "uniform", "apex-only"]
NARROWEST = 1e-6  # standard deviation, as a share of the clip


def normal_weights(
    n_frames: int,
    span: float = 3.0,
    centre: float = 0.5,
    width: float = 1.0,
    reading: Reading = "three-sigma",
) -> Tensor:
    """Weights of a normal density over the frames of a clip, summing to 1.

    Parameters
    ----------
    n_frames : int
        T, at least 1.
    span : float
        The first and the last frame of a centred curve lie at -span and +span standard
        deviations (`three-sigma` only).
    centre : float
        Where the curve peaks, as a relative position in the clip: 0 first frame, 1 last.
    width : float
        Standard deviation as a multiple of the reading's own; larger is flatter.
    reading : {"three-sigma", "z-score"}
        CHOICE: the paper does not state the interval (ledger: fusion-interval).
        "three-sigma" spreads [-span, span] over the clip, so the edges get about 1 % of the
        apex's weight; "z-score" standardises the frame indices by their own mean and
        standard deviation, so the edges keep about a fifth of it and every frame matters.

    Returns
    -------
    Tensor, shape (T,)

    Raises
    ------
    MepsError
        For a span or width that is not positive, or that make the curve narrower than a millionth
        of the clip, where its square is no number any more; a centre outside [0, 1], no frame, or a
        reading that does not exist.

    Examples
    --------
    >>> [round(w, 6) for w in normal_weights(5).tolist()]
    [0.006646, 0.194226, 0.598257, 0.194226, 0.006646]

    References
    ----------
    arXiv 2308.12156, weighted feature fusion.
    """
    whole("n_frames", n_frames, 1)
    one_of("reading", reading, get_args(Reading))
    if not (math.isfinite(span) and span > 0 and math.isfinite(width) and width > 0):
        raise MepsError(f"span={span}, width={width}; expected positive numbers")
    sigma = width * _sigma(n_frames, span, reading)
    if sigma < NARROWEST:
        raise MepsError(
            f"span={span}, width={width}: a curve of {float(sigma):.3g} of the clip; expected "
            f"{NARROWEST} or more, or WeightedFusion(mode='apex-only') for one frame alone"
        )
    if not 0 <= centre <= 1:
        raise MepsError(f"centre={centre}; expected a relative position from 0 to 1")
    if n_frames == 1:
        return torch.ones(1)
    z = (torch.linspace(0, 1, n_frames, dtype=torch.float64) - centre) / sigma
    return torch.softmax(-0.5 * z**2, dim=0).float()


def _sigma(n_frames: Tensor | int, span: float, reading: Reading) -> Tensor | float:
    """Standard deviation of the curve, as a fraction of the clip's length."""
    if reading == "three-sigma":
        return 1 / (2 * span)
    # z-score: the population standard deviation of 0..T-1 is sqrt((T^2-1)/12).
    # One frame, or none in a trial without video, has no deviation: 2 keeps it finite.
    n = torch.as_tensor(n_frames, dtype=torch.float64).clamp(min=2)
    return ((n**2 - 1) / 12).sqrt() / (n - 1)


class WeightedFusion(nn.Module):
    """Sum of frame features under normal weights.

    Parameters
    ----------
    mode : {"fixed", "apex", "learnt", "per-clip", "uniform", "apex-only"}
        Where the curve peaks: at `centre` in every clip (the paper); at each clip's known
        or spotted apex, and at `centre` where none is known; at a learnt place with a learnt
        width, the same in every clip; where each clip's own frames say: the curve times a
        learnt score of each frame (ledger: fusion-per-clip); nowhere, all frames alike
        (ablation 2); or all weight on the frame nearest to the apex (ablation 1).
    span, centre, width, reading
        As in `normal_weights`; starting values when learnt.
    dim : int, optional
        D, features of a frame or of a position of it; read by "per-clip" only.

    Shape
    -----
    features (B, T, ...), frame_mask (B, T), apex (B,) -> fused (B, ...), weights (B, T).
    Real frames stand first, as in a `Batch`. Padded frames get weight 0; positions count real
    frames only, so padding never moves the curve.

    References
    ----------
    arXiv 2308.12156, weighted feature fusion; ledger: fusion-interval.

    Examples
    --------
    >>> fused, weights = WeightedFusion()(torch.ones(2, 5, 7))
    >>> fused.shape, weights.shape
    (torch.Size([2, 7]), torch.Size([2, 5]))
    """

    def __init__(
        self,
        mode: Mode = "fixed",
        span: float = 3.0,
        centre: float = 0.5,
        width: float = 1.0,
        reading: Reading = "three-sigma",
        dim: int | None = None,
    ):
        super().__init__()
        one_of("mode", mode, get_args(Mode))
        normal_weights(2, span, centre, width, reading)  # same limits, same errors
        self.mode, self.span, self.reading = mode, span, reading
        # Logit and log keep a learnt centre inside the clip and a learnt width positive.
        p = min(max(centre, 1e-3), 1 - 1e-3)
        place = (torch.tensor(math.log(p / (1 - p))), torch.tensor(math.log(width)))
        if mode == "learnt":
            self.centre_logit, self.log_width = map(nn.Parameter, place)
        self.centre, self.width = centre, width
        if mode == "per-clip":
            if dim is None:
                raise MepsError("mode='per-clip' scores frames; give dim, their features")
            # A score without a bias, since softmax knows no level; 0 leaves the curve as it is.
            self.score = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, 1, bias=False))
            nn.init.zeros_(self.score[1].weight)

    def weights(
        self,
        frame_mask: Tensor,
        apex: Tensor | None = None,
        apex_known: Tensor | None = None,
        features: Tensor | None = None,
    ) -> Tensor:
        """Weights (B, T) for a mask (B, T), apex positions (B,) and, per clip, the features."""
        B, T = frame_mask.shape  # batch, time
        device = frame_mask.device
        count = frame_mask.sum(dim=1, keepdim=True)
        position = torch.arange(T, device=device) / (count - 1).clamp(min=1)
        if self.mode == "uniform":
            logits = torch.zeros(B, T, device=device)
        else:
            centre, width = self.centre, self.width
            if self.mode == "learnt":
                centre, width = self.centre_logit.sigmoid(), self.log_width.exp()
            if self.mode in ("apex", "apex-only") and apex is not None:
                known = (
                    torch.ones_like(apex, dtype=torch.bool) if apex_known is None else apex_known
                )
                centre = torch.where(known, apex, torch.full_like(apex, self.centre))[:, None]
            sigma = _sigma(count, self.span, self.reading)
            z = (position - centre) / (width * sigma)
            logits = -0.5 * z.float() ** 2
        if self.mode == "per-clip":
            if features is None:
                raise MepsError("mode='per-clip' scores frames; give features, or call forward")
            frames = features.flatten(2, -2).mean(dim=2) if features.ndim > 3 else features
            logits = logits + self.score(frames)[..., 0]
        # An absent video has no frame at all: its weights come out 0, not NaN.
        logits = logits.masked_fill(~frame_mask, torch.finfo(logits.dtype).min)
        if self.mode == "apex-only":
            weights = nn.functional.one_hot(logits.argmax(dim=1), T).to(logits.dtype)
        else:
            weights = logits.softmax(dim=1)
        return weights * frame_mask

    def forward(
        self,
        features: Tensor,
        frame_mask: Tensor | None = None,
        apex: Tensor | None = None,
        apex_known: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        B, T = features.shape[:2]  # batch, time, ...
        if frame_mask is None:
            frame_mask = torch.ones(B, T, dtype=torch.bool, device=features.device)
        weights = self.weights(frame_mask, apex, apex_known, features)
        return torch.einsum("bt,bt...->b...", weights.to(features.dtype), features), weights
