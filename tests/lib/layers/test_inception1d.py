"""Signals are kept apart in the separable blocks and mixed in the mixable ones."""

import pytest
import torch
from torch.nn.functional import conv1d

from meps_lib.errors import MepsError
from meps_lib.layers.inception1d import InceptionBlock1d, SeparableMixableEncoder, kernel_samples


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    return SeparableMixableEncoder(3, sfreq=64.0).double().eval()


def touched(features, x):
    """Which signals of x (1, 3, L) a feature's sum depends on, by gradient."""
    (grad,) = torch.autograd.grad(features.sum(), x, retain_graph=True)
    return (grad.abs().sum(dim=(0, 2)) > 1e-12).tolist()


def test_a_separable_feature_depends_on_its_own_signal_alone(encoder):
    x = torch.randn(1, 3, 256, dtype=torch.float64, requires_grad=True)
    features, _ = encoder.separable(x)
    per_signal = features.shape[1] // 3
    for signal in range(3):
        block = features[:, signal * per_signal : (signal + 1) * per_signal]
        for channel in range(per_signal):
            assert touched(block[:, channel], x) == [k == signal for k in range(3)]


def test_a_mixable_feature_depends_on_every_signal(encoder):
    x = torch.randn(1, 3, 256, dtype=torch.float64, requires_grad=True)
    tokens, _ = encoder(x)
    for feature in range(tokens.shape[-1]):
        assert touched(tokens[..., feature], x) == [True] * 3


@pytest.mark.parametrize("order", [(1, 2, 0), (2, 1, 0), (0, 2, 1)])
def test_replacing_the_other_signals_leaves_separable_features_and_moves_mixable(encoder, order):
    x = torch.randn(2, 3, 256, dtype=torch.float64)
    with torch.no_grad():
        before, after = encoder.separable(x)[0], encoder.separable(x[:, list(order)])[0]
        mixed, mixed_after = encoder(x)[0], encoder(x[:, list(order)])[0]
    n = before.shape[1] // 3
    for k in range(3):
        same = torch.allclose(before[:, k * n : k * n + n], after[:, k * n : k * n + n])
        assert same == (order[k] == k)
    assert not torch.allclose(mixed, mixed_after)


