"""Where the model's own weights say that it looked: every map of a batch, in one forward pass.

Padding counts nowhere. That a weight is large does not say that what it lets through decided.
"""

import torch
from einops import reduce
from torch import Tensor, nn

from meps_lib.errors import MepsError
from meps_lib.explain.changed import evaluating
from meps_lib.layers.tokens import SignalTokens
from meps_lib.trial import Batch


@torch.no_grad()
def own_weights(model: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """All maps that the model's attention and fusion give, by name.

    Parameters
    ----------
    model : Module
        Such as S1. Asked in evaluation mode; its own mode stays.
    batch : Batch

    Returns
    -------
    dict
        As far as the model has such weights, each averaged over heads:

        - "fusion" (B, T), over frames;
        - "depth" (B, T, side, side), over the positions of each frame, guided by depth;
        - "depth_clip" (B, side, side), the same over the clip: frames by their fusion weights;
        - "ps" (B, side, side), over positions, guided by the body: each real time step asks as
          much as the model reads its answer;
        - "ps_steps" (B, S), over time steps of the signals, where the face asks;
        - of S2 "video_by_eeg" (B, N) and so on, over the N tokens of one stream where another asks,
          each real token of which asks as much. NAM's gates are no shares, and are not here.

        Each map sums to 1, or is 0 where there is nothing to look at: in a padded frame, in the
        frames of a trial without them, in the steps of a trial without signals.

    Raises
    ------
    MepsError
        If the model has no such weights, or its positions are no square grid.

    Examples
    --------
    >>> from meps_lib.models import build
    >>> from meps_lib.trial import Trial, collate
    >>> trial = Trial(label="a", subject="1", clip="1", colour=torch.rand(5, 3, 24, 24), fps=30.0)
    >>> model = build("meps", modalities=("colour",), grid=3)
    >>> {name: tuple(x.shape) for name, x in own_weights(model, collate([trial], "a")).items()}
    {'fusion': (1, 5)}
    """
    asking: list[Tensor] = []  # share (B, S) with which each step of the signals is read
    hooks = [
        module.register_forward_hook(lambda _module, _given, tokens: asking.append(tokens[1]))
        for module in model.modules()
        if isinstance(module, SignalTokens)
    ]
    try:
        with evaluating(model):
            weights = model(batch).weights
    finally:
        for hook in hooks:
            hook.remove()
    found = {}
    if "fusion" in weights:
        found["fusion"] = weights["fusion"]
    if "depth" in weights:  # (B, T, heads, Q, P); padded frames have weights that nobody reads
        of_frames = reduce(weights["depth"], "b t h q p -> b t p", "mean")
        if batch.frame_mask is not None:  # else nobody was filmed, and all are 0
            of_frames = of_frames * batch.frame_mask[..., None]
        found["depth"] = on_grid(of_frames)
        fusion = weights["fusion"].to(of_frames)  # of float32 in any model
        found["depth_clip"] = on_grid(torch.einsum("btp,bt->bp", of_frames, fusion))
    if "ps" in weights:  # (B, heads, S, P), or one question for all steps
        received = reduce(weights["ps"], "b h s p -> b s p", "mean")
        share = torch.ones_like(received[..., 0])
        if received.shape[1] > 1:
            share = asking[0].to(received)
        share = share / share.sum(dim=1, keepdim=True)
        found["ps"] = on_grid(torch.einsum("bs,bsp->bp", share, received))
    if "ps_steps" in weights:  # (B, heads, P, S); masked steps have 0
        found["ps_steps"] = reduce(weights["ps_steps"], "b h p s -> b s", "mean")
    for name in (n for n in weights if "_by_" in n):  # (B, heads, Q, N); who is no token has 0
        received = weights[name].sum(dim=(1, 2))
        found[name] = received / received.sum(dim=1, keepdim=True).clamp(min=1e-12)
    if not found:
        raise MepsError(
            f"{type(model).__name__} has no weights of its own; expected a model with attention or "
            "fusion, or ask meps_lib.explain.attribution"
        )
    return found


def on_grid(received: Tensor) -> Tensor:
    """Attention of each position of a face in its place: (..., P) -> (..., side, side)."""
    side = round(received.shape[-1] ** 0.5)
    if side**2 != received.shape[-1]:
        raise MepsError(
            f"{received.shape[-1]} keys are not the positions of a square grid on a face"
        )
    return received.unflatten(-1, (side, side))
