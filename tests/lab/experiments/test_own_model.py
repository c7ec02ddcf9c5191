"""A model of one's own: what is wrong with it is told, with the line, before anything starts."""

import json
from dataclasses import replace

import pandas as pd
import pytest
import torch

from meps_lab.cli import main as cli
from meps_lab.experiments import ExperimentConfig, folds, make_model, run
from meps_lab.experiments.own_check import OwnModelWarning
from meps_lab.prepare import PreparedDataset
from meps_lib.errors import MepsError
from meps_lib.training import TrainConfig
from meps_lib.trial import Trial

MODEL = """\
import torch
from torch import nn

from meps_lib.models.output import Output


class Mine(nn.Module):
    def __init__(self, n_classes, ps_names, hidden=4):
        super().__init__()
        self.conv = nn.Conv1d(len(ps_names), hidden, 9)
        self.head = nn.Linear(hidden, n_classes)

    def fit_scales(self, batches):
        self.scale = max(batch.ps.abs().max() for batch in batches)

    def forward(self, batch):
        x = self.conv(batch.ps / self.scale).relu().mean(dim=-1)
        return Output(self.head(x))
"""


class Waves:
    """Four people, four clips each: the class is a slow or a fast wave."""

    classes, note = ("slow", "fast"), "waves"

    def __init__(self, lengths=(64,)):
        rows = [(s, f"{s}{k}", self.classes[k % 2]) for s in "abcd" for k in range(4)]
        self.index = pd.DataFrame(rows, columns=["subject", "clip", "label"])
        self.lengths, self.opened = lengths, []

    def __len__(self):
        return len(self.index)

    def __getitem__(self, k):
        self.opened.append(k)
        row, n = self.index.iloc[k], self.lengths[k % len(self.lengths)]
        x = torch.sin(torch.arange(n) / (3 if row.label == "fast" else 9) + k)[None]
        return Trial(
            **row.to_dict(), ps=x.float(), ps_names=("EDA",), ps_units=("uS",), ps_sfreq=64.0
        )


@pytest.fixture
def own(tmp_path):
    """A function: the model's file with pieces replaced, and an experiment with it."""

    def make(*changes, name="Mine", **settings):
        text = MODEL
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "mine.py").write_text(text)
        config = {"modalities": ("ps",), "n_validation": 1, "train": TrainConfig(epochs=1)}
        prepare = replace(ExperimentConfig().prepare, ps_names=("EDA",))
        config |= {"prepare": prepare} | settings
        return ExperimentConfig(model=f"{tmp_path / 'mine.py'}:{name}", **config)

    return make


def test_a_model_of_ones_own_is_trained_and_asked(own):
    config = own(train=TrainConfig(epochs=60), model_args={"hidden": 8})
    table = run(Waves(), config, progress=False)
    assert len(table) == 16 and (table.truth == table.prediction).mean() > 0.9
    again = run(Waves(), config, progress=False)
    pd.testing.assert_frame_equal(table, again, check_exact=True)


def test_two_processes_load_the_file_each_and_give_the_same(own):
    config = own()
    one, two = (run(Waves(), replace(config, n_jobs=n), progress=False) for n in (1, 2))
    pd.testing.assert_frame_equal(one, two, check_exact=True)


def test_the_factory_gets_what_it_names_and_all_that_is_told(own, tmp_path):
    text = "\ndef make(**given):\n    print(sorted(given.items()))\n    return Mine(2, ('EDA',))\n"
    config = own(("\nclass Mine", f"{text}\n\nclass Mine"), name="make", model_args={"x": 1})
    seen = []
    module = folds.build_own.__globals__
    module["_module"](tmp_path / "mine.py", config.model_code["mine.py"]).print = seen.append
    make_model(config, ("a", "b"), seed=0)
    given = {"n_classes": 2, "modalities": ("ps",), "ps_names": ("EDA",), "ps_sfreq": 64.0, "x": 1}
    assert seen == [sorted(given.items())]
    assert make_model(own(model_args={"hidden": 7}), "ab", seed=0).conv.out_channels == 7


