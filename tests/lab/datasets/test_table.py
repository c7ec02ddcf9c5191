"""Clips of one's own: files written by hand as the page describes them, opened by their table."""

import json

import cv2
import numpy as np
import pandas as pd
import pytest

from meps_lab.cli import main as cli
from meps_lab.datasets import LoadConfig, build_index, open_dataset, read_index
from meps_lab.datasets.table import check_windows
from meps_lib.errors import MepsError
from meps_lib.video import RateWarning

FPS, SIDE, N = 20, 48, 30
HEADER = "subject,clip,label,media,fps,onset,apex,offset,signals,signals_hz,signals_start"
# A video of a phone and the export of a wristband; pictures and a table with a header.
VIDEO = "{who},{who}v,{label},{who}/film.avi,,4,9,14,{who}/E4/EDA.csv,,-10"
FOLDER = "{who},{who}f,{other},{who}/pictures,20,10,,20,{who}/skin.csv,4,"
PLAIN = LoadConfig(("colour", "ps"), crop="frame", size=32, clean=False)


def picture(n):
    """Grey of level 8 n: which frame it is can be read from it, through a JPEG too."""
    return np.full((SIDE, SIDE, 3), 8 * n, np.uint8)


def write_person(folder):
    """Frames 0 to 29 as MJPG, pictures 7 to 36, EDA that is the time in seconds at 4 Hz."""
    (folder / "pictures").mkdir(parents=True)
    (folder / "E4").mkdir()
    film = cv2.VideoWriter(
        str(folder / "film.avi"), cv2.VideoWriter_fourcc(*"MJPG"), FPS, (SIDE, SIDE)
    )
    for n in range(N):
        film.write(picture(n))
        cv2.imwrite(str(folder / "pictures" / f"img_{n + 7:03d}.png"), picture(n))
    film.release()
    seconds = [f"{n / 4:.6f}" for n in range(4 * 60)]
    rows = "\n".join(seconds)
    (folder / "E4" / "EDA.csv").write_text(f"1560279825.000000\n4.000000\n{rows}\n")
    # From 5 s before the first picture, as the table says by leaving the start away: it is 0.
    (folder / "skin.csv").write_text(f"EDA (uS)\n{rows}\n")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("own é")
    lines = [HEADER]
    for k, who in enumerate(("anna", "ben", "cleo", "dora")):
        write_person(root / who)
        names = {"who": who, "label": "smile", "other": "neutral" if k % 2 else "frown"}
        lines += [VIDEO.format(**names), FOLDER.format(**names).rstrip(",") + ",-5"]
    (root / "clips.csv").write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture
def again(made, tmp_path):
    """A function: the table with a piece of a line replaced, beside the same files."""
    for folder in made.iterdir():
        if folder.is_dir():
            (tmp_path / folder.name).symlink_to(folder)

    def write(*changes):
        text = (made / "clips.csv").read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        (tmp_path / "clips.csv").write_text(text)
        return tmp_path / "clips.csv"

    return write


def test_a_video_and_a_folder_give_the_frames_that_the_table_names(made):
    data = open_dataset("table", made / "clips.csv", config=PLAIN)
    assert data.classes == ("frown", "neutral", "smile") and len(data) == 8
    film, pictures = data[0], data[1]
    levels = (film.colour.mean(dim=(1, 2, 3)) * 255 / 8).numpy()
    np.testing.assert_allclose(levels, np.arange(4, 15), atol=0.3)
    assert (film.onset, film.apex, film.offset, film.fps) == (0, 5, 10, FPS)
    assert film.start == 4 / FPS and film.label == "smile" and film.subject == "anna"
    levels = (pictures.colour.mean(dim=(1, 2, 3)) * 255 / 8).numpy()
    np.testing.assert_allclose(levels, np.arange(3, 14), atol=0.01)  # picture 10 is the fourth
    assert (pictures.onset, pictures.apex, pictures.offset) == (0, None, 10)
    assert pictures.start == 3 / FPS


