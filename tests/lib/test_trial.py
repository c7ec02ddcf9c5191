import pickle

import pytest
import torch

from meps_lib.errors import MepsError
from meps_lib.trial import collate

NAN = float("nan")


def bad(x, value, *where):
    x = x.clone()
    x[where] = value
    return x


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: {"colour": t.colour * 255}, r"clip0.*colour in .*divide by 255"),
        (lambda t: {"colour": bad(t.colour, NAN, 0, 0, 0, 0)}, "colour in"),
        (lambda t: {"colour": t.colour.double()}, "float64"),
        (lambda t: {"colour": t.colour.permute(0, 2, 3, 1)}, r"\(T, 3, H, W\)"),
        (lambda t: {"colour": t.colour[:0], "depth": None}, "at least one frame"),
        (lambda t: {"depth": t.depth[..., :12]}, "12 x 24 pixels.*24 x 24"),
        (lambda t: {"depth": t.depth[:3]}, "depth of 3 frames"),
        (lambda t: {"depth": t.depth * 0 - 1}, "more than 0 and less than 100,000 mm"),
        (lambda t: {"depth": t.depth * NAN}, "all NaN"),
        (lambda t: {"fps": None}, "fps=None"),
        (lambda t: {"fps": 0.0}, "fps=0"),
        (lambda t: {"ps": bad(t.ps, NAN, 1, 32)}, r"ECG at 32 \(0.500 s\)"),
        (lambda t: {"ps": bad(t.ps, float("inf"), 2, 0)}, "PPG at 0"),
        (lambda t: {"ps_sfreq": -1.0}, "ps_sfreq=-1"),
        (lambda t: {"ps_names": ("EDA", "ECG")}, "2 names"),
        (lambda t: {"ps_names": ("EDA", "ECG", "ECG")}, "different names"),
        (lambda t: {"ps": t.ps[0]}, "channels, samples"),
        (lambda t: {"apex": 6}, "frame indices 0 to 5"),
        (lambda t: {"apex": 5, "offset": 4}, "onset <= apex <= offset"),
        (lambda t: {"colour": None, "depth": None, "ps": None}, "no modality"),
        (lambda t: {"apex": 2.5}, "apex=2.5; expected a whole number"),
        (lambda t: {"label": None}, "label=None; expected str"),
        (lambda t: {"subject": 3}, "subject=3"),
        (lambda t: {"ps_start": NAN}, "ps_start=nan; expected a finite number"),
        (lambda t: {"ps_names": "abc"}, "ps_names='abc'; expected a tuple"),
        (lambda t: {"fps": "30"}, "fps='30'"),
    ],
)
def test_a_wrong_field_is_refused_by_clip_and_name(make_trial, change, message):
    with pytest.raises(MepsError, match=message):
        make_trial(**change(make_trial()))


def test_collate_pads_and_masks_without_touching_the_data(make_trial):
    trials = [
        make_trial(0, n_frames=4),
        make_trial(1, ("colour",), n_frames=6),
        make_trial(2, ("ps",), n_samples=100),
        make_trial(3, ("depth",), n_frames=5),
    ]
    batch = collate(trials, "abc")
    assert batch.colour.shape == (4, 6, 3, 24, 24)
    assert batch.frame_mask.sum(dim=1).tolist() == [4, 6, 0, 5]
    assert batch.ps_mask.sum(dim=1).tolist() == [256, 0, 100, 0]
    assert batch.present["colour"].tolist() == [True, True, False, False]
    assert batch.present["depth"].tolist() == [True, False, False, True]
    assert torch.equal(batch.colour[0, :4], trials[0].colour)
    assert torch.equal(batch.ps[2, :, :100], trials[2].ps)
    assert torch.equal(batch.depth_mask[3, :5], ~trials[3].depth.isnan())
    assert not batch.depth_mask[1].any()
    for name in ("colour", "depth", "ps"):
        assert getattr(batch, name).isfinite().all()
    assert batch.colour[~batch.frame_mask].abs().sum() == 0
    assert batch.label.tolist() == [0, 1, 2, 0]
    assert batch.apex_known.tolist() == [True, True, False, True]
    assert batch.apex[0] == pytest.approx(2 / 3)


def test_collate_refuses_by_name(make_trial):
    with pytest.raises(MepsError, match="clip1.*'b'.*expected one of x, y"):
        collate([make_trial(1)], ("x", "y"))
    with pytest.raises(MepsError, match="no trials"):
        collate([], "abc")
    with pytest.raises(MepsError, match="clip0.*clip1.*colour frame size"):
        collate([make_trial(0), make_trial(1, size=16)], "abc")
    with pytest.raises(MepsError, match="ps_sfreq"):
        collate([make_trial(0), make_trial(1, ps_sfreq=100.0)], "abc")
    with pytest.raises(MepsError, match="ps_units.*'mV'.*'V'"):
        collate([make_trial(0), make_trial(1, ps_units=("uS", "V", "a.u."))], "abc")


def test_a_batch_moves_and_pickles(make_trial):
    batch = collate([make_trial(0), make_trial(1)], "abc")
    moved = pickle.loads(pickle.dumps(batch)).to("cpu")
    assert torch.equal(moved.colour, batch.colour)
    assert len(moved) == 2
