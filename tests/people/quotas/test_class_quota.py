"""A pupil's limits: from the rules of the class into the workspace, and what they let through."""

import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from core.data.importing.plan_import import Upload, plan_uploads, run_import
from core.data.importing.sources.camera_burst import new_burst, store_frames
from core.data.project_copy import copy_project
from core.data.store.store import Store
from core.errors import QuotaReached
from core.features import budget
from core.people import door, joining
from core.people.class_rules import change_rules
from core.people.hand_out import hand_out
from core.people.records import Person
from core.people.register import Register
from core.people.removal import start_afresh
from core.quota import Quota, quota_of
from core.runs import jobs
from core.runs.sweeps import sweep_jobs
from core.workspace import Workspace
from tests.data.builders import add, labelled_project, picture


@pytest.fixture
def ada(register: Register) -> Person:
    return joining.join(register, register.create_class("7b"), "Ada").person


@pytest.fixture
def store(ada: Person) -> Iterator[Store]:
    opened = Store(door.workspace_of(ada))
    yield opened
    opened.close()


def _limit(register: Register, ada: Person, **limits: int | None) -> None:
    assert ada.class_id is not None
    change_rules(register, ada.class_id, **limits)


def _uploads(*numbers: int) -> list[Upload]:
    return [Upload(f"photo {number}.png", io.BytesIO(picture(number))) for number in numbers]


def _files(workspace: Workspace) -> int:
    return sum(path.is_file() for folder in (workspace.images, workspace.thumbnails) for path in folder.rglob("*"))


def test_the_rules_of_a_class_are_those_of_its_pupils_workspaces(register: Register, ada: Person) -> None:
    before = door.workspace_of(ada)
    assert quota_of(before) == Quota(whose="a pupil of 7b")
    _limit(register, ada, most_photos=2, most_minutes=20)
    expected = Quota(whose="a pupil of 7b", photos=2, minutes=20)
    assert quota_of(before) == expected
    start_afresh(register, ada)
    again = door.workspace_of(register.person(ada.id))
    assert (again.root != before.root, quota_of(again)) == (True, expected)
    late = joining.join(register, register.classroom(ada.class_id or 0), "Ben").person
    assert quota_of(door.workspace_of(late)) == expected
    teacher = joining.enter_as_teacher(register, joining.set_pin(register), "here").person
    for unlimited in (door.workspace_of(teacher), door.workspace_of(None)):
        assert quota_of(unlimited) == Quota()
    _limit(register, ada, most_photos=None, most_minutes=None)
    assert quota_of(again).photos is None


def test_an_import_over_the_limit_stores_nothing(register: Register, ada: Person, store: Store) -> None:
    project = store.create_project("leaves").id
    add(store, project, 0, "photo 0.png")
    _limit(register, ada, most_photos=3)
    kept = _files(store.workspace)
    with pytest.raises(QuotaReached, match=r"These are 3 photos, and you have 1 of 3 photos.* 2 more fit"):
        list(run_import(plan_uploads(_uploads(1, 2, 3)), store, project, "Ada"))
    assert (store.count(project), _files(store.workspace)) == (1, kept)
    list(run_import(plan_uploads(_uploads(0, 1, 2)), store, project, "Ada"))
    assert store.count(project) == 3, "a photo that is there already is not counted again"
    with pytest.raises(QuotaReached, match=r"^You have 3 photos, the most for a pupil of 7b. Delete some, or ask"):
        list(run_import(plan_uploads(_uploads(4)), store, project, "Ada"))
    store.remove_images(project, [store.images(project)[0].id], "Ada")
    list(run_import(plan_uploads(_uploads(4)), store, project, "Ada"))


def test_the_store_counts_again_and_keeps_no_file(register: Register, ada: Person, store: Store) -> None:
    """In all projects together, and also what comes in past the import."""
    first, second = (store.create_project(name).id for name in ("leaves", "birds"))
    _limit(register, ada, most_photos=2)
    add(store, first, 1)
    add(store, second, 1)
    kept = _files(store.workspace)
    with pytest.raises(QuotaReached):
        add(store, second, 2)
    assert (store.count(second), _files(store.workspace)) == (1, kept)
    add(store, second, 1, "another name.png")


