import itertools

import pytest
import torch

from meps_lib.errors import MepsError
from meps_lib.layers.fusion import normal_weights
from meps_lib.models import build
from meps_lib.trial import collate

ALL = ("colour", "depth", "ps")
SUBSETS = [s for n in (1, 2, 3) for s in itertools.combinations(ALL, n)]


def model(seed=0, **kw):
    torch.manual_seed(seed)
    small = {} if kw.get("modalities") == ("ps",) else {"grid": 3}
    return build("meps", **({"n_classes": 3, "ps_sfreq": 64.0} | small | kw)).eval()


@pytest.fixture
def batch(make_trial):
    return collate([make_trial(k) for k in range(4)], "abc")


@pytest.mark.parametrize("modalities", SUBSETS)
def test_any_subset_of_modalities_works_and_uses_only_those(make_trial, modalities):
    net = model(modalities=modalities)
    full = net(collate([make_trial(k) for k in range(3)], "abc")).logits
    only = net(collate([make_trial(k, modalities) for k in range(3)], "abc")).logits
    assert torch.allclose(full, only, atol=1e-5)


@pytest.mark.parametrize("present", SUBSETS)
@pytest.mark.parametrize("query", ["guide", "content"])
def test_trials_may_lack_modalities_one_by_one(make_trial, present, query):
    net = model(query=query)
    mixed = collate([make_trial(0), make_trial(1, present)], "abc")
    logits = net(mixed).logits
    assert logits.isfinite().all()
    alone = net(collate([make_trial(1, present)], "abc")).logits
    assert torch.allclose(logits[1], alone[0], atol=1e-5)


@pytest.mark.parametrize("name", ALL)
def test_every_modality_changes_the_result(batch, make_trial, name):
    net = model()
    others = collate([make_trial(k) for k in range(4, 8)], "abc")
    setattr(batch, name, getattr(others, name))
    before = net(collate([make_trial(k) for k in range(4)], "abc")).logits
    assert (net(batch).logits - before).abs().max() > 1e-4


@pytest.mark.parametrize("query", ["guide", "content"])
def test_attention_differs_between_inputs_and_guides(batch, make_trial, query):
    """No single key: the weights must depend on the content and on the guide."""
    net = model(query=query)
    name = "ps" if query == "guide" else "ps_steps"
    weights = net(batch).weights
    weights["ps"] = weights[name]
    assert weights["ps"].shape[-1] > 1 and weights["depth"].shape[-1] > 1
    assert (weights["ps"][0] - weights["ps"][1]).abs().max() > 1e-5
    assert (weights["depth"][0] - weights["depth"][1]).abs().max() > 1e-5
    other_body = collate([make_trial(k, ps=make_trial(k + 9).ps) for k in range(4)], "abc")
    assert (net(other_body).weights[name] - weights["ps"]).abs().max() > 1e-6
    assert torch.equal(net(other_body).weights["depth"], weights["depth"])


def test_the_three_ablations_are_arguments(batch):
    torch.testing.assert_close(model()(batch).weights["fusion"][0], normal_weights(6))
    uniform = model(fusion="uniform")(batch).weights["fusion"]
    torch.testing.assert_close(uniform, torch.full((4, 6), 1 / 6))
    apex = model(fusion="apex-only")(batch).weights["fusion"]
    assert apex.sum(dim=1).tolist() == [1.0] * 4 and apex[:, 3].tolist() == [1.0] * 4
    concat = model(attention="concat")(batch)
    assert set(concat.weights) == {"fusion"}
    assert (concat.logits - model()(batch).logits).abs().max() > 1e-4


def test_absent_video_gets_no_attention(make_trial):
    batch = collate([make_trial(0), make_trial(1, ("ps",))], "abc")
    weights = model()(batch).weights
    assert weights["ps"][1].abs().max() == 0
    assert weights["fusion"][1].abs().max() == 0
    assert weights["ps"][0].sum(dim=-1).allclose(torch.ones(4, weights["ps"].shape[2]))


def test_absent_signals_are_no_keys(make_trial):
    batch = collate([make_trial(0), make_trial(1, ("colour", "depth"))], "abc")
    weights = model(query="content")(batch).weights["ps_steps"]
    assert weights[1].abs().max() == 0
    assert weights[0].sum(dim=-1).allclose(torch.ones(4, 9))


