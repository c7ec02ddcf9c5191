"""NAM: attention that asks a batch norm which channels and places it stretches most."""

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from meps_lib.arguments import whole
from meps_lib.errors import MepsError
from meps_lib.layers.masked import MaskedBatchNorm1d, check_mask


class NAM(nn.Module):
    """x + NAM(x), where NAM scales x by sigmoid(w BN(x)).

    w is each channel's share of the norm's scales, ``w_i = |gamma_i| / sum_j |gamma_j|``. The
    channel part has a batch norm over channels. The pixel part does the same afterwards with
    places in the role of channels: a batch norm, its lambda and a gate for each place.

    Parameters
    ----------
    channels : int
        C.
    positions : int, optional
        P, places of a map or steps of the longest signal, for the pixel part.
        CHOICE: None leaves it out, as the published code does (ledger: nam-parts).
    ratio_gradient : bool
        CHOICE: whether w passes a gradient to gamma. The published code reads it without, so that
        gamma learns through the batch norm alone (ledger: nam-ratio).

    Shape
    -----
    x (B, C, *places), one to three axes of places, mask (B, *places), true where real, or None
    -> output and gate, both of the shape of x: ``output = x (1 + gate)``, with the gate the product
    of both parts. Both are 0 where masked, and what is masked enters no statistic. A signal may
    have fewer steps than P: those that it lacks are masked, and w stays a share of all P.

    Raises
    ------
    MepsError
        If x has other channels or places, or the mask another shape.

    Notes
    -----
    At the start the gate is sigmoid(BN(x) / C): with 64 channels it is .5 with a standard deviation
    of .004, and x + NAM(x) is 1.5 x. No map of a fresh NAM says anything.

    Examples
    --------
    >>> out, gate = NAM(64)(torch.randn(8, 64, 40))
    >>> f"{gate.mean():.2f} {gate.std():.4f}"
    '0.50 0.0039'

    References
    ----------
    Liu et al. 2021, arXiv 2111.12419, equations 1 to 4; its residual form is S2's.
    """

    def __init__(self, channels: int, positions: int | None = None, ratio_gradient: bool = False):
        super().__init__()
        whole("channels", channels, 1)
        self.channel, self.place = MaskedBatchNorm1d(channels), None
        if positions is not None:
            whole("positions", positions, 1)
            self.place = MaskedBatchNorm1d(positions)
        self.ratio_gradient = ratio_gradient

    def penalty(self) -> Tensor:
        """Sum of ``|gamma|`` and ``|lambda|``, to be added to the loss (times 1e-4 in its code)."""
        norms = [norm for norm in (self.channel, self.place) if norm is not None]
        return torch.stack([norm.weight.abs().sum() for norm in norms]).sum()

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        C, places = self.channel.num_features, x[0, 0].numel() if x.ndim > 2 else 0
        if not 3 <= x.ndim <= 5 or x.shape[1] != C or places < 1:
            raise MepsError(f"x is {tuple(x.shape)}; expected (B, {C}, ...) with 1 to 3 axes")
        y, real = x.flatten(2), None  # batch, channels, places
        if mask is not None:
            check_mask("mask", mask, (x.shape[0], *x.shape[2:]))
            real = mask.flatten(1)
            y = y.masked_fill(~real[:, None], 0)
        gate = self._gate(self.channel, y, real)
        if self.place is not None:
            gate = gate * self._place_gate(y * gate, real, fixed=x.ndim > 3)
        if real is not None:
            gate = gate * real[:, None]
        return (y + y * gate).view(x.shape), gate.view(x.shape)

    def _place_gate(self, y: Tensor, real: Tensor | None, fixed: bool) -> Tensor:
        lacking = self.place.num_features - y.shape[2]
        if lacking < 0 or (fixed and lacking):
            raise MepsError(
                f"x has {y.shape[2]} places; expected {self.place.num_features}, as positions says"
                f"{'' if fixed else ', or fewer'}"
            )
        y = pad(y.transpose(1, 2), (0, 0, 0, lacking))
        if real is None and lacking:
            real = y.new_ones(len(y), y.shape[1] - lacking, dtype=torch.bool)
        counted = None if real is None else pad(real, (0, lacking))[..., None]
        gate = self._gate(self.place, y, counted)
        return gate[:, : gate.shape[1] - lacking].transpose(1, 2)

    def _gate(self, norm: MaskedBatchNorm1d, y: Tensor, mask: Tensor | None) -> Tensor:
        size = norm.weight.abs()
        # The penalty may bring all of them to 0: then each has the share 0, and not 0/0.
        ratio = size / size.sum().clamp(min=torch.finfo(size.dtype).tiny)
        if not self.ratio_gradient:
            ratio = ratio.detach()
        return (ratio[:, None] * norm(y, mask)).sigmoid()