def test_signals_lie_where_the_start_says(made):
    """EDA is its own clock: a sample says when it was taken."""
    data = open_dataset("table", made / "clips.csv", config=PLAIN)
    for k, begins, onset_s in ((0, -10, 4 / FPS), (1, -5, 3 / FPS)):
        trial = data[k]
        assert trial.ps_names == ("EDA",) and trial.ps_units == ("uS",) and trial.ps_sfreq == 4
        assert trial.ps.shape == (1, 40)
        at_onset = trial.ps[0, 0].item() - trial.ps_start
        assert at_onset == pytest.approx(onset_s - begins, abs=1e-6)
        assert trial.ps_start == pytest.approx(-3, abs=1 / 8)


def test_empty_onset_and_offset_are_the_ends_and_a_rate_can_be_corrected(again):
    table = again(("film.avi,,4,9,14,", "film.avi,40,,,,"), ("20,10,,20", "20,,,"))
    data = open_dataset("table", table, config=PLAIN)
    assert [(t.n_frames, t.fps, t.onset, t.apex, t.offset) for t in (data[0], data[1])] == [
        (N, 40, 0, None, N - 1),
        (N, 20, 0, None, N - 1),
    ]


def test_a_frame_of_a_video_has_its_own_time(again, stamped):
    """A phone in the dark: after half a second each frame takes three times as long."""

    stamped(lambda ms: ms + 2 * max(ms - 500, 0))
    late = (",4,9,14,", ",12,13,20,")
    with pytest.warns(RateWarning, match=r"anna/film\.avi: .* varies, from 6\.67 to 20"):
        data = open_dataset("table", again(late), config=PLAIN)
    film = data[0]
    assert film.start == pytest.approx(0.8) and film.seconds(film.apex) == pytest.approx(0.95)
    assert film.seconds(film.offset) == pytest.approx(2.0)
    assert film.ps[0, 0].item() - film.ps_start == pytest.approx(10.8, abs=1e-6)
    signals = open_dataset("table", again(late), config=LoadConfig(("ps",), clean=False))[0]
    assert signals.ps[0, 0].item() - signals.ps_start == pytest.approx(10.8, abs=1e-6)
    given = open_dataset("table", again(late, ("film.avi,,", "film.avi,40,")), config=PLAIN)[0]
    assert (given.start, given.seconds(given.offset)) == pytest.approx((0.3, 0.5))


def test_pictures_without_numbers_are_counted_from_0(again, tmp_path):
    (tmp_path / "words").mkdir()
    for n, name in enumerate(("a", "b", "c", "d")):
        cv2.imwrite(str(tmp_path / "words" / f"{name}.png"), picture(n))
    table = again(("anna/pictures,20,10,,20", "words,20,1,,3"))
    trial = open_dataset("table", table, config=PLAIN)[1]
    np.testing.assert_allclose(trial.colour.mean(dim=(1, 2, 3)) * 255 / 8, [1, 2, 3], atol=0.01)


