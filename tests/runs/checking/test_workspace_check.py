"""A whole workspace: damaged runs, and photos whose database is gone."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.data.snapshot import snapshot_of_project
from core.data.store.records import BoxRow
from core.data.store.store import Store
from core.models.bundle import BundleInfo, save_bundle
from core.models.heads import build_for
from core.runs.checking import run_check
from core.runs.checking.workspace_check import CheckResult, check_workspace
from core.runs.folder import RunFolder
from core.runs.new_run import create_run
from core.runs.process import process_start
from core.training import checkpoint
from core.training.recipe import Recipe
from core.workspace import Workspace
from tests.data.builders import add, labelled_project, open_store
from tests.runs.conftest import SMALLEST


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def check(workspace: Workspace, repair: bool = False) -> CheckResult:
    return check_workspace(workspace, repair, lambda step: lambda done, total: None)


def said(result: CheckResult) -> list[tuple[str, str]]:
    return [(one.subject, one.problem) for one in result.findings]


def stopped_run(store: Store, project_id: int, name: str = "first") -> RunFolder:
    """A run of the project as it is now, that has ended."""
    project = store.project(project_id)
    run = create_run(
        store.workspace.runs / name,
        snapshot_of_project(store, project_id),
        Recipe(arch=SMALLEST, weights="none", train="all", epochs=1),
        title=name,
        project_id=project_id,
        project=project.name,
    )
    run.write_status(state="stopped", pid=None, process_started=None)
    return run


def with_models(run: RunFolder) -> RunFolder:
    """The run with both bundles and a checkpoint, as small as they can be made."""
    values = {"mode": "squash", "size": 32, "resize": 32, "interpolation": "bilinear"}
    info = BundleInfo(
        arch=SMALLEST,
        classes=("owl", "duck"),
        preprocessing={**values, "mean": (0.5, 0.5, 0.5), "std": (0.2, 0.2, 0.2)},
        created="2026-11-28T09:00:00+00:00",
    )
    model = build_for("classification", SMALLEST, 2)
    save_bundle(run.best, model, info)

    def also(folder: Path) -> None:
        (folder / "training.pt").write_bytes(b"a checkpoint")
        digest = run_check.sha256_of(folder / "training.pt")
        (folder / "training.pt.sha256").write_text(f"{digest}  training.pt\n")

    save_bundle(run.last, model, info, also)
    return run


def old(path: Path) -> Path:
    os.utime(path, (1, 1))
    return path


def flip_a_bit(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(-1000 if path.stat().st_size > 1000 else -1, os.SEEK_END)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1]))


def test_the_names_of_the_checkpoint_are_those_of_the_training() -> None:
    assert (run_check.STATE_FILE, run_check.STATE_HASH_FILE) == (checkpoint.STATE_FILE, checkpoint.HASH_FILE)


def test_a_sound_workspace_has_no_problems_and_a_flipped_bit_is_found_in_each_file_of_a_run(store: Store) -> None:
    project_id, _ = labelled_project(store, ["owl", "duck"] * 2)
    run = with_models(stopped_run(store, project_id))
    result = check(store.workspace)
    assert said(result) == [] and (result.photos, result.runs) == (4, 1)
    flip_a_bit(run.best / "model.safetensors")
    flip_a_bit(run.last / "training.pt")
    best, state = check(store.workspace).findings
    assert best.problem.startswith("has a damaged model in best/ (the SHA-256 of model.safetensors is not the one in")
    assert state.problem == "has a damaged checkpoint: last/training.pt is not what was written"
    assert "resumed" in state.advice and not best.repairable
    flip_a_bit(run.last / "model.safetensors")
    assert sum("last/" in one.problem for one in check(store.workspace).findings) == 2


def test_the_phases_of_an_automatic_run_are_checked_too(store: Store) -> None:
    project_id, _ = labelled_project(store, ["owl", "duck"])
    run = with_models(stopped_run(store, project_id))
    phase = run.path / "phases" / "1-head"
    shutil.copytree(run.best, phase / "best")
    shutil.copytree(run.last, phase / ".last.old")  # between the two renames
    (run.path / "phases.json").write_text('{"phases": []}')
    result = check(store.workspace, repair=True)
    assert [one.problem for one in result.findings] == ["was interrupted while it saved phases/1-head/last/"]
    assert result.open == () and (phase / "last" / "training.pt").is_file() and said(check(store.workspace)) == []
    flip_a_bit(phase / "best" / "model.safetensors")
    (run.path / "phases.json").write_text("[]")
    damaged, unreadable = sorted(check(store.workspace).findings, key=lambda one: one.problem)
    assert damaged.problem.startswith("has a damaged model in phases/1-head/best/")
    assert unreadable.problem == "has no readable phases.json" and "best model is not affected" in unreadable.advice


def test_a_damaged_kept_epoch_is_named(store: Store) -> None:
    project_id, _ = labelled_project(store, ["owl", "duck"])
    run = with_models(stopped_run(store, project_id))
    (run.path / "epochs").mkdir()
    (run.path / "epochs" / "002.safetensors").write_bytes(b"no header")
    [damaged] = check(store.workspace).findings
    assert "002.safetensors is damaged" in damaged.problem and damaged.advice.startswith("Delete this file")


def test_an_older_bundle_without_a_hash_is_checked_by_its_header(store: Store) -> None:
    project_id, _ = labelled_project(store, ["owl", "duck"])
    run = with_models(stopped_run(store, project_id))
    info = json.loads((run.best / "bundle.json").read_text())
    (run.best / "bundle.json").write_text(json.dumps({**info, "model_sha256": None}))
    assert said(check(store.workspace)) == []
    weights = run.best / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    [finding] = check(store.workspace).findings
    assert "has a damaged model in best/" in finding.problem


def test_what_dead_processes_left_is_repaired(store: Store) -> None:
    project_id, _ = labelled_project(store, ["owl", "duck"])
    run = with_models(stopped_run(store, project_id))
    run.best.rename(run.path / ".best.old")  # between the two renames
    for folder in (store.workspace.runs / ".new-12345678", store.workspace.runs / ".deleted-1", run.path / ".last.new"):
        folder.mkdir()
        old(folder)
    (run.path / "status.json.part").write_text("{")
    old(run.path / "status.json.part")
    assert all(one.repairable for one in check(store.workspace).findings)
    assert not run.best.exists()
    result = check(store.workspace, repair=True)
    assert len(result.findings) >= 4 and result.open == ()
    assert not [*store.workspace.runs.glob(".*-*"), *run.path.glob("*.part"), *run.path.glob(".*.new")]
    assert (run.best / "model.safetensors").is_file()
    assert said(check(store.workspace)) == []


def test_unreadable_files_of_a_run_are_named_and_hide_no_other_run(store: Store) -> None:
    project_id, _ = labelled_project(store, ["owl", "duck"])
    first, second = stopped_run(store, project_id), stopped_run(store, project_id, "second")
    first.status_path.write_text('{"state": "dancing"}')
    (first.path / "recipe.json").unlink()
    (first.path / "snapshot.csv").write_text("nothing")
    (second.path / "report-val.json").write_text("[]")
    result = check(store.workspace)
    assert [one.subject for one in result.findings] == ["first", "first", "first", "second"]
    kinds = ("no readable status", "no readable recipe", "no readable snapshot", "an unreadable report on val")
    assert all(kind in one.problem for kind, one in zip(kinds, result.findings, strict=True))
    assert result.runs == 2


def test_photos_of_a_run_that_are_gone_are_counted(store: Store) -> None:
    project_id, _ = labelled_project(store, ["owl", "duck"])
    stopped_run(store, project_id)
    [first, _] = store.images(project_id)
    store.image_path(first.hash).unlink()
    assert said(check(store.workspace)) == [
        ("photo 0.png (Birds)", "has lost its file"),
        ("first", "was trained on 2 photos, and 1 of them is missing or empty"),
    ]


def test_a_run_that_is_training_is_left_alone(store: Store) -> None:
    project_id, _ = labelled_project(store, ["owl", "duck"])
    run = stopped_run(store, project_id)
    run.best.mkdir()  # being written
    assert len(check(store.workspace).findings) == 1
    run.write_status(state="running", pid=os.getpid(), process_started=process_start(os.getpid()))
    assert said(check(store.workspace)) == []


# Photos whose database is gone


def lose_database(store: Store) -> None:
    store.close()
    for path in store.workspace.root.glob("studio.db*"):
        path.unlink()


def test_a_lost_database_is_made_again_with_the_photos_and_what_runs_know_of_them(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl", "owl", "duck", "duck", "owl"])
    store.assign_splits(project_id)
    stopped_run(store, project_id)
    store.annotate(project_id, ids[:1], "duck", "ann")  # after that run, and before the next
    stopped_run(store, project_id, "second")
    before = {row.filename: (row.label, row.split) for row in store.images(project_id)}
    add(store, project_id, 77, "later.png")  # in no run
    lose_database(store)

    result = check(store.workspace)
    assert [one.area for one in result.findings] == ["database", "photos"]
    assert result.findings[1].subject == "6 stored photos" and all(one.repairable for one in result.open)
    assert not (store.workspace.root / "studio.db").exists()  # looking makes no database
    result = check(store.workspace, repair=True)
    assert result.open == ()
    assert '5 to the project "Birds (recovered)", 1 to the project "Recovered photos"' in result.findings[1].advice

    again = Store(store.workspace)
    birds, rest = again.projects()
    assert {row.filename: (row.label, row.split) for row in again.images(birds.id)} == before
    assert [info.name for info in again.classes(birds.id)] == ["owl", "duck"]
    assert again.count(rest.id) == 1
    assert said(check(store.workspace)) == []


def test_named_groups_come_back_and_near_duplicates_do_not_become_named_ones(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl", "owl", "duck", "duck", "owl"])
    store.set_groups(project_id, dict.fromkeys(ids[:2], "anna") | {ids[2]: "bo"}, "ann")
    store.assign_splits(project_id)
    stopped_run(store, project_id)
    lose_database(store)
    assert check(store.workspace, repair=True).open == ()
    again = Store(store.workspace)
    [recovered] = again.projects()
    assert again.groups(recovered.id) == {"anna": 2, "bo": 1}


def test_boxes_come_back_too(store: Store) -> None:
    project = store.create_project("Boxes", "localization", classes=["owl"])
    rows = [add(store, project.id, number) for number in range(3)]
    for row in rows:
        store.set_boxes(project.id, row.id, [BoxRow("owl", 1, 2, 5, 6)], "ann")
    stopped_run(store, project.id)
    lose_database(store)
    assert check(store.workspace, repair=True).open == ()
    again = Store(store.workspace)
    [recovered] = again.projects()
    assert (recovered.name, recovered.task) == ("Boxes (recovered)", "localization")
    boxes = again.boxes(recovered.id)
    assert [(box.label, box.x, box.y, box.width, box.height) for [box] in boxes.values()] == [("owl", 1, 2, 5, 6)] * 3


def test_a_restored_backup_gets_the_photos_that_it_does_not_know_but_not_those_of_an_import(store: Store) -> None:
    project_id, _ = labelled_project(store, ["owl"])
    for number in (5, 6):
        add(store, project_id, number)
    kept = [store.image_path(row.hash) for row in store.images(project_id)]
    with store._writing() as conn:  # as if an older database had been put back
        conn.exec_driver_sql("DELETE FROM images WHERE id > 1")
        conn.exec_driver_sql("DELETE FROM pictures WHERE hash NOT IN (SELECT hash FROM images)")
    assert said(check(store.workspace)) == []  # an import may be running
    old(kept[1])
    assert said(check(store.workspace)) == [("1 stored photo", "was in no project")]
    result = check(store.workspace, repair=True)
    assert result.open == ()
    [_, made] = store.projects()
    assert made.name == "Recovered photos" and store.count(made.id) == 1


def test_a_damaged_database_is_left_alone_and_the_rest_is_still_checked(store: Store) -> None:
    project_id, _ = labelled_project(store, ["owl", "duck"])
    [first, _] = [store.image_path(row.hash) for row in store.images(project_id)]
    first.write_bytes(b"")
    store.close()
    file = store.workspace.root / "studio.db"
    file.write_bytes(b"no database at all" * 300)
    (store.workspace.root / "studio.db-wal").unlink(missing_ok=True)
    result = check(store.workspace, repair=True)
    assert [one.area for one in result.findings] == ["database", "photos"]
    assert file.read_bytes() == b"no database at all" * 300


def test_the_check_needs_no_torch() -> None:
    code = "import sys, core.runs.checking.workspace_check; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
