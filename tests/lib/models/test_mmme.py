"""S2: published counts, what each stream sees, masks, causality, losses, and that it can learn."""

from dataclasses import replace
from itertools import combinations

import pytest
import torch
from torch.nn.functional import cross_entropy, pad

from meps_lib.errors import MepsError
from meps_lib.losses import ContrastiveConfig, contrastive_terms
from meps_lib.models import build
from meps_lib.models.mmme_config import PUBLISHED, STREAMS, MMMEConfig
from meps_lib.training import TrainConfig, fit, predict
from meps_lib.trial import collate

READS = {"video": ("colour", "flow"), "eeg": ("eeg",), "ps": ("ps",)}
SUBSETS = [s for n in (1, 2, 3) for s in combinations(STREAMS, n)]


def having(make_trial, k, streams=STREAMS, **kw):
    names = [m for s in streams for m in READS[s]]
    kw = {"n_frames": 3 + k % 3, "n_samples": 96 + 32 * k, "size": 12} | kw
    steps = torch.Generator().manual_seed(k)
    maps = {"flow": torch.randn(2, 3, 12, 12, generator=steps)} if "flow" in names else {}
    return make_trial(k, names, **(maps | kw))


def net(unsettle=None, **kw):
    torch.manual_seed(0)
    needed = {m for s in kw.get("streams", STREAMS) for m in READS[s]}
    if "eeg" in needed:
        kw = {"n_eeg": 4, "eeg_widths": (8, 8)} | kw
    model = build("mmme", **({"dim": 8} | kw))
    return model if unsettle is None else unsettle(model)


@pytest.fixture
def taught(make_trial, unsettle):
    """A function that makes a trained network whose norms, drawn anew, are far from 1 and 0."""

    def make(trials, **kw):
        model = net(**kw).train()
        adam, batch = torch.optim.Adam(model.parameters(), 0.01), collate(trials, "abc")
        for _ in range(4):
            out = model(batch)
            loss = cross_entropy(out.logits, batch.label) + model.extra_loss(out, batch.label)
            adam.zero_grad()
            loss.backward()
            adam.step()
        return unsettle(model).eval()

    return make


@pytest.fixture
def patchy(make_trial):
    """Trials of other lengths, one for each subset of streams that may be there."""
    return [having(make_trial, k, s) for k, s in enumerate(reversed(SUBSETS))]


def test_it_is_as_large_as_computed_from_the_published_sizes():
    model = build("mmme", **PUBLISHED, ps_names=("PPG", "RSP", "SKT", "EDA", "ECG"))

    def n(module):
        return sum(p.numel() for p in module.parameters())

    assert n(model.head) == 42_119
    assert n(model.streams["video"]) == 4_236_572
    assert n(model.streams["eeg"].tcn) == 482_688
    assert n(model.streams["eeg"].embed) == 128 * 64 + 64
    assert n(model.streams["ps"]) == 18_176
    assert [n(a.attention) for a in model.attention.answers] == [16_640] * 6
    assert n(model.nam) == 3 * 2 * 64


def spoilt(batch, filling):
    """The same batch with other numbers wherever nothing is real."""
    missing = {m: ~batch.present[m] for m in ("colour", "flow", "eeg", "ps")}
    return replace(
        batch,
        ps=batch.ps.masked_fill(~(batch.ps_mask & ~missing["ps"][:, None])[:, None], filling),
        eeg=batch.eeg.masked_fill(~(batch.eeg_mask & ~missing["eeg"][:, None])[:, None], filling),
        flow=batch.flow.masked_fill(missing["flow"][:, None, None, None, None], filling),
        colour=batch.colour.masked_fill(
            ~(batch.frame_mask & ~missing["colour"][:, None])[:, :, None, None, None], filling
        ),
    )


