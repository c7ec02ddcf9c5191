"""A check answers in one line, whatever a learner's object does."""

import math

import numpy as np
import pytest

from meps_lab.chapters.exercises import check, exercise, exercise_ids
from meps_lab.chapters.exercises import checking as exercises
from meps_lib.errors import MepsError


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    monkeypatch.setattr(exercises, "_REGISTRY", {})

    @exercise("99.1", correct="a root times itself")
    def root(learner):
        for value in (4.0, 9.0):
            got = learner(value)
            if not math.isclose(got, value**0.5):
                return f"the root of {value:g} is not {got:g}"
        return None

    @exercise("99.2", correct="a sum")
    def total(learner):
        return None if np.sum(learner) == 6 else "add them all"

    @exercise("99.3", correct="it falls", bets=("rise", "fall"))
    def falls(learner):
        return None if learner(2) < learner(1) else "look again"


@pytest.fixture
def line(capsys):
    """Check an answer and return the one line that it printed."""

    def run(exercise_id, learner):
        assert check(exercise_id, learner) is None
        out = capsys.readouterr().out
        assert out.count("\n") == 1
        return out.strip()

    return run


class Hostile:
    """Raises wherever Python asks it something."""

    def __getattribute__(self, name):
        raise RuntimeError("hands off")

    def _raise(self, *args):
        raise RuntimeError("hands off")

    __eq__ = __bool__ = __repr__ = __str__ = __len__ = __iter__ = __call__ = __array__ = _raise
    __hash__ = None


class SilentError(Exception):
    def __str__(self):
        raise ValueError("no text")


def raises(error):
    def learner(value):
        raise error

    return learner


def given_then_open(value):
    half = value / 2
    half  # noqa: B018
    ...


def test_a_right_answer(line):
    assert line("99.1", math.sqrt) == "correct: a root times itself"
    assert line("99.1", lambda value: value**0.5) == "correct: a root times itself"
    assert line("99.2", np.array([1, 2, 3])) == "correct: a sum"


def test_a_wrong_answer_gets_its_hint(line):
    assert line("99.1", lambda value: value / 2) == "not yet: the root of 9 is not 4.5"
    assert line("99.2", [1, 2]) == "not yet: add them all"


@pytest.mark.parametrize(
    "learner",
    [..., None, (1, ...), [..., ...]],
    ids=["dots", "none", "tuple", "list"],
)
def test_a_placeholder_is_not_an_attempt(line, learner):
    assert line("99.2", learner) == "not attempted yet"


def test_an_unfilled_function_is_not_an_attempt(line):
    assert line("99.1", lambda value: ...) == "not attempted yet"
    assert line("99.1", lambda value: None) == "not attempted yet"
    assert line("99.1", lambda value: (value, ...)) == "not attempted yet"
    assert line("99.1", given_then_open) == "not attempted yet"


def test_a_function_that_answers_some_calls_and_not_others_is_told_so(line):
    said = line("99.1", lambda value: 2.0 if value == 4 else None)
    assert said.startswith("not yet: your function answers some calls and returns None for others")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("two\nlines"), "ValueError: two"),
        (KeyError("x"), "KeyError: 'x'"),
        (AssertionError(), "AssertionError"),
        (SystemExit(3), "SystemExit: 3"),
        (SilentError(), "SilentError"),
    ],
)
def test_what_the_learners_code_raises_is_said_and_goes_no_further(line, error, text):
    assert line("99.1", raises(error)).startswith(f"not yet: your code raised {text} (line ")


def test_the_line_is_that_of_the_cell(line):
    source = "def learner(value):\n    import json\n    return json.loads('{')\n"
    scope = {}
    exec(compile(source, "<cell>", "exec"), scope)
    assert line("99.1", scope["learner"]).endswith("(line 3 of your cell)")


def test_endless_recursion_is_an_error_like_any_other(line):
    def learner(value):
        return learner(value)

    assert "RecursionError" in line("99.1", learner)


@pytest.mark.parametrize("exercise_id", ["99.1", "99.2", "99.3"])
@pytest.mark.parametrize(
    "make",
    [Hostile, lambda: Hostile, lambda: "text", object, lambda: [None], lambda: lambda: 1],
    ids=["hostile", "class", "text", "object", "list", "function"],
)
def test_an_object_of_the_wrong_kind_is_an_answer_not_a_traceback(line, exercise_id, make):
    assert line(exercise_id, make()).startswith("not yet: ")


def test_an_interrupt_is_not_swallowed():
    with pytest.raises(KeyboardInterrupt):
        check("99.1", raises(KeyboardInterrupt()))


def test_an_unknown_exercise_lists_the_known_ones():
    with pytest.raises(MepsError, match=r"no exercise '99.7'; there are: .*99\.1, 99\.2, 99\.3"):
        check("99.7", 1)


def test_ids_are_sorted_by_number():
    exercise("99.10", correct="x")(lambda learner: None)
    ids = [name for name in exercise_ids() if name.startswith("99")]
    assert ids == ["99.1", "99.2", "99.3", "99.10"]


def test_an_id_has_one_owner_and_one_form():
    with pytest.raises(MepsError, match=r"'99\.1' is taken by root"):
        exercise("99.1", correct="x")(lambda learner: None)
    with pytest.raises(MepsError, match="expected one like"):
        exercise("9.1", correct="x")


def test_a_module_that_is_imported_again_replaces_its_check():
    def verdict(learner):
        return None

    exercise("99.8", correct="old")(verdict)
    exercise("99.8", correct="new")(verdict)
    assert exercises._REGISTRY["99.8"].correct == "new"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (("rise", lambda x: -x), "correct: it falls (you bet 'rise')"),
        ((" Falls", lambda x: -x), "correct: it falls (you bet 'fall')"),
        (("fall", lambda x: x), "not yet: look again"),
        ((..., lambda x: x), "not yet: look again"),
        (("fall", ...), "not attempted yet"),
        ((..., ...), "not attempted yet"),
        (
            (..., lambda x: -x),
            "not yet: the function is right, the bet is missing: make it 'rise' or 'fall'",
        ),
        (
            ("up", lambda x: -x),
            "not yet: the function is right, the bet cannot be 'up': make it 'rise' or 'fall'",
        ),
    ],
)
def test_a_bet_is_kept_and_never_a_mistake(line, answer, told):
    assert line("99.3", answer) == told
