"""What each modality adds: subsets are those of trials that truly lack the rest."""

from dataclasses import replace

import pytest
import torch
from captum.attr import ShapleyValues

from meps_lib.errors import MepsError
from meps_lib.explain import answers, of_subsets, shapley
from tests.lib.explain.planted import ALL, batch_of, trial, uneven

NOTHING = torch.tensor([0.4, 0.6])


def stripped(t, keep):
    gone = {m: None for m in ALL if m not in keep}
    if "ps" in gone:
        gone |= {"ps_names": (), "ps_units": (), "ps_sfreq": None}
    if not {"colour", "depth"} & set(keep):
        gone |= {"fps": None, "onset": None, "apex": None, "offset": None}
    return replace(t, **gone)


def test_a_subset_is_a_trial_that_never_had_the_rest(trained, batch):
    found = of_subsets(trained, batch, NOTHING)
    assert list(found)[0] == () and list(found)[-1] == ALL and len(found) == 8
    torch.testing.assert_close(found[ALL], answers(trained, batch))
    for subset, values in found.items():
        for k, t in enumerate(uneven()):
            keep = set(subset) & set(t.modalities)
            want = NOTHING
            if keep:
                want = answers(trained, batch_of([stripped(t, keep)]))[0]
            torch.testing.assert_close(values[k], want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("scale", ["probability", "logit"])
def test_the_shares_sum_to_what_all_add_and_what_is_absent_adds_nothing(trained, batch, scale):
    nothing = NOTHING if scale == "probability" else NOTHING.log() + 7  # a level is no matter
    values = of_subsets(trained, batch, nothing, scale)
    parts = shapley(values)
    total = sum(parts.values())
    torch.testing.assert_close(total, values[ALL] - values[()], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(total.sum(dim=1), torch.zeros(6), rtol=0, atol=1e-5)
    for m in ALL:
        absent = ~batch.present[m]
        assert absent.any() and parts[m][absent].abs().max() < 1e-5
        assert parts[m][~absent].abs().max() > 1e-2
    # A trial of one modality owes it everything.
    torch.testing.assert_close(parts["ps"][5], values[ALL][5] - values[()][5])


def test_what_the_model_does_not_read_does_not_make_it_see(trained):
    with_flow = replace(trial(71, ("ps",)), flow=torch.zeros(1, 3, 8, 8))
    values = of_subsets(trained, batch_of([trial(70), with_flow]), NOTHING)
    assert torch.equal(values["colour", "depth"][1], NOTHING)
    torch.testing.assert_close(values[ALL][1], values[("ps",)][1])


def test_they_are_those_of_the_formula_and_of_captum(trained):
    batch = batch_of([trial(70), trial(71)])
    values = of_subsets(trained, batch, NOTHING)
    parts = shapley(values)
    c, d, p = (values[(m,)] for m in ALL)
    cd, cp, dp = (values[s] for s in (ALL[:2], ALL[::2], ALL[1:]))
    none, all_of = values[()], values[ALL]
    want = (c - none) / 3 + (cd - d) / 6 + (cp - p) / 6 + (all_of - dp) / 3
    torch.testing.assert_close(parts["colour"], want)

    def of_flags(flags):
        subsets = [tuple(m for m, on in zip(ALL, row, strict=True) if on) for row in flags.tolist()]
        return torch.stack([values[s][0, 1] for s in subsets])

    theirs = ShapleyValues(of_flags).attribute(torch.ones(1, 3))[0]
    ours = torch.stack([parts[m][0, 1] for m in ALL])
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


def test_a_model_of_two_modalities_has_two_players():
    values = {(): 1.0, ("depth",): 2.0, ("ps",): 0.0, ("depth", "ps"): 7.0}
    parts = shapley({s: torch.tensor([v]) for s, v in values.items()})
    assert {m: v.item() for m, v in parts.items()} == {"depth": 4.0, "ps": 2.0}


def test_the_mode_stays_and_nonsense_is_refused(trained, batch):
    trained.train()
    try:
        got = of_subsets(trained, batch, NOTHING)[ALL]
        assert trained.training and trained.head[0].training
    finally:
        trained.eval()
    assert torch.equal(got, answers(trained, batch))
    for level in ([5.0, 5.0], [1.5, -0.5], [0.4, 0.5]):
        with pytest.raises(MepsError, match="expected probabilities, .* a sum of 1"):
            of_subsets(trained, batch, torch.tensor(level))
        of_subsets(trained, batch, torch.tensor(level), "logit")
    with pytest.raises(MepsError, match="expected 2 finite numbers, one a class"):
        of_subsets(trained, batch, torch.ones(3))
    with pytest.raises(MepsError, match="expected 2 finite numbers"):
        of_subsets(trained, batch, torch.tensor([0.0, 1.0]).log(), "logit")
    with pytest.raises(MepsError, match="scale='odds'"):
        answers(trained, batch, "odds")
    with pytest.raises(MepsError, match=r"no value of the subset \('ps',\)"):
        shapley({(): torch.zeros(1), ("colour",): torch.ones(1), ("colour", "ps"): torch.ones(1)})
