"""Mutual attention: every modality is asked by every other, and answers with what is its own."""

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from meps_lib.arguments import one_of, whole
from meps_lib.errors import MepsError
from meps_lib.layers.masked import check_mask, token_mean

Asked = Literal["mutual", "self", "none"]


class Answer(nn.Module):
    """What one modality changes in itself when it is asked: one direction of one pair.

    Shape
    -----
    own (B, N, D), asks (B, Q, D), their masks -> change (B, N, D), weights (B, heads, Q, N).
    Both are 0 for a trial that lacks one of the two, weights also for masked keys and questions.
    """

    def __init__(self, dim: int, heads: int, hidden: int):
        super().__init__()
        self.norm_own, self.norm_asks, self.norm_mlp = (nn.LayerNorm(dim) for _ in range(3))
        self.attention = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, dim))

    def forward(
        self, own: Tensor, asks: Tensor, own_real: Tensor, asks_real: Tensor
    ) -> tuple[Tensor, Tensor]:
        keys, has_key = self.norm_own(own), own_real.any(dim=1, keepdim=True)
        # Where no key is real, softmax would give NaN: there all count, and nobody reads them.
        hidden = ~(own_real | ~has_key)
        answers, weights = self.attention(
            self.norm_asks(asks), keys, keys, key_padding_mask=hidden, average_attn_weights=False
        )
        answer = token_mean(answers, asks_real)
        change = answer + self.mlp(self.norm_mlp(own + answer))
        there = has_key & asks_real.any(dim=1, keepdim=True)
        counts = asks_real[:, None, :, None] & own_real[:, None, None, :]
        return change.masked_fill(~there[..., None], 0), weights.masked_fill(~counts, 0)


class MutualAttention(nn.Module):
    """Multi-head attention between every pair of modalities, in both directions.

    In the stream of a modality v every other one asks (Q), and v answers (K, V)::

        a = mean over the questions of attention(LN(other), LN(v), LN(v))
        change = a + MLP(LN(v + a))
        v' = v + change of the first other + change of the second ...

    With one other modality v' is the residual form of the source: v + a, plus an MLP of it.

    Parameters
    ----------
    dim : int
        D, the width of all tokens.
    modalities : sequence of str
        Names, each once.
    heads : int
        Divides `dim`.
    hidden : int, optional
        Width inside the MLP; 2 D if None.
    mode : {"mutual", "self", "none"}
        "self": every modality asks itself, as the published code does, with as many weights as
        "mutual" has, so that the question alone differs. "none": embeddings go on unchanged, for a
        later concatenation (ledger: mutual-query).

    Shape
    -----
    tokens: modality -> (B, N of it, D); masks: modality -> (B, N), true where real; present:
    modality -> (B,) -> tokens of the same shapes, and weights (own, asking) -> (B, heads, N of who
    asks, N of own). Masked tokens and missing modalities come out 0. What is missing changes
    nothing in the others, and a trial with one modality goes on as it came, except with "self".

    Raises
    ------
    MepsError
        If a modality is missing in `tokens`, a shape does not fit, or a modality has one token:
        over one key the weights are always 1, whoever asks.

    Notes
    -----
    CHOICE: the answers to all questions are averaged and added to each own token; the source has
    one question (ledger: mutual-answers).

    Examples
    --------
    >>> layer = MutualAttention(8, ("eeg", "ps"), heads=2)
    >>> out, weights = layer({"eeg": torch.randn(3, 5, 8), "ps": torch.randn(3, 4, 8)})
    >>> out["eeg"].shape, weights["eeg", "ps"].shape
    (torch.Size([3, 5, 8]), torch.Size([3, 2, 4, 5]))

    References
    ----------
    arXiv 2506.09834; Vaswani et al. 2017, section 3.2.
    """

    def __init__(
        self,
        dim: int,
        modalities: Sequence[str],
        heads: int = 4,
        hidden: int | None = None,
        mode: Asked = "mutual",
    ):
        super().__init__()
        one_of("mode", mode, get_args(Asked))
        whole("heads", heads, 1)
        if dim % heads:
            raise MepsError(f"dim={dim}; expected a multiple of heads={heads}")
        if isinstance(modalities, str) or not 1 <= len(set(modalities)) == len(modalities):
            raise MepsError(f"modalities={modalities!r}; expected names, each once")
        self.dim, self.modalities, self.mode = dim, tuple(modalities), mode
        pairs = [(own, asks) for own in modalities for asks in modalities if own != asks]
        self.pairs = [] if mode == "none" else pairs
        self.answers = nn.ModuleList(Answer(dim, heads, hidden or 2 * dim) for _ in self.pairs)

    def forward(
        self,
        tokens: Mapping[str, Tensor],
        masks: Mapping[str, Tensor] | None = None,
        present: Mapping[str, Tensor] | None = None,
    ) -> tuple[dict[str, Tensor], dict[tuple[str, str], Tensor]]:
        real = {m: self._real(m, tokens, masks or {}, present or {}) for m in self.modalities}
        own = {m: tokens[m].masked_fill(~real[m][..., None], 0) for m in self.modalities}
        out, weights = dict(own), {}
        for (v, other), answer in zip(self.pairs, self.answers, strict=True):
            asks = v if self.mode == "self" else other
            change, weights[v, other] = answer(own[v], own[asks], real[v], real[asks])
            out[v] = out[v] + change
        return {m: x.masked_fill(~real[m][..., None], 0) for m, x in out.items()}, weights

    def _real(self, m: str, tokens: Mapping, masks: Mapping, present: Mapping) -> Tensor:
        """Which tokens of a modality are real, (B, N)."""
        if m not in tokens:
            raise MepsError(
                f"tokens of {', '.join(tokens) or 'nothing'}; expected also {m!r}: where no trial "
                "has it, give zeros and say so in present"
            )
        shape, B = tokens[m].shape, len(tokens[self.modalities[0]])
        if len(shape) != 3 or shape[0] != B or shape[2] != self.dim:
            raise MepsError(f"tokens of {m!r}: {tuple(shape)}; expected ({B}, N, {self.dim})")
        if self.pairs and shape[1] < 2:
            raise MepsError(
                f"tokens of {m!r}: {shape[1]} a trial; expected a sequence of at least 2: over one "
                "key the weights are always 1"
            )
        real = tokens[m].new_ones(shape[:2], dtype=torch.bool)
        if m in masks:
            check_mask(f"mask of {m!r}", masks[m], shape[:2])
            real = masks[m]
        if m in present:
            check_mask(f"present of {m!r}", present[m], shape[:1])
            real = real & present[m][:, None]
        return real
