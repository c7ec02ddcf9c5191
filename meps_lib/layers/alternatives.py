"""What may stand where guided attention does: concatenation, a sum, a gated sum, FiLM.

All take what `GuidedAttention` takes and give a face and no weights, so that an ablation changes
one module and no route.
"""

import torch
from torch import Tensor, nn

from meps_lib.layers.attention import Query
from meps_lib.layers.masked import token_mean


class Unguided(nn.Module):
    """The residual alone, layer-normalised: the guide is left to a later concatenation.

    Nobody asks: `query` is "guide".

    Shape
    -----
    residual (B, Q, D), or content where there is none -> output of the same shape, None.
    """

    query: Query = "guide"

    def __init__(self, dim: int):
        super().__init__()
        self.norm = nn.LayerNorm(dim)

    def mix(self, content: Tensor, guide: Tensor, there: Tensor) -> Tensor:
        """Content (B, Q, D) changed by a guide (B, Q or 1, D) that is there, 1, or not, 0."""
        return content

    def forward(
        self,
        guide: Tensor,
        content: Tensor,
        guide_mask: Tensor | None = None,
        content_mask: Tensor | None = None,
        residual: Tensor | None = None,
    ) -> tuple[Tensor, None]:
        changed = content if residual is None else residual
        there = torch.ones_like(guide[..., :1])
        if guide_mask is not None:
            there = guide_mask[..., None].to(guide.dtype)
        # Tokens of the same places speak to each other; else the guide speaks with one voice.
        if guide.shape[1] != changed.shape[1]:
            guide, there = token_mean(guide, guide_mask), there.amax(dim=1, keepdim=True)
        return self.norm(self.mix(changed, guide, there)), None


class GuidedSum(Unguided):
    """Content + W guide: the same change wherever the guide says the same."""

    def __init__(self, dim: int):
        super().__init__(dim)
        self.to_change = nn.Linear(dim, dim)

    def mix(self, content: Tensor, guide: Tensor, there: Tensor) -> Tensor:
        return content + there * self.to_change(guide)


class GatedSum(GuidedSum):
    """Content + gate * W guide, with a gate between 0 and 1 that sees both, feature by feature.

    References
    ----------
    Arevalo et al. 2017, gated multimodal units.
    """

    def __init__(self, dim: int):
        super().__init__(dim)
        self.to_gate = nn.Linear(2 * dim, dim)

    def mix(self, content: Tensor, guide: Tensor, there: Tensor) -> Tensor:
        both = torch.cat([content, guide.expand_as(content)], dim=-1)
        return content + there * self.to_gate(both).sigmoid() * self.to_change(guide)


class FiLM(Unguided):
    """Content * (1 + scale) + shift, both told by the guide, feature by feature.

    References
    ----------
    Perez et al. 2018, feature-wise linear modulation.
    """

    def __init__(self, dim: int):
        super().__init__(dim)
        self.to_film = nn.Linear(dim, 2 * dim)

    def mix(self, content: Tensor, guide: Tensor, there: Tensor) -> Tensor:
        scale, shift = (there * self.to_film(guide)).chunk(2, dim=-1)
        return content * (1 + scale) + shift


ALTERNATIVES = {"concat": Unguided, "sum": GuidedSum, "gated": GatedSum, "film": FiLM}
