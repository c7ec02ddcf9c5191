"""Heart rate of real ten-second windows, read by networks that learnt from simulated hearts.

One signal at a time, ECG or PPG, at 64 Hz, each window at its own mean and deviation, since
devices differ in units. Networks learn the mean rate of simulated windows, whose beats are known.
They are tested on the real recordings that come with the book, against the R peaks that NeuroKit2
finds in the ECG recorded beside, or, where there is none, the pulse peaks. Learning rate and epoch
of each network are those that err least on simulated people who do not teach. Beside them: the
highest peak of SciPy's spectrum, and the mean of the training rates, which looks at nothing.
Recordings are few: there is no interval over people, only one over windows. With --keep writes
what `meps_lab.results.kept("ps_heart")` reads.
"""

import os
from functools import partial

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import pandas as pd
import torch
from keep import main
from peers import LSTM, TCN, InceptionTime, OursAlone
from scipy.signal import welch
from torch import Tensor, nn

from meps_lab.recordings import fetch
from meps_lab.simulate import Scenario, simulate_cohort
from meps_lib.signals import Recording, clean, heart_rate, load
from meps_lib.signals.rates import polyphase

SFREQ, SECONDS, EPOCHS, SEEDS, RATES = 64.0, 10.0, 15, (0, 1), (1e-3, 3e-3)
SIGNALS = {"ECG": "beat_times", "PPG": "pulse_times"}
RECORDINGS = {
    "ECG": ("neurokit_resting", "neurokit_eventrelated", "biosppy_ecg"),
    "PPG": ("neurokit_resting", "biosppy_ppg"),  # the wrist's PPG of empatica_e4 shows no beats
}
NETWORKS = {
    "separable and mixable": partial(OursAlone, sfreq=SFREQ),
    "InceptionTime": InceptionTime,
    "LSTM 2 x 64": LSTM,
    "TCN 4 x 64": TCN,
}
HELD_OUT = 36  # windows: the last six people, six each; a window without beats is an error
MIDDLE, SPREAD = 75.0, 20.0  # beats a minute, to bring rates near 0 and 1


def cleaned(rows: np.ndarray, name: str, sfreq: float) -> np.ndarray:
    """A whole signal (1, L) with NeuroKit2's filters on it, then at `SFREQ`, as (L',)."""
    recording = clean(Recording(rows, (name,), ("not stated",), sfreq, "benchmark"))
    return polyphase(recording.signals, sfreq, SFREQ)[0]


def standard(x: np.ndarray) -> Tensor:
    """One window (L,) at mean 0 and deviation 1, as (1, L)."""
    return torch.from_numpy((x - x.mean()) / (x.std() + 1e-9)).float()[None]


def simulated(name: str, seed: int, people: int) -> tuple[Tensor, Tensor]:
    """Windows (N, 1, L) of simulated bodies, and the true rate of each, beats a minute.

    Each is played slower or faster, .75 to 1.7 times: simulated people sit at 50 to 85 beats a
    minute, real ones do not.
    """
    habits = Scenario(size=16, signals=(name,), ps_duration_s=20.0)
    rng, x, y = np.random.default_rng(seed), [], []
    for trial in simulate_cohort(people, 6, seed=seed, scenario=habits):
        faster, beats = rng.uniform(0.75, 1.7), np.asarray(trial.truth[SIGNALS[name]])
        beats = beats[beats < SECONDS * faster]
        assert len(beats) > 2, trial.clip  # or rows would no longer be six a person
        row = cleaned(trial.ps.double().numpy(), name, trial.ps_sfreq)
        at = np.arange(int(SECONDS * SFREQ)) * faster
        x.append(standard(np.interp(at, np.arange(len(row)), row)))
        y.append(60 * faster / np.diff(beats).mean())
    return torch.stack(x), torch.tensor(y).float()


