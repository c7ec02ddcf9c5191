"""The checks of chapter 2 accept its solutions and tell plausible mistakes apart."""

from pathlib import Path

import numpy as np
import pytest

from meps_lab.chapters.exercises import check
from tools.notebook import read_chapter

CHAPTER = Path(__file__).parents[4] / "notebooks" / "02_micro_expressions.md"


@pytest.fixture(scope="module")
def solutions():
    """The functions that the chapter itself gives as solutions."""
    _, notebook = read_chapter(CHAPTER)
    space = {"np": np}
    for cell in notebook.cells:
        if "solution" in cell.metadata.get("tags", []):
            exec(cell.source, space)
    return space


def verdict(capsys, exercise, answer):
    check(exercise, answer)
    return capsys.readouterr().out.strip()


@pytest.mark.parametrize(
    ("exercise", "name"),
    [("02.1", "is_micro"), ("02.2", "without_head"), ("02.3", "face_only")],
)
def test_solutions_pass(capsys, solutions, exercise, name):
    assert verdict(capsys, exercise, solutions[name]).startswith("correct: ")
    assert verdict(capsys, exercise, ...) == "not attempted yet"
    assert verdict(capsys, exercise, lambda *args: None) == "not attempted yet"


def both_limits(onset, apex, offset, fps):
    apex = onset if apex is None else apex
    return (offset - onset) / fps <= 0.5 and (apex - onset) / fps <= 0.25


def strictly(onset, apex, offset, fps):
    return (offset - onset) / fps < 0.5 or (apex is not None and (apex - onset) / fps < 0.25)


def at_thirty(onset, apex, offset, fps):
    return offset - onset <= 15 or (apex is not None and apex - onset <= 7.5)


def shift_only(flow):
    return flow - flow.mean(axis=(1, 2), keepdims=True)


def a_median(flow):
    return flow - np.median(flow, axis=(1, 2), keepdims=True)


def affine(flow):
    """Six unknowns: this takes expressions away as well."""
    y, x = np.mgrid[: flow.shape[1], : flow.shape[2]]
    plane = np.stack([np.ones(x.size), x.ravel(), y.ravel()], axis=1)
    rest = [part.ravel() - plane @ np.linalg.lstsq(plane, part.ravel())[0] for part in flow]
    return np.reshape(rest, flow.shape)


def wrong_sign(flow):
    """A turn with the sign of a shear."""
    y, x = np.mgrid[: flow.shape[1], : flow.shape[2]]
    one, none = np.ones(x.size), np.zeros(x.size)
    fields = np.concatenate(
        [np.stack([one, none, y.ravel()], axis=1), np.stack([none, one, x.ravel()], axis=1)]
    )
    head, *_ = np.linalg.lstsq(fields, flow.ravel())
    return flow - (fields @ head).reshape(flow.shape)


def zeros_are_depth(depth, span=400.0):
    far = np.abs(depth - np.nanmean(depth)) > 3 * np.nanstd(depth)
    depth = np.where(far, np.nan, depth)
    return np.where(depth < np.nanmin(depth) + span, depth, np.nan)


def nearest_first(depth, span=400.0):
    depth = np.where(depth == 0, np.nan, depth)
    depth = np.where(depth < np.nanmin(depth) + span, depth, np.nan)
    return np.where(np.abs(depth - np.nanmean(depth)) > 3 * np.nanstd(depth), np.nan, depth)


def band_only(depth, span=400.0):
    depth = np.where(depth == 0, np.nan, depth)
    return np.where(np.abs(depth - np.nanmean(depth)) > 3 * np.nanstd(depth), np.nan, depth)


def filled(depth, span=400.0):
    return np.full(depth.shape, 800.0)


MISTAKES = {
    "both limits": ("02.1", both_limits, "an apex after 0.2 s is enough"),
    "strictly": ("02.1", strictly, "met exactly counts"),
    "frames": ("02.1", at_thirty, "at 200 Hz, 90 frames are 0.45 s"),
    "always": ("02.1", lambda *a: True, "expected False"),
    "shift only": ("02.2", shift_only, "fit the turn as well"),
    "median": ("02.2", a_median, "fit the turn as well"),
    "affine": ("02.2", affine, "a shear under a moving head"),
    "wrong sign": ("02.2", wrong_sign, "fit the turn as well"),
    "all gone": ("02.2", lambda flow: 0 * flow, "a shear under a moving head"),
    "one part": ("02.2", lambda flow: flow[0], "expected a flow of shape"),
    "zeros": ("02.3", zeros_are_depth, "zeros are missing"),
    "order": ("02.3", nearest_first, "come first"),
    "no span": ("02.3", band_only, "kept that should go"),
    "filled": ("02.3", filled, "kept that should go"),
    "raises": ("02.3", lambda depth, span: depth["face"], "your code raised IndexError"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_told_apart(capsys, name):
    exercise, answer, hint = MISTAKES[name]
    said = verdict(capsys, exercise, answer)
    assert said.startswith("not yet: ")
    assert hint in said
