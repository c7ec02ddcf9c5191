"""From a solution to its stub: what the learner has to write is taken out, once.

A solution cell marks with nbgrader's comments what the learner writes. The stub keeps every
other line, so that an exercise and its solution cannot drift apart.
"""

from __future__ import annotations

import ast
import textwrap

from meps_lib.errors import MepsError

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"


def split_solution(source: str, where: str) -> tuple[str, str]:
    """Derive from a marked solution the solution without marks and the stub.

    Parameters
    ----------
    source : str
        Code with one or more regions between `BEGIN` and `END`, each on a line of its own.
    where : str
        Chapter and cell, for messages.

    Returns
    -------
    solution : str
        The code without the marks.
    stub : str
        The code with each region replaced: inside a function or class by one ``...``, at the
        top level by ``name = ...`` for every ``name = value`` in it.

    Raises
    ------
    MepsError
        If marks are missing or unpaired, or a top-level region assigns no single name.

    Examples
    --------
    >>> solution, stub = split_solution(
    ...     "x = 2\\n### BEGIN SOLUTION\\ny = x**2\\n### END SOLUTION", "example"
    ... )
    >>> print(stub)
    x = 2
    y = ...
    """
    solution: list[str] = []
    stub: list[str] = []
    region: list[str] | None = None
    for line in source.splitlines():
        mark = line.strip()
        if (mark == BEGIN and region is not None) or (mark == END and region is None):
            raise MepsError(f"{where}: {mark!r} without its partner; every {BEGIN!r} needs one END")
        if mark == BEGIN:
            region = []
        elif mark == END:
            stub += _placeholder(region, line, where)
            region = None
        else:
            solution.append(line)
            (stub if region is None else region).append(line)
    if region is not None:
        raise MepsError(f"{where}: {BEGIN!r} without {END!r}")
    if len(stub) == len(solution) and stub == solution:
        raise MepsError(
            f"{where}: a cell tagged 'solution' marks nothing; put {BEGIN!r} and {END!r} "
            "around the lines that the learner writes"
        )
    return "\n".join(solution), "\n".join(stub)


def _placeholder(region: list[str], end: str, where: str) -> list[str]:
    indent = end[: len(end) - len(end.lstrip())]
    if indent:
        return [f"{indent}..."]
    try:
        statements = ast.parse(textwrap.dedent("\n".join(region))).body
    except SyntaxError as error:
        raise MepsError(f"{where}: the marked solution is no complete code: {error}") from error
    names: list[str] = []
    for statement in statements:
        if isinstance(statement, ast.Assign):
            if len(statement.targets) > 1 or not isinstance(statement.targets[0], ast.Name):
                raise MepsError(
                    f"{where}: a marked region assigns {ast.unparse(statement)!r}; expected one "
                    "name a line, so that the stub can say `name = ...`"
                )
            names.append(statement.targets[0].id)
    if not names:
        raise MepsError(f"{where}: a marked region at the top level assigns no name to check")
    return [f"{name} = ..." for name in dict.fromkeys(names)]
