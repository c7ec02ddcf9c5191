"""The page says what each chapter cost in the run that made it."""

from types import SimpleNamespace

from tools.costs import MARK, PAGE, costs, put_in

RAN = {
    "01_a": SimpleNamespace(
        front={"title": "First"},
        row=SimpleNamespace(cpu_seconds=12.4, seconds=20.2, memory_mb=1234),
    ),
    "02_b": SimpleNamespace(
        front={"title": "Second"}, row=SimpleNamespace(cpu_seconds=7.0, seconds=8.0, memory_mb=9)
    ),
}


def test_a_row_a_chapter_with_the_sum_the_versions_and_the_machine():
    text = costs(RAN)
    assert "| {doc}`First <../notebooks/01_a>` | 12 s | 20 s | 1,234 MB |" in text
    assert "| all | 19 s | | |" in text
    assert "torch" in text and "Python 3" in text and "cores" in text


def test_the_mark_of_the_page_becomes_the_table(tmp_path):
    page = tmp_path / PAGE
    page.parent.mkdir(parents=True)
    page.write_text(f"before\n\n{MARK}\n\nafter")
    put_in(tmp_path, RAN)
    assert "| all | 19 s" in page.read_text() and MARK not in page.read_text()
    page.unlink()
    put_in(tmp_path, RAN)  # a book without the page is built all the same