def test_parquet_is_the_same_table(made, again):
    table = again()
    pd.read_csv(table).to_parquet(table.with_suffix(".parquet"))
    a, b = (build_index("table", t).table for t in (table, table.with_suffix(".parquet")))
    pd.testing.assert_frame_equal(a, b)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("anna,annav", ",annav", "clips.csv, row 2, column subject is empty; fill the cell"),
        ("annav,smile", "annav,", "row 2, column label is empty"),
        ("annaf", "annav", "clip 'annav', row 2 .*row 3 .*a name that no other clip has"),
        ("anna/film.avi", "anna/gone.avi", "row 2, column media: got 'anna/gone.avi', no such fi"),
        ("anna/film.avi", "/etc/hosts", "row 2, column media: got '/etc/hosts', which leads else"),
        ("anna/film.avi", "../x.avi", "column media: got '../x.avi', which leads elsewhere"),
        ("anna/film.avi", "anna/skin.csv", "column media: anna/skin.csv: not a video that OpenCV"),
        ("anna/pictures", "anna/E4", "row 3, column media: anna/E4: no picture in it"),
        ("pictures,20,", "pictures,,", "row 3, column fps: got an empty cell, and a folder does"),
        ("film.avi,,", "film.avi,0,", "row 2, column fps: got 0; expected frames a second, 1 to 1"),
        ("film.avi,,4,9,14", "film.avi,,4,9,30", "row 2, column offset: got 30; .*frames 0 to 29"),
        ("20,10,,20", "20,6,,20", "row 3, column onset: got 6; the media has frames 7 to 36"),
        (",4,9,14,", ",4,3,14,", "row 2, column onset: got onset 4, apex 3, offset 14; .*rise"),
        (",4,9,14,", ",4,,4,", "row 2, column onset: got onset 4, apex None, offset 4"),
        (",4,9,14,", ",4.5,9,14,", "row 2, column onset: got '4.5'; expected a whole number"),
        ("EDA.csv,,-10", "EDA.csv,,10", "row 2, column signals_start: got 10, .*10 to 70 s .*0.2"),
        ("EDA.csv,,-10", "EDA.csv,,-61", "signals_start: got -61, .*negative where the signals be"),
        ("skin.csv,4,-5", "skin.csv,4,1", "row 3, column signals_start: got 1, .*at 0.15 s"),
        ("EDA.csv,,-10", "EDA.csv,8,-10", "column signals: anna/E4/EDA.csv: the file states 4 Hz"),
        (
            "skin.csv,4,",
            "skin.csv,,",
            "row 3, column signals: anna/skin.csv: the file states no sa",
        ),
        ("anna/E4/EDA.csv,,", ",,", "row 2, column signals_start: got '-10' without signals"),
        ("signals_start", "signal_start", "unknown column 'signal_start'; did you mean signals_st"),
        (",fps,", ",fsp,", "unknown column 'fsp'; did you mean fps"),
        ("annav,smile", "annav,Smile", "the labels 'Smile' and 'smile' are probably the same; sp"),
        (
            "annav,smile",
            "annav,nan",
            "row 2, column label got 'nan', which is empty; fill the cell",
        ),
        (
            "annav,smile",
            "annav,NaN",
            "row 2, column label got 'NaN', which is empty; fill the cell",
        ),
        (",apex,", ",apexx,", "unknown column 'apexx'; did you mean apex"),
        (",label,", ",", "no column 'label'"),
    ],
)
def test_a_wrong_cell_is_named(again, old, new, message):
    with pytest.raises(MepsError, match=message) as caught:
        build_index("table", again((old, new)))
    assert "\n" not in str(caught.value)


def test_a_frame_that_is_missing_and_units_that_differ(again, made, tmp_path):
    table = again(("ben/pictures", "holes"), ("ben/skin.csv", "other.csv"))
    (tmp_path / "holes").mkdir()
    for n in (10, 11, 13, 20):
        cv2.imwrite(str(tmp_path / "holes" / f"{n}.png"), picture(n))
    text = (made / "ben" / "skin.csv").read_text()
    (tmp_path / "other.csv").write_text(text.replace("uS", "mS"))
    with pytest.raises(MepsError, match="row 5, column media: frame 12 and 6 more of 10 to 20"):
        build_index("table", table)
    for n in range(10, 21):
        cv2.imwrite(str(tmp_path / "holes" / f"{n}.png"), picture(n))
    with pytest.raises(MepsError, match="row 5, column signals: EDA in mS, but uS in row 2"):
        build_index("table", table)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: p.mkdir(), "clips.csv: a folder; expected the table of your clips"),
        (lambda p: None, "clips.csv: no such file; expected the table"),
        (lambda p: p.write_text(HEADER + "\n"), "no row below the header"),
    ],
)
def test_what_is_no_table(tmp_path, make, message):
    make(tmp_path / "clips.csv")
    with pytest.raises(MepsError, match=message):
        build_index("table", tmp_path / "clips.csv")
    (tmp_path / "clips.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(
        MepsError, match="clips.parquet cannot be read .*a table in parquet: save it anew"
    ):
        build_index("table", tmp_path / "clips.parquet")


