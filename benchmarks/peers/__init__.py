"""The networks and features beside which the encoder of the signals is put, written for it here.

Each network is held by its published, or by a closed, parameter count (tests/benchmarks).
"""

from peers.handcrafted import answers_of_forests, describe
from peers.networks import LSTM, TCN, InceptionTime, OursAlone, PeerModel

# The learning rate of each, as `python benchmarks/ps_body.py --choose` chose it.
RATES = {
    "separable and mixable": 3e-4,
    "InceptionTime": 3e-4,
    "LSTM 2 x 64": 1e-3,
    "TCN 4 x 64": 1e-2,
}
__all__ = [
    "RATES",
    "LSTM",
    "TCN",
    "InceptionTime",
    "OursAlone",
    "PeerModel",
    "answers_of_forests",
    "describe",
]
