"""Which modalities a network sees while it trains; what it does not see is not there."""

import copy
from dataclasses import replace

import pytest
import torch
from einops import rearrange
from torch.nn.functional import pad

from meps_lib.layers import (
    FrameInput,
    FrameTokens,
    ModalityDropout,
    SeparableMixableEncoder,
    SignalInput,
    SignalTokens,
)
from meps_lib.layers.backbone import BACKBONES
from meps_lib.models import build
from meps_lib.trial import Batch, collate

ALL = ("colour", "depth", "ps")
N = 20_000


def many(**present):
    """N trials of which nothing is known but which modalities they have."""
    nothing = torch.zeros(N)
    there = {m: torch.full((N,), True) & present.get(m, True) for m in (*ALL, "eeg")}
    names = ("",) * N
    return Batch(
        label=nothing.long(),
        classes=("a",),
        subject=names,
        clip=names,
        modalities=((),) * N,
        n_frames=(0,) * N,
        present=there,
        apex=nothing,
        apex_known=nothing.bool(),
    )


def shown(batch, modalities=ALL):
    return torch.stack([batch.present[m] for m in modalities])


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_a_share_of_trials_loses_one_modality_each_as_often(p):
    torch.manual_seed(0)
    batch = many()
    got = ModalityDropout(ALL, p)(batch)
    lost = ~shown(got)
    assert lost.sum(dim=0).max() == 1
    for share, wanted in [(lost.any(dim=0).float().mean().item(), p)] + [
        (own.float().mean().item(), p / 3) for own in lost
    ]:
        assert abs(share - wanted) < 4 * (wanted * (1 - wanted) / N) ** 0.5
    assert got.present["eeg"].all()  # which the network does not read
    assert shown(batch).all()  # and the batch itself is as it was


def test_the_last_modality_of_a_trial_is_never_hidden():
    torch.manual_seed(0)
    colour, depth, ps = (torch.arange(N) % 7 + 1 & bit > 0 for bit in (1, 2, 4))
    batch = many(colour=colour, depth=depth, ps=ps)
    had, has = shown(batch), shown(ModalityDropout(ALL, 0.8)(batch))
    assert not (has & ~had).any()  # and nothing appears
    lost = had.sum(dim=0) - has.sum(dim=0)
    for n in (1, 2, 3):
        share = lost[had.sum(dim=0) == n].float().mean().item()
        assert share == 0 if n == 1 else share == pytest.approx(0.8, abs=0.02)
    both = had[0] & had[1] & ~had[2]  # of two, either
    assert (~has[0] & both).sum() / (~has[1] & both).sum() == pytest.approx(1.0, abs=0.15)
    only = ModalityDropout(("ps",), 0.9)(batch)
    assert torch.equal(shown(only), had)


def test_nothing_is_hidden_in_evaluation_or_at_share_0():
    for layer in (ModalityDropout(ALL, 0.9).eval(), ModalityDropout(ALL, 0.0)):
        assert shown(layer(many())).all()


def test_the_seed_decides_what_is_hidden():
    layer, drawn = ModalityDropout(ALL, 0.5), []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        drawn.append(shown(layer(many())))
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])


CHOICES = [
    {},
    {"asking": "once"},
    {"query": "content"},
    {"attention": "film"},
    {"attention": "concat"},
    {"fusion": "per-clip"},
    {"backbone": "residual", "backbone_width": 4},
    {"ps_pool_branch": True, "ps_squeeze": 2},
]


def without(trial, lost):
    """The same trial as if what was hidden had never been recorded."""
    trial = copy.copy(trial)
    for name in lost:
        setattr(trial, name, None)
    if "ps" in lost:
        trial.ps_names, trial.ps_units, trial.ps_sfreq = (), (), None
    return trial


@pytest.mark.parametrize("choice", CHOICES, ids=str)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_hidden_modality_is_as_if_it_had_not_been_recorded(make_trial, unsettle, choice, seed):
    """Logits, gradients and running statistics, in training."""
    trials = [make_trial(k, n_frames=3 + k, n_samples=131 + 40 * k) for k in range(5)]

    def fresh(share):
        torch.manual_seed(0)
        settings = {"ps_sfreq": 64.0, "grid": 3, "dropout": 0.0, "modality_dropout": share}
        return unsettle(build("meps", **settings | choice)).train()

    hiding, plain = fresh(0.8), fresh(0.0)
    batch = collate(trials, "abc")
    torch.manual_seed(seed)
    left = hiding.hide(batch).present
    lost = [[m for m in ALL if not left[m][k]] for k in range(5)]
    assert sum(map(len, lost)) >= 3
    torch.manual_seed(seed)
    got = hiding(batch).logits
    fewer = collate([without(t, gone) for t, gone in zip(trials, lost, strict=True)], "abc")
    wanted = plain(fewer).logits
    torch.testing.assert_close(got, wanted, atol=1e-4, rtol=1e-4)
    for name, buffer in plain.named_buffers():
        torch.testing.assert_close(hiding.get_buffer(name), buffer, atol=1e-5, rtol=1e-4, msg=name)
    for logits in (got, wanted):
        torch.nn.functional.cross_entropy(logits, batch.label).backward()
    for (name, a), b in zip(hiding.named_parameters(), plain.parameters(), strict=True):
        if a.grad is not None:
            torch.testing.assert_close(a.grad, b.grad, atol=1e-3, rtol=1e-3, msg=name)


