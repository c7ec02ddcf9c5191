"""S1, MEPS: micro-expressions and physiological signals, fused by guided attention.

Colour and depth frames -> maps -> depth-guided attention in each frame -> weighted
fusion of the maps over time -> attention guided by physiology -> class logits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import torch
from einops import rearrange
from torch import Tensor, nn

from meps_lib.arguments import whole
from meps_lib.errors import MepsError
from meps_lib.layers.attention import GuidedAttention
from meps_lib.layers.backbone import FrameBackbone
from meps_lib.layers.fusion import Mode, Reading, WeightedFusion
from meps_lib.layers.inception1d import SeparableMixableEncoder
from meps_lib.layers.inputs import FrameInput, SignalInput
from meps_lib.models.output import Output
from meps_lib.trial import Batch

VIDEO = {"colour": 3, "depth": 1}  # modality: channels


@dataclass(frozen=True)
class MEPSConfig:
    """Every width and choice of S1; what the paper is silent on is a row of the ledger."""

    n_classes: int = 3
    modalities: tuple[str, ...] = ("colour", "depth", "ps")  # any non-empty subset of these
    ps_names: tuple[str, ...] = ("EDA", "ECG", "PPG")  # order of the signals in a batch
    ps_sfreq: float = 64.0  # Hz
    dim: int = 32  # D, width of every token
    heads: int = 4
    grid: int = 6  # side of a frame's feature map
    backbone_width: int = 8  # channels of the first image convolution
    frame_input: Literal["difference", "raw"] = "difference"  # to the first frame, or as it is
    fusion: Mode = "fixed"  # where the weights over frames peak; "uniform" etc. for ablations
    fusion_reading: Reading = "three-sigma"
    fusion_span: float = 3.0  # standard deviations
    fusion_centre: float = 0.5  # relative position in the clip
    fusion_width: float = 1.0
    attention: Literal["guided", "concat"] = "guided"  # "concat" leaves the attention out
    query: Literal["guide", "content"] = "guide"  # which side asks
    ps_width: int = 8  # channels a signal in the separable blocks
    ps_kernels_s: tuple[float, ...] = (0.1, 0.4, 1.6)  # s
    ps_blocks: tuple[int, int] = (2, 1)  # separable, mixable
    ps_stride_s: float = 0.5  # s between tokens
    dropout: float = 0.2

    def __post_init__(self) -> None:
        known = (*VIDEO, "ps")
        if not self.modalities or not set(self.modalities) <= set(known):
            raise MepsError(f"modalities={self.modalities}; expected some of {known}")
        # Lists, as a JSON file has them, compare as tuples do.
        for name in ("modalities", "ps_names", "ps_kernels_s", "ps_blocks"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for name, least in _LEAST.items():
            whole(name, getattr(self, name), least)
        if not self.ps_names or len(self.ps_blocks) != 2:
            raise MepsError(
                f"ps_names={self.ps_names}, ps_blocks={self.ps_blocks}; expected at least one "
                "signal, and two numbers of blocks: separable, mixable"
            )
        if not 0 <= self.dropout < 1:
            raise MepsError(f"dropout={self.dropout}; expected at least 0 and below 1")
        if self.attention not in ("guided", "concat"):
            raise MepsError(f"attention={self.attention!r}; expected 'guided' or 'concat'")


_LEAST = {"n_classes": 2, "grid": 2, "dim": 1, "heads": 1, "backbone_width": 1, "ps_width": 1}


class MEPS(nn.Module):
    """The first system of the book, for any subset of colour, depth and physiology.

    Parameters
    ----------
    config : MEPSConfig
    colour_backbone, depth_backbone : Module, optional
        (N, 3 or 1, H, W) -> (N, dim, grid, grid), in place of `FrameBackbone`.

    Shape
    -----
    `Batch` -> `Output` with logits (B, n_classes) and weights "fusion" (B, T), "depth"
    (B, T, heads, P, P), "ps" (B, heads, S, P), as far as the modalities allow. With
    ``query="content"`` the face asks, and "ps_steps" (B, heads, P, S) stands in place of "ps".

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
        self.has_ps = "ps" in c.modalities
        guided = c.attention == "guided"
        given = {"colour": colour_backbone, "depth": depth_backbone}
        self.inputs, self.backbones = nn.ModuleDict(), nn.ModuleDict()
        for m in self.video:
            self.inputs[m] = FrameInput(m, c.frame_input)
            if given[m] is None:
                given[m] = FrameBackbone(VIDEO[m], D, c.backbone_width, c.grid)
            self.backbones[m] = given[m]
        if self.video:
            self.place = nn.Parameter(torch.randn(P, D) * 0.02)  # where on the face a token is
            self.fusion = WeightedFusion(
                c.fusion, c.fusion_span, c.fusion_centre, c.fusion_width, c.fusion_reading
            )
            # A learnt weight for every position and feature: faces are aligned, so where
            # something moves matters (ledger: spatial-pooling).
            self.pool = nn.Parameter(torch.full((P, D), 1 / P))
        if len(self.video) == 2:
            self.depth_guide = GuidedAttention(D, c.heads, c.query) if guided else nn.LayerNorm(D)
            self.merge = nn.Linear(2 * D, D)
        if self.has_ps:
            self.inputs["ps"] = SignalInput(len(c.ps_names))
            sizes = (len(c.ps_names), c.ps_sfreq, D, c.ps_width, c.ps_kernels_s)
            self.ps_encoder = SeparableMixableEncoder(*sizes, *c.ps_blocks, c.ps_stride_s)
        attend = guided and self.video and self.has_ps
        self.ps_guide = GuidedAttention(D, c.heads, c.query) if attend else nn.LayerNorm(D)
        self.absent = nn.ParameterDict({m: nn.Parameter(torch.zeros(D)) for m in self.inputs})
        width = (bool(self.video) + self.has_ps) * D
        self.head = nn.Sequential(nn.Dropout(c.dropout), nn.Linear(width, c.n_classes))

    @torch.no_grad()
    def fit_scales(self, batches: Iterable[Batch]) -> None:
        """Fit the scale of every input on training batches; call once before training."""
        sums: dict[str, list] = {m: [] for m in self.inputs}
        for batch in batches:
            for m, layer in self.inputs.items():
                if batch.present[m].any():
                    sums[m].append([x.cpu() for x in layer.sums(batch)])
        for m, pairs in sums.items():
            if pairs:
                squares, counts = (torch.stack(x).sum(dim=0) for x in zip(*pairs, strict=True))
                self.inputs[m].scale.fit(squares, counts)

    def forward(self, batch: Batch) -> Output:
        self._check_batch(batch)
        weights: dict[str, Tensor] = {}
        vectors: list[Tensor] = []
        if self.has_ps:
            steps, real, present = self._physiology(batch)  # (B, S, D), (B, S), (B, S)
            share = real / real.sum(dim=1, keepdim=True)
            vectors.append(torch.einsum("bs,bsd->bd", share, steps))
        if self.video:
            face, seen = self._micro_expression(batch, weights)  # (B, P, D), (B,)
            me = torch.einsum("bpd,pd->bd", face, self.pool)
            if isinstance(self.ps_guide, nn.LayerNorm):
                me = self.ps_guide(me)
            else:
                keys = seen[:, None].expand(face.shape[:2])
                if self.config.query == "guide":  # one answer a time step
                    args = (steps, face, present, keys, me[:, None])
                    me, weights["ps"] = self.ps_guide(*args)
                    me = torch.einsum("bs,bsd->bd", share, me)
                else:  # one answer a position
                    me, weights["ps_steps"] = self.ps_guide(steps, face, present, keys, face)
                    me = torch.einsum("bpd,pd->bd", me, self.pool)
            vectors.append(me)
        return Output(self.head(torch.cat(vectors, dim=-1)), weights)

    def _micro_expression(self, batch: Batch, weights: dict) -> tuple[Tensor, Tensor]:
        """One map of the face (B, P, D), and which trials have a face at all (B,)."""
        frames = [self._tokens(batch, m) for m in self.video]
        seen = torch.stack([batch.present[m] for m in self.video])
        joint = frames[0] if len(frames) == 1 else self._with_depth(*frames, seen, weights)
        fused, weights["fusion"] = self.fusion(
            joint, batch.frame_mask, batch.apex, batch.apex_known
        )
        missing = sum(self.absent[m] for m in self.video)
        anything = seen.any(dim=0)
        return torch.where(anything[:, None, None], fused, missing), anything

    def _with_depth(self, colour: Tensor, depth: Tensor, seen: Tensor, weights: dict) -> Tensor:
        """Colour tokens, attended under the guidance of depth, merged with the depth tokens."""
        B, T, P, D = colour.shape  # batch, time, positions, features
        if isinstance(self.depth_guide, nn.LayerNorm):
            attended = self.depth_guide(colour)
        else:
            guide, content = (rearrange(x, "b t p d -> (b t) p d") for x in (depth, colour))
            c_mask, d_mask = (s.repeat_interleave(T)[:, None].expand(-1, P) for s in seen)
            out, w = self.depth_guide(guide, content, d_mask, c_mask, residual=content)
            attended = rearrange(out, "(b t) p d -> b t p d", b=B)
            weights["depth"] = rearrange(w, "(b t) h q k -> b t h q k", b=B)
        return self.merge(torch.cat([attended, depth], dim=-1))

    def _tokens(self, batch: Batch, name: str) -> Tensor:
        """Tokens (B, T, P, D) of one video modality; the learnt vector where it is absent."""
        there = batch.present[name]
        if batch.frame_mask is None or not there.any():
            T = 1 if batch.frame_mask is None else batch.frame_mask.shape[1]
            return self.absent[name].expand(len(batch), T, *self.place.shape) + self.place
        frames, real = self.inputs[name](batch)
        # Only real frames go through the backbone: padding would spoil its batch norms.
        maps = self.backbones[name](frames[real])
        c = self.config
        if maps.shape[1:] != (c.dim, c.grid, c.grid):
            raise MepsError(
                f"the {name} backbone gave {tuple(maps.shape)}; expected (N, {c.dim}, {c.grid}, "
                f"{c.grid}): attention needs a map, not a pooled vector"
            )
        tokens = self.absent[name].expand(*real.shape, *self.place.shape).clone()
        tokens[real] = rearrange(maps, "n d h w -> n (h w) d")
        return tokens + self.place

    def _physiology(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Time tokens (B, S, D), which count in their mean (B, S), which may be keys (B, S).

        A trial without signals gets the learnt vector at every step: it is its mean, and it
        is no key.
        """
        there = batch.present["ps"]
        if not there.any():
            tokens = self.absent["ps"].expand(len(batch), 2, -1)
            counts = torch.ones_like(tokens[..., 0], dtype=torch.bool)
            return tokens, counts, ~counts
        x, mask = self.inputs["ps"](batch)
        steps, real = self.ps_encoder(x[there], mask[there])
        tokens = self.absent["ps"].expand(len(batch), *steps.shape[1:]).clone()
        tokens[there] = steps
        counts = torch.ones_like(tokens[..., 0], dtype=torch.bool)
        counts[there] = real
        return tokens, counts, counts & there[:, None]

    def _check_batch(self, batch: Batch) -> None:
        c = self.config
        blind = ~torch.stack([batch.present[m] for m in c.modalities]).any(dim=0)
        if blind.any():
            k = int(blind.nonzero()[0])
            have = [m for m, there in batch.present.items() if there[k]]
            raise MepsError(
                f"trial {batch.clip[k]!r} has {', '.join(have)}; the model uses "
                f"{', '.join(c.modalities)}: build it with a modality that every trial has"
            )
        if self.has_ps and batch.ps is not None:
            got, want = (batch.ps_names, batch.ps_sfreq), (c.ps_names, c.ps_sfreq)
            if got != want:
                raise MepsError(
                    f"signals {', '.join(got[0])} at {got[1]} Hz; expected {', '.join(want[0])} "
                    f"at {want[1]} Hz: see meps_lab.prepare"
                )
