"""Numbers of the run: found in sentences, kept for the notebooks' text, told where they differ."""

import shutil

import nbformat
import pytest

from tools.numbers import EXECUTED, differences, last_run, write
from tools.sentences import filled, read_kept, sections, sentences


@pytest.fixture
def project(tmp_path, source):
    """The fixture chapter with nothing kept and nothing run."""
    (tmp_path / "notebooks").mkdir()
    shutil.copy(source, tmp_path / "notebooks")
    return tmp_path


def run(project, notebook) -> None:
    (project / EXECUTED).mkdir(parents=True)
    nbformat.write(notebook, project / EXECUTED / "90_beats.ipynb")


def test_the_last_run_is_kept_by_the_command_alone(project, ran):
    assert last_run(project) == {"90_beats": {}}
    run(project, ran[1])
    now = last_run(project)
    assert now == {"90_beats": {"rate:.0f": "75"}}
    assert read_kept(project / "notebooks") == {}
    write(project, now)
    assert read_kept(project / "notebooks") == now
    assert list(differences(now, now)) == []


def test_a_chapter_that_did_not_run_keeps_what_its_text_still_asks_for(project):
    write(project, {"90_beats": {"rate:.0f": "74", "gone:d": "3"}, "91_gone": {"n": "1"}})
    assert last_run(project) == {"90_beats": {"rate:.0f": "74"}}


def test_differences_name_chapter_number_and_both_values():
    kept = {"01_a": {"n:d": "3", "old": "x", "same": "1"}}
    now = {"01_a": {"n:d": "4", "new:.1f": "0.5", "same": "1"}}
    assert list(differences(kept, now)) == [
        "01_a: n:d is 4, kept is 3",
        "01_a: new:.1f is 0.5, kept is nothing",
        "01_a: old is nothing, kept is x",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("None here.", []),
        ("A. B {glue:text}`n`! C?", ["B {glue:text}`n`!"]),
        ("Li et al. (2020) say {glue:text}`n`. No.", ["Li et al. (2020) say {glue:text}`n`."]),
        ("It is 0.5 or\n{glue:text}`n:.1f`.", ["It is 0.5 or\n{glue:text}`n:.1f`."]),
        (":::{note}\nIn {glue:text}`n`.\n\n- A.\n:::", ["In {glue:text}`n`."]),
        ("`{glue:text}` is a role", []),
    ],
)
def test_sentences_with_numbers_are_found(text, found):
    assert sentences(text) == found


def test_a_number_that_is_not_kept_is_its_name():
    text = "{glue:text}`rate:.1f` of {glue:text}`n`"
    assert filled(text, {"rate:.1f": "75.0"}) == "75.0 of `n`"


def test_a_text_is_parted_at_headings_below_its_numbers_only():
    text = "# A\n\n(b)=\n## B\n{glue:text}`n`\n\n```python\n# no heading\n```\n\n(c)=\n## C\n\n## D"
    before, after = sections(text)
    assert before.startswith("# A") and before.rstrip().endswith("```")
    assert after == "(c)=\n## C\n\n## D"
