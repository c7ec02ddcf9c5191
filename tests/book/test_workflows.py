"""What runs elsewhere: the workflows can be read, and their shell steps run with stand-ins.

No test here can show that GitHub takes them; it holds names, keys, files and the shell.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
# GitHub refuses a workflow with another key.
KEYS = {
    "top": {"name", "on", "permissions", "concurrency", "env", "jobs"},
    "job": {"runs-on", "timeout-minutes", "needs", "if", "env", "permissions", "environment"}
    | {"steps"},
    "step": {"name", "id", "if", "uses", "with", "run", "env"},
}
EVENTS = {"push", "pull_request", "workflow_dispatch", "schedule"}
COMMANDS = ("docker", "make", "sudo", "apt-get", "npm", "python", "python3", ".venv/bin/python")
SCRIPTS = [ROOT / ".ci/run", *sorted((ROOT / "tools").glob("*.sh"))]


def read(path: Path) -> dict:
    """A workflow; YAML 1.1 takes its key `on` for a truth value."""
    text = path.read_text(encoding="utf-8")
    return yaml.safe_load(re.sub(r"^on:", '"on":', text, flags=re.M))


def shell_steps() -> list:
    return [
        pytest.param(step["run"], job.get("env", {}), id=f"{path.stem}-{name}-{number}")
        for path in WORKFLOWS
        for name, job in read(path)["jobs"].items()
        for number, step in enumerate(job["steps"])
        if "run" in step
    ]


def test_there_are_both_and_they_say_that_they_never_ran():
    assert [path.stem for path in WORKFLOWS] == ["book", "weekly"]
    for path in WORKFLOWS:
        assert "Never run there yet" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_has_the_keys_that_there_are(path):
    workflow = read(path)
    assert workflow.keys() <= KEYS["top"]
    assert {"name", "on", "jobs"} <= workflow.keys()
    assert workflow["on"].keys() <= EVENTS
    assert workflow["permissions"] == {"contents": "read"}  # more only where a job asks for it
    for job in workflow["jobs"].values():
        assert job.keys() <= KEYS["job"]
        assert {"runs-on", "steps"} <= job.keys()
        needs = job.get("needs", [])
        assert set([needs] if isinstance(needs, str) else needs) <= workflow["jobs"].keys()
        for step in job["steps"]:
            assert step.keys() <= KEYS["step"]
            assert ("uses" in step) != ("run" in step)
            assert re.fullmatch(r"[\w.-]+/[\w.-]+@v\d+", step.get("uses", "a/b@v1"))
        text = yaml.safe_dump(job)
        ids = {step.get("id") for step in job["steps"]}
        assert set(re.findall(r"\bsteps\.(\w+)\.outputs", text)) <= ids


@pytest.fixture
def stand_ins(tmp_path):
    """A copy of the scripts beside commands that only write down how they were called."""
    for path in (*SCRIPTS, ROOT / "requirements.lock"):
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(path, copy)
    calls = tmp_path / "calls.txt"
    for command in COMMANDS:
        path = tmp_path / ("bin/" + command if "/" not in command else command)
        path.parent.mkdir(parents=True, exist_ok=True)
        said = 'case "$*" in *locate*) echo "$PWD/profile";; esac\n'
        path.write_text(f'#!/bin/bash\n{said}echo "{path.name} $*" >>"{calls}"\n')
        path.chmod(0o755)

    def run(script: str, **env: str) -> str:
        known = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "HOME": str(tmp_path)}
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        done = subprocess.run(
            command, cwd=tmp_path, env={**known, **env}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return calls.read_text()

    return run


@pytest.mark.parametrize(("script", "env"), shell_steps())
def test_a_shell_step_runs_with_stand_ins(stand_ins, script, env):
    assert "${{" not in script  # a value of GitHub's reaches a shell by `env` alone
    called = stand_ins(script, MEPS_CHROMIUM="/bin/true", **env)
    for name in re.findall(r"/project/([\w./]+)", called):
        assert (ROOT / name).exists(), name


def test_the_build_is_the_one_that_a_person_runs(stand_ins):
    called = stand_ins("bash .ci/run", MEPS_CHROMIUM="/bin/true")
    targets = re.findall(r"^make (\S+)", called, flags=re.M)
    made = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert {"lint", "test", "book", "test-web"} <= set(targets)
    assert all(f"\n{target}:" in made for target in targets)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_can_be_read(path):
    checked = subprocess.run(["bash", "-n", path], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_every_edition_runs_in_the_image(stand_ins, tmp_path):
    for name in ("01_a", "student/01_a", "02_b"):
        path = tmp_path / f"notebooks/{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    called = stand_ins(f"bash tools/run_in_colab.sh {tmp_path}/notebooks")
    ran = re.findall(rf"--execute .*{tmp_path}/notebooks/(\S+)\.ipynb", called)
    assert ran == ["01_a", "02_b", "student/01_a"]
    startup = tmp_path / "profile/startup/00-colab.py"
    assert startup.read_text() == "import google.colab\n"
