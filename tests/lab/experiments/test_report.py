"""`meps_lab.experiments.report`: scikit-learn and `score` are the judges of its tables."""

import json
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import precision_recall_fscore_support

from meps_lab.experiments import report
from meps_lab.experiments.finished import read_run, read_runs, with_ceiling
from meps_lab.experiments.report import CEILING, FLOOR, MEAN, class_table, score_table, write_report
from meps_lab.experiments.typeset import as_latex
from meps_lib.errors import MepsError
from meps_lib.protocol import bootstrap_interval, majority, score, score_by_set

CLASSES = ("negative", "positive", "surprise")


def answers(n_subjects=8, trials=6, seeds=(0, 1), skill=0.7, draw=0, truths=CLASSES):
    """A table as `run` leaves it: truth is the same for every draw."""
    world, rows = np.random.default_rng(0), []
    truth = world.choice(truths, (n_subjects, trials))
    for seed in seeds:
        rng = np.random.default_rng([draw, seed])
        for s in range(n_subjects):
            for t in range(trials):
                said = truth[s, t] if rng.random() < skill else rng.choice(CLASSES)
                row = (f"s{s}", f"s{s}_{t}", s, seed, truth[s, t], said, CLASSES[s % 2])
                rows.append(row)
    columns = ["subject", "clip", "fold", "seed", "truth", "prediction", "majority"]
    return pd.DataFrame(rows, columns=columns)


def keep(folder, table, classes=CLASSES, **more):
    """A folder as `meps loso --out` leaves it."""
    folder.mkdir(parents=True, exist_ok=True)
    table.to_parquet(folder / "predictions.parquet", index=False)
    config = {"model": "meps", "modalities": ["ps"], "protocol": "loso", "normalise": "training"}
    record = {"config": config, "data": {"classes": classes, "note": "made up"}, "origin": {}}
    (folder / "config.json").write_text(json.dumps(record | more))
    return folder


def composite(table):
    """Subjects 0 to 3 and 4 to 6 in one set each; 7 alone in the third."""
    home = dict.fromkeys(("s0", "s1", "s2", "s3"), "casme2") | {"s7": "smic"}
    return table.assign(data_set=table["subject"].map(home).fillna("samm"))


def of(table, **values):
    for name, value in values.items():
        table = table[table[name] == value]
    return table


def test_the_class_table_is_that_of_scikit_learn(tmp_path):
    table = answers()
    table.loc[table["prediction"] == "positive", "prediction"] = "negative"
    found = class_table(read_run(keep(tmp_path / "a", table)))
    theirs = []
    for seed, one in table.groupby("seed"):
        how = {"labels": CLASSES, "zero_division": 0}
        theirs.append(precision_recall_fscore_support(one["truth"], one["prediction"], **how))
        own = of(found, answers=f"seed {seed}")
        assert own["class"].tolist() == [*CLASSES]
        for column, values in zip(("precision", "recall", "f1", "n"), theirs[-1], strict=True):
            assert own[column].tolist() == pytest.approx(values), column
    mean = of(found, answers=MEAN)
    assert mean["precision"].tolist() == pytest.approx(np.mean(theirs, axis=0)[0])
    assert mean["f1"].tolist() == pytest.approx(np.mean(theirs, axis=0)[2])
    assert mean["n"].tolist() == theirs[0][3].tolist() and mean["predicted"].sum() == 48


def test_every_row_is_score_and_its_interval(tmp_path):
    table = answers()
    found = score_table(read_run(keep(tmp_path / "a", table)))
    assert found["answers"].unique().tolist() == ["seed 0", "seed 1", MEAN, FLOOR]
    assert set(found["n"]) == {48} and set(found["subjects"]) == {8}
    for seed, one in table.groupby("seed"):
        rows = of(found, answers=f"seed {seed}").set_index("score")
        assert rows.loc["uf1", "value"] == score(one["truth"], one["prediction"], CLASSES).uf1
    several = bootstrap_interval(table.assign(model=table["seed"]), CLASSES)
    mean = of(found, answers=MEAN).set_index("score")
    assert mean[["value", "low", "high"]].to_numpy().tolist() == several.to_numpy().tolist()
    floor = of(found, answers=FLOOR).set_index("score")["value"]
    assert floor["uar"] == majority(table, CLASSES).uar
    assert floor["accuracy"] == majority(table, CLASSES).accuracy
    alone = score_table(read_run(keep(tmp_path / "b", of(table, seed=0))))
    assert alone["answers"].unique().tolist() == ["seed 0", FLOOR]


def test_a_composite_has_its_parts_and_the_whole(tmp_path):
    table = composite(answers(seeds=(3,)))
    run = read_run(keep(tmp_path / "a", table))
    found = of(score_table(run), answers="seed 3", score="uar").set_index("part")
    assert found.index.tolist() == ["all", "casme2", "samm"]
    for part, theirs in score_by_set(table, CLASSES).items():
        if part != "smic":
            assert found.loc[part, "value"] == theirs.uar and found.loc[part, "n"] == theirs.n
    text = write_report(tmp_path / "a", [run])
    assert "One subject of smic: no interval over subjects, and so no score." in text
    one_set = keep(tmp_path / "b", answers().assign(data_set="samm"))
    assert set(score_table(read_run(one_set))["part"]) == {"all"}


