"""Maps of the model's own weights: those of the forward pass, and padding counts nowhere."""

from copy import deepcopy
from dataclasses import replace

import pytest
import torch

from meps_lib.errors import MepsError
from meps_lib.explain import attention_map, own_weights
from meps_lib.models import build
from meps_lib.trial import collate
from tests.lib.explain.conftest import SHAPE
from tests.lib.explain.planted import batch_of, uneven


def test_a_trial_has_the_maps_that_it_has_alone(trained, batch):
    together = own_weights(trained, batch)
    assert set(together) == {"fusion", "depth", "depth_clip", "ps"}
    for k, trial in enumerate(uneven()):
        T = trial.n_frames
        alone = own_weights(trained, one := batch_of([trial]))
        for name, got in together.items():
            of_frames = name in ("fusion", "depth") and T > 0
            got = got[k, :T] if of_frames else got[k].flatten()[: alone[name][0].numel()]
            want = alone[name][0] if of_frames else alone[name][0].flatten()
            torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-6)
        if T > 0:
            out = trained(one)  # alone, nothing is padding
            torch.testing.assert_close(alone["ps"], attention_map(out, "ps"))
            torch.testing.assert_close(alone["depth_clip"], attention_map(out, "depth"))


def test_each_map_sums_to_1_or_to_0_where_there_is_nothing(trained, batch):
    maps = own_weights(trained, batch)
    filmed = torch.tensor([1.0, 1, 1, 1, 1, 0])
    torch.testing.assert_close(maps["fusion"].sum(dim=1), filmed)
    torch.testing.assert_close(maps["ps"].sum(dim=(1, 2)), filmed)
    # Colour is what depth looks into: the third trial has none.
    coloured = torch.tensor([1.0, 1, 0, 1, 1, 0])
    torch.testing.assert_close(maps["depth_clip"].sum(dim=(1, 2)), coloured)
    frames = batch.frame_mask * coloured[:, None]
    torch.testing.assert_close(maps["depth"].sum(dim=(2, 3)), frames)


@pytest.mark.parametrize("asking", ["each", "once"])
def test_the_face_may_ask_the_body_and_one_question_may_stand_for_all(unsettle, batch, asking):
    model = unsettle(build("meps", **SHAPE, query="content", asking=asking).eval())
    steps = own_weights(model, batch)["ps_steps"]
    out = model(batch).weights["ps_steps"]
    torch.testing.assert_close(steps, out.mean(dim=(1, 2)))
    torch.testing.assert_close(steps.sum(dim=1), torch.tensor([1.0, 1, 1, 0, 1, 1]))
    once = unsettle(build("meps", **SHAPE, asking="once").eval())
    torch.testing.assert_close(own_weights(once, batch)["ps"], attention_map(once(batch)))


def test_a_model_of_another_precision_has_its_maps(trained, batch):
    fine = {m: getattr(batch, m).double() for m in ("colour", "depth", "ps")}
    maps = own_weights(deepcopy(trained).double(), replace(batch, **fine))
    for name, got in own_weights(trained, batch).items():
        torch.testing.assert_close(maps[name].float(), got, rtol=1e-3, atol=1e-5)


def test_the_mode_of_every_module_stays(trained, batch):
    before = own_weights(trained, batch)
    trained.train()
    trained.head.eval()
    try:
        got = own_weights(trained, batch)
        assert trained.training and trained.fusion.training and not trained.head[0].training
    finally:
        trained.eval()
    assert all(torch.equal(got[name], x) for name, x in before.items())
    assert not trained.encoders["ps"]._forward_hooks


def test_a_model_without_weights_is_told_so(make_trial):
    trials = [make_trial(k, ("flow",)) for k in range(3)]
    with pytest.raises(MepsError, match="FlowMap has no weights of its own"):
        own_weights(build("flowmap"), collate(trials, "abc"))
