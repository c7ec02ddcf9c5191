"""What the browser tests share: where the built book lies, and a page that was opened."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "_build/html"
AXE = ROOT / "node_modules/axe-core/axe.min.js"
WIDGET_VIEWS = 'script[type="application/vnd.jupyter.widget-view+json"]'


def built_pages() -> list[str]:
    """Every page of the book, as a path below the HTML folder; the redirect is none."""
    found = (path.relative_to(HTML).as_posix() for path in HTML.rglob("*.html"))
    return sorted(p for p in found if p != "index.html" and not p.startswith("_static/"))


def unavailable(reason: str) -> None:
    """Skip on a reader's machine, fail where the browser is required."""
    if os.environ.get("MEPS_REQUIRE_BROWSER") == "1":
        pytest.fail(f"MEPS_REQUIRE_BROWSER=1, but {reason}", pytrace=False)
    pytest.skip(reason)


class Visit:
    """An opened page and what went wrong while it loaded."""

    def __init__(self, page, home: str):
        self.page, self.home = page, home
        self.failed: list[str] = []
        self.external: list[str] = []
        self.errors: list[str] = []
        page.on("request", self._request)
        page.on("requestfailed", lambda r: self.failed.append(f"{r.url} {r.failure}"))
        page.on("response", self._response)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _request(self, request):
        if not request.url.startswith((self.home, "data:", "blob:")):
            self.external.append(request.url)

    def _response(self, response):
        if response.status >= 400:
            self.failed.append(f"{response.url} {response.status}")

    def _console(self, message):
        if message.type == "error":
            self.errors.append(message.text)

    def open(self, path: str) -> Visit:
        """Load a page and wait until its fonts, formulas and widgets have been drawn."""
        self.page.goto(self.home + path)
        self.page.evaluate("async () => { await window.MathJax?.startup?.promise; }")
        views = self.page.locator(WIDGET_VIEWS).count()
        self.page.wait_for_function(
            "n => document.querySelectorAll('.widget-subarea > *').length >= n", arg=views
        )
        self.page.evaluate("async () => { await document.fonts.ready; }")
        return self
