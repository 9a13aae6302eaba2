"""Projects, images, pages, counts and files in the store, also under several threads, processes and a kill."""

import io
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from PIL import Image
from sqlalchemy import create_engine, event, text

from core.data.pictures.decoding import content_hash, decode
from core.data.snapshot import snapshot_of_project
from core.data.store.database import MIGRATIONS, NEWEST, run_migrations
from core.data.store.migrations.newest import script_of
from core.data.store.schema import metadata
from core.data.store.store import ORDERS, ImageFilter, Store
from core.errors import DataError, StorageError, WorkspaceError
from core.workspace import Workspace, open_workspace
from tests.data.builders import add, labelled_project, labels_of, open_store, picture

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


@pytest.fixture
def migrated(tmp_path: Path) -> Path:
    """An empty database that went through all migrations."""
    engine = create_engine(f"sqlite:///{tmp_path / 'migrated.db'}")
    with engine.connect() as connection:
        run_migrations(connection)
    engine.dispose()
    return tmp_path / "migrated.db"


def names(store: Store, project_id: int, **where: Any) -> list[str]:
    return [row.filename for row in store.images(project_id, ImageFilter(**where))]


# Projects


def test_a_project_is_there_after_a_restart(store: Store, tmp_path: Path) -> None:
    made = store.create_project("  Leaves of   the yard ", classes=["oak", "birch"])
    store.close()
    again = open_store(tmp_path)
    assert again.projects() == [made]
    assert again.project(made.id).name == "Leaves of the yard"
    assert again.find_project("LEAVES of the yard") == made
    assert again.find_project("other") is None
    assert [(info.name, info.position, info.count) for info in again.classes(made.id)] == [
        ("oak", 0, 0),
        ("birch", 1, 0),
    ]


def test_project_names_are_unique_and_not_empty(store: Store) -> None:
    first = store.create_project("Birds")
    with pytest.raises(DataError, match='already a project "Birds"'):
        store.create_project(" bIRDS ")
    with pytest.raises(DataError, match="empty"):
        store.create_project("  ")
    with pytest.raises(DataError, match="201 characters; at most 200"):
        store.create_project("x" * 201)
    with pytest.raises(DataError, match="classification or localization"):
        store.create_project("Cats", task="detection")
    with pytest.raises(DataError, match='a class "owl" already'):
        store.create_project("Cats", classes=["owl", "Owl"])
    assert store.projects() == [first]  # nothing of the refused ones is left
    store.rename_project(first.id, "BIRDS")
    assert store.project(first.id).name == "BIRDS"


def test_a_deleted_project_is_gone_with_its_files_but_not_with_those_that_others_use(store: Store) -> None:
    mine, (first, *_) = labelled_project(store, ["owl", "owl", "duck", "duck"], "mine")
    shared, in_run, *_ = rows = store.images(mine)
    other = store.create_project("other").id
    add(store, other, 0)
    run = store.workspace.runs / "run-1"
    run.mkdir()
    kept = snapshot_of_project(store, mine)
    frame = kept.frame[kept.frame["image"] == in_run.hash]
    type(kept)(frame, kept.classes, kept.task).write(run / "snapshot.csv")
    paths = {row.hash: store.image_path(row.hash) for row in rows}
    thumbnails = {row.hash: store.thumbnail_path(row.hash) for row in rows}

    store.delete_project(mine)

    for stays in (shared.hash, in_run.hash):
        assert paths[stays].is_file() and thumbnails[stays].is_file() and store.image_path(stays) == paths[stays]
    for goes in (rows[2].hash, rows[3].hash):
        assert not paths[goes].exists() and not thumbnails[goes].exists()
        with pytest.raises(DataError, match="No project has the picture"):
            store.image_path(goes)
    assert labels_of(store, other) == [None]
    with pytest.raises(DataError, match="no longer exists"):
        store.annotate(mine, [first], "owl", "ann")


def test_the_number_of_a_deleted_project_is_never_given_again(store: Store) -> None:
    """Else its runs would show up in the new project."""
    first = store.create_project("first")
    store.delete_project(first.id)
    assert store.create_project("second").id != first.id


# Images


