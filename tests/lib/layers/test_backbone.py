"""The frame backbone: three halvings, a grid, and a norm that keeps frames apart in evaluation."""

import pytest
import torch
from torch.nn.functional import adaptive_avg_pool2d, batch_norm, conv2d, gelu

from meps_lib.errors import MepsError
from meps_lib.layers import FrameBackbone


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
