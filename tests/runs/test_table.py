import subprocess
import sys
from collections.abc import Callable

import pytest

from core.errors import RunError
from core.inspection.measuring.report import Rate
from core.runs.folder import RunFolder
from core.runs.status import now
from core.runs.table import row_of, run_rows, write_note
from core.runs.worker import work
from core.workspace import REPOSITORY, Workspace

MakeRun = Callable[..., RunFolder]


def test_a_row_says_how_a_run_was_trained_and_how_good_it_is(make_run: MakeRun, workspace: Workspace) -> None:
    run = make_run(title="Birds", project_id=3, epochs=2)
    row = row_of(run)
    assert (row.id, row.title, row.project_id, row.state, row.note) == ("one", "Birds", 3, "queued", "")
    assert (row.recipe, row.epochs_done, row.epochs) == ("tiny, none, head", 0, 2)
    assert (row.figure, row.value, row.n) == (None, None, 0)
    work(run, workspace)
    row, report = row_of(run), run.report("val")
    assert report is not None
    assert (row.state, row.epochs_done, row.figure, row.value, row.n) == (
        "finished", 2, "accuracy", report.accuracy.value, 4,
    )  # fmt: skip
    report.model_copy(update={"accuracy": Rate.of(1, 4)}).write(run.path / "report-val.json")
    assert row_of(run).value == 0.25  # the figure of the Evaluate page, in fp32


def test_before_the_evaluation_the_best_epoch_counts(make_run: MakeRun) -> None:
    run = make_run()
    for epoch, accuracy, best in ((1, 0.5, True), (2, 0.75, True), (3, 0.75, False)):
        run.append_metrics("epoch", {"epoch": epoch, "val_accuracy": accuracy, "val_n": 4, "best": best})
    row = row_of(run)
    assert (row.figure, row.value, row.n, row.epochs_done) == ("accuracy", 0.75, 4, 3)


def test_a_localization_is_measured_by_its_iou(make_run: MakeRun) -> None:
    run = make_run()
    run.append_metrics("epoch", {"epoch": 1, "val_accuracy": 1.0, "val_iou": 0.6, "val_n": 9, "best": True})
    assert (row_of(run).figure, row_of(run).value) == ("mean_iou", 0.6)
    (run.path / "report-val.json").write_text('{"n": 9, "accuracy": {"value": 1}, "mean_iou": {"value": 0.7, "n": 9}}')
    assert (row_of(run).figure, row_of(run).value, row_of(run).n) == ("mean_iou", 0.7, 9)


def test_a_class_called_mean_iou_is_no_box(make_run: MakeRun) -> None:
    run = make_run()
    (run.path / "report-val.json").write_text('{"n": 9, "accuracy": {"value": 1}, "classes": ["mean_iou"]}')
    assert row_of(run).figure == "accuracy"


def test_rows_are_newest_first_and_by_project(make_run: MakeRun, workspace: Workspace) -> None:
    make_run("b", project_id=1), make_run("a", project_id=2), make_run("c", project_id=1)
    assert [row.id for row in run_rows(workspace)] == ["c", "a", "b"]
    assert [row.id for row in run_rows(workspace, 1)] == ["c", "b"]


def test_a_note_is_kept_through_resume_and_end_and_can_be_removed(make_run: MakeRun, workspace: Workspace) -> None:
    run = make_run(epochs=1)
    write_note(run, "  too dark photos\nask Ina  ")
    work(run, workspace)
    assert row_of(run).note == "too dark photos\nask Ina" and row_of(run).state == "finished"
    write_note(run, "")
    assert row_of(run).note == ""
    with pytest.raises(RunError, match="2,001 characters, but at most 2,000 fit"):
        write_note(run, "x" * 2001)


def test_a_folder_without_a_status_is_a_row_with_its_reason(make_run: MakeRun, workspace: Workspace) -> None:
    make_run("sound")
    (workspace.runs / "empty").mkdir()
    (workspace.runs / "file").write_text("")
    rows = {row.id: row for row in run_rows(workspace)}
    assert set(rows) == {"sound", "empty"}
    assert rows["empty"].state == "failed" and "no status.json" in rows["empty"].message
    assert rows["empty"].created <= now()


def test_the_table_loads_neither_torch_nor_pandas(make_run: MakeRun, workspace: Workspace) -> None:
    make_run()
    code = """if True:
        import sys
        from core.runs.table import run_rows
        from core.workspace import open_workspace
        assert len(run_rows(open_workspace())) == 1
        print(sorted({"torch", "pandas", "numpy", "scipy"} & set(sys.modules)))
    """
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.stdout == "[]\n", done.stderr