def real(name: str, source: str) -> tuple[Tensor, Tensor]:
    """Windows of a real recording, one every ten seconds, and the rate that its beats tell."""
    recording = load(fetch(source))
    beats = "ECG" if "ECG" in recording.names else "PPG"
    times, rates = heart_rate(recording, beats)
    wave, x, y = cleaned(recording.channel(name)[None], name, recording.sfreq), [], []
    n = int(SECONDS * SFREQ)
    for k in range(0, len(wave) - n + 1, n):
        begins = recording.times[0] + k / SFREQ
        inside = (times >= begins + 1) & (times < begins + SECONDS)
        if inside.sum() > 2:
            x.append(standard(wave[k : k + n]))
            y.append(60 / (60 / rates[inside]).mean())
    return torch.stack(x), torch.tensor(y).float()


def learn(make, x: Tensor, y: Tensor, seed: int) -> nn.Module:
    """Fit by least squares; rate and epoch are chosen on the last simulated people's windows."""
    return min((learn_at(rate, make, x, y, seed) for rate in RATES), key=lambda found: found[0])[1]


def learn_at(rate: float, make, x: Tensor, y: Tensor, seed: int) -> tuple[float, nn.Module]:
    """The least squared error on the windows that are held out, and the network that made it."""
    torch.manual_seed(seed)
    network, order = make(1, 1), torch.Generator().manual_seed(seed)
    adam = torch.optim.Adam(network.parameters(), rate, weight_decay=1e-3)
    wanted, cut, best = (y - MIDDLE) / SPREAD, len(x) - HELD_OUT, (np.inf, None)
    for _ in range(EPOCHS):
        network.train()
        for rows in torch.randperm(cut, generator=order).split(16):
            loss = (network(x[rows])[:, 0] - wanted[rows]).square().mean()
            adam.zero_grad()
            loss.backward()
            adam.step()
        off = (ask(network, x[cut:]) - y[cut:]).square().mean().item()
        if off < best[0]:
            best = off, {k: v.clone() for k, v in network.state_dict().items()}
    network.load_state_dict(best[1])
    return best[0], network


@torch.no_grad()
def ask(network: nn.Module, x: Tensor) -> Tensor:
    """Rates of windows, beats a minute."""
    return network.eval()(x)[:, 0] * SPREAD + MIDDLE


def spectral(x: Tensor, name: str) -> Tensor:
    """The rate at which SciPy's spectrum is highest, .6 to 3 Hz; an ECG's of its squared slope."""
    found = []
    for row in x[:, 0].double().numpy():
        wave = np.diff(row) ** 2 if name == "ECG" else row
        hz, power = welch(wave - wave.mean(), SFREQ, nperseg=len(wave), nfft=4096)
        band = (hz > 0.6) & (hz < 3)
        found.append(60 * hz[band][power[band].argmax()])
    return torch.tensor(found).float()


def compare() -> pd.DataFrame:
    """One row a signal, recording and reader: mean absolute error, with an interval from ten on."""
    rows = []
    for name, sources in RECORDINGS.items():
        x, y = simulated(name, 301, 36)
        tests = {source: real(name, source) for source in sources}
        tests["simulated strangers"] = simulated(name, 399, 20)
        readers = {"mean of training": [lambda x, y=y: y.mean().expand(len(x))]}
        readers["spectrum (SciPy)"] = [partial(spectral, name=name)]
        for network, make in NETWORKS.items():
            readers[network] = [partial(ask, learn(make, x, y, seed)) for seed in SEEDS]
            print(name, network, flush=True)
        for source, (windows, rates) in tests.items():
            for reader, trained in readers.items():
                off = torch.stack([(r(windows) - rates).abs() for r in trained]).mean(dim=0).numpy()
                rng = np.random.default_rng(0)
                drawn = rng.choice(off, (5000, len(off))).mean(axis=1)
                low, high = np.quantile(drawn, (0.025, 0.975)) if len(off) > 9 else (np.nan,) * 2
                row = {"signal": name, "recording": source, "windows": len(off), "reader": reader}
                rows.append(row | {"off_bpm": off.mean(), "low": low, "high": high})
    return pd.DataFrame(rows)


if __name__ == "__main__":
    torch.set_num_threads(1)
    packages = ["torch", "scipy", "neurokit2"]
    main(__doc__, lambda asked: {"ps_heart": compare()}, packages, seeds=[301, 399, *SEEDS])
