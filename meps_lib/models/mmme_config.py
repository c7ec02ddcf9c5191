"""Every choice of S2, checked together: which streams there are, and what would decide nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, get_args

from meps_lib.arguments import number, one_of, refuse_idle, whole
from meps_lib.errors import MepsError
from meps_lib.layers.mutual import Asked
from meps_lib.losses import TERMS, ContrastiveConfig

STREAMS = ("video", "eeg", "ps")
# Sizes of the source, for seven classes; the defaults below are for a CPU.
PUBLISHED: dict[str, Any] = {"n_classes": 7, "dim": 64, "head_width": 128, "video_width": 64}
PUBLISHED |= {"video_grid": 1, "n_eeg": 310, "eeg_widths": (128,) * 6}


@dataclass(frozen=True)
class MMMEConfig:
    """Every width and choice of S2; what the sources are silent on is a row of the ledger."""

    n_classes: int = 3
    modalities: tuple[str, ...] = ("colour", "eeg", "ps", "flow")  # what it may read
    streams: tuple[str, ...] | None = None  # some of STREAMS; None: all that the modalities allow
    dim: int = 32  # D, width of every token and embedding
    attention: Asked = "mutual"  # who asks; "none" joins the embeddings as they are
    heads: int = 4
    nam: bool = True  # x + NAM(x) in each stream
    nam_penalty: float = 1e-4  # weight of NAM's L1 norm in the loss
    head_width: int = 64  # of both hidden layers before the classes
    dropout: float = 0.5  # in the head
    video_width: int = 4  # channels of the first convolution
    video_grid: int = 2  # rows and columns of tokens
    video_differences: bool = True  # two channels of grey differences beside three of flow
    flow_clip: float | None = 15.0  # largest u and v, in pixels of the map
    n_eeg: int = 310  # channels times bands
    eeg_widths: tuple[int, ...] = (32,) * 5  # channels of each level of the TCN
    eeg_kernel: int = 2  # s
    eeg_dropout: float = 0.2
    ps_names: tuple[str, ...] = ("EDA", "ECG", "PPG")
    ps_sfreq: float = 64.0  # Hz
    ps_step_s: float = 0.25  # s; the LSTM reads means over so long
    contrastive: ContrastiveConfig | Mapping | None = None  # a mapping: some of its fields
    contrastive_weight: float = 1.0  # of all contrastive terms together
    joint: bool = True  # cross-entropy shapes the embeddings; else the head alone (two-stage)

    def __post_init__(self) -> None:
        # Lists, as a JSON file has them, compare as tuples do.
        for name in ("modalities", "streams", "eeg_widths", "ps_names"):
            given = getattr(self, name)
            if (given, name) == (None, "streams"):
                continue
            of = int if name == "eeg_widths" else str
            if not isinstance(given, (tuple, list)) or not all(isinstance(x, of) for x in given):
                raise MepsError(f"{name}={given!r}; expected a tuple or a list of {of.__name__}")
            object.__setattr__(self, name, given if given is None else tuple(given))
        may = [m for m in STREAMS if set(self.needs(m)) <= set(self.modalities)]
        asked = may if self.streams is None else self.streams
        if not asked or not set(asked) <= set(may) or len(set(asked)) < len(asked):
            raise MepsError(
                f"streams={self.streams} of modalities={self.modalities}; expected some of "
                f"{', '.join(may) or 'nothing: video reads flow and colour'}, each once"
            )
        read = {m for stream in may for m in self.needs(stream)}
        if self.streams is None and (unread := [m for m in self.modalities if m not in read]):
            raise MepsError(
                f"modalities={self.modalities}: no stream reads {', '.join(unread)}; video reads "
                f"{' and '.join(self.needs('video'))}, the others eeg and ps: give modalities="
                f"{tuple(m for m in self.modalities if m in read)}"
            )
        object.__setattr__(self, "streams", tuple(m for m in STREAMS if m in asked))
        for name, least in _LEAST.items():
            whole(name, getattr(self, name), least)
        for name in ("nam_penalty", "contrastive_weight"):
            number(name, getattr(self, name), 0)
        for name in ("ps_step_s", "ps_sfreq"):
            number(name, getattr(self, name), 1e-6)
        number("dropout", self.dropout, 0, 0.999)
        number("flow_clip", 1 if self.flow_clip is None else self.flow_clip, 1e-6)
        one_of("attention", self.attention, get_args(Asked))
        switches = {name: getattr(self, name) for name in ("nam", "video_differences", "joint")}
        once = self.ps_names and len(set(self.ps_names)) == len(self.ps_names)
        if {*map(type, switches.values())} != {bool} or not once:
            raise MepsError(
                f"{switches}, ps_names={self.ps_names}; expected True or False for each, and a "
                "signal at least, each once"
            )
        refuse_idle(self, self.idle())
        if not isinstance(self.contrastive, ContrastiveConfig):
            # As the source has them of video: pairs of the first stream with each other one.
            pairs = tuple((self.streams[0], m) for m in self.streams[1:])
            usual = {"pairs": pairs} | ({} if pairs else {"diversity": 0, "consistency": 0})
            given = {} if self.contrastive is None else self.contrastive
            known = {f.name for f in fields(ContrastiveConfig)}
            if not isinstance(given, Mapping) or set(given) - known:
                raise MepsError(
                    f"contrastive={given!r}; expected some of {', '.join(sorted(known))}, each "
                    "with its value, in a mapping"
                )
            object.__setattr__(self, "contrastive", ContrastiveConfig(**(usual | dict(given))))
            if "pairs" in given and not (
                self.contrastive.diversity or self.contrastive.consistency
            ):
                raise MepsError(
                    "contrastive pairs are without effect: neither diversity nor consistency has a "
                    "weight; leave them out"
                )
        terms = self.contrastive
        if terms.diversity or terms.consistency:
            for pair in terms.pairs:
                if not set(pair) <= set(self.streams):
                    raise MepsError(
                        f"contrastive pairs: {pair}; expected two of {', '.join(self.streams)}"
                    )
        weights = [self.contrastive_weight * getattr(self.contrastive, name) for name in TERMS]
        if self.contrastive_weight not in (0, 1) and not any(weights):
            raise MepsError(
                f"contrastive_weight={self.contrastive_weight:g} is without effect: no contrastive "
                "term has a weight; leave it out"
            )
        if not self.joint and not any(weights):
            raise MepsError(
                "joint=False and no contrastive term has a weight: nothing would teach the "
                "streams; give contrastive_weight and a term of contrastive one"
            )

    def needs(self, stream: str) -> tuple[str, ...]:
        """The modalities that a stream reads; a trial that lacks one lacks the stream."""
        return ("flow", "colour")[: 1 + self.video_differences] if stream == "video" else (stream,)

    def idle(self) -> dict[str, str]:
        """Settings that decide nothing beside the others, and why."""
        off = [m for m in STREAMS if m not in self.streams]
        found = {name: f"{m} is not among the streams" for m in off for name in _OF_STREAM[m]}
        if not self.nam:
            found["nam_penalty"] = "nam is off"
        if not self.contrastive_weight:
            found["contrastive"] = "contrastive_weight is 0"
        if len(self.streams) == 1 or self.attention == "none":
            found["heads"] = "nobody is asked"
        if len(self.streams) == 1:
            found["attention"] = "one stream has nobody to ask"
        return found


# A layer norm over one feature is a constant.
_LEAST = {"n_classes": 2, "dim": 2, "heads": 1, "head_width": 1, "n_eeg": 1}
_OF_VIDEO = ("video_width", "video_grid", "video_differences", "flow_clip")
_OF_STREAM = {"video": _OF_VIDEO, "ps": ("ps_step_s",)}
_OF_STREAM |= {"eeg": ("eeg_widths", "eeg_kernel", "eeg_dropout")}
