"""The published baselines against plain versions that were written from the facts alone."""

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from meps_lab.experiments.config import recipe
from meps_lib.errors import MepsError
from meps_lib.models import MODELS, RECIPES, build
from meps_lib.training import TrainConfig, fit
from meps_lib.trial import Trial, collate
from tests.lib.models.plain import PlainDualInception, PlainRCN, PlainSTSTNet

PEOPLE = 6


@pytest.fixture
def batch():
    draw = torch.Generator().manual_seed(5)
    trials = []
    for k in range(PEOPLE):
        flow = torch.randint(0, 256, (1, 3, 28, 28), generator=draw).float()
        trials.append(Trial(label="abc"[k % 3], subject=f"s{k}", clip=f"c{k}", flow=flow))
    return collate(trials, "abc")


def lively(model, seed=0):
    """Weights and running statistics that no two channels share."""
    draw = torch.Generator().manual_seed(seed)
    for name, x in model.state_dict().items():
        if x.is_floating_point():
            x.copy_(0.5 * torch.rand(x.shape, generator=draw) + (0.2 if "var" in name else -0.2))
    return model


def count(model):
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize(
    ("name", "settings", "n"),
    [
        ("ststnet", {}, 1683),
        ("rcn", {}, 15331),
        ("rcn", {"width": 64, "grid": 7}, 55747),
        ("rcn", {"variant": "R"}, 15331),
        ("rcn", {"variant": "S"}, 24643),
        ("rcn", {"variant": "W"}, 13795),
        ("rcn", {"variant": "C"}, 33539),
        ("featref", {"branches": False}, 6449963),
    ],
)
def test_parameters_are_those_published(name, settings, n):
    assert count(build(name, **settings)) == n


@pytest.mark.parametrize("suffix", ["safetensors", "pt"])
def test_the_authors_names_load_and_give_the_same_answers(batch, tmp_path, suffix):
    plain = lively(PlainSTSTNet())
    path = tmp_path / f"net.{suffix}"
    if suffix == "pt":
        torch.save(plain.state_dict(), path)
        state = torch.load(path, weights_only=True)
    else:
        save_file(plain.state_dict(), path)
        state = load_file(path)
    ours = build("ststnet", order="opencv")
    ours.load_state_dict(state)
    read_by_opencv = batch.flow[:, 0, [2, 1, 0]]  # blue, the strain, first
    torch.testing.assert_close(
        ours.eval()(batch).logits, plain.eval()(read_by_opencv), atol=1e-6, rtol=1e-5
    )
    named = build("ststnet")
    with pytest.raises(MepsError, match="build it with order='opencv'"):
        named.load_state_dict(plain.state_dict())
    named.load_state_dict(ours.state_dict())  # by our own names whoever wants may do so
    torch.testing.assert_close(
        named.eval()(batch).logits, plain(batch.flow[:, 0]), atol=1e-6, rtol=1e-5
    )
    assert not torch.allclose(named(batch).logits, ours(batch).logits)


def test_streams_of_other_sizes_are_refused():
    state = PlainSTSTNet().state_dict()
    with pytest.raises(MepsError, match=r"'conv1': 3, .* filters; the network has \(4, 4, 8\)"):
        build("ststnet", filters=(4, 4, 8), order="opencv").load_state_dict(state)


def test_a_file_without_one_of_the_streams_is_refused():
    state = PlainSTSTNet().state_dict()
    del state["conv2.bias"]
    with pytest.raises(RuntimeError, match="conv.bias"):
        build("ststnet", order="opencv").load_state_dict(state)


def test_three_streams_and_one_learn_alike(batch):
    """Without dropout: the same losses, gradients and statistics, step after step."""
    plain = lively(PlainSTSTNet())
    ours = build("ststnet", dropout=0.0, order="opencv")
    ours.load_state_dict(plain.state_dict())
    read_by_opencv = batch.flow[:, 0].flip(1)
    losses = {}
    for name, net in (("plain", plain), ("ours", ours)):
        net.train()
        optimiser = torch.optim.Adam(net.parameters(), 1e-3)
        losses[name] = []
        for _ in range(5):
            logits = undropped(net, read_by_opencv) if name == "plain" else net(batch).logits
            loss = nn.functional.cross_entropy(logits, batch.label)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses[name].append(loss.item())
    assert losses["ours"] == pytest.approx(losses["plain"], rel=1e-4)
    again = build("ststnet", order="opencv")
    again.load_state_dict(plain.state_dict())
    torch.testing.assert_close(again.bn.running_var, ours.bn.running_var, rtol=1e-4, atol=1e-5)


