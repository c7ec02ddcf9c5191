"""From a file to a trial, on the real face videos and on files that cannot be used."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from meps_lab.datasets.cache.packing import pack, unpack
from meps_lab.prepare import prepare
from meps_lab.recordings.find import SHIPPED
from meps_lib.errors import MepsError
from meps_lib.video import (
    FaceLostWarning,
    RateWarning,
    align_face,
    load_trial_from_video,
    read_clip,
    sample_frames,
)


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4"])
def test_the_apex_of_a_clip_of_varying_rate_is_at_its_own_time(tmp_path, name, stamped):
    """30 a second, then 10: written at 30, and each frame given the time that it had."""
    stamps = np.cumsum([0, *[1 / 30] * 11, *[1 / 10] * 12])
    face = read_clip(SHIPPED / "face_video/single_face.mp4")[10:34].frames
    path = tmp_path / name
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 30, (640, 360))
    for frame in face:
        writer.write(np.ascontiguousarray(frame[..., ::-1]))
    writer.release()

    stamped(lambda ms: 1000 * stamps[round(0.03 * ms)])
    with pytest.warns(RateWarning, match="varies, from 10 to 30"):
        trial = load_trial_from_video(path, size=48)
    assert trial.times == pytest.approx(stamps, abs=0.001)
    assert trial.seconds(trial.apex) == pytest.approx(stamps[trial.apex], abs=0.001)
    assert trial.fps == pytest.approx(23 / stamps[-1], rel=0.01)
    with pytest.warns(RateWarning):
        some = np.array(load_trial_from_video(path, size=48, n_frames=7).times)
    late = np.abs(some - np.linspace(0, stamps[-1], 7)) > 0.051  # more than half a slow step
    assert late.sum() <= 1  # the apex
    small = prepare(trial)
    assert small.seconds(small.apex) == pytest.approx(stamps[trial.apex], abs=0.001)
    assert unpack(*pack(trial)).times == trial.times
    with pytest.raises(MepsError, match="one a frame, rising"):
        replace(trial, times=trial.times[::-1])


def test_a_face_in_less_than_half_is_refused_and_so_is_one_that_lies(tmp_path):
    face = read_clip(SHIPPED / "face_video/single_face.mp4").frames[:24]
    wall = np.full_like(face, 120)
    pair = {"gone": np.concatenate([face[:10], wall[:11]]), "stays": face}
    pair["lies"] = np.rot90(face[:8], 1, axes=(1, 2))
    paths = {}
    for name, frames in pair.items():
        paths[name] = write_colour(tmp_path / name, frames)
    with pytest.raises(MepsError, match="kept in 10 of 21 frames, less than half; .* frames 0 to"):
        load_trial_from_video(paths["gone"], 32, fps=30)
    with pytest.raises(MepsError, match="no face in any of 8.*sideways.* 90 degrees clockwise"):
        load_trial_from_video(paths["lies"], 32, fps=30)
    for stop in (7, 24):  # seven are enough
        trial = load_trial_from_video(paths["stays"], 32, fps=30, stop=stop)
        assert trial.n_frames == stop
    with pytest.raises(MepsError, match="stays for 6 frames.*at least 7"):
        load_trial_from_video(paths["stays"], 32, fps=30, stop=6)


def write_colour(folder, frames):
    folder.mkdir()
    for k, frame in enumerate(frames):
        cv2.imwrite(str(folder / f"{k}.png"), frame[..., ::-1])
    return folder


def test_a_real_clip_becomes_a_trial():
    path = SHIPPED / "face_video/single_face.mp4"
    trial = load_trial_from_video(path, size=48, n_frames=9, start=10, stop=34)
    assert trial.colour.shape == (9, 3, 48, 48)
    assert trial.clip == "single_face"
    assert trial.start == pytest.approx(10 / 30)  # s: signals are cut by it
    assert trial.fps == pytest.approx(8 / (23 / 30))  # nine frames over 23 steps
    assert trial.apex >= 4  # neutral until frame 14, the smile is there from 22 on
    assert (trial.onset, trial.offset, trial.depth) == (None, None, None)
    face = trial.colour[0].mean(dim=(1, 2))
    assert face[0] > face[1] > face[2]  # skin: red, green, blue


def test_a_face_that_leaves_is_told_and_the_rest_is_used():
    path = SHIPPED / "face_video/face_noface.mov"
    with pytest.warns(FaceLostWarning, match="in frames 72-80; kept frames 62-71"):
        trial = load_trial_from_video(path, size=32, start=62, stop=81)
    assert trial.n_frames == 10
    clip = read_clip(path)
    with pytest.raises(MepsError, match="no face in any of 5 frames"):
        align_face(clip[100:105])
    with pytest.raises(MepsError, match="stays for 4 frames in a row at most"):
        align_face(clip[68:76])


def write_depth(folder, maps):
    folder.mkdir()
    for k, depth in enumerate(maps):
        cv2.imwrite(str(folder / f"{k}.png"), depth.astype(np.uint16))
    return folder


def test_depth_comes_with_colour_and_is_cleaned(tmp_path):
    face = read_clip(SHIPPED / "face_video/single_face.mp4")[10:20]
    colour = tmp_path / "colour"
    colour.mkdir()
    for k, frame in enumerate(face.frames):
        cv2.imwrite(str(colour / f"{k}.png"), frame[..., ::-1])
    maps = np.full((10, 360, 640), 3000)
    maps[:, 60:320, 220:370] = 800 + np.arange(10)[:, None, None]  # the face, farther each frame
    maps[:, 200:210, 280:300] = 0  # a hole on the nose
    folder = write_depth(tmp_path / "depth", maps)
    trial = load_trial_from_video(colour, 48, 5, depth=folder, fps=30, start=1)
    assert trial.depth.shape == (5, 1, 48, 48)
    seen = [torch.unique(d[~d.isnan()]) for d in trial.depth]
    assert all(len(values) == 1 for values in seen)  # the wall is gone, nothing is mixed
    numbers = (torch.cat(seen) - 800).int().tolist()  # of the frames, told by their depth
    assert numbers == (sample_frames(9, 5, numbers[trial.apex] - 1) + 1).tolist()
    assert trial.depth.isnan().flatten(1).any(dim=1).all()  # the hole stays one


@pytest.mark.parametrize("shape", [(72, 200, 128), (71, 360, 640)], ids=["size", "frames"])
def test_depth_that_does_not_match_is_refused(tmp_path, shape):
    folder = write_depth(tmp_path / "depth", np.broadcast_to(800, shape))
    with pytest.raises(MepsError, match=f"depth of {shape[0]} frames, .*register depth to colour"):
        load_trial_from_video(SHIPPED / "face_video/single_face.mp4", depth=folder)


def test_depth_that_begins_elsewhere_is_refused(tmp_path):
    """As many pictures, but those of other moments."""
    (tmp_path / "colour").mkdir()
    for k in range(5, 9):
        cv2.imwrite(str(tmp_path / "colour" / f"{k}.png"), np.full((40, 40, 3), 90, np.uint8))
    folder = write_depth(tmp_path / "depth", np.full((4, 40, 40), 800))
    with pytest.raises(MepsError, match=r"depth begins with 0\.png, .*colour with 5\.png"):
        load_trial_from_video(tmp_path / "colour", depth=folder, fps=30)


@pytest.mark.parametrize("part", [(5, 5), (5, 3), (-1, 3), (-3, None), (0, 0)])
def test_a_part_that_cannot_be_is_refused(part):
    start, stop = part
    with pytest.raises(MepsError, match=f"start={start}, stop={stop}; expected the number of"):
        load_trial_from_video(SHIPPED / "face_video/single_face.mp4", start=start, stop=stop)


def test_a_folder_without_a_rate_is_refused(tmp_path):
    for k in range(3):
        cv2.imwrite(str(tmp_path / f"{k}.png"), np.zeros((40, 40, 3), np.uint8))
    with pytest.raises(MepsError, match="pass fps="):
        load_trial_from_video(tmp_path)


def test_the_scale_of_eight_bit_depth_is_passed_on(tmp_path):
    for name, shape in (("colour", (40, 40, 3)), ("depth", (20, 40))):
        (tmp_path / name).mkdir()
        for k in range(3):
            cv2.imwrite(str(tmp_path / name / f"{k}.png"), np.full(shape, 100, np.uint8))
    given = {"depth": tmp_path / "depth", "fps": 30}
    with pytest.raises(MepsError, match="pass scale= .depth_scale="):
        load_trial_from_video(tmp_path / "colour", **given)
    with pytest.raises(MepsError, match="register depth"):  # read, and of another size
        load_trial_from_video(tmp_path / "colour", **given, depth_scale=8)
