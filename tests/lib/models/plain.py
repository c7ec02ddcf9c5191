"""Three published networks in plain PyTorch, so that the library's versions have a second opinion.

Nothing of `meps_lib` is imported here. Every size comes from the published number of parameters.
A convolution from a to b channels with a k x k kernel has a b k^2 weights and b biases, and its
batch norm has 2 b numbers. So "norm conv" below means k^2 a b + 3 b, a bare one k^2 a b + b.

STSTNet, 1,683
    bare convs 3x3: 84 (3 -> 3) + 140 (3 -> 5) + 224 (3 -> 8); norms 6 + 10 + 16;
    head 400 x 3 + 3 = 1,203.

RCN with three channels in, three classes; width C, pool P; its layers are in the authors' public
code. Here C 32, P 5:
    entry    2,496 = 5x5 norm conv (A, R, S); 960 = 3x3 norm convs to 16, 8 and 8 (W, C)
    block   10,432 = 1x1 (1,024 + 96) + shared 3x3 (9,216 + 96) (A, R, W);
            19,744 = the same and a 3x3 norm conv (9,312) that is never called (S, C)
    embed   10,432 = 1x1 and 3x3 norm conv that are never called (C)
    head     2,403 = 3 C P^2 + 3
    A, R 15,331; S 24,643; W 13,795; C 33,539. A at C 64, P 7: 4,992 + 41,344 + 9,411 = 55,747.

Dual-Inception, 6,449,963
    layers after the streams: 6,272 x 1,024 + 1,024 + 1,024 x 3 + 3 = 6,426,627.
    Left: 23,336, so 11,668 for each of two streams.
    inception(n) = bare convs 1x1 | 1x1, 3x3 | 1x1, 5x5 | max-pool 3, 1x1, each to n, joined: 4 n.
    From a channels: 4 (a n + n) + 9 n^2 + n + 25 n^2 + n.
    inception(6) from 3: 4 x 24 + 330 + 906 = 1,332. inception(16) from 24: 4 x 400 + 2,320 +
    6,416 = 10,336. Sum 11,668.
    With one channel inception(6) has 1,284: each stream lacks 48, the whole network 96.
    CHOICE: three channels, the flow's one repeated. Same count: one channel and a batch norm over
    the 24 channels after inception(6) alone.
"""

import torch
from torch import nn
from torch.nn import functional as F


class PlainSTSTNet(nn.Module):
    """Three shallow streams on one flow map.

    Shape: (B, in_channels, 28, 28), values 0-255, to (B, n_classes).
    """

    def __init__(self, n_classes: int = 3, in_channels: int = 3):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, 3, 3, padding=2)
        self.conv2 = nn.Conv2d(in_channels, 5, 3, padding=2)
        self.conv3 = nn.Conv2d(in_channels, 8, 3, padding=2)
        self.bn1, self.bn2, self.bn3 = nn.BatchNorm2d(3), nn.BatchNorm2d(5), nn.BatchNorm2d(8)
        self.fc = nn.Linear(16 * 5 * 5, n_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        streams = []
        for conv, bn in (
            (self.conv1, self.bn1),
            (self.conv2, self.bn2),
            (self.conv3, self.bn3),
        ):
            y = bn(F.relu(conv(x)))  # (B, filters, 30, 30)
            y = F.max_pool2d(y, 3, stride=3, padding=1)  # (B, filters, 10, 10)
            streams.append(F.dropout(y, 0.5, self.training))
        z = F.avg_pool2d(torch.cat(streams, 1), 2)  # (B, 16, 5, 5)
        return self.fc(z.flatten(1))


class NormConv(nn.Module):
    """Convolution with bias, batch norm, ReLU; height and width stay, if no padding is given."""

    def __init__(self, a: int, b: int, kernel: int, padding: int | None = None):
        super().__init__()
        padding = kernel // 2 if padding is None else padding
        self.conv = nn.Conv2d(a, b, kernel, padding=padding)
        self.bn = nn.BatchNorm2d(b)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.bn(self.conv(x)))


class Stream(nn.Module):
    """3x3 convolution with stride 3 and a dilation, then ReLU, batch norm, dropout, in this order.

    Shape: (B, a, H, W) to (B, b, (H + 2) // 3, (W + 2) // 3), whatever the dilation.
    """

    def __init__(self, a: int, b: int, dilation: int):
        super().__init__()
        self.conv = nn.Conv2d(a, b, 3, stride=3, padding=dilation, dilation=dilation)
        self.bn = nn.BatchNorm2d(b)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.dropout(self.bn(F.relu(self.conv(x))), 0.5, self.training)


