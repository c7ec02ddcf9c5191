"""`meps report` and `meps compare`, from folders that `meps loso` leaves."""

import json
import re
import shutil

import pandas as pd
import pytest

from meps_lab.cli import main as cli
from meps_lab.simulate import save_dataset, simulate_cohort
from tests.lab.experiments.test_report import answers, keep

LOSO = ["loso", "--subjects", "4", "--trials", "3", "--modalities", "ps", "--n-validation", "1"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "ps"
    assert cli.main([*LOSO, "--epochs", "1", "--device", "cpu", "--out", str(out)]) == 0
    return out


def scores(folder):
    found = pd.read_csv(folder / "report" / "scores.csv")
    return found.pivot(index="answers", columns="score", values="value")


def test_a_run_is_reported_with_the_ceiling_that_loso_prints(run, capsys):
    from meps_lab.simulate import ceiling

    assert cli.main(["report", str(run)]) == 0
    printed = capsys.readouterr().out
    assert "12 clips" not in printed and "| ceiling (oracle features) |" in printed
    assert (run / "report/report.md").read_text() in printed
    assert f"files: {run / 'report'}" in printed
    row = scores(run).loc["ceiling (oracle features)"]
    theirs = ceiling(simulate_cohort(4, 3)).loc["body"]
    assert row[["accuracy", "uf1", "uar"]].tolist() == pytest.approx(theirs.tolist())


@pytest.mark.parametrize(
    ("modalities", "side"), [(["colour"], "face"), (["flow", "ps"], "both"), (["ps"], "body")]
)
def test_the_ceiling_is_of_the_modalities(run, tmp_path, modalities, side):
    from meps_lab.simulate import ceiling

    folder = shutil.copytree(run, tmp_path / "copy")
    record = json.loads((folder / "config.json").read_text())
    record["config"]["modalities"] = modalities
    (folder / "config.json").write_text(json.dumps(record))
    assert cli.main(["report", str(folder)]) == 0
    row = scores(folder).loc["ceiling (oracle features)"]
    assert row["uf1"] == pytest.approx(ceiling(simulate_cohort(4, 3)).loc[side, "uf1"])


def test_a_simulated_folder_has_its_ceiling_while_it_is_there(tmp_path, capsys):
    cohort = simulate_cohort(4, 3)
    root = save_dataset(cohort, tmp_path / "cohort", progress=False)
    about = cohort.index[["subject", "clip"]].assign(truth=cohort.index["label"], seed=0)
    table = about.assign(fold=about["subject"], prediction=about["truth"])
    folder = keep(tmp_path / "out", table, origin={"root": str(root)})
    assert cli.main(["report", str(folder)]) == 0
    assert "| ceiling (oracle features) |" in capsys.readouterr().out
    keep(folder, table, origin={"root": str(tmp_path / "gone")})
    assert cli.main(["report", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert "No ceiling: " in printed and "gone" in printed and "| ceiling" not in printed


def test_of_recordings_there_is_no_ceiling(tmp_path, capsys):
    for origin in ({}, {"kind": "smic", "root": str(tmp_path)}):
        folder = keep(tmp_path / "out", answers(), origin=origin)
        assert cli.main(["report", str(folder)]) == 0
        assert "eiling" not in re.sub(r"!\[.*", "", capsys.readouterr().out)


def test_two_runs_are_compared(tmp_path, capsys):
    low, high = (keep(tmp_path / n, answers(skill=s)) for n, s in (("low", 0), ("high", 1)))
    picture = tmp_path / "difference.svg"
    assert cli.main(["compare", str(low), str(high), "--picture", str(picture)]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"^high reads more UF1 than low \(\+.*, 8 subjects\): settled$", printed, re.M)
    assert re.search(r"high +low +difference +low +high +p", printed.splitlines()[0])
    assert "<svg" in picture.read_text() and f"picture: {picture}" in printed
    assert cli.main(["compare", str(high), str(low), "--metric", "uar"]) == 0
    assert "low reads less UAR than high" in capsys.readouterr().out


def test_folders_of_one_name_are_told_apart(tmp_path, capsys):
    a, b = (keep(tmp_path / n / "late", answers(draw=k)) for k, n in enumerate("ab"))
    assert cli.main(["compare", str(a), str(b)]) == 0
    assert f"{b} reads " in capsys.readouterr().out


def test_what_cannot_be_done_is_told(tmp_path, capsys):
    a, b = keep(tmp_path / "a", answers()), keep(tmp_path / "b", answers(7))
    like = keep(tmp_path / "like", answers())
    (folder := tmp_path / "is.png").mkdir()
    for command, told in (
        (["compare", str(a), str(b)], "a and b cannot be paired: other subjects"),
        (["compare", str(a), str(tmp_path)], "predictions.parquet is missing"),
        (["compare", str(a), str(a), "--picture", "x.pdf"], "--picture x.pdf: expected"),
        (["compare", str(a), str(a), "--picture", "gone/x.png"], "expected an existing folder"),
        (["compare", str(a), str(a), "--picture", "png"], "--picture png: expected"),
        (
            ["compare", str(a), str(like), "--picture", str(folder)],
            "is.png: a folder has this name; choose",
        ),
        (["report", str(tmp_path)], "predictions.parquet is missing"),
    ):
        assert cli.main(command) == 2
        assert told in capsys.readouterr().err


def test_a_picture_that_is_there_is_replaced_by_force_alone(tmp_path, capsys):
    low, high = (keep(tmp_path / n, answers(skill=s)) for n, s in (("low", 0), ("high", 1)))
    (mine := tmp_path / "mine.svg").write_text("precious")
    (link := tmp_path / "link.svg").symlink_to(mine)
    command = ["compare", str(low), str(high), "--picture", str(link)]
    assert cli.main(command) == 2
    assert "link.svg is a link; nothing was overwritten" in capsys.readouterr().err
    assert cli.main([*command, "--force"]) == 0
    assert mine.read_text() == "precious" and "<svg" in link.read_text()


def test_a_report_is_written_again_and_follows_no_link(tmp_path, capsys):
    folder = keep(tmp_path / "out", answers())
    for _ in range(2):
        assert cli.main(["report", str(folder)]) == 0
    (folder / "report").rename(tmp_path / "elsewhere")
    (folder / "report").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "report.md").write_text("precious")
    capsys.readouterr()
    assert cli.main(["report", str(folder)]) == 2
    assert "report is a link, which is not followed; remove it" in capsys.readouterr().err
    assert (tmp_path / "elsewhere" / "report.md").read_text() == "precious"