def test_training_statistics_do_not_mix_signals_either():
    torch.manual_seed(0)
    block = InceptionBlock1d(3, 12, (0.1, 0.3), 64.0, groups=3).double().train()
    x = torch.randn(4, 3, 128, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(4, 4, 128, dtype=torch.float64)
    for signal in range(3):
        features = block(x)[0][:, 4 * signal : 4 * signal + 4]
        assert touched(features * weights, x) == [k == signal for k in range(3)]


def test_kernels_are_seconds():
    assert [kernel_samples(0.1, f) for f in (50, 200, 1000)] == [5, 21, 101]
    block = InceptionBlock1d(3, 6, (0.1, 0.4), sfreq=100.0, groups=3)
    assert [w.shape[1] for w in block.filters.taps()] == [11, 41]


def test_an_impulse_reaches_as_far_as_the_longest_kernel_says():
    torch.manual_seed(0)
    block = InceptionBlock1d(1, 4, (0.1, 0.4), sfreq=100.0).double().eval()
    x = torch.zeros(1, 1, 201, dtype=torch.float64)
    base, _ = block(x)
    x[..., 100] = 1.0
    moved = ((block(x)[0] - base).abs() > 1e-9).any(dim=1)[0].nonzero()[:, 0]
    assert moved.min() == 80
    assert moved.max() == 120  # 41 samples wide


def test_tokens_and_mask_follow_the_length(encoder):
    x = torch.randn(2, 3, 256, dtype=torch.float64)
    mask = torch.arange(256)[None] < torch.tensor([[256], [100]])
    tokens, real = encoder(x, mask)
    assert tokens.shape[1] == real.shape[1] == -(-256 // encoder.stride)
    assert real[0].all()
    assert real[1].sum() == -(-100 // encoder.stride)


def test_padding_has_no_effect_whatever_stands_in_it(encoder):
    x = torch.randn(1, 3, 100, dtype=torch.float64)
    alone, _ = encoder(x)
    padded = torch.full((1, 3, 256), 1e3, dtype=torch.float64)
    padded[..., :100] = x
    tokens, real = encoder(padded, torch.arange(256)[None] < 100)
    assert torch.allclose(tokens[real], alone[0])


@pytest.mark.parametrize(
    ("sfreq", "nearest"), [(64.0, 0.5), (32.0, 0.5), (200.0, 0.5), (1000.0, 0.5)]
)
def test_tokens_are_spaced_as_asked(sfreq, nearest):
    encoder = SeparableMixableEncoder(3, sfreq)
    assert encoder.token_s == pytest.approx(nearest, rel=0.05)
    tokens, _ = encoder(torch.randn(2, 3, int(10 * sfreq)))
    assert tokens.shape[1] == -(-int(10 * sfreq) // encoder.stride)


def test_impossible_sizes_are_refused():
    with pytest.raises(MepsError, match="in_channels=4.*groups=3"):
        InceptionBlock1d(4, 6, (0.1,), 64.0, groups=3)
    with pytest.raises(MepsError, match="kernels_s is empty"):
        InceptionBlock1d(3, 6, (), 64.0)
    with pytest.raises(MepsError, match="positive"):
        kernel_samples(0.1, 0)
    with pytest.raises(MepsError, match="0 separable, 0 mixable"):
        SeparableMixableEncoder(3, 64.0, n_separable=0, n_mixable=0)
    with pytest.raises(MepsError, match="dim=32 .*multiple of the 3 signals"):
        SeparableMixableEncoder(3, 64.0, n_mixable=0)


def test_padding_enters_no_statistic_of_the_norm():
    """In training the running mean and variance are those of real samples, trial by trial."""
    torch.manual_seed(0)
    block = InceptionBlock1d(3, 6, (0.1, 0.3), 64.0, groups=3).double()
    lengths = (128, 70, 31)
    mask = torch.arange(128) < torch.tensor(lengths)[:, None]
    x = 3 + torch.randn(3, 3, 128, dtype=torch.float64)
    x = x * mask[:, None]

    real = []
    for k, n in enumerate(lengths):
        alone = x[k : k + 1, :, :n]
        filtered = [
            conv1d(alone, w[:, None], padding=w.shape[1] // 2, groups=3)
            for w in block.filters.taps()
        ]
        real.append(
            conv1d(
                torch.stack([*filtered, alone], dim=2).flatten(1, 2),
                block.pointwise.flatten(0, 1)[..., None],
                groups=3,
            )
        )
    real = torch.cat(real, dim=2)[0].detach()
    block.train()(x, mask)
    torch.testing.assert_close(block.norm.running_mean, 0.1 * real.mean(dim=1))
    torch.testing.assert_close(block.norm.running_var, 0.9 + 0.1 * real.var(dim=1))


def test_the_mean_under_a_stride_is_of_real_samples():
    torch.manual_seed(0)
    dense = InceptionBlock1d(1, 4, (0.1,), 64.0).eval()
    coarse = InceptionBlock1d(1, 4, (0.1,), 64.0, stride=4).eval()
    coarse.load_state_dict(dense.state_dict())
    x, mask = torch.randn(1, 1, 16), torch.arange(16)[None] < 10
    fine, _ = dense(x * mask, mask)
    pooled, real = coarse(x * mask, mask)
    assert real.tolist() == [[True, True, True, False]]
    by_hand = torch.stack([fine[..., a:b].mean(dim=-1) for a, b in ((0, 4), (4, 8), (8, 10))], -1)
    torch.testing.assert_close(pooled[..., :3], by_hand)


def test_a_later_block_has_the_same_kernels_in_seconds():
    """Its rate is lower by the strides before it, so its filters have fewer samples."""
    encoder, rate = SeparableMixableEncoder(3, sfreq=400.0, stride_s=0.1), 400.0
    for block in (*encoder.separable, *encoder.mixable):
        sizes = [w.shape[1] for w in block.filters.taps()]
        assert sizes == [kernel_samples(k, rate) for k in (0.1, 0.4, 1.6)]
        rate /= block.stride
    assert rate == 400.0 / encoder.stride


def test_token_spacing_is_what_the_strides_came_to():
    encoder = SeparableMixableEncoder(3, sfreq=46.0)  # 23 is prime: no whole strides give it
    assert encoder.stride != 23
    assert encoder.token_s == encoder.stride / 46.0 != 0.5
