"""The README's commands are real: its targets, files and options exist, and its story runs as written."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.in_process import run_here

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```[a-z]*\n(.*?)```", README, flags=re.DOTALL)
COMMANDS = [
    shlex.split(line, comments=True)
    for block in BLOCKS
    for line in block.splitlines()
    if line.split(" ")[0] in {"make", "python", "pip", "streamlit", "docker", "hf", "cp", "git", "mkdir"}
]
CORE_COMMANDS = [words[3:] for words in COMMANDS if words[:3] == ["python", "-m", "core"]]


def test_the_readme_opens_with_the_two_commands() -> None:
    first = BLOCKS[0].splitlines()
    assert first[0].startswith("make app") and first[1].startswith("make test")


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    named = {words[1] for words in COMMANDS if words[0] == "make"}
    assert named and named <= targets


def test_ci_runs_the_readmes_test_command() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_scripts_and_files_that_it_names_exist() -> None:
    scripts = {words[1] for words in COMMANDS if words[0] == "python" and words[1].endswith(".py")}
    links = set(re.findall(r"\]\(([^)#:]+)\)", README))
    files = {words[-1] for words in COMMANDS if words[:2] == ["pip", "install"]}
    copied = {words[1] for words in COMMANDS if words[0] == "cp"}
    missing = [name for name in scripts | links | files | copied if not (ROOT / name).exists()]
    assert scripts and links and files and copied and not missing, missing


def test_every_core_command_and_option_is_in_the_help() -> None:
    assert len(CORE_COMMANDS) >= 6
    for words in CORE_COMMANDS:
        command = words[:2] if words[0] == "people" else words[:1]
        done = run_here(*([] if words[0].startswith("--") else command), "--help")
        assert done.returncode == 0, (words, done.stderr)
        absent = [w for w in words if w.startswith("--") and w not in done.stdout]
        assert not absent, f"{words[0]} has no option {absent}"


@pytest.mark.weights
def test_the_command_line_story_runs_as_written(
    tmp_path: Path, default_weights: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The README's seven lines, and one of another part, on some of the sample photos in place of the reader's own.

    The first is a process of its own, started in the reader's folder; the others need not load torch again.
    """
    birds = ROOT / "sample_images" / "birds"
    labels = pd.read_csv(birds / "labels.csv").groupby("label").head(8)
    labels.to_csv(tmp_path / "labels.csv", index=False)
    for folder in ("photos", "many_photos"):
        (tmp_path / folder).mkdir()
        for name in labels["filename"]:
            shutil.copy(birds / "images" / name, tmp_path / folder)
    (tmp_path / "new_photos").mkdir()
    shutil.copy(ROOT / "sample_images" / "photos" / "cat_chelsea.jpg", tmp_path / "new_photos" / "cat.jpg")
    shutil.copy(birds / "images" / "bird_0019.jpg", tmp_path / "photo.jpg")
    told = ["train", "evaluate", "evaluate", "predict", "explain", "report", "export"]
    begin = next(place for place, words in enumerate(CORE_COMMANDS) if words[:2] == ["train", "labels.csv"])
    story = CORE_COMMANDS[begin : begin + len(told)]
    assert [words[0] for words in story] == told
    story += [words for words in CORE_COMMANDS if words[0] == "predict" and "--shard" in words]
    done = subprocess.run(
        [sys.executable, "-m", "core", *story[0]],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, (story[0], done.stderr)
    monkeypatch.chdir(tmp_path)
    for words in story[1:]:
        done = run_here(*words)
        assert done.returncode == 0, (words, done.stderr)
    assert (tmp_path / "predictions.csv").read_text(encoding="utf-8").startswith("filename,prediction,probability")
    assert (tmp_path / "heatmap.png").stat().st_size > 1000
    assert (tmp_path / "report.html").stat().st_size > 10_000
    assert (tmp_path / "bundle" / "model.safetensors").exists()
    assert (tmp_path / "answers.parquet").exists()
