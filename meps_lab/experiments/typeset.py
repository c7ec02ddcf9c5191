"""Tables of text for Markdown and LaTeX."""

import pandas as pd


def as_markdown(table: pd.DataFrame) -> str:
    r"""A table with aligned columns.

    Examples
    --------
    >>> print(as_markdown(pd.DataFrame({"class": ["a|b", "surprise"], "n": ["12", "3"]})))
    | class    | n  |
    |----------|----|
    | a\|b     | 12 |
    | surprise | 3  |
    """
    rows = [[cell.replace("|", r"\|") for cell in row] for row in [[*table], *table.to_numpy()]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [" | ".join(map(str.ljust, row, widths)) for row in rows]
    rule = "-|-".join("-" * width for width in widths)
    return "\n".join([f"| {lines[0]} |", f"|-{rule}-|", *(f"| {line} |" for line in lines[1:])])


def as_latex(table: pd.DataFrame, caption: str) -> str:
    r"""A table for a paper that uses the package booktabs.

    Examples
    --------
    >>> print(as_latex(pd.DataFrame({"set": ["casme_2"], "share": ["50 %"]}), "Parts"))
    \begin{table}
    \caption{Parts}
    \begin{tabular}{ll}
    \toprule
    set & share \\
    \midrule
    casme\_2 & 50 \% \\
    \bottomrule
    \end{tabular}
    \end{table}
    """
    head, *rows = [" & ".join(map(_escaped, row)) + r" \\" for row in [[*table], *table.to_numpy()]]
    return "\n".join(
        [
            *(r"\begin{table}", rf"\caption{{{_escaped(caption)}}}"),
            *(rf"\begin{{tabular}}{{{'l' * table.shape[1]}}}", r"\toprule", head, r"\midrule"),
            *(*rows, r"\bottomrule", r"\end{tabular}", r"\end{table}"),
        ]
    )


_WORDS = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_SPECIAL = str.maketrans(_WORDS | {c: rf"\{c}" for c in "&%$#_{}"})


def _escaped(text: str) -> str:
    """Text in which nothing is a command of LaTeX."""
    return text.translate(_SPECIAL)
