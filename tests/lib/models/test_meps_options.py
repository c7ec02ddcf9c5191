"""S1's further choices reach what they decide, and those that decide nothing are refused."""

import pytest
import torch

from meps_lib.errors import MepsError
from meps_lib.layers import GuidedAttention, ResidualBackbone, Unguided
from meps_lib.models import MEPS, build
from meps_lib.models.meps_config import MEPSConfig
from meps_lib.trial import collate

ALL = ("colour", "depth", "ps")


@pytest.fixture
def batch(make_trial):
    return collate([make_trial(k, n_frames=4 + k, n_samples=150 + 40 * k) for k in range(3)], "abc")


def size(**kw):
    return sum(p.numel() for p in build("meps", ps_sfreq=64.0, grid=3, **kw).parameters())


def test_asking_once_has_one_question_a_frame_and_one_a_trial(net, batch):
    for query, name in (("guide", "ps"), ("content", "ps_steps")):
        each, once = (net(query=query, asking=way)(batch) for way in ("each", "once"))
        assert once.weights["depth"].shape == (3, 6, 4, 1, 9)
        assert once.weights[name].shape == (3, 4, 1, each.weights[name].shape[-1])
        assert each.weights[name].shape[2] > 1
        assert (each.logits - once.logits).abs().max() > 1e-3
        for weights in (once.weights["depth"][batch.frame_mask], once.weights[name]):
            torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:-1]))
        moved = once.weights[name][0] - once.weights[name][1]
        assert moved[..., :9].abs().max() > 1e-4


@pytest.mark.parametrize("way", ["sum", "gated", "film"])
def test_other_ways_to_listen_hear_both_guides(net, batch, make_trial, way):
    """No map, and both guides count all the same: without its weights each says something else."""
    model = net(attention=way)
    before = model(batch)
    assert set(before.weights) == {"fusion"}
    for part in (model.depth_guide, model.ps_guide):
        kept = {name: p.detach().clone() for name, p in part.named_parameters()}
        with torch.no_grad():
            for name, p in part.named_parameters():
                if "norm" not in name:
                    p.zero_()
        assert (model(batch).logits - before.logits).abs().max() > 1e-3
        part.load_state_dict(kept)
    assert size(attention="concat") < size(attention=way)
    assert type(model.depth_guide) is type(model.ps_guide)
    assert not isinstance(model.depth_guide, GuidedAttention)
    assert isinstance(model.depth_guide, Unguided)


@pytest.mark.parametrize("way", ["sum", "gated", "film"])
def test_one_modality_has_no_guide_to_hear(way):
    with pytest.raises(MepsError, match=f"attention={way!r}.*no guide"):
        build("meps", modalities=("ps",), attention=way)
    frames = build("meps", modalities=("colour", "depth"), attention=way)
    assert type(frames.ps_guide) is Unguided  # the face hears nobody where there is no body


def test_options_of_the_encoder_reach_every_block(net, batch):
    plain = net()(batch).logits
    for option, value in (("pool_branch", True), ("residual", False), ("squeeze", 2)):
        model = net(**{f"ps_{option}": value})
        encoder = model.encoders["ps"].encoder
        for block in (*encoder.separable, *encoder.mixable):
            assert (block.pool_size is not None) == (option == "pool_branch")
            assert block.residual == (option != "residual")
            assert (block.squeeze is not None) == (option == "squeeze")
        assert (model(batch).logits - plain).abs().max() > 1e-3


