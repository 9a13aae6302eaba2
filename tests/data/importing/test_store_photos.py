"""Photos are decoded in threads and stored in batches, and nobody waits long for the database meanwhile."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from core.data.importing import store_photos
from core.data.importing.import_plan import Candidate, ImportPlan
from core.data.importing.photo_files import decode_ahead
from core.data.importing.run_import import run_import
from core.data.limited import large_turn, photos, processes
from core.data.store import annotations, large_changes
from core.data.store.add_images import PreparedImage
from core.data.store.records import Labels
from core.data.store.store import Store
from core.errors import DataError
from core.workspace import Workspace
from tests.data.builders import open_store, picture


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path)
    yield opened
    opened.close()


def plan(count: int, classes: int = 1) -> ImportPlan:
    files = [Candidate(f"{n}.png", f"class {n % classes}", None, None, lambda n=n: picture(n)) for n in range(count)]
    return ImportPlan(tuple(files), (), (), "flowers", tuple(f"class {n}" for n in range(classes)))


def statements_of(store: Store) -> list[str]:
    """All that the store sends to the database from now on."""
    sent: list[str] = []

    def note(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        sent.append(statement)

    event.listen(store._engine, "before_cursor_execute", note)
    return sent


def test_a_batch_is_one_short_transaction(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each photo was a transaction of a dozen statements."""
    monkeypatch.setattr(store_photos, "BATCH_SECONDS", 1000)
    project = store.create_project("Birds").id
    sent = statements_of(store)
    list(run_import(plan(128), store, project, "ann"))
    assert len(sent) < 100
    assert sum("INSERT INTO images" in one for one in sent) == 2


def test_the_labels_of_an_import_are_set_in_parts_that_are_undone_as_one_step(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large_changes, "LABELS_AT_ONCE", 10)
    project = store.create_project("Birds").id
    sizes: list[int] = []
    apply_labels = annotations.apply_labels

    def counting(conn: Connection, project_id: int, labels: Labels, *rest: Any, **more: Any) -> int:
        sizes.append(len(labels.rows))
        return apply_labels(conn, project_id, labels, *rest, **more)

    monkeypatch.setattr(annotations, "apply_labels", counting)
    list(run_import(plan(35, classes=7), store, project, "ann"))
    assert sizes == [0, 10, 10, 10, 5]  # first the classes
    assert [info.name for info in store.classes(project)] == [f"class {n}" for n in range(7)]
    (change,) = store.history(project)
    assert change.text == "labels of 35 photos from flowers"
    assert len(store.changed_images(project, change.id)) == 35
    store.undo(project)
    assert {row.label for row in store.images(project)} == {None}
    assert store.classes(project) == []
    store.redo(project)
    assert [info.count for info in store.classes(project)] == [5] * 7


def test_an_undo_between_two_parts_is_not_extended(store: Store) -> None:
    project = store.create_project("Birds").id
    list(run_import(plan(2), store, project, "ann"))
    first, second = (row.id for row in store.images(project))
    change = store.apply_labels(project, [(first, "duck", None)], "ann", "two parts")
    store.undo_one(project, change)
    later = store.apply_labels(project, [(second, "duck", None)], "ann", "two parts", extends=change)
    assert later not in (0, change)
    assert [row.label for row in store.images(project)] == ["class 0", "duck"]


def test_a_thousand_classes_are_few_statements_and_so_is_their_undo(store: Store) -> None:
    """They were inserted one by one, in one transaction, while everybody else waited."""
    sent = statements_of(store)
    project = store.create_project("Many", classes=[f"class {n}" for n in range(1000)]).id
    assert sum("INSERT INTO classes" in one for one in sent) == 1
    assert len(sent) < 20
    assert [info.name for info in store.classes(project)] == [f"class {n}" for n in range(1000)]
    other = store.create_project("Imported").id
    list(run_import(plan(1), store, other, "ann"))
    sent.clear()
    (row,) = store.images(other)
    store.apply_labels(other, [(row.id, "x", None)], "ann", "many", new_classes=[f"c{n}" for n in range(990)])
    assert sum("INSERT INTO classes" in one for one in sent) == 6  # five of 200 each, and x
    assert len(sent) < 110
    sent.clear()
    store.undo(other)
    assert len(sent) < 60
    assert [info.name for info in store.classes(other)] == ["class 0"]


def test_an_import_that_would_make_too_many_classes_stores_nothing(store: Store) -> None:
    project = store.create_project("Many", classes=[f"c{n}" for n in range(999)]).id
    with pytest.raises(DataError, match=r"has 1,001 classes; at most 1,000"):
        list(run_import(plan(2, classes=2), store, project, "ann"))
    assert store.count(project) == 0


def test_of_large_pictures_one_is_decoded_at_a_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each may take a gigabyte."""
    at_once, most, lock = 0, {"large": 0, "small": 0}, threading.Lock()
    kind, real = "large", processes._Process._exchange

    def slowly(process: Any, patience: float, *parts: bytes) -> Any:
        nonlocal at_once
        if kind == "large" and parts != (processes._GO_ON,):
            return real(process, patience, *parts)  # it has asked for its turn
        with lock:
            at_once += 1
            most[kind] = max(most[kind], at_once)
        time.sleep(0.02)
        answer = real(process, patience, *parts)  # it is decoded now
        with lock:
            at_once -= 1
        return answer

    monkeypatch.setattr(processes._Process, "_exchange", slowly)
    monkeypatch.setattr(decode_ahead, "_threads", lambda: 3)
    project = store.create_project("Birds").id
    kind = "small"
    list(run_import(plan(12), store, project, "ann"))
    monkeypatch.setattr(large_turn, "LARGE_PIXELS", 10)
    kind = "large"
    list(run_import(plan(12), store, project, "ann"))
    assert most["large"] == 1
    assert most["small"] > 1


def test_photos_come_in_the_order_of_the_plan_whichever_thread_is_faster(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unevenly(workspace: Workspace, raw: bytes, name: str) -> PreparedImage:
        time.sleep(0.02 if int(name.removesuffix(".png")) % 3 == 0 else 0)
        return photos.prepared_photo(workspace, raw, name)

    monkeypatch.setattr(store_photos, "prepared_photo", unevenly)
    monkeypatch.setattr(decode_ahead, "_threads", lambda: 4)
    project = store.create_project("Birds").id
    names = [result.name for result in run_import(plan(20), store, project, "ann")]
    assert names == [row.filename for row in store.images(project)] == [f"{n}.png" for n in range(20)]


def test_people_label_in_another_project_while_an_import_runs(store: Store, tmp_path: Path) -> None:
    """Every label in another project failed for minutes: "database is locked"."""
    other = store.create_project("Others", classes=["owl", "duck"]).id
    list(run_import(plan(1), store, other, "ann"))
    (row,) = store.images(other)
    project = store.create_project("Birds").id
    importing = threading.Thread(target=lambda: list(run_import(plan(200, classes=100), store, project, "ann")))
    second = open_store(tmp_path)  # as another process has it
    labels = 0
    importing.start()
    while importing.is_alive():
        second.annotate(other, [row.id], ("owl", "duck")[labels % 2], "bob")
        labels += 1
    importing.join()
    assert labels > 3
    assert store.count(project) == 200
    second.close()
