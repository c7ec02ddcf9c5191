"""Every rule of the contract lets the good chapter pass and stops one that breaks it."""

import pytest

from tools.contract import check_chapter, dear
from tools.prose_numbers import MEASURED

ALT = "    alt: Equally spaced vertical strokes along a time axis in seconds."
PREREQUISITES = "prerequisites: [Python lists and NumPy arrays]"
ROW = {"seconds": 30.0, "cpu_seconds": 30.0, "pace": 1.0, "memory_mb": 300}


def problems_of(chapter, row=ROW) -> list[str]:
    return check_chapter(*chapter, row)


def test_a_chapter_that_keeps_its_promises_has_no_problem(executed):
    assert problems_of(executed) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("  learn: Turn a row of beat times into a heart rate.\n", "", "`meps: learn` is missing"),
        ("  minutes_gpu: 0.5\n", "", "minutes_gpu` is missing"),
        ("  memory_mb: 400\n", "  memory_mb: lots\n", "memory_mb is 'lots'"),
        (PREREQUISITES, "prerequisites: []", "prerequisites"),
        (PREREQUISITES, "prerequisites: NumPy", "expected a list"),
        ('  numbers:\n    "0.8 s": chosen for the example\n', "", "numbers` is missing"),
        ('"0.8 s": chosen for the example', '"0.8 s":', "needs quotes and an origin"),
        ('"0.8 s": chosen for the example', "0.8: chosen", "needs quotes and an origin"),
        ("## Take-aways", "## In short", "no heading `## Take-aways`"),
        ("## By hand", "# By hand", "has 2 titles"),
        ("is counted here by hand", "is about 0.75 as fast", "cell 3: the number '0.75'"),
        ("is counted here by hand", "beats in 93 % of us", "cell 3: the number '93 %'"),
        ("is counted here by hand", "takes 300 ms", "cell 3: the number '300 ms'"),
        ("not a number of samples", "of 1,109 clips", "the number '1,109 clips'"),
        ("- a list", "- a list of 12 Hz", "the number '12 Hz'"),
        (
            "caption: Equally spaced beats give {glue:text}`rate:.0f` beats",
            "caption: Equally spaced beats give 75 beats",
            "the number '75 beats'",
        ),
        ("A straight line, for", "A line of 40 pixels, for", "the number '40 pixels'"),
        ("along a time axis in seconds", "every 0.9 s along a time axis", "the number '0.9 s'"),
        ("every 0.8 s is", "is", "'0.8 s' is not in the text"),
        ("rate is {glue:text}`rate:.0f`", "rate is {glue:text}`pace:.0f`", "no cell glues"),
        ("rate is {glue:text}`rate:.0f`", "is {glue:text}`rate:.0f} a `minute`", "cannot read"),
        ("60 < rate < 90", "rate > 90", "claims 'rate > 90', but this run has rate = 75.0"),
        ("60 < rate < 90", "rat > 90", "the claim 'rat > 90' cannot be read"),
        ("    - 60 < rate < 90", "    rate: 90", "expected a list of expressions"),
        (ALT, "    width: 90%", "draws a figure with the alternative text ''"),
        (ALT, "    alt: A plot.", "draws a figure with the alternative text 'A plot.'"),
        (":alt: A straight line that rises from left to right.\n", "", "{figure} ../book/figures"),
        ("% a comment that nobody sees", "![](x.png)", "the picture x.png needs"),
        ("% a comment that nobody sees", '<img src="x.png">', "an <img> without alt"),
        ("sfreq = 100.0  # Hz\n", "sfreq = 100.0\n" * 21, "29 lines of code, more than 25"),
        (':tags: [check]\n\ncheck("90.2"', 'check("90.2"', "one check cell"),
    ],
)
def test_a_broken_promise_is_named(edited, old, new, expected):
    found = problems_of(edited(old, new))
    assert any(expected in problem for problem in found), found
    assert all(problem.startswith("90_beats, ") for problem in found)
    assert len(found) <= 2, found  # the one promise that was broken, not a flood


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"seconds": 0.0}, "ran 0 s"),
        ({"cpu_seconds": 182.0}, "declares minutes_cpu 1, took 3.03"),
        ({"cpu_seconds": 182.0, "pace": 0.9}, "declares minutes_cpu 1, took 3.37"),
        ({"memory_mb": 501}, "declares memory_mb 400, took 501"),
    ],
)
def test_cost_is_held_to_the_report(executed, row, expected):
    (problem,) = problems_of(executed, ROW | row)
    assert expected in problem


