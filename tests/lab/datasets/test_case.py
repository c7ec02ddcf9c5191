"""CASE: simulated, indexed, loaded, compared with the truth; and files that are spoilt."""

import shutil
from io import StringIO

import neurokit2 as nk
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.dataset import IndexedDataset, open_dataset
from meps_lab.datasets.index.build import IndexOptions, build_index
from meps_lab.experiments.folds import ExperimentConfig, run
from meps_lab.prepare import PrepareConfig
from meps_lab.simulate.layouts import write_layout
from meps_lib.errors import MepsError
from meps_lib.training import TrainConfig

PS = LoadConfig(modalities=("ps",))
BODY = "data/interpolated/physiological"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    out = tmp_path_factory.mktemp("case") / "set"
    return out, write_layout("case", out, n_subjects=4, trials=4, ps_duration_s=12.0, seed=3)


@pytest.fixture
def one(tree, tmp_path):
    """A copy with one subject, to be spoilt, and the function that edits its table."""
    (tmp_path / BODY).mkdir(parents=True)
    shutil.copy(tree[0] / BODY / "sub_1.csv", tmp_path / BODY / "sub_1.csv")

    def edit(change):
        path = tmp_path / BODY / "sub_1.csv"
        path.write_text(change(path.read_text()))
        return tmp_path

    return edit


def row_of(text: str, k: int, new: str) -> str:
    """The text with row k (the header is row 1) replaced."""
    lines = text.split("\n")
    lines[k - 1] = new
    return "\n".join(lines)


def test_films_are_where_the_truth_says(tree):
    root, truth = tree
    found = build_index("case", root)
    both = found.table.merge(truth, on=["subject", "clip"], suffixes=("", "_true"))
    assert len(both) == len(found.table) == len(truth) == 16
    for name in ("onset", "offset"):
        assert (both[name] == both[f"{name}_true"]).all()
    assert (both["class_case"] == both["class"]).all() and (both["emotion"] == both["class"]).all()
    assert (both["marker"] == both["video"]).all()
    assert found.table["flags"].str.contains("shorter than 60 s").all()
    assert "missing: recordings of 26 of 30 subjects (sub_5, " in found.report()


def test_a_film_is_cut_into_clips_of_the_asked_length(tree):
    root, truth = tree
    indexed = build_index("case", root, IndexOptions(segment_s=5.0))
    table = indexed.table
    assert len(table) == 2 * len(truth)
    lengths = table["offset"] - table["onset"] + 1
    assert (lengths == 5000).all() and (table["flags"] == "").all()
    long = (truth["offset"] - truth["onset"] + 1).sum() / 1000
    assert indexed.notes == (
        f"{long - 5 * len(table):.1f} s of {long:.1f} s fill no clip of 5 s and are left out",
    )
    first = truth.iloc[0]
    mine = table[table["clip"].str.startswith(first["clip"])]
    assert mine["clip"].tolist() == [f"{first['clip']}_1", f"{first['clip']}_2"]
    assert mine["onset"].tolist() == [first["onset"], first["onset"] + 5000]


def test_signals_are_those_of_the_file_in_their_units(tree):
    root, truth = tree
    data = open_dataset("case", root, config=LoadConfig(("ps",), clean=False))
    trial, true = data[5], truth.set_index("clip").loc[data.index["clip"][5]]
    assert trial.ps_names == ("EDA", "ECG", "PPG", "RSP", "SKT")
    assert trial.ps_units == ("uS", "mV", "%", "%", "degC")
    assert (trial.ps_sfreq, trial.ps_start, trial.label) == (1000.0, 0.0, true["class"])
    assert trial.start == true["onset"] / 1000
    raw = pd.read_csv(root / BODY / f"{true['subject']}.csv")
    raw = raw.loc[true["onset"] : true["offset"], ["gsr", "ecg", "bvp", "rsp", "skt"]]
    np.testing.assert_allclose(trial.ps.numpy(), raw.to_numpy().T, rtol=1e-6)
    assert data.files(5) == [root / BODY / f"{true['subject']}.csv"]
    assert data.note.startswith("simulated in the layout of CASE")


def test_neurokit_counts_the_true_beats_in_what_was_loaded(tree):
    root, truth = tree
    data = open_dataset("case", root, config=PS)
    wrong = []
    for k in range(len(data)):
        trial = data[k]
        ecg = trial.ps[trial.ps_names.index("ECG")].numpy().astype(float)
        peaks = nk.ecg_findpeaks(nk.ecg_clean(ecg, 1000), 1000)["ECG_R_Peaks"]
        true = truth.set_index("clip").loc[trial.clip, "heart_rate"]
        wrong.append(abs(60_000 / np.diff(peaks).mean() - true))
    assert np.median(wrong) < 1 and max(wrong) < 2


def test_loso_runs_from_a_path(tree):
    prepare = PrepareConfig(ps_names=("EDA", "ECG", "PPG", "RSP", "SKT"))
    how = {"modalities": ("ps",), "train": TrainConfig(epochs=1), "n_validation": 1}
    config = ExperimentConfig(prepare=prepare, **how)
    table = run(open_dataset("case", tree[0], config=PS), config, progress=False)
    assert len(table) == 16 and set(table["truth"]) == {"amusing", "boring", "relaxing", "scary"}
    assert table.groupby("fold")["subject"].nunique().eq(1).all()


