"""What is kept of deleted runs: a look is recorded before the run goes, once, and in a file that can always be read."""

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from core.errors import RunError
from core.runs import jobs
from core.runs.checking.run_check import check_runs
from core.runs.exams import deleted_runs
from core.runs.exams.deleted_runs import DELETED, DeletedRun, append_deleted
from core.runs.exams.looks import looks_at_test_photos
from core.runs.exams.records import FILE, Exam, record_exam
from core.workspace import Workspace
from tests.runs.exams.conftest import MakeRun

FULL = OSError(errno.ENOSPC, "No space left on device")


def gone(name: str, images: tuple[str, ...] | None, **changes: Any) -> DeletedRun:
    return DeletedRun(title=name, run=name, project_id=1, images=images, exams=(Exam(look=1, who=name),), **changes)


def test_a_process_that_dies_while_it_deletes_a_run_loses_no_look(
    make: MakeRun, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files of a large run take seconds; the look was recorded after them, and a kill in between lost it."""
    run, other = make(), make("other")
    record_exam(other, who="Ada", n=3)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for step in ("core.runs.jobs.replace_patiently", "shutil.rmtree"):
        with monkeypatch.context() as patch:
            patch.setattr(step, killed)
            with pytest.raises(KeyboardInterrupt):
                jobs.delete(other)
        assert looks_at_test_photos(workspace, run).count == 1, "also while the run and its record are both there"
    (found,) = looks_at_test_photos(workspace, run).looks
    assert found.deleted and not other.path.exists()


def test_a_look_of_unknown_time_counts_once_beside_its_record(
    make: MakeRun, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, other = make(), make("other")
    (other.path / FILE).write_text("nonsense\n")
    monkeypatch.setattr("core.runs.jobs.replace_patiently", lambda *_: (_ for _ in ()).throw(PermissionError(13, "no")))
    with pytest.raises(RunError, match=r"^The run other cannot be deleted"):
        jobs.delete(other)
    assert (workspace.runs / DELETED).exists() and looks_at_test_photos(workspace, run).count == 1


def test_a_run_whose_look_cannot_be_recorded_stays(
    make: MakeRun, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make()
    record_exam(run, who="Ada", n=3)

    def refuse(path: Path, text: str) -> None:
        raise PermissionError(errno.EACCES, "denied")

    monkeypatch.setattr(deleted_runs, "append_line", refuse)
    with pytest.raises(RunError, match=r"^The run one cannot be deleted: denied\.$"):
        jobs.delete(run)
    assert run.best.is_dir() and looks_at_test_photos(workspace, run).count == 1


def test_on_a_full_disk_the_models_make_room_for_the_look(
    make: MakeRun, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, other = make(), make("other")
    record_exam(other, who="Ada", n=3)
    real = deleted_runs.append_line

    def append(path: Path, text: str) -> None:
        if other.path.exists() or list(workspace.runs.glob(".deleted-*/best")):
            path.write_text(text[:20])  # what a full disk leaves of it
            raise FULL
        real(path, text)

    monkeypatch.setattr(deleted_runs, "append_line", append)
    jobs.delete(other)
    assert not other.path.exists() and not list(workspace.runs.glob(".deleted-*"))
    assert [look.deleted for look in looks_at_test_photos(workspace, run).looks] == [True]


def test_what_a_deletion_left_is_read_before_it_goes(
    make: MakeRun, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, other, unseen = make(), make("other"), make("unseen")
    record_exam(other, who="Ada", n=3)
    for one in (other, unseen):
        left = one.path.rename(workspace.runs / f".deleted-{one.id}")
        os.utime(left, (1, 1))
    with monkeypatch.context() as patch:
        patch.setattr(deleted_runs, "append_line", lambda *_: (_ for _ in ()).throw(FULL))
        jobs.recover(workspace)
    assert [path.name for path in workspace.runs.glob(".deleted-*")] == [".deleted-other"]
    shutil.copytree(workspace.runs / ".deleted-other", workspace.runs / ".deleted-young")
    os.utime(workspace.runs / ".deleted-young")
    for _ in range(2):
        jobs.recover(workspace)
    assert [path.name for path in workspace.runs.glob(".deleted-*")] == [".deleted-young"]
    assert looks_at_test_photos(workspace, run).count == 1
    assert len((workspace.runs / DELETED).read_text().splitlines()) == 1


def test_the_repair_reads_it_too(make: MakeRun, workspace: Workspace) -> None:
    run, other = make(), make("other")
    record_exam(other, who="Ada", n=3)
    os.utime(other.path.rename(workspace.runs / ".deleted-other"), (1, 1))
    check_runs(workspace, True, lambda *_: None)
    assert not list(workspace.runs.glob(".deleted-*")) and looks_at_test_photos(workspace, run).count == 1


def test_a_line_that_a_full_disk_cut_costs_no_other_line(tmp_path: Path) -> None:
    append_deleted(tmp_path, gone("first", ("a",)))
    with (tmp_path / DELETED).open("a") as file:
        file.write('{"title": "cut')
    append_deleted(tmp_path, gone("second", ("b",)))
    assert [one.title for one in deleted_runs.deleted_runs(tmp_path)] == ["first", "second"]


def test_the_same_photos_are_stored_once(tmp_path: Path) -> None:
    """Two hundred megabytes of them could not be read again, and then no exam, report or export was possible."""
    photos = tuple(f"{number:016x}" for number in range(1000))
    for number in range(20):
        append_deleted(tmp_path, gone(str(number), photos))
    append_deleted(tmp_path, gone("others", photos[:500]))
    assert (tmp_path / DELETED).stat().st_size < 2 * 19 * len(photos)
    found = deleted_runs.deleted_runs(tmp_path)
    assert [len(one.images or ()) for one in found] == [1000] * 20 + [500]
    lines = (tmp_path / DELETED).read_text().splitlines()
    (tmp_path / DELETED).write_text("\n".join(lines[1:]) + "\n")
    assert deleted_runs.deleted_runs(tmp_path)[0].images is None, "their list was lost, so they may be any photos"


def test_a_file_that_has_become_large_takes_no_more_photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deleted_runs, "_MOST_BYTES_WITH_PHOTOS", 700)
    for number in range(3):
        append_deleted(tmp_path, gone(str(number), tuple(f"{number}{place:015x}" for place in range(20))))
    assert [one.images is None for one in deleted_runs.deleted_runs(tmp_path)] == [False, True, True]


def test_a_line_of_an_earlier_version_still_counts(make: MakeRun, workspace: Workspace) -> None:
    run = make()
    photos = [one[:16] for one in run.snapshot().part("test")["image"]]
    old = {"title": "old", "project_id": 1, "exams": [{"look": 1}]}
    lines = [{**old, "images": photos}, {**old, "images": ["0" * 15 + "x"]}, {**old, "images": []}]
    (workspace.runs / DELETED).write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert looks_at_test_photos(workspace, run).count == 2, "without photos, they may be the same"


def test_a_deleted_run_with_a_lost_snapshot_counts_as_one_with_the_same_photos(
    make: MakeRun, workspace: Workspace
) -> None:
    run, other = make(), make("other", tested=(0, 1))
    record_exam(other, who="Ada", n=2)
    (other.path / "snapshot.csv").write_text("nonsense")
    jobs.delete(other)
    assert looks_at_test_photos(workspace, run).count == 1


def test_a_record_that_cannot_be_read_is_one_look(make: MakeRun, workspace: Workspace) -> None:
    """One such file made every exam, report and export of its project fail, and the run could not be deleted."""
    run, other = make(), make("other")
    (other.path / FILE).mkdir()
    for _ in range(2):
        assert [look.exam.when for look in looks_at_test_photos(workspace, run).looks] == [None]
        assert [look.own for look in looks_at_test_photos(workspace, other).looks] == [True]
    jobs.delete(other)
    assert [look.deleted for look in looks_at_test_photos(workspace, run).looks] == [True]
    (workspace.runs / DELETED).unlink()
    (workspace.runs / DELETED).mkdir()
    (found,) = looks_at_test_photos(workspace, run).looks
    assert (found.title, found.deleted) == ("Unknown run", True)


def test_a_copy_of_a_run_takes_no_looks(make: MakeRun, workspace: Workspace) -> None:
    run, other = make(), make("other")
    for _ in range(2):
        record_exam(other, who="Ada", n=3)
    shutil.copytree(other.path, workspace.runs / "backup")
    assert looks_at_test_photos(workspace, run).count == 2
    found = looks_at_test_photos(workspace, other)
    assert (found.count, len(found.own)) == (2, 2)
    jobs.delete(other)
    assert looks_at_test_photos(workspace, run).count == 2
