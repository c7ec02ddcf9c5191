"""What the laboratory shows: the faces that were asked for, moving only when opened."""

import base64
import io
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image

from meps_lab.chapters.views import SEVEN, animate, as_image, contact_sheet, express, tree
from meps_lab.simulate.face.identity import Identity
from meps_lib.errors import MepsError
from meps_lib.labels import EMOTION_AUS


def test_an_expression_is_the_prototype_and_begins_neutral():
    clip = express(Identity(), "anger", 0.4)
    assert clip.aus == EMOTION_AUS["anger"]
    assert clip.intensity.tolist() == [[0.0] * len(clip.aus), [0.4] * len(clip.aus)]
    assert express(Identity(), "contempt", 1.0).lateral != 0 == clip.lateral
    assert express(Identity(), (12,), 1.0).aus == (12,)
    with pytest.raises(MepsError, match="no emotion 'joy'"):
        express(Identity(), "joy", 1.0)


def test_the_sheet_has_one_row_an_emotion_and_one_column_a_person():
    people = [Identity(), Identity(skin=0.9)]
    figure = contact_sheet(people, SEVEN[:3], 1.0, size=32)
    sheet = figure.axes[0].images[0].get_array()
    assert sheet.shape == (3 * 32, 2 * 24, 3)
    rows = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert rows == list(SEVEN[:3])
    # Second row, second column: that person, that emotion, without the wall at its sides.
    face = as_image(express(people[1], SEVEN[1], 1.0, 32).render()[0][1])
    assert np.allclose(sheet[32:64, 24:], np.round(255 * face[:, 4:-4]))
    plt.close(figure)


def test_without_intensity_all_rows_are_alike():
    figure = contact_sheet([Identity()], SEVEN, 0.0, size=32)
    rows = np.split(figure.axes[0].images[0].get_array(), 7)
    assert all(np.array_equal(row, rows[0]) for row in rows)
    plt.close(figure)


@pytest.fixture(scope="module")
def frames():
    """A square that wanders over a grey ground."""
    clip = torch.full((5, 3, 24, 32), 0.5)
    for k in range(5):
        clip[k, 0, 8:16, 4 * k : 4 * k + 8] = 1.0
    return clip


def stored(shown):
    return base64.b64decode(re.search(r"base64,([^\"]+)", shown.data)[1])


def test_the_animation_holds_the_frames_at_their_pace(frames):
    shown = animate(frames, 25, "A wandering square.", "Play", slower=2)
    film = Image.open(io.BytesIO(stored(shown)))
    assert (film.n_frames, film.size) == (5, (32, 24))
    for k in range(5):
        film.seek(k)
        seen = np.asarray(film.convert("RGB"), float) / 255
        assert np.abs(seen - as_image(frames[k])).max() < 0.05
        assert film.info["duration"] == (80 if k < 4 else 700)  # ms
    assert shown.metadata["bytes"] == len(stored(shown))


def test_nothing_moves_before_it_is_opened(frames):
    page = animate(frames, 25, 'A "square".', "Play <it>").data
    assert page.startswith("<details") and "<details open" not in page
    assert page.index("<summary>") < page.index("<img")  # inside, so hidden while closed
    assert "<script" not in page
    assert 'alt="A &quot;square&quot;."' in page and "Play &lt;it&gt;" in page


@pytest.mark.parametrize(
    ("how", "told"),
    [({"alt": " "}, "without alternative text"), ({"fps": 0}, "fps=0"), ({"slower": -1}, "-1")],
)
def test_an_animation_that_cannot_be_is_refused(frames, how, told):
    with pytest.raises(MepsError, match=told):
        animate(frames, **{"fps": 25, "alt": "A square.", "summary": "Play", **how})


def test_the_tree_shortens_what_repeats(tmp_path):
    (tmp_path / "set" / "frames").mkdir(parents=True)
    for k in range(1, 13):
        (tmp_path / "set" / "frames" / f"{k}.png").touch()
    (tmp_path / "set" / "codes.xlsx").touch()
    assert tree(tmp_path / "set", most=2).splitlines() == [
        "set/",
        "  codes.xlsx",
        "  frames/",
        "    1.png",
        "    2.png",
        "    ... 10 more .png files",
    ]
    with pytest.raises(MepsError, match="no folder"):
        tree(tmp_path / "none")
