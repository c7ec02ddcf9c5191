"""Which dials of the simulator a layout may have; those named nowhere here are fixed.

The camera's rate, the signals and their rates are what makes a layout that data set's, and no
set has labels that are wrong on purpose or trials without a modality. Such a dial is refused
by name, as is one that nothing in the files would show.
"""

_FACE = """
size n_frames duration duration_s duration_spread_s me_intensity me_spread au_spread leak_share
upper_leak lower_leak left_leak right_leak asymmetry au_share blend_share stray_au apex
apex_position apex_spread blinks_per_min head_drift_mm head_pose_mm light_change frame_noise
overlap class_balance class_by_subject
"""
_BODY = """
ps_noise ps_wander ps_mains ps_mains_hz ps_spontaneous ps_motion_per_min ps_dropout_per_min
ps_saturation arousal_gain valence_gain specificity
"""
FACE, BODY = tuple(_FACE.split()), tuple(_BODY.split())
DEPTH = ("depth_noise_mm", "depth_holes", "depth_gain_jumps_mm")
PEOPLE = ("arousal_spread", "subject_spread", "idiosyncrasy")
