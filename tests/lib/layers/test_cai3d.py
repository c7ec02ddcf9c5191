"""CAI3D: published counts, a block by torch's functions, sizes, and that time is seen."""

import pytest
import torch
from torch.nn.functional import conv3d, cross_entropy, max_pool3d, pad

from meps_lib.errors import MepsError
from meps_lib.layers import CAI3D
from meps_lib.layers.cai3d import Inception3d


@pytest.mark.parametrize(("inputs", "count"), [(3, 4_171_612), (5, 4_175_068)])
def test_it_is_as_large_as_computed_from_the_published_sizes(inputs, count):
    trunk = CAI3D(inputs, width=64, grid=1)
    assert sum(p.numel() for p in trunk.parameters()) == count
    assert [b.gates.channels for b in trunk.blocks] == [192, 448, 960]
    by_hand = [27 * inputs * 64 + 64]
    for n, w in ((64, 64), (192, 128), (448, 256)):
        C = n + 2 * w
        m = max(8, C // 32)
        by_hand += [n * w + w, 27 * n * w + w, C * m + m + 2 * m + 3 * (m * C + C)]
    assert sum(by_hand) == count


@pytest.mark.parametrize("training", [True, False])
def test_a_block_is_its_three_looks_gated(unsettle, training):
    torch.manual_seed(0)
    block = unsettle(Inception3d(3, 4).double()).train(training)
    x = torch.randn(2, 3, 5, 6, 7, dtype=torch.float64)
    point, cube = block.point, block.cube
    near = torch.einsum("oi,bithw->bothw", point.weight[..., 0, 0, 0], x)
    near = (near + point.bias[:, None, None, None]).clamp(min=0)
    far = conv3d(pad(x, (1,) * 6), cube.weight, cube.bias).clamp(min=0)
    largest = pad(x, (1,) * 6, value=-torch.inf).unfold(2, 3, 1).unfold(3, 3, 1).unfold(4, 3, 1)
    want, want_gates = block.gates(torch.cat([near, far, largest.amax(dim=(5, 6, 7))], dim=1))
    got, gates = block(x)
    torch.testing.assert_close(got, want)
    for got, want in zip(gates, want_gates, strict=True):
        torch.testing.assert_close(got, want)
    assert [g.shape for g in gates] == [(2, 11, 5), (2, 11, 6), (2, 11, 7)]


def test_the_trunk_is_its_blocks_each_followed_by_a_pool(unsettle):
    torch.manual_seed(0)
    trunk = unsettle(CAI3D(2, width=3, grid=2)).eval()
    x = torch.randn(2, 2, 10, 16, 12)
    y = conv3d(x, trunk.stem.weight, trunk.stem.bias, padding=1).relu()
    for block in trunk.blocks:
        y = max_pool3d(block(y)[0], 3, 2, padding=1)
    assert y.shape == (2, 45, 2, 2, 2)
    out, gates = trunk(x)
    torch.testing.assert_close(out, y)
    assert [tuple(g.shape[2] for g in along) for along in gates] == [
        (10, 16, 12),
        (5, 8, 6),
        (3, 4, 3),
    ]


@pytest.mark.parametrize(("steps", "left"), [(1, 1), (2, 1), (8, 1), (10, 2), (17, 3)])
def test_time_is_halved_three_times_and_one_step_stays(steps, left):
    out, _ = CAI3D(5, width=2, grid=3)(torch.randn(2, 5, steps, 28, 28))
    assert out.shape == (2, 30, left, 3, 3)


def test_gradients_reach_every_parameter_and_no_clip_sees_another(unsettle):
    torch.manual_seed(0)
    trunk, x = unsettle(CAI3D(5, width=3)).double(), torch.randn(3, 5, 6, 16, 16).double()
    trunk(x)[0].square().sum().backward()
    assert all(p.grad.abs().max() > 0 for p in trunk.parameters())
    trunk.eval()
    alone, together = trunk(x[:1])[0], trunk(x)[0]
    torch.testing.assert_close(alone[0], together[0])


def test_gates_begin_open():
    """Half-open ones, three in each of three blocks, would leave 1 / 512 of what moves."""
    torch.manual_seed(0)
    _, gates = CAI3D(3, width=4)(torch.randn(2, 3, 4, 16, 16))
    assert all(g.mean().sub(torch.tensor(2.0).sigmoid()).abs() < 0.05 for b in gates for g in b)


def test_after_training_it_tells_an_early_movement_from_a_late_one():
    """Over the whole clip both have the same mean and the same largest value."""
    torch.manual_seed(0)
    trunk, head = CAI3D(1, width=2, grid=1), torch.nn.LazyLinear(2)
    x = 0.1 * torch.randn(48, 1, 10, 8, 8)
    label = torch.arange(48) % 2
    for k in range(48):
        x[k, 0, 1 + 5 * (k % 2) : 4 + 5 * (k % 2)] += 1.0
    head(trunk(x)[0].flatten(1))
    adam = torch.optim.Adam([*trunk.parameters(), *head.parameters()], 0.02)
    for _ in range(60):
        loss = cross_entropy(head(trunk(x)[0].flatten(1)), label)
        adam.zero_grad()
        loss.backward()
        adam.step()
    assert loss < 0.1
    with torch.no_grad():
        late_is_early = head(trunk.train()(x.flip(2))[0].flatten(1)).argmax(1)
    assert (late_is_early != label).float().mean() > 0.9


def test_what_does_not_fit_is_refused():
    for shape in ((2, 4, 5, 8, 8), (2, 5, 8, 8)):
        with pytest.raises(MepsError, match=r"expected \(B, 5, T, H, W\)"):
            CAI3D(5)(torch.zeros(shape))
    for name in ("inputs", "width", "grid"):
        with pytest.raises(MepsError, match=f"{name}=0; expected a whole number, 1 or more"):
            CAI3D(**({"inputs": 5} | {name: 0}))
