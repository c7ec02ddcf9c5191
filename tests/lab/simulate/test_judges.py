"""The judges demand what they should, on several seeds; and they can be failed."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.optimize import linear_sum_assignment

from meps_lab.simulate.judges import body, face, judges_table
from meps_lab.simulate.judges.table import me_times, micro_share, verdict
from meps_lib.errors import MepsError

ROOT = Path(__file__).parents[3]
SEEDS = (0, 1, 2)
R_PEAKS, PULSES = (partial(body.beats_found, name=name) for name in ("ECG", "PPG"))


@pytest.fixture(scope="module")
def short():
    return {seed: body.record_cases(seed, 12) for seed in SEEDS}


@pytest.fixture(scope="module")
def minute():
    return {seed: body.record_cases(seed, 12, duration_s=60.0, every_s=15.0) for seed in SEEDS}


@pytest.fixture(scope="module")
def rest():
    return body.record_cases(0, 12, duration_s=300.0, every_s=0)


@pytest.fixture(scope="module")
def clips():
    return face.onset_to_apex(0, 8)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("judge", "least"),
    [(R_PEAKS, 0.99), (PULSES, 0.95), (body.scrs_found, 0.90), (body.latency_in_range, 0.95)],
)
def test_neurokit_finds_what_was_put_in(short, minute, judge, least, seed):
    assert judge([*short[seed], *minute[seed]]) >= least


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["ECG", "PPG"])
def test_peaks_are_lost_in_the_order_of_the_noise(name, seed):
    assert body.order_by_noise(name, seed, 8) == pytest.approx(-1)


@pytest.mark.parametrize("seed", SEEDS)
def test_ecg_and_ppg_tell_one_heart_rate(minute, seed):
    assert body.heart_rate_difference(minute[seed]) < 1


def test_the_heart_follows_the_breath(rest):
    assert body.rsa_off_breath(rest) < 0.02


def test_variability_at_rest_is_the_literature_s(rest):
    # Range of the study means of 44 studies: Nunan, Sandercock & Brodie (2010), table II.
    mean, sdnn, rmssd = body.variability(rest)
    assert 785 <= mean <= 1160 and 32 <= sdnn <= 93 and 19 <= rmssd <= 75


def told(case, **truth):
    """The same recording, of which this is said to be the truth."""
    return replace(case, episode=case.episode._replace(**truth))


@pytest.mark.parametrize(
    ("judge", "key", "by_s", "least"),
    [
        (R_PEAKS, "beat_times", 0.06, 0.99),
        (PULSES, "pulse_times", 0.06, 0.95),
        (body.scrs_found, "scr_onsets", 2.5, 0.90),
    ],
)
def test_a_shifted_truth_is_caught(short, judge, key, by_s, least):
    moved = [told(c, **{key: getattr(c.episode, key) + by_s}) for c in short[0]]
    assert judge(moved) < 0.5 * least


def test_a_missing_or_doubled_beat_is_caught(short):
    doubled = [told(c, beat_times=np.repeat(c.episode.beat_times, 2)) for c in short[0]]
    assert R_PEAKS(doubled) == pytest.approx(0.5, abs=0.01)


def test_late_responses_are_caught(short):
    early = [
        replace(c, events=tuple(replace(v, time_s=v.time_s - 2.5) for v in c.events))
        for c in short[0]
    ]
    assert body.latency_in_range(early) < 0.6


@pytest.mark.parametrize(
    ("name", "judge", "most"),
    [("PPG", body.heart_rate_difference, 1), ("RSP", body.rsa_off_breath, 0.02)],
)
def test_another_s_pulse_or_breath_is_caught(minute, rest, name, judge, most):
    cases, mixed = minute[0] if name == "PPG" else rest, []
    for c, other in zip(cases, cases[1:] + cases[:1], strict=True):
        ps = c.episode.ps.copy()
        ps[c.episode.names.index(name)] = other.signal(name)
        mixed.append(told(c, ps=ps))
    assert judge(mixed) > most


def test_noise_that_is_no_noise_is_caught(monkeypatch):
    shares = iter([0.2, 0.5, 0.9, 1.0])
    monkeypatch.setattr(body, "beats_found", lambda cases, name, clean: next(shares))
    assert body.order_by_noise("ECG", 0, 1) == pytest.approx(1)


def test_one_found_time_serves_one_true_time():
    rng = np.random.default_rng(0)
    for _ in range(50):
        true, found = (np.sort(rng.uniform(0, 3, rng.integers(1, 9))) for _ in range(2))
        # The most pairs that there can be, by SciPy's assignment.
        near = np.abs(true[:, None] - found) <= 0.2
        rows, columns = linear_sum_assignment(near, maximize=True)
        assert body.match(true, found, 0.2).sum() == near[rows, columns].sum()


def test_nothing_to_find_is_said():
    with pytest.raises(MepsError, match="nothing to be found"):
        body.scrs_found([])
    with pytest.raises(MepsError, match="no response was evoked"):
        body.latency_in_range([])


@pytest.mark.parametrize("seed", SEEDS)
def test_alpha_and_its_asymmetry_follow_their_dials(seed):
    assert body.alpha_follows(seed, 4) > 0.95
    assert body.asymmetry_follows(seed, 4) > 0.95
    assert body.power_ratio(seed, 4) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("method", [face.dis, face.tvl1])
@pytest.mark.parametrize("seed", SEEDS)
def test_two_libraries_recover_the_true_flow(method, seed):
    assert face.flow_error(face.onset_to_apex(seed, 8), method) < 0.25


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


def test_depth_moves_with_colour_and_another_s_depth_does_not(clips):
    assert face.depth_follows_colour(clips) > 0.7
    mixed = [
        SimpleNamespace(render=lambda a=a, b=b: (a.render()[0], b.render()[1]))
        for a, b in zip(clips, clips[1:] + clips[:1], strict=True)
    ]
    assert face.depth_follows_colour(mixed) < 0.3


def test_a_still_face_is_not_judged_by_its_motion():
    with pytest.raises(MepsError, match="intensity"):
        face.flow_error(face.onset_to_apex(0, 1, intensity=0.0))


@pytest.mark.parametrize("seed", SEEDS[:2])
def test_the_cascade_finds_the_faces(seed):
    assert face.faces_found(face.seen_faces(seed, 20)) >= 0.95


def test_the_cascade_finds_no_face_that_lies_on_its_side():
    frames = [frame.transpose(1, 2) for frame in face.seen_faces(0, 10)]
    assert face.faces_found(frames) < 0.5


def test_the_table_holds_every_question_and_passes():
    table = judges_table(seed=3, quick=True)
    assert table.columns.tolist() == ["what", "judge", "found", "demanded", "unit", "passed"]
    assert len(table) >= 20 and table.found.notna().all()
    assert set(table.judge) >= {"NeuroKit2", "OpenCV, DIS", "scikit-image, TV-L1", "MMME"}
    assert table.passed.all(), table[~table.passed].to_string()


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


def test_a_cohort_without_late_apices_is_caught():
    times = me_times("default", 0, n_subjects=4, trials=3)
    assert abs(times.apex.mean() - 0.296) > 0.02  # the default's apex is in the middle


def test_the_benchmark_prints_every_line():
    command = [sys.executable, "benchmarks/simulator.py", "--quick"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=env)
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    for wanted in (
        r"times NeuroKit2's .*\d+\.\d +>= 20 +(pass|FAIL)",
        r"64 px: frames a second +\d+ +>= 500 +(pass|FAIL)",
        r"128 px: frames a second +\d+ +>= 150 +(pass|FAIL)",
        r"times SciPy's bare warp",
        r"times OpenCV's bare warp",
        r"the second over the first +[\d.]+$",
        r"rendered over cached +[\d.]+",
        r"GPU|on cuda",
    ):
        assert any(re.search(wanted, line) for line in lines), (wanted, run.stdout)


def test_what_is_not_micro_is_caught():
    times = pd.DataFrame({"duration_ms": [480, 520, 520, 503], "rise_ms": [300, 240, 260, 300]})
    assert micro_share(times) == 0.75


def test_traffic_counts_what_is_read_and_written():
    from benchmarks.simulator import Traffic, bandwidth

    a = torch.ones(1000)
    with Traffic() as traffic:
        a + a[:, None].expand(1000, 1000).movedim(0, 1)[0]  # views touch nothing
    assert traffic.bytes == 3 * 4000
    lines = bandwidth("cpu", n_frames=4, size=16, repeats=1)
    assert len(lines) == 3 and all(float(line.value) > 0 for line in lines)