@pytest.mark.parametrize("attention", ["mutual", "self", "none"])
@pytest.mark.parametrize("filling", [1e3, float("nan")])
def test_what_is_missing_or_padding_changes_no_bit(patchy, taught, attention, filling):
    model, batch = taught(patchy, attention=attention), collate(patchy, "abc")
    for training in (False, True):
        results = []
        for given in (batch, spoilt(batch, filling)):
            copy = build("mmme", **vars(model.config) | {"contrastive": None})
            copy.load_state_dict(model.state_dict())
            torch.manual_seed(1)
            out = copy.train(training)(given)
            (cross_entropy(out.logits, batch.label) + copy.extra_loss(out, batch.label)).backward()
            grads = [p.grad for p in copy.parameters() if p.grad is not None]
            results.append([out.logits, *out.weights.values(), *copy.buffers(), *grads])
        assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))
        assert results[0][0].isfinite().all()


def test_a_missing_stream_is_0_in_the_head_and_nothing_to_the_others(patchy, taught):
    """A trial says the same alone, where what it lacks is None, as among trials that have it."""
    model = taught(patchy)
    together = model(collate(patchy, "abc"))
    for k, (trial, streams) in enumerate(zip(patchy, reversed(SUBSETS), strict=True)):
        alone = model(collate([trial], "abc"))
        torch.testing.assert_close(alone.logits[0], together.logits[k], rtol=1e-4, atol=1e-4)
        for m in STREAMS:
            assert together.present[m][k] == alone.present[m][0] == (m in streams)
            assert together.embeddings[m][k].any() == (m in streams)
    # With nobody to ask, an embedding is that of the stream alone, to the bit.
    model, batch = taught(patchy, attention="none"), collate(patchy[:2], "abc")
    hidden = batch.present | {"eeg": torch.tensor([False, True])}
    one, other = model(batch), model(replace(batch, present=hidden))
    for m in ("video", "ps"):
        assert torch.equal(one.embeddings[m], other.embeddings[m])
    assert not other.embeddings["eeg"][0].any()


@pytest.mark.parametrize("m", STREAMS)
def test_a_stream_that_is_hidden_is_missing(make_trial, taught, m):
    """Whoever says that a recorded stream is not there has it taken away, gradients included."""
    trials, name = [having(make_trial, k) for k in range(3)], READS[m][-1]
    model, batch = taught(trials), collate(trials, "abc")
    hidden = replace(batch, present=batch.present | {name: torch.tensor([False, True, True])})
    other = replace(hidden, **{name: getattr(batch, name).clone()})
    getattr(other, name)[0] = float("nan")
    results = []
    for given in (hidden, other):
        model.zero_grad()
        out = model(given)
        out.logits.square().sum().backward()
        results.append([out.logits, *(p.grad.clone() for p in model.parameters())])
        assert not out.present[m][0] and not out.embeddings[m][0].any()
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))
    without = replace(trials[0], **{name: None})
    torch.testing.assert_close(
        results[0][0][0], model(collate([without], "abc")).logits[0], rtol=1e-4, atol=1e-4
    )


def test_longer_padding_enters_no_statistic_of_training(make_trial, unsettle):
    batch = collate([having(make_trial, k) for k in range(3)], "abc")
    longer = replace(
        batch,
        eeg=pad(batch.eeg, (0, 5)),
        eeg_mask=pad(batch.eeg_mask, (0, 5)),
        ps=pad(batch.ps, (0, 96)),
        ps_mask=pad(batch.ps_mask, (0, 96)),
    )
    results = []
    for given in (batch, longer):
        model = net(unsettle, dropout=0.0, eeg_dropout=0.0).train()
        out = model(given)
        kept = [b for name, b in model.named_buffers() if "running" in name]
        results.append([out.logits, *kept])
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)
    assert not out.weights["nam_eeg"][:, :, -5:].any()


