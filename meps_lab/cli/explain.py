"""The command `meps explain`: where the demonstration model looked, and whether to believe it.

A map says where a network looked and not why; what the maps are worth stands under the figure.
"""

from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, NamedTuple

import tyro

from meps_lab.cli.own_clip import PICTURES, SIGNALS, OwnClip, Ready
from meps_lab.files import may_write, write_figure
from meps_lib.errors import MepsError

if TYPE_CHECKING:  # matplotlib and torch take seconds to load
    from matplotlib.figure import Figure
    from torch import Tensor

    from meps_lib.trial import Trial

WHERE = (
    "A map says where the network looked, and not why it decided so. It is no evidence about a "
    "person: not of what they feel, nor of what they hide."
)
UNTRAINED = (
    "What each added: this model learnt with all of its modalities there. What it says with one "
    "taken away was never trained, so the shares are rough."
)
BODY, FRAMES, EDA = "body guide", "integrated gradients, colour", "integrated gradients, EDA"
STEP_S = 0.5  # s of the signals that share one shade


class Found(NamedTuple):
    """What was found for the class that the model names, of one trial."""

    label: str
    frames: "Tensor"  # (T, cells, cells), integrated gradients of the colour
    fusion: "Tensor"  # (T,), weights of the frames
    body: "Tensor | None"  # (cells, cells), the body's attention over the face
    signals: "Tensor | None"  # (C, steps), integrated gradients of the signals
    shares: dict[str, float]  # Shapley values of the modalities
    nothing: float  # probability of the class before anything is known


@dataclass
class Explain(OwnClip):
    """Where the demonstration model looked: maps, weights and shares of a clip, in one figure.

    The model is that of "meps predict". The figure has the frames with their maps, the weights
    of the frames, the signals with what counted in them, and what each modality added. Under it
    stands how well such maps found the truth of simulated people.

    Example: meps explain clip.mp4 --ps body_200hz.csv --video-at 12.5
    """

    # A video file, a folder of images, or with --trial a folder of "meps simulate".
    video: tyro.conf.Positional[Path]
    trial: int | None = None  # number of a trial in a simulated folder, from 0
    picture: Path = Path("meps_explanation.png")  # where the picture goes

    def run(self) -> None:
        ready = self.ready() if self.trial is None else self.simulated()
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt

        from meps_lab.cli.demo import NOTICE
        from meps_lib.plots import use_style

        print(NOTICE)
        found = explained(ready)
        use_style()
        worth = [worth_of(name) for name in _shown(found, ready.names)]
        notes = [WHERE, *worth]
        if not ready.model.config.modality_dropout:
            notes.append(UNTRAINED)
        figure = drawn(ready, found, notes)
        write_figure(self.picture, figure, dpi=110)
        plt.close(figure)
        print(f"class named: {found.label}, {found.nothing:.2f} before anything is known")
        for modality, share in found.shares.items():
            print(f"  {modality:<7} {share:+.2f}")
        print("\n".join([*notes, f"picture: {self.picture}"]))

    def ready(self) -> Ready:
        """As for "meps predict"; a simulated folder without --trial is told what is missing."""
        if (self.video / "dataset.json").is_file():
            raise MepsError(f"{self.video} holds simulated trials; say which one: --trial 0")
        return super().ready()

    def simulated(self) -> Ready:
        """A trial of a folder that `meps simulate` wrote, with its truth."""
        may_write("--picture", self.picture, PICTURES, self.force)
        from meps_lab.cli.demo import demo_model
        from meps_lab.prepare import prepare
        from meps_lab.simulate import FolderDataset

        for name in ("ps", "ps_sfreq", "ps_units", "video_at", "fps", "start", "stop"):
            if getattr(self, name) != getattr(OwnClip, name):
                option = name.replace("_", "-")
                raise MepsError(f"--{option} does not go with --trial, which brings all of its own")
        data = FolderDataset(self.video)
        if not 0 <= self.trial < len(data):
            raise MepsError(
                f"--trial {self.trial}: {self.video} has {len(data)} trials; expected 0 to "
                f"{len(data) - 1}"
            )
        trial = data[self.trial]
        if trial.colour is None:
            raise MepsError(f"trial {trial.clip!r} of {self.video} has no colour; choose another")
        names = tuple(n for n in SIGNALS if n in trial.ps_names)
        model, classes, config = demo_model(names)
        small = prepare(trial, config.prepare, config.modalities)
        print(f"{trial.clip}: simulated, labelled {trial.label}")
        small.label = classes[0]  # the folder's classes may be others; the model reads none
        return Ready(trial, small, model, classes, names)


def explained(ready: Ready) -> Found:
    """Maps, weights and shares, all of the class that the model names.

    CHOICE: before anything is known all classes are alike, as they are among the simulated people
    whom the model learnt from.
    """
    import torch

    from meps_lab.judging import by_area
    from meps_lib.explain import integrated_gradients, of_subsets, own_weights, shapley
    from meps_lib.trial import collate

    small, model, classes, names = ready[1:]
    batch = collate([small], classes)
    k = int(model(batch).logits.argmax())
    weights, parts = own_weights(model, batch), integrated_gradients(model, batch, k, steps=32)
    cells = (model.config.grid,) * 2
    frames = torch.from_numpy(by_area(parts["colour"][0].abs().numpy(), cells))
    signals = None
    if names:
        steps = round(small.ps.shape[1] / small.ps_sfreq / STEP_S)
        counted = parts["ps"][0, :, None].abs().numpy()
        signals = torch.from_numpy(by_area(counted, (1, max(steps, 1))))[:, 0]
    nothing = torch.full((len(classes),), 1 / len(classes))
    added = shapley(of_subsets(model, batch, nothing))
    shares = {m: float(value[0, k]) for m, value in added.items()}
    body = weights["ps"][0] if "ps" in weights else None
    return Found(classes[k], frames, weights["fusion"][0], body, signals, shares, float(nothing[k]))


