"""Sources, and the notebooks generated from them."""

import copy
import json
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from meps_lib.errors import MepsError
from tests.book.conftest import ADDRESS
from tests.book.running import code, run_all, words
from tools.address import PLACEHOLDER
from tools.notebook import ROOT, generated, main, out_of_step, read_chapter, to_colab, to_student
from tools.student import split_solution

CHAPTERS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.md"))


def verdicts(notebook) -> list[str]:
    return [
        output.text.strip()
        for cell in notebook.cells
        if cell.cell_type == "code" and cell.source.startswith("check(")
        for output in cell.outputs
    ]


def test_the_page_keeps_its_myst_and_its_front_matter(chapter):
    front, notebook = chapter
    assert front["name"] == "90_beats"
    assert front["title"] == "Heart rate from beats"
    assert front["minutes_gpu"] == 0.5
    assert "{cite:t}`makowski2021`" in words(notebook)
    assert notebook.cells[0].source == "# Heart rate from beats"
    assert "- Say what an inter-beat interval is." in notebook.cells[1].source
    assert "0.5 minutes with a GPU, 400 MB" in notebook.cells[1].source
    figure = next(cell for cell in notebook.cells if "figure" in cell.metadata.get("mystnb", {}))
    assert figure.metadata.mystnb.image.alt.startswith("Equally spaced")


def test_the_page_folds_solutions_and_hides_quiz_code(chapter):
    tagged = [cell.metadata.get("tags", []) for cell in chapter[1].cells]
    assert sum("hide-cell" in tags and "solution" in tags for tags in tagged) == 3
    assert sum("remove-input" in tags and "quiz" in tags for tags in tagged) == 1
    assert not any("SOLUTION" in text for text in code(chapter[1]))


def test_every_edition_is_a_valid_notebook_without_outputs(chapter, colab, student):
    for notebook in (chapter[1], colab, student):
        nbformat.validate(notebook)
        assert all(not cell.outputs for cell in notebook.cells if cell.cell_type == "code")
        assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)


def test_a_change_in_one_cell_leaves_the_ids_of_the_others(chapter, colab, source):
    front, notebook = copy.deepcopy(chapter)
    notebook.cells[2].source += " More."  # a text without numbers
    before = {cell.id for cell in colab.cells}
    after = {cell.id for cell in to_colab(front, notebook, ADDRESS, source.parent).cells}
    assert len(before - after) == len(after - before) == 1


def test_colab_gets_plain_markdown(colab):
    text = words(colab)
    for myst in (":::", "{", "(sec-hand)=", "% a comment", "$$ (eq-rate)", "](sec-exercises)"):
        assert myst not in text.replace("\\tag{1}", "").replace("\\bar{d}", ""), myst
    assert "older (Picard, 1997); Makowski et al. (2021) wrote" in text
    assert "inter-beat interval, “By hand” and the exercises." in text
    assert "The rate is 75 beats a minute (Figure 1), by (1):" in text
    assert "> **Why not count?**\n>\n> Counting beats" in text
    assert "**Figure 2.** A straight line, for comparison with Figure 1." in text
    assert "<summary>The figure in words</summary>Equally spaced vertical strokes" in text
    picture = f"https://raw.githubusercontent.com/{ADDRESS}/main/book/figures/line.png"
    assert f"![A straight line that rises from left to right.]({picture})" in text


def test_without_an_address_no_link_leads_nowhere(chapter, source):
    home = to_student(*chapter, PLACEHOLDER, source.parent)
    assert "colab.research" not in words(home)
    assert "](../../book/figures/line.png)" in words(home)
    assert "make address" in code(home)[0]


def test_colab_has_the_solution_folded_after_the_check_of_its_stub(colab):
    cells = [cell for cell in colab.cells if cell.cell_type == "code"]
    at = next(k for k, cell in enumerate(cells) if cell.source.startswith('check("90.1"'))
    assert cells[at - 1].source.endswith("    ...")
    assert cells[at + 1].source.startswith("# @title Solution\ndef heart_rate")
    assert cells[at + 1].metadata == {"jupyter": {"source_hidden": True}, "cellView": "form"}


def test_the_gpu_hint_follows_from_the_declaration(chapter, colab, source):
    assert "about 0.5 minutes instead of 1" in words(colab)
    front = {**chapter[0], "minutes_gpu": 1}
    assert "T4 GPU" not in words(to_colab(front, chapter[1], ADDRESS, source.parent))


def test_run_all_on_the_student_edition_attempts_nothing_and_passes(student):
    assert verdicts(run_all(student)) == ["not attempted yet"] * 3


def test_run_all_on_the_colab_edition_passes(colab_ran):
    assert verdicts(colab_ran) == ["not attempted yet"] * 3


def test_a_student_who_writes_the_solution_is_told_so(chapter, student):
    solutions = [c for c in chapter[1].cells if "solution" in c.metadata.get("tags", [])]
    filled = copy.deepcopy(student)
    for cell in filled.cells:
        for solution in solutions:
            if cell.source == solution.metadata.stub:
                cell.source = solution.source
    assert [text.split(":")[0] for text in verdicts(run_all(filled))] == ["correct"] * 3


