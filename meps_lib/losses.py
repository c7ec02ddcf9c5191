"""Losses that compare embeddings: S2's contrastive terms, and what they are measured against.

Embeddings are (B, D), a row a trial; `there` (B,) is true where a trial has one, or None.
Rows that are not there enter no term and get no gradient. A term without a pair is 0, not NaN.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from meps_lib.arguments import number, one_of, refuse_idle
from meps_lib.errors import MepsError
from meps_lib.layers.masked import check_mask

Positives = Literal["class", "trial"]
Distance = Literal["l2", "cosine"]
TERMS = ("diversity", "consistency", "sample", "triplet", "supervised")


def _unit(z: Tensor, there: Tensor | None = None) -> Tensor:
    """Rows of length 1, in single precision at least; a row of zeros stays 0."""
    z = _filled(z, there)
    length = torch.linalg.vector_norm(z, dim=-1, keepdim=True)
    return z / length.masked_fill(length == 0, 1)


def _filled(z: Tensor, there: Tensor | None) -> Tensor:
    z = z.to(torch.promote_types(z.dtype, torch.float32))
    return z if there is None else z.masked_fill(~there[:, None], 1)  # anything but NaN


def _cosines(z: Tensor, there: Tensor | None) -> Tensor:
    unit = _unit(z, there)
    return unit @ unit.T


def _mean(values: Tensor, where: Tensor) -> Tensor:
    return values.masked_fill(~where, 0).sum() / where.sum().clamp(min=1)


def _pairs(labels: Tensor, there: Tensor | None) -> tuple[Tensor, Tensor]:
    """Which two trials, (B, B), are of one class and not the same one, and which of two classes."""
    both = torch.ones_like(labels, dtype=torch.bool) if there is None else there
    both = both[:, None] & both
    same = labels[:, None] == labels
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    return both & same & ~itself, both & ~same


def similarity(a: Tensor, b: Tensor) -> Tensor:
    """(cos + 1) / 2 of each row of a (..., D) with that of b: 1 alike, .5 orthogonal, 0 opposed.

    Examples
    --------
    >>> similarity(torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 1.0]])).tolist()
    [0.5]
    """
    return ((_unit(a) * _unit(b)).sum(dim=-1) + 1) / 2


def towards(s: Tensor, alpha: float, where: Tensor) -> Tensor:
    """Half the mean of (s - alpha)^2 where it counts: diversity and consistency, by their target.

    Examples
    --------
    >>> [towards(torch.tensor(s), 1.0, torch.tensor(True)).item() for s in (1.0, 0.5, 0.0)]
    [0.0, 0.125, 0.5]
    """
    return _mean((s - alpha).square(), where) / 2


def sample_level(
    z: Tensor, labels: Tensor, there: Tensor | None = None, hard: bool = False
) -> Tensor:
    """Half of {mean over one class of (1 - cos)^2 + mean over two classes of (cos + 1)^2}.

    With `hard` the second mean is over anchors, each with the most similar trial of another class.
    """
    positive, negative = _pairs(labels, there)
    cos = _cosines(z, there)
    pull = _mean((1 - cos).square(), positive)
    if hard:
        cos, negative = cos.masked_fill(~negative, -1).amax(dim=1), negative.any(dim=1)
    return (pull + _mean((cos + 1).square(), negative)) / 2


def triplet(
    z: Tensor,
    labels: Tensor,
    there: Tensor | None = None,
    margin: float = 0.2,
    distance: Distance = "l2",
) -> Tensor:
    """Mean over all triplets of max(0, d(anchor, positive) - d(anchor, negative) + margin).

    d is the Euclidean distance of the embeddings as they are, or 1 - cos. B^3 numbers of memory.

    References
    ----------
    Schroff et al. 2015, equation 3, which squares its distances.
    """
    one_of("distance", distance, get_args(Distance))
    positive, negative = _pairs(labels, there)
    if distance == "cosine":
        d = 1 - _cosines(z, there)
    else:
        z = _filled(z, there)
        # At a distance of 0 the root has no slope; below the limit it gets none.
        d = (z[:, None] - z).square().sum(dim=-1).clamp(min=1e-12).sqrt()
    excess = (d[:, :, None] - d[:, None, :] + margin).relu()
    return _mean(excess, positive[:, :, None] & negative[:, None, :])


def supervised_contrastive(
    z: Tensor, labels: Tensor, there: Tensor | None = None, temperature: float = 0.07
) -> Tensor:
    """Mean over anchors, that have a positive, of the mean negative log share of their positives.

    The share of a positive is its exp(cos / temperature) among that of all other trials.

    References
    ----------
    Khosla et al. 2020, L_out; base temperature = temperature.
    """
    positive, negative = _pairs(labels, there)
    logits = _cosines(z, there) / temperature
    others = logits.masked_fill(~(positive | negative), torch.finfo(logits.dtype).min)
    log_share = (logits - others.logsumexp(dim=1, keepdim=True)).masked_fill(~positive, 0)
    n = positive.sum(dim=1)
    return _mean(-log_share.sum(dim=1) / n.clamp(min=1), n > 0)


@dataclass(frozen=True)
class ContrastiveConfig:
    """Which terms enter, with which weight and target; a weight of 0 leaves a term out.

    CHOICE: targets and weights are apart. In the published code one number is both (ledger:
    contrastive-targets).
    """

    pairs: tuple[tuple[str, str], ...] = (("video", "eeg"), ("video", "ps"))  # of streams
    over_pairs: Literal["sum", "mean"] = "sum"
    diversity: float = 0.5  # weights of the terms
    consistency: float = 0.5
    sample: float = 0.5
    triplet: float = 0.0
    supervised: float = 0.0
    alpha_diversity: float = 0.5  # target of s between streams of a trial; .5 is orthogonality
    alpha_consistency: float = 1.0  # target of s between positives
    positives: Positives = "class"  # in each stream of a pair; or "trial", across the two
    hard_negatives: bool = False  # of the sample-level term
    margin: float = 0.2  # of the triplets
    distance: Distance = "l2"
    temperature: float = 0.07

    def __post_init__(self) -> None:
        try:
            pairs = tuple(tuple(pair) for pair in self.pairs)  # a JSON file has lists
            kinds = {frozenset(pair) for pair in pairs}
        except TypeError:
            raise MepsError(f"pairs={self.pairs!r}; expected pairs of two streams") from None
        object.__setattr__(self, "pairs", pairs)
        if any(len(pair) != 2 or pair[0] == pair[1] for pair in pairs) or len(kinds) < len(pairs):
            raise MepsError(f"pairs={pairs}; expected pairs of two streams, each once")
        one_of("over_pairs", self.over_pairs, ("sum", "mean"))
        one_of("positives", self.positives, get_args(Positives))
        one_of("distance", self.distance, get_args(Distance))
        for name in (*TERMS, "margin"):
            number(name, getattr(self, name), 0)
        for name in ("alpha_diversity", "alpha_consistency"):
            number(name, getattr(self, name), 0, 1)
        number("temperature", self.temperature, 1e-3)
        if not pairs and (self.diversity or self.consistency):
            raise MepsError("pairs=(); expected one at least, or diversity=0 and consistency=0")
        read = {"alpha_diversity": "diversity", "alpha_consistency": "consistency"}
        read |= {"positives": "consistency", "hard_negatives": "sample", "margin": "triplet"}
        read |= {"distance": "triplet", "temperature": "supervised"}
        unread = {f: f"{t} has the weight 0" for f, t in read.items() if not getattr(self, t)}
        if not (self.diversity or self.consistency):
            unread["over_pairs"] = "diversity and consistency have the weight 0"
        refuse_idle(self, unread)


def contrastive_terms(
    embeddings: Mapping[str, Tensor],
    labels: Tensor,
    present: Mapping[str, Tensor] | None = None,
    config: ContrastiveConfig | None = None,
) -> tuple[dict[str, Tensor], Tensor]:
    """The terms of a batch that have a weight, by name, and their weighted sum.

    Diversity compares the two streams of a trial; consistency compares trials of one class within
    each stream of a pair, or again the two streams of a trial; both are summed or averaged over the
    pairs. The others compare the trials of each stream, averaged over all streams given.

    Parameters
    ----------
    embeddings : mapping
        Stream -> (B, D), the same D in all.
    labels : Tensor, shape (B,)
    present : mapping, optional
        Stream -> (B,), true where a trial has it; everywhere if a stream is not named.
    config : ContrastiveConfig, optional

    Returns
    -------
    dict of str -> Tensor, and a Tensor
        Both 0-dimensional. Without a positive, or without a pair, a term is 0 and has a gradient.

    Raises
    ------
    MepsError
        If a stream of a pair is missing or a shape does not fit.

    Notes
    -----
    With ``positives="trial"`` both terms read the same similarities: together they are one term
    whose target lies between the two (ledger: contrastive-one-term).

    Examples
    --------
    >>> z = {m: torch.eye(4) for m in ("video", "eeg", "ps")}
    >>> terms, total = contrastive_terms(z, torch.tensor([0, 0, 1, 1]))
    >>> {name: term.item() for name, term in terms.items()}, total.item()
    ({'diversity': 0.25, 'consistency': 0.25, 'sample': 1.0}, 0.75)

    References
    ----------
    arXiv 2506.09834; ledger: contrastive-pairs, contrastive-positives.
    """
    config = ContrastiveConfig() if config is None else config
    wanted = {name: getattr(config, name) for name in TERMS if getattr(config, name)}
    shapes = {name: tuple(z.shape) for name, z in embeddings.items()}
    paired = {m for a, b in config.pairs for m in (a, b)} if {*wanted} & {*TERMS[:2]} else set()
    if not shapes or not paired <= set(shapes):
        lacking = ", ".join(sorted(paired - set(shapes))) or "a stream"
        raise MepsError(f"embeddings of {', '.join(shapes) or 'nothing'}; expected also {lacking}")
    _, *D = next(iter(shapes.values()))
    if len(D) != 1 or set(shapes.values()) != {(len(labels), *D)}:
        raise MepsError(
            f"embeddings {shapes} for {len(labels)} labels; expected (B, D), the same in all"
        )
    one = torch.ones_like(labels, dtype=torch.bool)
    there = {m: (present or {}).get(m, one) for m in embeddings}
    for m, mask in there.items():
        check_mask(f"present of {m!r}", mask, labels.shape)

    def across(a: str, b: str, alpha: float) -> Tensor:
        s = similarity(*(_filled(embeddings[m], there[m]) for m in (a, b)))
        return towards(s, alpha, there[a] & there[b])

    def within(a: str, b: str, alpha: float) -> Tensor:
        cos = torch.stack([_cosines(embeddings[m], there[m]) for m in (a, b)])
        same = torch.stack([_pairs(labels, there[m])[0] for m in (a, b)])
        return towards((cos + 1) / 2, alpha, same)

    def pairs(term: Callable, alpha: float) -> Tensor:
        each = torch.stack([term(a, b, alpha) for a, b in config.pairs])
        return each.sum() if config.over_pairs == "sum" else each.mean()

    def streams(term: Callable, *rest) -> Tensor:
        return torch.stack(
            [term(embeddings[m], labels, there[m], *rest) for m in embeddings]
        ).mean()

    positives = across if config.positives == "trial" else within
    formulas = {
        "diversity": lambda: pairs(across, config.alpha_diversity),
        "consistency": lambda: pairs(positives, config.alpha_consistency),
        "sample": lambda: streams(sample_level, config.hard_negatives),
        "triplet": lambda: streams(triplet, config.margin, config.distance),
        "supervised": lambda: streams(supervised_contrastive, config.temperature),
    }
    terms = {name: formulas[name]() for name in wanted}
    nothing = torch.zeros((), device=labels.device)
    return terms, sum((wanted[name] * term for name, term in terms.items()), nothing)
