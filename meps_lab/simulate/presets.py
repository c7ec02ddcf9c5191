"""Named scenarios: what a preset changes against the defaults, and why."""

from typing import Any

# What any real recording has and the default leaves out, for those two that stand in for one.
# CHOICE: the amounts. WHY: no source counts motion bursts or drop-outs a minute; 15 blinks a
# minute is a common resting rate (Bentivoglio et al., Mov. Disord. 12, 1997).
_AS_RECORDED: dict[str, Any] = {
    "blinks_per_min": 15.0,
    "light_change": 0.02,
    "depth_gain_jumps_mm": 1.0,
    "ps_motion_per_min": 1.0,
    "ps_dropout_per_min": 0.2,
    "idiosyncrasy": 0.6,
    "subject_spread": 0.35,
}

_NONE_IF_IDEAL = """
blend_share stray_au me_spread au_spread asymmetry apex_spread head_drift_mm head_pose_mm
frame_noise depth_noise_mm depth_holes ps_noise arousal_spread subject_spread
"""
_MMME_CLIPS = {"disgust": 163, "fear": 124, "surprise": 105, "happiness": 92, "sadness": 55}
_MMME_CLIPS |= {"anger": 50, "contempt": 45}
PRESETS: dict[str, dict[str, Any]] = {
    "default": {},
    # Nothing in the way: every micro-expression leaks and peaks in the middle, all people are
    # equally expressive and responsive, and no sensor adds noise. What stays is what looks and
    # living bodies bring along: faces, resting states, how breath and heart sway, when a skin
    # conductance response comes and how large it is, the side of a contempt, and for "others",
    # which has no action units of its own, the two that it shows.
    "ideal": {"leak_share": 1.0, "au_share": 1.0, **dict.fromkeys(_NONE_IF_IDEAL.split(), 0.0)},
    # CAS(ME)^3 Part C (Li et al., 2023): 30 fps, 200 Hz PPG RSP ECG EDA, 99 negative, 30 surprise,
    # 20 others, 16 positive. Its clips last 27 to 233 samples of 200 Hz, median 80. It has no
    # apex labels, so the apex is that of Part A. Ten of its 30 subjects show one class only:
    # `class_by_subject` is set so that about a third do with five or six trials each.
    "casme3_c": {
        **_AS_RECORDED,
        "fps": 30.0,
        "duration_s": 0.437,  # log-normal with median .4 s; 99 of 100 between .135 and 1.19 s
        "duration_spread_s": 0.192,
        "apex": "casme3_a",
        "signals": ("PPG", "RSP", "ECG", "EDA"),
        "ps_sfreq": 200.0,
        "class_balance": (("negative", 99), ("surprise", 30), ("others", 20), ("positive", 16)),
        "class_by_subject": 0.7,
    },
    # MMME (arXiv 2506.09834): 150 fps, five signals and 62 EEG channels at 1000 Hz, ME duration
    # 381.7 +- 100.5 ms, a late apex, its 634 MEs by emotion. Its camera is grey; ours keeps colour.
    "mmme": {
        **_AS_RECORDED,
        "fps": 150.0,
        "duration": "mmme",
        "apex": "mmme",
        "signals": ("PPG", "RSP", "SKT", "EDA", "ECG"),
        "ps_sfreq": 1000.0,
        "eeg": "62",
        "eeg_sfreq": 1000.0,
        "class_balance": tuple(_MMME_CLIPS.items()),
    },
    # The apex where CAS(ME)^3 Part A has it: mean .296, median .28, quartiles .18 and .42.
    "early_apex": {"apex": "casme3_a"},
    "noisy_depth": {"depth_noise_mm": 6.0, "depth_holes": 0.9, "depth_gain_jumps_mm": 8.0},
    "silent_face": {"me_intensity": 0.0, "stray_au": 0.0},
    "silent_body": {"arousal_gain": 0.0},
}
