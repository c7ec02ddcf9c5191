"""S2, MMME: video, EEG and peripheral signals in three streams, joined by mutual attention."""

from collections.abc import Iterable

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad

from meps_lib.errors import MepsError
from meps_lib.layers.cai3d import CAI3D
from meps_lib.layers.inputs import Scale, SignalInput, fit_scales, sums_of
from meps_lib.layers.masked import masked_pool, token_mean
from meps_lib.layers.mutual import MutualAttention
from meps_lib.layers.nam import NAM
from meps_lib.layers.tcn import TCN, last_real
from meps_lib.losses import contrastive_terms
from meps_lib.models.mmme_config import MMMEConfig
from meps_lib.models.output import Output, check_signals
from meps_lib.trial import Batch


class Video(nn.Module):
    """Flow and differences of grey frames -> a token a step of time and place of the face.

    CHOICE: of S + 1 frames, evenly from the first to the last (for a single map, onset to apex: to
    the apex, or the middle where it is unknown), the differences to the frame before and to the
    first. WHY: the source says five channels and no more (ledger: video-clip).
    """

    def __init__(self, c: MMMEConfig):
        super().__init__()
        channels = 5 if c.video_differences else 3
        self.differences, self.clip, self.needs = c.video_differences, c.flow_clip, c.needs("video")
        self.scale = Scale(channels, centred=True)
        self.trunk = CAI3D(channels, c.video_width, c.video_grid)
        self.embed = nn.Linear(15 * c.video_width, c.dim)
        # A learnt weight for every place and feature, as in S1: faces are aligned, and a mean over
        # the map would forget where something moved (ledger: spatial-pooling).
        places = c.video_grid**2
        self.place = nn.Parameter(torch.ones(places, c.dim)) if places > 1 else 1

    def clips(self, batch: Batch, there: Tensor) -> Tensor:
        """What the trunk sees of the N trials that have video: (N, 3 or 5, S, H, W)."""
        flow = batch.flow[there]
        N, S, _, H, W = flow.shape  # trials, steps, channels (u, v, strain), height, width
        if self.clip is not None:
            flow = torch.cat([flow[:, :, :2].clamp(-self.clip, self.clip), flow[:, :, 2:]], dim=2)
        if self.differences:
            for clip, n, has in zip(batch.clip, batch.n_frames, batch.modalities, strict=True):
                if 1 < S >= n and set(self.needs) <= set(has):
                    raise MepsError(
                        f"trial {clip!r} has {n} frames; {S} steps of motion need {S + 1}: raise "
                        "n_frames, or take fewer steps"
                    )
            end = batch.frame_mask[there].sum(dim=1) - 1.0
            end = end if S > 1 else end * batch.apex[there]
            places = (end[:, None] * torch.linspace(0, 1, S + 1, device=end.device) + 0.5).long()
            grey = batch.colour[there].mean(dim=2)
            grey = grey[torch.arange(N, device=end.device)[:, None], places]
            grey = interpolate(grey, (H, W), mode="area")
            changes = torch.stack([grey[:, 1:] - grey[:, :-1], grey[:, 1:] - grey[:, :1]], dim=2)
            flow = torch.cat([flow, changes], dim=2)
        return flow.transpose(1, 2)

    def sums(self, batch: Batch) -> Tensor:
        if not (there := _there(batch, self.needs)).any():
            return torch.zeros(3, len(self.scale.rms), dtype=torch.double)
        return sums_of(self.clips(batch, there).transpose(0, 1).flatten(1))

    def forward(self, batch: Batch, there: Tensor) -> tuple[Tensor, Tensor]:
        with torch.autocast("cpu", enabled=False):  # there bfloat16 may turn finite clips into NaN
            maps, _ = self.trunk(self.scale(self.clips(batch, there)))
        tokens = self.embed(rearrange(maps, "n c t h w -> n t (h w) c")) * self.place
        tokens = tokens.flatten(1, 2)
        out = tokens.new_zeros(len(batch), *tokens.shape[1:])
        out[there] = tokens
        return out, there[:, None].expand(out.shape[:2])


class EEG(nn.Module):
    """Band powers, a column a second, through a causal TCN -> a token a second.

    CHOICE: scaled by mean and deviation of the training trials; `normalise="per-subject"` first
    takes those of each subject, as published (ledger: eeg-scale).
    """

    def __init__(self, c: MMMEConfig):
        super().__init__()
        self.scale = Scale(c.n_eeg, centred=True)
        self.tcn = TCN(c.n_eeg, c.eeg_widths, c.eeg_kernel, c.eeg_dropout)
        self.embed = nn.Linear(c.eeg_widths[-1], c.dim)

    def sums(self, batch: Batch) -> Tensor:
        return sums_of(batch.eeg.transpose(0, 1)[:, batch.eeg_mask])

    def forward(self, batch: Batch, there: Tensor) -> tuple[Tensor, Tensor]:
        real = batch.eeg_mask & there[:, None]
        return self.embed(self.tcn(self.scale(batch.eeg), real).transpose(1, 2)), real


class Peripheral(nn.Module):
    """Signals, averaged over steps of time, through an LSTM -> a token a step.

    Padding stands behind every signal, and what an LSTM has said before does not see it.
    """

    def __init__(self, c: MMMEConfig):
        super().__init__()
        self.input = SignalInput(len(c.ps_names))
        self.stride = max(1, round(c.ps_step_s * c.ps_sfreq))
        self.lstm = nn.LSTM(len(c.ps_names), c.dim, batch_first=True)

    def forward(self, batch: Batch, there: Tensor) -> tuple[Tensor, Tensor]:
        x, mask = self.input(batch)
        mask = mask & there[:, None]
        x, real = masked_pool(x.masked_fill(~mask[:, None], 0), mask, self.stride)
        with torch.autocast("cpu", enabled=False):  # not every CPU has an LSTM in half precision
            return self.lstm(x.float().transpose(1, 2))[0], real


