"""A locked exam: nobody evaluates on the test photos, and figures of earlier exams are hidden until it is unlocked."""

import pytest

from core.errors import ExamLocked
from core.export.bundle_zip import _record
from core.runs.exams.locked import FILE, exam_locked, write_lock
from core.runs.exams.records import exams_of
from core.runs.models import evaluate_run
from core.workspace import Workspace
from tests.runs.exams.conftest import MakeRun


def test_a_locked_exam_is_refused_and_its_figures_are_withheld_until_it_is_unlocked(
    workspace: Workspace, make: MakeRun
) -> None:
    run = make()
    evaluate_run(run, "test", device="cpu")
    assert run.report("test") is not None
    write_lock(workspace.root, locked=True)
    with pytest.raises(ExamLocked, match="Your teacher has locked the exam"):
        evaluate_run(run, "test", device="cpu")
    assert len(exams_of(run)) == 1, "what was refused is no look"
    assert run.report("test") is None and run.predictions("test") is None
    assert "test" not in _record(run.path)[0], "exports read the same"
    evaluate_run(run, "val", device="cpu")
    assert run.report("val") is not None
    write_lock(workspace.root, locked=False)
    assert run.report("test") is not None and run.predictions("test") is not None


def test_an_exam_that_is_locked_while_it_runs_leaves_no_report(workspace: Workspace, make: MakeRun) -> None:
    run = make()
    with pytest.raises(ExamLocked):
        evaluate_run(run, "test", lambda done, total: write_lock(workspace.root, locked=True), device="cpu")
    assert not run.report_path("test").exists() and exams_of(run) == ()


def test_a_damaged_lock_locks(workspace: Workspace) -> None:
    assert not exam_locked(workspace)
    (workspace.root / FILE).write_text("{")
    assert exam_locked(workspace)


def test_what_a_new_workspace_gets_does_not_replace_what_was_carried_meanwhile(workspace: Workspace) -> None:
    write_lock(workspace.root, locked=False)
    write_lock(workspace.root, locked=True, replace=False)
    assert not exam_locked(workspace)
    assert [path.name for path in workspace.root.glob("*exam-lock*")] == [FILE]
    (workspace.root / FILE).unlink()
    write_lock(workspace.root, locked=True, replace=False)
    assert exam_locked(workspace)