def test_a_png_is_stored_byte_for_byte(store: Store) -> None:
    project = store.create_project("Birds")
    raw = picture(1)
    row, new = store.add_image(project.id, decode(raw, "a"), raw, "Größe/eine Eule.png")
    assert new
    assert (row.filename, row.width, row.height, row.bytes) == ("Größe/eine Eule.png", 16, 12, len(raw))
    assert row.hash == content_hash(decode(raw, "a").image)
    path = store.image_path(row.hash)
    assert path == store.workspace.images / row.hash[:2] / f"{row.hash}.png"
    assert path.read_bytes() == raw
    assert store.image_paths(project.id) == {row.hash: path}
    with Image.open(store.thumbnail_path(row.hash)) as thumbnail:
        assert thumbnail.format == "JPEG"


def test_a_turned_jpeg_is_stored_upright_as_a_jpeg_of_full_color(store: Store) -> None:
    project = store.create_project("Birds")
    upright = Image.linear_gradient("L").resize((40, 30)).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    file = io.BytesIO()
    upright.save(file, "JPEG", quality=95, exif=exif)
    row, _ = store.add_image(project.id, decode(file.getvalue(), "a"), file.getvalue(), "a.jpeg")
    assert (row.width, row.height) == (30, 40)
    path = store.image_path(row.hash)
    assert path.suffix == ".jpg"
    with Image.open(path) as stored:
        assert stored.size == (30, 40)
        assert stored.getexif().get(0x0112, 1) == 1
        assert [layer[1:3] for layer in stored.layer] == [(1, 1)] * 3  # type: ignore[attr-defined]  # 4:4:4
    assert decode(path, "a").image.size == (30, 40)


def test_what_has_to_be_converted_is_stored_without_loss(store: Store) -> None:
    project = store.create_project("Birds")
    file = io.BytesIO()
    Image.new("RGBA", (5, 4), (255, 0, 0, 128)).save(file, "PNG")
    decoded = decode(file.getvalue(), "a")
    row, _ = store.add_image(project.id, decoded, file.getvalue(), "a.png")
    assert content_hash(decode(store.image_path(row.hash), "a").image) == row.hash


def test_the_same_picture_in_another_container_is_one_image_with_two_names(store: Store) -> None:
    project = store.create_project("Birds")
    first = add(store, project.id, 1, "a.png")
    raw = picture(1, "BMP")
    row, new = store.add_image(project.id, decode(raw, "a"), raw, "b/copy.bmp")
    assert (row, new) == (first, False)
    assert store.add_image(project.id, decode(raw, "a"), raw, "b/copy.bmp") == (first, False)
    store.apply_labels(project.id, [(row.id, "owl", "test")], "ann", "import")
    rows = [(row.line, row.filename, row.label, row.split) for row in store.label_rows(project.id)]
    assert rows == [(2, "a.png", "owl", "test"), (3, "b/copy.bmp", "owl", "test")]
    assert names(store, project.id, search="COPY") == ["a.png"]
    assert len([path for path in store.workspace.images.rglob("*") if path.is_file()]) == 1


def test_two_pictures_of_one_name_get_two_names(store: Store) -> None:
    """Else the exported labels.csv could not tell them apart."""
    project = store.create_project("Birds")
    for number in range(1, 8):
        add(store, project.id, number, "a.b/IMG 1.jpg")
    assert names(store, project.id) == ["a.b/IMG 1.jpg", *(f"a.b/IMG 1 ({number}).jpg" for number in range(2, 8))]
    add(store, project.id, 2, "a.b/IMG 1.jpg")  # the same files once more
    assert [row.filename for row in store.label_rows(project.id)] == names(store, project.id)


def test_a_name_of_bytes_that_are_no_text_is_stored_readably(store: Store) -> None:
    project = store.create_project("Birds")
    assert add(store, project.id, 1, "caf\udce9\x00.png").filename == "caf��.png"


def test_a_removed_picture_that_is_added_again_comes_back_with_its_label(store: Store) -> None:
    project_id, (first, *_) = labelled_project(store, ["owl", "duck"])
    store.remove_images(project_id, [first], "ann")
    assert store.count(project_id) == 1
    assert store.find_image(project_id, content_hash(decode(picture(0), "a").image)) is None
    with pytest.raises(DataError, match="no longer in the project"):
        store.image(project_id, first)
    raw = picture(0)
    row, new = store.add_image(project_id, decode(raw, "a"), raw, "again.png")
    assert (row.id, row.filename, row.label, new) == (first, "again.png", "owl", True)
    assert store.find_image(project_id, row.hash) == row


