"""Clips of faces: read them, find and align the face, clean depth, measure motion.

Imports `signals` never, and of the library only what everything is called (`errors`, `labels`,
`trial`).

A file is imported when a name of it is asked for: torch and scikit-image take seconds to load, and
a path that leads to no video is refused without them.
"""

import lazy_loader

_NAMES = {
    "alignment": ["align_face", "face_transforms", "warp"],
    "apex": ["motion_curve", "spot_apex"],
    "clips": ["Clip", "read_clip"],
    "denoise": ["DEPTH_STEPS", "joint_bilateral", "remove_head", "temporal_median"],
    "depth_crops": ["clean_depth", "shrink_depth"],
    "depth_files": ["read_depth"],
    "faces": ["Face", "find_face", "find_faces"],
    "flow": ["chain_flow", "optical_flow", "optical_strain", "to_grey"],
    "follow": ["FaceLostWarning"],
    "load": ["load_trial_from_video", "trial_of", "watch"],
    "motion": ["flow_map", "grey_levels", "in_order", "with_flow"],
    "sampling": ["sample_frames"],
    "sources": ["FrameCountWarning", "RateWarning", "Source"],
}
__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_NAMES)
