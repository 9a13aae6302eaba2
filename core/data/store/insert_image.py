"""Insert pictures into a project: as new images, restored ones, or other names of known ones."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, false, insert, select, update

from core.data.store.image_names import free_name, owner_of
from core.data.store.schema import aliases, images, pictures
from core.data.tables.names import search_key, sort_key


@dataclass(frozen=True)
class StoredPicture:
    """A picture whose file is stored, as the database records it."""

    hash: str
    filename: str  # the user's name for it
    suffix: str
    width: int
    height: int
    bytes: int  # of the stored file
    phash: int


def stored_suffix(conn: Connection, content_hash: str) -> str | None:
    """Return the suffix of a picture's file, if any project has the picture."""
    return conn.execute(select(pictures.c.suffix).where(pictures.c.hash == content_hash)).scalar()


def stored_files_of(conn: Connection, hashes: Collection[str]) -> dict[str, tuple[str, int]]:
    """Return suffix and size in bytes of the pictures' files, for those that any project has."""
    query = select(pictures.c.hash, pictures.c.suffix, pictures.c.bytes).where(pictures.c.hash.in_(hashes))
    return {row.hash: (row.suffix, row.bytes) for row in conn.execute(query)}


def insert_pictures(conn: Connection, stored: Iterable[StoredPicture]) -> None:
    """Record the stored files of pictures."""
    rows = {
        one.hash: {
            "hash": one.hash,
            "suffix": one.suffix,
            "width": one.width,
            "height": one.height,
            "bytes": one.bytes,
            "phash": f"{one.phash:016x}",
        }
        for one in stored
    }
    # Locked, so that deleting a project elsewhere does not delete the files too.
    query = select(pictures).where(pictures.c.hash.in_([*rows])).with_for_update()
    known = {row["hash"]: dict(row) for row in conn.execute(query).mappings()}
    new = [row for key, row in rows.items() if key not in known]
    changed = [{**row, "key": key} for key, row in rows.items() if key in known and known[key] != row]
    if new:
        conn.execute(insert(pictures), new)
    if changed:
        conn.execute(update(pictures).where(pictures.c.hash == bindparam("key")), changed)


def insert_images(conn: Connection, project_id: int, stored: Sequence[StoredPicture]) -> list[tuple[int, bool]]:
    """Return the number of each picture's image in the project, and whether it is new there."""
    hashes, filenames = [one.hash for one in stored], [one.filename for one in stored]
    present = {row.hash: row for row in conn.execute(_by_hash(project_id, hashes))}
    taken = _names_in_use(conn, project_id, filenames)
    new: dict[str, str] = {}  # the names of new images by content hash
    further: list[tuple[str, str]] = []  # (content hash, another name of the picture)
    answer = []
    for one in stored:
        row = present.get(one.hash)
        fresh = one.hash not in new and (row is None or row.removed)
        if fresh:
            name = free_name(conn, project_id, one.filename, taken) if one.filename in taken else one.filename
            new[one.hash] = name
            taken.add(name)
            if row is not None:
                taken |= _restore_image(conn, project_id, row.id, name, taken)
        # A name that another picture of the project has would make the exported labels.csv ambiguous: it is dropped.
        elif one.filename not in taken:
            further.append((one.hash, one.filename))
            taken.add(one.filename)
        answer.append(fresh)
    rows = [
        {"project_id": project_id, "hash": key, "removed": False, **_name_columns(name)}
        for key, name in new.items()
        if key not in present
    ]
    if rows:
        conn.execute(insert(images), rows)
    numbers = {row.hash: row.id for row in conn.execute(_by_hash(project_id, hashes))}
    names = [
        {"project_id": project_id, "image_id": numbers[key], "filename": name, "search_key": search_key(name)}
        for key, name in further
    ]
    if names:
        conn.execute(insert(aliases), names)
    return [(numbers[key], fresh) for key, fresh in zip(hashes, answer, strict=True)]


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
        _restore_image(conn, project_id, image_id, free_name(conn, project_id, filename))


def _restore_image(
    conn: Connection, project_id: int, image_id: int, name: str, taken: Collection[str] = ()
) -> set[str]:
    """Restore an image under a free name; return its other names. Those that are in use now, or ``taken``, are lost."""
    kept = set()
    further = select(aliases.c.id, aliases.c.filename).where(aliases.c.image_id == image_id)
    for alias in conn.execute(further).all():
        if alias.filename == name or alias.filename in taken or owner_of(conn, project_id, alias.filename) is not None:
            conn.execute(delete(aliases).where(aliases.c.id == alias.id))
        else:
            kept.add(alias.filename)
    conn.execute(update(images).where(images.c.id == image_id).values(**_name_columns(name), removed=False))
    return kept


def _name_columns(name: str) -> dict[str, str]:
    return {"filename": name, "search_key": search_key(name), "sort_key": sort_key(name)}


def _by_hash(project_id: int, hashes: Collection[str]) -> Select[Any]:
    query = select(images.c.id, images.c.hash, images.c.removed)
    return query.where(images.c.project_id == project_id, images.c.hash.in_(hashes))


def _names_in_use(conn: Connection, project_id: int, filenames: Collection[str]) -> set[str]:
    """Return those of the names that images of the project have; removed images do not count."""
    own = select(images.c.filename).where(images.c.project_id == project_id, images.c.filename.in_(filenames))
    alias = select(aliases.c.filename).join(images, images.c.id == aliases.c.image_id)
    alias = alias.where(aliases.c.project_id == project_id, aliases.c.filename.in_(filenames))
    in_use = images.c.removed == false()
    return set(conn.execute(own.where(in_use).union_all(alias.where(in_use))).scalars())
