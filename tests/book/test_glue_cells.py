"""Calls of `glue` leave the shown code, and what runs stays the same."""

import pytest

from tools.glue_cells import split_glue


def run(*cells: str) -> tuple[dict, dict]:
    """Execute cells one after the other; what was glued, and the names they leave."""
    told: dict = {}
    names: dict = {"glue": told.__setitem__}
    for cell in cells:
        exec(cell, names)
    left = {key: value for key, value in names.items() if key not in ("glue", "__builtins__")}
    return told, left


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("n = 2\nglue('n', n)", "n = 2"),
        ("n = 2\nglue('n', n)\nm = n + 1\nglue('m', m)", "n = 2\nm = n + 1"),
        ("n = [1, 2]\nglue(\n    'n',\n    n[0],\n)\nlen(n)", "n = [1, 2]\nlen(n)"),
        ("for k in (1, 2):\n    glue(f'n{k}', k)", ""),
        ("glue('n', sum(k for k in (1, 2)))\nk = 5", "k = 5"),
    ],
)
def test_what_moves_is_glued_all_the_same(source, code):
    shown, glue = split_glue(source)
    assert shown == code
    assert run(shown, glue) == run(source)


@pytest.mark.parametrize(
    "source",
    [
        "n = 2",
        "n = 2\nglue('n', n)\nn = 3",
        "n = [2]\nglue('n', n[0])\nn[0] = 3",
        "n = {'a': {}}\nglue('n', len(n['a']))\nn['a']['b'] = 3",
        "n = 2\nglue('n', n)\nfor n in range(3):\n    pass",
        "n = 2\nglue('n', n)\nimport math as n",
        "for k in (1, 2):\n    glue(f'n{k}', k)\nlast = k",
        "for k in (1, 2):\n    m = k\n    glue(f'n{k}', m)",
        "n = [2]\nn.pop()\nglue('n', len(n))",  # the popped value would be shown
    ],
)
def test_what_would_change_stays(source):
    assert split_glue(source) == (source, "")


def test_a_call_that_shows_nothing_may_become_the_last_line():
    assert split_glue("print(2)\nglue('n', 2)") == ("print(2)", "glue('n', 2)")


def test_lines_for_ipython_are_no_obstacle():
    source = "if True:\n    %pip list\nn = 2\nglue('n', n)"
    assert split_glue(source) == (source.removesuffix("\nglue('n', n)"), "glue('n', n)")