def undropped(net, x):
    """The plain network's training pass without its dropout."""
    streams = []
    for k in (1, 2, 3):
        y = getattr(net, f"bn{k}")(getattr(net, f"conv{k}")(x).relu())
        streams.append(nn.functional.max_pool2d(y, 3, stride=3, padding=1))
    return net.fc(nn.functional.avg_pool2d(torch.cat(streams, 1), 2).flatten(1))


@pytest.mark.parametrize("variant", ["A", "R", "S", "W", "C"])
@pytest.mark.parametrize(("width", "grid"), [(32, 5), (8, 7)])
def test_rcn_is_the_plain_one(batch, variant, width, grid):
    plain = lively(PlainRCN(variant, width, grid))
    ours = build("rcn", variant=variant, width=width, grid=grid)
    copied(plain, ours)
    want = plain.eval()(batch.flow[:, 0] / 255)
    torch.testing.assert_close(ours.eval()(batch).logits, want, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("variant", ["A", "R", "S", "W", "C"])
def test_a_trained_rcn_answers_as_the_plain_one_with_its_weights(batch, variant):
    """Running statistics too; what is counted and never called stays as it began."""
    torch.manual_seed(1)
    trials = [
        Trial(label="abc"[k % 3], subject=f"s{k}", clip=f"c{k}", flow=x.roll(k, -1))
        for k, x in enumerate(batch.flow)
    ]
    net = build("rcn", variant=variant, width=8)
    spare = {n: p.clone() for n, p in net.named_parameters() if "never_called" in n}
    fit(net, trials, [], "abc", recipe("rcn", epochs=5, batch_size=3, learning_rate=0.05), 0)
    assert all(torch.equal(net.get_parameter(name), x) for name, x in spare.items())
    assert bool(spare) == (variant in "SC")
    plain = PlainRCN(variant, 8)
    copied(net, plain)
    want = plain.eval()(batch.flow[:, 0] / 255)
    torch.testing.assert_close(net.eval()(batch).logits, want, atol=1e-5, rtol=1e-4)
    assert want.std(dim=0).min() > 1e-3


def test_c_attends_to_the_map_itself(batch):
    """Where the classifier prefers the upper left, nothing else reaches the block."""
    net = lively(build("rcn", variant="C")).eval()
    with torch.no_grad():
        net.fc.weight.zero_()
        net.fc.weight.unflatten(1, (-1, 5, 5))[:, :, 0, 0] = 1.0
    places = net(batch).weights["places"]
    assert (places[:, 0, 0] == 1).all() and (places.flatten(1)[:, 1:] == 0).all()
    other = batch.flow.clone()
    batch.flow[..., 12:, 12:] = 255 - batch.flow[..., 12:, 12:]
    first = net(batch).logits
    batch.flow = other
    torch.testing.assert_close(net(batch).logits, first)


def test_attention_prefers_no_place_of_a_constant_map(batch):
    """As written it would be 0 / 0; here all places are kept."""
    net = lively(build("rcn"))
    with torch.no_grad():
        net.fc.weight.zero_()
    out = net.eval()(batch)
    assert (out.weights["places"] == 1).all() and out.logits.isfinite().all()


def test_attention_lies_between_0_and_1_and_differs_between_maps(batch):
    places = lively(build("rcn")).eval()(batch).weights["places"]
    assert places.shape == (PEOPLE, 5, 5)
    assert places.min() >= 0 and places.max() <= 1
    assert not torch.allclose(places[0], places[1])


def test_the_trunk_of_featref_is_the_plain_dual_inception(batch):
    plain, ours = PlainDualInception(), build("featref", branches=False)
    copied(plain, ours)
    want = plain.eval()(batch.flow[:, 0, :2] / 255)
    torch.testing.assert_close(ours.eval()(batch).logits, want, atol=1e-5, rtol=1e-4)
    # The strain is not read.
    batch.flow[:, :, 2] = 0
    torch.testing.assert_close(ours(batch).logits, want, atol=1e-5, rtol=1e-4)


def test_each_branch_proposes_its_own_class(batch):
    net = build("featref", hidden=4, features=5)
    out = net(batch)
    want = torch.nn.BCELoss()(out.weights["proposals"].sigmoid(), torch.eye(3)[batch.label])
    torch.testing.assert_close(net.extra_loss(out, batch.label), want)
    half = build("featref", hidden=4, features=5, proposal_weight=0.5)
    torch.testing.assert_close(half.extra_loss(out, batch.label), 0.5 * want)
    for settings in ({"branches": False}, {"proposal_weight": 0.0}):
        assert build("featref", **settings).extra_loss(out, batch.label) == 0
    net.extra_loss(out, batch.label).backward()
    assert net.fc.weight.grad is None and net.branches[2].propose.weight.grad.abs().max() > 0


def test_recipes_are_settings_of_training():
    recipes = {name: TrainConfig(**RECIPES[name]) for name in RECIPES}
    assert recipes["ststnet"].batch_size == 256 and recipes["ststnet"].learning_rate == 5e-5
    assert 500 <= recipes["ststnet"].epochs <= 800
    rcn = recipes["rcn"]
    assert (rcn.optimiser, rcn.momentum, rcn.learning_rate) == ("sgd", 0.9, 5e-4)
    assert (rcn.schedule, rcn.step_epochs, rcn.step_factor) == ("step", 10, 0.5)
    assert (rcn.epochs, rcn.batch_size) == (100, 64)
    featref = recipes["featref"]
    assert (featref.learning_rate, featref.batch_size, featref.epochs) == (1e-4, 3, 40)
    assert {r.keep for r in recipes.values()} == {"last"}
    assert not any(r.class_weights or r.weight_decay for r in recipes.values())
    assert set(RECIPES) < set(MODELS)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("ststnet", {"order": "bgr"}, "order"),
        ("ststnet", {"filters": ()}, "filters"),
        ("ststnet", {"filters": (3, 0)}, "filters"),
        ("ststnet", {"filters": 3}, "filters=3; expected one number a stream"),
        ("ststnet", {"dropout": 2}, "dropout"),
        ("ststnet", {"dropout": 1}, "dropout"),  # nothing would be left
        ("rcn", {"dropout": 1}, "dropout"),
        ("rcn", {"variant": "B"}, "variant"),
        ("rcn", {"variant": "W", "width": 30}, "width"),
        ("rcn", {"grid": 0}, "grid"),
        ("featref", {"hidden": 0}, "hidden"),
        ("featref", {"proposal_weight": -1}, "proposal_weight"),
        ("featref", {"n_classes": 1}, "n_classes"),
        ("featref", {"branches": "False"}, "branches='False'; expected True or False"),
    ],
)
def test_sizes_that_cannot_be_are_refused(name, settings, message):
    with pytest.raises(MepsError, match=message):
        build(name, **settings)


