"""A backup restores the same projects, labels, history, photos and runs; one that is damaged restores nothing."""

import io
import json
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from core.backup import make_backup as making
from core.backup.database_copies import schema_of
from core.backup.make_backup import make_backup
from core.backup.restore_backup import restore_backup
from core.data.store.database import MIGRATIONS, NEWEST
from core.errors import WorkspaceError
from core.workspace import Workspace
from tests.backup.conftest import Facts

FactsOf = Callable[[Path], Facts]


@pytest.mark.parametrize("name", ["b.zip", "b.tar", "b.tar.gz", "b"])
def test_everything_comes_back_and_nothing_else(
    server: Workspace, tmp_path: Path, facts_of: FactsOf, name: str
) -> None:
    seen: list[tuple[int, int]] = []
    made = make_backup(server, tmp_path / name, progress=lambda done, total: seen.append((done, total)))
    assert made.counts == {"projects": 2, "photos": 12, "labels": 8, "runs": 2, "people": 1}
    assert seen[-1][0] > 0.9 * seen[-1][1]
    back = tmp_path / "back"
    restore_backup(tmp_path / name, back)
    for part in (".", "people/ada"):
        assert facts_of(back / part) == facts_of(server.root / part)
        run = sorted(str(path.relative_to(back / part)) for path in (back / part / "runs").rglob("*") if path.is_file())
        files = ["best/bundle.json", "best/model.safetensors", "log.txt", "metrics.jsonl", "status.json"]
        assert run == [f"runs/first/{file}" for file in files]
        assert not (back / part / "thumbnails").exists()
        # The database can be used as before: several readers beside a writer.
        with closing(sqlite3.connect(back / part / "studio.db")) as database:
            assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with closing(sqlite3.connect(back / "people.db")) as people:
        assert people.execute("SELECT id FROM people").fetchall() == [("ada",)]
    assert not (back / "server").exists()  # the keys
    assert not (back / "cache" / "vectors").exists()
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == sorted(["b" if name == "b" else name, "back", "server"])


def test_a_backup_of_an_earlier_version_is_migrated(server: Workspace, tmp_path: Path) -> None:
    earlier = server.root / "people" / "ben" / "studio.db"
    earlier.parent.mkdir()
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = create_engine(f"sqlite:///{earlier}")
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
    engine.dispose()
    make_backup(server, tmp_path / "old.zip")
    restore_backup(tmp_path / "old.zip", tmp_path / "back")
    assert schema_of(earlier) == "0003"
    assert schema_of(tmp_path / "back" / "people" / "ben" / "studio.db") == NEWEST


def test_a_backup_never_replaces_and_never_lies_in_what_it_saves(server: Workspace, tmp_path: Path) -> None:
    (tmp_path / "there.zip").write_text("mine")
    with pytest.raises(WorkspaceError, match="already exists"):
        make_backup(server, tmp_path / "there.zip")
    assert (tmp_path / "there.zip").read_text() == "mine"
    with pytest.raises(WorkspaceError, match="outside"):
        make_backup(server, server.root / "b.zip")
    with pytest.raises(WorkspaceError, match="nothing to back up"):
        make_backup(Workspace(tmp_path / "elsewhere"), tmp_path / "b.zip")


def test_too_little_room_is_said_before_anything_is_written(
    server: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making.shutil, "disk_usage", lambda folder: making.shutil._ntuple_diskusage(1, 1, 1000))
    with pytest.raises(WorkspaceError, match="has 0 MB free"):
        make_backup(server, tmp_path / "b.zip")
    assert [one.name for one in tmp_path.iterdir()] == ["server"]


def test_a_photo_that_is_deleted_meanwhile_takes_its_row_with_it(
    server: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, facts_of: FactsOf
) -> None:
    """The database was copied first, so the copy knew a photo that was gone when the photos were copied."""
    from core.data.store.store import Store

    real, calls = making.photos, []

    def after_a_deletion(root: Path) -> object:
        if not calls:
            store = Store(server)
            store.delete_project(store.projects()[0].id)
            store.create_project("Next")
            store.close()
        calls.append(root)
        return real(root)

    monkeypatch.setattr(making, "photos", after_a_deletion)
    monkeypatch.setattr(making, "_bytes_to_copy", lambda root, outside: (1, 1))
    made = make_backup(server, tmp_path / "b.zip")
    assert made.lost_photos == [] and len(calls) == 2
    restore_backup(tmp_path / "b.zip", tmp_path / "back")
    assert facts_of(tmp_path / "back")["project"] == "Next"


def test_a_photo_whose_file_is_lost_is_named(server: Workspace, tmp_path: Path) -> None:
    lost = next((server.root / "images").rglob("*.png"))
    lost.unlink()
    assert make_backup(server, tmp_path / "b.zip").lost_photos == [lost.relative_to(server.root).as_posix()]


