"""The palette is measured, the helpers are read back from the figures that they draw."""

import itertools
from types import SimpleNamespace

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex, to_rgb
from nbclient import NotebookClient
from skimage.color import deltaE_ciede2000, rgb2lab

from meps_lib.errors import MepsError
from meps_lib.plots import (
    plot_confusion,
    plot_flow,
    plot_frames,
    plot_intervals,
    plot_signals,
    use_style,
)
from meps_lib.plots.style import CARD, GROUPS, PALETTE, SEQUENTIAL

# Machado, Oliveira & Fernandes (2009), severity 1, on linear RGB.
DICHROMACY = {
    "none": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}


def linear(rgb):
    rgb = np.asarray(rgb)
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def seen_by(vision, ink):
    """CIE Lab of an ink as a viewer with this colour vision sees it."""
    rgb = np.clip(DICHROMACY[vision] @ linear(to_rgb(ink)), 0, 1)
    return rgb2lab(np.where(rgb <= 0.0031308, 12.92 * rgb, 1.055 * rgb ** (1 / 2.4) - 0.055))


def contrast(ink, ground):
    """WCAG 2 contrast ratio."""
    light, dark = sorted(
        (float(linear(to_rgb(c)) @ [0.2126, 0.7152, 0.0722]) for c in (ink, ground)), reverse=True
    )
    return (light + 0.05) / (dark + 0.05)


def closest(inks, vision):
    return min(
        float(deltaE_ciede2000(seen_by(vision, a), seen_by(vision, b)))
        for a, b in itertools.combinations(inks, 2)
    )


@pytest.fixture(autouse=True)
def style():
    with plt.rc_context():
        use_style()
        yield
        plt.close("all")


@pytest.mark.parametrize("vision", DICHROMACY)
@pytest.mark.parametrize("group", GROUPS)
def test_names_of_a_group_stay_apart(group, vision):
    # CIEDE2000 of 10 and more is plainly different at a glance; 2.3 is just noticeable.
    assert closest(GROUPS[group].values(), vision) > 12


def test_measure_rejects_red_beside_green():
    pair = ("#C0392B", "#5E7B1E")  # far apart for most, alike for a deuteranope
    assert closest(pair, "none") > 30
    assert closest(pair, "deuteranopia") < 12


@pytest.mark.parametrize("name", PALETTE)
def test_inks_stand_out_from_the_card(name):
    assert contrast(PALETTE[name], CARD) >= 3
    assert contrast("#FFFFFF", "#000000") == pytest.approx(21)


@pytest.mark.parametrize("vision", DICHROMACY)
def test_sequential_map_darkens_for_everyone(vision):
    shades = [to_hex(SEQUENTIAL(x)) for x in np.linspace(0, 1, 17)]
    lightness = [seen_by(vision, shade)[0] for shade in shades]
    assert (np.diff(lightness) < -1).all()


def recording():
    time = np.arange(400) / 100
    return SimpleNamespace(
        signals=np.stack([np.sin(time), 2 + time]),
        names=("PPG", "EDA"),
        units=("a.u.", "uS"),
        sfreq=100.0,
        start=-1.0,
    )


def test_signals_are_drawn_in_seconds_with_units_and_colours():
    given = recording()
    figure = plot_signals(given, events={"picture": [0.5]}, marks={"EDA": [1.0]})
    ppg, eda = figure.axes
    assert [ppg.get_ylabel(), eda.get_ylabel()] == ["PPG (a.u.)", "EDA (µS)"]
    assert eda.get_xlabel() == "time (s)"
    curve, dots = eda.lines[:2]
    np.testing.assert_allclose(curve.get_xdata()[[0, -1]], [-1.0, 2.99])
    np.testing.assert_array_equal(curve.get_ydata(), given.signals[1])
    assert curve.get_color() == PALETTE["EDA"]
    np.testing.assert_allclose(dots.get_xydata(), [[1.0, 4.0]])  # 2 s after the start, 2 + 2
    assert [text.get_text() for text in ppg.texts] == ["picture"]


def test_signals_refuse_marks_of_another_signal():
    with pytest.raises(MepsError, match="ECG.*PPG"):
        plot_signals(recording(), marks={"ECG": [1.0]})


def test_flow_points_where_the_skin_moves():
    flow = np.zeros((2, 24, 32))
    flow[:, 12:, :] = np.array([0.3, -0.4])[:, None, None]  # right and up, half a pixel
    figure = plot_flow(np.zeros((24, 32, 3), dtype=np.uint8), flow)
    left, right, bar = figure.axes
    assert left.get_title(loc="left") == "longest arrow: 0.5 pixels"
    arrows = left.collections[0]
    moving = np.asarray(arrows.Y) >= 12
    np.testing.assert_allclose(arrows.U[moving], 0.3)
    np.testing.assert_allclose(arrows.V[moving], -0.4)
    assert left.yaxis_inverted()  # v counts downwards, as image rows do
    np.testing.assert_allclose(right.images[0].get_array().max(), 0.5)
    assert bar.get_ylabel() == "displacement (pixels)"


