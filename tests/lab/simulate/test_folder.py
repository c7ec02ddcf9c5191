import pytest
import torch

from meps_lab.simulate import FolderDataset, save_dataset, simulate_cohort
from meps_lib.errors import MepsError


@pytest.fixture(scope="module")
def cohort():
    return simulate_cohort(n_subjects=2, trials_per_subject=3, seed=4)


@pytest.fixture
def root(cohort, tmp_path):
    return save_dataset(cohort, tmp_path / "cohort", progress=False)


def test_what_was_written_comes_back_to_the_bit(cohort, root):
    data = FolderDataset(root)
    assert data.classes == cohort.classes
    assert data.note == "simulated"
    for k in range(6):
        ours, theirs = data[k], cohort[k]
        for name in ("colour", "depth", "ps"):
            a, b = getattr(ours, name), getattr(theirs, name)
            assert torch.equal(a.nan_to_num(-1), b.nan_to_num(-1))
        assert (ours.label, ours.subject, ours.clip) == (theirs.label, theirs.subject, theirs.clip)
        assert (ours.apex, ours.fps, ours.ps_names) == (theirs.apex, theirs.fps, theirs.ps_names)
        assert ours.truth["beat_times"] == pytest.approx(theirs.truth["beat_times"])
        assert (ours.onset, ours.offset, ours.ps_start) == (theirs.onset, theirs.offset, -3.0)
        assert ours.truth["shown"] == theirs.truth["shown"]
        assert tuple(ours.truth["aus"]) == tuple(theirs.truth["aus"])
        clean = (torch.as_tensor(t.truth["clean_depth"]).nan_to_num(-1) for t in (ours, theirs))
        assert torch.equal(*clean)
        assert "flow" not in ours.truth


def edit(name, change):
    def spoil(root):
        path = root / name
        path.write_text(change(path.read_text()))

    return spoil


def cut(root):
    path = sorted((root / "trials").iterdir())[0]
    path.write_bytes(path.read_bytes()[:1000])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda r: (r / "dataset.json").unlink(), "dataset.json is missing.*meps simulate"),
        (edit("dataset.json", lambda s: s[:10]), "dataset.json cannot be read"),
        (edit("dataset.json", lambda s: "[]"), "names no list of classes"),
        (edit("index.csv", lambda s: s.replace("label", "klass", 1)), "no column label.*klass"),
        (edit("index.csv", lambda s: s.replace("positive", "joy", 1)), "row 3, column label='joy'"),
        (edit("index.csv", lambda s: s.replace("sim-01,", "sim-09,", 1)), "one of them was edited"),
        (lambda r: sorted((r / "trials").iterdir())[0].unlink(), "is missing, but the index"),
        (cut, "cut short"),
        (edit("index.csv", lambda s: s + s.splitlines()[1] + "\n"), "two trials are called"),
        (edit("index.csv", lambda s: s.replace("sim-01_01", "../../evil", 1)), "expected letters"),
        (edit("dataset.json", lambda s: '{"classes": "abc"}'), "names no list of classes"),
    ],
)
def test_a_spoilt_folder_is_refused_by_file(root, spoil, message):
    spoil(root)
    with pytest.raises(MepsError, match=message):
        FolderDataset(root)[0]


def test_nothing_is_overwritten(cohort, root):
    with pytest.raises(MepsError, match="not empty"):
        save_dataset(cohort, root, progress=False)
