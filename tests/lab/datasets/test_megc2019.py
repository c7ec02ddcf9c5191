"""The composite: from fabricated tables with the published numbers of rows, and from pictures."""

import os
from itertools import cycle, islice

import pandas as pd
import pytest
import torch

from meps_lab.datasets import casme2, samm, smic
from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.dataset import IndexedDataset
from meps_lab.datasets.index.build import IndexOptions, build_index, read_index
from meps_lab.datasets.index.kinds import kind_of
from meps_lab.datasets.megc2019 import find_parts
from meps_lab.simulate.layouts import write_layout
from meps_lib.errors import MepsError
from meps_lib.protocol.metrics import score

CLASSES = ("negative", "positive", "surprise")
# See et al., FG 2019: subjects, negative, positive, surprise.
PUBLISHED = {"casme2": (24, 88, 32, 25), "samm": (28, 92, 26, 15), "smic": (16, 70, 51, 43)}
COLOUR = LoadConfig(("colour",), size=32)


def deal(subjects, emotions):
    """Rows of subject and emotion, the subjects in turn."""
    return list(zip(islice(cycle(subjects), len(emotions)), emotions, strict=True))


def take(names, n):
    return list(islice(cycle(names), n))


def casme2_table():
    """255 rows of 26 subjects, 24 of them with a class; the three clips that are left out."""
    felt = take(["disgust", "repression"], 88) + ["happiness"] * 32 + ["surprise"] * 25
    classed = [s for s in range(1, 27) if s not in (10, 18)]
    rows = deal(classed, felt)
    rows += deal(range(1, 27), take(["others", "others", "fear", "sadness"], 107))
    rows = [(s, f"EP{k // 9 + 1:02d}_{k % 9 + 21}", e) for k, (s, e) in enumerate(rows)]
    rows += [(4, "EP12_01f", "disgust"), (5, "EP12_03f", "happiness"), (24, "EP02_07", "surprise")]
    columns = ["Subject", "Filename", "Estimated Emotion"]
    return pd.DataFrame(rows, columns=columns).assign(
        OnsetFrame=46, ApexFrame=["/"] * 21 + [59] * 234, OffsetFrame=86, **{"Action Units": "4+7"}
    )


def samm_table():
    """159 rows of 32 subjects, 28 of them with a class."""
    negative = take(["Anger", "Contempt", "Disgust", "Fear", "Sadness"], 92)
    rows = deal(range(6, 34), negative + ["Happiness"] * 26 + ["Surprise"] * 15)
    rows += deal(range(34, 38), ["Other"] * 26)
    rows = [(f"{s:03d}", f"{s:03d}_{k // 9 + 1}_{k % 9 + 1}", e) for k, (s, e) in enumerate(rows)]
    columns = ["Subject", "Filename", "Estimated Emotion"]
    return pd.DataFrame(rows, columns=columns).assign(
        **{"Onset Frame": 1, "Apex Frame": 5, "Offset Frame": 9, "Action Units": "12"}
    )


def smic_folders(root):
    """164 folders of 16 subjects, each with an empty file."""
    felt = ["negative"] * 70 + ["positive"] * 51 + ["surprise"] * 43
    short = {"negative": "ne", "positive": "po", "surprise": "sur"}
    for k, (s, name) in enumerate(deal(range(1, 17), felt)):
        clip = root / f"HS/s{s:02d}/micro/{name}/s{s}_{short[name]}_{k:02d}"
        clip.mkdir(parents=True)
        (clip / "image000001.bmp").write_bytes(b"x")


def fabricate(root, ours=None, theirs=None):
    """Three sets under names of one's own; the tables may be others."""
    for name in ("CASME2 (mine)", "samm", "SMIC é"):
        (root / name).mkdir(parents=True)
    ours = casme2_table() if ours is None else ours
    theirs = samm_table() if theirs is None else theirs
    ours.to_excel(root / "CASME2 (mine)" / casme2.TABLES[0], index=False)
    theirs.to_excel(root / "samm" / samm.TABLES[0], startrow=13, index=False)
    smic_folders(root / "SMIC é")
    return root


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return fabricate(tmp_path_factory.mktemp("fabricated"))


@pytest.fixture(scope="module")
def indexed(whole):
    return build_index("megc2019", whole)


