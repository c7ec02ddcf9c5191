import matplotlib

matplotlib.use("Agg")

import numpy as np
import pytest
import torch

from meps_lib.errors import MepsError
from meps_lib.explain.maps import attention_map, plot_prediction
from meps_lib.models import build
from meps_lib.models.output import Output
from meps_lib.trial import collate
from meps_lib.video import optical_flow, optical_strain


def test_the_map_shows_the_position_that_got_the_weight():
    weights = torch.zeros(1, 4, 5, 16)
    weights[..., 6] = 1.0  # row 1, column 2 of the 4 x 4 grid
    out = Output(torch.zeros(1, 2), {"ps": weights})
    assert attention_map(out)[0, 1, 2] == 1
    assert attention_map(out).sum() == pytest.approx(1)
    big = attention_map(out, size=64)[0]
    row, column = divmod(int(big.argmax()), 64)
    assert abs(row - 24) <= 4 and abs(column - 40) <= 4


def test_depth_maps_follow_the_fusion_weights():
    depth = torch.zeros(1, 3, 2, 4, 4)
    for frame in range(3):
        depth[:, frame, ..., frame] = 1.0
    out = Output(torch.zeros(1, 2), {"depth": depth, "fusion": torch.tensor([[0.2, 0.7, 0.1]])})
    assert attention_map(out, "depth").flatten().tolist() == pytest.approx([0.2, 0.7, 0.1, 0])


def test_the_map_is_that_of_the_forward_pass(make_trial):
    torch.manual_seed(0)
    model = build("meps", ps_sfreq=64.0).eval()
    trial = make_trial(0, size=48)
    out = model(collate([trial], "abc"))
    assert torch.equal(attention_map(out)[0].flatten(), out.weights["ps"][0].mean(dim=(0, 1)))
    frames, maps = plot_prediction(trial, out)
    assert len(maps.axes) == 6  # strain and two guides, each with its scale
    assert len(frames.axes[1].patches) == trial.n_frames


def test_refuses_what_has_no_map(make_trial):
    with pytest.raises(MepsError, match="no 'ps' weights, only fusion"):
        attention_map(Output(torch.zeros(1, 2), {"fusion": torch.ones(1, 3)}))
    with pytest.raises(MepsError, match="5 keys are not the positions of a square grid"):
        attention_map(Output(torch.zeros(1, 2), {"ps": torch.ones(1, 4, 16, 5)}))
    trial = make_trial(0, ("ps",))
    with pytest.raises(MepsError, match="no colour frames"):
        plot_prediction(trial, Output(torch.zeros(1, 2)))


def test_the_strain_is_that_between_the_first_frame_and_the_apex(make_trial):
    trial = make_trial(0, ("colour",), size=48, apex=4)  # not the middle one of six
    out = Output(torch.zeros(1, 3), {"fusion": torch.full((1, 6), 1 / 6)})
    _, maps = plot_prediction(trial, out)
    face, strain = (image.get_array() for image in maps.axes[0].images)
    wanted = optical_strain(optical_flow(trial.colour[0], trial.colour[4], "dis"))
    np.testing.assert_array_equal(strain, wanted)
    np.testing.assert_array_equal(face, trial.colour[4].permute(1, 2, 0))
    assert maps.axes[0].get_title() == "optical strain, first frame to apex"
    unmarked = make_trial(0, ("colour",), size=48, apex=None)
    assert plot_prediction(unmarked, out)[1].axes[0].get_title().endswith("to middle frame")
