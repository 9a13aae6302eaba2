"""The command runs: the table, its JSON, notes, and runs that are damaged."""

import json
from pathlib import Path

from core.data.snapshot import snapshot_of_table
from core.runs.folder import RunFolder
from core.runs.new_run import create_run
from tests.cli.conftest import Core
from tests.runs.conftest import tiny
from tests.runs.photos import write_photos


def two_runs(home: Path) -> tuple[RunFolder, RunFolder]:
    """A finished run with a report, and a damaged one."""
    labels = write_photos(home / "squares")
    snapshot = snapshot_of_table(labels, labels.parent / "images")[0]
    good, bad = (
        create_run(home / "runs" / name, snapshot, tiny(), title=title, project="Birds", project_id=1)
        for name, title in (("good", "Good \x1b[31mrun"), ("bad", "Bad run"))
    )
    line = {"epoch": 1, "epochs": 3, "val_accuracy": 0.75, "val_n": 4, "best": True}
    good.append_metrics("epoch", line)
    good.write_status(state="finished")
    bad.status_path.write_text(bad.status_path.read_text().replace('"pid": ', '"pid": -'))
    return good, bad


def test_all_runs_are_listed_and_a_damaged_one_hides_no_other(here: Core, home: Path) -> None:
    good, bad = two_runs(home)
    try:
        done = here("runs")
        assert done.returncode == 0 and done.stderr == ""
        header, *lines = done.stdout.splitlines()
        assert " ".join(header.split()) == "run project name state created trained note epochs validation photos"
        [line] = [line for line in lines if line.startswith("good")]
        assert "resnet18, none, head" in line and line.endswith("1 of 3  75.0% accuracy       4")
        assert "\x1b" not in done.stdout
        assert [line.split()[2] for line in lines if line.startswith("bad")] == ["failed"]

        rows = {row["id"]: row for row in json.loads(here("runs", "--json").stdout)}
        assert (rows["good"]["figure"], rows["good"]["value"], rows["good"]["n"]) == ("accuracy", 0.75, 4)
        assert (rows["good"]["recipe"], rows["good"]["project"]) == ("resnet18, none, head", "Birds")
        assert "pid" in rows["bad"]["message"]

        done = here("runs", "good", "--note", "the best\nso far", "--json")
        assert [row["note"] for row in json.loads(done.stdout)] == ["the best\nso far"]
        assert "the best so far" in here("runs", "--project", "Birds").stdout
        assert good.status().note == "the best\nso far"
        for words in (["--project", "Owls"], ["--note", "x"], ["none"], ["good", "--note", "x" * 3000]):
            done = here("runs", *words)
            assert done.returncode == 2 and done.stderr.count("\n") == 1 and done.stdout == ""
    finally:
        for run in (good, bad):
            run.path.rename(run.path.with_name(f".deleted-{run.id}"))
