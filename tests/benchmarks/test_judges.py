"""The simulator passes its judges on several seeds; and the judges can be failed."""

import doctest
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.optimize import linear_sum_assignment

from benchmarks.judges import body, face
from benchmarks.judges.table import judges_table, me_times, micro_share, verdict
from benchmarks.keep import keep, made_by
from meps_lab.results import kept
from meps_lib.errors import MepsError

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "simulator_judges.py"


@pytest.fixture(scope="module")
def short():
    return body.record_cases(0, 12)


@pytest.fixture(scope="module")
def clips():
    return face.onset_to_apex(0, 8)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_simulator_meets_every_demand(seed):
    table = judges_table(seed, quick=True)
    assert table.found.notna().all() and table.passed.all(), table[~table.passed].to_string()


def test_the_kept_table_answers_every_question_with_its_provenance():
    table = kept("judges")
    assert len(table) >= 20 and table.passed.all()
    assert set(table.judge) >= {"NeuroKit2", "OpenCV, DIS", "scikit-image, TV-L1", "MMME"}
    made = table.attrs["provenance"]
    assert set(made) == {"command", "date", "versions", "seed", "seconds"}
    assert {"python", "torch", "neurokit2", "scikit-image"} < set(made["versions"])


def test_what_is_kept_is_read_back(tmp_path, monkeypatch):
    table = pd.DataFrame({"what": ["a, b"], "found": [0.25], "passed": [True]})
    keep("one", table, made_by("python x.py", ("numpy",), seed=3), tmp_path)
    monkeypatch.setattr("meps_lab.results.HERE", tmp_path)
    assert kept("one").equals(table) and kept("one").attrs["provenance"]["seed"] == 3
    with pytest.raises(MepsError, match="'judges'; expected one of one"):
        kept("judges")


def test_a_quick_table_is_not_kept():
    command = [sys.executable, SCRIPT, "--quick", "--keep"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 2 and "leave out --quick" in run.stderr


@pytest.mark.parametrize(
    ("found", "low", "high", "passed", "words"),
    [
        (0.989, 0.99, None, False, "at least 0.99"),
        (0.99, 0.99, None, True, "at least 0.99"),
        (1.1, None, 1.0, False, "at most 1"),
        (50, 32, 93, True, "32 to 93"),
        (float("nan"), 0.9, None, False, "at least 0.9"),
    ],
)
def test_a_row_passes_within_its_bounds_only(found, low, high, passed, words):
    row = verdict("", "", found, "", low, high)
    assert row["passed"] is passed and row["demanded"] == words


def test_one_found_time_serves_one_true_time():
    assert doctest.testmod(body).failed == 0
    rng = np.random.default_rng(0)
    for _ in range(50):
        true, found = (np.sort(rng.uniform(0, 3, rng.integers(1, 9))) for _ in range(2))
        # The most pairs that there can be, by SciPy's assignment.
        near = np.abs(true[:, None] - found) <= 0.2
        rows, columns = linear_sum_assignment(near, maximize=True)
        assert body.match(true, found, 0.2).sum() == near[rows, columns].sum()


def told(case, **truth):
    """The same recording, of which this is said to be the truth."""
    return replace(case, episode=case.episode._replace(**truth))


@pytest.mark.parametrize(
    ("judge", "key", "by_s"),
    [
        (lambda cases: body.beats_found(cases, "ECG"), "beat_times", 0.06),
        (lambda cases: body.beats_found(cases, "PPG"), "pulse_times", 0.06),
        (body.scrs_found, "scr_onsets", 2.5),
    ],
)
def test_a_shifted_truth_is_caught(short, judge, key, by_s):
    moved = [told(c, **{key: getattr(c.episode, key) + by_s}) for c in short]
    assert judge(moved) < 0.45 < 0.9 < judge(short)


def test_a_doubled_beat_is_caught(short):
    doubled = [told(c, beat_times=np.repeat(c.episode.beat_times, 2)) for c in short]
    assert body.beats_found(doubled, "ECG") == pytest.approx(0.5, abs=0.01)


def test_late_responses_are_caught(short):
    early = [
        replace(c, events=tuple(replace(v, time_s=v.time_s - 2.5) for v in c.events)) for c in short
    ]
    assert body.latency_in_range(early) < 0.6 < 0.95 <= body.latency_in_range(short)


@pytest.mark.parametrize(
    ("name", "judge", "most", "how"),
    [
        ("PPG", body.heart_rate_difference, 1, {"duration_s": 60.0, "every_s": 15.0}),
        ("RSP", body.rsa_off_breath, 0.02, {"duration_s": 300.0, "every_s": 0}),
    ],
)
def test_another_s_pulse_or_breath_is_caught(name, judge, most, how):
    cases, mixed = body.record_cases(0, 12, **how), []
    for c, other in zip(cases, cases[1:] + cases[:1], strict=True):
        ps = c.episode.ps.copy()
        ps[c.episode.names.index(name)] = other.signal(name)
        mixed.append(told(c, ps=ps))
    assert judge(cases) < most < judge(mixed)


def test_noise_that_is_no_noise_is_caught(monkeypatch):
    shares = iter([0.2, 0.5, 0.9, 1.0])
    monkeypatch.setattr(body, "beats_found", lambda cases, name, clean: next(shares))
    assert body.order_by_noise("ECG", 0, 1) == pytest.approx(1)


def test_nothing_to_find_is_said():
    with pytest.raises(MepsError, match="nothing to be found"):
        body.scrs_found([])
    with pytest.raises(MepsError, match="no response was evoked"):
        body.latency_in_range([])
    with pytest.raises(MepsError, match="intensity"):
        face.flow_error(face.onset_to_apex(0, 1, intensity=0.0))


WRONG = {
    "backwards": lambda flow: -flow,
    "axes swapped": lambda flow: flow.flip(0),
    "too short": lambda flow: flow * 0.7,
    "shifted": lambda flow: flow + 0.3,
    "displaced": lambda flow: torch.roll(flow, 4, 2),
}


@pytest.mark.parametrize("how", WRONG)
def test_a_wrong_flow_is_caught(clips, how):
    told = [
        SimpleNamespace(render=c.render, flow=lambda a, b, c=c: WRONG[how](c.flow(a, b)))
        for c in clips
    ]
    assert face.flow_error(told) > 0.25


def test_another_s_depth_does_not_move_with_the_colour(clips):
    mixed = [
        SimpleNamespace(render=lambda a=a, b=b: (a.render()[0], b.render()[1]))
        for a, b in zip(clips, clips[1:] + clips[:1], strict=True)
    ]
    assert face.depth_follows_colour(mixed) < 0.3


def test_the_cascade_finds_no_face_that_lies_on_its_side():
    frames = [frame.transpose(1, 2) for frame in face.seen_faces(0, 10)]
    assert face.faces_found(frames) < 0.5


def test_a_cohort_without_late_apices_and_what_is_not_micro_are_caught():
    times = me_times("default", 0, n_subjects=4, trials=3)
    assert abs(times.apex.mean() - 0.296) > 0.02  # the default's apex is in the middle
    times = pd.DataFrame({"duration_ms": [480, 520, 520, 503], "rise_ms": [300, 240, 260, 300]})
    assert micro_share(times) == 0.75