def assert_stub_of(stub: str, solution: str) -> None:
    """Every line of the stub occurs in the solution, apart from its placeholder."""
    lines = solution.splitlines()
    for line in stub.splitlines():
        if line.strip() == "...":
            continue
        if line.endswith(" = ..."):
            assert any(given.startswith(line.removesuffix("...")) for given in lines), line
        else:
            assert line in lines, line
    assert "..." in stub


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_chapters_derive_stubs_and_keep_solutions_from_students(path):
    front, notebook = read_chapter(path)
    given = code(to_student(front, notebook, ADDRESS))
    solutions = [c for c in notebook.cells if "solution" in c.metadata.get("tags", [])]
    assert solutions
    for cell in solutions:
        assert_stub_of(cell.metadata.stub, cell.source)
        assert cell.metadata.stub in given
        assert not any(cell.source in text for text in given)


def test_the_fixture_derives_stubs_too(chapter, student):
    solutions = [c for c in chapter[1].cells if "solution" in c.metadata.get("tags", [])]
    for cell in solutions:
        assert_stub_of(cell.metadata.stub, cell.source)
    for line in ("return 60 / intervals.mean()", "np.diff(times)", "samples / self.sfreq"):
        assert line in "\n".join(code(chapter[1]))
        assert line not in "\n".join(code(student))


# What is asked is whether all cells run with nothing filled in, not what is learnt: the book's
# build runs the same cells in full.
ONE_EPOCH = """\
from meps_lib import training
check_config = training.TrainConfig.__post_init__
def one_epoch(config):
    check_config(config)
    object.__setattr__(config, "epochs", 1)
training.TrainConfig.__post_init__ = one_epoch
"""


@pytest.mark.slow
@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_run_all_on_a_chapters_student_edition(path):
    notebook = to_student(*read_chapter(path), ADDRESS)
    for cell in notebook.cells:
        if cell.cell_type == "code":  # what a caption claims of a trained network is not so here
            cell.source = re.sub(r"^assert .*", "", cell.source, flags=re.MULTILINE)
    notebook.cells.insert(0, new_code_cell(ONE_EPOCH))
    found = verdicts(run_all(notebook))
    assert found
    assert set(found) == {"not attempted yet"}


def test_generated_notebooks_are_in_step(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["notebook", "--check"])
    main()  # exits with the list of those that are not


def test_out_of_step_notebooks_are_named(source, tmp_path):
    folder = tmp_path / "notebooks"
    (folder / "student").mkdir(parents=True)
    text = source.read_text("utf8").replace("```{figure} ../book/figures/line.png", "```{note}")
    text = text.replace("{cite:p}`picard1997`; {cite:t}`makowski2021` wrote", "; wrote")
    (folder / source.name).write_text(text, "utf8")
    full, student = folder / "90_beats.ipynb", folder / "student/90_beats.ipynb"
    assert out_of_step(folder, ADDRESS) == [full, student]
    for path, written in generated(folder, ADDRESS).items():
        path.write_text(written, "utf8")
    assert out_of_step(folder, ADDRESS) == []
    assert out_of_step(folder, "an/other") == [full, student]
    edited = json.loads(full.read_text())
    edited["cells"][4]["source"].append("edited by hand")
    full.write_text(json.dumps(edited))
    (folder / "91_gone.ipynb").write_text("{}")
    assert out_of_step(folder, ADDRESS) == [full, folder / "91_gone.ipynb"]


SOLUTION = """### BEGIN SOLUTION
intervals = np.diff(times)
longest = intervals.max()
### END SOLUTION"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("# Heart rate from beats\n", "", "must begin with the title"),
        ("  name: python3\n", "  name: [\n", "Notebook metadata"),
        ("kernelspec:\n  name: python3\n  display_name: Python 3\n", "", "without `kernelspec`"),
        (":tags: [quiz]", ":tags: quiz", "tags are a list"),
        ("### BEGIN SOLUTION\nintervals = ", "intervals = ", "without its partner"),
        ("longest = intervals.max()\n### END SOLUTION", "longest = 1", "without '### END"),
        ("intervals = np.diff(times)\nlongest", "low, longest", "expected one name a line"),
        ("intervals = np.diff(times)\nlongest = intervals.max()", "print(times)", "no name"),
        (SOLUTION, "longest = 1", "marks nothing"),
    ],
)
def test_a_source_that_cannot_be_read_is_named(edited, old, new, message):
    with pytest.raises(MepsError, match=message) as caught:
        edited(old, new)
    assert "90_beats" in str(caught.value)


def test_an_unfinished_region_and_the_marks_themselves():
    solution, stub = split_solution(
        "def f(x):\n    # given\n    ### BEGIN SOLUTION\n    y = x\n    return y\n"
        "    ### END SOLUTION\n\n\nscale = 2",
        "here",
    )
    assert solution == "def f(x):\n    # given\n    y = x\n    return y\n\n\nscale = 2"
    assert stub == "def f(x):\n    # given\n    ...\n\n\nscale = 2"
    with pytest.raises(MepsError, match="here: the marked solution is no complete code"):
        split_solution("### BEGIN SOLUTION\nx = (\n### END SOLUTION", "here")
