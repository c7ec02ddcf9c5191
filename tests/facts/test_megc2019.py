"""The composite of MEGC2019: which clips stay, by the published rule, and how many."""

import pytest

from meps_lab.datasets import LoadConfig, build_index, open_dataset
from meps_lib.protocol import score
from tests.facts import write_coded as w

CLASSES = ("negative", "positive", "surprise")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    root = tmp_path_factory.mktemp("whole")
    w.write_casme2(root / "CASME2", w.casme2_published())
    w.write_samm(root / "SAMM", w.samm_published())
    w.write_smic(root / "SMIC", w.smic_published())
    return build_index("megc2019", root).table


@pytest.mark.parametrize(
    "name, subjects, counts",
    [
        ("smic", 16, [70, 51, 43]),
        ("casme2", 24, [88, 32, 25]),
        ("samm", 28, [92, 26, 15]),
    ],
)
def test_published_counts_of_each_set(table, name, subjects, counts):
    part = table[table["data_set"] == name]
    assert part["subject"].nunique() == subjects
    found = part["class_megc2019"].value_counts()
    assert [found[word] for word in CLASSES] == counts


def test_published_counts_of_the_composite(table):
    assert len(table) == 442 and table["subject"].nunique() == 68
    found = table["class_megc2019"].value_counts()
    assert [found[word] for word in CLASSES] == [250, 109, 83]


def test_the_published_scores_of_the_majority_vote(table):
    found = score(table["class_megc2019"].tolist(), ["negative"] * 442, CLASSES)
    assert (round(found.accuracy, 3), round(found.uf1, 3)) == (0.566, 0.241)
    assert round(found.uar, 3) == 0.333


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    root = tmp_path_factory.mktemp("small")
    w.write_casme2(root / "CASME II")
    w.write_casme2_frames(root / "CASME II")
    w.write_samm(root / "SAMM")
    w.write_samm_frames(root / "SAMM")
    w.write_smic(root / "SMIC_all")
    return root


def test_which_clips_are_dropped(small):
    found = build_index("megc2019", small)
    gone = {clip.split("_", 1)[1] for clip in found.dropped["clip"]}
    assert gone == {
        *{"sub04_EP12_01f", "sub05_EP12_03f", "sub24_EP02_07"},  # by name
        *{"sub26_EP18_46", "sub09_EP05_05", "sub07_EP06_01"},  # others, fear, sadness
        "036_2_2",  # other
    }
    assert len(found.table) == 4 + 7 + 4


def test_trials_of_all_three(small):
    config = LoadConfig(modalities=("colour",), crop="frame", size=64)
    data = open_dataset("megc2019", small, None, config)
    assert tuple(data.classes) == CLASSES
    rates = {data.index["data_set"][k]: trial.fps for k, trial in enumerate(data)}
    assert rates == {"casme2": 200, "samm": 200, "smic": 100}
