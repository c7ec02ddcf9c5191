"""The leaderboard: file and page say the same, its story can be counted, its commands are taken."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tyro
from pybtex.database import parse_file
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

BOOK = Path(__file__).resolve().parents[2] / "book"
PAGE = (BOOK / "leaderboard.md").read_text(encoding="utf-8")
ROWS = pd.read_csv(BOOK / "leaderboard.csv", dtype=str, keep_default_na=False)
SCORES = ["uf1", "uar", "accuracy"]
COLUMNS = ["method", "year", "venue", "reference", "data_set", "classes", *SCORES]
COLUMNS += ["epoch", "source", "note"]
# In the order in which the rows of a table stand: what is worth most comes first.
EPOCHS = [
    "last epoch",
    "validation subjects",
    "not seen",
    "averages per-subject accuracies",
    "best on the test subject",
]
SOURCES = ["code", "paper", "own log"]
PARTS = ["SMIC", "CASME II", "SAMM"]
SETS = ["MEGC2019", *(f"MEGC2019: {part}" for part in PARTS)]
SETS += ["CAS(ME)³ Part A", *PARTS, "CAS(ME)³ Part C", "MMME"]

# The heading above each table, and the data sets whose rows it shows, a row of the file in a row.
TABLES = {
    "The composite": SETS[:1],
    "CAS(ME)³, Part A": ["CAS(ME)³ Part A"],
    "Other data sets": SETS[5:],
}
HEADER = ["Method", "Published", "Data", "Classes", "UF1", "UAR", "Accuracy"]
HEADER += ["Epoch", "Source", "Note"]
HIDDEN = {  # columns that a table leaves out, since its heading says them or they are empty
    "The composite": {"Data", "Classes"},
    "CAS(ME)³, Part A": {"Data", "Accuracy"},
    "Other data sets": set(),
}


def section(heading: str, page: str = PAGE) -> str:
    """What stands under a heading of the page, up to the next one."""
    found = re.findall(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", page, flags=re.M | re.S)
    assert len(found) == 1, f"{len(found)} headings {heading!r}"
    return found[0]


def tables(text: str) -> list[list[dict[str, str]]]:
    """The Markdown tables of a text: a list of rows each, and each row by its header."""
    found = []
    for block in re.findall(r"(?:^\|.*\|\n)+", text, flags=re.M):
        cells = [[cell.strip() for cell in line[1:-1].split("|")] for line in block.splitlines()]
        header, rule, *rows = cells
        assert all(re.fullmatch(r":?-+:?", cell) for cell in rule), block
        found.append([dict(zip(header, row, strict=True)) for row in rows])
    return found


def keys_of_references() -> dict[str, str]:
    """The key of the bibliography by "doi:..." and by "arXiv:..."."""
    found = {}
    for key, entry in parse_file(str(BOOK / "references.bib")).entries.items():
        for kind, name in (("doi", "doi"), ("arXiv", "eprint")):
            if name in entry.fields:
                found[f"{kind}:{entry.fields[name]}"] = key
    return found


KEYS = keys_of_references()


def published(row: pd.Series) -> str:
    """Venue, year and reference as the page writes them: cited, linked, or as text."""
    told, kind = row.reference, row.reference.split(":")[0]
    if told in KEYS:
        told = f"{{cite:p}}`{KEYS[told]}`"
    elif kind == "arXiv":
        number = row.reference.removeprefix("arXiv:")
        told = f"[arXiv {number}](https://arxiv.org/abs/{number})"
    elif kind == "https":
        told = f"[pull request]({row.reference})"
    return " ".join(filter(None, (row.venue, row.year, told)))


def on_page(row: pd.Series) -> dict[str, str]:
    """The cells of a row of the file as the page writes them: a score without its leading 0."""
    cells = [row.method, published(row), row.data_set.removeprefix("MEGC2019: "), row.classes]
    cells += [row[name].removeprefix("0") for name in SCORES]
    return dict(zip(HEADER, [*cells, row.epoch, row.source, row.note], strict=True))


def test_columns_and_values_of_the_file_are_those_that_it_may_have():
    assert list(ROWS.columns) == COLUMNS
    assert set(ROWS["epoch"]) <= set(EPOCHS)
    assert set(ROWS["source"]) <= set(SOURCES)
    assert set(ROWS["data_set"]) <= set(SETS)
    assert set(ROWS["classes"]) <= {"", "3", "4", "7"}
    assert not [year for year in ROWS["year"] if not re.fullmatch(r"|20[12]\d", year)]
    assert all(ROWS["method"])
    for cell in ROWS.to_numpy().ravel():
        assert cell == cell.strip() and "|" not in cell, cell


def test_scores_are_shares_and_every_row_has_one():
    told = ROWS[SCORES].to_numpy()
    assert not [cell for cell in told.ravel() if not re.fullmatch(r"|0\.\d{3,4}|1\.0{3,4}", cell)]
    assert (told != "").any(axis=1).all()


def test_no_row_stands_twice():
    assert not ROWS.duplicated().any()
    # The same method on the same data may stand twice only if what was read is another thing.
    same = ["method", "data_set", "classes", "epoch", "note"]
    assert not ROWS.duplicated(same).any()
    for method, years in ROWS[ROWS["year"] != ""].groupby("method")["year"]:
        assert years.nunique() == 1, method


def test_a_reference_is_in_the_bibliography_or_can_be_looked_up():
    usual = r"|arXiv:\d{4}\.\d{5}|https://\S+|READMEs? of (ME-PS|S2)"
    for told in ROWS["reference"]:
        assert told in KEYS if told.startswith("doi:") else re.fullmatch(usual, told), told


def test_rows_of_one_task_stand_by_what_they_are_worth_then_by_their_score():
    worth = ROWS["epoch"].map(EPOCHS.index)
    score = -pd.to_numeric(ROWS["uf1"])
    rows = ROWS.assign(worth=worth, score=score)[~ROWS["method"].str.startswith("mean")]
    for task, group in rows.groupby(["data_set", "classes"]):
        pairs = list(zip(group["worth"], group["score"], strict=True))
        assert pairs == sorted(pairs), task


def test_what_was_not_seen_was_read_in_the_paper_alone():
    assert set(ROWS.loc[ROWS["epoch"] == "not seen", "source"]) == {"paper"}


@pytest.mark.parametrize("heading", TABLES)
def test_the_page_shows_the_rows_of_the_file_and_no_others(heading):
    (shown,) = tables(section(heading))
    rows = ROWS[ROWS["data_set"].isin(TABLES[heading])]
    said = [on_page(row) for _, row in rows.iterrows()]
    hidden = HIDDEN[heading]
    assert shown == [{k: v for k, v in row.items() if k not in hidden} for row in said]
    assert list(shown[0]) == [name for name in HEADER if name not in hidden]


def test_the_parts_of_the_composite_stand_side_by_side_and_say_what_the_file_says():
    (shown,) = tables(section("Its three parts"))
    whole = ROWS[ROWS["data_set"] == "MEGC2019"]
    rows = ROWS[ROWS["data_set"].isin(SETS[1:4])]
    said = {}
    for _, row in rows.iterrows():
        part, cells = row["data_set"].removeprefix("MEGC2019: "), on_page(row)
        wide = said.setdefault((row["method"], row["epoch"]), {})
        wide |= {f"{part} UF1": cells["UF1"], f"{part} UAR": cells["UAR"]}
    names = [f"{part} {score}" for part in PARTS for score in ("UF1", "UAR")]
    assert list(shown[0]) == ["Method", *names, "Epoch"]
    keys = [(row["Method"], row["Epoch"]) for row in shown]
    assert keys == [key for key in zip(whole["method"], whole["epoch"], strict=True) if key in said]
    assert {key: {k: row[k] for k in names} for key, row in zip(keys, shown, strict=True)} == said


def test_no_row_of_the_file_is_without_a_table_and_no_table_hides_what_differs():
    assert sorted([*SETS[1:4], *sum(TABLES.values(), [])]) == sorted(SETS)
    composite = ROWS[ROWS["data_set"].isin(SETS[:4])]
    assert set(composite["classes"]) == {"3"}
    assert set(ROWS.loc[ROWS["data_set"].isin([*SETS[1:4], SETS[4]]), "accuracy"]) == {""}
    same = ["year", "venue", "reference", "source", "note"]
    for method in composite.loc[composite["data_set"].isin(SETS[1:4]), "method"].unique():
        rows = composite[composite["method"] == method]
        assert len(rows[[*same, "epoch"]].drop_duplicates()) == 1, method


def test_every_word_for_the_epoch_and_the_source_is_explained():
    told = section("How was the epoch chosen?")
    assert [name for name in EPOCHS if f"**{name}**" not in told] == []
    assert [name for name in SOURCES if f"*{name}*" not in told] == []


def test_what_the_habit_of_the_best_test_epoch_is_worth():
    told = section("How was the epoch chosen?")
    last, best = (float(x) for x in re.findall(r"UF1 (\.\d{4})", told))
    points = float(re.search(r"\*\*\+(\d+\.\d) points\*\*", told)[1])
    assert (last, best) == (0.7154, 0.8115)
    assert round(100 * (best - last), 1) == points


def test_the_mean_of_three_methods_is_the_mean_of_their_rows():
    mmme = ROWS[(ROWS["data_set"] == "MMME") & (ROWS["classes"] == "7")].set_index("method")
    for name in ("uf1", "uar"):
        told = pd.to_numeric(mmme[name])
        of_three = told[["STSTNet", "RCN-A", "FR"]].mean()
        assert told["mean of the three"] == pytest.approx(of_three, abs=5.1e-5)


def matrix() -> np.ndarray:
    """The confusion matrix of the story: rows the truth, columns the answers."""
    (rows,) = tables(section("A UAR that is a precision"))
    names = [row["truth"] for row in rows]
    assert names == list(rows[0])[1:] == ["negative", "positive", "surprise"]
    return np.array([[int(row[name]) for name in names] for row in rows])


def answers(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A truth and a prediction for each clip that a confusion matrix counts."""
    truth, prediction = np.indices(counts.shape).reshape(2, -1)
    return np.repeat(truth, counts.ravel()), np.repeat(prediction, counts.ravel())