def test_flow_refuses_another_size():
    with pytest.raises(MepsError, match="24 x 32.*16 x 16"):
        plot_flow(np.zeros((16, 16, 3)), np.zeros((2, 24, 32)))


def test_frames_stand_above_their_weights():
    frames = np.zeros((5, 3, 4, 4), dtype=np.float32)
    frames += np.linspace(0, 1, 5, dtype=np.float32)[:, None, None, None]
    weights = [0.1, 0.2, 0.4, 0.2, 0.1]
    strip, bars = plot_frames(frames, weights=weights, apex=2, fps=50).axes
    image = strip.images[0]
    left, right = image.get_extent()[:2]
    pixels = np.asarray(image.get_array())[0, :, 0]
    centres = left + (np.arange(pixels.size) + 0.5) * (right - left) / pixels.size
    for bar, weight, shade in zip(bars.patches, weights, np.linspace(0, 1, 5), strict=True):
        assert bar.get_height() == weight
        above = np.abs(centres - (bar.get_x() + bar.get_width() / 2)) < 5
        np.testing.assert_allclose(pixels[above], shade)
    assert bars.lines[0].get_xdata()[0] == pytest.approx(40)  # frame 2 at 50 fps, in ms


def test_every_layout_of_frames_gives_the_same_picture():
    colour = np.random.default_rng(0).integers(0, 256, (2, 6, 4, 3), dtype=np.uint8)
    first = np.moveaxis(colour, -1, 1).astype(float) / 255
    strips = [plot_frames(x).axes[0].images[0].get_array() for x in (colour, first)]
    np.testing.assert_allclose(*strips)


def test_the_part_that_moves_most_is_shown_larger():
    frames = np.full((5, 3, 12, 18), 0.5)
    frames[2:, :, 7:11, 2:8] += 0.1  # as large as the part: a third of the sides
    frames[4, :, 0:4, 12:18] += 0.25  # more for a moment, less in all
    strip, closer, bars = plot_frames(frames, weights=[0.2] * 5, closer=True).axes
    drawn = [np.asarray(axis.images[0].get_array()) for axis in (strip, closer)]
    assert drawn[0].shape == (12, 5 * 18, 3) and drawn[1].shape == (4, 5 * 6, 3)
    assert drawn[1].reshape(4, 5, 6, 3).mean(axis=(0, 2, 3)) == pytest.approx([0.5] * 2 + [0.6] * 3)
    assert strip.images[0].get_extent() == closer.images[0].get_extent()
    assert len(bars.patches) == 5
    tiny, _ = plot_frames(np.zeros((2, 3, 2, 2)), closer=True).axes
    assert tiny.images


def test_missing_depth_takes_the_card():
    depth = np.full((2, 1, 4, 4), 600.0)
    depth[:, :, :2] = 700
    depth[0, 0, 0, 0] = np.nan
    drawn = np.asarray(plot_frames(depth).axes[0].images[0].get_array())
    np.testing.assert_allclose(drawn[0, 0], to_rgb(CARD))
    np.testing.assert_allclose(drawn[[1, 3], 0], [[1, 1, 1], [0, 0, 0]])


@pytest.mark.parametrize("shape", [(2, 5, 8, 8), (8,)])
def test_frames_refuse_other_shapes(shape):
    with pytest.raises(MepsError, match="expected"):
        plot_frames(np.zeros(shape))


def test_frames_refuse_weights_of_another_length():
    with pytest.raises(MepsError, match="3 weights for 5 frames"):
        plot_frames(np.zeros((5, 8, 8)), weights=[0.2, 0.5, 0.3])


def test_confusion_shows_counts_and_shares():
    counts = np.array([[195, 39, 16], [36, 68, 5], [12, 7, 64]])
    axis = plot_confusion(counts, ("negative", "positive", "surprise")).axes[0]
    assert [int(text.get_text()) for text in axis.texts] == counts.ravel().tolist()
    recall = np.diag(np.asarray(axis.collections[0].get_array()))
    assert recall.mean() == pytest.approx(0.724979, abs=1e-6)  # the UAR of this matrix
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("estimate", "truth")


def test_confusion_refuses_another_number_of_classes():
    with pytest.raises(MepsError, match="3 classes"):
        plot_confusion(np.eye(2, dtype=int), ("a", "b", "c"))