def test_only_an_empty_folder_is_restored_into(server: Workspace, tmp_path: Path) -> None:
    make_backup(server, tmp_path / "b.zip")
    with pytest.raises(WorkspaceError, match="not empty"):
        restore_backup(tmp_path / "b.zip", server.root)
    (tmp_path / "empty").mkdir()
    restore_backup(tmp_path / "b.zip", tmp_path / "empty")
    assert (tmp_path / "empty" / "studio.db").exists()


def refused(backup: Path, tmp_path: Path, match: str) -> None:
    with pytest.raises(WorkspaceError, match=match) as raised:
        restore_backup(backup, tmp_path / "back")
    assert str(raised.value).endswith(".") and "Traceback" not in str(raised.value)
    assert not (tmp_path / "back").exists()
    assert not list(tmp_path.glob(".back*"))


@pytest.mark.parametrize("name", ["b.zip", "b.tar", "b.tar.gz"])
def test_one_cut_off_or_changed_byte_is_found(server: Workspace, tmp_path: Path, name: str) -> None:
    make_backup(server, tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    for part in (0, 100, len(whole) // 2, len(whole) - 12_000):
        (tmp_path / name).write_bytes(whole[:part])
        refused(tmp_path / name, tmp_path, "damaged|cut off")
    # In a plain tar, the bytes between two files mean nothing.
    for place in (whole.index(b"epoch 1"),) if name == "b.tar" else (len(whole) // 3, len(whole) // 2):
        (tmp_path / name).write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        refused(tmp_path / name, tmp_path, "damaged|cut off|no ordinary|other folder")


def test_a_backup_of_a_newer_version_says_so(server: Workspace, tmp_path: Path) -> None:
    make_backup(server, tmp_path / "b")
    manifest = tmp_path / "b" / "backup.json"
    for change in ({"format": 2, "files": "another form"}, {"schema_version": "0999"}):
        changed = json.loads(manifest.read_text()) | change
        (tmp_path / "c").mkdir()
        (tmp_path / "c" / "backup.json").write_text(json.dumps(changed))
        refused(tmp_path / "c", tmp_path, "newer ResNet Studio")
        (tmp_path / "c" / "backup.json").unlink()
        (tmp_path / "c").rmdir()


@pytest.mark.parametrize("name", ["../outside.txt", "/tmp/outside.txt", "a/../../outside.txt", "c:\\x", "a\\..\\b", ""])
def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as packed:
        about = zipfile.ZipInfo("placeholder")
        about.filename = name
        packed.writestr(about, "evil")
    refused(tmp_path / "evil.zip", tmp_path, "other folder|another folder|no ordinary")
    with tarfile.open(tmp_path / "evil.tar", "w") as tar:
        member = tarfile.TarInfo(name)
        member.size = 4
        tar.addfile(member, io.BytesIO(b"evil"))
    refused(tmp_path / "evil.tar", tmp_path, "other folder|another folder")
    assert not (tmp_path / "outside.txt").exists() and not (tmp_path.parent / "outside.txt").exists()


def test_a_link_in_a_backup_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "evil.tar", "w") as tar:
        member = tarfile.TarInfo("images/link")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(member)
    refused(tmp_path / "evil.tar", tmp_path, "no ordinary file")


def test_what_is_no_backup_is_said(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as packed:
        packed.writestr("cat.jpg", "cat")
    refused(tmp_path / "photos.zip", tmp_path, "no backup.json")
    (tmp_path / "b.rar").write_bytes(b"x")
    refused(tmp_path / "b.rar", tmp_path, "is no backup")
    refused(tmp_path / "missing.zip", tmp_path, "does not exist")


def test_a_database_server_is_saved_with_its_own_program(
    server: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESNET_STUDIO_DATABASE_URL", "postgresql+psycopg://ann:secret@db/studio")
    with pytest.raises(WorkspaceError, match="pg_dump") as raised:
        make_backup(server, tmp_path / "b.zip")
    assert "secret" not in str(raised.value)
    assert make_backup(server, tmp_path / "b.zip", without_database=True).database == "elsewhere"


def test_an_sqlite_file_outside_of_the_folder_is_saved_too(
    server: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, facts_of: FactsOf
) -> None:
    before = facts_of(server.root)
    (server.root / "studio.db").rename(tmp_path / "labels.db")
    monkeypatch.setenv("RESNET_STUDIO_DATABASE_URL", f"sqlite:///{tmp_path / 'labels.db'}")
    make_backup(server, tmp_path / "b.zip")
    monkeypatch.delenv("RESNET_STUDIO_DATABASE_URL")
    restore_backup(tmp_path / "b.zip", tmp_path / "back")
    assert facts_of(tmp_path / "back") == before
