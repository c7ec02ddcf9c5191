"""Attributions: what is known of a linear network, and what must hold of one that learnt."""

import sys
from dataclasses import replace

import pytest
import torch

from meps_lab.judging import pointing_game
from meps_lib.errors import MepsError
from meps_lib.explain import grad_cam, integrated_gradients, occlusion
from meps_lib.explain.changed import real_samples
from meps_lib.models import build
from tests.lib.explain.planted import ALL, Linear, batch_of, trial, truth, uneven


def first_and_mean(batch):
    """The batch in which nothing happens, made trial by trial."""
    out = replace(
        batch, colour=batch.colour.clone(), depth=batch.depth.clone(), ps=batch.ps.clone()
    )
    for k, t in enumerate(uneven()):
        if t.colour is not None:
            out.colour[k, : t.n_frames] = t.colour[:1]
        if t.depth is not None:
            first = t.depth[:1].expand_as(t.depth)
            known = ~t.depth.isnan() & ~first.isnan()
            out.depth[k, : t.n_frames][known] = first[known]
        if t.ps is not None:
            out.ps[k, :, : t.ps.shape[1]] = t.ps.mean(dim=1, keepdim=True)
    return out


def measured(batch, m):
    return real_samples(batch, m).to(getattr(batch, m))


def test_what_is_real_is_what_the_trials_hold(batch):
    for m in ALL:
        counts = [0 if (x := getattr(t, m)) is None else (~x.isnan()).sum() for t in uneven()]
        assert real_samples(batch, m).flatten(1).sum(dim=1).tolist() == [int(n) for n in counts]


@pytest.mark.parametrize("modalities", [None, ("colour",), ("depth",), ("ps",)])
def test_integrated_gradients_are_complete(trained, batch, modalities):
    asked = modalities or ALL
    base = first_and_mean(batch)
    base = replace(batch, **{m: getattr(base, m) for m in asked})
    parts = integrated_gradients(trained, batch, batch.label, modalities, steps=96)
    assert set(parts) == set(asked)
    total = sum(part.flatten(1).sum(dim=1) for part in parts.values())
    with torch.no_grad():
        change = trained(batch).logits - trained(base).logits
    change = change.gather(1, batch.label[:, None])[:, 0]
    assert change.abs().max() > 0.5
    torch.testing.assert_close(total, change, rtol=1e-2, atol=2e-3)


def test_of_a_linear_network_they_are_the_weights_times_the_change(batch):
    model = Linear(batch).train()  # its dropout must not enter
    base, target = first_and_mean(batch), torch.tensor([1, 0, 1, 1, 0, 0])
    parts = integrated_gradients(model, batch, target, steps=3, at_once=1)
    for m, part in parts.items():
        want = model.weights[m][target] * (getattr(batch, m) - getattr(base, m))
        want = want if m == "ps" else want.sum(dim=2)
        torch.testing.assert_close(part, want.detach(), rtol=1e-4, atol=1e-4)
    assert model.training and model.dropout.training


@pytest.mark.parametrize("method", ["gradients", "occlusion"])
def test_nothing_lands_where_nothing_was_measured(batch, method):
    """The network reads padding, holes and absent modalities; only the map must not."""
    model = Linear(batch)
    spoilt = replace(batch, ps=batch.ps.masked_fill(~real_samples(batch, "ps"), torch.nan))
    for m, window in (("colour", (2, 9, 7)), ("depth", (2, 9, 7)), ("ps", (11,))):
        real = real_samples(batch, m)
        real = real if m == "ps" else real[:, :, 0]
        if method == "occlusion":
            part, clean = (
                occlusion(model, b, 1, m, window, baseline="zeros") for b in (spoilt, batch)
            )
        else:
            zeros = {m: "zeros"}
            part, clean = (
                integrated_gradients(model, b, 1, (m,), zeros, steps=2)[m] for b in (spoilt, batch)
            )
        if m == "ps":
            assert torch.equal(part, clean), "a NaN in padding changes nothing"
        assert (clean[~real] == 0).all() and (clean[real] != 0).float().mean() > 0.9


