"""Chapters run once, are measured, and run again exactly when something they used changed."""

import json
from pathlib import Path

import pytest

from tools.execute import BuildError, execute_all, run_notebook
from tools.notebook import read_chapter

FRONT = """---
kernelspec: {name: python3, display_name: Python 3}
meps: {minutes_cpu: 1, minutes_gpu: 1, memory_mb: 500}
---

# A fixture

"""


def cell(*lines: str) -> str:
    return "\n".join(["```{code-cell} ipython3", *lines, "```", ""])


def outputs(chapter) -> str:
    return "".join(
        output.get("text", "") for c in chapter.notebook.cells for output in c.get("outputs", [])
    )


@pytest.fixture
def project(tmp_path):
    """A project with one chapter, whose cell counts in a file how often it ran."""
    for folder in ("notebooks", "meps_lib"):
        (tmp_path / folder).mkdir()
    (tmp_path / "meps_lib/library.py").write_text("LEVEL = 1\n")
    (tmp_path / "requirements.lock").write_text("numpy==2.4.6\n")
    chapter = cell(
        "from pathlib import Path",
        f"runs = Path({str(tmp_path / 'runs.txt')!r})",
        "runs.write_text('x' + (runs.read_text() if runs.exists() else ''))",
        "print(len(runs.read_text()))",
    )
    write(tmp_path, "01_count", chapter)
    return tmp_path


def write(project: Path, slug: str, text: str) -> None:
    (project / f"notebooks/{slug}.md").write_text(FRONT + text)


def test_measures_time_and_memory_of_the_kernel(project):
    hold = ("import time", "block = b'x' * (300 * 2**20)", "time.sleep(3)")
    write(project, "01_count", cell(*hold))
    row = execute_all(project)["01_count"].row
    assert row.seconds >= 3
    assert 0 < row.cpu_seconds < row.seconds - 2  # a sleeping kernel does not work
    assert 300 <= row.memory_mb < 600
    assert 0.1 < row.pace < 30
    assert row.cells == 1
    report = json.loads((project / "_build/executed/report.json").read_text())
    assert report["01_count"]["memory_mb"] == row.memory_mb


def test_runs_again_exactly_when_something_changed(project):
    def state(**kwargs):
        return outputs(execute_all(project, **kwargs)["01_count"]).strip()

    source = project / "notebooks/01_count.md"
    assert state() == "1"
    assert state() == "1"
    source.write_text(source.read_text() + "\nA sentence more.\n")
    result = execute_all(project)["01_count"]
    assert result.cached and outputs(result).strip() == "1"
    assert "A sentence more." in result.notebook.cells[-1].source
    source.write_text(source.read_text() + cell("more = 1"))
    assert state() == "2"
    (project / "meps_lib/library.py").write_text("LEVEL = 2\n")
    assert state() == "3"
    (project / "requirements.lock").write_text("numpy==2.4.7\n")
    assert state() == "4"
    assert state(at_hand=("face_video",)) == "5"
    assert state(at_hand=("face_video",)) == "5"


def test_a_failing_cell_is_named_and_nothing_is_kept(project):
    write(project, "01_count", cell("fine = 1") + "\nText.\n\n" + cell("1 / 0  # wrong"))
    write(project, "02_other", cell("raise KeyError('also')"))
    for _ in range(2):  # a second run must not take the first one's remains for done
        with pytest.raises(BuildError) as stopped:
            execute_all(project)
        message = str(stopped.value)
        assert "01_count: cell" in message and "1 / 0  # wrong" in message
        assert "ZeroDivisionError" in message
        assert "02_other: cell" in message and "KeyError" in message
        assert not (project / "_build/executed/01_count.ipynb").exists()
        assert not (project / "_build/executed/report.json").exists()


def test_a_kernel_that_dies_is_reported(project):
    write(project, "01_count", cell("import os; os._exit(1)"))
    with pytest.raises(BuildError, match="01_count: the kernel died"):
        execute_all(project)


def test_an_unreadable_chapter_is_reported(project):
    (project / "notebooks/01_count.md").write_text("# No front matter\n")
    with pytest.raises(BuildError, match="01_count.*front matter"):
        execute_all(project)


def test_a_chapter_runs_on_one_thread_away_from_the_repository(project):
    lines = ("import os", "print(os.environ['OMP_NUM_THREADS'], os.listdir())")
    write(project, "01_count", cell(*lines))
    _, notebook = read_chapter(project / "notebooks/01_count.md")
    run_notebook("01_count", notebook)
    printed = "".join(o.text for c in notebook.cells for o in c.get("outputs", []))
    assert printed.strip() == "1 []"


def test_what_a_person_has_set_for_matplotlib_changes_no_page(project, tmp_path, monkeypatch):
    (tmp_path / "matplotlibrc").write_text("figure.dpi: 77")
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path))
    lines = ("import matplotlib", "print(matplotlib.rcParams['figure.dpi'])")
    write(project, "01_count", cell(*lines))
    _, notebook = read_chapter(project / "notebooks/01_count.md")
    run_notebook("01_count", notebook)
    printed = "".join(o.text for c in notebook.cells for o in c.get("outputs", []))
    assert printed.strip() != "77.0"


def test_a_print_that_comes_in_pieces_is_one_output(project):
    one_by_one = "for part in 'ab\\n': print(part, end='', flush=True); time.sleep(0.3)"
    write(project, "01_count", cell("import time", one_by_one))
    _, notebook = read_chapter(project / "notebooks/01_count.md")
    run_notebook("01_count", notebook)
    ((output,),) = (c.outputs for c in notebook.cells if c.cell_type == "code")
    assert output.text == "ab\n"
