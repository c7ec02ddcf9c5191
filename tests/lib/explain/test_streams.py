"""Attributions, weights and shares of S2, trained, with other lengths and missing streams."""

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import cross_entropy

from meps_lib.explain import (
    answers,
    integrated_gradients,
    occlusion,
    of_subsets,
    own_weights,
    shapley,
)
from meps_lib.models import build
from meps_lib.models.mmme_config import STREAMS
from meps_lib.trial import collate

NOTHING = torch.tensor([0.2, 0.3, 0.5])
READS = {"video": ("colour", "flow"), "eeg": ("eeg",), "ps": ("ps",)}
HAVE = [STREAMS, ("video", "ps"), ("eeg", "ps"), ("eeg",), STREAMS]


@pytest.fixture
def trials(make_trial):
    made = []
    for k, streams in enumerate(HAVE):
        names = [m for s in streams for m in READS[s]]
        maps = torch.randn(2, 3, 12, 12, generator=torch.Generator().manual_seed(k))
        more = {"flow": maps} if "flow" in names else {}
        sizes = {"n_frames": 4 + k % 2, "n_samples": 96 + 32 * k, "size": 12}
        made.append(make_trial(k, names, **sizes, **more))
    return made


@pytest.fixture
def model(trials, unsettle):
    torch.manual_seed(0)
    model = build("mmme", dim=8, n_eeg=4, eeg_widths=(8, 8), dropout=0.0, eeg_dropout=0.0)
    adam, batch = torch.optim.Adam(model.parameters(), 0.01), collate(trials, "abc")
    for _ in range(5):
        loss = cross_entropy(model(batch).logits, batch.label)
        adam.zero_grad()
        loss.backward()
        adam.step()
    return unsettle(model).eval()


def test_gradients_sum_to_what_the_samples_change_and_land_on_no_padding(model, trials):
    batch = collate(trials, "abc")
    parts = integrated_gradients(model, batch, 1, steps=128)
    assert set(parts) == {"colour", "ps", "eeg", "flow"}
    still = [
        replace(
            t,
            colour=None if t.colour is None else t.colour[:1].expand_as(t.colour),
            flow=None if t.flow is None else torch.zeros_like(t.flow),
            eeg=None if t.eeg is None else t.eeg.mean(dim=1, keepdim=True).expand_as(t.eeg),
            ps=None if t.ps is None else t.ps.mean(dim=1, keepdim=True).expand_as(t.ps),
        )
        for t in trials
    ]
    with torch.no_grad():
        apart = (model(batch).logits - model(collate(still, "abc")).logits)[:, 1]
    total = sum(part.flatten(1).sum(dim=1) for part in parts.values())
    assert apart.abs().min() > 1e-3
    torch.testing.assert_close(total, apart, rtol=0.02, atol=2e-3)
    for m in ("ps", "eeg"):
        real = getattr(batch, f"{m}_mask") & batch.present[m][:, None]
        assert not parts[m].masked_fill(real[:, None], 0).any() and parts[m].any()
    assert not parts["flow"][~batch.present["flow"]].any() and parts["flow"].any()


def test_occlusion_of_maps_and_of_band_powers_is_what_taking_them_away_changes(model, trials):
    batch = collate([trials[0]], "abc")
    part = occlusion(model, batch, 2, "flow", (2, 12, 12))
    whole = replace(trials[0], flow=torch.zeros_like(trials[0].flow))
    with torch.no_grad():
        fall = (model(batch).logits - model(collate([whole], "abc")).logits)[0, 2]
    torch.testing.assert_close(part[0], fall.expand_as(part[0]))
    row = occlusion(model, batch, 2, "eeg", (trials[0].eeg.shape[1],))[0, 3]
    eeg = trials[0].eeg.clone()
    eeg[3] = eeg[3].mean()
    with torch.no_grad():
        fall = model(batch).logits - model(collate([replace(trials[0], eeg=eeg)], "abc")).logits
    torch.testing.assert_close(row, fall[0, 2].expand_as(row), rtol=1e-3, atol=1e-5)


def test_shares_are_of_streams_and_a_subset_is_a_trial_without_the_rest(model, trials):
    batch = collate(trials, "abc")
    values = of_subsets(model, batch, NOTHING)
    assert len(values) == 8 and max(values, key=len) == STREAMS
    for subset, found in values.items():
        for k, (t, have) in enumerate(zip(trials, HAVE, strict=True)):
            keep, want = set(subset) & set(have), NOTHING
            if keep:
                gone = {m: None for s in STREAMS if s not in keep for m in READS[s]}
                if "video" not in keep:
                    gone |= dict.fromkeys(("onset", "apex", "offset"))
                want = answers(model, collate([replace(t, **gone)], "abc"))[0]
            torch.testing.assert_close(found[k], want, rtol=1e-3, atol=1e-4)
    parts = shapley(values)
    torch.testing.assert_close(sum(parts.values()), values[STREAMS] - values[()])
    assert parts["video"][3].abs().max() < 1e-6 < parts["eeg"][3].abs().max()


def test_a_stream_that_lacks_half_of_what_it_reads_says_nothing(model, trials):
    """Frames without motion are no video."""
    batch = collate([trials[1], replace(trials[0], flow=None)], "abc")
    values = of_subsets(model, batch, NOTHING)
    torch.testing.assert_close(values["video",][1], NOTHING)
    torch.testing.assert_close(values["video", "eeg"][1], values["eeg",][1])
    assert (values["video",][0] - NOTHING).abs().max() > 1e-3


def test_own_weights_are_means_over_heads_and_real_questions(model, trials):
    batch = collate(trials, "abc")
    found, weights = own_weights(model, batch), model(batch).weights
    assert set(found) == {f"{a}_by_{b}" for a in STREAMS for b in STREAMS if a != b}
    n, seconds = 0, trials[0].eeg.shape[1]  # the first trial's EEG asks its video
    want = weights["video_by_eeg"][n, :, :seconds].mean(dim=(0, 1))
    torch.testing.assert_close(found["video_by_eeg"][n], want)
    for name, x in found.items():
        own, asks = name.split("_by_")
        both = torch.tensor([own in have and asks in have for have in HAVE])
        torch.testing.assert_close(x.sum(dim=1), both.float())