def copied(plain, ours):
    """The plain network's numbers in ours, layer by layer in the order of their making."""
    kinds = (nn.Conv2d, nn.BatchNorm2d, nn.Linear)
    sides = [[m for m in net.modules() if isinstance(m, kinds)] for net in (plain, ours)]
    for a, b in zip(*sides, strict=True):
        b.load_state_dict(a.state_dict())


def test_rcn_begins_as_its_authors_have_it():
    torch.manual_seed(0)
    net = build("rcn", width=64)
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            fan_out = layer.out_channels * layer.kernel_size[0] ** 2
            assert layer.weight.std().item() == pytest.approx((2 / fan_out) ** 0.5, rel=0.1)
    assert net.fc.weight.std().item() == pytest.approx(0.01, rel=0.1)
    assert (net.fc.bias == 0).all() and net.entry[0][0].padding == (0, 0)


def test_the_attention_of_rcn_teaches_the_classifier(batch):
    """Its weights are in the map as well; where the map is held fixed the slope differs."""
    slopes = {}
    for held in (False, True):
        net = lively(build("rcn")).eval()
        if held:
            free = net.places
            net.places = lambda x, free=free: free(x).detach()
        net(batch).logits.square().sum().backward()
        slopes[held] = net.fc.weight.grad
    assert not torch.allclose(slopes[True], slopes[False], rtol=1e-3)


def test_what_no_branch_of_featref_attends_to_is_not_read(batch):
    net = build("featref", hidden=4, features=5).eval()
    out = net(batch).logits
    with torch.no_grad():
        for branch in net.branches:
            branch.attention[2].weight.zero_()
            branch.attention[2].bias.fill_(-100.0)
    blind = net(batch).logits
    assert torch.allclose(blind, blind[:1], atol=1e-6) and not torch.allclose(out, out[:1])


def test_training_teaches_the_proposals(batch):
    """Cross-entropy does not reach their last layer; the model's own loss does, through `fit`."""
    trials = [
        Trial(label="abc"[k % 3], subject=f"s{k}", clip=f"c{k}", flow=x)
        for k, x in enumerate(batch.flow)
    ]
    net = build("featref", hidden=4, features=5)
    before = [branch.propose.weight.clone() for branch in net.branches]
    fit(net, trials, [], "abc", TrainConfig(1, 3, 1e-3, keep="last"), seed=0)
    for old, branch in zip(before, net.branches, strict=True):
        assert not torch.equal(old, branch.propose.weight)


def test_dropout_of_ststnet_takes_half_of_what_is_pooled(batch):
    net = lively(build("ststnet")).train()
    seen = []
    net.mean.register_forward_pre_hook(lambda layer, x: seen.append(x[0]))
    net(batch)
    assert 0.45 < (seen[0] == 0).float().mean() < 0.55 and seen[0].shape[1:] == (16, 10, 10)
