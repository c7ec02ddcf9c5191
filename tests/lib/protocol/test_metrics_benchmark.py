"""The benchmark of the scores says which forms are in time, and fails where a held one is not."""

import pytest

from benchmarks import metrics


def test_a_verdict_is_by_limit_and_form():
    for form in metrics.FORMS:
        assert metrics.verdict(442, form, 0.1) == metrics.verdict(100_000, form, 3.0) == "pass"
        late = "FAIL" if form in metrics.HELD else "over"
        assert metrics.verdict(442, form, 0.101) == metrics.verdict(100_000, form, 3.01) == late
    assert set(metrics.HELD) < set(metrics.FORMS)


@pytest.mark.parametrize(("limit", "status", "word"), [(1e9, 0, "pass"), (0.0, 1, "FAIL")])
def test_the_exit_status_says_whether_all_held(limit, status, word, monkeypatch, capsys):
    monkeypatch.setattr(metrics, "LIMITS", {442: limit})
    few = {name: metrics.FORMS[name] for name in ("positions", "list of text")}
    monkeypatch.setattr(metrics, "FORMS", few)
    assert metrics.main() == status
    assert [word in line for line in capsys.readouterr().out.splitlines()] == [True, status == 0]
