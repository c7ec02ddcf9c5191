"""The small network for flow maps: sizes by hand, scales, and that it can learn."""

from dataclasses import replace

import pytest
import torch

from meps_lib.errors import MepsError
from meps_lib.models import build
from meps_lib.models.flowmap import FlowMap, FlowMapConfig
from meps_lib.training import TrainConfig, fit, predict
from meps_lib.trial import Trial, collate


def maps(n, level=0.0, scale=1.0, seed=0):
    """Trials whose class is where on the map something moves down."""
    draw = torch.Generator().manual_seed(seed)
    out = []
    for k in range(n):
        flow = 0.3 * torch.randn(1, 3, 28, 28, generator=draw)
        flow[0, 1, 9 * (k % 3) : 9 * (k % 3) + 9] += 1.0
        out.append(
            Trial(label="abc"[k % 3], subject=f"s{k // 6}", clip=f"{k}", flow=level + scale * flow)
        )
    return out


def test_parameters_are_those_counted_by_hand():
    n = sum(p.numel() for p in FlowMap(FlowMapConfig()).parameters())
    convolutions = 3 * 8 * 9 + 8 * 16 * 9
    norms = 2 * 8 + 2 * 16
    assert n == convolutions + norms + (16 * 4 * 4 * 3 + 3) == 2187


def test_standardised_maps_have_mean_0_and_deviation_1():
    trials = maps(40, level=128.0, scale=25.0)
    model = FlowMap(FlowMapConfig())
    model.fit_scales(collate(trials[i : i + 7], "abc") for i in range(0, 40, 7))
    x = torch.cat([t.flow for t in trials])
    z = model.scale(x)
    assert torch.allclose(z.mean(dim=(0, 2, 3)), torch.zeros(3), atol=1e-4)
    assert torch.allclose(z.std(dim=(0, 2, 3), unbiased=False), torch.ones(3), atol=1e-4)
    assert torch.allclose(model.scale.mean, x.mean(dim=(0, 2, 3)), atol=1e-3)


def test_a_channel_that_never_changes_is_zero_not_nan():
    trials = [replace(t, flow=torch.full((1, 3, 28, 28), 7.0)) for t in maps(4)]
    model = FlowMap(FlowMapConfig())
    model.fit_scales([collate(trials, "abc")])
    assert (model.scale(trials[0].flow) == 0).all()


def test_the_unit_of_the_maps_does_not_matter():
    """Pixels or grey levels: after the fitted scale the network sees the same."""
    logits = []
    for level, scale in ((0.0, 1.0), (128.0, 64.0)):
        torch.manual_seed(0)
        model, batch = FlowMap(FlowMapConfig()), collate(maps(12, level, scale), "abc")
        model.fit_scales([batch])
        logits.append(model.eval()(batch).logits)
    assert torch.allclose(*logits, atol=1e-3)


def test_several_maps_of_a_trial_count_alike():
    torch.manual_seed(0)
    model, trial = FlowMap(FlowMapConfig()).eval(), maps(1)[0]
    thrice = replace(trial, flow=trial.flow.repeat(3, 1, 1, 1))
    one, three = (model(collate([t], "abc")).logits for t in (trial, thrice))
    assert torch.allclose(one, three, atol=1e-6)


def test_it_learns_where_something_moves():
    train, held_out, test = maps(60, seed=1), maps(12, seed=2), maps(30, seed=3)
    renamed = [replace(t, subject=f"v{t.subject}") for t in held_out]
    torch.manual_seed(0)
    model = FlowMap(FlowMapConfig())
    fit(model, train, renamed, "abc", TrainConfig(epochs=15), seed=0)
    p = predict(model, test, "abc")
    truth = torch.tensor(["abc".index(t.label) for t in test])
    assert (p.argmax(dim=1) == truth).float().mean() > 0.9


def test_what_it_cannot_read_is_refused(make_trial):
    with pytest.raises(MepsError, match="reads \\('flow',\\) alone"):
        FlowMapConfig(modalities=("ps", "flow"))
    with pytest.raises(MepsError, match="grid=0"):
        FlowMapConfig(grid=0)
    with pytest.raises(MepsError, match="dropout=1"):
        FlowMapConfig(dropout=1)
    with pytest.raises(MepsError, match="dropout='a'"):
        FlowMapConfig(dropout="a")
    with pytest.raises(MepsError, match="mirrored='False'; expected True or False"):
        FlowMapConfig(mirrored="False")
    batch = collate([make_trial(0, ("flow",)), make_trial(1, ("ps",))], "abc")
    with pytest.raises(MepsError, match="'clip1' has ps; the model uses flow"):
        FlowMap(FlowMapConfig())(batch)


def test_several_maps_of_a_trial_count_by_their_mean(make_trial, unsettle):
    """The classifier is linear: over two maps it gives the mean of what it gives over each."""
    torch.manual_seed(0)
    net = unsettle(build("flowmap")).eval()
    maps = [torch.randn(1, 3, 28, 28) for _ in range(2)]
    one, other, both = (
        net(collate([make_trial(0, ("flow",), flow=flow)], "abc")).logits
        for flow in (*maps, torch.cat(maps))
    )
    torch.testing.assert_close(both, (one + other) / 2)


def mirror(flow):
    """The map as a camera behind a mirror would have it: u turns round as well."""
    return flow.flip(-1) * torch.tensor([-1.0, 1.0, 1.0]).view(3, 1, 1)


def test_a_mirrored_network_says_of_a_face_what_it_says_of_its_mirror_image():
    trials = maps(18)
    trials += [replace(t, flow=mirror(t.flow), clip=f"m{t.clip}") for t in trials]
    asked = [replace(t, flow=mirror(t.flow)) for t in trials[:18]]
    for mirrored in (True, False):
        torch.manual_seed(0)
        model = build("flowmap", mirrored=mirrored, dropout=0.0)
        fit(model, trials, [], "abc", TrainConfig(2, 8, keep="last"), seed=0)
        one, other = (predict(model, part, "abc") for part in (trials[:18], asked))
        same = torch.allclose(torch.as_tensor(one), torch.as_tensor(other), atol=1e-5)
        assert same == mirrored
    with pytest.raises(MepsError, match="mirrored='yes'; expected True or False"):
        FlowMapConfig(mirrored="yes")


def test_a_mirrored_network_reads_both_images_alike():
    model = build("flowmap", mirrored=True).eval()
    batch = collate(maps(4, seed=3), "abc")
    x = model.scale(batch.flow[:, 0])
    both = [model.features(part) for part in (x, mirror(x))]
    want = model.head((both[0] + both[1]) / 2)
    torch.testing.assert_close(model(batch).logits, want)
