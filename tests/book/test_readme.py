from tools.readme import BEGIN, END, ROOT, chapter_table, with_table


def test_the_readme_lists_the_chapters_as_they_are():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert with_table(text, chapter_table()) == text
    for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.md"):
        assert f"notebooks/{path.stem}.ipynb" in text


def test_the_table_replaces_what_stood_between_the_marks():
    assert with_table(f"a\n{BEGIN}\nold\n{END}\nb", "new") == f"a\n{BEGIN}\nnew\n{END}\nb"
