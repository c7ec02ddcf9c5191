"""FeatRef: two inception streams for the two components of flow, then a branch for each class.

The trunk, Dual-Inception, follows from its published count. Of the branches only their idea is
known: attention picks out of the shared features those of one class, and each branch proposes
whether a trial is of its class (ledger: featref).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from meps_lib.arguments import number, truth, whole
from meps_lib.models.output import OneMap, Output, refuse_others
from meps_lib.trial import Batch

# Of its trunk, as published; that everything is trained at once and the last epoch kept is ours.
RECIPE = {
    "epochs": 40,
    "batch_size": 3,
    "learning_rate": 1e-4,
    "weight_decay": 0.0,
    "class_weights": False,
    "keep": "last",
}
_SHARED = 1024  # features


@dataclass(frozen=True)
class FeatRefConfig:
    """Its sizes: those of the trunk are published, those of the branches ours."""

    n_classes: int = 3
    modalities: tuple[str, ...] = ("flow",)  # what it reads, and nothing else
    branches: bool = True  # without them it is the trunk with a head of its own
    hidden: int = 64  # units of a branch's attention
    features: int = 128  # of a branch
    proposal_weight: float = 1.0  # of the branches' loss beside cross-entropy

    def __post_init__(self) -> None:
        refuse_others(self.modalities)
        for name, least in {"n_classes": 2, "hidden": 1, "features": 1}.items():
            whole(name, getattr(self, name), least)
        truth("branches", self.branches)
        number("proposal_weight", self.proposal_weight, 0)


class Inception(nn.Module):
    """1 x 1, 3 x 3, 5 x 5 and a pool, n channels each: (B, a, H, W) -> (B, 4n, H, W)."""

    def __init__(self, n_in: int, n: int):
        super().__init__()
        self.branches = nn.ModuleList(
            [
                nn.Conv2d(n_in, n, 1),
                nn.Sequential(nn.Conv2d(n_in, n, 1), nn.ReLU(), nn.Conv2d(n, n, 3, padding=1)),
                nn.Sequential(nn.Conv2d(n_in, n, 1), nn.ReLU(), nn.Conv2d(n, n, 5, padding=2)),
                nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), nn.Conv2d(n_in, n, 1)),
            ]
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.branches], dim=1).relu()


class Branch(nn.Module):
    """What of the shared features (B, 1024) speaks for one class: (B, F), and its proposal (B,)."""

    def __init__(self, hidden: int, features: int):
        super().__init__()
        self.attention = nn.Sequential(
            nn.Linear(_SHARED, hidden), nn.ReLU(), nn.Linear(hidden, _SHARED), nn.Sigmoid()
        )
        self.read = nn.Sequential(nn.Linear(_SHARED, features), nn.ReLU())
        self.propose = nn.Linear(features, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = self.read(x * self.attention(x))
        return y, self.propose(y)[:, 0]


class FeatRef(OneMap):
    """Feature refinement: shared features, refined for each class, joined for the answer.

    Shape
    -----
    `Batch` with ``flow`` (B, 1, 3, 28, 28) in grey levels, 0 to 255 -> `Output` with logits
    (B, n_classes) and, with branches, the logits of the proposals, (B, n_classes), as a weight. Of
    a map u and v are read, divided by 255.

    References
    ----------
    Zhou et al., Pattern Recognition 2022; ledger: featref.
    """

    def __init__(self, config: FeatRefConfig):
        super().__init__()
        c = self.config = config
        # Three channels a stream, all the same flow: the published count has them.
        self.streams = nn.ModuleList(
            nn.Sequential(
                Inception(3, 6), nn.MaxPool2d(2), Inception(24, 16), nn.MaxPool2d(2), nn.Flatten()
            )
            for _ in range(2)
        )
        self.shared = nn.Sequential(nn.Linear(2 * 64 * 7 * 7, _SHARED), nn.ReLU())
        n = c.n_classes if c.branches else 0
        self.branches = nn.ModuleList(Branch(c.hidden, c.features) for _ in range(n))
        self.fc = nn.Linear(n * c.features if n else _SHARED, c.n_classes)

    def extra_loss(self, output: Output, label: Tensor, real: Tensor | None = None) -> Tensor:
        """The branches' binary cross-entropies, each on whether a trial is of its class.

        Their mean over all trials, or over those that are `real` (B,).
        """
        if not self.branches or self.config.proposal_weight == 0:
            return output.logits.new_zeros(())
        said = output.weights["proposals"].float()
        classes = torch.arange(self.config.n_classes, device=label.device)
        wanted = (label[:, None] == classes).to(said.dtype)
        each = binary_cross_entropy_with_logits(said, wanted, reduction="none").mean(dim=1)
        mean = each.mean() if real is None else (each * real).sum() / real.sum().clamp(min=1)
        return self.config.proposal_weight * mean

    def forward(self, batch: Batch) -> Output:
        x = self.maps(batch) / 255
        parts = [
            stream(x[:, k : k + 1].expand(-1, 3, -1, -1)) for k, stream in enumerate(self.streams)
        ]
        x = self.shared(torch.cat(parts, dim=1))
        if not self.branches:
            return Output(self.fc(x))
        refined, proposals = zip(*(branch(x) for branch in self.branches), strict=True)
        return Output(
            self.fc(torch.cat(refined, dim=1)), {"proposals": torch.stack(proposals, dim=1)}
        )
