"""The frame backbone: three halvings, a grid, and a norm that keeps frames apart in evaluation."""

import pytest
import torch
from torch.nn.functional import adaptive_avg_pool2d, batch_norm, conv2d, gelu

from meps_lib.errors import MepsError
from meps_lib.layers import FrameBackbone, ResidualBackbone


def test_it_is_three_convolutions_by_hand(unsettle):
    torch.manual_seed(0)
    net = unsettle(FrameBackbone(1, dim=8, width=4, grid=3)).eval()
    x = torch.randn(2, 1, 40, 32)
    y = x
    for conv, norm, _ in net.layers:
        y = conv2d(y, conv.weight, stride=2, padding=1)
        y = batch_norm(y, norm.running_mean, norm.running_var, norm.weight, norm.bias)
        y = gelu(y)
    torch.testing.assert_close(net(x), adaptive_avg_pool2d(y, 3))
    # 1 x 4 x 9 + 4 x 8 x 9 + 8 x 8 x 9 weights, and two numbers a channel of each norm
    assert sum(p.numel() for p in net.parameters()) == 36 + 288 + 576 + 2 * (4 + 8 + 8)


def test_a_place_in_the_frame_is_the_same_place_in_the_map(unsettle):
    net = unsettle(FrameBackbone(3, dim=8, width=4, grid=3)).eval()
    still = torch.zeros(1, 3, 48, 48)
    moved = still.clone()
    moved[..., 20:28, 40:46] = 1.0  # middle row, right column
    change = (net(moved) - net(still)).abs().sum(dim=1)[0]
    assert divmod(int(change.argmax()), 3) == (1, 2)


def test_small_frames_are_refused():
    with pytest.raises(MepsError, match="40 x 24 pixels .* 5 x 3, .*grid=4; use .* at least 32"):
        FrameBackbone(3, grid=4)(torch.zeros(1, 3, 24, 40))


def numbers(*stages, dim, in_channels, blocks):
    """Parameters of a residual network: convolutions without bias, two numbers a channel a norm."""
    total, a = 0, in_channels
    for b in stages:
        for _ in range(blocks):
            total += 9 * a * b + 9 * b * b + a * b + 3 * 2 * b  # two 3 x 3, a shortcut, three norms
            a = b
    return total + a * dim + dim


@pytest.mark.parametrize(("width", "blocks", "dim"), [(4, 1, 8), (16, 2, 32), (5, 3, 6)])
def test_a_residual_network_is_as_large_as_its_width_and_depth_say(width, blocks, dim):
    net = ResidualBackbone(3, dim=dim, width=width, grid=2, blocks=blocks)
    stages = (width, 2 * width, 4 * width)
    wanted = numbers(*stages, dim=dim, in_channels=3, blocks=blocks)
    assert sum(p.numel() for p in net.parameters()) == wanted
    assert net(torch.zeros(1, 3, 24, 16)).shape == (1, dim, 2, 2)


def test_a_residual_network_is_its_convolutions_by_hand(unsettle):
    torch.manual_seed(0)
    net = unsettle(ResidualBackbone(1, dim=8, width=4, grid=2)).double().eval()
    x = torch.randn(2, 1, 23, 32, dtype=torch.float64)
    y, strides = x, (2, 1, 2, 1, 2, 1)

    def run(y, conv, norm, stride, padding):
        y = conv2d(y, conv.weight, stride=stride, padding=padding)
        return batch_norm(y, norm.running_mean, norm.running_var, norm.weight, norm.bias)

    *blocks, last = net.layers
    for block, stride in zip(blocks, strides, strict=True):
        first, norm, _, second, other = block.change
        changed = run(gelu(run(y, first, norm, stride, 1)), second, other, 1, 1)
        y = gelu(changed + run(y, *block.shortcut, stride, 0))
    y = conv2d(y, last.weight, last.bias)
    assert y.shape[-2:] == (3, 4)
    torch.testing.assert_close(net(x), adaptive_avg_pool2d(y, 2))


def test_a_residual_network_keeps_places_and_refuses_small_frames(unsettle):
    torch.manual_seed(0)
    net = unsettle(ResidualBackbone(3, dim=8, width=4, grid=3, blocks=1)).eval()
    still = torch.zeros(1, 3, 96, 96)
    moved = still.clone()
    moved[..., 40:56, 80:92] = 1.0  # middle row, right column
    change = (net(moved) - net(still)).abs().sum(dim=1)[0]
    assert divmod(int(change.argmax()), 3) == (1, 2)
    assert net(torch.zeros(1, 3, 24, 24)).shape == (1, 8, 3, 3)
    with pytest.raises(MepsError, match="40 x 16 pixels .* 5 x 2, .*grid=3; use .* at least 24"):
        net(torch.zeros(1, 3, 16, 40))


def test_a_residual_network_needs_a_block():
    with pytest.raises(MepsError, match="blocks=0"):
        ResidualBackbone(3, blocks=0)