def signal_tokens(unsettle):
    torch.manual_seed(0)
    encoder = SeparableMixableEncoder(3, 64.0, dim=12, width=4)
    return unsettle(SignalTokens(SignalInput(3), encoder, 12))


@pytest.mark.parametrize("training", [True, False])
def test_a_trial_without_signals_enters_no_token_and_no_statistic(uneven, unsettle, training):
    """The fourth trial has none: those before it are as they are without it, also in training."""
    with_it, without_it = (signal_tokens(unsettle).train(training) for _ in range(2))
    batch = collate(uneven, "abc")
    batch.ps[3], batch.ps_mask[3] = 1e3, True  # as where a signal is there and was hidden
    tokens, counts, keys = with_it(batch)
    wanted = without_it(collate(uneven[:3], "abc"))
    for mask, other in zip((counts, keys), wanted[1:], strict=True):
        assert torch.equal(mask[:3], other)
    real = keys[:3]
    torch.testing.assert_close(tokens[:3][real], wanted[0][real])
    for name, buffer in without_it.named_buffers():
        torch.testing.assert_close(with_it.get_buffer(name), buffer, msg=name)
    assert torch.equal(tokens[3], with_it.fill.absent.expand_as(tokens[3]))
    assert counts[3].all() and not keys[3].any()


def test_where_nobody_has_signals_everyone_gets_the_learnt_vector(make_trial, unsettle):
    layer = signal_tokens(unsettle)
    before = copy.deepcopy(layer.state_dict())
    nobody = collate([make_trial(k, ("colour",)) for k in range(3)], "abc")
    hidden = collate([make_trial(k) for k in range(3)], "abc")
    hidden.present["ps"][:] = False
    for batch in (nobody, hidden):
        tokens, counts, keys = layer(batch)
        assert torch.equal(tokens, layer.fill.absent.expand_as(tokens))
        assert counts.all() and not keys.any() and tokens.shape[1] > 1
    for name, buffer in layer.named_buffers():
        if "num_batches" not in name:
            assert torch.equal(buffer, before[name]), name


@pytest.mark.parametrize("training", [True, False])
def test_what_is_no_number_in_padding_goes_no_further(uneven, unsettle, training):
    """NaN behind a signal and in a hidden one: tokens, statistics, gradients are as with zeros."""
    results = []
    for filling in (0.0, torch.nan):
        layer, batch = signal_tokens(unsettle).train(training), collate(uneven, "abc")
        batch.ps = batch.ps.masked_fill(~batch.ps_mask[:, None], filling)
        batch.ps[3], batch.ps_mask[3] = filling, True
        tokens, _, _ = layer(batch)
        tokens.square().sum().backward()
        results.append([tokens, *layer.buffers(), *(p.grad for p in layer.parameters())])
    for with_zeros, with_nan in zip(*results, strict=True):
        assert torch.equal(with_nan, with_zeros)


def test_a_signal_of_one_token_has_a_second_step_that_is_masked(make_trial, unsettle):
    """As it has among longer ones; a trial without signals has the learnt vector at both."""
    layer = signal_tokens(unsettle).eval()
    short, nobody = make_trial(0, n_samples=21), make_trial(1, ("colour",))
    tokens, counts, keys = layer(collate([short, nobody], "abc"))
    assert keys.tolist() == [[True, False], [False, False]]
    assert counts.tolist() == [[True, False], [True, True]]
    assert torch.equal(tokens[1], layer.fill.absent.expand(2, 12))
    among, also_counts, also_keys = layer(collate([short, make_trial(2)], "abc"))
    torch.testing.assert_close(tokens[0, 0], among[0, 0])
    for mask in (also_counts[0], also_keys[0]):
        assert mask[0] and len(mask) > 2 and not mask[1:].any()


def with_padding(batch, more, value):
    """`more` frames of padding behind each clip, and `value` in all that is padding."""

    def longer(x):
        return pad(x, (0, 0, 0, 0, 0, 0, 0, more))

    real = pad(batch.frame_mask, (0, more))
    seen = real[:, :, None, None, None]
    frames = {
        name: torch.where(seen, longer(getattr(batch, name)), value) for name in ("colour", "depth")
    }
    return replace(batch, frame_mask=real, depth_mask=longer(batch.depth_mask), **frames)


@pytest.mark.parametrize("name", ["colour", "depth"])
@pytest.mark.parametrize("mode", ["difference", "raw"])
@pytest.mark.parametrize("kind", BACKBONES)
def test_padding_enters_no_statistic_of_a_backbone_in_training(uneven, unsettle, name, mode, kind):
    """Tokens and running statistics are those of the real frames, one after the other."""

    def fresh():
        torch.manual_seed(0)
        backbone = BACKBONES[kind]({"colour": 3, "depth": 1}[name], dim=4, width=4, grid=3)
        return unsettle(FrameTokens(FrameInput(name, mode), backbone, 4, 3)).train()

    alone, batch = fresh(), collate(uneven, "abc")
    inputs = [alone.input(collate([t], "abc"))[0][0] for t in uneven if name in t.modalities]
    maps = alone.backbone(torch.cat(inputs))
    real = batch.frame_mask & batch.present[name][:, None]
    for more, value in ((0, 0.0), (0, 1e3), (2, 0.0), (5, -1e3)):
        layer = fresh()
        tokens = layer(with_padding(batch, more, value))[:, : real.shape[1]]
        torch.testing.assert_close(tokens[real], rearrange(maps, "n d h w -> n (h w) d"))
        for key, buffer in alone.named_buffers():
            torch.testing.assert_close(layer.get_buffer(key), buffer, msg=key)
