"""S1 away from its initial values, on unequal trials: what is absent, padded or unmeasured.

In a fresh network what is absent is 0 and norms do nothing, so that many faults change nothing.
Here all parameters stand elsewhere, holes move and lengths differ.
"""

import pytest
import torch
from einops import rearrange
from torch.nn.functional import layer_norm

from meps_lib.models import build
from meps_lib.trial import collate


def noise(x, seed=3):
    return 40 * torch.randn(x.shape, generator=torch.Generator().manual_seed(seed))


CHOICES = [
    {},
    {"query": "content"},
    {"frame_input": "raw"},
    {"fusion": "per-clip"},
    {"asking": "once"},
    {"asking": "once", "query": "content"},
    *({"attention": way} for way in ("concat", "sum", "gated", "film")),
    {"backbone": "residual", "backbone_width": 4},
    {"ps_pool_branch": True, "ps_squeeze": 2},
    {"ps_residual": False, "ps_blocks": (0, 2)},
    {"ps_blocks": (2, 0), "dim": 24},
]


def spoil(batch):
    """Noise in padding, in holes and in absent modalities."""
    frames = ~batch.frame_mask[:, :, None, None, None]
    for name in ("colour", "depth"):
        x, there = getattr(batch, name), batch.present[name][:, None, None, None, None]
        unseen = (~there | frames).expand_as(x)
        if name == "depth":
            unseen = unseen | ~batch.depth_mask
        setattr(batch, name, torch.where(unseen, noise(x), x))
    batch.depth_mask = batch.depth_mask | ~batch.present["depth"][:, None, None, None, None]
    nobody = ~batch.present["ps"]
    batch.ps = torch.where(batch.ps_mask[:, None], batch.ps, noise(batch.ps))
    batch.ps[nobody], batch.ps_mask[nobody] = noise(batch.ps[nobody]), True
    return batch


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_what_is_not_there_is_not_looked_at(net, uneven, choice):
    """Padding, holes and absent modalities may hold anything."""
    model, batch = net(**choice), collate(uneven, "abc")
    before = model(batch)
    after = model(spoil(batch))
    torch.testing.assert_close(after.logits, before.logits)
    for name, weights in before.weights.items():
        torch.testing.assert_close(after.weights[name], weights)


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_what_is_not_there_enters_no_statistic_of_training(net, uneven, choice):
    """Logits and running statistics are those of what was recorded."""
    results = []
    for fill in (lambda batch: batch, spoil):
        model = net(dropout=0.0, **choice).train()
        logits = model(fill(collate(uneven, "abc"))).logits
        results.append({"logits": logits, **dict(model.named_buffers())})
    for name, clean in results[0].items():
        torch.testing.assert_close(results[1][name], clean, msg=name)


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_a_trial_is_the_same_alone_and_among_longer_ones(net, uneven, choice):
    model = net(**choice)
    together = model(collate(uneven, "abc"))
    alone = [model(collate([trial], "abc")) for trial in uneven]
    logits = torch.cat([one.logits for one in alone])
    torch.testing.assert_close(together.logits, logits, atol=1e-5, rtol=1e-5)
    for k, one in enumerate(alone):
        for name in {"fusion", "depth"} & one.weights.keys():  # frames stay with their trial
            own = one.weights[name][0]
            torch.testing.assert_close(
                together.weights[name][k, : len(own)], own, atol=1e-5, rtol=1e-4
            )


@pytest.mark.parametrize("query", ["guide", "content"])
@pytest.mark.parametrize("asking", ["each", "once"])
def test_a_signal_of_one_token_is_the_same_alone_and_among_longer_ones(
    net, make_trial, query, asking
):
    """A third of a second, where a token is half of one: its second step is masked."""
    model, short = net(query=query, asking=asking), make_trial(0, n_samples=21)
    alone = model(collate([short], "abc"))
    among = model(collate([short, make_trial(1), make_trial(2, ("colour", "depth"))], "abc"))
    torch.testing.assert_close(alone.logits[0], among.logits[0], atol=1e-5, rtol=1e-5)
    if query == "content":  # over one real key the weights are 1
        for found in (alone, among):
            one, *others = found.weights["ps_steps"][0].unbind(dim=-1)
            assert torch.equal(one, torch.ones_like(one)) and others
            assert not torch.stack(others).any()


@pytest.mark.parametrize(("query", "blind"), [("guide", 2), ("content", 1)])
def test_depth_attention_has_the_keys_of_the_side_that_answers(net, uneven, query, blind):
    """Colour answers where depth asks: a trial without colour, the third, has no key, and so on."""
    batch = collate(uneven, "abc")
    sums = net(query=query)(batch).weights["depth"].sum(dim=-1)  # (B, T, heads, P)
    for k in range(4):
        assert torch.allclose(sums[k], torch.tensor(0.0 if k == blind else 1.0), atol=1e-5), k


