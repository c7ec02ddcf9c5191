"""`meps info --check`: a machine that is ready says so, one that is not says what to do."""

import sys
from types import SimpleNamespace

import pytest

from meps_lab.cli import main as cli
from meps_lab.cli import ready


def test_a_ready_machine_says_so_at_the_end(capsys):
    assert cli.main(["info", "--check"]) == 0
    *parts, last = capsys.readouterr().out.splitlines()
    assert last == "ready"
    assert [line.split()[1].rstrip(":") for line in parts] == [*ready.PARTS]
    assert all(line.startswith("ok ") for line in parts)


@pytest.mark.parametrize(
    ("part", "spoil", "said"),
    [
        ("packages", lambda m: m.setitem(sys.modules, "torch", None), "tools.setup lab"),
        ("notebooks", lambda m: m.setattr(ready, "find_spec", lambda name: None), "not installed"),
        (
            "disk",
            lambda m: m.setattr(ready, "disk_usage", lambda path: SimpleNamespace(free=2e8)),
            "0.2 GB free; expected 1 at least",
        ),
        (
            "recordings",
            lambda m: m.setattr("meps_lab.recordings.find.available", lambda name: "eda" in name),
            "MEPS_DATA",
        ),
        (
            "training",
            lambda m: m.setattr("meps_lib.training.fit", lambda *a, **k: [{"train_loss": 1.0}] * 2),
            "went from 1.00 to 1.00",
        ),
    ],
)
def test_what_is_missing_is_named_with_what_to_do(monkeypatch, capsys, part, spoil, said):
    quick = {name: lambda: "well" for name in ready.PARTS} | {part: ready.PARTS[part]}
    monkeypatch.setattr(ready, "PARTS", quick)
    with monkeypatch.context() as patch:
        spoil(patch)
        code = cli.main(["info", "--check"])
    told = capsys.readouterr()
    (bad,) = [line for line in told.out.splitlines() if line.startswith("NO ")]
    assert code == 2 and part in bad and said in bad and "ready" not in told.out
    assert told.err == f"meps: not ready: {part}; each line above says what to do\n"
