"""What goes wrong in practice, from file to batch: one clear error each, and nothing else.

Each row makes the bad thing, does what a person would do with it, and names what the message
must say. `MepsError` is the only exception allowed; a bare traceback of a library fails.
"""

import cv2
import numpy as np
import pandas as pd
import pytest
import torch

from meps_lab.prepare import PrepareConfig, prepare
from meps_lab.recordings.find import fetch
from meps_lab.simulate import simulate_cohort
from meps_lib.errors import MepsError
from meps_lib.models import build
from meps_lib.signals import clean, heart_rate, load
from meps_lib.trial import collate
from meps_lib.video import load_trial_from_video, optical_flow


def video(path, frames, fps=30.0):
    out = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), fps, (128, 96))
    for frame in frames:
        out.write(frame)
    out.release()
    return path


def table(path, rows=2000, **columns):
    t = np.arange(rows) / 100
    pd.DataFrame({"EDA": 2 + 0.1 * np.sin(t), "ECG": np.sin(7 * t)} | columns).to_csv(
        path, index=False
    )
    return path


def no_face(tmp):
    noise = np.random.default_rng(0).integers(0, 255, (12, 96, 128, 3), dtype=np.uint8)
    load_trial_from_video(video(tmp / "wall.avi", noise))


def empty_video(tmp):
    (tmp / "empty.mp4").write_bytes(b"")
    load_trial_from_video(tmp / "empty.mp4")


def video_without_frames(tmp):
    load_trial_from_video(video(tmp / "none.avi", []))


def text_called_video(tmp):
    (tmp / "note.mp4").write_text("not a video")
    load_trial_from_video(tmp / "note.mp4")


def truncated_video(tmp):
    whole = fetch("face_video").read_bytes()
    (tmp / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    load_trial_from_video(tmp / "cut.mp4")


def truncated_table(tmp):
    path = table(tmp / "body_100hz.csv")
    text = path.read_text()
    path.write_text(text[: text.rindex(",")])
    load(path)


def empty_table(tmp):
    (tmp / "body_100hz.csv").write_text("")
    load(tmp / "body_100hz.csv")


def nan_sample(tmp):
    ecg = np.sin(np.arange(2000) / 15)
    ecg[412] = np.nan
    load(table(tmp / "body_100hz.csv", ECG=ecg))


def word_in_table(tmp):
    path = table(tmp / "body_100hz.csv")
    path.write_text(path.read_text().replace("2.0,0.0", "2.0,n/a", 1))
    load(path)


def constant_signal(tmp):
    clean(load(table(tmp / "body_100hz.csv", ECG=np.ones(2000))))


def no_rate(tmp):
    load(table(tmp / "body.csv"))


def rate_of_zero(tmp):
    load(table(tmp / "body.csv"), sfreq=0)


def wrong_rate(tmp):
    """A real heart at ten times its rate."""
    ecg = load(fetch("neurokit_resting"), channels=["ECG"]).signals[0]
    path = tmp / "body.csv"
    pd.DataFrame({"ECG": ecg}).to_csv(path, index=False)
    heart_rate(clean(load(path, sfreq=1000)))


def missing_signal(tmp):
    prepare(simulate_cohort(2, 3)[0], PrepareConfig(ps_names=("EDA", "RSP")))


def missing_modality(tmp):
    trial = simulate_cohort(2, 3)[0]
    trial.colour = trial.depth = trial.onset = trial.apex = trial.offset = None
    build("meps", modalities=("colour",))(collate([trial], ("negative", "positive", "surprise")))


def depth_of_another_size(tmp):
    trial = simulate_cohort(2, 3)[0]
    type(trial)(**vars(trial) | {"depth": trial.depth[..., :32]})


def unknown_class(tmp):
    collate([simulate_cohort(2, 3)[0]], ("happy", "sad"))


def frames_of_two_sizes(tmp):
    optical_flow(np.zeros((64, 64), np.uint8), np.zeros((64, 48), np.uint8))


def wrong_signal_rate_for_model(tmp):
    trial = prepare(simulate_cohort(2, 3)[0], PrepareConfig(ps_sfreq=32.0))
    build("meps", ps_sfreq=64.0)(collate([trial], ("negative", "positive", "surprise")))


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (no_face, "wall.avi.*no face"),
        (empty_video, "empty.mp4.*(empty|0 bytes)"),
        (video_without_frames, "none.avi"),
        (text_called_video, "note.mp4"),
        (truncated_video, "cut.mp4"),
        (truncated_table, "body_100hz.csv.*2001"),
        (empty_table, "body_100hz.csv.*empty"),
        (nan_sample, "body_100hz.csv.*(414.*ECG|ECG.*414)"),
        (word_in_table, "body_100hz.csv.*(2.*ECG|ECG.*2).*n/a|n/a.*ECG"),
        (constant_signal, "ECG.*constant"),
        (no_rate, "body.csv.*sfreq"),
        (rate_of_zero, "sfreq|rate"),
        (wrong_rate, "rate"),
        (missing_signal, "lacks RSP; it has EDA, ECG, PPG"),
        (missing_modality, "has ps; the model uses colour"),
        (depth_of_another_size, "32 x 64 pixels.*64 x 64"),
        (unknown_class, "unknown class.*happy, sad"),
        (frames_of_two_sizes, "one size"),
        (wrong_signal_rate_for_model, "32.0 Hz; expected .*64.0 Hz"),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_bad_input_is_one_clear_error(tmp_path, act, message):
    torch.manual_seed(0)
    with pytest.raises(MepsError, match=f"(?s){message}"):
        act(tmp_path)
