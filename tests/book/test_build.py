"""The book's build on a fixture: strict, once, from clean, and never taken for done when not."""

import re
import shutil
from pathlib import Path

import nbformat
import pytest
import yaml

from tools import offline_assets
from tools.address import PLACEHOLDER
from tools.build_book import book_config, build, check_contract, listed_pages
from tools.execute import BuildError, execute_all

REPOSITORY = Path(__file__).resolve().parents[2]
FIXTURES = Path(__file__).parent / "fixtures"
INTRO = """# The fixture

See [the chapter](../notebooks/90_beats.ipynb) and $x^2$.
A {term}`inter-beat interval` is a time.

```{glossary}
inter-beat interval
    The time from one beat to the next.
```

```{bibliography}
```

<a href="../slides/beats.html">Slides</a> of it.
"""
DECK = """---
title: Beats
for: A test.
page: book/intro
---

## The rate is {glue:text}`rate:.0f`.

figure: 90_beats fig-beats

Say it.
"""


@pytest.fixture
def project(tmp_path):
    """The book's own frame around one fixture chapter and one page."""
    shutil.copytree(FIXTURES / "notebooks", tmp_path / "notebooks")
    shutil.copytree(FIXTURES / "book", tmp_path / "book")
    shutil.copytree(REPOSITORY / "book/_static", tmp_path / "book/_static")
    shutil.copy(REPOSITORY / "book/_config.yml", tmp_path / "book")
    shutil.copytree(REPOSITORY / "book/slides", tmp_path / "book/slides")
    for deck in (tmp_path / "book/slides").glob("*.md"):
        deck.unlink()
    (tmp_path / "book/slides/beats.md").write_text(DECK)
    shutil.copy(REPOSITORY / "package.json", tmp_path)
    (tmp_path / "book/address.txt").write_text("someone/somewhere\n")
    toc = {"format": "jb-book", "root": "book/intro"}
    toc["chapters"] = [{"file": "notebooks/90_beats"}]
    (tmp_path / "book/_toc.yml").write_text(yaml.safe_dump(toc))
    (tmp_path / "book/intro.md").write_text(INTRO)
    (tmp_path / "requirements.lock").write_text("numpy==2.4.6\n")
    return tmp_path


def assert_offers(chapter: str, html: Path, address: str) -> None:
    """A chapter's page opens and saves the generated editions, that for students first."""
    editions = ["student/90_beats.ipynb", "90_beats.ipynb"]
    colab = f"https://colab.research.google.com/github/{address}/blob/main/notebooks/"
    opened = re.findall(r'<a href="(https://colab[^"]*)" target="_blank"', chapter)
    assert opened == [colab + name for name in editions]
    assert re.findall(r'<a href="([^"]*)" download', chapter) == editions
    for name in editions:
        assert nbformat.read(html / "notebooks" / name, 4).cells[0].source.startswith("# Heart")
    assert "_sources" not in chapter
    assert not (html / "_sources").exists()


def assert_page_and_edition_say_the_same(chapter: str, edition: Path) -> None:
    """The sentence with a number of the run, on the page and in the notebook's text."""
    rate = re.search(r"The rate is <span[^>]*>(.*?)</span> beats", chapter)
    shown = re.sub("<.*?>", "", rate[1])
    assert shown == "75"  # 60 / 0.8 s
    text = "\n".join(cell.source for cell in nbformat.read(edition, 4).cells)
    assert f"The rate is {shown} beats a minute" in text


@pytest.mark.slow
def test_without_an_address_no_page_leads_nowhere(project, capsys):
    (project / "book/address.txt").write_text(PLACEHOLDER + "\n")
    (project / "notebooks/numbers.json").write_text('{"90_beats": {"rate:.0f": "74"}}')
    build(project)
    assert "90_beats: rate:.0f is 75, kept is 74" in capsys.readouterr().out
    html = project / "_build/html"
    for path in ("book/intro.html", "notebooks/90_beats.html"):
        page = (html / path).read_text()
        for lost in ("colab.research", "github.com/" + PLACEHOLDER, "/issues", "fa-rocket"):
            assert lost not in page, (path, lost)
    assert '<a href="student/90_beats.ipynb" download' in page
    assert "74 beats a minute" in (html / "notebooks/90_beats.ipynb").read_text()
    assert "74" in (project / "notebooks/numbers.json").read_text()  # a build keeps nothing


