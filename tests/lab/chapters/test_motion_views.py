"""The view says which frame it shows, and where that frame stands on the curve."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from meps_lab.chapters.motion_views import view_motion
from meps_lib.errors import MepsError
from meps_lib.video.flow import optical_flow, optical_strain


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
