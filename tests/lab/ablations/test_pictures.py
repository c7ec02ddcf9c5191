"""The picture of a dial shows every score, its ends, floor, ceiling, and the differences.

Three numbers or more are joined by lines; two places, or names, are blocks of dots.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from meps_lab.ablations import plot_dial
from meps_lib.errors import MepsError
from meps_lib.plots import use_style


@pytest.fixture(autouse=True)
def style():
    use_style()
    yield
    plt.close("all")


NAMES = ["with", "without"]


@pytest.fixture
def rows():
    out = []
    for k, value in enumerate(("0", "1", "10")):
        for name, score in (("with", 0.6 - 0.1 * k), ("without", 0.4)):
            ends = dict(low=score - 0.05, high=score + 0.07, floor=0.2, ceiling=0.9 - 0.1 * k)
            out.append(dict(value=value, variant=name, minus="", score=score, **ends))
        ends = dict(low=0.1 - 0.1 * k, high=0.3 - 0.1 * k, floor=0.2, ceiling=0.9)
        out.append(dict(value=value, variant="with", minus="without", score=0.2 - 0.1 * k, **ends))
    return pd.DataFrame(out)


def bars(axis, name, dots=False):
    """Scores and ends of a variant, or of a place of dots, as they are drawn."""
    (one,) = [c for c in axis.containers if c.get_label() == name]
    line, _, (ends,) = one.lines
    score = line.get_xdata() if dots else line.get_ydata()
    return score, np.array([s[:, 0 if dots else 1] for s in ends.get_segments()])


def beside(axis):
    """What stands beside each row, by its height."""
    return {t.get_position()[1]: t.get_text() for t in axis.get_yticklabels()}


def test_scores_ends_floor_and_ceiling_are_drawn(rows):
    figure = plot_dial(rows, "noise (mm)", usual="1")
    upper, lower = figure.axes
    score, ends = bars(upper, "with")
    assert score == pytest.approx([0.6, 0.5, 0.4])
    assert ends == pytest.approx(np.array([[0.55, 0.67], [0.45, 0.57], [0.35, 0.47]]))
    edges = {line.get_label(): line.get_ydata() for line in upper.get_lines()}
    assert edges["ceiling"] == pytest.approx([0.9, 0.8, 0.7]) and set(edges["floor"]) == {0.2}
    difference, ends = bars(lower, "with")
    assert difference == pytest.approx([0.2, 0.1, 0.0])
    assert ends[2] == pytest.approx([-0.1, 0.1])
    assert [t.get_text() for t in lower.get_xticklabels()] == ["0", "1", "10"]
    assert "without" in lower.get_ylabel() and lower.get_xlabel() == "noise (mm)"
    (band,) = lower.patches  # where recordings are: about the second position
    assert band.get_x() < 1 < band.get_x() + band.get_width()


def test_two_places_are_blocks_of_dots(rows):
    figure = plot_dial(rows[rows["value"] != "1"], "noise (mm)", usual="10")
    left, right = figure.axes
    score, ends = bars(left, "10", dots=True)
    assert score == pytest.approx([0.4, 0.4])
    assert ends == pytest.approx(np.array([[0.35, 0.47]] * 2))
    difference, ends = bars(right, "0", dots=True)
    assert difference == pytest.approx([0.2]) and ends == pytest.approx(np.array([[0.1, 0.3]]))
    assert list(beside(left).values()) == ["at 0", "with", "without", "at 10, usual", *NAMES]
    for axis, place, names in ((left, "10", NAMES), (right, "0", ["with"])):  # at its own row
        (one,) = [c for c in axis.containers if c.get_label() == place]
        assert [beside(left)[y] for y in one.lines[0].get_ydata()] == names
        assert one.lines[0].get_linestyle() == "None"  # nothing is joined
    edges = [line for line in left.get_lines() if line.get_linestyle() in ("--", ":")]
    at = [(line.get_linestyle(), round(line.get_xdata()[0], 9)) for line in edges]
    assert at == [("--", 0.9), (":", 0.2), ("--", 0.7), (":", 0.2)]
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["ceiling", "floor"]
    assert [line.get_linestyle() for line in figure.legends[0].get_lines()] == ["--", ":"]
    (band,) = left.patches  # where recordings are: about the second block, and not the first
    assert edges[1].get_ydata()[1] < band.get_y() < edges[2].get_ydata()[0] and right.patches
    assert "without" in right.get_xlabel() and figure.get_suptitle() == "noise (mm)"


def test_names_are_never_joined(rows):
    named = rows.replace({"value": {"0": "nothing", "1": "video", "10": "EEG"}})
    left, _ = plot_dial(named, "x", usual="nothing").axes
    assert list(beside(left).values())[::3] == ["nothing, usual", "video", "EEG"]
    assert all(c.lines[0].get_linestyle() == "None" for c in left.containers)
    left, _ = plot_dial(named.replace({"value": {"nothing": "usual"}}), "x", usual="usual").axes
    assert next(iter(beside(left).values())) == "usual"  # and not twice


def test_scores_alone_have_one_axis(rows):
    scores = rows[rows["minus"] == ""]
    assert len(plot_dial(scores, "x").axes) == 1
    assert len(plot_dial(scores[scores["value"] != "1"], "x").axes) == 1


def test_one_position_is_drawn_without_a_warning(rows):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = plot_dial(rows[rows["value"] == "0"], "x")
        figure.canvas.draw()
    score, _ = bars(figure.axes[0], "0", dots=True)
    assert score == pytest.approx([0.6, 0.4])


def test_many_lines_stay_near_their_place(rows):
    one = rows[rows["variant"] == "without"]
    more = pd.concat([one.assign(variant=f"{k}", minus="") for k in range(12)])
    (axis,) = plot_dial(more, "x").axes
    places = np.array([container.lines[0].get_xdata() for container in axis.containers])
    assert np.abs(places - [0, 1, 2]).max() <= 0.15 + 1e-9


@pytest.mark.parametrize("n", [7, 8, 12])
def test_many_variants_are_told_apart_without_colour(rows, n):
    one = rows[rows["variant"] == "without"]
    more = pd.concat([one.assign(variant=f"{k}", minus="") for k in range(n)])
    (axis,) = plot_dial(more, "x").axes
    lines = [container.lines[0] for container in axis.containers]
    assert len({a.get_marker() for a in lines}) == n
    inks = [a.get_color() for a in lines]
    for k, ink in enumerate(inks):  # one whose colour stood before has another line as well
        if ink in inks[:k]:
            assert lines[k].get_linestyle() != lines[inks.index(ink)].get_linestyle()
            assert lines[k].get_markerfacecolor() != ink


def test_long_names_stay_apart_and_within(rows):
    long = {"0": "signals with every denoising step", "1": "signals as they were recorded, raw"}
    long |= {"10": "a_name_without_any_place_at_which_it_could_be_cut"}
    names = {"with": "guided by depth and the body " * 4, "without": "not guided by anything " * 3}
    renamed = rows.replace({"value": long, "variant": names, "minus": names})
    more = [renamed.assign(value=f"{k}: " + renamed["value"]) for k in range(3)]
    label = "what the trials of all strangers lack in the test and never when it learns, or nearly"
    figure = plot_dial(pd.concat(more), label)
    figure.canvas.draw()
    boxes = [t.get_window_extent() for t in figure.axes[0].get_yticklabels()]
    assert len(boxes) == 9 * 3  # a heading and two variants for each place
    assert not any(a.overlaps(b) for a, b in zip(boxes[:-1], boxes[1:], strict=True))
    head, legend = figure._suptitle, figure.legends[0]
    boxes += [thing.get_window_extent() for thing in (head, legend)]
    assert not boxes[-1].overlaps(boxes[-2])
    inside = figure.bbox
    assert all(inside.x0 <= b.x0 and b.x1 <= inside.x1 for b in boxes)
    assert min(b.y0 for b in boxes) >= 0 and max(b.y1 for b in boxes) <= inside.y1


def test_long_names_of_lines_stay_within(rows):
    names = {"with": "guided by depth and the body " * 4, "without": "not guided by anything " * 3}
    renamed = rows.replace({"variant": names, "minus": names})
    wide = {"0": "0.000000000000000000001", "1": "1.000000000000000000001"}
    more = [renamed.replace({"value": wide}).assign(value=lambda t, k=k: t["value"] + "0" * k)
            for k in range(3)]  # so many that they cannot stand beside each other  # fmt: skip
    figure = plot_dial(pd.concat(more), "x")
    figure.canvas.draw()
    inside = figure.bbox
    boxes = [t.get_window_extent() for t in figure.axes[-1].get_xticklabels()]
    assert not any(a.overlaps(b) for a, b in zip(boxes[:-1], boxes[1:], strict=True))
    boxes.append(figure.legends[0].get_window_extent())
    assert all(inside.x0 <= b.x0 and b.x1 <= inside.x1 for b in boxes)
    assert min(b.y0 for b in boxes) >= 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda t: t.drop(columns="floor"), "lack floor"),
        (lambda t: t.iloc[:0], "one row or more"),
        (lambda t: t.assign(low=np.nan), "finite"),
        (lambda t: t.assign(low=t["score"] + 0.1), "position '0', variant 'with': low 0.7, score"),
        (lambda t: t.assign(high=t["score"] - 0.1), "high 0.5; expected them in this order"),
        (lambda t: pd.concat([t, t[1:2]]), "position '0', variant 'without' stands twice"),
        (
            lambda t: pd.concat([t, t[t["minus"] != ""].assign(minus="other")]),
            "position '0', variant 'with' stands twice",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused(rows, change, told):
    with pytest.raises(MepsError, match=told):
        plot_dial(change(rows), "x")
    with pytest.raises(MepsError, match="usual='2'; the positions are 0, 1, 10"):
        plot_dial(rows, "x", usual="2")
