import csv
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.data.snapshot import Snapshot
from core.errors import RunError
from core.inspection.measuring.predictions_csv import write
from core.runs.folder import RunFolder, list_runs, open_run, workspace_run
from core.runs.new_run import create_run, require_empty
from core.runs.table import run_rows
from core.workspace import Workspace
from tests.runs.conftest import SMALLEST, tiny

MakeRun = Callable[..., RunFolder]


def test_a_new_run_is_a_folder_of_these_files(make_run: MakeRun, workspace: Workspace) -> None:
    run = make_run()
    assert sorted(path.name for path in run.path.iterdir()) == ["log.txt", "recipe.json", "snapshot.csv", "status.json"]
    assert sorted(path.name for path in workspace.runs.iterdir()) == ["one"]


def test_recipe_and_snapshot_are_read_back(make_run: MakeRun, snapshot: Snapshot) -> None:
    run = make_run(epochs=5, seed=7)
    assert run.recipe() == tiny(arch=SMALLEST, epochs=5, seed=7)
    assert run.snapshot().digest == snapshot.digest
    status = run.status()
    assert (status.state, status.epochs, status.pid) == ("queued", 5, os.getpid())


def test_a_filled_folder_is_refused_and_left_as_it_was(tmp_path: Path, snapshot: Snapshot) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "thesis.txt").write_text("precious")
    with pytest.raises(RunError, match="not empty"):
        create_run(folder, snapshot, tiny(), title="x")
    assert [path.name for path in tmp_path.rglob("*")] == ["mine", "thesis.txt"]


def test_a_run_that_never_began_says_how_it_begins(make_run: MakeRun, snapshot: Snapshot) -> None:
    run = make_run()
    with pytest.raises(RunError, match="already exists and is not empty"):  # it waits in the queue
        create_run(run.path, snapshot, tiny(), title="x")
    run.write_status(state="failed", message="The weights do not fit.")
    before = sorted(path.name for path in run.path.iterdir())
    with pytest.raises(RunError, match=f"ended before its first epoch.*resume {run.path}, .*delete the folder"):
        create_run(run.path, snapshot, tiny(), title="x")
    assert sorted(path.name for path in run.path.iterdir()) == before


def test_an_empty_folder_is_taken(tmp_path: Path, snapshot: Snapshot) -> None:
    (tmp_path / "empty").mkdir()
    assert create_run(tmp_path / "empty", snapshot, tiny(), title="x").status().state == "queued"


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path: Path, snapshot: Snapshot) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be created"):
        create_run(tmp_path / "file" / "run", snapshot, tiny(), title="x")


def test_runs_are_listed_newest_first_and_by_project(make_run: MakeRun, workspace: Workspace) -> None:
    first, second, third = make_run("b", project_id=1), make_run("a", project_id=2), make_run("c", project_id=1)
    assert list_runs(workspace) == [third, second, first]
    assert list_runs(workspace, project_id=1) == [third, first]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda status: status.unlink(), "no status.json"),
        (lambda status: status.write_text(""), "status.json cannot be read"),
        (lambda status: status.write_text('{"state": "dancing", "created": "2026-01-01"}'), "state"),
        (lambda status: status.write_bytes(b"\xff\xfe"), "status.json cannot be read"),
    ],
)
def test_a_broken_folder_is_listed_as_failed_with_its_reason(
    make_run: MakeRun, workspace: Workspace, damage: Callable[[Path], object], reason: str
) -> None:
    sound, broken = make_run("sound"), make_run("broken")
    damage(broken.path / "status.json")
    assert set(list_runs(workspace)) == {sound, broken}
    status = broken.status()
    assert status.state == "failed" and reason in status.message


def test_a_damaged_recipe_is_a_sentence(make_run: MakeRun) -> None:
    run = make_run()
    (run.path / "recipe.json").write_text('{"arch": "vgg"}')
    with pytest.raises(RunError, match="arch"):
        run.recipe()


def test_a_run_is_opened_by_its_id_or_its_path(make_run: MakeRun, workspace: Workspace) -> None:
    run = make_run("20260101-000000-birds-abc")
    assert open_run("20260101-000000-birds-abc", workspace) == run
    assert open_run(run.path, workspace) == run
    assert open_run(str(run.path), workspace) == run


def test_what_is_no_run_says_what_is_wanted(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="neither a run id"):
        open_run("nothing", workspace)
    with pytest.raises(RunError, match="is a folder, but not a run"):
        open_run(tmp_path, workspace)


@pytest.mark.parametrize("run_id", ["..", "../one", "one/..", "", ".", ".locks", "/etc"])
def test_an_id_from_an_address_stays_in_the_workspace(make_run: MakeRun, workspace: Workspace, run_id: str) -> None:
    run = make_run()
    (workspace.runs / ".locks").mkdir()
    assert workspace_run("one", workspace) == run
    with pytest.raises(RunError, match=f"^There is no run {re.escape(repr(run_id))} in the workspace"):
        workspace_run(run_id, workspace)


def test_the_log_shows_its_last_lines_and_the_last_state_of_a_bar(make_run: MakeRun) -> None:
    run = make_run()
    for number in range(300):
        run.append_log(f"line {number}")
    with run.log_path.open("a") as file:
        file.write("loading 10 %\rloading 100 %\ndone\n")
    lines = run.log(lines=4).split("\n")
    assert lines[-2:] == ["loading 100 %", "done"]
    assert lines[-3].endswith("line 299") and len(lines) == 4