def test_two_projects_share_a_file_and_nothing_else(store: Store) -> None:
    one, _ = labelled_project(store, ["owl", "owl"], "one")
    two = store.create_project("two")
    row = add(store, two.id, 0, "other name.png")
    assert (row.label, row.filename) == (None, "other name.png")
    with pytest.raises(DataError, match="no longer in the project"):
        store.image(one, row.id)
    with pytest.raises(DataError, match="1 can no longer be found"):
        store.annotate(one, [row.id], "owl", "ann")
    assert len(list(store.workspace.images.rglob("*.png"))) == 2


def test_files_that_were_lost_are_made_again(store: Store) -> None:
    project = store.create_project("Birds")
    row = add(store, project.id, 1)
    store.thumbnail_path(row.hash).unlink()
    assert store.thumbnail_path(row.hash).is_file()
    store.image_path(row.hash).unlink()
    assert store.images(project.id) == [row]  # a row without its file breaks nothing
    raw = picture(1, "WEBP")
    Image.open(io.BytesIO(picture(1))).save(buffer := io.BytesIO(), "WEBP", lossless=True)
    raw = buffer.getvalue()
    assert store.add_image(project.id, decode(raw, "a"), raw, row.filename)[1] is False
    assert store.image_path(row.hash).read_bytes() == raw
    assert store.image(project.id, row.id).bytes == len(raw)


# Pages, counts, the next image


def test_pages_by_order(store: Store) -> None:
    project = store.create_project("Birds", classes=["owl", "duck"])
    ids = [
        add(store, project.id, number, name).id for number, name in enumerate(["b10.png", "a.png", "B2.png", "c.png"])
    ]
    store.annotate(project.id, [ids[3]], "duck", "ann")
    store.annotate(project.id, [ids[0]], "owl", "bob")
    by = {order: [ids.index(row.id) for row in store.images(project.id, ImageFilter(order=order))] for order in ORDERS}
    assert by == {
        "added": [0, 1, 2, 3],
        "newest": [3, 2, 1, 0],
        "name": [1, 2, 0, 3],
        "label": [0, 3, 1, 2],
        "annotated": [0, 3, 1, 2],
    }
    page = store.images(project.id, ImageFilter(order="name"), offset=1, limit=2)
    assert [row.filename for row in page] == ["B2.png", "b10.png"]
    assert [row.id for row in store.images(project.id, offset=3)] == ids[3:]
    assert store.images(project.id, offset=9) == []
    with pytest.raises(DataError, match="Allowed are added, newest, name, label, annotated"):
        store.images(project.id, ImageFilter(order="color"))