def test_the_whole_sets_come_to_442_clips_of_68_subjects(indexed):
    table = indexed.table
    assert len(table) == 442 and table["subject"].nunique() == 68
    counts = table["class_megc2019"].value_counts()
    assert [counts[c] for c in CLASSES] == [250, 109, 83]
    for name, (subjects, *clips) in PUBLISHED.items():
        part = table[table["data_set"] == name]
        assert part["subject"].nunique() == subjects
        assert [(part["class_megc2019"] == c).sum() for c in CLASSES] == clips
        for column in ("subject", "clip"):
            assert part[column].str.startswith(f"{name}_").all()
    assert "MEGC2019: 442 clips of 68 subjects" in indexed.report()
    assert "negative 250  positive 109  surprise 83  (none 0)" in indexed.report()


def test_parts_are_recognised_in_any_case(whole, tmp_path):
    for name in ("a/casme2-CODING.xlsx", "b/006/006_1_2", "c/hs"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).symlink_to(whole / "SMIC é/HS")
    assert [p.name for p in find_parts(tmp_path).values()] == ["a", "b", "c"]


def test_what_is_not_in_it_is_listed_with_its_rule(whole, indexed):
    rules = indexed.dropped["rule"].value_counts().to_dict()
    assert rules == {"outside-classes": 107 + 26, "megc2019-left-out": 3}
    left_out = indexed.dropped.loc[indexed.dropped["rule"] == "megc2019-left-out", "clip"]
    assert left_out.tolist() == [f"casme2_{clip}" for clip in casme2.LEFT_OUT]
    more = build_index("megc2019", whole, IndexOptions(rules={"megc2019-left-out": "keep"}))
    assert len(more.table) == 445 and set(left_out) < set(more.table["clip"])
    every = {"megc2019-left-out": "keep", "outside-classes": "keep"}
    assert len(build_index("megc2019", whole, IndexOptions(rules=every)).table) == 578


def test_the_majority_scores_what_was_published(indexed):
    truth = indexed.table["class_megc2019"].tolist()
    scores = score(truth, ["negative"] * len(truth), CLASSES)
    rounded = [round(rate, 3) for rate in (scores.accuracy, scores.uf1, scores.uar)]
    assert rounded == [0.566, 0.241, 0.333]


def test_clips_without_frames_stay_and_are_reported(indexed):
    table = indexed.table
    bare = table["data_set"] != "smic"  # whose folders are the labels
    assert ((table["colour"] == "") == bare).all()
    assert table["flags"].str.contains("no frames on disk").tolist() == bare.tolist()
    lacking = [m.split(" (")[0] for m in indexed.missing]  # of those in the composite
    assert lacking == ["CASME II: frames of 145 clips", "SAMM: frames of 133 clips"]
    assert "CASME II: annotation read from CASME2-coding-20140508.xlsx" in indexed.notes
    # SMIC never has an apex; that is no oddity of a row.
    odd = table["flags"].str.contains("noted no apex")
    assert set(table.loc[odd, "data_set"]) == {"casme2"} and odd.sum() == 21


def test_it_outlives_a_file(indexed, whole, tmp_path):
    indexed.save(tmp_path / "megc.parquet")
    back = read_index(tmp_path / "megc.parquet", whole)
    pd.testing.assert_frame_equal(back.table, indexed.table)


def test_one_clip_too_few_is_another_set_and_says_so(tmp_path):
    table = casme2_table()
    found = build_index("megc2019", fabricate(tmp_path, table.drop(index=0)))
    assert len(found.table) == 441
    assert any(m.startswith("CASME II has 254 of 255 clips") for m in found.missing)
    counts = found.table["class_megc2019"].value_counts()
    assert [counts[c] for c in CLASSES] == [249, 109, 83]


def test_a_pasted_row_hides_nothing(tmp_path):
    """One row twice is a whole set all the same, and its counts are held against the published."""
    table = casme2_table()
    twice = pd.concat([table, table.iloc[[0]]])
    found = build_index("megc2019", fabricate(tmp_path / "a", twice))
    assert len(found.table) == 442 and not any("has 25" in text for text in found.missing)
    twice.loc[twice["Estimated Emotion"].eq("others").idxmax(), "Estimated Emotion"] = "surprise"
    with pytest.raises(MepsError, match="surprise 26 instead of 25"):
        build_index("megc2019", fabricate(tmp_path / "b", twice))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("happiness", "others", "positive 31 instead of 32"),
        ("others", "surprise", "surprise 26 instead of 25"),
    ],
)
def test_a_whole_table_with_other_labels_is_refused_unless_told(tmp_path, old, new, message):
    table = casme2_table()
    k = (table["Estimated Emotion"] == old).idxmax()
    table.loc[k, "Estimated Emotion"] = new
    root = fabricate(tmp_path, table)
    with pytest.raises(MepsError, match=f"CASME II.*{message}.*--any-counts"):
        build_index("megc2019", root)
    found = build_index("megc2019", root, IndexOptions(any_counts=True))
    assert len(found.table) == 442 + (1 if new == "surprise" else -1)


