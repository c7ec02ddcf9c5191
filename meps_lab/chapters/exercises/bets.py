"""Bets: what a reader expects of a run, kept, and shown beside what the run gives."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Bet:
    """A word or a number that was chosen before the run, or None."""

    mine: str | float | None

    def beside(self, result: Any) -> None:
        """Print the bet and, under it, what the run gave."""
        print("your bet:", "none yet" if self.mine is None else self.mine)
        print("the run: ", result)


def bet(mine: Any, *options: str | float) -> Bet:
    """Keep a bet until the run can be shown beside it.

    Parameters
    ----------
    mine : str or number
        One of the options; `...` stands for "none yet".
    *options : str or number
        What one may bet on.

    Examples
    --------
    >>> bet("rises", "rise", "fall").beside("fall")
    your bet: rise
    the run:  fall
    >>> bet("perhaps", "rise", "fall").beside("fall")
    'perhaps' is no bet; make it 'rise' or 'fall'
    your bet: none yet
    the run:  fall
    """
    chosen = chosen_of(mine, options)
    if chosen is None and mine is not ...:
        print(f"{mine!r} is no bet; make it {either(options)}")
    return Bet(chosen)


def chosen_of(mine: Any, options: tuple) -> Any:
    """The option that was meant, whatever its capitals and a last s, or None."""

    def plain(word: Any) -> Any:
        return word.strip().casefold().removesuffix("s") if isinstance(word, str) else word

    return next((option for option in options if plain(mine) == plain(option)), None)


def either(options: tuple) -> str:
    """``'a', 'b' or 'c'``."""
    *most, last = map(repr, options)
    return f"{', '.join(most)} or {last}"
