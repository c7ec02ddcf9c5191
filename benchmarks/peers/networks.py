"""Three common networks for time series, as (B, C, L) -> logits, and ours in the same form."""

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from meps_lib.layers import SeparableMixableEncoder, SignalInput
from meps_lib.layers.inputs import fit_scales
from meps_lib.models.output import Output
from meps_lib.trial import Batch


class InceptionModule(nn.Module):
    """Bottleneck, three filters, a max-pool branch; joined and normalised."""

    def __init__(self, channels: int, n: int = 32, bottleneck: int = 32, sizes=(39, 19, 9)):
        super().__init__()
        self.bottleneck = nn.Conv1d(channels, bottleneck, 1, bias=False)
        self.filters = nn.ModuleList(
            nn.Conv1d(bottleneck, n, k, padding=k // 2, bias=False) for k in sizes
        )
        self.pooled = nn.Sequential(nn.MaxPool1d(3, 1, 1), nn.Conv1d(channels, n, 1, bias=False))
        self.norm = nn.BatchNorm1d((len(sizes) + 1) * n)

    def forward(self, x: Tensor) -> Tensor:
        narrow = self.bottleneck(x)
        return self.norm(torch.cat([*(f(narrow) for f in self.filters), self.pooled(x)], dim=1))


class InceptionTime(nn.Module):
    """Six inception modules with a shortcut around each three.

    The variant of 456,135 parameters (3 channels, 7 classes): where widths agree, the shortcut is
    a batch norm alone.

    References
    ----------
    Ismail Fawaz et al. 2020, InceptionTime.
    """

    def __init__(self, channels: int, n_classes: int):
        super().__init__()
        widths = (channels, *[128] * 5)
        self.blocks = nn.ModuleList(InceptionModule(c) for c in widths)
        self.shortcuts = nn.ModuleList(
            [
                nn.Sequential(nn.Conv1d(channels, 128, 1, bias=False), nn.BatchNorm1d(128)),
                nn.BatchNorm1d(128),
            ]
        )
        self.head = nn.Linear(128, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        kept = x
        for k, block in enumerate(self.blocks):
            x = block(x)
            if k % 3 == 2:
                x = kept = (x + self.shortcuts[k // 3](kept)).relu()
            else:
                x = x.relu()
        return self.head(x.mean(dim=-1))


class LSTM(nn.Module):
    """Two layers of 64 units; the last state answers."""

    def __init__(self, channels: int, n_classes: int):
        super().__init__()
        self.layers = nn.LSTM(channels, 64, num_layers=2, batch_first=True)
        self.head = nn.Linear(64, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.layers(x.transpose(1, 2))[1][0][-1])


class TCN(nn.Module):
    """Four levels of two dilated causal convolutions of 64 channels, kernel 7; the last answers.

    References
    ----------
    Bai, Kolter, Koltun 2018.
    """

    def __init__(self, channels: int, n_classes: int, width: int = 64, kernel: int = 7):
        super().__init__()
        self.levels, self.reach, n_signals = nn.ModuleList(), [], channels
        for k in range(4):
            first = weight_norm(nn.Conv1d(channels, width, kernel, dilation=2**k))
            second = weight_norm(nn.Conv1d(width, width, kernel, dilation=2**k))
            self.levels.append(nn.ModuleList([first, second]))
            self.reach.append((kernel - 1) * 2**k)
            channels = width
        self.shortcut = nn.Conv1d(n_signals, width, 1)
        self.head = nn.Linear(width, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        for level, reach in zip(self.levels, self.reach, strict=True):
            y = x
            for layer in level:
                y = layer(nn.functional.pad(y, (reach, 0))).relu()
            x = (y + (x if x.shape[1] == y.shape[1] else self.shortcut(x))).relu()
        return self.head(x[..., -1])


class OursAlone(nn.Module):
    """The separable and mixable encoder, the mean of its tokens, a linear head."""

    def __init__(self, channels: int, n_classes: int, sfreq: float, **kwargs):
        super().__init__()
        self.encoder = SeparableMixableEncoder(channels, sfreq, **kwargs)
        self.head = nn.Linear(kwargs.get("dim", 32), n_classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.encoder(x)[0].mean(dim=1))


class PeerModel(nn.Module):
    """Any of these as a model of the library: `Batch` -> `Output`; signals as S1 gets them."""

    def __init__(self, network: nn.Module, n_signals: int = 3):
        super().__init__()
        self.input, self.network = SignalInput(n_signals), network

    def fit_scales(self, batches) -> None:
        fit_scales({"ps": self.input}, batches)

    def forward(self, batch: Batch) -> Output:
        return Output(self.network(self.input(batch)[0]))