def test_the_disk_has_a_limit_with_the_models(register: Register, ada: Person, store: Store) -> None:
    project = store.create_project("leaves").id
    _limit(register, ada, most_megabytes=1)
    add(store, project, 1)
    (store.workspace.runs / "a-run").mkdir()
    (store.workspace.runs / "a-run" / "model.safetensors").write_bytes(bytes(1_100_000))
    kept = _files(store.workspace)
    with pytest.raises(QuotaReached, match=r"take 1 of 1 MB, the most for a pupil of 7b, and this would add 0.0 MB"):
        add(store, project, 2)
    assert _files(store.workspace) == kept


def test_of_a_camera_s_frames_as_many_are_stored_as_fit(register: Register, ada: Person, store: Store) -> None:
    project = store.create_project("leaves", classes=["oak"]).id
    _limit(register, ada, most_photos=2)
    burst = new_burst("oak", [], datetime(2026, 11, 30))
    burst = store_frames(store, project, burst, [picture(1), picture(2), picture(3)], "Ada")
    assert (len(burst.ids), store.count(project)) == (2, 2)
    with pytest.raises(QuotaReached, match="You have 2 photos"):
        store_frames(store, project, burst, [picture(4)], "Ada")


def test_a_copy_is_limited_but_not_what_the_teacher_hands_out(
    register: Register, ada: Person, store: Store, tmp_path: Path
) -> None:
    _limit(register, ada, most_photos=1)
    source = Store(door.workspace_of(None))
    project, _ = labelled_project(source, ["oak", "ash"], "Trees")
    with pytest.raises(QuotaReached):
        list(copy_project(source, project, store))
    assert store.projects() == []
    list(hand_out(source, project, [ada]))
    assert store.photos_in_use() == 2
    source.close()


def test_trainings_beyond_the_limit_are_not_queued(
    register: Register, ada: Person, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.data.snapshot import snapshot_of_project
    from core.runs.sweeps.plan import PlannedRun
    from tests.runs.conftest import tiny

    monkeypatch.setattr(jobs, "_start", lambda *_: None)
    project, _ = labelled_project(store, ["oak", "ash"] * 4)
    store.assign_splits(project)
    snapshot, workspace = snapshot_of_project(store, project), store.workspace
    _limit(register, ada, most_runs=1)
    planned: list[Any] = [PlannedRun(tiny(seed=seed), {}, "", "") for seed in (1, 2)]
    with pytest.raises(QuotaReached, match=r"These are 2 trainings. You may have 1 training at a time"):
        sweep_jobs.submit_sweep(workspace, snapshot, planned, title="two")
    first = jobs.submit(workspace, snapshot, tiny(), title="first", once="form-1")
    assert jobs.submit(workspace, snapshot, tiny(), title="first", once="form-1") == first, "a double click"
    with pytest.raises(QuotaReached, match=r"^1 training runs or waits already.*Wait until one ends, or stop one."):
        jobs.submit(workspace, snapshot, tiny(), title="second")
    assert [path.name for path in workspace.runs.glob("[!.]*")] == [first.id]
    stopped = first
    stopped.write_status(state="stopped")
    jobs.submit(workspace, snapshot, tiny(), title="second")
    with pytest.raises(QuotaReached):
        jobs.resume(workspace, stopped)


def test_a_pupil_s_caches_have_a_share_of_the_server_s(
    register: Register, ada: Person, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(budget.SETTING, "10")
    room = register.classroom(ada.class_id or 0)
    for name in ("Ben", "Cleo", "Dan"):
        door.workspace_of(joining.join(register, room, name).person)
    assert budget.limit_of(door.workspace_of(None)).gigabytes == 10
    assert budget.limit_of(store.workspace) == budget.Limit(2_500_000_000, "share")
    _limit(register, ada, most_megabytes=300)
    assert budget.limit_of(store.workspace) == budget.Limit(300_000_000, "share")
    monkeypatch.setenv(budget.SETTING, "0.1")
    assert budget.limit_of(store.workspace) == budget.Limit(100_000_000, "environment")
