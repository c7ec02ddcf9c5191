"""Three published networks in plain PyTorch, so that the library's versions have a second opinion.

Nothing of `meps_lib` is imported here. Every size comes from the published number of parameters.
A convolution from a to b channels with a k x k kernel has a b k^2 weights and b biases, and its
batch norm has 2 b numbers. So "norm conv" below means k^2 a b + 3 b, a bare one k^2 a b + b.

STSTNet, 1,683
    bare convs 3x3: 84 (3 -> 3) + 140 (3 -> 5) + 224 (3 -> 8); norms 6 + 10 + 16;
    head 400 x 3 + 3 = 1,203.

RCN with three channels in, three classes; width C, pool P
    outside the block: 5x5 norm conv 75 C + 3 C, head 3 C P^2 + 3.
    C 32, P 5: 2,496 + 2,403 = 4,899. C 64, P 7: 4,992 + 9,411 = 14,403.

    A  15,331: block 10,432 = 1x1 (1,024 + 96) + shared 3x3 (9,216 + 96).
       At C 64, P 7 the block has 41,344 = 4,160 + 128 + 36,928 + 128, in all 55,747.
       Both sums leave 5 C beside the weights and two norms: three biases and a third norm.
    S  24,643: A's block and 9,312 more = one more 3x3 norm conv from 32 to 32.
       Same count: two recursions with a 3x3 of their own; a residual block of two 3x3 with a 1x1
       on its shortcut; two 3x3 from 32 to 16; branches 1x1 to 16, 3x3 to 8 and 5x5 to 8.
       CHOICE: the 3x3 stands on a shortcut around A's block. WHY: A's block stays as it is.
    W  13,795: block 8,896 = 8,704 weights + 192, and 192 is what two norm convs to 32 have.
       8,704 = 32 x 8 x (5^2 + 3^2): a 5x5 and a 3x3, each of which sees 8 channels, hence four
       groups. No other pair of norm convs from 32 to 32 with odd kernels up to 7 gives it.
       Same count: both kernels side by side instead of one after the other; two 3x3 from 16 to
       16 with a 1x1 from 128 to 32; 1x1 16 to 16, 5x5 16 to 16 and 1x1 64 to 32; and more.
       CHOICE: A's recursion, where 5x5 stands for 1x1 and both have four groups.
    C  33,539 = 4,899 + 19,744 (S's block) + 8,896 (W's block), to the last parameter.
       CHOICE: both blocks see the same features and their outputs are added. One after the other
       gives the same count.
    The attention has no parameters, so no count says who has it. CHOICE: A and C.

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

    def __init__(self, a: int, b: int, kernel: int, groups: int = 1, padding: int | None = None):
        super().__init__()
        padding = kernel // 2 if padding is None else padding
        self.conv = nn.Conv2d(a, b, kernel, padding=padding, groups=groups)
        self.bn = nn.BatchNorm2d(b)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.bn(self.conv(x)))


class Recurrent(nn.Module):
    """y = first(x), then twice y = again(x + y), with the same `again` and its norm both times."""

    def __init__(self, c: int, first: int = 1, again: int = 3, groups: int = 1):
        super().__init__()
        self.first = NormConv(c, c, first, groups)
        self.again = NormConv(c, c, again, groups)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.first(x)
        y = self.again(x + y)
        return self.again(x + y)


class Shortcut(nn.Module):
    """A recurrent block and, around it, one 3x3 convolution of its own."""

    def __init__(self, c: int):
        super().__init__()
        self.recurrent, self.around = Recurrent(c), NormConv(c, c, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.recurrent(x) + self.around(x)


class PlainRCN(nn.Module):
    """RCN with the block of one variant.

    Parameters
    ----------
    variant : "A", "S", "W", "C" as in the docstring of this file; "R" is A without attention.
    channels, pool : width C, and the side P of the adaptive pool.

    Shape: (B, in_channels, H, W), values 0-1, to (B, n_classes). H and W at least 4.
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
        self.pool, self.attends = pool, variant in "AC"
        self.conv1 = NormConv(in_channels, channels, 5, padding=0)  # as its authors' code
        blocks = {
            "R": lambda: [Recurrent(channels)],
            "A": lambda: [Recurrent(channels)],
            "S": lambda: [Shortcut(channels)],
            "W": lambda: [Recurrent(channels, first=5, again=3, groups=4)],
            "C": lambda: [Shortcut(channels), Recurrent(channels, 5, 3, groups=4)],
        }
        self.blocks = nn.ModuleList(blocks[variant]())
        self.fc = nn.Linear(channels * pool * pool, n_classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
        nn.init.normal_(self.fc.weight, std=0.01)
        nn.init.zeros_(self.fc.bias)

    def attention(self, x: torch.Tensor) -> torch.Tensor:
        """Where conv1's features speak for any class: (B, C, H, W) to (B, 1, P, P), 0 to 1."""
        x = F.adaptive_avg_pool2d(x, self.pool)
        w = self.fc.weight.view(1, -1, *x.shape[1:])  # one weight a class, channel and place
        maps = (w * x[:, None]).mean(2)  # (B, n_classes, P, P)
        low, high = maps.amin((2, 3), keepdim=True), maps.amax((2, 3), keepdim=True)
        # A constant map would give 0/0; it prefers no place and becomes 0.
        maps = (maps - low) / (high - low).clamp_min(1e-12)
        return maps.mean(1, keepdim=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(self.conv1(x), 2)
        x = F.dropout(x, 0.5, self.training)
        y = sum(block(x) for block in self.blocks)
        y = F.dropout(F.max_pool2d(y, 2), 0.5, self.training)
        y = F.adaptive_avg_pool2d(y, self.pool)
        if self.attends:
            y = y * self.attention(x)
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