def test_filters_alone_and_together(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl", "owl", "duck", None])
    store.apply_labels(project_id, [(ids[0], None, "test"), (ids[2], None, "test")], "ann", "import")

    def found(**where: Any) -> list[int]:
        rows = store.images(project_id, ImageFilter(**where))
        assert store.count(project_id, ImageFilter(**where)) == len(rows)
        return [ids.index(row.id) for row in rows]

    assert found(label="owl") == [0, 1]
    assert found(label="OWL", split="test") == [0]
    assert found(unlabelled=True) == [3]
    assert found(split="none") == [1, 3]
    assert found(split="train") == []
    assert found(label="swan") == []
    assert found(search="photo 2", split="test") == [2]


def test_search_is_without_case_and_takes_percent_and_underscore_literally(store: Store) -> None:
    project = store.create_project("Birds")
    for number, name in enumerate(["Große EULE.png", "100%.png", "100x.png", "a_b.png", "axb.png", "back\\slash.png"]):
        add(store, project.id, number, name)
    assert names(store, project.id, search="grosse eule") == ["Große EULE.png"]
    assert names(store, project.id, search="GROßE") == ["Große EULE.png"]
    assert names(store, project.id, search="0%") == ["100%.png"]
    assert names(store, project.id, search="A_B") == ["a_b.png"]
    assert names(store, project.id, search="k\\s") == ["back\\slash.png"]
    assert names(store, project.id, search="/") == []
    assert len(names(store, project.id, search="  ")) == 6


def test_counts_by_class_and_split(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl", "duck", "owl", None, None])
    store.apply_labels(project_id, [(ids[0], None, "train"), (ids[3], None, "test")], "ann", "import")
    store.add_class(project_id, "swan", "ann")
    table = store.counts(project_id)
    assert list(table.columns) == ["label", "train", "val", "test", "none", "total"]
    assert table["label"].tolist() == ["owl", "duck", "swan", None]
    assert table.drop(columns="label").to_numpy().tolist() == [
        [1, 0, 0, 1, 2],
        [0, 0, 0, 1, 1],
        [0, 0, 0, 0, 0],
        [0, 0, 1, 1, 2],
    ]
    empty = store.counts(store.create_project("empty").id)
    assert empty["label"].tolist() == [None] and empty["total"].tolist() == [0]


def test_next_unlabelled_goes_round(store: Store) -> None:
    project_id, ids = labelled_project(store, [None, "owl", None, None])

    def following(after: int | None, skip: tuple[int, ...] = ()) -> int | None:
        row = store.next_unlabelled(project_id, after, skip)
        return None if row is None else ids.index(row.id)

    assert following(None) == 0
    assert following(ids[0]) == 2
    assert following(ids[1]) == 2
    assert following(ids[3]) == 0
    assert following(ids[3], (ids[0],)) == 2
    assert following(ids[0], tuple(ids)) is None
    store.annotate(project_id, [ids[0], ids[2]], "owl", "ann")
    assert following(ids[3]) == 3  # the only one left is its own follower
    store.annotate(project_id, [ids[3]], "owl", "ann")
    assert following(None) is None


def test_no_query_of_a_page_reads_a_whole_table(store: Store) -> None:
    """SQLite says how it would find the rows; without an index 10,000 images would be read for each page."""
    project_id, ids = labelled_project(store, ["owl", "duck", None])
    asked: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if statement.startswith(("SELECT", "UPDATE")):
            asked.append((statement, parameters[0] if many else parameters))

    event.listen(store._engine, "before_cursor_execute", note)
    for order in ORDERS:
        store.images(project_id, ImageFilter(order=order, search="photo"), limit=60)
    store.images(project_id, ImageFilter(label="owl", split="none"), limit=60)
    store.count(project_id, ImageFilter(unlabelled=True))
    store.counts(project_id)
    store.next_unlabelled(project_id, ids[0])
    store.annotate(project_id, ids, "owl", "ann")
    store.undo(project_id, "ann")
    store.history(project_id)
    store.find_image(project_id, store.image(project_id, ids[0]).hash)
    event.remove(store._engine, "before_cursor_execute", note)
    with store._engine.connect() as connection:
        plans = [
            step[3]
            for statement, parameters in asked
            for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    assert len(asked) > 20
    assert [step for step in plans if step.startswith("SCAN")] == []


# Splits


def test_splits_are_given_to_the_labelled_and_kept_for_good(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl"] * 7 + ["duck"] * 2 + [None])
    store.assign_splits(project_id)
    before = {row.id: row.split for row in store.images(project_id)}
    assert before[ids[9]] is None
    assert sorted(str(before[number]) for number in ids[:7]) == ["test", *["train"] * 5, "val"]
    assert {before[ids[7]], before[ids[8]]} == {"train", "val"}

    late = add(store, project_id, 100).id
    store.annotate(project_id, [late, ids[9]], "duck", "ann")
    store.annotate(project_id, [ids[0]], "duck", "ann")
    store.annotate(project_id, [ids[1]], None, "ann")
    store.assign_splits(project_id, seed=5)
    after = {row.id: row.split for row in store.images(project_id)}
    assert {number: after[number] for number in ids[:9]} == {number: before[number] for number in ids[:9]}
    assert {after[late], after[ids[9]]} <= {"train", "val", "test"}


def test_new_images_join_train_while_the_given_splits_have_no_val(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl"] * 10)
    given = [(number, None, "test" if number == ids[0] else "train") for number in ids]
    store.apply_labels(project_id, given, "ann", "import")
    late = [add(store, project_id, number).id for number in range(100, 105)]
    store.annotate(project_id, late, "owl", "ann")
    store.assign_splits(project_id)
    assert [row.split for row in store.images(project_id)] == ["test", *["train"] * 14]


# Threads, processes, kills, databases


def test_many_threads_share_one_store(store: Store) -> None:
    project_id, _ = labelled_project(store, ["owl", "duck"])

    def work(number: int) -> None:
        row = add(store, project_id, number % 10)  # each picture by four threads
        store.annotate(project_id, [row.id], "owl" if number % 2 else "duck", f"person {number}")
        assert store.counts(project_id)["total"].sum() >= 2

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(40)))
    assert store.count(project_id) == 10
    assert store.count(project_id, ImageFilter(unlabelled=True)) == 0
    assert len(store.history(project_id, limit=100)) == 42


def test_processes_that_open_a_new_workspace_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.data.builders import open_store\n"
        "store = open_store(Path(sys.argv[1])); store.create_project(sys.argv[2]); store.close()"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), f"p{number}"], cwd=ROOT) for number in range(4)
    ]
    assert [process.wait(60) for process in started] == [0] * 4
    assert {project.name for project in open_store(tmp_path).projects()} == {"p0", "p1", "p2", "p3"}


