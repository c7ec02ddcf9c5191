"""Torch modules and nothing else: one mechanism of the papers a file.

Imports the shape in which data travels (`trial`) and no other room.
"""

from meps_lib.layers.alternatives import FiLM, GatedSum, GuidedSum, Unguided
from meps_lib.layers.attention import GuidedAttention
from meps_lib.layers.backbone import FrameBackbone, ResidualBackbone
from meps_lib.layers.cai3d import CAI3D
from meps_lib.layers.coordinate_attention import CoordinateAttention
from meps_lib.layers.filters1d import FilterBank1d, fourier_filter
from meps_lib.layers.fusion import WeightedFusion, normal_weights
from meps_lib.layers.inception1d import InceptionBlock1d, SeparableMixableEncoder
from meps_lib.layers.inputs import FrameInput, Scale, SignalInput
from meps_lib.layers.masked import MaskedBatchNorm1d, SqueezeExcite1d
from meps_lib.layers.mutual import MutualAttention
from meps_lib.layers.nam import NAM
from meps_lib.layers.tcn import TCN, last_real
from meps_lib.layers.tokens import FrameTokens, ModalityDropout, SignalTokens

__all__ = [
    "CAI3D",
    "CoordinateAttention",
    "FiLM",
    "FilterBank1d",
    "FrameBackbone",
    "FrameInput",
    "FrameTokens",
    "GatedSum",
    "GuidedAttention",
    "GuidedSum",
    "InceptionBlock1d",
    "MaskedBatchNorm1d",
    "ModalityDropout",
    "MutualAttention",
    "NAM",
    "ResidualBackbone",
    "Scale",
    "SeparableMixableEncoder",
    "SignalInput",
    "SignalTokens",
    "SqueezeExcite1d",
    "TCN",
    "Unguided",
    "WeightedFusion",
    "fourier_filter",
    "last_real",
    "normal_weights",
]