def test_scales_are_the_root_mean_square_of_the_training_input(batch, make_trial):
    net = model()
    net.fit_scales([batch])
    change = batch.colour - batch.colour[:, :1]
    scales = {name: encoder.input.scale.rms for name, encoder in net.encoders.items()}
    torch.testing.assert_close(scales["colour"][0], change.square().mean().sqrt())
    course = batch.ps - batch.ps.mean(dim=-1, keepdim=True)
    rms = course.square().mean(dim=(0, 2)).sqrt()
    torch.testing.assert_close(scales["ps"], rms)
    halves = model()
    halves.fit_scales([collate([make_trial(k) for k in pair], "abc") for pair in ((0, 1), (2, 3))])
    for name in ALL:
        torch.testing.assert_close(halves.encoders[name].input.scale.rms, scales[name])


def test_level_of_a_signal_and_identity_of_a_face_do_not_matter(batch):
    net = model()
    before = net(batch).logits
    batch.ps = batch.ps + torch.tensor([5.0, -1.0, 2.0])[:, None]
    batch.colour = batch.colour + 0.1
    torch.testing.assert_close(net(batch).logits, before, atol=1e-3, rtol=1e-3)


def test_a_backbone_can_be_passed_in_and_must_give_a_map(batch):
    from meps_lib.models.meps import MEPS, MEPSConfig

    config = MEPSConfig(modalities=("colour",), dim=8, grid=2)
    good = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.AdaptiveAvgPool2d(2))
    assert MEPS(config, colour_backbone=good)(batch).logits.shape == (4, 3)
    pooled = torch.nn.Sequential(*good, torch.nn.Flatten())
    with pytest.raises(MepsError, match=r"colour backbone.*\(N, 8, 2, 2\)"):
        MEPS(config, colour_backbone=pooled)(batch)


def test_wrong_input_is_refused(batch, make_trial):
    with pytest.raises(MepsError, match="'clip0' has ps; the model uses colour"):
        model(modalities=("colour",))(collate([make_trial(0, ("ps",))], "abc"))
    with pytest.raises(MepsError, match=r"64.0 Hz; expected .*100.0 Hz"):
        model(ps_sfreq=100.0)(batch)
    with pytest.raises(MepsError, match="expected EDA at"):
        model(ps_names=("EDA",))(batch)
    for bad in (
        {"modalities": ()},
        {"modalities": ("thermal",)},
        {"attention": "hard"},
        {"heads": 0},
        {"dim": 0},
        {"grid": 1},
        {"dropout": 2},
        {"ps_names": ()},
        {"ps_blocks": (1,)},
        {"ps_width": 0},
    ):
        with pytest.raises(MepsError, match=next(iter(bad))):
            model(**bad)
    with pytest.raises(MepsError, match="24 x 24 pixels .* grid=6; use frames of at least 48"):
        model(grid=6)(batch)
    with pytest.raises(MepsError, match="'clip0' has one frame"):
        model()(collate([make_trial(0, n_frames=1, apex=0, offset=0)], "abc"))
    with pytest.raises(MepsError, match="frame_input='flow'"):
        model(frame_input="flow")


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"modalities": ("ps",), "fusion": "apex"}, "fusion='apex'.*no frames"),
        ({"modalities": ("ps",), "grid": 3}, "grid=3.*no frames"),
        ({"modalities": ("ps",), "frame_input": "raw"}, "frame_input.*no frames"),
        ({"modalities": ("ps",), "attention": "concat"}, "attention='concat'.*no guide"),
        ({"modalities": ("colour",), "query": "content"}, "query.*no guide"),
        ({"modalities": ("colour", "depth"), "ps_width": 4}, "ps_width=4.*no signals"),
        ({"attention": "concat", "heads": 2}, "heads=2.*asks no question"),
    ],
)
def test_a_setting_without_effect_is_refused_with_the_reason(settings, why):
    with pytest.raises(MepsError, match=f"{why}.*; leave it out"):
        build("meps", **settings)


@pytest.mark.parametrize("modalities", SUBSETS)
def test_a_choice_that_does_not_exist_is_refused_whatever_the_modalities(modalities):
    for name in ("fusion", "fusion_reading", "attention", "query", "frame_input"):
        with pytest.raises(MepsError, match=f"{name}='apexx'; expected one of"):
            build("meps", modalities=modalities, **{name: "apexx"})
