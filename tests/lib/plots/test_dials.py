"""The picture of a dial shows every score, its ends, floor, ceiling, and the differences."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from meps_lib.errors import MepsError
from meps_lib.plots import plot_dial, use_style


@pytest.fixture(autouse=True)
def style():
    use_style()
    yield
    plt.close("all")


@pytest.fixture
def rows():
    out = []
    for k, value in enumerate(("0", "1", "ten")):
        for name, score in (("with", 0.6 - 0.1 * k), ("without", 0.4)):
            ends = dict(low=score - 0.05, high=score + 0.07, floor=0.2, ceiling=0.9 - 0.1 * k)
            out.append(dict(value=value, variant=name, minus="", score=score, **ends))
        ends = dict(low=0.1 - 0.1 * k, high=0.3 - 0.1 * k, floor=0.2, ceiling=0.9)
        out.append(dict(value=value, variant="with", minus="without", score=0.2 - 0.1 * k, **ends))
    return pd.DataFrame(out)


def bars(axis, name):
    """Scores and ends of a variant, as they are drawn."""
    (one,) = [c for c in axis.containers if c.get_label() == name]
    line, _, (ends,) = one.lines
    return line.get_ydata(), np.array([s[:, 1] for s in ends.get_segments()])


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
    assert [t.get_text() for t in lower.get_xticklabels()] == ["0", "1", "ten"]
    assert "without" in lower.get_ylabel() and lower.get_xlabel() == "noise (mm)"
    (band,) = lower.patches  # where recordings are: about the second position
    assert band.get_x() < 1 < band.get_x() + band.get_width()


def test_scores_alone_have_one_axis(rows):
    assert len(plot_dial(rows[rows["minus"] == ""], "x").axes) == 1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda t: t.drop(columns="floor"), "lack floor"),
        (lambda t: t.iloc[:0], "one row or more"),
        (lambda t: t.assign(low=np.nan), "finite"),
    ],
)
def test_what_cannot_be_drawn_is_refused(rows, change, told):
    with pytest.raises(MepsError, match=told):
        plot_dial(change(rows), "x")
    with pytest.raises(MepsError, match="usual='2'; the positions are 0, 1, ten"):
        plot_dial(rows, "x", usual="2")
