"""`meps doctor`: each measurement against something known, each rule reached, what is refused."""

import importlib
import json
import re
import shutil
from dataclasses import replace

import neurokit2 as nk
import numpy as np
import pytest
import torch
import tyro
from scipy.ndimage import gaussian_filter, shift
from scipy.stats import f_oneway

from meps_lab.cli import main as cli
from meps_lab.cli.doctor import Doctor, open_again
from meps_lab.cli.loso import Loso
from meps_lab.experiments import ExperimentConfig, run
from meps_lab.experiments.doctor import (
    CHECKS,
    FAULTS,
    config_of,
    diagnose,
    faults,
    findings,
    report,
)
from meps_lab.experiments.examination import examine, given_away, learning_numbers, widened
from meps_lab.experiments.examine_frames import (
    cells,
    frame_numbers,
    movement,
    noise_deviation,
    twin_numbers,
)
from meps_lab.experiments.examine_signals import (
    explained,
    faster,
    guide_numbers,
    likely_order,
    look,
    signal_numbers,
)
from meps_lab.experiments.finished import read_run
from meps_lab.prepare import PrepareConfig, PreparedDataset
from meps_lab.simulate import Scenario, save_dataset, simulate_cohort
from meps_lab.simulate.layouts import write_layout
from meps_lib.errors import MepsError
from meps_lib.models import build
from meps_lib.models.meps_config import MEPSConfig
from meps_lib.signals.rates import polyphase
from meps_lib.training import TrainConfig
from meps_lib.trial import Trial
from tests.lab.experiments.test_report import answers, keep

RATE = 64.0
SIZE, T = 40, 7


def face(seed, side=SIZE):
    """A smooth picture, as a face is, (H, W)."""
    x = gaussian_filter(np.random.default_rng(seed).normal(size=(side, side)), 4)
    return 0.5 + 0.1 * x / x.std()


def clip(pictures, subject="a", name="a", label="x"):
    grey = torch.from_numpy(np.asarray(pictures)).float().clamp(0, 1)
    colour = grey[:, None].expand(-1, 3, -1, -1).contiguous()
    return Trial(label=label, subject=subject, clip=name, fps=30.0, colour=colour)


def body(x, names=("EDA", "ECG", "PPG"), label="x", subject="a", start=-3.0, units=None):
    units = units or ("uS", "mV", "a.u.")[: len(names)]
    about = {"ps_names": names, "ps_units": units, "ps_sfreq": RATE, "ps_start": start}
    ps = torch.from_numpy(np.asarray(x)).float()
    return Trial(label=label, subject=subject, clip=f"{subject}{label}", ps=ps, **about)


@pytest.fixture(scope="module")
def waves():
    """Skin conductance, ECG and PPG of other authors, ten seconds each."""
    how = {"duration": 10, "sampling_rate": int(RATE), "random_state": 3}
    eda = 2 + nk.eda_simulate(**how, scr_number=2, noise=0)
    beats = {"heart_rate": 70, **how}
    ecg = nk.ecg_simulate(**beats, method="ecgsyn", noise=0)
    return np.stack([eda, ecg, nk.ppg_simulate(**beats)])


# Frames


@pytest.mark.parametrize("sigma", [0.01, 0.1])
def test_pixel_noise_is_found_under_a_movement(sigma):
    noise = np.random.default_rng(0).normal(0, sigma, (200, 200))
    assert noise_deviation(noise) == pytest.approx(sigma, rel=0.02)
    slope = np.linspace(0, 1, 200)[None] * np.linspace(0, 1, 200)[:, None]
    assert noise_deviation(slope + noise) == pytest.approx(sigma, rel=0.02)


def test_share_of_noise_in_a_change_is_that_which_was_put_in():
    first, rng = face(0, 200), np.random.default_rng(1)
    move = 0.02 * (face(2, 200) - 0.5) / 0.1  # of rms 0.02
    moved = np.stack([first, first + move])
    assert movement(moved)[1] < 0.01
    noise = rng.normal(0, 0.02 / 2**0.5, moved.shape)  # of rms 0.02 in the difference
    assert movement(moved + noise)[1] == pytest.approx(0.5, abs=0.03)
    assert movement(first + rng.normal(0, 0.1, (3, 200, 200)))[1] == pytest.approx(1, abs=0.03)
    assert movement(np.stack([first, first])) == (pytest.approx([0, 0]), 0.0)


