"""Guided attention: one modality decides where to look in another."""

from typing import Literal, get_args

import torch
from einops import rearrange
from torch import Tensor, nn

from meps_lib.arguments import one_of
from meps_lib.errors import MepsError
from meps_lib.layers.masked import token_mean

Query = Literal["guide", "content"]
Asking = Literal["each", "once"]


class GuidedAttention(nn.Module):
    """Multi-head attention whose query comes from a guide and whose values from the content.

    With the default, Q = guide W_q, K = content W_k, V = content W_v. The heads' outputs
    are "concatenated and linearly transformed to the expected dimension", added to the
    residual and layer-normalised.

    Parameters
    ----------
    dim : int
        D, the width of both inputs and of the output.
    heads : int
        Divides `dim`.
    query : {"guide", "content"}
        CHOICE: the paper does not say which side asks (ledger: attention-query). With
        "content" the content asks and reads keys and values from the guide.
    asking : {"each", "once"}
        CHOICE: every token of the side that asks has a question of its own (a time step, a
        position), or the mean of its real tokens asks once for all: per frame for depth, per
        trial for physiology (ledger: attention-asking).

    Shape
    -----
    guide (B, G, D), content (B, X, D), masks (B, G) and (B, X), true where real
    -> output (B, Q, D), weights (B, heads, Q, N), with Q, N = G, X or X, G by `query`; asking
    once, Q = 1 in the weights, and in the output where no residual is given.
    Weights of masked keys are exactly 0; where every key is masked they are all 0 and
    the output is the normalised residual.

    Notes
    -----
    Over ONE key the softmax is 1 whatever the query: attention would be a linear map and
    the guide without effect. A single key is therefore refused (ledger: attention-tokens).
    Masks are not counted: one real key among masked ones has the weight 1 too.

    Examples
    --------
    >>> out, weights = GuidedAttention(16, 4)(torch.randn(2, 5, 16), torch.randn(2, 9, 16))
    >>> out.shape, weights.shape
    (torch.Size([2, 5, 16]), torch.Size([2, 4, 5, 9]))

    References
    ----------
    arXiv 2308.12156, guided attention; Vaswani et al. 2017, section 3.2.
    """

    def __init__(self, dim: int, heads: int = 4, query: Query = "guide", asking: Asking = "each"):
        super().__init__()
        if dim % heads:
            raise MepsError(f"dim={dim}; expected a multiple of heads={heads}")
        one_of("query", query, get_args(Query))
        one_of("asking", asking, get_args(Asking))
        self.heads, self.query, self.asking = heads, query, asking
        self.to_q = nn.Linear(dim, dim, bias=False)
        self.to_k = nn.Linear(dim, dim, bias=False)
        self.to_v = nn.Linear(dim, dim, bias=False)
        self.to_out = nn.Linear(dim, dim)
        self.norm = nn.LayerNorm(dim)

    def forward(
        self,
        guide: Tensor,
        content: Tensor,
        guide_mask: Tensor | None = None,
        content_mask: Tensor | None = None,
        residual: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Attend; `residual`, (B, Q, D) or (B, 1, D), replaces the query's own side."""
        B, G, D = guide.shape  # batch, guide tokens, features
        asks, asks_mask, answers, mask = guide, guide_mask, content, content_mask
        if self.query == "content":
            asks, asks_mask, answers, mask = content, content_mask, guide, guide_mask
        if self.asking == "once":
            asks = token_mean(asks, asks_mask)
        if answers.shape[1] < 2:
            raise MepsError(
                f"attention over {answers.shape[1]} key; expected a sequence of at least 2 "
                "(frames, positions of a map, time steps): over one key the weights are always 1"
            )
        q, k, v = (
            rearrange(layer(x), "b n (h d) -> b h n d", h=self.heads)
            for layer, x in ((self.to_q, asks), (self.to_k, answers), (self.to_v, answers))
        )
        logits = torch.einsum("bhqd,bhkd->bhqk", q, k) / q.shape[-1] ** 0.5
        if mask is not None:
            real = mask[:, None, None, :]
            logits = logits.masked_fill(~real, torch.finfo(logits.dtype).min)
            weights = logits.softmax(dim=-1) * real
        else:
            weights = logits.softmax(dim=-1)
        attended = torch.einsum("bhqk,bhkd->bhqd", weights, v)
        attended = self.to_out(rearrange(attended, "b h q d -> b q (h d)"))
        if mask is not None:  # no key, no answer: not even the output layer's bias
            attended = attended * mask.any(dim=1)[:, None, None]
        return self.norm((asks if residual is None else residual) + attended), weights