class MMME(nn.Module):
    """The second system of the book, arXiv 2506.09834, for any subset of its three streams.

    Each stream makes tokens, NAM weighs their features, and every stream is asked by every other;
    contrastive losses compare the embeddings, and a head classifies them side by side.

    Shape
    -----
    `Batch` -> `Output` with logits (B, n_classes); embeddings (B, D) of each stream, 0 where a
    trial lacks it, and which trials have it; weights "nam_video" (B, D, N) and so on, and
    "video_by_eeg" (B, heads, N of the EEG, N of the video), where the EEG asks the video.

    Raises
    ------
    MepsError
        If a trial has no stream, or rows, names or rates are not those of the configuration.

    Notes
    -----
    CHOICE: video is read as the mean of its tokens, EEG and signals at their last real step. A
    stream that a trial lacks is 0 in the head and changes nothing in the others, bit for bit
    (ledger: mmme-reading). With ``joint=False`` both stages run at once: contrastive terms alone
    teach the streams, and the head learns from embeddings that it cannot move (ledger: two-stage).
    """

    def __init__(self, config: MMMEConfig):
        super().__init__()
        c = self.config = config
        kinds = {"video": Video, "eeg": EEG, "ps": Peripheral}
        self.streams = nn.ModuleDict({m: kinds[m](c) for m in c.streams})
        self.nam = nn.ModuleDict({m: NAM(c.dim) for m in c.streams if c.nam})
        asked = len(c.streams) > 1 and c.attention != "none"
        heads = c.heads if asked else 1  # nobody is asked, so the width need not be their multiple
        self.attention = MutualAttention(c.dim, c.streams, heads, mode=c.attention)
        layers, width = [], len(c.streams) * c.dim
        for _ in range(2):
            layers += [nn.Linear(width, c.head_width), nn.ReLU(), nn.Dropout(c.dropout)]
            width = c.head_width
        self.head = nn.Sequential(*layers, nn.Linear(width, c.n_classes))

    def fit_scales(self, batches: Iterable[Batch]) -> None:
        """Fit the scale of every input on training batches; call once before training."""
        inputs = {self.config.needs(m)[0]: getattr(s, "input", s) for m, s in self.streams.items()}
        fit_scales(inputs, batches)

    def forward(self, batch: Batch) -> Output:
        self._check_batch(batch)
        tokens, real, weights = {}, {}, {}
        for m, stream in self.streams.items():
            there = _there(batch, self.config.needs(m))
            x, some = self.head[0].weight.new_zeros(len(batch), 0, self.config.dim), there[:, None]
            x, some = stream(batch, there) if there.any() else (x, some[:, :0])  # (B, N, D), (B, N)
            lacking = max(0, 2 - x.shape[1])  # attention refuses a sequence of one
            x, real[m] = pad(x, (0, 0, 0, lacking)), pad(some, (0, lacking))
            if m in self.nam:
                x, weights[f"nam_{m}"] = self.nam[m](x.transpose(1, 2), real[m])
                x = x.transpose(1, 2)
            tokens[m] = x
        tokens, asked = self.attention(tokens, real)
        weights |= {f"{own}_by_{asks}": w for (own, asks), w in asked.items()}
        embeddings = {}
        for m, x in tokens.items():
            last = m != "video"
            read = last_real(x.transpose(1, 2), real[m]) if last else token_mean(x, real[m])[:, 0]
            embeddings[m] = read
        read = torch.cat(list(embeddings.values()), dim=1)
        logits = self.head(read if self.config.joint else read.detach())
        return Output(logits, weights, embeddings, {m: r.any(dim=1) for m, r in real.items()})

    def extra_loss(self, output: Output, labels: Tensor) -> Tensor:
        """What the loss has beside cross-entropy: contrastive terms, and NAM's penalty."""
        c, loss = self.config, torch.zeros((), device=labels.device)
        for nam in self.nam.values():
            loss = loss + c.nam_penalty * nam.penalty()
        if c.contrastive_weight:
            told = output.embeddings, labels, output.present, c.contrastive
            loss = loss + c.contrastive_weight * contrastive_terms(*told)[1]
        return loss

    def _check_batch(self, batch: Batch) -> None:
        c = self.config
        for clip, have, n in zip(batch.clip, batch.modalities, batch.n_frames, strict=True):
            seen = [m for m in c.streams if set(c.needs(m)) <= set(have)]
            if not seen or (n < 2 and "video" in seen and c.video_differences):
                wanted = "; ".join(f"{m} reads {' and '.join(c.needs(m))}" for m in c.streams)
                raise MepsError(
                    f"trial {clip!r} has {', '.join(have)} and {n} frames; expected a stream "
                    f"({wanted}), and two frames or more for differences"
                )
        if "ps" in c.streams:
            check_signals(batch, c.ps_names, c.ps_sfreq)
        got = None if batch.eeg is None else (batch.eeg.shape[1], batch.eeg_sfreq)
        if "eeg" in c.streams and got not in (None, (c.n_eeg, 1.0)):
            raise MepsError(
                f"EEG of {got[0]} rows at {got[1]} Hz; expected n_eeg={c.n_eeg} band powers at "
                "1 Hz: eeg_bands of meps_lab.prepare makes them"
            )


def _there(batch: Batch, needs: Iterable[str]) -> Tensor:
    """Which trials (B,) have all that a stream reads."""
    return torch.stack([batch.present[m] for m in needs]).all(dim=0)
