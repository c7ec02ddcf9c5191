"""Which samples spoke for a class: integrated gradients, occlusion and Grad-CAM, by captum.

Each takes the logit of one class. None says why a network decides as it does, and each can be
wrong: `meps_lib.explain.controls` has what must fail, `meps_lib.explain.judge` a known truth.
"""

from collections.abc import Mapping, Sequence
from types import ModuleType

import torch
from torch import Tensor, nn

from meps_lib.arguments import whole
from meps_lib.errors import MepsError
from meps_lib.explain.changed import (
    asked,
    evaluating,
    of_class,
    read_by,
    real_samples,
    settings,
    with_baseline,
)
from meps_lib.trial import Batch


def integrated_gradients(
    model: nn.Module,
    batch: Batch,
    target: int | Tensor,
    modalities: Sequence[str] | None = None,
    baseline: Mapping[str, str | Tensor] | None = None,
    steps: int = 64,
    at_once: int = 64,
) -> dict[str, Tensor]:
    """(x - baseline) times the mean gradient on the straight way from the baseline to x.

    Parameters
    ----------
    model : Module
        `Batch` -> `Output`. Asked in evaluation mode; its own mode stays.
    target : int or Tensor, shape (B,)
        Class whose logit is explained, one for all trials or one a trial.
    modalities : sequence of {"colour", "depth", "ps", "eeg", "flow"}, optional
        Those that go the way together; the others stay as they are. All if None.
    baseline : mapping, optional
        Of a modality what `meps_lib.explain.changed.with_baseline` takes.
    steps : int
        Points of the Gauss-Legendre quadrature.
    at_once : int
        Trials that the network is given together, of all steps.

    Returns
    -------
    dict
        "colour", "depth" and "flow" (B, T, H, W), summed over channels, "ps" and "eeg" (B, C, L).
        All together sum to f(x) - f(baseline) in each trial, up to the quadrature. Padding, holes
        and absent modalities have 0.

    Raises
    ------
    MepsError
        Under ``torch.inference_mode()``, for a class or a baseline that does not fit, or without
        captum.

    References
    ----------
    Sundararajan et al. 2017, axiomatic attribution for deep networks.
    """
    whole("steps", steps, 1)
    whole("at_once", at_once, 1)
    _gradients_exist()
    modalities = read_by(model, batch, modalities)
    given = settings(baseline, modalities)
    pairs = [with_baseline(batch, m, given.get(m)) for m in modalities]
    xs, bases = (tuple(side) for side in zip(*pairs, strict=True))
    ask = asked(model, batch, modalities)
    method = _captum().IntegratedGradients(lambda *x: of_class(ask(*x), target, batch))
    with evaluating(model):
        parts = method.attribute(
            xs, bases, n_steps=steps, internal_batch_size=max(at_once, len(batch))
        )
    found = {m: _landed(part, batch, m) for m, part in zip(modalities, parts, strict=True)}
    return {m: part if part.ndim == 3 else part.sum(dim=2) for m, part in found.items()}


