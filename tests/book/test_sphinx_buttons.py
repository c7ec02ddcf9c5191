"""Where a reader reports what is wrong with a section."""

from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

from bs4 import BeautifulSoup

from tools.address import PLACEHOLDER
from tools.sphinx_buttons import reports

# As Sphinx writes it.
BODY = (
    '<section id="a"><h2><span class="section-number">2.1. </span>Face &amp; <em>"flow"</em>'
    '<a class="headerlink" href="#a" title="Link to this heading">#</a></h2><p>Text.</p>'
    '<h4>Small<a class="headerlink" href="#b">#</a></h4></section>'
)


def made(address, **context):
    app = SimpleNamespace(config=SimpleNamespace(meps_address=address))
    reports(app, "notebooks/02_face", "page.html", context, None)
    return context


def test_each_section_has_a_link_that_names_it():
    page = BeautifulSoup(made("owner/name", body=BODY)["body"], "html.parser")
    (link,) = page.select("a.report")
    assert link.parent.name == "h2" and link["title"] and link.get_text()
    url = urlsplit(link["href"])
    assert f"{url.scheme}://{url.netloc}{url.path}" == "https://github.com/owner/name/issues/new"
    assert parse_qs(url.query) == {"title": ['notebooks/02_face, 2.1. Face & "flow": ']}
    for added in page.select("a.report"):
        added.decompose()
    assert str(page) == str(BeautifulSoup(BODY, "html.parser"))  # and nothing else is touched


def test_without_an_address_or_a_body_nothing_is_added():
    assert made(PLACEHOLDER, body=BODY)["body"] == BODY
    assert made("owner/name") == {}
