"""Lost and damaged files: photos, thumbnails, caches and the database, each found and repaired as far as possible."""

import io
import os
import sqlite3
from pathlib import Path

import pytest
from PIL import Image

from core.data.store.checking.database_check import check_database
from core.data.store.checking.derived_files import check_caches, check_thumbnails
from core.data.store.checking.finding import Finding
from core.data.store.checking.photo_check import check_photos
from core.data.store.checking.photo_files import LostPhoto
from core.data.store.store import Store
from tests.data.builders import add, labelled_project, labels_of, open_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def files_of(store: Store, project_id: int) -> list[Path]:
    return [store.image_path(row.hash) for row in store.images(project_id)]


def photos(store: Store, repair: bool = False) -> list[Finding]:
    return check_photos(store.workspace, store.known_photos(), repair, lambda done, total: None)[0]


def said(found: list[Finding]) -> list[tuple[str, str]]:
    return [(one.subject, one.problem) for one in found]


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)


def old(path: Path) -> Path:
    os.utime(path, (1, 1))
    return path


def test_a_sound_workspace_has_no_findings(store: Store) -> None:
    labelled_project(store, ["owl", "duck"])
    counts: list[tuple[int, int]] = []
    found, sound = check_photos(
        store.workspace, store.known_photos(), False, lambda done, total: counts.append((done, total))
    )
    assert found == [] and len(sound) == 2 and counts == [(1, 2), (2, 2)]
    assert check_thumbnails(store.workspace, False, lambda done, total: None) == []
    assert check_caches(store.workspace, False) == [] == check_database(store.workspace, False)
    assert store.lost_photos(1) == []


