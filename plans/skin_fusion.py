"""The weighted fusion of S1 carried to skin conductance: seconds in place of frames.

Named in a plan as ``plans/skin_fusion.py:SkinFusion``. The paper asks whether the fusion serves
other tasks, and names none: the task and the network are this book's (ledger: fusion-elsewhere).
"""

from torch import nn

from meps_lib.layers.fusion import WeightedFusion
from meps_lib.layers.inputs import Scale
from meps_lib.models.output import Output


class SkinFusion(nn.Module):
    """EDA, cut into seconds -> a token each -> weighted fusion -> class.

    Parameters
    ----------
    n_classes, ps_names, ps_sfreq
        Of the data; EDA is the only signal that is read.
    fusion, centre : str, float
        Mode and centre of `WeightedFusion`.
    dim : int
        Width of a token.

    Shape
    -----
    `Batch` with ps (B, C, L) -> `Output` with logits (B, n_classes), weights "fusion" (B, T).
    """

    def __init__(self, n_classes, ps_names, ps_sfreq, fusion="fixed", centre=0.5, dim=16):
        super().__init__()
        self.row, self.second = ps_names.index("EDA"), round(ps_sfreq)
        self.scale = Scale()
        self.token = nn.Sequential(nn.Linear(self.second, dim), nn.ReLU(), nn.Linear(dim, dim))
        self.fusion = WeightedFusion(fusion, centre=centre, dim=dim)
        self.head = nn.Linear(dim, n_classes)

    def _seconds(self, batch):
        """Change against the first sample (B, T, samples of a second), and which are whole."""
        x, real = batch.ps[:, self.row], batch.ps_mask  # batch, samples
        T = x.shape[1] // self.second
        cut = [(each[:, : T * self.second].unflatten(1, (T, self.second))) for each in (x, real)]
        whole = cut[1].all(dim=2)
        return (cut[0] - x[:, :1, None]) * whole[..., None], whole

    def fit_scales(self, batches):
        found = [self._seconds(batch) for batch in batches]
        squares = sum(x.square().sum() for x, _ in found).view(1)
        self.scale.fit(squares, sum(whole.sum() for _, whole in found).view(1) * self.second)

    def forward(self, batch):
        x, whole = self._seconds(batch)
        tokens = self.token(self.scale(x))
        fused, weights = self.fusion(tokens, whole)
        return Output(self.head(fused), {"fusion": weights})