def test_the_story_of_the_precision_can_be_counted():
    told = section("A UAR that is a precision")
    truth, prediction = answers(matrix())
    assert [*np.bincount(truth)] == [250, 109, 83]  # the composite, as data_access.md has it
    uf1 = f1_score(truth, prediction, average="macro")
    uar = recall_score(truth, prediction, average="macro")
    accuracy = accuracy_score(truth, prediction)
    assert [f"{x:.6f}" for x in (uf1, uar, accuracy)] == ["0.720948", "0.724979", "0.739819"]
    for words, number in (("UF1", uf1), ("UAR", uar), ("accuracy", accuracy)):
        assert f"{words} {number:.6f}".replace(" 0.", " .") in told
    swapped = recall_score(prediction, truth, average="macro")
    assert swapped == pytest.approx(precision_score(truth, prediction, average="macro"))
    assert f1_score(prediction, truth, average="macro") == pytest.approx(uf1)
    assert abs(swapped - uar) > 0.005
    assert f"swapped, the UAR reads {swapped:.6f}".replace(" 0.", " .") in told


def test_the_rows_of_the_story_are_those_of_the_table():
    told = section("A UAR that is a precision")
    rows = ROWS[(ROWS["method"] == "STSTNet") & (ROWS["data_set"] == "MEGC2019")]
    paper, log, later = rows.to_dict("records")
    assert paper["uf1"] == log["uf1"] and paper["uar"] != log["uar"]
    assert f"published with UF1 {paper['uf1']} and UAR {paper['uar']}".replace(" 0.", " .") in told
    pooled = f"UF1 {log['uf1']}, accuracy {log['accuracy']}, and a UAR of {log['uar']}"
    assert pooled.replace(" 0.", " .") in told
    assert f"precision of the log is {paper['uar']}".replace(" 0.", " .") in told
    truth, prediction = answers(matrix())
    assert later["uf1"] == f"{f1_score(truth, prediction, average='macro'):.4f}"
    assert later["uar"] == f"{recall_score(truth, prediction, average='macro'):.4f}"
    assert later["accuracy"] == f"{accuracy_score(truth, prediction):.4f}"


