"""How a clip of a data set becomes a `Trial`: crop, size, which signals, which window."""

from dataclasses import dataclass
from math import isfinite

from meps_lib.errors import MepsError
from meps_lib.trial import MODALITIES

CROPS = ("auto", "face", "frame")


@dataclass(frozen=True)
class LoadConfig:
    """What is read of a clip, and how; every field is a choice."""

    modalities: tuple[str, ...] = ("colour", "depth", "ps")  # what is read; the rest stays None
    crop: str = "auto"
    """With "face", the face is found and aligned by its eyes; "frame" takes the whole picture,
    squeezed into a square; "auto" is "frame" where pictures are cut to the face already, that is
    where they are square or the data set says so (CASME II's Cropped), else "face"."""
    size: int = 128  # pixels a side of the crop
    ps_names: tuple[str, ...] | None = None  # None: those of EDA, ECG, PPG, RSP, SKT that are there
    ps_window: tuple[float, float] = (3.0, 7.0)  # s before and after the onset of an expression
    clean: bool = True  # filter the whole recording before the window is cut

    def __post_init__(self) -> None:
        object.__setattr__(self, "modalities", tuple(self.modalities))
        object.__setattr__(self, "ps_window", tuple(self.ps_window))
        if self.ps_names is not None:
            object.__setattr__(self, "ps_names", tuple(self.ps_names))
        unknown = [m for m in self.modalities if m not in MODALITIES]
        if unknown or not self.modalities:
            raise MepsError(
                f"modalities={self.modalities}; expected some of {', '.join(MODALITIES)}"
            )
        if self.crop not in CROPS:
            raise MepsError(f"crop={self.crop!r}; expected one of {', '.join(CROPS)}")
        if self.size < 32:
            raise MepsError(f"size={self.size}; expected at least 32 pixels, which flow needs")
        if len(self.ps_window) != 2 or not all(isfinite(s) and s >= 0 for s in self.ps_window):
            raise MepsError(f"ps_window={self.ps_window}; expected seconds before and after")
        if sum(self.ps_window) <= 0:
            raise MepsError(f"ps_window={self.ps_window}: empty; expected more than 0 s in all")
