"""What the encoder of the signals costs: beside three networks, and with the sampling rate.

One thread, CPU time of a training step (forward and backward), all alternated in one run; peak
memory in a fresh process each. No signal is padded, so no mask is given. With --keep writes what
`meps_lab.results.kept("ps_speed")` and `kept("ps_rates")` read.
"""

import multiprocessing
import os
from statistics import median
from time import process_time

os.environ["OMP_NUM_THREADS"] = "1"

import pandas as pd
import torch
from keep import main
from peers import LSTM, TCN, InceptionTime, OursAlone

LENGTHS, CLASSES, BATCH, SECONDS, ROUNDS = (512, 2048, 10_000), 7, 16, 10, 7
RATES = (64.0, 256.0, 1000.0)  # Hz
NETWORKS = {
    "separable and mixable": lambda n: OursAlone(3, CLASSES, n / SECONDS),
    "the same, width 32": lambda n: OursAlone(3, CLASSES, n / SECONDS, width=32, dim=96),
    "InceptionTime": lambda n: InceptionTime(3, CLASSES),
    "LSTM 2 x 64": lambda n: LSTM(3, CLASSES),
    "TCN 4 x 64": lambda n: TCN(3, CLASSES),
}


def step(network: torch.nn.Module, x: torch.Tensor) -> float:
    """CPU seconds of one forward and backward pass."""
    network.zero_grad()
    start = process_time()
    network(x).sum().backward()
    return process_time() - start


def speeds(n_samples: int) -> dict[str, float]:
    """CPU seconds a step of each network, the median of rounds in which each has its turn."""
    networks = {name: make(n_samples) for name, make in NETWORKS.items()}
    x = torch.randn(BATCH, 3, n_samples)
    spent = {name: [] for name in networks}
    for _ in range(ROUNDS + 1):
        for name, network in networks.items():
            spent[name].append(step(network, x))
    return {name: median(times[1:]) for name, times in spent.items()}  # the first warms up


def peak_mb() -> float:
    """Most memory that this process has held, in MB (Linux; `getrusage` tells its parent's)."""
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("VmHWM")).split()[1]) / 1024


def grown(name: str, n_samples: int, answer) -> None:
    """MB by which a process grows in two training steps of a network."""
    torch.manual_seed(0)
    network = NETWORKS[name](n_samples)
    step(network, torch.randn(2, 3, 64))
    x = torch.randn(BATCH, 3, n_samples)
    before = peak_mb()
    for _ in range(2):
        step(network, x)
    answer.put(peak_mb() - before)


def memory(name: str, n_samples: int) -> float:
    """`grown`, in a process of its own."""
    fresh = multiprocessing.get_context("spawn")
    answer = fresh.Queue()
    child = fresh.Process(target=grown, args=(name, n_samples, answer))
    child.start()
    mb = answer.get()
    child.join()
    return mb


def peers() -> pd.DataFrame:
    """One row a network and length."""
    rows = []
    for n in LENGTHS:
        spent = speeds(n)
        for name, seconds in spent.items():
            rows.append(
                {
                    "network": name,
                    "samples": n,
                    "parameters": sum(p.numel() for p in NETWORKS[name](n).parameters()),
                    "us_a_sample": 1e6 * seconds / (BATCH * n),
                    "inceptiontime_over_it": spent["InceptionTime"] / seconds,
                    "peak_mb": memory(name, n),
                }
            )
    return pd.DataFrame(rows)


def rates() -> pd.DataFrame:
    """Cost a sample of ours for ten seconds at three rates, in alternation."""
    networks = {f: OursAlone(3, CLASSES, f) for f in RATES}
    inputs = {f: torch.randn(BATCH, 3, int(SECONDS * f)) for f in RATES}
    spent = {f: [] for f in RATES}
    for _ in range(2 * ROUNDS + 1):
        for f in RATES:
            spent[f].append(1e6 * step(networks[f], inputs[f]) / inputs[f][:, 0].numel())
    costs = {f: median(times[1:]) for f, times in spent.items()}
    rows = [{"rate_hz": f, "us_a_sample": c, "of_64_hz": c / costs[64.0]} for f, c in costs.items()]
    return pd.DataFrame(rows)


def both(asked) -> dict[str, pd.DataFrame]:
    """The cost by rate first: it wants the quiet of a fresh process."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return {"ps_rates": rates(), "ps_speed": peers()}


if __name__ == "__main__":
    main(__doc__, both, ["torch"], threads=1, batch=BATCH)
