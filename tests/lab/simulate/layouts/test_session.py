"""One time line of a person's trials: against the trials alone, and whatever size its pieces."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from meps_lab.simulate import simulate_cohort
from meps_lab.simulate.face.clip import FaceClip
from meps_lab.simulate.layouts import casme3_c, layout_cohort, long_video
from meps_lab.simulate.layouts.filming import brief, micro_steps, one_sided, retimed
from meps_lab.simulate.layouts.session import Showing, session, session_of
from meps_lab.simulate.timing import apex_frame, time_course
from meps_lib.errors import MepsError

QUIET = {"size": 16, "me_intensity": 0.8, "leak_share": 1.0}
QUIET |= dict.fromkeys(("blinks_per_min", "light_change", "frame_noise"), 0.0)


def cohort_for(trials, **dials):
    scenario = replace(casme3_c.LAYOUT.scenario(), **{**QUIET, **dials})
    return simulate_cohort(2, trials, ("others", "disgust", "surprise"), seed=3, scenario=scenario)


def test_a_session_shows_each_trial_as_the_cohort_does():
    cohort = cohort_for(3)
    video = session(cohort, [3, 4, 5], 30.0, 0.5, np.random.default_rng(0))
    for clip in video.clips.itertuples():
        plan = cohort.plan(clip.trial)
        frames = np.arange(clip.onset, clip.offset + 1)
        columns = [video.face.aus.index(au) for au in plan.aus]
        assert np.allclose(video.face.intensity[frames][:, columns], plan.face.intensity)
        assert np.allclose(video.face.pose[frames], plan.face.pose)
        assert clip.apex == clip.onset + cohort[clip.trial].apex  # one definition of the apex
        colour, depth = plan.face.render()
        shown, mm = video._render(frames)
        assert torch.allclose(shown, colour, atol=1e-5)
        assert torch.allclose(mm, depth, equal_nan=True, atol=1e-2)
        event = next(e for e in video.events if abs(e.time_s - clip.onset / 30) < 1e-9)
        assert event.response == plan.events[0].response


def test_a_session_refuses_what_does_not_fit():
    cohort, rng = cohort_for(3), np.random.default_rng(0)
    with pytest.raises(MepsError, match="give more time or fewer trials"):
        session_of(cohort, [Showing(0, 1.9)], 30.0, rng, 2.0)
    with pytest.raises(MepsError, match="are free"):
        session_of(cohort, [Showing(0, 1.0), Showing(1, 1.1)], 30.0, rng, 5.0)


def test_the_size_of_the_pieces_changes_nothing(monkeypatch):
    cohort = cohort_for(
        3, frame_noise=0.02, depth_noise_mm=2.0, depth_gain_jumps_mm=8.0, blinks_per_min=30.0
    )
    video = session(cohort, [0, 1], 30.0, 0.5, np.random.default_rng(0))
    seen = []
    for chunk in (7, 1000):
        monkeypatch.setattr(long_video, "_CHUNK", chunk)
        parts = list(video.frames(np.random.default_rng(1), cohort.scenario))
        seen.append([torch.cat([part[i] for part in parts]) for i in (1, 2)])
    (colour, mm), (other_colour, other_mm) = seen
    assert len(colour) == len(video) > 30
    assert torch.allclose(colour, other_colour, atol=1e-5)
    assert torch.equal(mm.isnan(), other_mm.isnan())
    assert (mm - other_mm).nan_to_num().ne(0).float().mean() < 1e-3  # but for rounding
    # The gain jumps in about one frame of ten, and stays where it is at the end of a piece.
    _, true = video._render(np.arange(len(video)))
    level = (mm - true).flatten(1).nanmedian(1).values
    jumps = (level[1:] - level[:-1]).abs() > 1.5
    assert level.std() > 2 and 0.02 < jumps.float().mean() < 0.2


def test_a_cut_out_piece_is_as_in_the_whole():
    cohort = cohort_for(3, frame_noise=0.02)
    video = session(cohort, [0], 30.0, 0.3, np.random.default_rng(0))
    _, every, mm = next(video.frames(np.random.default_rng(1), cohort.scenario))
    cut = video.frames(np.random.default_rng(1), cohort.scenario, 5, 9)
    first, part, part_mm = next(cut)
    assert first == 5 and torch.allclose(part, every[5:9], atol=1e-5)
    assert torch.allclose(part_mm, mm[5:9], equal_nan=True, atol=1.0)


def test_macro_expressions_do_not_clip_and_peak_where_they_should():
    cohort = layout_cohort("mmme", 2, 16, seed=4, size=16)
    rng, stronger = np.random.default_rng(0), []
    for k in range(len(cohort)):
        plan = cohort.plan(k)
        slower = 1.2 / (plan.offset / plan.fps)
        showings = [Showing(k, 0.1), Showing(k, 2.0, slower=slower, stronger=1.8)]
        video = session_of(cohort, showings, 150.0, rng, 4.0)
        for clip in video.clips.itertuples():
            assert abs(clip.apex - clip.apex_exact) <= 1
            assert clip.apex_exact == pytest.approx(
                clip.onset + plan.apex / plan.offset * (clip.offset - clip.onset)
            )
        peaks = [
            video.face.intensity[c.onset : c.offset + 1].max(0) for c in video.clips.itertuples()
        ]
        assert peaks[1].max() <= 1 + 1e-9
        stronger.append(peaks[1].max() / peaks[0].max())
        assert np.allclose(peaks[1], peaks[0] * stronger[-1], atol=0.02)  # units keep their shares
    assert max(stronger) == pytest.approx(1.8, abs=0.05) and min(stronger) < 1.7


def test_a_stretched_course_is_the_course():
    cohort = layout_cohort("mmme", 2, 8, size=16)
    for k in range(len(cohort)):
        plan = cohort.plan(k)
        face, apex = retimed(plan, 3 * plan.offset)
        assert np.allclose(face.intensity[::3], plan.face.intensity, atol=0.02)
        assert np.allclose(face.pose[::3], plan.face.pose)
        assert apex == pytest.approx(3 * plan.apex)


@pytest.mark.parametrize("kind", ["mmme", "casme2", "samm", "smic"])
def test_counted_in_frames_a_micro_expression_is_micro(kind):
    longest = {} if kind == "mmme" else {"duration_s": 0.45}
    cohort, cut = layout_cohort(kind, 10, 40, seed=2, size=16, **longest), 0
    for k in range(len(cohort)):
        plan = cohort.plan(k)
        face, exact = brief(plan)
        steps, apex = len(face.intensity) - 1, apex_frame(face.intensity, exact)
        assert steps == micro_steps(plan)
        assert steps / plan.fps <= 0.5 or apex / plan.fps <= 0.25
        assert steps == plan.offset or steps == 0.5 * plan.fps
        cut += steps < plan.offset
    assert cut < len(cohort) / 2 and (cut > 0 or kind == "mmme")


def test_a_frame_too_long_is_cut():
    plan = layout_cohort("mmme", 2, 7, size=16).plan(0)
    intensity = time_course(79, 37.7)[:, None] * [[0.5]]  # 520 ms, and 38 frames are 253 ms
    face = FaceClip(plan.face.who, (12,), intensity, size=16)
    plan = replace(plan, face=face, aus=(12,), offset=78, apex=37.7)
    short, exact = brief(plan)
    assert apex_frame(intensity, 37.7) == 38 and len(short.intensity) == 76
    assert exact == pytest.approx(37.7 / 78 * 75) and short.intensity.max() > 0.499
    assert len(short.pose) == len(short.blink) == len(short.gain) == 76


def test_an_apex_is_the_strongest_frame_or_the_planned_one():
    course = np.array([[0.0, 0.0], [0.2, 0.3], [0.4, 0.0], [0.0, 0.0]])
    assert apex_frame(course, 2.4) == 1
    assert apex_frame(0 * course, 2.4) == 2


def test_a_share_of_the_faces_that_can_moves_on_one_side():
    cohort = cohort_for(10)
    rng = np.random.default_rng(0)
    faces = [cohort.plan(k).face for k in range(20) for _ in range(50)]
    shown = [one_sided(face, rng, 0.4) for face in faces]
    can = [not {17, 23, 24, 25, 26} & set(face.aus) for face in faces]
    sided = np.array([abs(face.lateral) > 0.9 for face in shown])
    assert not sided[~np.array(can)].any()
    assert sided[can].mean() == pytest.approx(0.4, abs=0.06)
