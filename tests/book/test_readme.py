import pytest

from tools.readme import BEGIN, END, MADE, ROOT, heads, with_made


@pytest.mark.parametrize("name", MADE)
def test_the_list_of_chapters_is_in_step_with_them(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert with_made(text, MADE[name]()) == text
    assert all(path.stem in text and front["learn"] in text for path, front in heads())


def test_only_what_is_between_the_marks_is_replaced():
    assert with_made(f"a\n{BEGIN}\nold\n{END}\nb", "new") == f"a\n{BEGIN}\nnew\n{END}\nb"
    with pytest.raises(SystemExit, match="once each"):
        with_made("no marks", "new")
