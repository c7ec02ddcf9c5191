"""The plain networks have the published counts and shapes, and do what their docstrings say."""

import pytest
import torch
from torch.nn import functional as F

from tests.lib.models.plain import PlainDualInception, PlainInception, PlainRCN, PlainSTSTNet


def count(net):
    return sum(p.numel() for p in net.parameters())


def test_ststnet_has_its_count_its_names_and_its_shapes():
    net = PlainSTSTNet()
    assert count(net) == 1683
    assert count(PlainSTSTNet(n_classes=7)) == 1683 + 4 * 401
    heads = {key.split(".")[0] for key in net.state_dict()}
    assert heads == {"conv1", "conv2", "conv3", "bn1", "bn2", "bn3", "fc"}
    assert [net.conv1.out_channels, net.conv2.out_channels, net.conv3.out_channels] == [3, 5, 8]
    assert net.fc.in_features == 400
    assert net(255 * torch.rand(2, 3, 28, 28)).shape == (2, 3)


def test_ststnet_norms_after_its_relu():
    """Weights 0 and bias -1: the ReLU gives 0, the norm -2. Norm first would give 0."""
    net = PlainSTSTNet().eval()
    with torch.no_grad():
        for k in "123":
            getattr(net, f"conv{k}").weight.zero_()
            getattr(net, f"conv{k}").bias.fill_(-1)
            getattr(net, f"bn{k}").bias.fill_(-2)
        want = -2 * net.fc.weight.sum(1) + net.fc.bias
        torch.testing.assert_close(net(torch.rand(1, 3, 28, 28))[0], want)


@pytest.mark.parametrize(
    ("variant", "channels", "pool", "want"),
    [
        ("A", 32, 5, 15_331),
        ("A", 64, 7, 55_747),
        ("R", 32, 5, 15_331),
        ("S", 32, 5, 24_643),
        ("W", 32, 5, 13_795),
        ("C", 32, 5, 33_539),
    ],
)
@pytest.mark.parametrize("size", [28, 60])
def test_rcn_has_its_count_and_shape(variant, channels, pool, want, size):
    net = PlainRCN(variant, channels, pool)
    assert count(net) == want
    assert net(torch.rand(2, 3, size, size)).shape == (2, 3)


def test_rcn_never_calls_what_only_its_count_has():
    """A layer of the dense block, 9,312, and C's embedding, 10,432."""
    for variant, spare in {"A": 0, "R": 0, "S": 9_312, "W": 0, "C": 9_312 + 10_432}.items():
        net = PlainRCN(variant).train()
        net(torch.rand(4, 3, 28, 28)).square().sum().backward()
        assert sum(p.numel() for p in net.parameters() if p.grad is None) == spare


def test_rcn_uses_one_norm_for_both_recursions():
    torch.manual_seed(0)
    net = PlainRCN("A").train()
    net(torch.rand(2, 3, 28, 28))
    block = net.blocks[0]
    assert block.first.bn.num_batches_tracked == 1
    assert block.again.bn.num_batches_tracked == 2


def test_rcn_attention_by_hand():
    """One class after the other, with loops, gives the same map; it lies between 0 and 1."""
    torch.manual_seed(0)
    net = PlainRCN("A", channels=4, pool=3).eval()
    x = torch.rand(2, 4, 6, 6)
    got = net.attention(x)
    pooled, want = F.adaptive_avg_pool2d(x, 3), torch.zeros(2, 1, 3, 3)
    for b in range(2):
        for weight in net.fc.weight:
            one = sum(weight.view(4, 3, 3)[c] * pooled[b, c] for c in range(4)) / 4
            want[b, 0] += (one - one.min()) / (one.max() - one.min()) / 3
    torch.testing.assert_close(got, want)
    assert got.min() >= 0 and got.max() <= 1


def test_rcn_attention_of_features_before_the_block_multiplies_those_after_it():
    torch.manual_seed(0)
    net, bare = PlainRCN("A").eval(), PlainRCN("R").eval()
    bare.load_state_dict(net.state_dict())
    x = torch.rand(2, 3, 28, 28)
    before = F.max_pool2d(net.conv1(x), 2)
    after = F.adaptive_avg_pool2d(F.max_pool2d(net.blocks[0](before), 2), 5)
    torch.testing.assert_close(net(x), net.fc((after * net.attention(before)).flatten(1)))
    torch.testing.assert_close(bare(x), net.fc(after.flatten(1)))


def test_rcn_constant_map_is_no_nan():
    net = PlainRCN("A").eval()
    x = torch.zeros(1, 32, 14, 14, requires_grad=True)
    a = net.attention(x)
    a.sum().backward()
    assert a.eq(0).all() and x.grad.isfinite().all()


def test_dual_inception_has_its_count_and_shape():
    net = PlainDualInception()
    assert count(net) == 6_449_963
    assert count(net.stream_x) == count(net.stream_y) == 11_668
    assert count(PlainDualInception(in_channels=1)) == 6_449_963 - 96
    flow = torch.rand(2, 2, 28, 28)
    assert net(flow).shape == (2, 3)
    assert net.stream_x(flow[:, :1].expand(-1, 3, -1, -1)).shape == (2, 3136)


def test_inception_blocks_have_their_counts():
    assert count(PlainInception(3, 6)) == 1_332
    assert count(PlainInception(1, 6)) == 1_284
    assert count(PlainInception(24, 16)) == 10_336


def test_dual_inception_keeps_its_streams_apart():
    """A change of flow y leaves the first stream's half of the joined features as it was."""
    torch.manual_seed(0)
    net, seen = PlainDualInception().eval(), []
    net.joined.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    flow = torch.rand(1, 2, 28, 28)
    net(flow)
    net(flow * torch.tensor([1.0, 2.0]).view(1, 2, 1, 1))
    torch.testing.assert_close(seen[0][:, :3136], seen[1][:, :3136])
    assert not torch.allclose(seen[0][:, 3136:], seen[1][:, 3136:])
