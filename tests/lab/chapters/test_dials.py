"""The views under the sliders say what the truth says."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy.stats import norm

from meps_lab.chapters.dials import (
    found_and_invented,
    view_action_unit,
    view_apex,
    view_depth,
    view_noise,
)
from meps_lab.chapters.views import express
from meps_lab.simulate.body.physiology import Body
from meps_lab.simulate.face.identity import Identity
from meps_lab.simulate.timing import draw_apex, time_course


def titles(figure):
    said = [axis.get_title() or axis.get_title(loc="left") for axis in figure.axes]
    plt.close(figure)
    return said


def test_counts_pair_each_finding_with_one_beat():
    true = np.arange(1.0, 5.0)
    assert found_and_invented(true + 0.01, true, 0.02) == (4, 0)
    assert found_and_invented(true + 0.03, true, 0.02) == (0, 4)
    assert found_and_invented([1.0, 1.01, 3.0], true, 0.02) == (2, 1)
    assert found_and_invented([], true, 0.02) == (0, 0)


def test_a_clean_body_is_read_and_a_drowned_one_is_not():
    clean, drowned = titles(view_noise(Body(), 0)), titles(view_noise(Body(), 60))
    for title in clean:  # a peak at the very edge of the window may have no neighbour
        hits, total = map(int, (title.split()[1], title.split()[3]))
        assert total - hits <= 1 and title.endswith("0 invented")
    assert all(not title.endswith("0 invented") for title in drowned)
    assert [t.split(" of ")[1].split(" beats")[0] for t in clean] == [
        t.split(" of ")[1].split(" beats")[0] for t in drowned
    ]  # one heart, whatever the noise


def test_the_action_unit_moves_as_far_as_the_truth_says():
    figure = view_action_unit(Identity(), (12,), 0.5, size=64)
    want = express(Identity(), (12,), 0.5, 64).flow(0, 1).numpy()
    assert np.allclose(figure.axes[1].images[0].get_array(), np.hypot(*want))
    assert "mean error" in figure.axes[2].get_xlabel()
    assert titles(figure)[0] == "intensity 0.5"


def test_depth_without_noise_is_the_truth_to_a_millimetre():
    clip = express(Identity(), "happiness", 1.0)
    figure = view_depth(clip, 0.0)
    true, seen = (axis.images[0].get_array().filled(np.nan) for axis in figure.axes[:2])
    assert np.nanmax(np.abs(true - seen)) <= 1.0  # whole millimetres in two frames
    plt.close(figure)
    spread = [float(titles(view_depth(clip, mm))[1].split("±")[1].split()[0]) for mm in (1, 6)]
    assert np.allclose(spread, np.sqrt(2) * np.array([1, 6]), rtol=0.15)


@pytest.mark.parametrize("name", ["middle", "casme3_a", "mmme"])
def test_the_weights_see_what_a_normal_density_sees(name):
    figure = view_apex(name, n=400, n_frames=31)
    rng = np.random.default_rng(0)
    apexes = np.array([draw_apex(rng, name) for _ in range(400)])
    quartiles = [line.get_xdata()[0] for line in figure.axes[0].lines]
    assert np.allclose(quartiles, np.quantile(apexes, (0.25, 0.5, 0.75)))
    density = norm.pdf(np.linspace(-3, 3, 31))
    seen = np.average([time_course(31, 30 * apex) for apex in apexes], axis=1, weights=density)
    near = np.mean(abs(apexes - 0.5) <= 0.1)
    assert titles(figure) == [f"{near:.0%} in the middle fifth", f"weights see {seen.mean():.0%}"]