class Recurrent(nn.Module):
    """y = first(x), then twice y = again(x + y), with the same `again` and its norm both times."""

    def __init__(self, c: int):
        super().__init__()
        self.first, self.again = NormConv(c, c, 1), NormConv(c, c, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.first(x)
        y = self.again(x + y)
        return self.again(x + y)


class Dense(nn.Module):
    """y = first(x), then three times again(sum of x and all so far), with one `again` and norm.

    `unused` is never called; it is part of the published number of parameters.
    """

    def __init__(self, c: int):
        super().__init__()
        self.first, self.again, self.unused = (NormConv(c, c, k) for k in (1, 3, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.first(x)
        z = self.again(x + y)
        e = self.again(x + y + z)
        return self.again(x + y + z + e)


class PlainRCN(nn.Module):
    """RCN in one of its variants.

    Parameters
    ----------
    variant : "A" entry, recurrent block, attention of the entry's output on the pooled output;
        "R" is A without attention; "S" is R with the dense block; "W" is R with three streams as
        entry; "C" has W's streams, S's block and, between them, attention of the input.
    channels, pool : width C, a multiple of 4 in W and C, and the side P of the adaptive pool.

    Shape: (B, in_channels, H, W), values 0-1, to (B, n_classes). H and W at least 8, in W and C 4.
    """

    def __init__(
        self,
        variant: str = "A",
        channels: int = 32,
        pool: int = 5,
        n_classes: int = 3,
        in_channels: int = 3,
    ):
        super().__init__()
        n = channels
        self.variant, self.pool = variant, pool
        # The order in which modules are assigned is the order of the state dict.
        if variant in "WC":
            filters = (n // 2, n // 4, n // 4)
            self.streams = nn.ModuleList(
                Stream(in_channels, b, d) for b, d in zip(filters, (1, 2, 3), strict=True)
            )
        else:
            self.conv1 = NormConv(in_channels, n, 5, padding=0)
        self.blocks = nn.ModuleList([Dense(n) if variant in "SC" else Recurrent(n)])
        if variant == "C":  # never called; part of the published number of parameters
            self.embed = nn.ModuleList([NormConv(n, n, 1), NormConv(n, n, 3)])
        self.fc = nn.Linear(n * pool * pool, n_classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
        nn.init.normal_(self.fc.weight, std=0.01)
        nn.init.zeros_(self.fc.bias)

    def entry(self, x: torch.Tensor) -> torch.Tensor:
        if self.variant in "WC":
            return torch.cat([stream(x) for stream in self.streams], 1)
        return F.dropout(F.max_pool2d(self.conv1(x), 2), 0.5, self.training)

    def attention(self, x: torch.Tensor) -> torch.Tensor:
        """Where x speaks for any class: (B, c, H, W) to (B, 1, P, P), 0 to 1.

        x is the entry's output in A, and the input in C, where each class has one weight a place.
        """
        x = F.adaptive_avg_pool2d(x, self.pool)
        w = self.fc.weight.view(1, len(self.fc.weight), -1, self.pool, self.pool)
        if self.variant == "C":
            w = w.mean(2, keepdim=True)  # (1, n_classes, 1, P, P)
        maps = (w * x[:, None]).mean(2)  # (B, n_classes, P, P)
        low, high = maps.amin((2, 3), keepdim=True), maps.amax((2, 3), keepdim=True)
        # A constant map would give 0/0; it prefers no place and becomes 0.
        maps = (maps - low) / (high - low).clamp_min(1e-12)
        return maps.mean(1, keepdim=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        features = self.entry(x)
        if self.variant == "C":
            where = F.interpolate(self.attention(x), size=features.shape[2:], mode="nearest")
            features = features * where
        y = self.blocks[0](features)
        y = F.dropout(F.max_pool2d(y, 2), 0.5, self.training)
        y = F.adaptive_avg_pool2d(y, self.pool)
        if self.variant == "A":
            y = y * self.attention(features)
        return self.fc(y.flatten(1))


class PlainInception(nn.Module):
    """Four branches to n channels each; height and width stay. (B, a, H, W) to (B, 4 n, H, W)."""

    def __init__(self, a: int, n: int):
        super().__init__()
        self.one = nn.Conv2d(a, n, 1)
        self.three_in, self.three = nn.Conv2d(a, n, 1), nn.Conv2d(n, n, 3, padding=1)
        self.five_in, self.five = nn.Conv2d(a, n, 1), nn.Conv2d(n, n, 5, padding=2)
        self.pooled = nn.Conv2d(a, n, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        three, five = F.relu(self.three_in(x)), F.relu(self.five_in(x))
        pooled = self.pooled(F.max_pool2d(x, 3, stride=1, padding=1))
        return F.relu(torch.cat([self.one(x), self.three(three), self.five(five), pooled], 1))


class PlainDualInception(nn.Module):
    """FeatRef's trunk: one stream for the flow's x, one for its y, joined.

    Parameters
    ----------
    in_channels : channels that each stream takes; the one channel of its flow is repeated.

    Shape: (B, 2, 28, 28), flow x and flow y, to (B, n_classes).
    """

    def __init__(self, n_classes: int = 3, in_channels: int = 3):
        super().__init__()
        self.in_channels = in_channels
        self.stream_x, self.stream_y = (
            nn.Sequential(
                PlainInception(in_channels, 6),
                nn.MaxPool2d(2),
                PlainInception(24, 16),
                nn.MaxPool2d(2),
                nn.Flatten(),
            )
            for _ in range(2)
        )
        self.joined = nn.Linear(2 * 64 * 7 * 7, 1024)
        self.fc = nn.Linear(1024, n_classes)

    def forward(self, flow: torch.Tensor) -> torch.Tensor:
        x, y = (part.expand(-1, self.in_channels, -1, -1) for part in flow.split(1, dim=1))
        z = torch.cat([self.stream_x(x), self.stream_y(y)], 1)  # (B, 6272)
        return self.fc(F.relu(self.joined(z)))