HEAD = "        return Output(self.head(x))\n"
OF_ALL = r"mine.py: torch.set_\w+ holds for all that runs"
FORWARD = "        x = self.conv(batch.ps / self.scale).relu().mean(dim=-1)\n"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("import torch\n", "import torch\nimport nowhere_at_all\n", r"line 2: ModuleNotFoundError"),
        ("import torch\n", "import torch\nx = (\n", r"mine.py, line \d+: no Python: "),
        ("import torch\n", "import torch\nraise SystemExit(3)\n", "line 2: SystemExit: 3"),
        ("class Mine", "class Other", r"mine.py: no Mine to call; it defines Other$"),
        (
            "n_classes, ps_names",
            "classes, ps_names",
            r"missing a required argument: 'classes'; a f",
        ),
        ("super().__init__()", "super().__init__(); 1 / 0", "line 9: ZeroDivisionError"),
        ("(nn.Module)", "", "mine.py: Mine gives a Mine; expected a torch.nn.Module"),
        ("Output(self.head(x))", "self.head(x)", "forward gives a Tensor; expected an Output"),
        (
            "n_classes)\n\n    def fit",
            "3)\n\n    def fit",
            r"logits are \(4, 3\) .*expected \(4, 2\)",
        ),
        ("self.head(x)", "self.head(x).argmax(1)", r"logits are \(4,\) torch.int64; expected"),
        ("self.head(x)", "self.head(x) / 0", "logits are (NaN|infinite); expected finite"),
        ("self.head(x)", "self.head(x).detach()", "no parameter gets a gradient from the loss"),
        ("self.head(x)", "self.head(x) * 0", "no parameter gets a gradient from the loss"),
        (
            "self.head(x)",
            "self.head(x - x.mean(dim=0))",
            r"gets logits \[.*\] alone and \[.*among 4",
        ),
        (
            "self.head(x)",
            "self.head(nn.functional.dropout(x))",
            "gets other answers the second time",
        ),
        ("batch.ps /", "batch.eeg /", "line 17: TypeError: unsupported operand"),
        ("max(batch.ps", "max(batch.oh", "line 14: AttributeError: 'Batch' object has no attr"),
        ("import torch\n", "import torch\ntorch.set_default_dtype(torch.float64)\n", OF_ALL),
        ("super().__init__()", "super().__init__(); torch.set_num_threads(7)", OF_ALL),
        ("super().__init__()", "super().__init__(); torch.set_grad_enabled(False)", OF_ALL),
        ("import torch\n", "import torch\ntorch.set_default_device('meta')\n", OF_ALL),
        ("x = self.conv", "batch.label.zero_(); x = self.conv", "writes into batch.label"),
        ("x = self.conv", "batch.label = None; x = self.conv", "writes into batch.label"),
        (
            "self.head(x)",
            "self.head(x) + (x.sum(1, keepdim=True) * 0).sqrt()",
            "a gradient is not finite",
        ),
    ],
)
def test_what_is_wrong_is_told_before_the_data_are_prepared(own, old, new, message, monkeypatch):
    monkeypatch.setattr(folds, "prepared", None)
    config, data = own((old, new)), Waves()
    with pytest.raises(MepsError, match=message) as caught:
        run(data, config, progress=False)
    assert torch.empty(0).dtype == torch.float32 and torch.empty(0).device.type == "cpu"
    assert torch.get_num_threads() != 7 and torch.is_grad_enabled()
    assert "mine.py" in str(caught.value) and "\n" not in str(caught.value)
    assert len(data.opened) <= 4


def test_a_factory_that_does_not_say_what_it_takes(own):
    config = own(("class Mine", "Net = dict\n\n\nclass Mine"), name="Net")
    with pytest.raises(MepsError, match="mine.py: Net does not say what it takes; expected a fun"):
        make_model(config, ("a", "b"), seed=0)


def test_no_parameter_to_learn(own):
    frozen = ("n_classes)\n", "n_classes)\n        self.requires_grad_(False)\n")
    with pytest.raises(MepsError, match="no parameter to learn"):
        run(Waves(), own(frozen), progress=False)


