"""Clips of faces: read them, find and align the face, clean depth, measure motion.

Imports `signals` never, and of the library only what everything is called (`errors`, `labels`,
`trial`).
"""

from meps_lib.video.alignment import align_face, face_transforms, warp
from meps_lib.video.clips import Clip, read_clip
from meps_lib.video.denoise import (
    DEPTH_STEPS,
    joint_bilateral,
    remove_head,
    temporal_median,
)
from meps_lib.video.depth import clean_depth, read_depth, shrink_depth
from meps_lib.video.faces import Face, FaceLostWarning, find_face
from meps_lib.video.flow import (
    chain_flow,
    motion_curve,
    optical_flow,
    optical_strain,
    spot_apex,
    to_grey,
)
from meps_lib.video.load import load_trial_from_video, sample_frames
from meps_lib.video.motion import flow_map, grey_levels, in_order, with_flow

__all__ = [
    "Clip",
    "DEPTH_STEPS",
    "Face",
    "FaceLostWarning",
    "align_face",
    "chain_flow",
    "clean_depth",
    "face_transforms",
    "find_face",
    "flow_map",
    "grey_levels",
    "in_order",
    "joint_bilateral",
    "load_trial_from_video",
    "motion_curve",
    "optical_flow",
    "optical_strain",
    "read_clip",
    "read_depth",
    "remove_head",
    "sample_frames",
    "shrink_depth",
    "spot_apex",
    "temporal_median",
    "to_grey",
    "warp",
    "with_flow",
]
