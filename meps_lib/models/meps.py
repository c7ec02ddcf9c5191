"""S1, MEPS: micro-expressions and physiological signals, fused by guided attention.

Colour and depth frames -> maps -> depth-guided attention in each frame -> weighted
fusion of the maps over time -> attention guided by physiology -> class logits.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from einops import rearrange
from torch import Tensor, nn

from meps_lib.arguments import one_of, refuse_idle, whole
from meps_lib.errors import MepsError
from meps_lib.layers.attention import GuidedAttention, Query, Unguided
from meps_lib.layers.backbone import FrameBackbone
from meps_lib.layers.fusion import Mode, Reading, WeightedFusion
from meps_lib.layers.inception1d import SeparableMixableEncoder
from meps_lib.layers.inputs import FrameInput, FrameMode, SignalInput, fit_scales
from meps_lib.layers.tokens import FrameTokens, SignalTokens
from meps_lib.models.output import Output, refuse_blind
from meps_lib.trial import Batch

VIDEO = {"colour": 3, "depth": 1}  # modality: channels
Attention = Literal["guided", "concat"]


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
    frame_input: FrameMode = "difference"  # to the first frame, or as it is
    fusion: Mode = "fixed"  # where the weights over frames peak; "uniform" etc. for ablations
    fusion_reading: Reading = "three-sigma"
    fusion_span: float = 3.0  # standard deviations
    fusion_centre: float = 0.5  # relative position in the clip
    fusion_width: float = 1.0
    attention: Attention = "guided"  # "concat" leaves the attention out
    query: Query = "guide"  # which side asks
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
        for name, kind in _KINDS.items():
            one_of(name, getattr(self, name), get_args(kind))
        if not self.ps_names or len(self.ps_blocks) != 2:
            raise MepsError(
                f"ps_names={self.ps_names}, ps_blocks={self.ps_blocks}; expected at least one "
                "signal, and two numbers of blocks: separable, mixable"
            )
        if not 0 <= self.dropout < 1:
            raise MepsError(f"dropout={self.dropout}; expected at least 0 and below 1")
        refuse_idle(self, self.idle())

    def idle(self) -> dict[str, str]:
        """Settings that decide nothing beside the others, and why."""
        found = {}
        if not set(VIDEO) & set(self.modalities):
            found |= dict.fromkeys(_OF_FRAMES, "no frames are among the modalities")
        if "ps" not in self.modalities:
            found |= dict.fromkeys(_OF_SIGNALS, "no signals are among the modalities")
        if len(self.modalities) == 1:
            found |= dict.fromkeys(("attention", "query", "heads"), "one modality has no guide")
        elif self.attention == "concat":
            found |= dict.fromkeys(("query", "heads"), "attention='concat' leaves attention out")
        return found


_LEAST = {"n_classes": 2, "grid": 2, "dim": 1, "heads": 1, "backbone_width": 1, "ps_width": 1}
_KINDS = {"frame_input": FrameMode, "fusion": Mode, "fusion_reading": Reading}
_KINDS |= {"attention": Attention, "query": Query}
_OF_FRAMES = ("frame_input", "backbone_width", "grid", "fusion", "fusion_reading")
_OF_FRAMES += ("fusion_span", "fusion_centre", "fusion_width")
_OF_SIGNALS = ("ps_width", "ps_kernels_s", "ps_blocks", "ps_stride_s")


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
        given = {"colour": colour_backbone, "depth": depth_backbone}
        self.encoders = nn.ModuleDict()
        for m in self.video:
            backbone = given[m]
            if backbone is None:
                backbone = FrameBackbone(VIDEO[m], D, c.backbone_width, c.grid)
            self.encoders[m] = FrameTokens(FrameInput(m, c.frame_input), backbone, D, c.grid)
        if self.video:
            self.place = nn.Parameter(torch.randn(P, D) * 0.02)  # where on the face a token is
            self.fusion = WeightedFusion(
                c.fusion, c.fusion_span, c.fusion_centre, c.fusion_width, c.fusion_reading
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
            )
            self.encoders["ps"] = SignalTokens(SignalInput(len(c.ps_names)), encoder, D)
        self.ps_guide = self._guide(bool(self.video) and "ps" in self.encoders)
        width = (bool(self.video) + ("ps" in self.encoders)) * D
        self.head = nn.Sequential(nn.Dropout(c.dropout), nn.Linear(width, c.n_classes))

    def _guide(self, both_sides: bool) -> GuidedAttention | Unguided:
        c = self.config
        if both_sides and c.attention == "guided":
            return GuidedAttention(c.dim, c.heads, c.query)
        return Unguided(c.dim)

    def fit_scales(self, batches: Iterable[Batch]) -> None:
        """Fit the scale of every input on training batches; call once before training."""
        fit_scales({m: encoder.input for m, encoder in self.encoders.items()}, batches)

    def forward(self, batch: Batch) -> Output:
        self._check_batch(batch)
        weights: dict[str, Tensor] = {}
        vectors: list[Tensor] = []
        if "ps" in self.encoders:
            steps, counts, keys = self.encoders["ps"](batch)  # (B, S, D), (B, S), (B, S)
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
        got, want = (batch.ps_names, batch.ps_sfreq), (c.ps_names, c.ps_sfreq)
        if "ps" in self.encoders and batch.ps is not None and got != want:
            raise MepsError(
                f"signals {', '.join(got[0])} at {got[1]} Hz; expected {', '.join(want[0])} "
                f"at {want[1]} Hz: see meps_lab.prepare"
            )