@pytest.mark.parametrize(("key", "value"), [("minutes_cpu", 6), ("memory_mb", 1600)])
def test_a_declaration_far_above_the_run_is_stopped(executed, key, value):
    front, notebook = executed
    (problem,) = problems_of(({**front, key: value}, notebook))
    assert f"declares {key} {value}" in problem
    assert "lower it" in problem


@pytest.mark.parametrize(
    "row",
    [
        {"seconds": 9000.0},  # it waited for others
        {"cpu_seconds": 400.0, "pace": 5.0},  # a slow machine, or a busy one
        {"cpu_seconds": 30.0, "pace": 0.4},
    ],
)
def test_a_slow_or_busy_machine_stops_nothing(executed, row):
    assert not problems_of(executed, ROW | row)
    assert not [*dear(executed[0], ROW | row)]


def test_a_chapter_that_grows_is_told_before_it_fails(executed):
    front = executed[0]
    told = [[*dear(front, ROW | {"cpu_seconds": s, "pace": 1.0})] for s in (89.0, 91.0, 181.0)]
    assert [len(lines) for lines in told] == [0, 1, 0]  # the last one fails
    assert "declares minutes_cpu 1, took 1.52" in told[1][0]


def test_an_error_in_a_cell_is_stopped_even_where_the_notebook_allowed_it(executed):
    error = {"output_type": "error", "ename": "KeyError", "evalue": "'x'", "traceback": []}
    executed[1].cells[3].outputs.append(type(executed[1])(error))
    (problem,) = problems_of(executed)
    assert problem == "90_beats, cell 4: raised KeyError: 'x'"


def test_a_warning_on_the_page_is_stopped(executed):
    told = {"output_type": "stream", "name": "stderr", "text": "findfont: no font\nfindfont: no"}
    cell = executed[1].cells[3]
    cell.outputs.append(type(executed[1])(told))
    assert problems_of(executed) == ["90_beats, cell 4: warns on the page: findfont: no font"]
    cell.metadata.setdefault("tags", []).append("remove-output")
    assert problems_of(executed) == []
    cell.outputs[-1].name = "stdout"
    cell.metadata.tags.remove("remove-output")
    assert problems_of(executed) == []


def test_a_number_above_the_cell_that_makes_it_is_stopped(executed):
    """The page would print it all the same; a notebook is read and run from the top."""
    notebook = executed[1]
    early = notebook.cells[2]
    early.source += " It is {glue:text}`rate:.0f` a minute."
    (problem,) = problems_of(executed)
    assert "asks for {glue:text}`rate` above the cell that glues it" in problem


def test_a_cell_that_was_not_executed_is_noticed(executed):
    executed[1].cells[3].execution_count = None
    (problem,) = problems_of(executed)
    assert "1 of 12 code cells were not executed" in problem


@pytest.mark.parametrize("text", ["not yet: no", "not attempted yet", "", "correct: a\nnot yet: b"])
def test_a_solution_must_pass_its_check(executed, text):
    cell = next(c for c in executed[1].cells if "check" in c.metadata.get("tags", []))
    cell.outputs[0].text = text
    (problem,) = problems_of(executed)
    assert "does not pass its check" in problem


def test_two_figures_in_one_cell_are_stopped(executed):
    cell = next(c for c in executed[1].cells if "figure" in c.metadata.get("mystnb", {}))
    cell.outputs = cell.outputs * 2
    (problem,) = problems_of(executed)
    assert "draws 2 figures" in problem


def test_a_figure_that_the_run_did_not_draw_is_missed(executed):
    cell = next(c for c in executed[1].cells if "figure" in c.metadata.get("mystnb", {}))
    cell.outputs = []
    (problem,) = problems_of(executed)
    assert "describes a figure, but the run drew none" in problem


def test_too_few_exercises_and_questions_are_counted(executed):
    front, notebook = executed
    kept = [c for c in notebook.cells if "90.3" not in c.source and "Clock" not in c.source]
    notebook.cells = [c for c in kept if "quiz" not in c.metadata.get("tags", [])]
    found = problems_of((front, notebook))
    assert "90_beats, has 2 exercises, expected 3 or more" in found
    assert "90_beats, has 0 quiz questions, expected 3 or more" in found


@pytest.mark.parametrize(
    "text",
    ["3.5", ".5", "12 %", "80 per cent", "8 Hz", "30-ms", "4,200", "634", "-0.2", "2 µS"],
)
def test_what_counts_as_a_measured_number(text):
    assert MEASURED.search(f"It was {text} there.")


@pytest.mark.parametrize(
    "text", ["in 1997", "AU12", "S1", "three", "2 of 3", "v2.0", "1D", "a 5-fold rise", "step 3."]
)
def test_what_does_not(text):
    assert not MEASURED.search(f"It was {text} there.")
