"""The networks and features beside which the encoder of the signals is put, written for it here.

Each network is held by its published, or by a closed, parameter count (tests/benchmarks).
"""

from peers.handcrafted import answers_of_forests, describe
from peers.networks import LSTM, TCN, InceptionTime, OursAlone, PeerModel

__all__ = [
    "LSTM",
    "TCN",
    "InceptionTime",
    "OursAlone",
    "PeerModel",
    "answers_of_forests",
    "describe",
]
