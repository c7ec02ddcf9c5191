"""S1, MEPS: micro-expressions and physiological signals, fused by guided attention.

Colour and depth frames -> maps -> depth-guided attention in each frame -> weighted
fusion of the maps over time -> attention guided by physiology -> class logits.
"""

from collections.abc import Iterable
from dataclasses import replace

import torch
from einops import rearrange
from torch import Tensor, nn

from meps_lib.errors import MepsError
from meps_lib.layers.alternatives import ALTERNATIVES, Unguided
from meps_lib.layers.attention import GuidedAttention
from meps_lib.layers.backbone import BACKBONES
from meps_lib.layers.fusion import WeightedFusion
from meps_lib.layers.inception1d import SeparableMixableEncoder
from meps_lib.layers.inputs import FrameInput, SignalInput, fit_scales
from meps_lib.layers.tokens import FrameTokens, ModalityDropout, SignalTokens
from meps_lib.models.meps_config import VIDEO, MEPSConfig
from meps_lib.models.output import Output, check_signals, refuse_blind
from meps_lib.trial import Batch


class MEPS(nn.Module):
    """The first system of the book, for any subset of colour, depth and physiology.

    Parameters
    ----------
    config : MEPSConfig
    colour_backbone, depth_backbone : Module, optional
        (N, 3 or 1, H, W) -> (N, dim, grid, grid), in place of `config.backbone`.

    Shape
    -----
    `Batch` -> `Output` with logits (B, n_classes) and weights "fusion" (B, T), "depth"
    (B, T, heads, P, P), "ps" (B, heads, S, P), as far as the modalities allow. With
    ``query="content"`` the face asks, and "ps_steps" (B, heads, P, S) stands in place of "ps".
    With ``asking="once"`` the side that asks has length 1.

    Notes
    -----
    The weighted fusion comes before the physiological guidance and fuses whole maps (the
    paper speaks of "reconstructing informative maps"), so that the keys of the last
    attention are the P = grid^2 positions of a face and never a single token (ledger:
    fusion-place, attention-tokens). A modality that a trial lacks is replaced by a learnt
    vector and masked as key (ledger: missing-modality).

    References
    ----------
    arXiv 2308.12156; ledger rows as named at each choice.
    """

    def __init__(
        self,
        config: MEPSConfig,
        colour_backbone: nn.Module | None = None,
        depth_backbone: nn.Module | None = None,
    ):
        super().__init__()
        c = self.config = config
        P, D = c.grid**2, c.dim
        self.video = tuple(m for m in VIDEO if m in c.modalities)
        given = {"colour": colour_backbone, "depth": depth_backbone}
        for m, backbone in given.items():
            if backbone is not None and m not in self.video:
                raise MepsError(
                    f"{m}_backbone is without effect: {m} is not among the modalities "
                    f"{', '.join(c.modalities)}; leave it out"
                )
        self.encoders = nn.ModuleDict()
        for m in self.video:
            backbone = given[m]
            if backbone is None:
                backbone = BACKBONES[c.backbone](VIDEO[m], D, c.backbone_width, c.grid)
            self.encoders[m] = FrameTokens(FrameInput(m, c.frame_input), backbone, D, c.grid)
        if self.video:
            self.place = nn.Parameter(torch.randn(P, D) * 0.02)  # where on the face a token is
            self.fusion = WeightedFusion(
                c.fusion, c.fusion_span, c.fusion_centre, c.fusion_width, c.fusion_reading, D
            )
            # A learnt weight for every position and feature: faces are aligned, so where
            # something moves matters (ledger: spatial-pooling).
            self.pool = nn.Parameter(torch.full((P, D), 1 / P))
        if len(self.video) == 2:
            self.depth_guide = self._guide(True)
            self.merge = nn.Linear(2 * D, D)
        if "ps" in c.modalities:
            encoder = SeparableMixableEncoder(
                n_signals=len(c.ps_names),
                sfreq=c.ps_sfreq,
                dim=D,
                width=c.ps_width,
                kernels_s=c.ps_kernels_s,
                n_separable=c.ps_blocks[0],
                n_mixable=c.ps_blocks[1],
                stride_s=c.ps_stride_s,
                pool_branch=c.ps_pool_branch,
                residual=c.ps_residual,
                squeeze=c.ps_squeeze,
            )
            self.encoders["ps"] = SignalTokens(SignalInput(len(c.ps_names)), encoder, D)
        self.ps_guide = self._guide(bool(self.video) and "ps" in self.encoders)
        width = (bool(self.video) + ("ps" in self.encoders)) * D
        self.hide = ModalityDropout(c.modalities, c.modality_dropout)
        self.head = nn.Sequential(nn.Dropout(c.dropout), nn.Linear(width, c.n_classes))

    def _guide(self, both_sides: bool) -> GuidedAttention | Unguided:
        c = self.config
        if both_sides and c.attention == "guided":
            return GuidedAttention(c.dim, c.heads, c.query, c.asking)
        return (ALTERNATIVES[c.attention] if both_sides else Unguided)(c.dim)

    def fit_scales(self, batches: Iterable[Batch]) -> None:
        """Fit the scale of every input on training batches; call once before training."""
        fit_scales({m: encoder.input for m, encoder in self.encoders.items()}, batches)

    def forward(self, batch: Batch) -> Output:
        self._check_batch(batch)
        batch = self.hide(batch)
        weights: dict[str, Tensor] = {}
        vectors: list[Tensor] = []
        if "ps" in self.encoders:
            steps, counts, keys = self.encoders["ps"](batch)  # (B, S, D), (B, S), (B, S)
            counts = counts.to(torch.promote_types(steps.dtype, torch.float32))
            share = counts / counts.sum(dim=1, keepdim=True)
            vectors.append(torch.einsum("bs,bsd->bd", share, steps))
        else:  # nobody guides: one step that nothing listens to
            steps, keys = self.place.new_zeros(len(batch), 1, self.config.dim), None
            share = torch.ones_like(steps[..., 0])
        if self.video:
            face, seen = self._face(batch, weights)  # (B, P, D), (B,)
            by_step = self.ps_guide.query == "guide"  # one answer a step, or one a position
            answers, attention = self.ps_guide(
                guide=steps,
                content=face,
                guide_mask=keys,
                content_mask=seen[:, None].expand(face.shape[:2]),
                residual=self._pooled(face)[:, None] if by_step else face,
            )
            if attention is not None:
                weights["ps" if by_step else "ps_steps"] = attention
            read = torch.einsum("bs,bsd->bd", share, answers) if by_step else self._pooled(answers)
            vectors.append(read)
        return Output(self.head(torch.cat(vectors, dim=-1)), weights)

    def _pooled(self, face: Tensor) -> Tensor:
        return torch.einsum("bpd,pd->bd", face, self.pool)

    def _face(self, batch: Batch, weights: dict) -> tuple[Tensor, Tensor]:
        """One map of the face (B, P, D), and which trials have a face at all (B,)."""
        if batch.frame_mask is None:  # nobody was filmed: one frame each, which is not real
            batch = replace(batch, frame_mask=batch.label.new_zeros(len(batch), 1).bool())
        frames = [self.encoders[m](batch) + self.place for m in self.video]
        seen = torch.stack([batch.present[m] for m in self.video])
        joint = frames[0] if len(frames) == 1 else self._with_depth(*frames, seen, weights)
        fused, weights["fusion"] = self.fusion(
            joint, batch.frame_mask, batch.apex, batch.apex_known
        )
        missing = sum(self.encoders[m].fill.absent for m in self.video)
        anything = seen.any(dim=0)
        return torch.where(anything[:, None, None], fused, missing), anything

    def _with_depth(self, colour: Tensor, depth: Tensor, seen: Tensor, weights: dict) -> Tensor:
        """Colour tokens, attended under the guidance of depth, merged with the depth tokens."""
        B, T, P, D = colour.shape  # batch, time, positions, features
        guide, content = (rearrange(x, "b t p d -> (b t) p d") for x in (depth, colour))
        c_mask, d_mask = (s.repeat_interleave(T)[:, None].expand(-1, P) for s in seen)
        attended, attention = self.depth_guide(
            guide=guide,
            content=content,
            guide_mask=d_mask,
            content_mask=c_mask,
            residual=content,
        )
        if attention is not None:
            weights["depth"] = rearrange(attention, "(b t) h q k -> b t h q k", b=B)
        attended = rearrange(attended, "(b t) p d -> b t p d", b=B)
        return self.merge(torch.cat([attended, depth], dim=-1))

    def _check_batch(self, batch: Batch) -> None:
        c = self.config
        refuse_blind(batch, c.modalities)
        if "ps" in self.encoders:
            check_signals(batch, c.ps_names, c.ps_sfreq)