def test_a_quick_look_finds_missing_empty_and_cut_off_files(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl"] * 5)
    missing, empty, cut, *_ = files_of(store, project_id)
    missing.unlink()
    empty.write_bytes(b"")
    cut.write_bytes(cut.read_bytes()[:-9])
    rows = store.images(project_id)
    states = ("missing", "empty", "changed")
    assert (
        store.lost_photos(project_id)
        == [
            LostPhoto(row.id, row.filename, row.hash, state)  # type: ignore[arg-type]
            for row, state in zip(rows[:3], states, strict=True)
        ]
    )
    store.remove_images(project_id, ids[:3], "ann")
    assert store.lost_photos(project_id) == []


def test_every_kind_of_damage_is_named_with_its_photo_and_project(store: Store) -> None:
    project_id, _ = labelled_project(store, ["owl"] * 6)
    missing, empty, cut, text, flipped, _ = files_of(store, project_id)
    missing.unlink()
    empty.write_bytes(b"")
    cut.write_bytes(cut.read_bytes()[:300])
    text.write_text("no picture")
    other = io.BytesIO()
    Image.new("RGB", (16, 12), "red").save(other, "PNG")
    flipped.write_bytes(other.getvalue())
    found = dict(said(photos(store)))
    assert found.pop("photo 0.png (Birds)") == "has lost its file"
    assert found.pop("photo 1.png (Birds)") == "is empty"
    assert "cut off" in found.pop("photo 2.png (Birds)")
    assert "cannot be read (it is a text file" in found.pop("photo 3.png (Birds)")
    assert found.pop("photo 4.png (Birds)") == "shows another picture than the one that was stored"
    assert found == {}
    assert len(files_of(store, project_id)) == 6 and empty.exists()  # looking moves nothing


def test_a_damaged_photo_is_moved_out_of_the_way_and_comes_back_with_its_label(store: Store) -> None:
    project_id, _ = labelled_project(store, ["owl", "duck"])
    damaged, _ = files_of(store, project_id)
    flip_a_bit(damaged)
    [finding] = photos(store, repair=True)
    assert not finding.repaired  # it is still lost
    assert finding.advice == "Its file is in the folder damaged now; add the photo again: it keeps its label."
    assert (store.workspace.root / "damaged" / damaged.name).is_file() and not damaged.exists()
    assert said(photos(store)) == [("photo 0.png (Birds)", "has lost its file")]
    add(store, project_id, 0)
    assert photos(store) == [] and labels_of(store, project_id) == ["owl", "duck"]


@pytest.mark.parametrize("how", ["missing", "empty", "cut off"])
def test_adding_a_lost_photo_again_restores_it_without_any_repair(store: Store, how: str) -> None:
    project_id, _ = labelled_project(store, ["owl", "duck"])
    lost, _ = files_of(store, project_id)
    whole = lost.read_bytes()
    lost.unlink() if how == "missing" else lost.write_bytes(b"" if how == "empty" else whole[:90])
    assert len(store.lost_photos(project_id)) == 1
    add(store, project_id, 0)
    assert lost.read_bytes() == whole and store.lost_photos(project_id) == []
    assert labels_of(store, project_id) == ["owl", "duck"]


def test_a_newer_decoder_that_changes_every_picture_moves_none(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    project_id, _ = labelled_project(store, ["owl"] * 8)
    monkeypatch.setattr("core.data.store.checking.photo_check.content_hash", lambda image: "0" * 64)
    [finding] = photos(store, repair=True)
    assert finding.subject == "8 of 8 photos" and "Nothing is moved" in finding.advice
    assert all(path.is_file() for path in files_of(store, project_id))


def test_files_that_no_project_knows_are_returned_and_half_written_ones_deleted(store: Store) -> None:
    project_id, _ = labelled_project(store, ["owl"])
    [known] = files_of(store, project_id)
    part = known.with_name(".x.png.part")
    part.write_bytes(b"x")
    old(part)
    known.with_name(".young.png.part").write_bytes(b"x")  # somebody may be writing it now
    found, sound = check_photos(store.workspace, {}, True, lambda done, total: None)
    assert sound == [known]
    assert [(one.subject, one.repaired) for one in found] == [("1 half-written photo", True)]
    assert [path.name for path in known.parent.glob(".*")] == [".young.png.part"]


def test_damaged_thumbnails_and_cached_files_are_deleted_and_made_again(store: Store) -> None:
    project_id, _ = labelled_project(store, ["owl", "duck", "duck"])
    rows = store.images(project_id)
    empty, cut, sound = (store.thumbnail_path(row.hash) for row in rows)
    empty.write_bytes(b"")
    cut.write_bytes(cut.read_bytes()[:-2])
    older = sound.with_name("older.webp")
    Image.new("RGB", (20, 20)).save(older)
    [finding] = check_thumbnails(store.workspace, False, lambda done, total: None)
    assert (finding.subject, finding.repairable, finding.repaired) == ("2 thumbnails", True, False)
    [finding] = check_thumbnails(store.workspace, True, lambda done, total: None)
    assert finding.repaired and not empty.exists() and not cut.exists() and sound.exists() and older.exists()
    with Image.open(store.thumbnail_path(rows[0].hash)) as again:
        again.load()
    part = store.workspace.cache / "resized" / "view" / "ab.1-2.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x")
    assert check_caches(store.workspace, True) == []  # it may be in use
    old(part)
    assert [one.subject for one in check_caches(store.workspace, True)] == ["1 cached file"] and not part.exists()


def test_a_thumbnail_of_a_lost_photo_hides_no_page(store: Store) -> None:
    project_id, _ = labelled_project(store, ["owl"])
    [row] = store.images(project_id)
    store.thumbnail_path(row.hash).unlink()
    store.image_path(row.hash).write_bytes(b"")
    assert not store.thumbnail_path(row.hash).exists()


# The database


def database(store: Store) -> Path:
    """The store's file, closed, with everything in it."""
    with sqlite3.connect(store.workspace.root / "studio.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    return store.workspace.root / "studio.db"


def test_a_damaged_database_is_found(store: Store) -> None:
    labelled_project(store, ["owl"] * 20)
    file = database(store)
    size = file.stat().st_size
    with file.open("r+b") as stream:  # from the third page on
        stream.seek(8192)
        stream.write(b"\xff" * (size - 8192))
    found = check_database(store.workspace, repair=True)
    assert found and all(one.area == "database" and not one.repaired for one in found)
    assert "backup" in found[0].advice
    file.write_bytes(b"no database at all" * 100)
    [finding] = check_database(store.workspace, repair=False)
    assert "cannot be read (file is not a database)" in finding.problem


def test_rows_that_point_to_nothing_are_counted(store: Store) -> None:
    labelled_project(store, ["owl", "owl", None])
    with sqlite3.connect(database(store)) as connection:
        connection.execute("DELETE FROM classes")  # without foreign keys, as another program might
    [finding] = check_database(store.workspace, repair=False)
    assert finding.problem == "has 2 rows of images that point to missing classes"


def test_a_damaged_index_is_made_again_without_losing_a_row(store: Store) -> None:
    project_id, _ = labelled_project(store, ["owl"] * 9)
    file = database(store)
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        sql = "UPDATE sqlite_master SET sql = replace(sql, 'sort_key', 'filename') WHERE name = 'ix_images_by_name'"
        assert connection.execute(sql).rowcount == 1  # the index holds other values now than it should
    [finding] = check_database(store.workspace, repair=False)
    assert "damaged index" in finding.problem and finding.repairable and not finding.repaired
    [finding] = check_database(store.workspace, repair=True)
    assert finding.repaired
    assert check_database(store.workspace, repair=False) == []
    assert open_store(store.workspace.root.parent).count(project_id) == 9
