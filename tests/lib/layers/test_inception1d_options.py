"""Every option of the encoder keeps signals apart and padding out, also after training."""

from itertools import product

import pytest
import torch
from scipy.ndimage import maximum_filter1d
from torch.nn.functional import gelu

from meps_lib.layers import InceptionBlock1d, SeparableMixableEncoder

OPTIONS = [
    {"pool_branch": pool, "residual": residual, "squeeze": squeeze}
    for pool, residual, squeeze in product((False, True), (True, False), (0, 2))
]
MIXING = [(2, 1), (0, 2), (2, 0)]  # separable, mixable blocks
LENGTHS = (150, 97, 40)
MASK = torch.arange(150) < torch.tensor(LENGTHS)[:, None]


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def trained(blocks=(2, 1), **options):
    """An encoder after a few long steps on trials of unequal length."""
    torch.manual_seed(0)
    encoder = SeparableMixableEncoder(
        3,
        64.0,
        dim=12,
        width=4,
        n_separable=blocks[0],
        n_mixable=blocks[1],
        stride_s=0.2,
        **options,
    ).double()
    adam = torch.optim.Adam(encoder.parameters(), 0.05)
    for step in range(4):
        tokens, real = encoder(3 * draw(3, 3, 150, seed=step), MASK)
        loss = (tokens[real] - draw(*tokens.shape, seed=9)[real]).square().mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
    return encoder