def test_both_hidden_layers_of_the_head_drop(make_trial, unsettle):
    batch = collate([having(make_trial, k) for k in range(3)], "abc")
    model = net(unsettle, dropout=0.9, eeg_dropout=0.0).train()
    assert [layer.p for layer in model.head if isinstance(layer, torch.nn.Dropout)] == [0.9] * 2
    assert not torch.equal(model(batch).logits, model(batch).logits)
    assert torch.equal(model.eval()(batch).logits, model(batch).logits)


def test_longer_neighbours_change_nothing(make_trial, taught):
    trials = [having(make_trial, k) for k in range(4)]
    model = taught(trials)
    for trial in trials[:2]:
        alone, together = (model(collate(t, "abc")).logits[0] for t in ([trial], [trial, *trials]))
        torch.testing.assert_close(alone, together, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("streams", SUBSETS)
def test_gradients_reach_every_parameter_of_any_subset(make_trial, unsettle, streams):
    batch = collate([having(make_trial, k) for k in range(6)], "abc")
    for kw in ({"attention": "self"}, {"attention": "none"}, {"nam": False}, {}):
        if len(streams) == 1:
            kw.pop("attention", None)
        model = net(unsettle, streams=streams, dropout=0.0, **kw)
        out = model(batch)
        (cross_entropy(out.logits, batch.label) + model.extra_loss(out, batch.label)).backward()
        assert all(p.grad is not None and p.grad.any() for p in model.parameters())
        want = {f"nam_{m}" for m in streams} if kw.get("nam", True) else set()
        if kw.get("attention") != "none":
            want |= {f"{a}_by_{b}" for a in streams for b in streams if a != b}
        assert set(out.weights) == want


def test_places_of_the_face_have_weights_of_their_own(make_trial, unsettle):
    model, batch = net(streams=("video",), nam=False), collate([having(make_trial, 0)], "abc")
    stream = model.streams["video"]
    before, _ = stream(batch, batch.present["flow"])
    with torch.no_grad():
        stream.place[2] *= 3
    after, _ = stream(batch, batch.present["flow"])
    torch.testing.assert_close(after[:, 2], 3 * before[:, 2])
    assert torch.equal(after[:, [0, 1, 3]], before[:, [0, 1, 3]])


def test_who_is_asked_and_who_asks(make_trial, unsettle):
    model = net(unsettle, heads=2, ps_step_s=0.25)
    out = model(collate([having(make_trial, k, n_samples=128) for k in range(2)], "abc"))
    tokens = {"video": 4, "eeg": 6, "ps": 8}  # 1 x 2 x 2 places; 5 + k seconds; 2 s in quarters
    for own, n in tokens.items():
        assert out.weights[f"nam_{own}"].shape == (2, 8, n)
        for asks, q in tokens.items():
            if own != asks:
                assert out.weights[f"{own}_by_{asks}"].shape == (2, 2, q, n)
    assert torch.equal(out.weights["video_by_eeg"][0, :, 5], torch.zeros(2, 4))  # no second there


def test_eeg_and_signals_see_what_was_before_and_nothing_after(make_trial, unsettle):
    model = net(unsettle).eval()
    batch = collate([having(make_trial, k, n_samples=256) for k in range(3)], "abc")
    there = torch.ones(3, dtype=torch.bool)
    later = replace(batch, eeg=batch.eeg.clone())
    later.eeg[:, :, 3:] += 1.0
    before, after = (model.streams["eeg"](b, there)[0] for b in (batch, later))
    assert torch.equal(before[:, :3], after[:, :3])
    assert (before[:, 3] != after[:, 3]).any(dim=1).all()
    # The mean of a whole signal is taken off, so what changes later must leave it.
    later = replace(batch, ps=batch.ps.clone())
    later.ps[:, :, 160:176] += 1.0
    later.ps[:, :, 176:192] -= 1.0
    before, after = (model.streams["ps"](b, there)[0] for b in (batch, later))
    torch.testing.assert_close(before[:, :10], after[:, :10])
    assert (before[:, 10] - after[:, 10]).abs().amax(dim=1).min() > 1e-3


@pytest.mark.parametrize(("m", "name"), [("eeg", "eeg"), ("ps", "ps")])
def test_eeg_and_signals_are_read_at_their_last_real_step(make_trial, unsettle, m, name):
    model = net(unsettle, streams=(m,), nam=False).eval()
    batch = collate([having(make_trial, k) for k in range(3)], "abc")
    y, real = model.streams[m](batch, batch.present[name])
    last = [int(r.sum()) - 1 for r in real]
    want = torch.stack([y[k, n] for k, n in enumerate(last)])
    assert torch.equal(model(batch).embeddings[m], want)
    assert len(set(last)) > 1


def test_video_is_the_mean_of_its_tokens_and_signals_are_means_of_a_step(make_trial, unsettle):
    model = net(unsettle, streams=("video", "ps"), nam=False, attention="none").eval()
    batch = collate([having(make_trial, k) for k in range(2)], "abc")
    y, _ = model.streams["video"](batch, batch.present["flow"])
    torch.testing.assert_close(model(batch).embeddings["video"], y.mean(dim=1))
    stream = model.streams["ps"]
    x = (
        batch.ps[0, :, :96] - batch.ps[0, :, :96].mean(dim=1, keepdim=True)
    ) / stream.input.scale.rms[:, None]
    want, _ = stream.lstm(x.unflatten(1, (6, 16)).mean(dim=2).T[None])
    torch.testing.assert_close(model(batch).embeddings["ps"][0], want[0, -1])


@pytest.mark.parametrize(
    ("steps", "apex", "frames"), [(3, 1, (0, 2, 4, 6)), (1, 2, (0, 2)), (1, None, (0, 3))]
)
def test_five_channels_are_flow_and_two_differences(make_trial, steps, apex, frames):
    flow = torch.randn(steps, 3, 6, 6)
    flow[0, :, 0, 0] = torch.tensor([99.0, -99.0, 99.0])
    trial = make_trial(0, ("colour",), n_frames=7, size=12, flow=flow, apex=apex)
    longer = make_trial(1, ("colour",), n_frames=9, size=12, flow=flow)
    batch, stream = collate([trial, longer], "abc"), net(streams=("video",)).streams["video"]
    x = stream.clips(batch, batch.present["flow"])[0]  # (5, S, 6, 6)
    want = flow.clone()
    want[0, :, 0, 0] = torch.tensor([15.0, -15.0, 99.0])
    assert torch.equal(x[:3].transpose(0, 1), want)
    grey = trial.colour[list(frames)].mean(dim=1).unflatten(2, (6, 2)).unflatten(1, (6, 2))
    grey = grey.mean(dim=(2, 4))
    torch.testing.assert_close(x[3], grey[1:] - grey[:-1])
    torch.testing.assert_close(x[4], grey[1:] - grey[0])
    bare = net(streams=("video",), video_differences=False, flow_clip=None).streams["video"]
    x = bare.clips(batch, batch.present["flow"])
    assert torch.equal(x[0].transpose(0, 1), flow) and x.shape == (2, 3, steps, 6, 6)


def test_scales_are_those_of_real_values_of_the_training_trials(patchy):
    model = net()
    model.fit_scales(collate(patchy[i : i + 3], "abc") for i in range(0, len(patchy), 3))
    batch = collate(patchy, "abc")
    video, eeg, ps = (model.streams[m] for m in STREAMS)
    x = video.clips(batch, batch.present["flow"] & batch.present["colour"])
    z = video.scale(x).transpose(0, 1).flatten(1)
    torch.testing.assert_close(z.mean(dim=1), torch.zeros(5), atol=1e-4, rtol=0)
    torch.testing.assert_close(z.std(dim=1, correction=0), torch.ones(5), atol=1e-4, rtol=0)
    z = torch.cat([eeg.scale(t.eeg[None])[0] for t in patchy if t.eeg is not None], dim=1)
    torch.testing.assert_close(z.mean(dim=1), torch.zeros(4), atol=1e-4, rtol=0)
    torch.testing.assert_close(z.std(dim=1, correction=0), torch.ones(4), atol=1e-4, rtol=0)
    assert (ps.input.scale.rms != 1).all()


def told_by(make_trial, stream, n, seed, subject):
    """Trials of noise; one stream alone knows the class, by the channel that moves."""
    trials = []
    for k in range(n):
        t, c = (
            having(
                make_trial,
                1000 * seed + k,
                subject=subject,
                label="abc"[k % 3],
                n_frames=3,
                n_samples=64,
                eeg=None,
            ),
            k % 3,
        )
        draw = torch.Generator().manual_seed(1000 * seed + k)
        eeg = torch.randn(4, 6, generator=draw)
        flow = 0.3 * t.flow
        ps = 0.3 * t.ps
        if stream == "video":
            flow[:, c, 4:8] += 1.0
        elif stream == "eeg":
            eeg[c, 2:] += 3.0
        else:
            ps[c, 32:] += 1.0
        trials.append(
            replace(
                t,
                flow=flow,
                ps=ps,
                eeg=eeg,
                eeg_names=("a", "b", "c", "d"),
                eeg_units=("z",) * 4,
                eeg_sfreq=1.0,
            )
        )
    return trials


QUICK = TrainConfig(epochs=20, batch_size=12, learning_rate=5e-3)


@pytest.mark.parametrize("stream", STREAMS)
def test_it_finds_the_answer_in_the_stream_that_knows_it(make_trial, stream):
    train, held_out, test = (
        told_by(make_trial, stream, n, i, f"s{i}") for i, n in enumerate((60, 18, 30))
    )
    model = net(dropout=0.2, video_width=2)
    fit(model, train, held_out, "abc", QUICK, seed=0)
    truth = torch.tensor([k % 3 for k in range(30)])

    def right(trials):
        return (predict(model, trials, "abc").argmax(dim=1) == truth).float().mean()

    assert right(test) > 0.9
    without = [
        replace(t, **dict.fromkeys(READS[stream])) if stream != "video" else replace(t, flow=None)
        for t in test
    ]
    assert right(without) < 0.6


def test_the_loss_is_cross_entropy_and_the_terms_by_hand(make_trial, unsettle):
    batch = collate([having(make_trial, k) for k in range(6)], "abc")
    weights = {"diversity": 0.3, "sample": 0.7, "triplet": 0.2}
    model = net(unsettle, nam_penalty=0.01, contrastive=weights, contrastive_weight=0.4)
    out = model(batch)
    config = ContrastiveConfig(pairs=(("video", "eeg"), ("video", "ps")), **weights)
    _, terms = contrastive_terms(out.embeddings, batch.label, config=config)
    size = sum(n.channel.weight.abs().sum() for n in model.nam.values())
    torch.testing.assert_close(model.extra_loss(out, batch.label), 0.4 * terms + 0.01 * size)
    others = torch.tensor([0, 0, 0, 1, 1, 2])  # another partition
    assert model.extra_loss(out, others) != model.extra_loss(out, batch.label)


def test_of_two_stages_each_has_its_own_gradient(make_trial, unsettle):
    """Cross-entropy moves the head alone, and the contrastive terms all that is before it."""
    batch = collate([having(make_trial, k) for k in range(6)], "abc")
    model = net(unsettle, joint=False, nam_penalty=0.0)
    out = model(batch)
    cross_entropy(out.logits, batch.label).backward(retain_graph=True)
    moved = {name.split(".")[0] for name, p in model.named_parameters() if p.grad is not None}
    assert moved == {"head"}
    model.zero_grad()
    model.extra_loss(out, batch.label).backward()
    moved = {name.split(".")[0] for name, p in model.named_parameters() if p.grad is not None}
    assert moved == {"streams", "nam", "attention"}
    torch.manual_seed(1)
    same = net(unsettle, nam_penalty=0.0)
    same.load_state_dict(model.state_dict())
    assert torch.equal(same.eval()(batch).logits, model.eval()(batch).logits)
    cross_entropy(same(batch).logits, batch.label).backward()
    assert all(p.grad is not None for p in same.streams.parameters())


def test_two_stages_learn_a_class_that_they_can_see(make_trial):
    sides = (told_by(make_trial, "eeg", n, i, f"s{i}") for i, n in enumerate((60, 18, 30)))
    train, held_out, test = sides
    terms = {"diversity": 0.0, "consistency": 0.0, "supervised": 1.0}
    model = net(dropout=0.2, video_width=2, joint=False, contrastive=terms)
    fit(model, train, held_out, "abc", QUICK, seed=0)
    truth = torch.tensor([k % 3 for k in range(30)])
    assert (predict(model, test, "abc").argmax(dim=1) == truth).float().mean() > 0.8


def trained(make_trial, rate=1e-2, **kw):
    sides = (told_by(make_trial, "eeg", n, i, f"s{i}") for i, n in enumerate((12, 6)))
    model = net(dropout=0.0, eeg_dropout=0.0, **kw)
    config = replace(QUICK, epochs=2, learning_rate=rate)
    return model, fit(model, *sides, "abc", config, seed=0)


def test_the_terms_enter_training_and_the_history_is_cross_entropy_alone(make_trial):
    plain = {"contrastive_weight": 0.0, "nam_penalty": 0.0}
    states = [
        trained(make_trial, **kw)[0].state_dict()
        for kw in (plain, plain, {"contrastive_weight": 0.0}, {"nam_penalty": 0.0})
    ]
    same = [all(torch.equal(states[0][k], s[k]) for k in s) for s in states[1:]]
    assert same == [True, False, False]
    one, other = (trained(make_trial, 1e-9, **kw)[1] for kw in (plain, {"nam_penalty": 9.0}))
    assert one[0]["train_loss"] == pytest.approx(other[0]["train_loss"], rel=1e-4)


def test_labels_reach_neither_the_answer_nor_the_embeddings(make_trial, taught):
    trials = [having(make_trial, k) for k in range(6)]
    model = taught(trials)
    others = [replace(t, label="c", subject="x", clip=f"y{k}") for k, t in enumerate(trials)]
    assert torch.equal(*(predict(model, t, "abc") for t in (trials, others)))
    one, other = (model(collate(t, "abc")) for t in (trials, others))
    assert all(torch.equal(one.embeddings[m], other.embeddings[m]) for m in STREAMS)


def test_any_number_of_classes_and_of_signals_by_name(make_trial):
    ps = {"ps_names": ("RSP", "SKT"), "ps_sfreq": 4.0}
    trial = replace(having(make_trial, 0), ps=torch.randn(2, 40), ps_units=("a.u.", "C"), **ps)
    model = net(n_classes=7, **ps)
    assert model(collate([trial] * 2, "abc")).logits.shape == (2, 7)
    assert model.streams["ps"].stride == 1
    with pytest.raises(MepsError, match="RSP, SKT at 4.0 Hz; expected EDA, ECG, PPG at 64.0 Hz"):
        net()(collate([trial], "abc"))


def test_short_sequences_have_a_second_token_that_is_masked(make_trial, taught):
    trials = [having(make_trial, k) for k in range(4)]
    model = taught(trials)
    short = replace(trials[0], eeg=trials[0].eeg[:, :1], ps=trials[0].ps[:, :16])
    alone, among = (model(collate(t, "abc")) for t in ([short], [short, *trials]))
    torch.testing.assert_close(alone.logits[0], among.logits[0], rtol=1e-4, atol=1e-4)
    assert alone.weights["ps_by_eeg"].shape[2:] == (2, 2)


def test_half_precision_trains(make_trial):
    sides = (told_by(make_trial, "eeg", n, i, f"s{i}") for i, n in enumerate((12, 6)))
    model = net()
    history = fit(model, *sides, "abc", replace(QUICK, epochs=2, precision="bf16"), seed=0)
    assert len(history) == 2 and all(p.dtype == torch.float32 for p in model.parameters())


def test_streams_are_those_that_the_modalities_allow():
    def config(**kw):
        return MMMEConfig(**kw).streams

    assert config() == STREAMS
    assert config(modalities=["colour", "flow", "ps"]) == ("video", "ps")
    assert config(modalities=("flow", "eeg"), streams=("eeg",)) == ("eeg",)
    for unread in (("colour", "ps"), ("flow", "eeg"), ("colour", "depth", "ps", "flow")):
        with pytest.raises(MepsError, match="no stream reads (colour|flow|depth); video reads"):
            config(modalities=unread)
    assert config(modalities=("flow",), video_differences=False) == ("video",)
    assert config(streams=["ps", "video"]) == ("video", "ps")
    assert MMMEConfig(streams=("ps", "eeg")).contrastive.pairs == (("eeg", "ps"),)
    assert MMMEConfig(streams=("ps",)).contrastive.pairs == ()
    for wrong in (
        {"streams": ("face",)},
        {"streams": ()},
        {"streams": ("ps", "ps")},
        {"modalities": ("flow",)},
        {"streams": ("eeg",), "modalities": ("ps",)},
    ):
        with pytest.raises(MepsError, match="streams=.* of modalities="):
            MMMEConfig(**wrong)


def test_settings_that_cannot_be_or_decide_nothing_are_refused():
    wrong = [{"n_classes": 1}, {"dim": 1}, {"heads": 0}, {"dropout": 1}, {"flow_clip": 0}]
    wrong += [{"nam": "yes"}, {"video_differences": 1}, {"ps_names": ()}, {"eeg_widths": 3}]
    wrong += [{"nam_penalty": -1}, {"attention": "both"}, {"n_eeg": 0}, {"head_width": 0}]
    idle = [{"nam": False, "nam_penalty": 1.0}, {"contrastive_weight": 0, "contrastive": {}}]
    idle += [{"streams": ("ps",), name: 3} for name in ("eeg_kernel", "video_width", "heads")]
    idle += [{"attention": "none", "heads": 2}, {"streams": ("ps",), "attention": "self"}]
    idle += [{"streams": ("eeg",), "ps_step_s": 3.0}]
    nothing = dict.fromkeys(("diversity", "consistency", "sample"), 0)
    idle += [{"contrastive_weight": 0, "joint": False}, {"contrastive": nothing, "joint": False}]
    wrong += [{"joint": 1}]
    for settings in wrong + idle:
        with pytest.raises(MepsError, match=list(settings)[-1]):
            MMMEConfig(**settings)
    with pytest.raises(MepsError, match="dim=10; expected a multiple of heads=4"):
        build("mmme", dim=10)
    for alone in ({"attention": "none"}, {"streams": ("ps",)}):
        assert build("mmme", dim=10, **alone).config.dim == 10


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"contrastive": {"sampel": 0}}, "expected some of .*sample"),
        ({"contrastive": 3}, "expected some of"),
        ({"contrastive": "sample"}, "expected some of"),
        ({"contrastive": 0}, "expected some of"),
        ({"contrastive": {"pairs": 3}}, "pairs=3; expected pairs of two streams"),
        ({"contrastive": {"pairs": (("video", "face"),)}}, "pairs.*face.*expected two of video"),
        ({"contrastive": {"pairs": [["video", "eeg"]]}, "streams": ("eeg", "ps")}, "two of eeg"),
        ({"contrastive": {"pairs": (("video", "eeg"), ("eeg", "video"))}}, "each once"),
        (
            {"contrastive": {"diversity": 0, "consistency": 0, "over_pairs": "mean"}},
            "over_pairs.*without effect",
        ),
        (
            {"contrastive": {"diversity": 0, "consistency": 0, "sample": 0}}
            | {"contrastive_weight": 3},
            "contrastive_weight=3 is without effect",
        ),
        (
            {"contrastive": {"diversity": 0, "consistency": 0, "pairs": (("video", "ps"),)}},
            "pairs are without effect",
        ),
        ({"video_differences": False}, r"give modalities=\('eeg', 'ps', 'flow'\)"),
        ({"streams": (["ps"],)}, "expected a tuple or a list of str"),
        ({"eeg_widths": ("a",)}, "expected a tuple or a list of int"),
        ({"ps_names": ("EDA", "EDA")}, "each once"),
        ({"ps_step_s": 0}, "ps_step_s"),
        ({"ps_sfreq": 0}, "ps_sfreq"),
        ({"streams": ("ps",), "video_differences": False}, "video is not among the streams"),
    ],
)
def test_settings_are_refused_in_words(settings, message):
    with pytest.raises(MepsError, match=message):
        MMMEConfig(**settings)


