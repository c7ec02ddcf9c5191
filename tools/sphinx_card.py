"""The directive `glossary-card`: words, one a line, each with the first sentence of the glossary.

So a card to print says what the glossary says, and nobody writes it twice.
"""

from __future__ import annotations

from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from meps_lib.errors import MepsError
from tools.words import GLOSSARY, card, read_glossary


class GlossaryCard(SphinxDirective):
    """What the words mean, in two columns; a word that the glossary lacks stops the build."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        place = Path(self.env.srcdir, GLOSSARY)
        self.env.note_dependency(str(place))
        try:
            text = card(self.content, read_glossary(place))
        except MepsError as error:
            raise self.error(str(error)) from error
        box = nodes.container(classes=["glossary-card"])
        self.state.nested_parse(StringList(text.splitlines(), str(place)), 0, box)
        return [box]


def setup(app) -> dict[str, bool]:
    app.add_directive("glossary-card", GlossaryCard)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