@pytest.mark.slow
def test_builds_strictly_and_only_when_something_changed(project, capsys):
    assert build(project) is True
    html = project / "_build/html"
    chapter = (html / "notebooks/90_beats.html").read_text()
    assert_offers(chapter, html, "someone/somewhere")
    assert "https://github.com/someone/somewhere" in (html / "book/intro.html").read_text()
    assert_page_and_edition_say_the_same(chapter, html / "notebooks/student/90_beats.ipynb")
    assert "<h2>The rate is 75.</h2>" in (html / "slides/beats.html").read_text()
    assert '<a href="../slides/beats.html">Slides</a>' in (html / "book/intro.html").read_text()
    said = capsys.readouterr().out
    assert "load them from" in said  # no npm in the fixture: the CDN is named
    assert "numbers are not those" not in said
    assert build(project) is False

    page = project / "book/intro.md"
    page.write_text(INTRO + "\nA [link](nowhere.md) to nothing.\n")
    for _ in range(2):  # the second build must not pass on what the first left behind
        with pytest.raises(BuildError, match=r"(?s)book/intro\.md:\d+.*nowhere"):
            build(project)
        assert not html.exists()

    page.write_text(INTRO)
    deck = project / "book/slides/beats.md"
    deck.write_text(DECK.replace("fig-beats", "fig-beasts"))
    with pytest.raises(BuildError, match=r"book/slides/beats\.md:9: .*fig-beasts"):
        build(project)
    assert not html.exists()


def test_a_broken_contract_stops_the_build(project, monkeypatch):
    chapter = project / "notebooks/90_beats.md"
    text = chapter.read_text()
    chapter.write_text(text.replace("minutes_cpu: 1", "minutes_cpu: 900"))
    monkeypatch.setenv("CI", "true")
    with pytest.raises(BuildError, match="90_beats, .*minutes_cpu 900"):
        build(project)
    chapter.write_text(text.replace("60 < rate < 90", "rate > 90"))
    monkeypatch.delenv("CI")
    with pytest.raises(BuildError, match="90_beats, .*claims 'rate > 90'"):
        build(project)
    assert not (project / "_build/html").exists()


def test_a_slow_machine_is_told_and_does_not_stop_a_reader(project, monkeypatch, capsys):
    monkeypatch.delenv("CI", raising=False)
    executed = execute_all(project)
    slow = executed["90_beats"].front
    slow["minutes_cpu"] = 0.001
    check_contract(executed)
    assert "declares minutes_cpu 0.001" in capsys.readouterr().out


def test_contents_and_chapters_must_name_each_other(project):
    shutil.copy(project / "notebooks/90_beats.md", project / "notebooks/91_more.md")
    with pytest.raises(BuildError, match="91_more.md is not listed"):
        build(project)
    (project / "notebooks/91_more.md").unlink()
    (project / "notebooks/90_beats.md").unlink()
    with pytest.raises(BuildError, match="lists notebooks/90_beats, but there is no"):
        build(project)


def test_offline_settings_reach_the_configuration(project):
    here = book_config(project, offline=True)["sphinx"]["config"]
    assert here["mathjax_path"] == "mathjax/tex-mml-chtml.js"
    assert "vendor" in here["html_static_path"]
    assert "mathjax_path" not in book_config(project, offline=False)["sphinx"]["config"]


def test_assets_are_taken_only_from_a_finished_fetch(tmp_path):
    modules = tmp_path / "node_modules"
    for name in (
        "mathjax/es5/tex-mml-chtml.js",
        "mathjax/es5/output/chtml/fonts/woff-v2/MathJax_Zero.woff",
        "mathjax/es5/tex-svg.js",
        "@jupyter-widgets/html-manager/dist/embed.js",
        "@jupyter-widgets/html-manager/dist/330.embed.js",
        "@jupyter-widgets/html-manager/dist/embed-amd.js",
        "reveal.js/dist/reveal.js",
        "reveal.js/dist/reveal.esm.js",
        "reveal.js/plugin/notes/notes.js",
    ):
        (modules / name).parent.mkdir(parents=True, exist_ok=True)
        (modules / name).write_text("//")
    assert not offline_assets.available(modules)
    (modules / ".package-lock.json").write_text("{}")
    assert offline_assets.available(modules)
    offline_assets.copy_assets(modules, tmp_path / "vendor")
    copied = {
        p.relative_to(tmp_path / "vendor").as_posix() for p in tmp_path.rglob("vendor/**/*.*")
    }
    assert copied == {
        "mathjax/tex-mml-chtml.js",
        "mathjax/output/chtml/fonts/woff-v2/MathJax_Zero.woff",
        "widgets/embed.js",
        "widgets/330.embed.js",
        "reveal/dist/reveal.js",
        "reveal/plugin/notes/notes.js",
    }


def test_the_table_of_contents_names_every_page_of_the_book():
    listed = {page for page in listed_pages(REPOSITORY) if page.startswith("book/")}
    pages = {f"book/{path.stem}" for path in (REPOSITORY / "book").glob("*.md")}
    assert listed == pages