def test_one_class_is_nothing_to_learn(again):
    changes = [("frown", "smile"), ("neutral", "smile")] * 2
    with pytest.raises(MepsError, match="every label is 'smile'; expected two classes"):
        build_index("table", again(*changes))


def test_remarks_are_told_and_not_read(again, capsys):
    table = again((HEADER, HEADER + ",remarks"))
    assert cli.main(["index", "table", str(table)]) == 0
    printed = capsys.readouterr().out
    assert "note: columns that are not read: remarks" in printed
    assert "note: signals that every recording has: EDA\n" in printed
    assert "classes label: frown 2  neutral 2  smile 4" in printed
    (command,) = (line for line in printed.splitlines() if line.startswith("next: "))
    assert command.startswith("next: meps loso --data table --root ")
    assert command.endswith(" --signals EDA")
    assert cli.main(["index", "table", str(again(("anna/E4/EDA.csv,,-10", ",,")))]) == 0
    assert " --modalities colour\n" in capsys.readouterr().out


def test_signals_too_short_for_the_window_are_told_before_the_work(again):
    table = again(("EDA.csv,,-10", "EDA.csv,,-1"))
    data = open_dataset("table", table, config=PLAIN)
    with pytest.raises(
        MepsError, match=r"'annav', row 2 of the table, anna/E4/EDA.csv: .* from -1"
    ):
        check_windows(data.table, data.root, data.config)
    assert cli.main(["loso", "--data", "table", "--root", str(table), "--signals", "EDA"]) == 2


def test_what_a_clip_is_made_of_is_named_for_the_cache(made):
    data = open_dataset("table", made / "clips.csv", config=PLAIN)
    film = [made / "anna" / "film.avi", made / "anna" / "E4" / "EDA.csv"]
    assert data.files(0) == film
    names = [f"img_{n:03d}.png" for n in range(10, 21)]
    assert [path.name for path in data.files(1)] == [*names, "skin.csv"]
    signals = open_dataset("table", made / "clips.csv", config=LoadConfig(("ps",)))
    assert signals.files(0) == film[1:]  # a folder decides by its names which frame is which
    assert signals.files(1) == [made / "anna" / "pictures", made / "anna" / "skin.csv"]


def test_from_the_table_to_a_row_of_scores_and_no_path_of_the_machine(made, tmp_path, capsys):
    args = ["index", "table", str(made / "clips.csv"), "--out", str(tmp_path / "i.parquet")]
    assert cli.main(args) == 0
    back = read_index(tmp_path / "i.parquet", made)
    pd.testing.assert_frame_equal(back.table, build_index("table", made / "clips.csv").table)
    out = tmp_path / "out"
    args = ["loso", "--data", "table", "--root", str(made / "clips.csv"), "--signals", "EDA"]
    args += ["--crop", "frame", "--epochs", "1", "--frames", "3"]
    args += ["--optimiser", "adamw", "--schedule", "cosine", "--clip-norm", "1", "--patience", "2"]
    assert cli.main([*args, "--precision", "bf16", "--out", str(out), "--n-validation", "1"]) == 0
    assert "UF1" in capsys.readouterr().out
    text = (out / "config.json").read_text()
    assert made.name not in text and str(made.parent) not in text
    record = json.loads(text)
    assert record["origin"]["root"] == "clips.csv" and record["origin"]["class_set"] == "label"
    train = {"optimiser": "adamw", "schedule": "cosine", "clip_norm": 1.0, "patience": 2}
    assert train.items() <= record["config"]["train"].items()
    assert record["config"]["train"]["precision"] == "bf16"
    assert str(made.parent).encode() not in (tmp_path / "i.parquet").read_bytes()