def test_movement_is_of_the_face_and_not_of_head_or_light():
    first = face(3)
    patch = np.zeros((SIZE, SIZE))
    patch[16:24, 16:24] = 0.05  # one cell of 25
    energy, _ = movement(np.stack([first, first + patch, first]))
    assert energy[1] == pytest.approx(0.05**2 / 25, rel=0.15) and energy[0] == energy[2] == 0
    head = movement(np.stack([first, shift(first, (0.3, -0.2), mode="nearest")]))[0]
    light = movement(np.stack([first, 1.05 * first + 0.02]))[0]
    assert head[1] < 0.02 * energy[1] and light[1] < 1e-9
    noise = np.random.default_rng(0).normal(0, 0.02, (2, 20, SIZE, SIZE))
    of_noise = 2 * 0.02**2 * 25 / SIZE**2  # of the mean of a cell, in a difference
    assert movement(first + noise[0])[0][1:].mean() < of_noise
    noise[1, 1:] += patch
    moved = movement(first + noise[1])[0][1:].mean()
    assert moved == pytest.approx(energy[1], rel=0.4)


def test_cells_are_means():
    x = np.arange(100.0).reshape(10, 10)
    assert cells(x).shape == (5, 5) and cells(x)[0, 0] == np.mean([0, 1, 10, 11])