def colour_tokens(model, batch):
    frames, real = model.encoders["colour"].input(batch)
    assert real.all()
    maps = model.encoders["colour"].backbone(frames.flatten(0, 1))
    tokens = rearrange(maps, "(b t) d h w -> b t (h w) d", b=len(batch))
    return tokens + model.place


@pytest.mark.parametrize("query", ["guide", "content"])
def test_depth_guides_and_colour_is_what_goes_on(net, make_trial, query):
    """With an attention that answers nothing, the residual is left: colour, layer-normalised."""
    model, batch = net(query=query), collate([make_trial(k) for k in range(2)], "abc")
    with torch.no_grad():
        model.depth_guide.to_out.weight.zero_()
        model.depth_guide.to_out.bias.zero_()
    seen = []
    model.merge.register_forward_hook(lambda module, args, out: seen.append(args[0]))
    model(batch)
    norm = model.depth_guide.norm
    expected = layer_norm(colour_tokens(model, batch), (32,), norm.weight, norm.bias)
    merged = seen[0].reshape(2, 6, 9, 64)
    torch.testing.assert_close(merged[..., :32], expected)
    torch.testing.assert_close(merged[..., 32:], model.encoders["depth"](batch) + model.place)


def test_absent_is_a_vector_of_its_own(net, uneven):
    """A trial without signals is told so by the learnt vector, and only such a trial."""
    model, batch = net(), collate(uneven, "abc")
    before = model(batch).logits
    other = torch.linspace(-1, 1, 32)  # not a constant, which the norm behind would take away
    for name, without in (("depth", [1]), ("colour", [2]), ("ps", [3])):
        with torch.no_grad():
            model.encoders[name].fill.absent += other
        moved = (model(batch).logits - before).abs().amax(dim=1) > 1e-4
        assert moved.nonzero().flatten().tolist() == without, name
        with torch.no_grad():
            model.encoders[name].fill.absent -= other


def test_dropout_is_the_one_of_the_config(net, make_trial):
    batch = collate([make_trial(k) for k in range(4)], "abc")
    for share in (0.0, 0.9):
        model = net(dropout=share).train()
        for module in model.modules():
            if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                module.eval()
        torch.manual_seed(1)
        first, second = model(batch).logits, model(batch).logits
        assert torch.equal(first, second) == (share == 0.0)


def test_each_width_of_the_config_is_used():
    plain = {"ps_sfreq": 64.0, "grid": 3}

    def size(**kw):
        return sum(p.numel() for p in build("meps", **plain | kw).parameters())

    assert size(heads=8) == size()  # heads share the width
    for name, value in {
        "dim": 40,
        "grid": 4,
        "backbone_width": 4,
        "ps_width": 4,
        "ps_kernels_s": (0.1,),
        "ps_blocks": (1, 1),
        "attention": "concat",
        "fusion": "learnt",
    }.items():
        assert size(**{name: value}) != size(), name


@pytest.mark.parametrize("modalities", [("colour",), ("colour", "depth", "ps")])
def test_the_pool_weighs_places(net, make_trial, modalities):
    """Where on the face something moves matters: another weight at one place, another answer."""
    model, batch = net(modalities=modalities), collate([make_trial(0)], "abc")
    before = model(batch).logits
    with torch.no_grad():
        model.pool[4] += 1.0
    assert (model(batch).logits - before).abs().max() > 1e-3


@pytest.mark.parametrize("fusion", ["fixed", "uniform", "apex-only", "per-clip"])
def test_who_was_not_filmed_has_no_weight_over_frames_alone_or_among_others(
    net, make_trial, fusion
):
    trials, model = [make_trial(0, ("ps",)), make_trial(1)], net(fusion=fusion)
    alone, together = (model(collate(some, "abc")) for some in (trials[:1], trials))
    assert alone.weights["fusion"].abs().sum() == 0
    assert together.weights["fusion"][0].abs().sum() == 0
    torch.testing.assert_close(alone.logits[0], together.logits[0], atol=1e-5, rtol=1e-5)


def test_in_double_precision_batch_mates_decide_nothing(net, uneven):
    """What is left of them in single precision is rounding."""

    def doubled(trials):
        batch = collate(trials, "abc")
        for name in ("colour", "depth", "ps", "apex"):
            x = getattr(batch, name)
            setattr(batch, name, None if x is None else x.double())
        return batch

    model = net().double()
    together = model(doubled(uneven)).logits
    assert together.dtype == torch.float64
    alone = torch.cat([model(doubled([trial])).logits for trial in uneven])
    # Weights over frames are in single precision by design.
    torch.testing.assert_close(together, alone, atol=1e-7, rtol=0)
