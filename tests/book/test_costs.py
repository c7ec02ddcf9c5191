"""The page says what each chapter cost in the run that made it."""

import json
from datetime import date
from types import SimpleNamespace

from tools.costs import KEPT, MARK, PAGE, costs, keep, put_in, read_kept
from tools.costs import RAN as REPORT

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
    assert "| {doc}`First <../notebooks/01_a>` | 12 s |  | 20 s | 1,234 MB |" in text
    assert "| all | 19 s |  | | |" in text
    assert "torch" in text and "Python 3" in text and "cores" in text


def test_the_mark_of_the_page_becomes_the_table(tmp_path):
    page = tmp_path / PAGE
    page.parent.mkdir(parents=True)
    page.write_text(f"before\n\n{MARK}\n\nafter")
    put_in(tmp_path, tmp_path, RAN)
    assert "| all | 19 s" in page.read_text() and MARK not in page.read_text()
    page.unlink()
    put_in(tmp_path, tmp_path, RAN)  # a book without the page is built all the same


def test_kept_runs_stand_beside_this_one_and_one_of_the_same_day_is_replaced(tmp_path):
    (tmp_path / REPORT).parent.mkdir(parents=True)
    (tmp_path / KEPT).parent.mkdir()
    old = {"date": "2020-01-02", "machine": "9 cores", "with": "Python 3", "cpu_seconds": {"x": 5}}
    (tmp_path / KEPT).write_text(json.dumps([old]))
    for spent in (3.04, 4.26):
        (tmp_path / REPORT).write_text(json.dumps({"01_a": {"cpu_seconds": spent, "seconds": 1}}))
        keep(tmp_path)
    first, last = read_kept(tmp_path)
    assert first == old
    assert last["cpu_seconds"] == {"01_a": 4.3} and last["date"] == f"{date.today()}"
    text = costs(RAN, [first, last])
    assert "01_a>` | 12 s | 4 s | 20 s" in text and "02_b>` | 7 s |  | 8 s" in text
    assert "| all | 19 s | 4 s | | |" in text
    assert "| 2020-01-02 | 5 s | 9 cores | Python 3 |" in text


def test_nothing_kept_is_no_error(tmp_path):
    assert read_kept(tmp_path) == []
    assert "kept, each" not in costs(RAN)