def test_a_subject_too_many_is_refused(tmp_path):
    table = samm_table()
    k = (table["Estimated Emotion"] == "Other").idxmax()  # of a subject without a class
    table.loc[k, "Estimated Emotion"], table.loc[0, "Estimated Emotion"] = "Anger", "Other"
    with pytest.raises(MepsError, match="MEGC2019 takes it: all 159.*subjects 29 instead of 28"):
        build_index("megc2019", fabricate(tmp_path, theirs=table))


def test_a_set_that_is_missing_or_there_twice_is_named(tmp_path):
    root = fabricate(tmp_path)
    (root / "copy").symlink_to(root / "samm")
    with pytest.raises(MepsError, match="SAMM lies in copy and in samm"):
        build_index("megc2019", root)
    (root / "copy").unlink()
    (root / "samm" / samm.TABLES[0]).unlink()
    with pytest.raises(MepsError, match="no SAMM.*found CASME II in CASME2.*SMIC-HS in SMIC é"):
        build_index("megc2019", root)
    with pytest.raises(MepsError, match="--labels x.csv: MEGC2019 has no annotation table"):
        build_index("megc2019", root, IndexOptions(labels="x.csv"))


def test_a_folder_that_may_not_be_read_is_told_if_a_set_is_lacking(whole, monkeypatch):
    scandir = os.scandir

    def refuse(path="."):  # as the disk does, though not to root
        if os.path.basename(path) == "samm":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(MepsError, match="no SAMM.*; cannot be read: samm; put the three"):
        find_parts(whole)


def test_a_row_that_was_pasted_twice_counts_once(tmp_path, indexed):
    table = samm_table()
    twice = pd.concat([table, table.iloc[[0]]])
    found = build_index("megc2019", fabricate(tmp_path, theirs=twice))
    assert found.table["clip"].tolist() == indexed.table["clip"].tolist()
    assert (found.dropped["rule"] == "duplicate").sum() == 1


def test_every_set_loads_its_own_clips(tmp_path):
    truth = {}
    for kind, n, trials in (("casme2", 2, 7), ("samm", 2, 4), ("smic", 2, 3)):
        out = tmp_path / f"{kind} é"
        table = write_layout(kind, out, n_subjects=n, trials=trials, size=32, n_frames=13, seed=5)
        names = table["clip"] if kind != "casme2" else table["subject"] + "_" + table["clip"]
        table["row_class"] = table["class"] if kind == "smic" else table["megc2019"]
        truth |= {f"{kind}_{n}": (kind, t) for n, t in zip(names, table.itertuples(), strict=True)}
    found = build_index("megc2019", tmp_path)
    data = IndexedDataset(found, config=COLOUR)
    assert "simulated" in data.note
    assert set(found.table["clip"]) == {n for n, (_, t) in truth.items() if t.row_class is not None}
    for k, clip in enumerate(found.table["clip"]):
        kind, true = truth[clip]
        trial, n = data[k], true.offset - true.onset + 1
        assert (trial.clip, trial.subject) == (clip, f"{kind}_{true.subject}")
        assert trial.label == true.row_class and trial.colour.shape == (n, 3, 32, 32)
        assert trial.fps == (100.0 if kind == "smic" else 200.0)
        if not true.dirt and kind != "smic":
            assert (trial.apex, trial.offset) == (true.apex - true.onset, n - 1)
        assert len(data.files(k)) == n
    # The same clip by its own set is the same pictures.
    row = found.table[found.table["data_set"] == "smic"].iloc[0]
    alone = build_index("smic", tmp_path / "smic é").table.set_index("clip", drop=False)
    theirs = smic.KIND.load(tmp_path / "smic é", alone.loc[row["clip"][5:]], COLOUR)
    ours = kind_of("megc2019").load(tmp_path, row, COLOUR)
    assert torch.equal(ours.colour, theirs.colour)
