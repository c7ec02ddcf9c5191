"""STSTNet as it is drawn: three streams, each with its own convolution and norm."""

import torch
from torch import Tensor, nn


class ThreeStreams(nn.Module):
    """Maps (B, 3, 28, 28) in grey levels -> logits (B, n_classes); 1,683 weights for three."""

    def __init__(self, n_classes: int = 3):
        super().__init__()
        self.streams = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(3, n, 3, padding=2),
                nn.ReLU(),
                nn.BatchNorm2d(n),
                nn.MaxPool2d(3, 3, 1),
                nn.Dropout(0.5),
            )
            for n in (3, 5, 8)
        )
        self.head = nn.Sequential(nn.AvgPool2d(2), nn.Flatten(), nn.Linear(400, n_classes))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.cat([stream(x) for stream in self.streams], dim=1))