def test_a_class_called_na_keeps_its_name(make_run: MakeRun) -> None:
    run = make_run()
    assert run.predictions("test") is None and run.report("test") is None
    (run.path / "predictions-test.csv").write_text("filename,label,prediction,probability\n007,NA,null,0.5\n")
    frame = run.predictions("test")
    assert frame is not None
    assert frame.to_dict("records") == [{"filename": "007", "label": "NA", "prediction": "null", "probability": 0.5}]


def test_no_spreadsheet_runs_a_name_in_the_predictions(make_run: MakeRun) -> None:
    run = make_run()
    names = [
        "=cmd|' /C calc'!A0.png",
        "+1.png",
        "-1.png",
        "@x.png",
        " blank .png ",
        "'=quoted.png",
        "a.png",
        'q"\r.png',
    ]
    table = pd.DataFrame(
        {"filename": names, "path": [f"/p/{name}" for name in names], "label": "=1+2", "prediction": "-", "x": -1.5}
    )
    write(table.assign(probability=0.5, prediction_2="NA", probability_2=0.25), run.path / "predictions-test.csv")
    cells = [cell for row in csv.reader((run.path / "predictions-test.csv").open(newline="")) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@")) and cell != "-1.5"]
    frame = run.predictions("test")
    assert frame is not None
    assert frame["filename"].tolist() == names and frame["path"].tolist() == table["path"].tolist()
    assert set(frame["label"]) == {"=1+2"} and set(frame["prediction"]) == {"-"}
    assert set(frame["prediction_2"]) == {"NA"}
    assert frame["probability_2"].sum() == 2 and set(frame["x"]) == {"-1.5"}


def test_a_bundle_is_told_apart_from_a_run(make_run: MakeRun, workspace: Workspace, tmp_path: Path) -> None:
    run = make_run()
    for folder, named in ((run.best, str(run.path)), (tmp_path / "bundle", "the run that it was exported from")):
        folder.mkdir()
        (folder / "bundle.json").write_text("{}")
        with pytest.raises(RunError, match=f"is a bundle, not a run: .*photos .*training.* Use {named}"):
            open_run(folder, workspace)


def test_an_empty_file_or_folder_may_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    require_empty(tmp_path / "empty.csv", "the answers")
    require_empty(tmp_path / "new.csv", "the answers")
    (tmp_path / "full.csv").write_text("a")
    with pytest.raises(RunError, match="the answers"):
        require_empty(tmp_path / "full.csv", "the answers")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[" * 50_000,
        b'{"arch": 5}',
        b'{"arch": "' + b"x" * 90_000 + b'"}',
        b'{"epochs": 1e999}',
        b'{"epochs": null}',
        b'{"learning_rate": NaN}',
        b"\xff\xfe",
        b"x" * 10**6,
    ],
    ids=lambda text: text[:20].decode(errors="replace"),
)
def test_a_hostile_recipe_is_one_sentence(make_run: MakeRun, workspace: Workspace, text: bytes) -> None:
    make_run("sound")
    bad = make_run("bad")
    (bad.path / "recipe.json").write_bytes(text)
    with pytest.raises(RunError, match=r"recipe\.json cannot be read") as caught:
        bad.recipe()
    assert len(str(caught.value)) < 1_500
    assert {row.id: row.arch for row in run_rows(workspace)} == {"bad": None, "sound": SMALLEST}


@pytest.mark.parametrize(
    "text", [b"", b"[" * 50_000, b"{}", b'{"accuracy": {"value": NaN}}', b"\xff\xfe", b'{"n": 1e400}', b'"mean_iou"']
)
def test_a_hostile_report_is_one_sentence_and_hides_no_run(
    make_run: MakeRun, workspace: Workspace, text: bytes
) -> None:
    make_run("sound")
    bad = make_run("bad")
    (bad.path / "report-val.json").write_bytes(text)
    with pytest.raises(RunError, match=r"report-val\.json"):
        bad.report("val")
    assert [row.figure for row in run_rows(workspace)] == [None, None]


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b'"', b"\xff\xfe\x00", b"a,b\n1,2,3\n4,5,6,7\n", b"\0" * 1000),
        b"filename,label,prediction\na,b,c\n",
        b"filename,label,prediction,probability\na,b,c,high\n",
        b"filename,label,prediction,probability\na,b,c,1e99\n",
        b"filename,label,prediction,probability,x\na,b,c,0.5,left\n",
    ],
)
def test_hostile_predictions_are_one_sentence(make_run: MakeRun, text: bytes) -> None:
    run = make_run()
    (run.path / "predictions-val.csv").write_bytes(text)
    with pytest.raises(RunError, match=r"predictions-val\.csv .* Evaluate the run again"):
        run.predictions("val")


def test_a_name_of_five_thousand_letters_is_a_sentence(workspace: Workspace) -> None:
    for find in (workspace_run, open_run):
        with pytest.raises(RunError, match="There is no run") as caught:
            find("9" * 5000, workspace)
        assert len(str(caught.value)) < 400


def test_a_folder_whose_name_is_not_unicode_hides_no_run(make_run: MakeRun, workspace: Workspace) -> None:
    make_run("sound")
    (workspace.runs / "odd\udcff").mkdir()  # the byte FF, as Python names it
    assert len(list_runs(workspace)) == 2 and {row.state for row in run_rows(workspace)} == {"queued", "failed"}


def test_a_folder_that_may_not_be_looked_into_hides_no_run(
    make_run: MakeRun, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run("sound"), make_run("closed")
    stat = Path.stat

    def closed(path: Path, **options: Any) -> os.stat_result:
        if "closed" in path.parent.parts:
            raise PermissionError(13, "Permission denied")
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", closed)
    assert {row.id: row.state for row in run_rows(workspace)} == {"sound": "queued", "closed": "failed"}
    assert not any(run.finished or run.begun for run in list_runs(workspace))