def test_a_gap_in_the_clock_drops_the_clip_that_has_it_and_says_where(one):
    """The clock jumps by 250 ms within a film: row 6000 is 5998 ms after the first."""

    def later(text):
        table = pd.read_csv(StringIO(text))
        table.loc[table.index >= 5998, "daqtime"] += 250
        return table.to_csv(index=False)

    root = one(later)
    found = build_index("case", root)
    hit = found.dropped
    assert len(found.table) == 3 and hit["rule"].tolist() == ["gap"]
    note = "sub_1.csv: daqtime goes from 5997 to 6248 ms at row 6000"
    assert note in found.report()
    kept = build_index("case", root, IndexOptions(rules={"gap": "keep"})).table
    row = kept[kept["clip"] == hit["clip"].iloc[0]].iloc[0]
    assert row["onset"] < 5998 <= row["offset"] and "daqtime jumps at row 6000" in row["flags"]
    assert len(kept) == 4


def test_a_clock_that_stumbles_all_the_time_is_told_once(one):
    def shaken(text):
        table = pd.read_csv(StringIO(text))
        table["daqtime"] = table["daqtime"] + 0.9 * (table.index % 10 == 5)
        return table.to_csv(index=False)

    with pytest.raises(MepsError, match="the rules drop every clip"):
        build_index("case", one(shaken))
    notes = build_index("case", one(shaken), IndexOptions(rules={"gap": "keep"})).notes
    assert len(notes) == 1 and "jumps in all" in notes[0]


@pytest.mark.parametrize("rate", [991.0, 1002.0])
def test_a_clock_of_nearly_the_rate_is_refused(one, rate):
    """0.2 per cent are 5 s in the 40 minutes of a session."""

    def nearly(text):
        table = pd.read_csv(StringIO(text))
        return table.assign(daqtime=table["daqtime"] * 1000 / rate).to_csv(index=False)

    with pytest.raises(MepsError, match=f"daqtime steps by {1000 / rate:g}; expected 1"):
        build_index("case", one(nearly))


def test_a_film_that_is_shown_again_is_a_clip_of_its_own(one):
    def again(text):
        table = pd.read_csv(StringIO(text))
        films = [v for v in table["video"].unique() if v < 10]
        table.loc[table["video"] == films[1], "video"] = films[0]
        return table.to_csv(index=False)

    table = build_index("case", one(again)).table
    twice = table[table["flags"].str.contains("is shown again")]
    assert len(twice) == 1 and twice["clip"].iloc[0].endswith("_again1")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.replace("daqtime", "time", 1), "no column daqtime; .*has: time, ecg"),
        (lambda t: t.replace(",", ";"), "no column daqtime, video; "),
        (lambda t: t.split("\n", 1)[1], "no column daqtime, video; the first line has: 0, "),
        (lambda t: t.replace("ecg", "bvp", 1), "each name may stand there once"),
        (
            lambda t: row_of(t, 50, "48,0,0,0,0,0,0,0,0,1,5"),
            "Row #50: .*got 11.*expected 10 numbers a row",
        ),
        (lambda t: row_of(t, 50, "49.0,0,0,0,0,0,0,0,0,film"), "column video: Row #50: .*'film'"),
        (lambda t: row_of(t, 50, "48,0,0,0,0,0,0,0,0,1.5"), "row 50, column video: 1.5"),
        (lambda t: row_of(t, 50, ",0,0,0,0,0,0,0,0,10"), "row 50, column daqtime: no number"),
        (lambda t: "\n".join(t.split("\n")[::20]), "daqtime steps by 20; expected 1"),
        (lambda t: t.split("\n")[0] + "\n", "0 samples"),
        (lambda t: "", "no column daqtime"),
    ],
)
def test_a_file_that_is_not_as_it_should_be_is_named(one, change, words):
    with pytest.raises(MepsError, match=f"sub_1.csv.*{words}"):
        build_index("case", one(change))


def test_a_hole_in_a_signal_is_found_when_it_is_read(one):
    root = one(lambda t: row_of(t, 3001, "2999,,35,1,30,33,0,0,0,10"))
    data = IndexedDataset(build_index("case", root), config=PS)
    with pytest.raises(MepsError, match="sub_1.csv: channel ECG: sample 2999 "):
        data[0]


def test_a_screen_that_nobody_knows_is_noted(one):
    found = build_index("case", one(lambda t: row_of(t, 50, "48,0,0,0,0,0,0,0,0,9")))
    assert "video 9 at row 50 is no film" in found.report() and len(found.table) == 4


CELL = st.one_of(st.integers(-2, 12), st.floats(), st.text(max_size=4)).map(str)
LINES = st.lists(st.lists(CELL, min_size=1, max_size=4), max_size=8)


@settings(max_examples=60)
@given(LINES, st.sampled_from([",", ";", "\t"]))
def test_any_table_gives_an_index_or_an_error_of_ours(tmp_path_factory, cells, comma):
    root = tmp_path_factory.mktemp("any")
    (root / BODY).mkdir(parents=True)
    good = [[k, 1, 5] for k in range(4000)]
    lines = [["daqtime", "ecg", "video"], *good, *cells]
    text = "\n".join(comma.join(map(str, line)) for line in lines)
    (root / BODY / "sub_1.csv").write_text(text, encoding="utf-8", errors="replace")
    try:
        assert len(build_index("case", root).table) >= 1
    except MepsError as error:
        assert "sub_1.csv" in str(error) or "rules drop every clip" in str(error)


def test_a_file_by_another_name_is_refused(one):
    root = one(lambda t: t)
    (root / BODY / "sub_1.csv").rename(root / BODY / "sub_one.csv")
    with pytest.raises(MepsError, match="sub_one.csv: expected a name such as sub_7.csv"):
        build_index("case", root)