def test_a_kill_while_images_come_in_loses_nothing_that_was_said_to_be_there(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.data.builders import add, open_store\n"
        "store = open_store(Path(sys.argv[1])); project = store.create_project('Birds', classes=['owl'])\n"
        "for number in range(10_000):\n"
        "    row = add(store, project.id, number)\n"
        "    store.annotate(project.id, [row.id], 'owl', 'ann')\n"
        "    print(row.id, flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = [int(process.stdout.readline()) for _ in range(20)]
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)
    store = open_store(tmp_path)
    (project,) = store.projects()
    rows = store.images(project.id)
    assert {row.id for row in rows if row.label == "owl"} >= set(said)
    for row in rows:
        assert content_hash(decode(store.image_path(row.hash), "a").image) == row.hash
    last = len(rows)
    assert add(store, project.id, last).label is None  # a file that came without its row is no hindrance


def test_a_writer_waits_for_another_process(store: Store) -> None:
    project = store.create_project("Birds", classes=["owl"])
    row = add(store, project.id, 1)
    other = create_engine(store.workspace.database_url)
    with ThreadPoolExecutor(1) as pool, other.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        waiting = pool.submit(store.annotate, project.id, [row.id], "owl", "ann")
        time.sleep(0.2)
        assert not waiting.done()
        assert store.count(project.id) == 1  # readers do not wait
        connection.rollback()
        waiting.result(10)
    assert labels_of(store, project.id) == ["owl"]


def test_sqlite_is_set_up_for_several_users(store: Store) -> None:
    with store._engine.connect() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        }
    assert settings == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 10_000}


def test_the_migrations_make_the_tables_that_the_code_knows(migrated: Path) -> None:
    script = ScriptDirectory(str(MIGRATIONS))
    assert script.get_current_head() == NEWEST
    engine = create_engine(f"sqlite:///{migrated}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_a_new_database_is_the_one_that_the_migrations_make(store: Store, migrated: Path, tmp_path: Path) -> None:
    store.close()
    scripts = []
    for file in (tmp_path / "workspace" / "studio.db", migrated):
        with closing(sqlite3.connect(file)) as database:
            scripts.append(script_of(database))
    assert "CREATE TABLE images" in scripts[0] and f"VALUES('{NEWEST}')" in scripts[0]
    assert scripts[0] == scripts[1], "run python scripts/write_schema.py"


def test_a_database_of_a_newer_version_is_refused_and_left_alone(store: Store, tmp_path: Path) -> None:
    with store._engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(WorkspaceError, match=r"newer ResNet Studio \(schema 9999"):
        open_store(tmp_path)


def test_a_database_that_cannot_be_opened_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = open_workspace(tmp_path)
    (tmp_path / "studio.db").write_bytes(b"this is no database, but long enough to look at" * 100)
    with pytest.raises(WorkspaceError, match="not a database"):
        Store(workspace)
    monkeypatch.setenv("RESNET_STUDIO_DATABASE_URL", "nosuch://here/db")
    with pytest.raises(WorkspaceError, match="RESNET_STUDIO_DATABASE_URL"):
        Store(Workspace(tmp_path))


def test_a_full_disk_is_told_and_leaves_no_half_file(store: Store) -> None:
    project = store.create_project("Birds")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, limits[1]))  # the disk takes 200 bytes of the picture's 600
    try:
        with pytest.raises(StorageError, match=r"The disk is full, so the photo could not be stored\. Free some space"):
            add(store, project.id, 1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert store.count(project.id) == 0
    assert [path for path in store.workspace.images.rglob("*") if path.is_file()] == []
