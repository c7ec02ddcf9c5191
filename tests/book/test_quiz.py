"""The quiz as a browser and a terminal get it, with no kernel and no script."""

import copy
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from meps_lab.chapters import quiz
from meps_lib.errors import MepsError

CHROMIUM = Path("/usr/bin/chromium")
QUESTION = {
    "ask": "Which unit has `np.diff(peaks) / sfreq`?",
    "right": ("Seconds", "Samples < samples *a second*."),
    "wrong": [("Hertz", "That is `1 / s`."), ("None", "It is no ratio.")],
}
PAGE = """<!doctype html><html lang="en" data-theme="{theme}"><meta charset="utf-8"><title>t</title>
<body style="color: {ink}; background: {paper}">{body}</body></html>"""


@pytest.fixture
def shown(monkeypatch):
    """Call `show_quiz` and return the bundle that it displays."""
    bundles = []
    monkeypatch.setattr(quiz, "display", lambda bundle, raw: bundles.append(bundle))

    def show(*questions):
        assert quiz.show_quiz(list(questions)) is None
        return bundles[-1]

    return show


class Labels(HTMLParser):
    """Ids of the buttons, and what the labels point at."""

    def __init__(self, text: str):
        super().__init__()
        self.buttons, self.targets, self.names = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "input":
            assert attrs["type"] == "radio"
            self.buttons.append(attrs["id"])
            self.names.add(attrs["name"])
        if tag == "label":
            self.targets.append(attrs["for"])


def test_every_button_has_its_label_and_every_question_its_group(shown):
    other = {**QUESTION, "ask": "Another?"}
    page = Labels(shown(QUESTION, other)["text/html"])
    assert page.buttons == page.targets
    assert len(set(page.buttons)) == 6
    assert len(page.names) == 2


def test_text_is_escaped_and_code_marked(shown):
    html = shown(QUESTION)["text/html"]
    assert "<code>np.diff(peaks) / sfreq</code>" in html
    assert "Samples &lt; samples <em>a second</em>." in html
    assert "<script" not in html


def test_no_kernel_still_leaves_the_answers_readable(shown):
    text = shown(QUESTION)["text/plain"]
    assert text.startswith("Question 1. Which unit")
    assert re.search(r"[abc]\) right: Samples", text)
    assert len(re.findall(r"[abc]\) wrong: ", text)) == 2


def test_the_order_is_stable_and_the_right_answer_has_no_fixed_place(shown):
    assert shown(QUESTION) == shown(copy.deepcopy(QUESTION))
    places = set()
    for number in range(40):
        text = shown({**QUESTION, "ask": f"Question {number}?"})["text/plain"]
        places.add(re.search(r"([abc])\) right", text)[1])
    assert places == set("abc")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"wrong": []}, "1 options; expected 2 to 6"),
        ({"wrong": [("Seconds", "x")]}, "two options read the same"),
        ({"wrong": ["Hertz"]}, "expected a pair"),
        ({"right": ("Seconds", "")}, "expected a pair"),
        ({"hint": "no"}, "expected 'ask', 'right' and 'wrong'"),
        ({"wrong": [(str(k), "x") for k in range(6)]}, "7 options"),
    ],
)
def test_a_malformed_question_is_named(change, message):
    with pytest.raises(MepsError, match=r"quiz question 2 .*|quiz question 2: ") as caught:
        quiz.show_quiz([QUESTION, {**QUESTION, **change}])
    assert message in str(caught.value)
    with pytest.raises(MepsError, match="no questions"):
        quiz.show_quiz([])


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM.exists():
        pytest.skip("no Chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser, shown, tmp_path):
    """The quiz in a file, opened with scripts off."""
    file = tmp_path / "quiz.html"
    body = shown(QUESTION, {**QUESTION, "ask": "Another?"})["text/html"]
    file.write_text(PAGE.format(theme="light", ink="#111", paper="#fff", body=body), "utf8")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    yield page
    context.close()


def reasons(page) -> list[str]:
    return page.locator("fieldset p:visible").all_inner_texts()


def test_a_choice_gets_its_own_reason_and_only_when_asked(page):
    first = page.get_by_role("group", name=re.compile("Which unit"))
    first.get_by_label("Hertz").check()
    assert reasons(page) == []
    first.get_by_text("Check my answer").click()
    assert reasons(page) == ["✗ Not this one. That is 1 / s."]
    first.get_by_label("Seconds").check()
    assert reasons(page) == ["✓ Right. Samples < samples a second."]
    assert not page.get_by_role("group", name="Another").get_by_label("Seconds").is_checked()


def test_without_a_choice_it_asks_for_one(page):
    page.get_by_text("Check my answer").first.click()
    assert reasons(page) == ["Choose an answer above first."]


def test_the_keyboard_reaches_everything(page):
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    assert page.locator("input:checked").count() == 1
    assert reasons(page) == []  # moving among the answers reveals nothing
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert len(reasons(page)) == 1
    assert page.get_by_role("status").first.inner_text() == reasons(page)[0]
