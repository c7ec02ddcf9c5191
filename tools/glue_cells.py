"""Keep `glue(...)` out of the code that a reader sees: into a cell of its own, by the generator.

A chapter's cell computes and then hands values to the text. The second is machinery, so that it
moves into a cell after the first one, which the page leaves out and the editions fold. A call stays
in its place where the move could matter: if a later line of its cell changes what it reads.
"""

from __future__ import annotations

import ast

# Bare calls that leave nothing to be shown when they become the last line of a cell.
SILENT = ("print", "show")


def split_glue(source: str) -> tuple[str, str]:
    """Part a cell's code from its `glue` lines.

    Returns
    -------
    code, glue : str
        Either may be empty. A loop that does nothing but glue counts as a glue line.

    Examples
    --------
    >>> split_glue("n = 2\\nglue('n', n)\\nn")
    ('n = 2\\nn', "glue('n', n)")
    >>> split_glue("n = 2\\nglue('n', n)\\nn = 3")
    ("n = 2\\nglue('n', n)\\nn = 3", '')
    """
    if "glue(" not in source:
        return source, ""
    statements = _parse(source).body
    moved: list[ast.stmt] = []
    after: list[ast.stmt] = []
    for statement in reversed(statements):
        if _is_glue(statement) and not _collide(statement, after):
            moved.insert(0, statement)
        else:
            after.insert(0, statement)
    if not moved or _would_show(after, statements):
        return source, ""
    lines = source.splitlines()
    gone = {n for s in moved for n in range(s.lineno - 1, s.end_lineno)}
    code = "\n".join(line for n, line in enumerate(lines) if n not in gone).strip("\n")
    glue = "\n".join(line for n, line in enumerate(lines) if n in gone)
    return code, glue


def _parse(source: str) -> ast.Module:
    """Read a cell; a line for IPython alone (`%pip`, `!ls`) counts as an empty one."""
    lines = (
        f"{line[: len(line) - len(line.lstrip())]}pass" if line.lstrip()[:1] in ("%", "!") else line
        for line in source.splitlines()
    )
    return ast.parse("\n".join(lines))


def _is_glue(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.For) and not statement.orelse:
        return all(map(_is_glue, statement.body))
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and getattr(call.func, "id", "") == "glue"


def _collide(glue: ast.stmt, later: list[ast.stmt]) -> bool:
    """Whether a later line changes what `glue` reads, or reads what its loop leaves behind."""
    reads, writes = _names(glue)
    for statement in later:
        uses, sets = _names(statement)
        if reads & sets or writes & uses:
            return True
    return False


def _names(node: ast.AST) -> tuple[set[str], set[str]]:
    """Names that a line reads, and those that it binds or changes a part of."""
    reads, writes = set(), set()
    for child in ast.iter_child_nodes(node):
        for ours, theirs in zip((reads, writes), _names(child), strict=True):
            ours |= theirs
    if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        return reads - writes, set()  # its variables end with it
    if isinstance(node, ast.Name):
        (reads if isinstance(node.ctx, ast.Load) else writes).add(node.id)
    elif isinstance(node, ast.FunctionDef | ast.ClassDef):
        writes.add(node.name)
    elif isinstance(node, ast.alias):
        writes.add((node.asname or node.name).split(".")[0])
    elif isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(node.ctx, ast.Load):
        writes |= _names(node.value)[0]
    return reads, writes


def _would_show(left: list[ast.stmt], before: list[ast.stmt]) -> bool:
    """Whether a value would be shown that was not the cell's last line."""
    if not left or left[-1] is before[-1] or not isinstance(left[-1], ast.Expr):
        return False
    call = left[-1].value
    name = call.func if isinstance(call, ast.Call) else None
    return getattr(name, "id", getattr(name, "attr", "")) not in SILENT