@pytest.mark.parametrize(
    ("args", "value"), [({"fusion": "uniform"}, 1.0), ({"fusion": "apex-only"}, T)]
)
def test_weights_are_compared_with_even_ones(args, value):
    """All movement in the middle frame: one frame alone sees T times what the mean of all does."""
    first, patch = face(4), np.zeros((SIZE, SIZE))
    patch[8:16, 8:16] = 0.1
    trial = clip([first + patch * (k == T // 2) for k in range(T)])
    model = build("meps", modalities=("colour",), grid=5, **args)
    assert frame_numbers([trial], model)["fusion"] == pytest.approx(value, rel=1e-3)
    assert frame_numbers([], model) == {}
    early = build("meps", modalities=("colour",), grid=5, fusion_centre=0.0, fusion_width=0.3)
    assert frame_numbers([trial], early)["fusion"] < 0.01


def people(n=4, each=3):
    rng, trials = np.random.default_rng(7), []
    for s in range(n):
        for k in range(each):
            moved = shift(face(20 + s), rng.normal(0, 0.5, 2), mode="nearest")
            light = 1 + rng.normal(0, 0.05)
            pictures = light * moved + rng.normal(0, 0.01, (3, SIZE, SIZE))
            trials.append(clip(pictures, f"s{s}", f"s{s}_{k}"))
    return trials


def test_one_face_under_two_names_is_noticed_and_a_copy():
    trials = people()
    assert twin_numbers(trials)["twins"] > 2
    renamed = [*trials[:2], replace(trials[2], subject="other"), *trials[3:]]
    assert 0 < twin_numbers(renamed)["twins"] < 1
    copied = [*trials[:3], replace(trials[0], subject="s1", clip="new"), *trials[4:]]
    assert twin_numbers(copied)["twins"] == pytest.approx(0, abs=1e-6)
    assert twin_numbers(trials[:3]) == twin_numbers(trials[::3]) == twin_numbers([]) == {}


# Signals


def test_a_look_is_that_of_waves():
    t = (np.arange(640) + 0.5) / RATE  # cosines that go on where they are mirrored

    def wave(hz):
        return np.cos(2 * np.pi * hz * t)

    beat = look(wave(1), RATE)
    assert beat["slow"] == pytest.approx(0, abs=1e-9) and beat["bursts"] == pytest.approx(1)
    assert beat["peaked"] == pytest.approx(-1.5) and beat["noise"] == pytest.approx(0, abs=1e-9)
    both = look(wave(1) + 2 * wave(0.1) + wave(5), RATE)
    assert both["slow"] == pytest.approx(2 / 3) and both["noise"] == pytest.approx(0.5**0.5)
    burst = look(wave(4) * np.where((t >= 4) & (t < 5), 3, 1), RATE)
    assert burst["bursts"] == pytest.approx(3, rel=0.05)
    assert look(np.ones(100), RATE) == {"slow": 1, "peaked": 0, "bursts": 1, "noise": 0}
    assert faster(3 + wave(1) + wave(3), RATE, 2.0) == pytest.approx(wave(3))
    assert faster(t, RATE, 3.0).std() < 0.01  # a slope has no jump at its end


@pytest.mark.parametrize(
    "order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
)
def test_signals_of_another_simulator_are_known_by_their_looks(waves, order):
    names = np.array(["EDA", "ECG", "PPG"])
    looks = {name: look(waves[k], RATE) for name, k in zip(names, order, strict=True)}
    assert likely_order(looks) == tuple(names[list(order)])
    found = signal_numbers([body(waves[list(order)])])
    assert found["other names"] == (order != (0, 1, 2))


def test_two_signals_or_one_are_examined_as_far_as_they_go(waves):
    swapped = signal_numbers([body(waves[[2, 1]], ("ECG", "PPG"))])
    assert swapped["other names"] == 1 and "skin noise" not in swapped
    alone = signal_numbers([body(waves[:1], ("EDA",), units=("uS",))])
    assert set(alone) == {"constant", "skin noise"} and alone["skin noise"] < 0.02
    assert signal_numbers([body(waves[:1], ("EDA",), units=("V",))]) == {"constant": 0}
    assert signal_numbers([body(waves[:1], ("SKT",))]) == signal_numbers([]) == {}


def test_drift_bursts_and_noise_are_told_apart(waves):
    clean, rng = signal_numbers([body(waves)]), np.random.default_rng(0)
    t = np.arange(waves.shape[1]) / RATE
    spread = waves.std(axis=1, keepdims=True)
    drifts = signal_numbers([body(waves + 3 * spread * np.sin(2 * np.pi * 0.2 * t))])
    assert clean["drift"] < 0.2 < 0.8 < drifts["drift"]
    moved = waves + 5 * spread * np.sin(2 * np.pi * 3 * t) * ((t > 4) & (t < 5))
    assert signal_numbers([body(moved)])["bursts"] > 1.5 > clean["bursts"]
    noisy = waves + rng.normal(0, 0.05, waves.shape)
    expected = 0.05 * (29 / 32) ** 0.5  # 3 Hz to 32 Hz of white noise
    assert signal_numbers([body(noisy)])["skin noise"] == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("level", [0.0, 5.3])
def test_a_constant_signal_is_told_as_such_and_not_as_drift_or_another_name(waves, level):
    still = waves.copy()
    still[1] = polyphase(np.full((1, 2000), level), 200.0, RATE)[0]  # with the ripples of a filter
    alive, off = signal_numbers([body(waves)]), body(still)
    assert signal_numbers([body(waves), off, off]) == alive | {"constant": pytest.approx(2 / 3)}
    assert signal_numbers([off]) == {"constant": 1}
    assert faults(findings(INSIDE | {"constant": 1})) == ["guide without information"]


def test_shares_explained_are_those_of_an_analysis_of_variance():
    rng, labels = np.random.default_rng(0), np.repeat(["a", "b", "c"], [5, 7, 9])
    x = rng.normal(size=(21, 4)) + (labels == "c")[:, None] * np.arange(4)
    f = f_oneway(*(x[labels == c] for c in "abc")).statistic
    assert explained(x, labels) == pytest.approx(2 * f / (2 * f + 18))
    assert explained(np.ones((21, 1)), labels) == [0]
    codes = np.unique(labels, return_inverse=True)[1][:, None].astype(float)
    assert explained(codes, labels) == pytest.approx([1])


def responding(strength, n=8, seed=0, level=50.0):
    """People of very different levels and answers, whose EDA rises with the class as well."""
    rng, t = np.random.default_rng(seed), np.arange(0, 10, 1 / RATE) - 3
    trials = []
    for s in range(n):
        offset, own = level * rng.normal(), 5 * rng.normal()
        for k, label in enumerate("abcabc"):
            rise = (strength * "abc".index(label) + own + rng.normal()) * (t > 1.5)
            x = np.stack([offset + rise, rng.normal(size=len(t)), rng.normal(size=len(t))])
            trials.append(replace(body(x, label=label, subject=f"s{s}"), clip=f"s{s}_{k}"))
    return trials


def test_a_guide_with_information_stands_out_from_exchanged_labels():
    assert guide_numbers(responding(2.0))["guide"] > 6
    nothing = [guide_numbers(responding(0.0, seed=k))["guide"] for k in range(12)]
    assert abs(np.mean(nothing)) < 1 and np.std(nothing) == pytest.approx(1, abs=0.6)
    late = [replace(t, ps_start=0.0) for t in responding(2.0)]  # nothing before the clip
    short = [replace(t, ps=t.ps[:, :300]) for t in responding(2.0)]
    assert guide_numbers(late) == guide_numbers(short) == guide_numbers([]) == {}


def test_a_guide_is_not_looked_for_where_nothing_can_be_known_of_it():
    trials = responding(2.0, n=5)
    assert len(trials) == 30 and guide_numbers(trials)["guide"] > 3
    assert guide_numbers(trials[1:]) == {}
    one_class = [replace(t, label=t.subject) for t in trials]
    still = [replace(t, ps=torch.full_like(t.ps, 0.7)) for t in trials]
    assert guide_numbers(one_class) == guide_numbers(still) == {}


def test_what_gives_the_label_away_is_found():
    trials = responding(0.0)
    assert given_away(trials)["given away"] < 0.5
    code = [
        replace(t, ps=t.ps + 50 * "abc".index(t.label) * (torch.arange(640) > 192)) for t in trials
    ]
    assert given_away(code)["given away"] > 0.95
    clips = [replace(t, label="abc"[k % 3]) for k, t in enumerate(people(6))]
    assert given_away(clips)["given away"] < 0.6
    for k, t in enumerate(clips):
        t.colour[1:, :, :6, :6] += 0.2 * (k % 3)
    assert given_away(clips)["given away"] > 0.95
    assert given_away([]) == {}


def test_the_best_of_many_numbers_is_not_told_of_few_trials():
    few = people(6)[:17]
    signals = responding(0.0, n=3)
    assert len(signals) == 18 and given_away(signals)["given away"] < 0.75
    assert given_away(few) == given_away(signals[:17]) == {}
    assert given_away([*few, *signals]) == given_away(signals)


# Learning


def bodies(epochs, **args):
    """An experiment with signals whose class is plain."""
    trials = responding(20.0, n=6, level=0.0)
    cohort = simulate_cohort(6, 6)
    cohort.index["subject"] = [t.subject for t in trials]
    cohort.classes = ("a", "b", "c")
    cohort.index["label"] = [t.label for t in trials]
    data = PreparedDataset.__new__(PreparedDataset)
    data.trials, data.index, data.classes, data.lost = trials, cohort.index, cohort.classes, ()
    config = ExperimentConfig(
        modalities=("ps",), model_args=args, train=TrainConfig(epochs=epochs, device="cpu")
    )
    return data, config


def test_epochs_and_width_are_told_apart():
    enough, model = learning_numbers(*bodies(10))
    assert enough["epochs"] < 0.1 and enough["encoder"] == 0 and not model.training
    few, _ = learning_numbers(*bodies(1))
    assert few["epochs"] > 0.4 and few["encoder"] == 0
    narrow, model = learning_numbers(*bodies(10, dim=2, ps_width=1))
    assert narrow["encoder"] > 0.2 and narrow["epochs"] < 0.1 and model.config.dim == 2


def test_widths_grow_to_the_library_s_own_and_never_shrink():
    small = ExperimentConfig(model_args={"dim": 6, "heads": 3, "ps_width": 99, "query": "content"})
    wide = {"dim": 32, "heads": 4, "ps_width": 99, "query": "content"}
    assert widened(small).model_args == wide
    large = ExperimentConfig(model_args={"dim": 60, "heads": 6})
    assert widened(large) == large and widened(ExperimentConfig()) == ExperimentConfig()
    s2 = ExperimentConfig(model="mmme", model_args={"video_width": 1, "dim": 40, "joint": True})
    assert widened(s2).model_args == {"video_width": 4, "dim": 40, "joint": True}


def test_s2_is_examined_and_weighs_no_frames(make_trial, tmp_path):
    """Every measurement of a body alone, and of a face that no fusion weighs."""
    config = ExperimentConfig(
        model="mmme",
        modalities=("ps",),
        model_args={"dim": 8},
        prepare=PrepareConfig(ps_sfreq=32.0),
        train=TrainConfig(epochs=1),
    )
    data = simulate_cohort(5, 6, seed=3)
    run(data, config, tmp_path / "s2", progress=False)
    found = {one.check.number: one.value for one in diagnose(tmp_path / "s2", data)}
    assert found["encoder"] is not None and found["guide"] is not None and found["fusion"] is None
    trial = make_trial(0, ("colour",), n_frames=4, flow=torch.randn(2, 3, 12, 12))
    model = build("mmme", modalities=("colour", "flow"))
    assert set(frame_numbers([trial], model)) == {"frame noise"}


# From numbers to words

INSIDE = {
    **{"score": 0.5, "given away": 0.5, "twins": 1.5, "other names": 0.1, "drift": 0.2},
    **{"bursts": 1.3, "skin noise": 0.01, "frame noise": 0.5, "fusion": 1.5, "encoder": 0.0},
    **{"epochs": 0.05, "guide": 8.0, "constant": 0.0},
}


def outside(check):
    return check.high + 0.01 if check.high < np.inf else check.low - 0.01


def test_nothing_stands_out_in_a_healthy_study():
    found = findings(INSIDE)
    assert len(found) == len(CHECKS) == len(INSIDE) and faults(found) == []
    assert report(found).endswith("healthy: nothing stands out")
    assert faults(findings({})) == [] and "not measured" in report(findings({}))
    assert "can hide a fault" in report(findings({})) and "hide" not in report(found)
    nan = findings(dict.fromkeys(INSIDE, np.nan))
    assert faults(nan) == [] and report(nan) == report(findings({}))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.number)
def test_each_check_reaches_its_fault(check):
    found = findings(INSIDE | {check.number: outside(check)})
    assert faults(found) == [check.fault]
    what, remedy = FAULTS[check.fault]
    assert f"most probable: {check.fault}. {what}\n    {remedy}" in report(found)
    line = next(x for x in report(found).splitlines() if x.startswith(check.what))
    assert line.endswith(check.fault)


def test_every_fault_has_a_check_and_what_disturbs_others_is_named_first():
    assert {check.fault for check in CHECKS} == set(FAULTS)
    worst = {check.number: outside(check) for check in CHECKS}
    assert faults(findings(worst)) == list(FAULTS)
    swapped = INSIDE | {"other names": 0.9, "drift": 0.9}
    assert faults(findings(swapped)) == ["swapped channels", "signals undenoised"]
    assert "also possible: signals undenoised" in report(findings(swapped))


def test_what_a_remedy_names_exists():
    """The command takes every option, and the model is built with every field."""
    remedies = " ".join(remedy for _, remedy in FAULTS.values())
    options = {o.replace("-", "_") for o in re.findall(r"--([a-z-]+)", remedies)}
    assert options == {"model_args", "fusion", "epochs"} <= set(vars(Loso()))
    asked = re.findall(r"--model-args (?:\w+=[\w.]*\w ?)+", remedies)
    assert len(asked) == 3
    for one in asked:
        given = tyro.cli(Loso, args=one.split())._model_args()
        model = "mmme" if "video_width" in given else "meps"
        assert given and build(model, **given)
    for value in re.findall(r"--fusion (\w+)", remedies):
        assert build("meps", fusion=tyro.cli(Loso, args=["--fusion", value]).fusion)
    own = MEPSConfig()
    assert f"dim={own.dim} backbone_width={own.backbone_width} ps_width={own.ps_width}." in remedies
    for path in re.findall(r"meps_lib\.(\w+)\.(\w+)", remedies):
        assert hasattr(importlib.import_module(f"meps_lib.{path[0]}"), path[1])


def test_only_what_was_measured_is_said_of_the_signals():
    assert "clean" not in FAULTS["guide without information"][0]


# From a folder

LOSO = ["loso", "--modalities", "ps", "--n-validation", "1", "--epochs", "1", "--device", "cpu"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run on trials simulated on the way, and one on a folder of them."""
    out = tmp_path_factory.mktemp("doctor")
    assert cli.main([*LOSO, "--subjects", "4", "--trials", "3", "--out", str(out / "ps")]) == 0
    cohort = simulate_cohort(5, 6, seed=5, scenario=Scenario(size=32, n_frames=8))
    root = save_dataset(cohort, out / "cohort", progress=False)
    both = [*LOSO, "--modalities", "colour", "ps", "--size", "32", "--model-args", "grid=4"]
    assert cli.main([*both, "--root", str(root), "--out", str(out / "both")]) == 0
    return out


def test_a_run_is_examined_from_its_folder_alone(made, capsys):
    Doctor(made / "ps").run()
    printed = capsys.readouterr().out
    assert printed.startswith("data: simulated, scenario default, seed 0; 12 trials, 4 people")
    assert "most probable: too few epochs" in printed
    assert "movement under weights / even ones   not measured" in printed
    with pytest.raises(MepsError, match="--root goes with data that lie somewhere"):
        Doctor(made / "ps", made).run()


def test_a_folder_that_moved_is_named_with_root(made, tmp_path, capsys):
    moved = shutil.copytree(made / "cohort", tmp_path / "moved")
    out = edited(made / "both", tmp_path, origin={"root": str(tmp_path / "gone")})
    with pytest.raises(MepsError, match="cannot be opened again: .*gone.*said with --root"):
        Doctor(out).run()
    Doctor(out, moved).run()
    lines = capsys.readouterr().out.splitlines()
    assert not any("not measured" in line for line in lines)
    shutil.rmtree(moved / "trials")
    with pytest.raises(MepsError, match="is missing"):
        Doctor(out, moved).run()


def test_what_is_measured_is_the_data_of_the_run(made):
    run = read_run(made / "both")
    config = config_of(run, made / "both")
    assert config.prepare == PrepareConfig(size=32) and config.train.epochs == 1
    data = open_again(run.record["origin"])
    numbers = examine(PreparedDataset(data, config.prepare, config.modalities), config, run.table)
    assert findings(numbers) == diagnose(made / "both", data)
    assert numbers["score"] == (run.table["truth"] == run.table["prediction"]).mean()
    with pytest.raises(MepsError, match=r"class '.*', was tested in both, and is not in the data"):
        diagnose(made / "both", simulate_cohort(4, 3, seed=6))


def edited(folder, tmp_path, **changes):
    """A copy of a run's folder with another record."""
    out = shutil.copytree(folder, tmp_path / "edited")
    record = json.loads((out / "config.json").read_text())
    record["config"] |= changes.pop("config", {})
    (out / "config.json").write_text(json.dumps(record | changes))
    return out


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"origin": {}}, "does not say how the data were opened .origin empty.*diagnose takes"),
        ({"origin": {"url": "x"}}, "does not say how the data were opened .origin url"),
        ({"origin": {"scenario": "default"}}, "origin: KeyError.'seed'"),
        ({"origin": {"kind": "table", "root": "clips.csv", "index": {}}}, "own clips lie.*--root"),
        ({"origin": {"kind": "smic", "root": "gone"}}, "origin: KeyError.'index'"),
        ({"config": {"model": "ststnet"}}, "the model is ststnet; what its failures look like"),
        ({"config": {"prepare": {"width": 3}}}, "config: TypeError.*another version.*run the exp"),
        ({"config": {"colour": 3}}, "config: TypeError.*another version: run the experiment again"),
    ],
)
def test_what_cannot_be_opened_again_is_refused(made, tmp_path, changes, told):
    with pytest.raises(MepsError, match=told):
        Doctor(edited(made / "ps", tmp_path, **changes)).run()


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(MepsError, match="predictions.parquet is missing; expected a folder"):
        Doctor(tmp_path).run()
    other = keep(tmp_path / "made", answers())
    with pytest.raises(MepsError, match="config: KeyError.'prepare'.*another version"):
        Doctor(other).run()


def test_splits_of_a_file_are_read_from_what_the_run_left(made, tmp_path):
    gone = {"protocol": "file", "split_file": "gone.json", "seeds": [0]}
    out = edited(made / "ps", tmp_path, config=gone)
    assert config_of(read_run(out), out).split_file == out / "splits_seed0.json"
    Doctor(out).run()


def test_a_data_set_s_files_are_opened_again(tmp_path, capsys):
    root = tmp_path / "smic"
    write_layout("smic", root, n_subjects=4, trials=3, size=48)
    out = ["--crop", "frame", "--size", "32", "--out", str(tmp_path / "out")]
    colour = ["--modalities", "colour", "--model-args", "grid=4", *out]
    asked = [*LOSO[:1], *LOSO[3:], "--data", "smic", "--root", str(root), "--any-counts", *colour]
    assert cli.main(asked) == 0
    moved = root.rename(tmp_path / "moved")
    with pytest.raises(MepsError, match="cannot be opened again: .*said with --root"):
        Doctor(tmp_path / "out").run()
    capsys.readouterr()
    Doctor(tmp_path / "out", moved).run()
    assert "simulated in the layout of SMIC" in capsys.readouterr().out