def test_a_hidden_modality_has_no_share(trained, batch):
    there = batch.present["colour"].clone()
    there[0] = False
    have = (("depth", "ps"), *batch.modalities[1:])
    hidden = replace(batch, present=batch.present | {"colour": there}, modalities=have)
    assert (integrated_gradients(trained, hidden, 0, steps=2)["colour"][0] == 0).all()
    assert (occlusion(trained, hidden, 0, "colour", (7, 16, 16))[0] == 0).all()
    assert (grad_cam(trained, hidden, 0)[0] == 0).all()
    assert (grad_cam(trained, hidden, 0, relu=False)[1, 0] != 0).any()


def test_occlusion_is_a_deletion_by_hand(trained, batch):
    """Windows that do not fit evenly: 7 frames by 2, 32 pixels by 12, 148 samples by 50."""
    base = first_and_mean(batch)
    with torch.no_grad():
        whole = trained(batch).logits[:, 1]
        colour = batch.colour.clone()
        colour[:, 2:4, :, 12:24, 24:] = base.colour[:, 2:4, :, 12:24, 24:]
        fell = whole - trained(replace(batch, colour=colour)).logits[:, 1]
        ps = batch.ps.clone()
        ps[:, 1, 50:100] = base.ps[:, 1, 50:100]
        fell_ps = whole - trained(replace(batch, ps=ps)).logits[:, 1]
    got = occlusion(trained, batch, 1, "colour", (2, 12, 12))
    want = (
        fell[:, None, None, None].expand(6, 2, 12, 8)
        * measured(batch, "colour")[:, 2:4, 0, :12, :8]
    )
    torch.testing.assert_close(got[:, 2:4, 12:24, 24:], want, rtol=1e-4, atol=1e-5)
    assert fell.abs().max() > 1e-3 and fell_ps.abs().max() > 1e-3
    got = occlusion(trained, batch, 1, "ps", (50,))
    want = fell_ps[:, None] * measured(batch, "ps")[:, 1, 50:100]
    torch.testing.assert_close(got[:, 1, 50:100], want, rtol=1e-4, atol=1e-5)


