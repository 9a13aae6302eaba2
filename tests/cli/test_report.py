"""The command report: a run's report as one HTML page."""

import json
from pathlib import Path

from tests.cli.conftest import Core


def test_the_report_of_a_run_is_one_page(here: Core, run: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    done = here("report", run, "--out", out, "--no-heatmaps", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"run": run.name, "report": str(out), "bytes": out.stat().st_size}
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert not list(tmp_path.glob("*.part"))


def test_the_plain_answer_names_the_file_and_its_size(here: Core, run: Path, tmp_path: Path) -> None:
    out = tmp_path / "new folder" / "report.html"
    done = here("report", run, "--out", out, "--no-heatmaps")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{out}: the report of {run.name}, ") and done.stdout.endswith(" MB\n")


def test_a_file_is_never_replaced(here: Core, run: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    out.write_text("mine", encoding="utf-8")
    done = here("report", run, "--out", out)
    assert done.returncode == 2 and "already exists" in done.stderr
    assert out.read_text(encoding="utf-8") == "mine"


def test_a_run_that_is_not_there_is_named(here: Core, tmp_path: Path) -> None:
    done = here("report", "nothing", "--out", tmp_path / "report.html")
    assert done.returncode == 2 and "There is no run 'nothing'" in done.stderr
    assert not list(tmp_path.iterdir())