def occlusion(
    model: nn.Module,
    batch: Batch,
    target: int | Tensor,
    modality: str,
    window: Sequence[int],
    stride: Sequence[int] | None = None,
    baseline: str | Tensor | None = None,
) -> Tensor:
    """By how much a class's logit falls when a window is replaced by the baseline.

    Parameters
    ----------
    model, batch, target, baseline
        As in `integrated_gradients`; the baseline is that of `modality`.
    window : sequence of int
        (frames, pixels down, pixels across) of "colour", "depth" and "flow", all channels together;
        (samples,) of "ps" and "eeg", one signal at a time.
    stride : sequence of int, optional
        Between windows, at most their size; `window` if None. Where windows overlap, a sample has
        their mean.

    Returns
    -------
    Tensor, shape (B, T, H, W) or (B, C, L)
        0 in padding, holes and absent modalities.

    References
    ----------
    Zeiler and Fergus 2014, visualizing and understanding convolutional networks.
    """
    read_by(model, batch, (modality,))
    x, base = with_baseline(batch, modality, baseline)
    shape, stride = _time_and_space(x.shape), window if stride is None else stride
    right = len(window) == len(stride) == len(shape) and all(
        1 <= step <= size <= most for step, size, most in zip(stride, window, shape, strict=True)
    )
    if not right:
        raise MepsError(
            f"window={tuple(window)}, stride={tuple(stride)}; expected {len(shape)} whole numbers "
            f"each, windows of at most {shape} and strides of 1 to the window"
        )
    ask = asked(model, batch, (modality,))
    method = _captum().Occlusion(lambda x: of_class(ask(x), target, batch))
    size, step = _of_captum(window, x.shape, x.shape[2]), _of_captum(stride, x.shape, x.shape[2])
    with evaluating(model), torch.no_grad():
        part = method.attribute(x, size, strides=step, baselines=base)
    part = _landed(part, batch, modality)
    return part if part.ndim == 3 else part.mean(dim=2)  # the same in every channel


def grad_cam(
    model: nn.Module,
    batch: Batch,
    target: int | Tensor,
    modality: str = "colour",
    relu: bool = True,
) -> Tensor:
    """Maps of a frame backbone, weighted by the mean gradient of a class's logit.

    Parameters
    ----------
    model : Module
        With a `FrameTokens` encoder of this modality; its backbone's last map is read.
    batch, target
        As in `integrated_gradients`.
    modality : {"colour", "depth"}
    relu : bool
        Keep what speaks for the class alone, as the paper does.

    Returns
    -------
    Tensor, shape (B, T, grid, grid)
        0 in padded frames and absent modalities.

    References
    ----------
    Selvaraju et al. 2017, Grad-CAM.
    """
    _gradients_exist()
    encoders = getattr(model, "encoders", {})
    if modality not in encoders or not hasattr(encoders[modality], "backbone"):
        raise MepsError(
            f"modality={modality!r}: the model has no backbone for it; expected colour or depth of "
            "a model that reads it"
        )
    x, _ = with_baseline(batch, modality)
    ask = asked(model, batch, (modality,))
    method = _captum().LayerGradCam(
        lambda x: of_class(ask(x), target, batch), encoders[modality].backbone
    )
    with evaluating(model):
        maps = method.attribute(x, relu_attributions=relu).detach()[:, 0]
    # The backbone sees the real frames alone, one after the other.
    real = batch.frame_mask & batch.present[modality][:, None]
    out = maps.new_zeros(*real.shape, *maps.shape[1:])
    out[real] = maps
    return out


def _captum() -> ModuleType:
    try:
        import captum.attr
    except ImportError:
        raise MepsError(
            'attributions need captum, which is not installed: pip install "meps-lib[explain]"'
        ) from None
    return captum.attr


def _gradients_exist() -> None:
    if torch.is_inference_mode_enabled():
        raise MepsError(
            "gradients cannot be had under torch.inference_mode(); ask outside of it (under "
            "torch.no_grad() is possible)"
        )


def _landed(part: Tensor, batch: Batch, modality: str) -> Tensor:
    """What lies on real samples; 0 elsewhere, even where a NaN stood."""
    return part.detach().masked_fill(~real_samples(batch, modality), 0)


def _time_and_space(shape: torch.Size) -> tuple[int, ...]:
    """Axes that a window moves over: (T, H, W) of (B, T, C, H, W), (L,) of (B, C, L)."""
    return (shape[1], *shape[3:]) if len(shape) == 5 else (shape[2],)


def _of_captum(window: Sequence[int], shape: torch.Size, channels: int) -> tuple[int, ...]:
    """A window over all axes of a trial: all channels of a frame, or one signal."""
    return (window[0], channels, *window[1:]) if len(shape) == 5 else (1, *window)
