"""exams.jsonl: what is recorded of a look, when, and what counts as one."""

import errno
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from core.data.store.records import NAMELESS
from core.errors import ImageRefused, RunError, StorageError
from core.models.bundle import read_info
from core.models.untrusted.bundle_info import BundleInfo
from core.runs import models
from core.runs.checking.run_check import check_runs
from core.runs.computations.reports import evaluate
from core.runs.exams import records
from core.runs.exams.records import FILE, exams_of, keep_old_look, record_exam
from core.runs.models import evaluate_run
from core.runs.status import now
from core.workspace import Workspace
from tests.runs.exams.conftest import MakeRun


def test_only_a_look_at_the_test_photos_is_recorded_with_who_when_and_which_model(make: MakeRun) -> None:
    run, began = make(), now()
    evaluate_run(run, device="cpu")
    evaluate_run(run, "train", device="cpu")
    assert exams_of(run) == () and run.report("test") is None and run.report("val") is not None
    report = evaluate_run(run, "test", device="cpu", who="Ada")
    (exam,) = exams_of(run)
    assert (exam.look, exam.who, exam.n, exam.automatic) == (1, "Ada", report.n, False) and report.n == 3
    assert exam.model == read_info(run.best).model_sha256
    assert exam.when is not None and began <= exam.when <= now()
    (line,) = (run.path / FILE).read_text(encoding="utf-8").splitlines()
    assert json.loads(line).keys() == {"look", "who", "when", "model", "n", "automatic"}


def test_each_look_counts_also_of_the_same_model(make: MakeRun) -> None:
    run = make()
    for _ in range(2):
        evaluate_run(run, "test", device="cpu")
    assert [(exam.look, exam.who) for exam in exams_of(run)] == [(1, NAMELESS), (2, NAMELESS)]


def test_no_figures_are_written_before_the_look_is_recorded(make: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make()

    def full(path: Path, text: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(records, "append_line", full)
    with pytest.raises(StorageError, match=r"^The disk is full, so the look .* could not be recorded\."):
        evaluate_run(run, "test", device="cpu")
    assert exams_of(run) == () and not list(run.path.glob("*-test.*"))


def test_an_exam_that_fails_is_no_look(make: MakeRun) -> None:
    run = make()
    Path(run.snapshot().part("test")["path"][1]).unlink()
    with pytest.raises(ImageRefused):
        evaluate_run(run, "test", device="cpu")
    assert exams_of(run) == ()


def test_a_run_takes_no_exam_while_it_trains(make: MakeRun) -> None:
    run = make()
    run.write_status(state="running")
    with pytest.raises(RunError, match="still training"):
        evaluate_run(run, "test", device="cpu")
    assert evaluate_run(run, "val", device="cpu").n == 1 and exams_of(run) == ()


def test_a_worker_records_the_name_that_the_page_sends(make: MakeRun, workspace: Workspace) -> None:
    run = make()
    arguments: dict[str, Any] = {"run": str(run.path), "split": "test", "cache": str(workspace.cache / "resized")}
    evaluate({**arguments, "who": "Grace\nHopper " + "x" * 300}, lambda progress: None)
    (exam,) = exams_of(run)
    assert exam.who.startswith("Grace Hopper xxx") and len(exam.who) == 200


def test_looks_at_the_same_moment_get_numbers_of_their_own(make: MakeRun) -> None:
    run = make()
    threads = [threading.Thread(target=record_exam, args=(run,), kwargs={"who": str(n), "n": 3}) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = [json.loads(line) for line in (run.path / FILE).read_text().splitlines()]
    assert [line["look"] for line in lines] == list(range(1, 9))
    assert {line["who"] for line in lines} == set("01234567")


def test_the_report_of_an_earlier_version_is_one_look_and_stays_one(make: MakeRun) -> None:
    """A run evaluated itself on the test photos, and nobody counted that."""
    run = make()
    report = evaluate_run(run, "val", device="cpu")
    report.model_copy(update={"split": "test"}).write(run.report_path("test"))
    (look,) = exams_of(run)
    assert look.automatic and look.n == report.n and look.who == ""
    assert look.when is not None and look.when.isoformat() == report.created
    evaluate_run(run, "test", device="cpu", who="Ada")
    assert [(exam.look, exam.automatic, exam.who) for exam in exams_of(run)] == [(1, True, ""), (2, False, "Ada")]


def test_an_old_look_counts_after_its_report_is_gone(make: MakeRun) -> None:
    """A resumed training deletes reports that belong to the model before."""
    run = make()
    keep_old_look(run)
    assert not (run.path / FILE).exists()
    evaluate_run(run, "val", device="cpu").model_copy(update={"split": "test"}).write(run.report_path("test"))
    keep_old_look(run)
    keep_old_look(run)
    run.report_path("test").unlink()
    assert [exam.automatic for exam in exams_of(run)] == [True]


@pytest.mark.parametrize("text", ["", "[]", '{"n": -1}', '{"n": 3, "created": "yesterday"}', "\0"])
def test_an_old_report_that_cannot_be_read_was_a_look_all_the_same(make: MakeRun, text: str) -> None:
    run = make()
    run.report_path("test").write_text(text)
    (look,) = exams_of(run)
    assert look.automatic and look.when is None


@pytest.mark.parametrize("line", ["x", "{}", '{"look": 1e99}', "[" * 9999, '{"look": 2, "who": "' + "x" * 999 + '"}'])
def test_a_damaged_line_is_a_look_of_which_nothing_is_known(make: MakeRun, workspace: Workspace, line: str) -> None:
    run = make()
    evaluate_run(run, "test", device="cpu", who="Ada")
    with (run.path / FILE).open("a") as file:
        file.write(line)  # without a line end, as on a disk that was full
    record_exam(run, who="Grace", n=3)
    assert [(exam.look, exam.who) for exam in exams_of(run)] == [(1, "Ada"), (2, ""), (3, "Grace")]
    (found,) = [one for one in check_runs(workspace, False, lambda *_: None)[0] if FILE in one.problem]
    assert found.problem == f"has 1 damaged line in {FILE}"


def test_a_file_of_a_million_lines_is_damaged(make: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make()
    (run.path / FILE).write_text("x\n" * 1_000_000)
    for act in (lambda: exams_of(run), lambda: record_exam(run, who="Ada", n=3)):
        with pytest.raises(RunError, match=r"exams\.jsonl has 1,000,000 lines"):
            act()


def test_an_exam_notes_the_model_that_took_it(make: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that was stopped can be resumed, and end, while its old model takes the exam."""
    run = make()
    noted = records.read_info(run.best)

    def resumed(bundle: Path) -> BundleInfo:
        return noted.model_copy(update={"model_sha256": "f" * 64})

    with monkeypatch.context() as patch:
        patch.setattr(records, "read_info", resumed)
        with pytest.raises(RunError, match="went on during its exam"):
            evaluate_run(run, "test", device="cpu")
    with monkeypatch.context() as patch:
        patch.setattr(models, "read_info", lambda bundle: (run.write_status(state="running"), noted)[1])
        with pytest.raises(RunError, match="went on during its exam"):
            evaluate_run(run, "test", device="cpu")
    assert exams_of(run) == () and run.report("test") is None


def test_a_file_that_cannot_be_one_is_a_sentence(make: MakeRun, workspace: Workspace) -> None:
    run = make()
    (run.path / FILE).mkdir()
    with pytest.raises(RunError, match="is not a file"):
        exams_of(run)
    assert any(f"has an unreadable {FILE}" in one.problem for one in check_runs(workspace, False, lambda *_: None)[0])
