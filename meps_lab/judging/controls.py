"""Controls that must fail: maps of a network without its learning, of nothing, of somebody else.

A map that looks as good as its controls shows the picture and not what was learnt.
"""

import copy
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn

from meps_lib.arguments import one_of
from meps_lib.errors import MepsError
from meps_lib.layers.inputs import Scale


def parts(model: nn.Module) -> list[str]:
    """Parts of a model that have weights, from the head down.

    Parts are the modules that a model holds, in the reverse of the order in which it made them; of
    a list or dictionary of modules each member. Where two stand side by side, as the encoders do,
    the later one comes first. CHOICE: weights that the model holds itself go with the first part.
    WHY: in S1 they are the pool just under the head and the place of a token.

    Examples
    --------
    >>> parts(nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1)))
    ['2', '0']
    """
    found = []
    for name, child in model.named_children():
        if isinstance(child, (nn.ModuleDict, nn.ModuleList)):
            found += [f"{name}.{key}" for key, _ in child.named_children()]
        else:
            found.append(name)
    return [
        name
        for name in reversed(found)
        if any(True for _ in model.get_submodule(name).parameters())
    ]


def cascade(
    model: nn.Module,
    generator: torch.Generator,
    fresh: Callable[[], nn.Module] | None = None,
) -> Iterator[tuple[str, nn.Module]]:
    """Copies of a model, drawn anew from the head down: one part more in each.

    Parameters
    ----------
    model : Module
        Stays as it is, to the bit.
    generator : torch.Generator
        Decides the new weights; those of a part are the same in all copies that have them.
    fresh : callable, optional
        Makes an untrained model of the same shape; ``type(model)(model.config)`` if None.

    Yields
    ------
    str, Module
        The last part drawn anew, as in `parts`, and a copy in the model's mode. Scales of inputs
        stay, since they describe the data and not what was learnt of it; statistics of batch norms
        in what is drawn anew are those of a fresh one.

    References
    ----------
    Adebayo et al. 2018, sanity checks for saliency maps, cascading randomisation.
    """
    new = _drawn(model, generator, fresh)
    for name in parts(model):
        yield name, _replaced(model, new, name)


def randomised(
    model: nn.Module,
    upto: str,
    generator: torch.Generator,
    fresh: Callable[[], nn.Module] | None = None,
) -> nn.Module:
    """One copy of `cascade`: all parts from the head down to `upto`, included, drawn anew.

    Raises
    ------
    MepsError
        If there is no such part, or no fresh model of the same shape.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    >>> make = lambda: nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    >>> copy = randomised(net, "1", torch.Generator().manual_seed(0), make)
    >>> [torch.equal(a.weight, b.weight) for a, b in zip(net, copy)]
    [True, False]
    """
    one_of("upto", upto, parts(model))
    return _replaced(model, _drawn(model, generator, fresh), upto)


def uniform_like(maps: Tensor, real: Tensor | None = None) -> Tensor:
    """Maps (B, ...) that mark everything alike and sum to 1; only where `real` is true, if given.

    Examples
    --------
    >>> uniform_like(torch.zeros(1, 2, 2)).tolist()
    [[[0.25, 0.25], [0.25, 0.25]]]
    """
    ones = torch.ones_like(maps) if real is None else real.expand_as(maps).to(maps)
    return ones / ones.flatten(1).sum(dim=1).clamp(min=1).view(-1, *[1] * (maps.ndim - 1))


def of_another(maps: Tensor, subjects: Sequence[str], generator: torch.Generator) -> Tensor:
    """Maps (B, ...) in another order: each trial gets one of another subject, each map goes once.

    Raises
    ------
    MepsError
        If there is not a subject a map, or one subject has more than half of them.

    Examples
    --------
    >>> of_another(torch.tensor([1, 2]), ("a", "b"), torch.Generator().manual_seed(0)).tolist()
    [2, 1]
    """
    n, names = len(maps), sorted(set(subjects))
    most = max(map(list(subjects).count, names), default=0)
    if len(subjects) != n or 2 * most > n or n < 2:
        raise MepsError(
            f"{n} maps, {len(subjects)} subjects, of whom one has {most}; expected a subject a map "
            "and none with more than half of them: give trials of more people"
        )
    # Everybody's trials stand together on a circle. A turn by at least the longest stretch, either
    # way round, brings each of them into the stretch of another.
    places = [names[k] for k in torch.randperm(len(names), generator=generator)]
    trials = torch.randperm(n, generator=generator).tolist()
    circle = torch.tensor(sorted(trials, key=lambda k: places.index(subjects[k])))
    turn = int(torch.randint(most, n - most + 1, (1,), generator=generator))
    source = torch.empty(n, dtype=torch.long)
    source[circle] = circle.roll(turn)
    return maps[source.to(maps.device)]


def _drawn(
    model: nn.Module, generator: torch.Generator, fresh: Callable[[], nn.Module] | None
) -> dict[str, Tensor]:
    """The state of an untrained model of the same shape, without scales of inputs."""
    if fresh is None and not hasattr(model, "config"):
        raise MepsError(
            f"{type(model).__name__} has no config to be made anew from; give fresh, a function "
            "that makes an untrained one"
        )
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(int(torch.randint(2**62, (1,), generator=generator)))
        new = type(model)(model.config) if fresh is None else fresh()
    have, got = ({k: v.shape for k, v in m.state_dict().items()} for m in (model, new))
    if have != got:
        odd = sorted(k for k in have.keys() | got.keys() if have.get(k) != got.get(k))
        raise MepsError(
            f"the fresh model differs in {odd[0]}: {got.get(odd[0])}, expected {have.get(odd[0])}; "
            "give fresh, which makes one of the same shape"
        )
    scales = [name for name, module in new.named_modules() if isinstance(module, Scale)]
    return {k: v for k, v in new.state_dict().items() if k.rpartition(".")[0] not in scales}


def _replaced(model: nn.Module, new: dict[str, Tensor], upto: str) -> nn.Module:
    names = parts(model)
    above = tuple(f"{name}." for name in names[: names.index(upto) + 1])
    own = {name for name, _ in model.named_parameters(recurse=False)}
    changed = copy.deepcopy(model)
    state = {k: v for k, v in new.items() if k in own or k.startswith(above)}
    changed.load_state_dict(state, strict=False)
    return changed
