"""``export --onnx`` on the command line."""

import json
from pathlib import Path

from tests.cli.conftest import Core

ONNX_FILES = ("model-int8.onnx", "model.onnx", "self-test.json")


def test_export_onnx_writes_tested_files_and_answers_in_json(here: Core, run: Path, tmp_path: Path) -> None:
    out = tmp_path / "onnx"
    done = here("export", run, "--onnx", "--out", out, "--precision", "both", "--write-anyway", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["onnx"] == str(out)
    assert answer["files"] == ["README.md", "classes.txt", "confusion-matrix.png", *ONNX_FILES]
    exact, rounded = answer["models"]
    test = exact["self_test"]
    assert test["photos"].endswith(" validation photos of this run") and test["n"] == test["file_accuracy"]["n"]
    assert test["largest_probability_difference"] < 1e-4 and test["agreement"]["correct"] == test["n"]
    assert rounded["precision"] == "int8" and rounded["self_test"]["bytes"] < test["bytes"]


def test_the_figures_are_printed_and_problems_are_one_sentence(here: Core, run: Path, tmp_path: Path) -> None:
    done = here("export", run, "--onnx", "--out", tmp_path / "onnx", "--input", "photo")
    assert done.returncode == 0, done.stderr
    assert "model.onnx: " in done.stdout and "same likeliest class on " in done.stdout
    assert "building the graph" in done.stderr and "calibrat" not in done.stderr
    for words, said in (
        (["--onnx", "--precision", "fp8"], "Choose fp32, int8 or both"),
        (["--precision", "int8"], "--precision is for ONNX files. Add --onnx, or leave it out"),
    ):
        wrong = here("export", run, "--out", tmp_path / "other", *words)
        assert (wrong.returncode, wrong.stdout) == (2, "") and said in wrong.stderr
        assert len(wrong.stderr.splitlines()) == 1
    again = here("export", run, "--onnx", "--out", tmp_path / "onnx")
    assert again.returncode == 2 and "not empty" in again.stderr