def test_a_reduction_of_the_gate_is_the_one_asked_for():
    """Two separable blocks of 3 x 8 channels, a mixable one of 32: two layers with biases each."""
    for r in (2, 4, 8):
        separable = 3 * ((8 // r) * (8 + 1) + 8 * (8 // r + 1))
        mixable = (32 // r) * (32 + 1) + 32 * (32 // r + 1)
        assert size(ps_squeeze=r) - size() == 2 * separable + mixable


@pytest.mark.parametrize(("blocks", "dim"), [((0, 3), 32), ((3, 0), 24)])
def test_where_signals_mix_is_a_choice(net, batch, blocks, dim):
    model = net(ps_blocks=blocks, dim=dim)
    x = batch.ps.clone().requires_grad_()
    batch.ps = x
    steps = model.encoders["ps"](batch)[0]
    found = []
    for k in range(dim):
        weights = torch.randn(steps.shape[:2], generator=torch.Generator().manual_seed(k))
        (grad,) = torch.autograd.grad((steps[..., k] * weights).sum(), x, retain_graph=True)
        found.append((grad.abs().amax(dim=(0, 2)) > 1e-6).tolist())
    never = [[signal == k // (dim // 3) for signal in range(3)] for k in range(dim)]
    assert found == (never if blocks[1] == 0 else [[True] * 3] * dim)


def test_the_backbone_is_the_one_asked_for(net, batch):
    model = net(backbone="residual", backbone_width=4)
    for name in ("colour", "depth"):
        backbone = model.encoders[name].backbone
        assert isinstance(backbone, ResidualBackbone)
        assert backbone.layers[0].change[0].weight.shape[0] == 4
    assert model(batch).logits.isfinite().all()
    wide, narrow = (size(backbone="residual", backbone_width=w) for w in (8, 4))
    assert wide > 2 * narrow


def test_weights_of_a_clip_are_its_own(net, batch):
    weights = net(fusion="per-clip")(batch).weights["fusion"]
    curve = net()(batch).weights["fusion"]
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(3))
    assert weights[~batch.frame_mask].abs().max() == 0
    assert (weights - curve).abs().max() > 0.05
    batch.colour = batch.colour.roll(1, 0)  # other frames, the same lengths
    assert (net(fusion="per-clip")(batch).weights["fusion"] - weights).abs().max() > 1e-3


def test_modalities_are_hidden_in_training_alone(net, batch):
    model = net(modality_dropout=0.9, dropout=0.0)
    assert model.hide.modalities == ALL and model.hide.p == 0.9
    assert torch.equal(model(batch).logits, model(batch).logits)
    model.train()
    for norm in model.modules():
        if isinstance(norm, torch.nn.modules.batchnorm._BatchNorm):
            norm.eval()
    torch.manual_seed(0)
    drawn = [model(batch).logits for _ in range(6)]
    assert len({tuple(x.flatten().tolist()) for x in drawn}) > 2


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"modalities": ("ps",), "modality_dropout": 0.3}, "modality_dropout=0.3.*no stand-in"),
        ({"attention": "film", "asking": "once"}, "asking='once'.*asks no question"),
        ({"modalities": ("colour",), "asking": "once"}, "asking='once'.*no guide"),
        ({"modalities": ("colour",), "ps_pool_branch": True}, "ps_pool_branch=True.*no signals"),
        ({"modalities": ("colour",), "ps_squeeze": 2}, "ps_squeeze=2.*no signals"),
        ({"modalities": ("colour",), "ps_residual": False}, "ps_residual=False.*no signals"),
        ({"modalities": ("ps",), "backbone": "residual"}, "backbone='residual'.*no frames"),
        ({"modalities": ("ps",), "fusion": "per-clip"}, "fusion='per-clip'.*no frames"),
        ({"modality_dropout": 1.0}, "modality_dropout=1.0; expected at least 0 and below 1"),
        ({"modality_dropout": -0.1}, "modality_dropout=-0.1"),
        ({"ps_squeeze": -1}, "ps_squeeze=-1; expected a whole number, 0 or more"),
        ({"ps_squeeze": 1.5}, "ps_squeeze=1.5; expected a whole number"),
        ({"ps_residual": 2}, "ps_residual=2; expected True or False"),
        ({"ps_pool_branch": "no"}, "ps_pool_branch='no'; expected True or False"),
        ({"backbone": "vit"}, "backbone='vit'; expected one of"),
        ({"asking": "never"}, "asking='never'; expected one of"),
        ({"ps_blocks": (0, 0)}, "0 separable, 0 mixable"),
        ({"ps_blocks": (-1, 2)}, "-1 separable, 2 mixable"),
        ({"ps_blocks": (2, 0)}, "dim=32 .*multiple of the 3 signals"),
        ({"ps_blocks": (1.5, 1)}, r"ps_blocks=\(1.5, 1\); .* two whole numbers"),
        ({"ps_blocks": (0, 2), "ps_width": 4}, "ps_width=4.*no separable block before the last"),
        ({"ps_blocks": (1, 0), "dim": 24, "ps_width": 4}, "ps_width=4.*before the last"),
        ({"fusion": "uniform", "fusion_centre": 0.3}, "fusion_centre=0.3.*no curve"),
        ({"fusion": "uniform", "fusion_reading": "z-score"}, "fusion_reading.*no curve"),
        ({"fusion": "apex-only", "fusion_span": 2.0}, "fusion_span=2.0.*no curve"),
        ({"fusion": "apex-only", "fusion_width": 2.0}, "fusion_width=2.0.*no curve"),
        ({"fusion_reading": "z-score", "fusion_span": 2.0}, "fusion_span=2.0.*no span"),
        ({"modalities": ("ps", "ps")}, "modalities=.*each once"),
        ({"modalities": "colour"}, "modalities='colour'; expected a tuple or a list"),
        ({"ps_names": "EDA"}, "ps_names='EDA'; expected a tuple or a list"),
        ({"ps_kernels_s": 0.4}, "ps_kernels_s=0.4; expected a tuple or a list"),
        ({"ps_kernels_s": ("a",)}, "ps_kernels_s='a'; expected a number"),
        ({"ps_stride_s": float("inf")}, "ps_stride_s=inf; expected a number"),
        ({"ps_sfreq": "64"}, "ps_sfreq='64'; expected a number"),
        ({"fusion_width": None}, "fusion_width=None; expected a number"),
        ({"dropout": "a"}, "dropout='a'; expected a number"),
        ({"dim": 1, "heads": 1}, "dim=1; expected a whole number, 2 or more"),
    ],
)
def test_what_cannot_be_or_decides_nothing_is_refused(settings, told):
    with pytest.raises(MepsError, match=told):
        build("meps", **settings)


def test_a_centre_has_an_effect_where_no_apex_is_known():
    assert MEPSConfig(fusion="apex-only", fusion_centre=0.3).fusion_centre == 0.3


def test_a_backbone_of_a_modality_that_is_not_read_is_refused():
    with pytest.raises(MepsError, match="depth_backbone is without effect: .* modalities colour"):
        MEPS(MEPSConfig(modalities=("colour",)), depth_backbone=torch.nn.Identity())


def test_a_config_from_a_file_of_lists_is_the_same():
    lists = MEPSConfig(ps_blocks=[2, 1], modalities=list(ALL), ps_kernels_s=[0.1, 0.4, 1.6])
    assert lists == MEPSConfig() and hash(lists) == hash(MEPSConfig())