def test_each_step_of_motion_needs_a_frame_more(make_trial):
    flow = torch.randn(4, 3, 28, 28)
    short = having(make_trial, 0, n_frames=4, flow=flow)
    with pytest.raises(MepsError, match="'clip0' has 4 frames; 4 steps of motion need 5"):
        net()(collate([short], "abc"))
    net()(collate([having(make_trial, 0, n_frames=5, flow=flow)], "abc"))


def test_the_tcn_has_the_kernel_that_was_asked_for():
    reaches = [net(eeg_kernel=k).streams["eeg"].tcn.receptive_field for k in (2, 5)]
    assert reaches == [1 + 2 * (k - 1) * (2**2 - 1) for k in (2, 5)]


def test_of_a_single_map_each_trial_has_its_own_apex(make_trial, taught):
    """Also where others of the batch have no video at all."""
    maps = torch.randn(2, 1, 3, 12, 12, generator=torch.Generator().manual_seed(0))
    some = [having(make_trial, 1, ("ps", "eeg"))]
    some += [having(make_trial, 0, n_frames=6, apex=1, flow=maps[0])]
    some += [having(make_trial, 2, n_frames=6, apex=4, flow=maps[1])]
    model = taught(some)
    alone = torch.cat([model(collate([t], "abc")).logits for t in some])
    torch.testing.assert_close(model(collate(some, "abc")).logits, alone, rtol=1e-4, atol=1e-5)


