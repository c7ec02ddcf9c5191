"""Deletion and insertion of a network that reads one cell, and of one that learnt."""

from dataclasses import replace

import pytest
import torch

from meps_lab.judging import curve, uniform_like
from meps_lib.errors import MepsError
from meps_lib.explain import own_weights
from tests.lib.explain.planted import CELLS, OneCell, batch_of, trial, truth

B_MAP = torch.zeros(CELLS, CELLS)
B_MAP[1, 2] = 1.0  # the cell that `OneCell` reads


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def filmed():
    """Trials of both classes with other numbers of frames; the cell moves in neither's place."""
    batch = batch_of([trial(k, ("colour",)) for k in range(4)])
    batch.colour[:, 1:, :, 8:16, 16:24] += 0.3 * batch.frame_mask[:, 1:, None, None, None]
    return batch


def test_the_true_map_decides_in_one_step(filmed):
    maps, model = B_MAP.expand(4, -1, -1), OneCell()
    whole = model(filmed).logits.softmax(dim=1)[:, 1]
    assert (whole > 0.9).all()
    half = torch.full((4,), 0.5)
    for way, first, after in (
        ("deletion", "most", [whole, *[half] * 16]),
        ("deletion", "least", [*[whole] * 16, half]),
        ("insertion", "most", [half, *[whole] * 16]),
        ("insertion", "least", [*[half] * 16, whole]),
    ):
        got = curve(model, filmed, maps, 1, draw(), way, first)
        torch.testing.assert_close(got.probability, torch.stack(after, dim=1))
    of_class_0 = curve(model, filmed, maps, torch.tensor([1, 0, 0, 1]), draw())
    want = torch.stack([whole[0], 1 - whole[1], 1 - whole[2], whole[3]])
    torch.testing.assert_close(of_class_0.probability[:, 0], want)


def test_the_area_is_that_of_trapezoids(filmed):
    got = curve(OneCell(), filmed, B_MAP.expand(4, -1, -1), 1, draw(), steps=4)
    assert got.shares.tolist() == [0, 0.25, 0.5, 0.75, 1]
    p = got.probability
    torch.testing.assert_close(got.area, (p[:, :-1] + p[:, 1:]).sum(dim=1) / 8)


def test_equal_cells_come_in_a_random_order(filmed):
    """The step at which the one cell falls is uniform on 1 to 16, in every trial by itself."""
    maps = uniform_like(torch.zeros(4, CELLS, CELLS))
    runs = [curve(OneCell(), filmed, maps, 1, draw(seed)).probability for seed in range(24)]
    fell = torch.stack([(p > 0.7).sum(dim=1) for p in runs]).flatten()
    assert set(range(1, 17)) - set(fell.tolist()) == set()
    assert abs(fell.double().mean() - 8.5) < 1.5
    assert len(set(((runs[0] > 0.7).sum(dim=1)).tolist())) > 1
    assert torch.equal(runs[3], curve(OneCell(), filmed, maps, 1, draw(3)).probability)


def test_a_map_a_frame_counts_real_frames_alone(filmed):
    """Relevance of padding is never spent: each of T steps deletes one whole real frame."""
    T = filmed.frame_mask.shape[1]
    order = [2, 0, 3, 1, *range(4, T)]
    maps = torch.zeros(4, T, CELLS, CELLS)
    for place, frame in enumerate(order):
        maps[:, frame] = T - place
    maps[~filmed.frame_mask] = 99.0
    model = OneCell(gain=5.0)
    for k, n in enumerate(filmed.n_frames):
        got = curve(model, filmed, maps, 1, draw(), steps=n).probability[k]
        left = filmed.colour.clone()
        for step in range(n):
            want = model(replace(filmed, colour=left)).logits.softmax(dim=1)[k, 1]
            torch.testing.assert_close(got[step], want)
            left[:, order[step]] = left[:, 0]
        torch.testing.assert_close(got[n], torch.tensor(0.5))
    assert set(filmed.n_frames) == {4, 5, 6, 7}


def test_what_was_learnt_is_lost_sooner_than_by_chance(trained):
    trials = [trial(k) for k in range(80, 90)]
    batch = batch_of(trials)
    true = torch.stack([truth(t.label) for t in trials]).double()
    args = (trained, batch), (batch.label, draw())
    known = curve(*args[0], true, *args[1], steps=8)
    chance = curve(*args[0], uniform_like(true), *args[1], steps=8)
    late = curve(*args[0], true, *args[1], first="least", steps=8)
    assert known.area.mean() < chance.area.mean() < late.area.mean()
    torch.testing.assert_close(known.probability[:, [0, -1]], late.probability[:, [0, -1]])
    assert trained.training is False
    back = curve(*args[0], true, *args[1], "insertion", steps=8)
    torch.testing.assert_close(back.probability[:, -1], known.probability[:, 0])
    # Colour alone leaves what depth tells.
    colour = curve(*args[0], true, *args[1], modalities=("colour",), steps=8)
    assert colour.probability[:, -1].mean() > known.probability[:, -1].mean()
    own = own_weights(trained, batch)["depth"]
    assert curve(*args[0], own, *args[1], steps=2).probability.shape == (10, 3)


def test_a_trial_without_video_is_flat(trained, batch):
    got = curve(trained, batch, torch.rand(6, 5, 3, generator=draw()), 0, draw(), steps=3)
    assert (got.probability[5] == got.probability[5, 0]).all()
    assert (got.probability[0] != got.probability[0, 0]).any()


def test_what_is_no_map_of_the_batch_is_refused(trained, batch):
    def refused(message, maps, **kwargs):
        with pytest.raises(MepsError, match=message):
            curve(trained, batch, maps, 0, draw(), **kwargs)

    good = torch.rand(6, 4, 4)
    refused(r"expected \(B, h, w\) or \(B, T, h, w\)", good[:5])
    refused("no cell smaller than a pixel", torch.rand(6, 33, 4))
    refused("not finite", good / 0)
    refused("which have positions", good, modalities=("ps",))
    refused("way='removal'", good, way="removal")
    refused("first='last'", good, first="last")
    refused("steps=0", good, steps=0)
    refused("baseline of ps, of which nothing is asked", good, baseline={"ps": "mean"})
