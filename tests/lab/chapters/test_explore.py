"""The slider flips through pictures without Python; its views say what a window or frame holds."""

import base64
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest

from meps_lab.chapters.explore import flip_through, view_motion, view_window
from meps_lib.errors import MepsError
from meps_lib.signals import Recording
from meps_lib.video.flow import optical_flow, optical_strain


def pages_of(box):
    slider, pages = box.children
    return slider, pages.children


def test_one_described_picture_a_state():
    drawn = []

    def draw(value):
        drawn.append(value)
        figure = plt.figure()
        figure.text(0, 0, f"state {value}")
        return figure

    before = plt.get_fignums()
    box = flip_through(draw, [0, 2, 8], "context (s)", "A <card> for {}.".format, first=1)
    slider, pages = pages_of(box)
    assert drawn == [0, 2, 8] and plt.get_fignums() == before
    assert [value for _, value in slider.options] == [0, 2, 8]
    assert slider.value == 2 and box.children[1].selected_index == 1
    for value, page in zip(drawn, pages, strict=True):
        assert f'alt="A &lt;card&gt; for {value}."' in page.value
        svg = base64.b64decode(re.search(r"base64,([^\"]+)", page.value)[1])
        assert svg.startswith(b"<?xml") and f"state {value}".encode() in svg


def test_slider_and_pictures_are_linked_in_the_browser():
    """A link by the front end: it holds in a page that no kernel serves."""
    from ipywidgets import Widget

    box = flip_through(lambda v: plt.figure(), [1, 2], "n", "An empty card, {}.".format)
    every = getattr(Widget, "_active_widgets", None) or Widget.widgets
    links = [w for w in list(every.values()) if type(w).__name__ == "Link"]
    wanted = ((box.children[0], "index"), (box.children[1], "selected_index"))
    assert wanted in [(link.source, link.target) for link in links]


def test_what_cannot_be_flipped_through():
    with pytest.raises(MepsError, match="no values"):
        flip_through(lambda v: plt.figure(), [], "n", str)
    with pytest.raises(MepsError, match="alternative text"):
        flip_through(lambda v: plt.figure(), [1], "n", lambda v: " ")


@pytest.mark.parametrize(("context", "beats"), [(0.0, 1), (1.0, 3), (3.0, 7)])
def test_window_view_counts_the_beats_that_it_shows(context, beats, monkeypatch):
    """One beat a second, at every half second, and a ramp of 0.1 uS a second."""
    times = np.arange(2000) / 100
    both = Recording(np.stack([np.sin(times), times / 10]), ("ECG", "EDA"), ("mV", "uS"), 100)
    every_second = np.arange(50, 2000, 100)
    monkeypatch.setattr("meps_lab.chapters.explore.peaks", lambda recording, name: every_second)
    figure = view_window(both, 10.3, 10.7, context)
    above, below = figure.axes
    assert above.get_title() == f"ECG: {beats} beat{'s' * (beats > 1)}"
    moved = (0.4 + 2 * context - 0.01) / 10
    assert below.get_title() == f"EDA: moves by {moved:.2f} µS"
    curve = below.lines[0].get_xydata()
    assert len(curve) == round((0.4 + 2 * context) * 100)
    np.testing.assert_allclose(curve[0], [-context, (10.3 - context) / 10], atol=1e-6)
    plt.close(figure)


def test_window_view_within_the_recording():
    both = Recording(np.ones((2, 1000)), ("ECG", "EDA"), ("mV", "uS"), 100, "rest.csv")
    with pytest.raises(MepsError, match="rest.csv: .*leaves the recording"):
        view_window(both, 1.0, 1.4, context=2.0)


@pytest.mark.parametrize("first", [2, -1])
def test_the_first_state_is_one_of_them(first):
    with pytest.raises(MepsError, match="position from 0 to 1"):
        flip_through(lambda v: plt.figure(), [1, 2], "n", str, first=first)


@pytest.fixture
def frames():
    """A patch that grows wider from frame to frame, in colour."""
    y, x = np.mgrid[:40, :48].astype(float)
    waves = [0.5 + 0.4 * np.sin((x - 24) / (4 + 0.1 * t)) * np.cos(y / 5) for t in range(5)]
    return np.repeat(np.stack(waves)[:, None], 3, axis=1)


def test_the_view_shows_frame_strain_and_place_in_time(frames):
    curve = np.array([0.0, 0.1, 0.3, 0.2, 0.1])
    figure = view_motion(frames, 3, curve, fps=50.0, apex=2.0)
    picture, strain, line = figure.axes
    assert "frame 3" in (picture.get_title(), picture.get_title(loc="left"))
    assert np.allclose(picture.images[0].get_array(), frames[3, 0], atol=1e-6)
    want = optical_strain(optical_flow(frames[0], frames[3], "dis"))
    assert np.allclose(strain.images[0].get_array(), want)
    curve_drawn, dot, apex = line.lines
    assert np.allclose(curve_drawn.get_xydata(), np.stack([20 * np.arange(5), curve], axis=1))
    assert np.allclose(dot.get_xydata(), [[60, 0.2]])
    assert np.allclose(apex.get_xdata(), 40)
    plt.close(figure)


@pytest.mark.parametrize(("at", "n"), [(5, 5), (-1, 5), (2, 4)])
def test_what_does_not_fit_is_refused(frames, at, n):
    with pytest.raises(MepsError, match="one value a frame"):
        view_motion(frames, at, np.zeros(n), fps=50.0)