def test_the_page_and_chapter_6_tell_the_same_story():
    chapter = (BOOK.parent / "notebooks/06_protocol.md").read_text(encoding="utf-8")
    told = section("What is no anchor")
    for numbers in (".701", ".422", ".519", ".721", "26 or more of", "1.000"):
        assert numbers in told and numbers in chapter, numbers
    truth, prediction = answers(matrix())
    assert f"{f1_score(truth, prediction, average='macro'):.3f}" == "0.721"
    assert "Of the 68 subjects of the composite, 23 have" in told


def test_the_floor_and_the_worth_of_a_clip_follow_from_the_counts():
    told = section("The composite")
    truth, _ = answers(matrix())
    floor = np.zeros_like(truth)
    uf1 = f1_score(truth, floor, average="macro", zero_division=0)
    uar = recall_score(truth, floor, average="macro")
    line = f"UF1 {uf1:.3f}, UAR {uar:.3f}, accuracy {accuracy_score(truth, floor):.3f}"
    assert line.replace(" 0.", " .") in told
    assert f"One clip of the {len(truth)} is {1 / len(truth):.4f}".replace(" 0.", " .") in told


COMMANDS = [
    *re.findall(r"`(meps [^`]+)`", PAGE),
    *re.findall(r"^(meps .+)$", PAGE, flags=re.M),
]
RUNS = [line for line in COMMANDS if line.startswith("meps loso")]


