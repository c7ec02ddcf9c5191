"""MyST that Jupyter and Colab cannot draw is rewritten or refused, never passed on."""

from pathlib import Path

import pytest
from pybtex.database import parse_string

from meps_lib.errors import MepsError
from tools.plain import References, to_plain

BIB = parse_string(
    "@article{one, author={van Dyck, Ann}, year=2001}\n"
    "@article{two, author={Li, A and {Berg}, B}, year=2002}\n"
    "@misc{body, title={A standard}}\n",
    "bibtex",
)


@pytest.fixture
def refs(tmp_path) -> References:
    folder = tmp_path / "notebooks"
    folder.mkdir()
    (folder / "02_next.md").write_text("---\na: 1\n---\n\n# The next chapter\n")
    (tmp_path / "pic.png").write_bytes(b"")
    return References("01_demo", folder, "https://raw/", BIB)


@pytest.mark.parametrize(
    ("myst", "plain"),
    [
        (":::{note}\nText.\n:::", "> **Note**\n>\n> Text."),
        ("```{tip}\nText.\n```", "> **Tip**\n>\n> Text."),
        (":::{note} First words\nthen more.\n:::", "> **Note**\n>\n> First words\n>\n> then more."),
        (":::{seealso}\nA.\n:::", "> **See also**\n>\n> A."),
        (
            "::::{warning}\nA.\n\n:::{admonition} Why `x`?\n:class: tip\nB.\n:::\n::::",
            "> **Warning**\n>\n> A.\n>\n> > **Why `x`?**\n> >\n> > B.",
        ),
        (
            ":::{dropdown} More\nText.\n:::",
            "<details>\n<summary>More</summary>\n\nText.\n\n</details>",
        ),
        (
            "- item\n  :::{tip}\n  Inner.\n  :::\n- next",
            "- item\n  > **Tip**\n  >\n  > Inner.\n- next",
        ),
        (
            "```{image} ../pic.png\n:alt: A picture\n```",
            "![A picture](https://raw/pic.png)",
        ),
        (
            "```{code-block} python\nx = {note}\n```",
            "```python\nx = {note}\n```",
        ),
        ("```python\ny = '{term}`x`'\n```", "```python\ny = '{term}`x`'\n```"),
        ("$$\na\n$$", "$$\na\n$$"),
        (
            "```{eval-rst}\n.. x::\n```",
            "> **On the page**\n>\n> This part is drawn on the book's page only.",
        ),
        (
            "{cite:t}`one` and {cite:p}`one,two`",
            "van Dyck (2001) and (van Dyck, 2001; Li and Berg, 2002)",
        ),
        ("{cite}`body`", "(A standard, no year)"),
        ("{term}`apex` {term}`apexes <apex>`", "apex apexes"),
        ("{abbr}`ME (micro-expression)`", "ME (micro-expression)"),
        ("{doc}`02_next` or {doc}`that <02_next>`", "“The next chapter” or that"),
        ("{ref}`there <elsewhere>`", "there"),
        ("{numref}`in Figure %s <fig-a>`", "in Figure 1"),
        ("{math}`x^2` {kbd}`Ctrl`", "$x^2$ `Ctrl`"),
        ("{func}`~meps_lib.a.b` {py:func}`the b <a.b>`", "`b` `the b`"),
        ("[a](../book/x.md) [b](https://x.org) ![c](data:y)", "a [b](https://x.org) ![c](data:y)"),
        ("% hidden\n\nshown", "shown"),
        ("a\n\n(label)=\n## B", "a\n\n## B"),
    ],
)
def test_what_becomes_of_myst(refs, myst, plain):
    refs.add_figure("fig-a")
    assert to_plain(myst, refs) == plain


@pytest.mark.parametrize(
    ("myst", "named"),
    [
        ("```{list-table}\n* - a\n```", "list-table"),
        ("{frac}`1/2`", "{frac}"),
        ("{cite:t}`nobody`", "nobody"),
        ("{ref}`nowhere`", "nowhere"),
        ("{doc}`99_missing`", "99_missing"),
        ("{numref}`fig-z`", "fig-z"),
        ("```{figure} ../none.png\n:alt: x\n```", "../none.png"),
    ],
)
def test_what_has_no_plain_form_is_refused_by_name(refs, myst, named):
    with pytest.raises(MepsError, match="01_demo") as caught:
        to_plain(myst, refs)
    assert named in str(caught.value)


def test_equations_are_numbered_in_order_and_cited(refs):
    text = "$$\na\n$$ (eq-a)\n\n```{math}\n:label: eq-b\nb\n```\n\nBy {eq}`eq-b` and {eq}`eq-a`."
    refs.scan(text)
    plain = to_plain(text, refs)
    assert "a \\tag{1}" in plain
    assert "b \\tag{2}" in plain
    assert plain.endswith("By (2) and (1).")


def test_pictures_outside_the_repository_are_refused(refs):
    outside = Path(refs.folder.parent.parent, "secret.png")
    outside.write_bytes(b"")
    with pytest.raises(MepsError, match="no picture"):
        to_plain("```{image} ../../secret.png\n:alt: x\n```", refs)
