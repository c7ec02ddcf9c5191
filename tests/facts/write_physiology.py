"""CASE and WESAD: the two open sets of physiology, in tiny pieces."""

import pickle
import struct
from pathlib import Path

import numpy as np

from tests.facts.pieces import breath, heart, pulse, skin

# ---- CASE: 1000 Hz; screens 10, 11, 12 stand between the videos ----
CASE_COLUMNS = "daqtime,ecg,bvp,gsr,rsp,skt,emg_zygo,emg_coru,emg_trap,video"
CASE_VIDEOS = {1: "amusing", 3: "boring", 5: "relaxing", 7: "scary"}  # two of each
CASE_VIDEOS |= {n + 1: name for n, name in CASE_VIDEOS.items()}
CASE_ORDER = {1: [10, 5, 11, 1, 11, 7, 11, 3, 12], 2: [10, 8, 11, 2, 11, 4, 11, 6, 12]}


def case_plan(n: int, watch: int, pause: int) -> np.ndarray:
    """The `video` column: each video for `watch` seconds, each screen for `pause`."""
    return np.concatenate([np.full(1000 * (watch if v < 10 else pause), v) for v in CASE_ORDER[n]])


def case_signals(n: int, video: np.ndarray) -> np.ndarray:
    """The columns behind `daqtime`: (rows, 8)."""
    t = np.arange(len(video)) / 1000
    rate = 1.1 + 0.05 * n
    quiet = 5 + np.sin(50 * t)
    columns = [heart(t, rate), 35 + pulse(t, rate), skin(t) + n, 30 + 5 * breath(t)]
    return np.column_stack([*columns, 32 + 1e-3 * t, quiet, quiet, quiet])


def write_case(root: Path, watch: int = 12, pause: int = 2) -> None:
    """Two subjects: `data/interpolated/{physiological,annotations}/sub_<n>.csv`."""
    for n in CASE_ORDER:
        video = case_plan(n, watch, pause)
        rows = np.column_stack([np.arange(len(video)), case_signals(n, video), video])
        path = root / "data/interpolated/physiological" / f"sub_{n}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        fmt = ["%d", *["%.4f"] * 8, "%d"]
        np.savetxt(path, rows, fmt=fmt, delimiter=",", header=CASE_COLUMNS, comments="")
        joystick = np.column_stack([rows[::50, 0], *[np.full(len(rows[::50]), 5.0)] * 2])
        path = root / "data/interpolated/annotations" / f"sub_{n}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        both = np.column_stack([joystick, video[::50]])
        fmt, header = ["%d", "%.3f", "%.3f", "%d"], "jstime,valence,arousal,video"
        np.savetxt(path, both, fmt=fmt, delimiter=",", header=header, comments="")


# ---- WESAD: a pickle of numpy arrays as Python 2 wrote it ----
WESAD_SUBJECTS = [n for n in range(2, 18) if n != 12]
WESAD_PLAN = [0, 1, 0, 2, 6, 3, 0, 4, 7]  # labels in the order in which they come
WESAD_CLASSES = {1: "baseline", 2: "stress", 3: "amusement", 4: "meditation"}


def wesad(n: int, seconds: int) -> dict:
    """One subject: each label lasts `seconds`; arrays are columns, as the authors keep them."""
    total = seconds * len(WESAD_PLAN)

    def clock(rate: int) -> np.ndarray:
        return np.arange(total * rate) / rate

    t, bvp, slow, move = clock(700), clock(64), clock(4), clock(32)
    rate = 1.1 + 0.01 * n
    chest = {
        "ACC": np.stack([0 * t, 0 * t, 1 + 0 * t], axis=1),
        "ECG": heart(t, rate)[:, None],
        "EMG": 0.01 * np.sin(300 * t)[:, None],
        "EDA": (skin(t) + n)[:, None].astype(np.float32),
        "Temp": (33 + 1e-3 * t)[:, None].astype(np.float32),
        "Resp": breath(t)[:, None],
    }
    wrist = {
        "ACC": np.stack([0 * move, 0 * move, 64 + 0 * move], axis=1),
        "BVP": 50 * pulse(bvp, rate)[:, None],
        "EDA": (skin(slow) + n)[:, None],
        "TEMP": (32 + 1e-3 * slow)[:, None],
    }
    label = np.repeat(WESAD_PLAN, 700 * seconds).astype(np.int32)
    return {"signal": {"chest": chest, "wrist": wrist}, "label": label, "subject": f"S{n}"}


class Python2(pickle._Pickler):
    """Writes text and bytes both as the byte strings that `str` was in Python 2."""

    dispatch = pickle._Pickler.dispatch.copy()

    def save_text(self, obj) -> None:
        """The opcodes U (short) and T (long)."""
        data = obj.encode("latin1") if isinstance(obj, str) else obj
        short = len(data) < 256
        self.write(b"U" + bytes([len(data)]) if short else b"T" + struct.pack("<i", len(data)))
        self.write(data)
        self.memoize(obj)

    dispatch[str] = dispatch[bytes] = save_text


def write_wesad(root: Path, n: int, seconds: int = 12) -> Path:
    """`S<n>/S<n>.pkl`, protocol 2."""
    path = root / f"S{n}" / f"S{n}.pkl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        Python2(file, protocol=2).dump(wesad(n, seconds))
    # Today's NumPy names its module otherwise than the one of that time.
    data = path.read_bytes().replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")
    path.write_bytes(data)
    return path
