"""The built book behind a local server, and one Chromium for the session.

A person's `make test` skips these where there is no built book or no browser; with
MEPS_REQUIRE_BROWSER=1, as in CI, the same is a failure.
"""

from __future__ import annotations

import os
import shutil
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.web.pages import HTML, Visit, built_pages, unavailable

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_generate_tests(metafunc):
    pages = built_pages() or ["no built book"]
    if "page_path" in metafunc.fixturenames:
        metafunc.parametrize("page_path", pages)
    if "written_page" in metafunc.fixturenames:  # one listing of source is like another
        written = [page for page in pages if not page.startswith("_modules/")]
        metafunc.parametrize("written_page", written)


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("web")


@pytest.fixture(scope="session")
def html() -> Path:
    if not (HTML / "index.html").exists():
        unavailable("there is no built book: type make book first")
    return HTML


@pytest.fixture(scope="session")
def server(html):
    """Serve the book on a free port; the value is its address."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            """Say nothing: the tests record what failed."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *args):
            """Nor that a closed page no longer listens."""

    with Server(("127.0.0.1", 0), partial(Quiet, directory=str(html))) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}/"
        httpd.shutdown()


@pytest.fixture(scope="session")
def browser(html):
    chromium = os.environ.get("MEPS_CHROMIUM", "/usr/bin/chromium")
    if shutil.which(chromium) is None:
        unavailable(f"no Chromium at {chromium}; set MEPS_CHROMIUM to one")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def visit(browser, server, html):
    """Open pages: `with visit(path, scheme=..., colours=..., width=...) as v`."""

    @contextmanager
    def opened(path: str, scheme: str = "http", colours: str = "light", width: int = 1280):
        home = server if scheme == "http" else html.as_uri() + "/"
        # Buttons fade from light to dark; on a busy machine axe would measure one half way.
        context = browser.new_context(
            color_scheme=colours,
            viewport={"width": width, "height": 900},
            reduced_motion="reduce",
        )
        try:
            yield Visit(context.new_page(), home).open(path)
        finally:
            context.close()

    return opened