def option(line: str, name: str) -> str:
    """What a command says after --NAME."""
    words = shlex.split(line)
    return words[words.index(f"--{name}") + 1]


def test_the_open_table_has_one_command_for_every_model_and_data_set():
    (rows,) = tables(section("Our rows, honest protocol"))
    lines = [row["Command"].strip("`") for row in rows]
    assert lines == RUNS
    models = {option(line, "model") for line in lines if option(line, "data") == "flowmaps"}
    assert models == {"ststnet", "rcn", "featref", "flowmap"}
    others = "megc2019 casme2 samm smic casme3-a casme3-c mmme"
    assert {option(line, "data") for line in lines} == {"flowmaps", *others.split()}
    assert len({option(line, "out") for line in lines}) == len(lines)
    for row, line in zip(rows, lines, strict=True):
        assert (row["Model"], row["Data"]) == tuple(
            f"`{option(line, name)}`" for name in ("model", "data")
        )


def test_a_row_of_ours_is_open_or_stands_in_the_file():
    (rows,) = tables(section("Our rows, honest protocol"))
    sent = ROWS[(ROWS["source"] == "own log") & ROWS["reference"].str.startswith("https:")]
    honest = {"last epoch", "validation subjects"}
    for row in rows:
        if row["Result"] == "not run yet: needs the licensed data":
            continue
        found = re.fullmatch(r"UF1 (\.\d{3,4}) \[\.\d+, \.\d+\], floor \.\d+", row["Result"])
        assert found, row["Result"]
        theirs = sent[sent["uf1"] == f"0{found[1]}"]
        assert len(theirs) and set(theirs["epoch"]) <= honest


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_page_is_taken(line):
    from meps_lab.cli.loso import Loso
    from meps_lab.cli.main import Meps
    from meps_lib.models import MODELS

    asked = shlex.split(line)[1:]
    assert asked[0] != "loso" or option(line, "model") in MODELS
    command = tyro.cli(tyro.conf.OmitSubcommandPrefixes[Meps], args=asked).command
    if isinstance(command, Loso):
        modalities = command._modalities()
        assert modalities
        command._check(modalities)


def test_what_the_page_says_of_the_defaults_of_a_run():
    from meps_lab.experiments.config import ExperimentConfig
    from meps_lib.models import RECIPES

    told = section("Our rows, honest protocol")
    usual = ExperimentConfig()
    assert f"choose among at most {usual.train.epochs} epochs" in told
    assert usual.n_validation == 2 and "two validation subjects" in told
    assert "`ststnet` and `rcn` are trained as published, `featref` as its trunk was" in told
    assert set(RECIPES) == {"ststnet", "rcn", "featref"}
    assert all(ExperimentConfig(model=name).n_validation == 0 for name in RECIPES)


def test_the_page_is_listed_after_your_own_recording_and_is_short():
    listed = (BOOK / "_toc.yml").read_text(encoding="utf-8")
    assert "- file: book/own_recording\n      - file: book/leaderboard\n" in listed
    assert len(PAGE.splitlines()) < 150


@pytest.mark.parametrize(
    ("method", "classes", "uf1", "uar"),
    [
        ("SRMCL", 3, ".8630", ".8830"),
        ("FR", 3, ".7838", ".7832"),
        ("CausalNet", 3, ".8976", ".9020"),
        ("AlexNet RGB-D", 7, ".1773", ".1829"),
        ("SFAMNet", 7, ".2365", ".2373"),
        ("FR", 7, ".4271", ".4167"),
    ],
)
def test_some_rows_as_their_authors_wrote_them(method, classes, uf1, uar):
    """Written out here, since page and table could be wrong alike."""
    mine = ROWS[ROWS["method"].eq(method) & ROWS["classes"].eq(str(classes))]
    assert ("0" + uf1, "0" + uar) in list(zip(mine["uf1"], mine["uar"], strict=True))
    cells = [line for line in PAGE.splitlines() if line.startswith(f"| {method} |")]
    assert any(uf1 in line and uar in line for line in cells)