def test_where_windows_overlap_a_sample_has_their_mean(batch):
    model = Linear(batch)
    got = occlusion(model, batch, 0, "ps", (2,), (1,), baseline="zeros")[0, 0]
    of_sample = (model.weights["ps"][0] * batch.ps[0]).detach()[0]
    pairs = of_sample[:-1] + of_sample[1:]
    torch.testing.assert_close(got[1:50], (pairs[:-1] + pairs[1:])[:49] / 2, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("modality", ["colour", "depth"])
def test_grad_cam_is_its_formula_on_the_last_map(trained, batch, modality):
    kept = []
    hook = trained.encoders[modality].backbone.register_forward_hook(
        lambda _module, _given, out: kept.append(out)
    )
    logits = trained(batch).logits
    hook.remove()
    (slope,) = torch.autograd.grad(logits[:, 1].sum(), kept[0])
    cam = (slope.mean(dim=(2, 3), keepdim=True) * kept[0]).sum(dim=1).detach()
    got = grad_cam(trained, batch, 1, modality, relu=False)
    row = 0
    for k, t in enumerate(uneven()):
        T = 0 if getattr(t, modality) is None else t.n_frames
        torch.testing.assert_close(got[k, :T], cam[row : row + T])
        assert (got[k, T:] == 0).all()
        row += T
    assert row == len(cam)
    torch.testing.assert_close(grad_cam(trained, batch, 1, modality), got.clamp(min=0))


def test_what_was_learnt_is_found_where_it_lies(trained):
    trials = [trial(k) for k in range(80, 88)]
    batch = batch_of(trials)
    maps = {
        "gradients": integrated_gradients(trained, batch, batch.label, ("colour",))["colour"],
        "occlusion": occlusion(trained, batch, batch.label, "colour", (7, 8, 8)),
    }
    for name, of_method in maps.items():
        hits = [
            pointing_game(m.sum(dim=0), truth(t.label))
            for m, t in zip(of_method, trials, strict=True)
        ]
        assert sum(hits) >= 6, name  # the floor is a quarter: 2 of 8


def test_a_baseline_is_an_argument(batch):
    model = Linear(batch)
    full = {"colour": torch.rand(3, 1, 1), "depth": "mean", "ps": "first"}
    parts = integrated_gradients(model, batch, 1, baseline=full, steps=2)
    x, w = batch.colour, model.weights["colour"][1]
    want = (w * (x - full["colour"]) * measured(batch, "colour")).sum(dim=2)
    torch.testing.assert_close(parts["colour"], want.detach(), rtol=1e-4, atol=1e-4)
    mean = torch.stack(
        [torch.zeros(1, 32, 32) if t.depth is None else t.depth.nanmean(dim=0) for t in uneven()]
    )
    want = model.weights["depth"][1] * (batch.depth - mean[:, None]) * measured(batch, "depth")
    torch.testing.assert_close(
        parts["depth"], want.detach().nan_to_num()[:, :, 0], rtol=1e-3, atol=1e-2
    )
    want = model.weights["ps"][1] * (batch.ps - batch.ps[..., :1]) * measured(batch, "ps")
    torch.testing.assert_close(parts["ps"], want.detach(), rtol=1e-4, atol=1e-4)


def test_gradients_are_refused_where_torch_keeps_none(trained, batch):
    calls = [lambda: integrated_gradients(trained, batch, 0, steps=2)["ps"]]
    calls.append(lambda: grad_cam(trained, batch, 0))
    for call in calls:
        with (
            torch.inference_mode(),
            pytest.raises(MepsError, match="cannot be had under torch.inf"),
        ):
            call()
        with torch.no_grad():
            got = call()
        torch.testing.assert_close(got, call())


def test_what_cannot_be_asked_is_refused(trained, batch, monkeypatch):
    def refused(message, call, *args, **kwargs):
        with pytest.raises(MepsError, match=message):
            call(*args, **kwargs)

    ig = integrated_gradients
    refused("target=.2.; expected a class from 0 to 1", ig, trained, batch, 2)
    refused(
        "one for all trials or one for each of 6", ig, trained, batch, torch.tensor([0, 1, 0, 1])
    )
    refused("modality='eeg'; expected one of", ig, trained, batch, 0, ("eeg",))
    refused(
        "baseline of ps, of which nothing is", ig, trained, batch, 0, ("depth",), {"ps": "mean"}
    )
    refused("baseline of ps='last'; expected one of", ig, trained, batch, 0, None, {"ps": "last"})
    refused("baseline of ps has shape", ig, trained, batch, 0, None, {"ps": torch.zeros(4)})
    refused("expected finite numbers", ig, trained, batch, 0, None, {"ps": torch.tensor(torch.nan)})
    refused("steps=0", ig, trained, batch, 0, steps=0)
    refused("expected 1 whole numbers", occlusion, trained, batch, 0, "ps", (4, 4))
    refused("strides of 1 to the window", occlusion, trained, batch, 0, "ps", (4,), (5,))
    refused("no backbone for it", grad_cam, trained, batch, 0, "ps")
    alone = batch_of([trial(0, ("ps",))])
    refused("no trial of the batch has colour", ig, trained, alone, 0, ("colour",))
    refused("no trial of the batch has colour", grad_cam, trained, alone, 0)
    of_flow = build("flowmap", n_classes=2)
    refused("no modality of the batch to ask of; the model reads flow", ig, of_flow, batch, 0)
    monkeypatch.setitem(sys.modules, "captum", None)
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    refused(r'pip install "meps-lib\[explain\]"', ig, trained, batch, 0)