def test_no_score_without_floor_and_interval_and_no_nan(tmp_path):
    runs = [read_run(keep(tmp_path / n, composite(answers(draw=k)))) for k, n in enumerate("ab")]
    oracle = answers(seeds=(0,), draw=9)[["subject", "clip", "truth", "prediction"]]
    text = write_report(tmp_path, [with_ceiling(runs[0], oracle), runs[1]])
    scores, classes = (pd.read_csv(tmp_path / "report" / f"{n}.csv") for n in ("scores", "classes"))
    assert not scores.isna().any(axis=None) and not classes.isna().any(axis=None)
    assert (scores["low"] <= scores["high"]).all()
    for _, part in scores.groupby(["variant", "part", "score"]):
        assert FLOOR in set(part["answers"])
    assert set(of(scores, answers=CEILING)["variant"]) == {"a"}
    assert not re.search(r"\bnan\b|None", text + (tmp_path / "report/report.tex").read_text())


def test_the_ceiling_is_of_the_trials_that_were_tested(tmp_path):
    run = read_run(keep(tmp_path / "a", answers()))
    oracle = answers(seeds=(0,), draw=9)[["subject", "clip", "truth", "prediction"]]
    found = of(score_table(with_ceiling(run, oracle)), answers=CEILING, score="uf1")["value"]
    assert found.tolist() == [score(oracle["truth"], oracle["prediction"], CLASSES).uf1]
    other = oracle.assign(truth=[*oracle["truth"][1:], "negative"])
    for said in (other, oracle[1:]):
        changed = with_ceiling(run, said)
        assert CEILING not in set(score_table(changed)["answers"])
        assert "No ceiling: the trials that its settings make now" in changed.notes[-1]


def test_what_is_odd_is_told(tmp_path):
    table = answers(truths=CLASSES[:2])
    table.loc[table["prediction"] == "positive", "prediction"] = "surprise"
    more = {"skipped": [{"clip": "x"}], "changed_code": [["a.py"]]}
    config = {"model": "rcn", "modalities": ["ps"], "protocol": "loso", "normalise": "per-subject"}
    run = read_run(keep(tmp_path / "a", table, config=config, **more))
    text = write_report(tmp_path / "a", [run], ["Not finished, and not in here: b."])
    for told in (
        "rcn, modalities ps; protocol loso; data: made up.",
        "Normalised per-subject: test subjects' signals were looked at.",
        "could not be read: 1 clips",
        "The source changed during the run",
        "Of 8 subjects only",
        "No clip is surprise in truth: it counts as 0 in UF1 and UAR.",
        "No clip was called positive: its precision, undefined, is given as 0.",
        "Not finished, and not in here: b.",
    ):
        assert told in text
    assert re.search(r"\| surprise +\| 0 ", text), "a class that nobody has keeps its row"
    plain = write_report(tmp_path / "b", [read_run(keep(tmp_path / "b", answers(24)))])
    assert "subjects only" not in plain and "No clip" not in plain


def test_answers_of_several_models_to_a_clip_are_no_run(tmp_path):
    two = pd.concat([answers(6, draw=d).assign(fold=d) for d in (0, 1)], ignore_index=True)
    with pytest.raises(MepsError, match="several trained models answered .* 'meps ablate'"):
        read_run(keep(tmp_path / "a", two))


def test_markdown_is_aligned_and_latex_is_balanced(tmp_path):
    folder = keep(tmp_path / "50%_a&b", composite(answers()), note="~^\\{}#$")
    text = write_report(folder, [read_run(folder)])
    tables = re.findall(r"(?:^\|.*\n)+", text, re.M)
    assert len(tables) == 2
    for table in tables:
        rows = table.splitlines()
        bars = {tuple(k for k, c in enumerate(row) if c == "|") for row in rows}
        assert len(bars) == 1 and set(rows[1]) == {"|", "-"}
    latex = (folder / "report/report.tex").read_text()
    body = latex.split("\n", 1)[1]
    for name in ("table", "tabular"):
        assert body.count(rf"\begin{{{name}}}") == body.count(rf"\end{{{name}}}") == 2
    bare = re.sub(r"\\[\\{}%&$#_]", "", body)
    assert bare.count("{") == bare.count("}") and not re.search(r"[%$#_~^]", bare)
    for columns, inside in re.findall(r"\\begin{tabular}{(l+)}(.*?)\\end{tabular}", body, re.S):
        rows = [line for line in inside.splitlines() if line.endswith(r"\\")]
        assert rows and {len(re.findall(r"(?<!\\)&", r)) for r in rows} == {len(columns) - 1}