def test_confusion_writes_counts_that_stand_out_from_their_cells():
    counts = np.zeros((11, 11), dtype=int)
    counts[:, 0] = 1000 - np.arange(0, 550, 50)
    counts[:, 1] = 1000 - counts[:, 0]
    axis = plot_confusion(counts, list("abcdefghijk")).axes[0]
    for text, cell in zip(axis.texts, axis.collections[0].get_facecolors(), strict=True):
        assert contrast(text.get_color(), cell) > 3.7


def intervals():
    rows = [("PS", 0.4, 0.3, 0.5, 0.17, 0.6), ("ME", 0.6, 0.55, 0.7, np.nan, np.nan)]
    return pd.DataFrame(rows, columns=["name", "score", "low", "high", "floor", "ceiling"])


def test_intervals_show_score_ends_floor_and_ceiling():
    figure = plot_intervals(intervals(), "UAR")
    (axis,) = figure.axes
    band, lines, dots = axis.collections
    np.testing.assert_allclose(band.get_segments()[0], [[0.17, 0], [0.6, 0]])
    ends = [segment[:, 0].tolist() for segment in lines.get_segments()]
    assert ends == [[0.3, 0.5], [0.55, 0.7]]
    np.testing.assert_allclose(dots.get_offsets(), [[0.4, 0], [0.6, 1]])
    inks = [to_hex(ink) for ink in dots.get_facecolors()]
    assert inks == [PALETTE["PS"].lower(), PALETTE["ME"].lower()]
    marks = {line.get_label(): line.get_xdata()[0] for line in axis.get_lines()}
    assert marks == {"floor": 0.17, "ceiling": 0.6}
    assert [text.get_text() for text in figure.legends[0].texts] == ["floor", "ceiling"]
    assert axis.get_legend() is None
    assert [text.get_text() for text in axis.texts] == ["0.40", "0.60"]
    assert [tick.get_text() for tick in axis.get_yticklabels()] == ["PS", "ME"]
    assert axis.yaxis_inverted()  # the first system stands on top
    assert (axis.get_xlim(), axis.get_xlabel()) == ((0, 1), "UAR")


def test_each_group_of_intervals_has_its_own_axis():
    rows = pd.concat([intervals().assign(group=g) for g in ("silent face", "default")])
    axes = plot_intervals(rows).axes
    assert [axis.get_title(loc="left") for axis in axes] == ["silent face", "default"]
    assert [axis.get_xlabel() for axis in axes] == ["", "UF1"]


def test_differences_stand_about_zero_and_need_no_floor():
    rows = pd.DataFrame({"name": ["both - ME"], "score": [0.1], "low": [-0.02], "high": [0.2]})
    figure = plot_intervals(rows, "gain in UF1", difference=True)
    (axis,) = figure.axes
    assert axis.get_lines()[-1].get_xdata() == [0, 0]
    assert axis.get_xlim()[0] < -0.02 and axis.get_xlim()[1] < 1
    assert axis.texts[0].get_text() == "+0.10" and not figure.legends


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda rows: rows.drop(columns="low"), "lack low"),
        (lambda rows: rows[:0], "no row"),
        (lambda rows: rows.assign(score=np.nan), "nan"),
        (lambda rows: rows.assign(low=0.9), "low <= high"),
    ],
)
def test_intervals_refuse_what_is_none(change, told):
    with pytest.raises(MepsError, match=told):
        plot_intervals(change(intervals()))


def test_notebooks_draw_the_same_vector_file_twice():
    draw = "plt.plot([0, 1], [0, 1])\nplt.show()"
    start = "import matplotlib.pyplot as plt\nfrom meps_lib.plots import use_style\nuse_style()"
    cells = [nbformat.v4.new_code_cell(source) for source in (start, draw, draw)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, kernel_name="python3", timeout=120).execute()
    first, second = (cell.outputs[-1]["data"]["image/svg+xml"] for cell in notebook.cells[1:])
    assert first == second
    assert "dc:date" not in first  # or tomorrow's file would differ
    assert CARD.lower() in first.lower()


@pytest.mark.parametrize("kind", [float, np.int64])
def test_frames_in_another_range_are_refused(kind):
    with pytest.raises(MepsError, match="reach 200; expected"):
        plot_frames(np.full((2, 8, 8, 3), 200, kind))


@pytest.mark.parametrize(("n", "most"), [(0, 9), (3, 0)])
def test_nothing_to_draw_is_refused(n, most):
    with pytest.raises(MepsError, match=f"{n} frames, most={most}"):
        plot_frames(np.zeros((n, 3, 8, 8)), most=most)


@pytest.mark.parametrize("counts", [[[0.5, 0.5], [0.2, 0.8]], [[3, -1], [0, 2]]])
def test_confusion_refuses_what_is_no_count(counts):
    with pytest.raises(MepsError, match="expected counts"):
        plot_confusion(counts, ("a", "b"))
