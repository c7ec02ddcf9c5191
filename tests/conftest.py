"""What all tests share: one thread, and trials made by hand."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import pytest
import torch
from hypothesis import HealthCheck, settings

from meps_lib.trial import Trial

torch.set_num_threads(1)

# No test may hang on how busy the machine is.
SLOW = [HealthCheck.too_slow]
settings.register_profile("meps", deadline=None, suppress_health_check=SLOW)
settings.load_profile("meps")

PS = {"ps_names": ("EDA", "ECG", "PPG"), "ps_units": ("uS", "mV", "a.u."), "ps_sfreq": 64.0}


@pytest.fixture
def make_trial():
    """A function that makes a random trial with any subset of modalities."""

    def make(k=0, modalities=("colour", "depth", "ps"), n_frames=6, size=24, n_samples=256, **kw):
        # A generator a modality: what one of them is does not depend on the others.
        a, b, c, d, e = (torch.Generator().manual_seed(10 * k + i) for i in range(5))
        fields = {"label": "abc"[k % 3], "subject": f"s{k // 3}", "clip": f"clip{k}"}
        if "colour" in modalities:
            fields["colour"] = torch.rand(n_frames, 3, size, size, generator=a)
        if "depth" in modalities:
            depth = 700 + 5 * torch.randn(n_frames, 1, size, size, generator=b)
            for frame in range(n_frames):  # a hole that moves, also over the first frame
                depth[frame, :, (2 * frame + k) % size : (2 * frame + k) % size + 2] = torch.nan
            fields["depth"] = depth
        if {"colour", "depth"} & set(modalities):
            fields |= {"fps": 30.0, "onset": 0, "apex": n_frames // 2, "offset": n_frames - 1}
        if "ps" in modalities:
            fields |= {"ps": torch.randn(3, n_samples, generator=c), **PS}
        if "flow" in modalities:
            fields["flow"] = torch.randn(1, 3, 28, 28, generator=d)
        if "eeg" in modalities:  # powers of two bands of two channels, a second each
            seconds = 5 + k
            fields |= {"eeg": torch.randn(4, seconds, generator=e), "eeg_sfreq": 1.0}
            fields["eeg_names"] = tuple(f"{c} {b}" for c in ("Fz", "Cz") for b in ("alpha", "beta"))
            fields["eeg_units"] = ("log10 (uV)^2",) * 4
        return Trial(**(fields | kw))

    return make


@pytest.fixture
def stamped(monkeypatch):
    """A function that changes the time stamps, in ms, of all videos that are read after it."""

    def stamp(change):
        class Stamped:
            def __init__(self, path, of=cv2.VideoCapture):
                self.of = of(path)

            def __getattr__(self, name):
                return getattr(self.of, name)

            def get(self, what):
                value = self.of.get(what)
                return change(value) if what == cv2.CAP_PROP_POS_MSEC else value

        monkeypatch.setattr(cv2, "VideoCapture", Stamped)

    return stamp


@pytest.fixture
def uneven(make_trial):
    """Four trials of other lengths; the second lacks depth, the third colour, the last signals."""
    return [
        make_trial(0, n_frames=6, n_samples=256),
        make_trial(1, ("colour", "ps"), n_frames=4, n_samples=200),
        make_trial(2, ("depth", "ps"), n_frames=5, n_samples=131),
        make_trial(3, ("colour", "depth"), n_frames=3),
    ]


@pytest.fixture
def unsettle():
    """A function that moves a network away from how it begins.

    Fresh networks hide faults: what is absent is 0, norms are 1 and 0, biases are small. Here
    every parameter and every running statistic is somewhere else, as after training.
    """

    def move(net: torch.nn.Module, seed: int = 5) -> torch.nn.Module:
        g = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for p in net.parameters():
                p += 0.3 * torch.randn(p.shape, generator=g)
            for name, b in net.named_buffers():
                if name.endswith("running_mean"):
                    b += 0.3 * torch.randn(b.shape, generator=g)
                elif name.endswith(("running_var", "rms")):
                    b.copy_(0.5 + torch.rand(b.shape, generator=g))
        return net

    return move
