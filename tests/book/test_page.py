"""Values and sources that a run hands to its page."""

import ast
import inspect
import textwrap

import numpy as np
import pytest
import torch
from myst_nb.core.variables import format_plain_text
from myst_nb.ext.glue import extract_glue_data_cell
from nbformat.v4 import new_code_cell, output_from_msg

from meps_lab.chapters import page, quiz
from meps_lib.errors import MepsError


@pytest.fixture
def shown(monkeypatch):
    """What the functions display, as outputs of a cell."""
    outputs = []

    def display(data, *, raw=False, metadata=None):
        if not raw:
            data = {"text/markdown": data.data}
        content = {"data": data, "metadata": metadata or {}}
        outputs.append(
            output_from_msg({"header": {"msg_type": "display_data"}, "content": content})
        )

    monkeypatch.setattr(page, "display", display)
    return outputs


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (2, 2),
        (0.25, 0.25),
        ("resting", "resting"),
        (np.float64(1.5), 1.5),
        (np.float32(0.5), 0.5),
        (np.int64(7), 7),
        (np.array([3.0]), 3.0),
        (torch.tensor(4.5), 4.5),
    ],
)
def test_myst_nb_finds_the_value_and_draws_nothing(shown, value, kept):
    page.glue("name", value)
    cell = new_code_cell(outputs=shown)
    ((name, output),) = extract_glue_data_cell(cell)
    assert name == "name"
    assert ast.literal_eval(output.data["text/plain"]) == kept
    assert cell.outputs == []


def test_jupyter_shows_nothing(shown):
    page.glue("rate", np.float64(72.314159265))
    assert list(shown[0].data) == ["application/papermill.record/text/plain"]


@pytest.mark.parametrize(
    ("value", "spec"),
    [(0.256, ".0%"), (12.0, "d"), (-0.04, "+.2f"), (17812, ",d"), ("calm", ""), (0.3, ""), (7, "")],
)
def test_a_notebook_writes_numbers_as_the_page_does(value, spec):
    assert page.shown(value, spec) == format_plain_text(repr(value), spec)


def test_a_sentence_comes_again_only_where_the_run_has_another_number(shown):
    page.glue("rate", 75.4)
    page.glue("beats", 10)
    said = ("It is {rate:.0f} a minute, by {beats} beats.", "Of {beats}, all count.")
    shown.clear()
    page.in_this_run(*said, kept={"rate:.0f": "75", "beats": "10"})
    assert shown == []
    page.in_this_run(*said, kept={"rate:.0f": "61", "beats": "10"})
    (again,) = shown
    assert again.data["text/markdown"] == "*In this run:* It is **75** a minute, by 10 beats."


def test_a_cell_that_did_not_run_is_asked_for():
    with pytest.raises(MepsError, match="'unheard'.*run the cells above"):
        page.in_this_run("{unheard:.1f}", kept={"unheard:.1f": "1.0"})


@pytest.mark.parametrize(
    "value", [float("nan"), np.inf, np.array([1.0, 2.0]), torch.zeros(2), None, [1], np.array([])]
)
def test_what_the_text_cannot_print_is_refused(value):
    with pytest.raises(MepsError, match="glue\\('x'\\)"):
        page.glue("x", value)


@pytest.mark.parametrize("thing", [page.glue, page.show_source, quiz.show_quiz, MepsError])
def test_source_is_that_of_the_library_without_docstrings(shown, thing):
    page.show_source(thing)
    text = shown[0].data["text/markdown"]
    assert text.startswith("```python\n")
    assert text.endswith("\n```")
    assert '"""' not in text
    body = text.split("\n", 1)[1].rsplit("\n", 1)[0]
    assert set(body.splitlines()) <= set(textwrap.dedent(inspect.getsource(thing)).splitlines())


def test_source_without_its_docstring_does_the_same(shown):
    page.show_source(page._plain)
    body = shown[0].data["text/markdown"].split("\n", 1)[1].rsplit("\n", 1)[0]
    given = ast.parse(inspect.getsource(page._plain)).body[0]
    assert ast.dump(ast.parse(body).body[0].body[-1]) == ast.dump(given.body[-1])
    page.show_source(page._plain, docstring=True)
    assert '"""Turn NumPy' in shown[1].data["text/markdown"]