def signals_of(features, x):
    """For each feature (B, F, S), the signals of x (B, 3, L) that decide it, by gradient."""
    weights = draw(*features.shape, seed=7)
    found = []
    for k in range(features.shape[1]):
        loss = (features[:, k] * weights[:, k]).sum()
        (grad,) = torch.autograd.grad(loss, x, retain_graph=True)
        assert grad.transpose(1, 2)[~MASK].abs().max() == 0  # padding decides nothing
        found.append((grad.abs().amax(dim=(0, 2)) > 1e-9).tolist())
    return found


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_separable_features_are_of_one_signal_and_mixable_ones_of_all(options, training):
    encoder = trained(**options).train(training)
    x = draw(3, 3, 150, seed=5).requires_grad_()
    separable, _ = encoder.separable(x * MASK[:, None], MASK)
    own = [[signal == k // 4 for signal in range(3)] for k in range(12)]
    assert signals_of(separable, x) == own
    assert signals_of(encoder(x, MASK)[0].mT, x) == [[True] * 3] * 12


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("options", [OPTIONS[0], OPTIONS[-1]], ids=str)
def test_signals_that_never_mix_stay_apart_and_those_from_the_start_do_not(options, training):
    x = draw(3, 3, 150, seed=5).requires_grad_()
    never = trained((2, 0), **options).train(training)
    own = [[signal == k // 4 for signal in range(3)] for k in range(12)]
    assert signals_of(never(x, MASK)[0].mT, x) == own
    start = trained((0, 2), **options).train(training)
    first, _ = start.mixable[0](x * MASK[:, None], MASK)
    assert signals_of(first, x) == [[True] * 3] * 12


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("blocks", MIXING)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_a_thousand_in_padding_changes_nothing(options, blocks, training):
    results = []
    for padding in (0.0, 1e3, -1e3):
        encoder = trained(blocks, **options).train(training)
        x = torch.where(MASK[:, None], draw(3, 3, 150, seed=5), torch.tensor(padding).double())
        tokens, real = encoder(x, MASK)
        results.append((tokens[real], real, *encoder.buffers()))
    assert real.sum(dim=1).tolist() == [-(-n // encoder.stride) for n in LENGTHS]
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            torch.testing.assert_close(a, b, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("blocks", MIXING)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_a_trial_is_the_same_alone_and_beside_longer_ones(options, blocks):
    encoder, x = trained(blocks, **options).eval(), draw(3, 3, 150, seed=5)
    tokens, real = encoder(x, MASK)
    for k, n in enumerate(LENGTHS):
        alone, _ = encoder(x[k : k + 1, :, :n])
        torch.testing.assert_close(tokens[k, real[k]], alone[0], atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_a_block_by_itself_does_not_look_at_padding_either(options):
    torch.manual_seed(0)
    block = InceptionBlock1d(3, 12, (0.1, 0.4), 64.0, groups=3, stride=4, **options).double()
    x = draw(3, 3, 150)
    before, real = block(x * MASK[:, None], MASK)
    after, _ = block(torch.where(MASK[:, None], x, torch.tensor(1e3).double()), MASK)
    torch.testing.assert_close(after, before)
    assert before.transpose(1, 2)[~real].abs().max() == 0


@torch.no_grad()
def only_the_input(**options):
    """A block of one channel whose filters give nothing and whose mix adds up what is left."""
    block = InceptionBlock1d(1, 1, (0.1, 0.3), 100.0, **options).double().eval()
    for w in block.filters.parameters():
        w.zero_()
    block.pointwise.fill_(1.0)
    return block


def test_the_pool_branch_is_the_largest_real_sample_under_the_shortest_filter():
    x = -5 + draw(3, 1, 150)  # below 0: neither padding nor the border is the largest
    got, _ = only_the_input(pool_branch=True, residual=False)(x, MASK)
    for k, n in enumerate(LENGTHS):
        wanted = maximum_filter1d(x[k, 0, :n].numpy(), 11, mode="nearest")
        wanted = gelu(torch.from_numpy(wanted) / (1 + 1e-5) ** 0.5)
        torch.testing.assert_close(got[k, 0, :n], wanted)
    whole, _ = only_the_input(pool_branch=True, residual=False)(x)
    wanted = torch.from_numpy(maximum_filter1d(x[:, 0].numpy(), 11, axis=1, mode="nearest"))
    torch.testing.assert_close(whole[:, 0], gelu(wanted / (1 + 1e-5) ** 0.5))


def test_the_residual_passes_the_input_on():
    x = draw(3, 1, 150) * MASK[:, None]
    got, _ = only_the_input()(x, MASK)
    torch.testing.assert_close(got, gelu(x / (1 + 1e-5) ** 0.5))
    nothing, _ = only_the_input(residual=False)(x, MASK)
    assert nothing.abs().max() == 0


@pytest.mark.parametrize("groups", [1, 3])
def test_a_squeezed_block_is_gated_by_the_means_of_its_own_group(groups):
    """Against the same block without a gate: each channel is scaled by one number a trial."""
    torch.manual_seed(0)
    block = InceptionBlock1d(3, 12, (0.1, 0.4), 64.0, groups, squeeze=2).double()
    x = draw(3, 3, 150) * MASK[:, None]
    block(x, MASK)
    gated, _ = block.eval()(x, MASK)
    gate, block.squeeze = block.squeeze, None
    plain, _ = block(x, MASK)
    for k, n in enumerate(LENGTHS):
        scale = gate.gate(plain[k : k + 1, :, :n].mean(dim=2, keepdim=True))
        torch.testing.assert_close(gated[k, :, :n], plain[k, :, :n] * scale[0])
        assert scale.min() > 0 and scale.max() < 1


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("options", [OPTIONS[0], OPTIONS[5]], ids=str)
def test_an_encoder_may_be_of_half_numbers_altogether(options, dtype):
    """Not mixed: its parameters too. Two places of a decimal are left of a token."""
    encoder, x = trained(**options).eval(), draw(3, 3, 150, seed=5)
    wanted, real = encoder(x, MASK)
    got, _ = encoder.to(dtype)(x.to(dtype), MASK)
    assert got.dtype == dtype
    off = (got.double() - wanted)[real].abs().mean() / wanted[real].std()
    assert off < 0.03


@pytest.mark.parametrize("options", [OPTIONS[0], OPTIONS[5]], ids=str)
def test_no_number_is_asked_of_the_device(options):
    """On torch's device without numbers, where a question for one would be an error."""
    encoder = SeparableMixableEncoder(3, 64.0, **options).to("meta").train()
    tokens, real = encoder(torch.empty(3, 3, 150, device="meta"), MASK.to("meta"))
    assert tokens.is_meta and real.is_meta
    tokens.sum().backward()
