"""Every choice of S1, checked together: what is possible, and what would decide nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Integral
from typing import Literal, get_args

from meps_lib.arguments import number, one_of, refuse_idle, truth, whole
from meps_lib.errors import MepsError
from meps_lib.layers.attention import Asking, Query
from meps_lib.layers.fusion import Mode, Reading
from meps_lib.layers.inputs import FrameMode

VIDEO = {"colour": 3, "depth": 1}  # modality: channels
Attention = Literal["guided", "concat", "sum", "gated", "film"]
Backbone = Literal["small", "residual"]


@dataclass(frozen=True)
class MEPSConfig:
    """Every width and choice of S1; what the paper is silent on is a row of the ledger."""

    n_classes: int = 3
    modalities: tuple[str, ...] = ("colour", "depth", "ps")  # any non-empty subset of these
    ps_names: tuple[str, ...] = ("EDA", "ECG", "PPG")  # order of the signals in a batch
    ps_sfreq: float = 64.0  # Hz
    dim: int = 32  # D, width of every token
    heads: int = 4
    grid: int = 6  # side of a frame's feature map
    backbone: Backbone = "small"  # or any module, given to `MEPS`
    backbone_width: int = 8  # channels of its first convolution or stage
    frame_input: FrameMode = "difference"  # to the first frame, or as it is
    fusion: Mode = "fixed"  # where the weights over frames peak; "uniform" etc. for ablations
    fusion_reading: Reading = "three-sigma"
    fusion_span: float = 3.0  # standard deviations
    fusion_centre: float = 0.5  # relative position in the clip
    fusion_width: float = 1.0
    attention: Attention = "guided"  # "concat" leaves it out; or another way to listen
    query: Query = "guide"  # which side asks
    asking: Asking = "each"  # every time step or position by itself, or all "once"
    ps_width: int = 8  # channels a signal in the separable blocks
    ps_kernels_s: tuple[float, ...] = (0.1, 0.4, 1.6)  # s
    ps_blocks: tuple[int, int] = (2, 1)  # separable, mixable; a 0 is "never" or "from the start"
    ps_stride_s: float = 0.5  # s between tokens
    ps_pool_branch: bool = False  # a branch of largest values beside the filters
    ps_residual: bool = True
    ps_squeeze: int = 0  # reduction of a squeeze-and-excitation gate; 0 for none
    dropout: float = 0.2
    modality_dropout: float = 0.0  # share of training trials that lose one modality

    def __post_init__(self) -> None:
        # Lists, as a JSON file has them, compare as tuples do.
        for name in ("modalities", "ps_names", "ps_kernels_s", "ps_blocks"):
            given = getattr(self, name)
            if isinstance(given, str) or not isinstance(given, Iterable):
                raise MepsError(f"{name}={given!r}; expected a tuple or a list")
            object.__setattr__(self, name, tuple(given))
        known, names = (*VIDEO, "ps"), set(self.modalities)
        if not names or not names <= set(known) or len(names) < len(self.modalities):
            raise MepsError(f"modalities={self.modalities}; expected some of {known}, each once")
        for name, least in _LEAST.items():
            whole(name, getattr(self, name), least)
        for name, kind in _KINDS.items():
            one_of(name, getattr(self, name), get_args(kind))
        for name in _NUMBERS if "ps" in names else _NUMBERS[1:]:
            number(name, getattr(self, name), 0)
        for seconds in self.ps_kernels_s:
            number("ps_kernels_s", seconds, 0)
        counted = [n for n in self.ps_blocks if isinstance(n, Integral)]
        if not self.ps_names or len(counted) != 2 or len(self.ps_blocks) != 2:
            raise MepsError(
                f"ps_names={self.ps_names}, ps_blocks={self.ps_blocks}; expected at least one "
                "signal, and two whole numbers of blocks: separable, mixable"
            )
        for name in ("ps_pool_branch", "ps_residual"):
            truth(name, getattr(self, name))
        for name in ("dropout", "modality_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise MepsError(f"{name}={getattr(self, name)}; expected at least 0 and below 1")
        refuse_idle(self, self.idle())

    def idle(self) -> dict[str, str]:
        """Settings that decide nothing beside the others, and why."""
        found = {}
        if not set(VIDEO) & set(self.modalities):
            found |= dict.fromkeys(_OF_FRAMES, "no frames are among the modalities")
        elif self.fusion in ("uniform", "apex-only"):
            why = f"fusion={self.fusion!r} has no curve"
            found |= dict.fromkeys(_OF_CURVE[self.fusion == "apex-only" :], why)
        elif self.fusion_reading == "z-score":
            found["fusion_span"] = "fusion_reading='z-score' has no span"
        if "ps" not in self.modalities:
            found |= dict.fromkeys(_OF_SIGNALS, "no signals are among the modalities")
        elif self.ps_blocks[0] == 0 or self.ps_blocks == (1, 0):
            found["ps_width"] = f"ps_blocks={self.ps_blocks} has no separable block before the last"
        if len(self.modalities) == 1:
            alone = ("attention", *_OF_ATTENTION, "modality_dropout")
            found |= dict.fromkeys(alone, "one modality has no guide and no stand-in")
        elif self.attention != "guided":
            why = f"attention={self.attention!r} asks no question"
            found |= dict.fromkeys(_OF_ATTENTION, why)
        return found


# A layer norm over one feature is a constant.
_LEAST = {"n_classes": 2, "grid": 2, "dim": 2, "heads": 1, "backbone_width": 1, "ps_width": 1}
_LEAST |= {"ps_squeeze": 0}
_KINDS = {"frame_input": FrameMode, "fusion": Mode, "fusion_reading": Reading}
_KINDS |= {"attention": Attention, "query": Query, "asking": Asking, "backbone": Backbone}
_NUMBERS = ("ps_sfreq", "ps_stride_s", "fusion_span", "fusion_centre", "fusion_width")
_NUMBERS += ("dropout", "modality_dropout")
_OF_ATTENTION = ("query", "heads", "asking")
_OF_CURVE = ("fusion_centre", "fusion_reading", "fusion_span", "fusion_width")
_OF_FRAMES = ("frame_input", "backbone", "backbone_width", "grid", "fusion", *_OF_CURVE)
_OF_SIGNALS = ("ps_width", "ps_kernels_s", "ps_blocks", "ps_stride_s")
_OF_SIGNALS += ("ps_pool_branch", "ps_residual", "ps_squeeze")
