"""Looks at test photos over all runs of a project: which count, in which order, and how that is said."""

import json
import shutil
from pathlib import Path

import pytest

from core.runs import jobs
from core.runs.exams.deleted_runs import DELETED
from core.runs.exams.looks import OPTIMISTIC, Looks, looks_at_test_photos
from core.runs.exams.records import FILE, record_exam
from core.runs.folder import RunFolder
from core.workspace import Workspace
from tests.runs.exams.conftest import MakeRun


def looks(workspace: Workspace, run: RunFolder) -> Looks:
    return looks_at_test_photos(workspace, run)


def test_a_run_that_nobody_examined_has_no_look(make: MakeRun, workspace: Workspace) -> None:
    found = looks(workspace, make())
    assert (found.count, found.latest, found.own, found.warning) == (0, None, (), "")
    assert found.sentence == "Nobody has looked at these photos yet."
    assert found.as_json() == {
        "look": None, "looks": 0, "looks_of_this_run": 0, "who": None, "when": None, "model_sha256": None, "n": None,
        "automatic": False,
    }  # fmt: skip


def test_the_number_beside_a_figure_counts_all_runs_of_the_project(make: MakeRun, workspace: Workspace) -> None:
    first, second = make("first"), make("second")
    record_exam(first, who="Ada", n=3)
    assert looks(workspace, first).words == "look 1 at these photos"
    assert looks(workspace, first).sentence == "These photos have been looked at once."
    other = looks(workspace, second)
    assert (other.count, other.latest, other.warning) == (1, None, "")
    assert other.sentence == "These photos have been looked at once, by another run of this project."
    record_exam(second, who="Grace", n=3)
    assert looks(workspace, second).words == "look 2 at these photos"
    assert looks(workspace, first).words == "look 1 of 2 at these photos"
    record_exam(first, who="Ada", n=3)
    found = looks(workspace, first)
    assert (found.words, found.count, [exam.look for exam in found.own]) == ("look 3 at these photos", 3, [1, 2])
    assert found.sentence == "These photos have been looked at 3 times, 1 of them by another run of this project."
    assert looks(workspace, second).sentence.endswith("3 times, 2 of them by other runs of this project.")
    assert found.warning == OPTIMISTIC
    assert [(look.title, look.exam.who) for look in found.looks] == [
        ("Run first", "Ada"), ("Run second", "Grace"), ("Run first", "Ada"),
    ]  # fmt: skip
    told = found.as_json()
    assert (told["look"], told["looks"], told["looks_of_this_run"], told["who"]) == (3, 3, 2, "Ada")
    assert json.dumps(told)


def test_other_photos_and_other_projects_do_not_count(make: MakeRun, workspace: Workspace) -> None:
    run = make()
    apart, elsewhere, one_alike = (
        make("apart", tested=(0, 1)),
        make("elsewhere", project_id=2),
        make("x", tested=(4, 5)),
    )
    for other in (apart, elsewhere, one_alike):
        record_exam(other, who="Ada", n=2)
    assert [look.title for look in looks(workspace, run).looks] == ["Run x"], "one photo of three is the same"


def test_runs_without_a_project_are_compared_with_those_beside_them(
    make: MakeRun, workspace: Workspace, tmp_path: Path
) -> None:
    """The command line may train outside the workspace, where no list of runs is."""
    first, second = (make(name, project_id=None, folder=tmp_path / "runs") for name in ("first", "second"))
    within, owned = make("within", project_id=None), make("owned")
    for run in (first, second, within, owned):
        record_exam(run, who="Ada", n=3)
    assert looks(workspace, first).count == 3 and looks(workspace, second).latest == 2
    assert looks(workspace, within).count == 1, "it does not know where others may be"
    (tmp_path / "runs" / "no run" / FILE).parent.mkdir()
    (tmp_path / "runs" / "no run" / FILE).write_text("{}\n")
    assert looks(workspace, first).count == 3


def test_a_run_with_a_lost_snapshot_counts_as_one_with_the_same_photos(make: MakeRun, workspace: Workspace) -> None:
    run, other = make(), make("other", tested=(0, 1))
    record_exam(other, who="Ada", n=2)
    assert looks(workspace, run).count == 0
    for damage in (lambda path: path.write_text("nonsense"), Path.unlink):
        damage(other.path / "snapshot.csv")
        assert looks(workspace, run).count == 1


def test_a_report_of_an_earlier_version_is_said_to_be_one(make: MakeRun, workspace: Workspace) -> None:
    run, other = make(), make("other")
    run.report_path("test").write_text('{"n": 3, "created": "2026-01-02T03:04:05+00:00"}')
    found = looks(workspace, run)
    assert found.words == "look 1 at these photos" and found.as_json()["automatic"]
    assert found.sentence == (
        "These photos have been looked at once. The report was made by an earlier version, without being asked."
    )
    record_exam(other, who="Ada", n=3)
    assert looks(workspace, other).sentence == (
        "These photos have been looked at 2 times, 1 of them by another run of this project. "
        "One report was made by an earlier version, without being asked."
    )


def test_deleting_a_run_does_not_undo_its_look(make: MakeRun, workspace: Workspace) -> None:
    """Somebody could train, look, delete, and train again as if nobody had looked."""
    run, other, apart, unseen = make(), make("other"), make("apart", tested=(0,)), make("unseen")
    for one in (other, apart):
        record_exam(one, who="Ada", n=3)
    for one in (other, apart, unseen):
        jobs.delete(one)
    record_exam(run, who="Grace", n=3)
    found = looks(workspace, run)
    assert [(look.title, look.exam.who, look.deleted) for look in found.looks] == [
        ("Run other", "Ada", True), ("Run one", "Grace", False),
    ]  # fmt: skip
    assert found.words == "look 2 at these photos"
    assert len((workspace.runs / DELETED).read_text().splitlines()) == 2
    (workspace.runs / DELETED).write_text("nonsense\n" + (workspace.runs / DELETED).read_text())
    assert looks(workspace, run).count == 2


def test_a_run_whose_files_cannot_be_deleted_keeps_its_look(
    make: MakeRun, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, other = make(), make("other")
    record_exam(other, who="Ada", n=3)

    def refuse(path: Path) -> None:
        raise PermissionError(13, "denied")

    monkeypatch.setattr(shutil, "rmtree", refuse)
    with pytest.raises(Exception, match="cannot be deleted"):
        jobs.delete(other)
    assert not other.path.exists() and looks(workspace, run).count == 1