def test_trials_without_a_stream_enter_none_of_its_contrastive_terms(make_trial, taught):
    some = [having(make_trial, k) for k in range(4)] + [having(make_trial, 4, ("ps", "eeg"))]
    model = taught(some)
    batch = collate(some, "abc")
    out = model(batch)
    assert out.present["video"].tolist() == [True] * 4 + [False]
    told = model.extra_loss(out, batch.label)
    out.embeddings["video"] = out.embeddings["video"].clone()
    out.embeddings["video"][4] = 9.0
    assert torch.equal(model.extra_loss(out, batch.label), told)


def test_trials_that_no_stream_can_read_are_refused(make_trial):
    model = net()
    with pytest.raises(
        MepsError, match="'clip1' has colour and 5 frames; .*video reads flow and c"
    ):
        model(
            collate([having(make_trial, 0), make_trial(1, ("colour",), n_frames=5, size=12)], "abc")
        )
    with pytest.raises(MepsError, match="'clip0' .* 1 frames.*two frames or more"):
        model(collate([having(make_trial, 0, n_frames=1)], "abc"))
    with pytest.raises(MepsError, match="EEG of 4 rows at 1.0 Hz; expected n_eeg=5"):
        net(n_eeg=5)(collate([having(make_trial, 0)], "abc"))
    with pytest.raises(
        MepsError, match="EEG of 4 rows at 250.0 Hz; .* eeg_bands of meps_lab.prepare"
    ):
        model(collate([having(make_trial, 0, eeg_sfreq=250.0)], "abc"))
