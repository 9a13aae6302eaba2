"""Copy a project with its photos and labels, but without its history, into another workspace."""

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, insert, select

from core.data.pictures.stored_files import picture_path, thumbnail_path
from core.data.store.database import inserted
from core.data.store.history.changes import now
from core.data.store.schema import aliases, boxes, classes, image_tags, images, pictures, projects, reviews, tags
from core.data.store.store import Project, Store
from core.data.tables.names import name_key
from core.errors import DataError
from core.quota import quota_of
from core.storage_errors import storage_error

_Rows = list[Mapping[str, Any]]


def copy_project(source: Store, project_id: int, target: Store, *, beyond_quota: bool = False) -> Iterator[float]:
    """Copy the project and yield the share that is done, 0 to 1; the project appears at the end, whole.

    The files are linked where the disk allows it, so that a copy takes hardly any room; stored photos are never
    changed. ``beyond_quota`` is for a teacher who hands it out. Raises DataError if the target has a project of this
    name already, or a photo's file is lost, and QuotaReached, before anything is copied, if it has no room.
    """
    project = source.project(project_id)
    if target.find_project(project.name) is not None:
        raise DataError(f'There is a project "{project.name}" already.')
    with source._reading() as conn:
        rows = _rows_of(conn, project_id)
    if not beyond_quota:
        quota = quota_of(target.workspace)
        quota.check_photos(target.photos_in_use(), len(rows["images"]))
        quota.check_bytes(
            target.bytes_in_use() if quota.megabytes else 0, sum(row["bytes"] for row in rows["pictures"])
        )
    for done, row in enumerate(rows["pictures"]):
        _share_files(source, target, row["hash"], row["suffix"])
        yield done / (len(rows["pictures"]) + 1)
    target._write(lambda conn: _enter(conn, project, rows))
    yield 1.0


def _rows_of(conn: Connection, project_id: int) -> dict[str, _Rows]:
    own = select(images.c.id).where(images.c.project_id == project_id, images.c.removed.is_(False))
    hashes = select(images.c.hash).where(images.c.id.in_(own))
    chosen = {
        classes: classes.c.project_id == project_id,
        pictures: pictures.c.hash.in_(hashes),
        images: images.c.id.in_(own),
        aliases: aliases.c.image_id.in_(own),
        tags: tags.c.project_id == project_id,
        image_tags: image_tags.c.image_id.in_(own),
        boxes: boxes.c.image_id.in_(own),
        reviews: reviews.c.project_id == project_id,
    }
    return {
        table.name: [dict(row) for row in conn.execute(select(table).where(where)).mappings()]
        for table, where in chosen.items()
    }


def _enter(conn: Connection, project: Project, rows: dict[str, _Rows]) -> None:
    key = name_key(project.name)
    number = inserted(conn, projects, {"name": project.name, "name_key": key, "task": project.task, "created": now()})
    known = set(conn.execute(select(pictures.c.hash)).scalars())
    new = [row for row in rows["pictures"] if row["hash"] not in known]
    if new:
        conn.execute(insert(pictures), new)
    numbers: dict[str, dict[int, int]] = {"projects": {project.id: number}}
    for table in (classes, images, tags, aliases, image_tags, boxes, reviews):
        numbers[table.name] = {}
        for row in rows[table.name]:
            values = _renumbered(table, row, numbers)
            old = values.pop("id", None)
            made = conn.execute(insert(table).values(**values)).inserted_primary_key
            if old is not None and made:
                numbers[table.name][old] = made[0]


def _renumbered(table: Table, row: Mapping[str, Any], numbers: Mapping[str, Mapping[int, int]]) -> dict[str, Any]:
    """Return the row with the numbers that its project, photos, classes and tags have in the other database."""
    values = dict(row)
    for column in table.columns:
        for key in column.foreign_keys:
            if key.column.table is not pictures and values[column.name] is not None:
                values[column.name] = numbers[key.column.table.name][values[column.name]]
    return values


def _share_files(source: Store, target: Store, content_hash: str, suffix: str) -> None:
    picture = picture_path(target.workspace, content_hash, suffix)
    if not picture.exists():
        link_or_copy(picture_path(source.workspace, content_hash, suffix), picture)
    thumbnail = thumbnail_path(source.workspace, content_hash)
    if thumbnail.exists():  # else it is made again when somebody looks at it
        link_or_copy(thumbnail, thumbnail_path(target.workspace, content_hash).with_name(thumbnail.name))


def link_or_copy(old: Path, new: Path) -> None:
    """Give a file that never changes a second name, or copy it where the disk has no links.

    Raises DataError if it is lost, and StorageError.
    """
    new.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(old, new)
    except FileExistsError:
        return
    except FileNotFoundError as error:
        raise DataError(f"The file {old.name} is lost, so the copy would not be complete.") from error
    except OSError:
        part = new.with_name(f".{new.name}.part")
        try:
            shutil.copyfile(old, part)
            part.replace(new)
        except OSError as error:
            raise storage_error(error, "the copy could not be made") or DataError(
                f"{old.name} could not be copied ({error.strerror})."
            ) from error
