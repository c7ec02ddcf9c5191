"""A map against a known truth: how much of what it marks is where something truly happened.

Relevance is what is positive in a map. A map without any marks nothing, and is taken as uniform:
its score is the floor, that of knowing nothing. Equal cells count equally, whichever comes first.
Where the truth is finer than the map it is averaged down by area, so that a cell may be true in
part; a map is never enlarged, which would invent relevance.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata, spearmanr

from meps_lib.errors import MepsError


def pointing_game(relevance: ArrayLike, truth: ArrayLike) -> float:
    """Share of truth in the most relevant cell: 1 if the map's peak lies inside a true mask.

    Parameters
    ----------
    relevance : array, shape (..., h, w)
        One map, or one a frame with a peak in common. NaN is refused.
    truth : array, shape (..., H, W)
        A mask, or strengths from 0 up, of which the largest counts as 1; H >= h and W >= w.

    Returns
    -------
    float
        0 to 1; of several cells with the largest relevance the mean. Floor: the mean of the truth,
        for a mask the area's share.

    Raises
    ------
    MepsError
        For numbers that are not finite, shapes that do not fit, or a truth without a true cell.

    Examples
    --------
    >>> truth = [[True, False], [False, False]]
    >>> pointing_game([[9, 1], [1, 1]], truth), pointing_game([[1, 1], [1, 1]], truth)
    (1.0, 0.25)

    References
    ----------
    Zhang et al. 2018, top-down neural attention by excitation backprop.
    """
    marks, share = _fitted(relevance, truth)
    return float(share[marks == marks.max()].mean())


def relevance_mass(relevance: ArrayLike, truth: ArrayLike) -> float:
    """Share of the relevance that lies inside the true mask, or is weighted by true strength.

    Parameters, errors and the floor are those of `pointing_game`.

    Examples
    --------
    >>> relevance_mass([[3, 1], [-9, 0]], [[True, False], [False, False]])
    0.75

    References
    ----------
    Arras et al. 2022, CLEVR-XAI, relevance mass accuracy.
    """
    marks, share = _fitted(relevance, truth)
    return float((marks * share).sum() / marks.sum())


def relevance_rank(relevance: ArrayLike, truth: ArrayLike) -> float:
    """Share of truth in the k most relevant cells, where k is the size of the truth in cells.

    Parameters, errors and the floor are those of `pointing_game`. Where the truth has k = 2.5 cells
    the third counts by half; cells of equal relevance share what is left of k. On a grid that is
    coarser than the mask no map reaches 1: the best is the truth itself as the map.

    Examples
    --------
    >>> truth = [[True, True], [False, False]]
    >>> relevance_rank([[9, 1], [3, 0]], truth), relevance_rank([[0, 0], [0, 0]], truth)
    (0.5, 0.5)

    References
    ----------
    Arras et al. 2022, CLEVR-XAI, relevance rank accuracy.
    """
    marks, share = _fitted(relevance, truth)
    k = share.sum()
    # How many cells stand before a group of equals, and how many are in it.
    before, members = rankdata(-marks, "min") - 1, rankdata(marks, "max") - rankdata(marks, "min")
    taken = np.clip((k - before) / (members + 1), 0, 1)
    return float((taken * share).sum() / k)


def rank_correlation(relevance: ArrayLike, truth: ArrayLike) -> float:
    """Spearman's correlation over cells of a map, with its signs, and the true strength.

    Parameters and errors are those of `pointing_game`.

    Returns
    -------
    float
        -1 to 1; equal cells have their mean rank. Floor: 0, which a uniform map is given here; as a
        correlation it has none.

    Raises
    ------
    MepsError
        Also for a truth that is the same everywhere, which ranks nothing.

    Examples
    --------
    >>> round(rank_correlation([[1, 2], [3, 4]], [[0, 1], [2, 9]]), 6)
    1.0
    """
    _, share = _fitted(relevance, truth)
    if np.ptp(share) == 0:
        raise MepsError("the truth is the same in every cell; expected one that differs")
    cells = _array("relevance", relevance).ravel()
    return 0.0 if np.ptp(cells) == 0 else float(spearmanr(cells, share).statistic)


def by_area(truth: ArrayLike, size: tuple[int, int]) -> NDArray:
    """Means over the cells of a coarser grid; a pixel on a border counts by its parts.

    Parameters
    ----------
    truth : array, shape (..., H, W)
    size : (h, w)
        At most (H, W).

    Returns
    -------
    array, shape (..., h, w)

    Raises
    ------
    MepsError
        If the grid is finer than the truth.

    Examples
    --------
    >>> by_area([[0.0, 3.0, 6.0]], (1, 2)).tolist()
    [[1.0, 5.0]]
    """
    fine = _array("truth", truth)
    if any(few > many for few, many in zip(size, fine.shape[-2:], strict=True)):
        raise MepsError(
            f"a map of {size} cells and a truth of {fine.shape[-2:]}; expected a truth at least as "
            "fine as the map: give it as it was made, and the map on its own grid"
        )
    down, across = (_overlaps(many, few) for few, many in zip(size, fine.shape[-2:], strict=True))
    return down @ fine @ across.T


def _overlaps(many: int, few: int) -> NDArray:
    """Shares (few, many) with which fine pixels make up each coarse cell."""
    fine, coarse = np.arange(many + 1), np.arange(few + 1) * many / few
    low = np.maximum(fine[None, :-1], coarse[:-1, None])
    high = np.minimum(fine[None, 1:], coarse[1:, None])
    return np.clip(high - low, 0, None) * few / many


def _fitted(relevance: ArrayLike, truth: ArrayLike) -> tuple[NDArray, NDArray]:
    """Positive relevance and the share of truth of every cell, as flat arrays."""
    marks, fine = _array("relevance", relevance), _array("truth", truth)
    if marks.shape[:-2] != fine.shape[:-2]:
        raise MepsError(
            f"a map of shape {marks.shape} and a truth of {fine.shape}; expected the same axes "
            "before the last two: average over frames, or give a truth a frame"
        )
    if fine.min() < 0 or fine.max() == 0:
        raise MepsError(
            f"truth from {fine.min():g} to {fine.max():g}; expected a mask with a true cell, or "
            "strengths from 0 up: leave out trials in which nothing happened"
        )
    share = by_area(fine / fine.max(), marks.shape[-2:]).ravel()
    marks = marks.clip(min=0).ravel()
    return (marks if marks.any() else np.ones_like(marks)), share


def _array(name: str, x: ArrayLike) -> NDArray:
    """As floats, if every number is finite and there are at least two axes."""
    array = np.asarray(x, dtype=float)
    if array.ndim < 2 or not array.size or not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).sum())
        raise MepsError(
            f"{name} of shape {array.shape} with {bad} numbers that are not finite; expected "
            "(..., height, width), all finite: give real frames alone"
        )
    return array