def test_no_character_of_text_is_a_command():
    text = as_latex(pd.DataFrame({"x": ["\\~^&%$#_{}"]}), "c")
    escaped = r"\textbackslash{}\textasciitilde{}\textasciicircum{}\&\%\$\#\_\{\} \\"
    assert text.splitlines()[6] == escaped


def test_a_plan_has_its_variants_and_a_table_of_all(tmp_path):
    (tmp_path / "plan.json").write_text(json.dumps({"units": {"b": 8, "a": 8, "c": 3}}))
    for k, name in enumerate("ab"):
        keep(tmp_path / name, answers(draw=k, seeds=(0, 1)[: k + 1]))
    runs, notes = read_runs(tmp_path)
    assert [run.name for run in runs] == ["b", "a"]
    text = write_report(tmp_path, runs, notes)
    assert "Not finished, and not in here: c: 0 of 3 units done" in text
    assert text.index("All variants") < text.index("## b") < text.index("## a")
    every = text[text.index("All variants") : text.index("## b")]
    for row in (rf"b +\| {MEAN}", "a +\\| seed 0", rf"a +\| {re.escape(FLOOR)}"):
        assert re.search(rf"\| {row}", every)
    assert not re.search(r"\| b +\| seed", every)
    names = {path.name for path in (tmp_path / "report").iterdir()}
    pictures = {
        f"{n}.{e}" for n in ("scores", "confusion-a", "confusion-b") for e in ("png", "svg")
    }
    assert names == pictures | {"report.md", "report.tex", "scores.csv", "classes.csv"}
    for name in re.findall(r"\(<(.*?)>\)", text):
        assert name in names
    (tmp_path / "a" / "predictions.parquet").unlink()
    (tmp_path / "b" / "predictions.parquet").unlink()
    with pytest.raises(MepsError, match="no variant has ended; 'meps status"):
        read_runs(tmp_path)


def test_pictures_are_the_same_files_each_time(tmp_path, monkeypatch):
    seen, whole = [], report.plot_confusion
    monkeypatch.setattr(report, "plot_confusion", lambda *a: seen.append(a) or whole(*a))
    folder = keep(tmp_path / "a", composite(answers()))
    kept = []
    for _ in range(2):
        write_report(folder, [read_run(folder)])
        kept.append({p.name: p.read_bytes() for p in (folder / "report").iterdir()})
    assert kept[0] == kept[1]
    assert kept[0]["confusion.png"].startswith(b"\x89PNG")
    ElementTree.fromstring(kept[0]["scores.svg"])
    counts, classes = seen[0]
    assert counts.sum() == 96 and tuple(classes) == CLASSES, "of both seeds"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda t: t.drop(columns="seed"), "no column seed"),
        (lambda t: t.assign(prediction=None), "row 0, column prediction: empty"),
        (lambda t: t.assign(truth="joy"), "'joy'; expected one of negative"),
        (lambda t: t[t["subject"] == "s0"], "1 subject; expected two or more"),
        (lambda t: t[1:], "predictions of the same trials"),
        (lambda t: pd.concat([t, t[:1]]), "predicted twice"),
        (lambda t: t[:0], "no predictions"),
        (lambda t: t.assign(data_set=[None, *["x"] * (len(t) - 1)]), "column data_set: empty"),
    ],
)
def test_predictions_that_cannot_be_scored_are_refused(tmp_path, change, told):
    folder = keep(tmp_path / "a", change(answers()))
    with pytest.raises(MepsError, match=rf"a/predictions.parquet: .*{told}"):
        read_run(folder)


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(MepsError, match="predictions.parquet is missing; expected a folder that"):
        read_run(tmp_path)
    (tmp_path / "plan.json").write_text("{}")
    with pytest.raises(MepsError, match="name one of its variants, .*NAME"):
        read_run(tmp_path)
    with pytest.raises(MepsError, match="expected the --out of 'meps run'"):
        read_runs(tmp_path)
    folder = keep(tmp_path / "a", answers())
    for content in ("", "[]", '{"data": {}}', '{"data": {"classes": 3}}'):
        (folder / "config.json").write_text(content)
        with pytest.raises(MepsError, match="cannot be read .*; expected it as 'meps loso"):
            read_run(folder)
    keep(folder, answers())
    (folder / "predictions.parquet").write_bytes(b"PAR1")
    with pytest.raises(MepsError, match="cannot be read"):
        read_run(folder)


def test_a_report_that_cannot_be_written_is_told(tmp_path):
    folder = keep(tmp_path / "a", answers())
    (folder / "report").write_text("a file")
    with pytest.raises(MepsError, match="cannot write to .*report"):
        write_report(folder, [read_run(folder)])


def test_floors_without_the_column_are_counted(tmp_path):
    table = answers()
    folder = keep(tmp_path / "a", table.drop(columns="majority"))
    found = of(score_table(read_run(folder)), answers=FLOOR, score="uf1")["value"].tolist()
    assert found == [majority(table.drop(columns="majority"), CLASSES).uf1]
