"""The benchmark of the scores prints a ratio a line, and fails where ours is the slower one."""

import pytest

from benchmarks import metrics


@pytest.mark.parametrize("slower", [False, True])
def test_a_ratio_a_line_and_the_exit_status(slower, monkeypatch, capsys):
    monkeypatch.setattr(metrics, "RUNS", {30: 1})
    times = {True: [2.0, 1.0], False: [1.0, 2.0]}[slower] * len(metrics.FORMS)
    monkeypatch.setattr(metrics, "repeat", lambda call, **_: [times.pop(0)])
    assert metrics.main() == slower
    lines = capsys.readouterr().out.splitlines()
    assert [("0.5" if slower else "2.0") in line for line in lines] == [True, True]