def test_padding_that_counts_is_a_trial_that_sees_its_mates(own):
    """Signals of two lengths: a mean over what fills the shorter one depends on the longer."""
    with pytest.raises(MepsError, match="does padding count"):
        run(Waves((64, 40)), own(), progress=False)


def test_without_fit_scales_it_is_said_and_goes_on(own):
    bare = own(("def fit_scales", "def unused"), ("/ self.scale", "/ 1"))
    with pytest.warns(
        OwnModelWarning, match="mine.py: no fit_scales; the model gets its inputs on"
    ):
        assert len(run(Waves(), bare, progress=False)) == 16


@pytest.mark.parametrize(
    "name", ["mine.py", "mine.txt:Mine", "mine.py:Mine()", "gone.py:Mine", "a:"]
)
def test_a_wrong_name_is_told_when_the_experiment_is_described(name, tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    wanted = "gone.py: cannot be read .No such file" if "gone" in name else "expected FILE.py:NAME"
    with pytest.raises(MepsError, match=wanted):
        ExperimentConfig(model=name)


def test_prepared_trials_are_tried_as_they_are(own):
    config = own()
    data = PreparedDataset(Waves(), config.prepare, ("ps",))
    assert len(run(data, config, progress=False)) == 16
    with pytest.raises(MepsError, match="forward gives"):
        run(data, own(("Output(self.head(x))", "x")), progress=False)


def test_the_file_belongs_to_the_experiment(own, tmp_path, monkeypatch):
    """Its digest stands beside the other code; where the file lies is not written."""
    out, real = tmp_path / "out", folds.fit
    calls = iter(range(100))

    def dies(*args, **kwargs):
        if next(calls) == 2:
            raise KeyboardInterrupt
        return real(*args, **kwargs)

    monkeypatch.setattr(folds, "fit", dies)
    with pytest.raises(KeyboardInterrupt):
        run(Waves(), own(), out, progress=False)
    monkeypatch.setattr(folds, "fit", real)
    record = json.loads((out / "config.json").read_text())
    assert record["code"]["mine.py"] == own().model_code["mine.py"]
    assert record["config"]["model"] == "mine.py:Mine"
    assert str(tmp_path) not in (out / "config.json").read_text()
    changed = own(("hidden=4", "hidden=5"))
    with pytest.raises(MepsError, match="begun with other source of mine.py; .*--accept-changed"):
        run(Waves(), changed, out, progress=False)
    whole = run(Waves(), own(), progress=False)
    with pytest.warns(UserWarning, match="2 of 4 folds are there"):
        table = run(Waves(), own(), out, progress=False)
    pd.testing.assert_frame_equal(table, whole, check_exact=True)


def test_a_file_that_changes_under_a_run_is_refused_by_who_reads_it_later(own):
    config = own()
    own(("hidden=4", "hidden=6"))
    with pytest.raises(MepsError, match="mine.py has changed since this run began"):
        make_model(config, ("a", "b"), seed=0)


def test_from_the_command_line(own, tmp_path, capsys):
    own()
    args = ["loso", "--subjects", "4", "--trials", "3", "--modalities", "ps", "--epochs", "1"]
    args += ["--signals", "EDA", "--n-validation", "1", "--model", f"{tmp_path / 'mine.py'}:Mine"]
    out = tmp_path / "out"
    assert cli.main([*args, "--model-args", "hidden=3", "--out", str(out)]) == 0
    assert "UF1" in capsys.readouterr().out
    config = json.loads((out / "config.json").read_text())["config"]
    assert config["model_args"] == {"hidden": 3}
    for wrong in (["hidden"], ["hidden=3", "hidden=4"], ["a b=3"]):
        assert cli.main([*args, "--model-args", *wrong]) == 2
        assert "expected NAME=VALUE, each name once" in capsys.readouterr().err
    own(("self.head(x)", "self.head(x if len(batch) < 5 else __import__('sys').exit(3))"))
    assert cli.main(args) == 2
    assert "mine.py:Mine ended the process while it was trained (3)" in capsys.readouterr().err
    own()
    assert cli.main([*args, "--model-args", "depth=3"]) == 2
    assert "got an unexpected keyword argument 'depth'" in capsys.readouterr().err