def worth_of(name: str) -> str:
    """What a kind of map was measured to be worth, in a sentence, from the kept result."""
    from meps_lab.results import kept

    try:
        table = kept("maps")
    except MepsError:
        return f"{name}: nobody has measured what such a map is worth."
    rows = table[(table["map"] == name) & (table["judge"] == "rank")].fillna({"control": ""})
    if rows.empty:
        return f"{name}: nobody has measured what such a map is worth."
    rows = rows.set_index("control")
    own, controls = rows.loc[""], rows.drop(index="")
    controls = controls[~controls.index.str.startswith("weights to")]
    beaten = [c for c, low in controls["lead_low"].items() if low > 0]
    kept_up = [c for c in controls.index if c not in beaten]
    told = f"above {', '.join(beaten) or 'no control'}"
    if kept_up:
        told += f"; not above {', '.join(kept_up)}"
    return (
        f"{name}: on simulated strangers such a map found {own['score']:.2f} of the truth "
        f"({own['low']:.2f} to {own['high']:.2f}; best {own['ceiling']:.2f}), {told}."
    )


def _shown(found: Found, names: tuple[str, ...]) -> list[str]:
    """Kinds of maps in the figure."""
    return [FRAMES, *[BODY] * (found.body is not None), *[EDA] * ("EDA" in names)]


def drawn(ready: Ready, found: Found, notes: list[str]) -> "Figure":
    """Frames with maps, weights and shares, signals, and notes under them."""
    import matplotlib.pyplot as plt

    trial, small = ready.trial, ready.small
    T, C = small.n_frames, len(ready.names)  # frames, signals
    text = "\n".join(fill(note, 140) for note in notes)
    heights = [1.3, 2.1, *[1.0] * C]  # inches, as the gap and the two margins
    gap, above, below = 0.75, 0.5, 0.75 + 0.19 * (text.count("\n") + 1)
    tall = sum(heights) + gap * (len(heights) - 1) + above + below
    figure = plt.figure(figsize=(9.6, tall), layout="none")
    place = {"left": 0.08, "right": 0.98, "top": 1 - above / tall, "bottom": below / tall}
    space = gap * len(heights) / sum(heights)
    grid = figure.add_gridspec(len(heights), 24, height_ratios=heights, hspace=space, **place)
    strip = grid[0, :].subgridspec(1, T, wspace=0.05)
    top = float(found.frames.max()) or 1.0
    for t in range(T):
        axis = figure.add_subplot(strip[0, t])
        _over(axis, small.colour[t], found.frames[t], top)
        axis.set_title("apex" if t == small.apex else f"{t}", fontsize=9)
    left = figure.add_subplot(grid[1, :9])
    left.bar(range(T), found.fusion.tolist())
    left.set(title="weighted fusion", xlabel="frame", ylabel="weight")
    if found.body is not None:
        middle = figure.add_subplot(grid[1, 9:16])
        # An even map is to look even: three times the mean is full ink, or more if it is there.
        most = max(float(found.body.max()), 3 * float(found.body.mean()))
        _over(middle, small.colour[small.apex or 0], found.body, most)
        middle.set_title("where the body asked", fontsize=10)
    right = figure.add_subplot(grid[1, 18:])
    right.barh(list(found.shares), list(found.shares.values()))
    right.axvline(0, color="black", linewidth=0.8)
    right.set(title="what each added", xlabel=f"probability of {found.label}")
    for row in range(C):
        axis = figure.add_subplot(grid[2 + row, :])
        share = found.signals[row] / (float(found.signals.max()) or 1.0)
        _signal(axis, small, row, share, trial.truth.get("scr_onsets", ()))
        if row == C - 1:
            axis.set_xlabel("time from the first frame (s)")
        else:
            axis.tick_params(labelbottom=False)
    figure.text(0.02, 0.1 / tall, text, va="bottom", fontsize=8.5)
    return figure


def _over(axis, frame: "Tensor", cells: "Tensor", top: float) -> None:
    """A frame in grey, and the cells of a map upon it."""
    from meps_lib.plots import SEQUENTIAL

    side = frame.shape[-1]
    axis.imshow(frame.mean(dim=0), cmap="gray", vmin=0, vmax=1)
    place = {"extent": (-0.5, side - 0.5, side - 0.5, -0.5), "interpolation": "nearest"}
    axis.imshow(cells, cmap=SEQUENTIAL, vmin=0, vmax=top, alpha=0.6, **place)
    axis.axis("off")


def _signal(axis, small: "Trial", row: int, counted: "Tensor", onsets) -> None:
    """A signal, shaded where it counted, 0 to 1; true skin responses where they are known."""
    import numpy as np

    from meps_lib.plots import PALETTE, SEQUENTIAL

    name, unit = small.ps_names[row], small.ps_units[row].replace("uS", "µS")
    time = small.ps_start + np.arange(small.ps.shape[1]) / small.ps_sfreq
    low, high = float(small.ps[row].min()), float(small.ps[row].max())
    ends = (time[0], time[-1], low, high)
    shade = {"cmap": SEQUENTIAL, "alpha": 0.45, "vmin": 0, "vmax": 1, "aspect": "auto"}
    axis.imshow(counted[None], extent=ends, **shade)
    axis.plot(time, small.ps[row], color=PALETTE.get(name, "black"), linewidth=1.1)
    for onset in onsets if name == "EDA" else ():
        axis.axvline(small.ps_start + onset, color="black", linestyle=(0, (4, 3)), linewidth=1)
    axis.set(ylabel=f"{name} ({unit})")
    axis.grid(visible=False)
