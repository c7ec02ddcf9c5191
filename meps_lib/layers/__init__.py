"""Torch modules and nothing else: one mechanism of the papers a file.

Imports the shape in which data travels (`trial`) and no other room.
"""

from meps_lib.layers.attention import GuidedAttention, Unguided
from meps_lib.layers.backbone import FrameBackbone
from meps_lib.layers.fusion import WeightedFusion, normal_weights
from meps_lib.layers.inception1d import InceptionBlock1d, SeparableMixableEncoder
from meps_lib.layers.inputs import FrameInput, Scale, SignalInput
from meps_lib.layers.tokens import FrameTokens, SignalTokens

__all__ = [
    "FrameBackbone",
    "FrameInput",
    "FrameTokens",
    "GuidedAttention",
    "InceptionBlock1d",
    "Scale",
    "SeparableMixableEncoder",
    "SignalInput",
    "SignalTokens",
    "Unguided",
    "WeightedFusion",
    "normal_weights",
]
