"""Insert a picture into a project: as a new image, a restored one, or another name of a known one."""

from collections.abc import Collection

from sqlalchemy import Connection, delete, insert, select, update

from core.data.store.database import inserted
from core.data.store.image_names import free_name, owner_of
from core.data.store.schema import aliases, images, pictures
from core.data.tables.names import search_key, sort_key


def stored_suffix(conn: Connection, content_hash: str) -> str | None:
    """Return the suffix of a picture's file, if any project has the picture."""
    return conn.execute(select(pictures.c.suffix).where(pictures.c.hash == content_hash)).scalar()


def insert_picture(
    conn: Connection, content_hash: str, suffix: str, size: tuple[int, int], stored_bytes: int, phash: int
) -> None:
    """Record the stored file of a picture."""
    query = select(pictures.c.hash).where(pictures.c.hash == content_hash)
    values = {"suffix": suffix, "width": size[0], "height": size[1], "bytes": stored_bytes, "phash": f"{phash:016x}"}
    # Locked, so that deleting a project elsewhere does not delete the file too.
    if conn.execute(query.with_for_update()).first() is None:
        conn.execute(insert(pictures).values(hash=content_hash, **values))
    else:
        conn.execute(update(pictures).where(pictures.c.hash == content_hash).values(**values))


def insert_image(conn: Connection, project_id: int, content_hash: str, filename: str) -> tuple[int, bool]:
    """Return the number of the picture's image in the project, and whether it is new there."""
    known = select(images.c.id, images.c.removed).where(
        images.c.project_id == project_id, images.c.hash == content_hash
    )
    row = conn.execute(known).first()
    if row is None:
        name = free_name(conn, project_id, filename)
        values = {"filename": name, "search_key": search_key(name), "sort_key": sort_key(name), "removed": False}
        return inserted(conn, images, {"project_id": project_id, "hash": content_hash, **values}), True
    if row.removed:
        _restore_image(conn, project_id, row.id, filename)
        return row.id, True
    # A name that another picture of the project has would make the exported labels.csv ambiguous: it is dropped.
    if owner_of(conn, project_id, filename) is None:
        alias = {"filename": filename, "search_key": search_key(filename)}
        conn.execute(insert(aliases).values(project_id=project_id, image_id=row.id, **alias))
    return row.id, False


def resolve_name_conflicts(conn: Connection, project_id: int, image_ids: Collection[int]) -> None:
    """Rename images that are about to be restored, if others have taken their names since."""
    to_restore = set(image_ids)
    in_use, theirs = set(), []
    own = select(images.c.id, images.c.filename, images.c.removed).where(images.c.project_id == project_id)
    alias = select(images.c.id, aliases.c.filename, images.c.removed).join(aliases, aliases.c.image_id == images.c.id)
    for row in conn.execute(own.union_all(alias.where(images.c.project_id == project_id))):
        if not row.removed:
            in_use.add(row.filename)
        elif row.id in to_restore:
            theirs.append(row)
    # One by one, each is restored before the next is named: two of them must not get the same name.
    for image_id in dict.fromkeys(row.id for row in theirs if row.filename in in_use):
        filename = conn.execute(select(images.c.filename).where(images.c.id == image_id)).scalar_one()
        _restore_image(conn, project_id, image_id, filename)


def _restore_image(conn: Connection, project_id: int, image_id: int, filename: str) -> None:
    name = free_name(conn, project_id, filename)
    further = select(aliases.c.id, aliases.c.filename).where(aliases.c.image_id == image_id)
    for alias in conn.execute(further).all():
        if alias.filename == name or owner_of(conn, project_id, alias.filename) is not None:
            conn.execute(delete(aliases).where(aliases.c.id == alias.id))
    values = {"filename": name, "search_key": search_key(name), "sort_key": sort_key(name), "removed": False}
    conn.execute(update(images).where(images.c.id == image_id).values(**values))
