"""The rows of the tables of tags: reading and writing them, also in the form of the history."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, false, func, insert, select, true

from core.data.store.schema import image_tags, images, tags
from core.data.tables.names import name_key, sort_key

Switched = dict[str, bool]
"""Tags by name, with whether a photo has them: how the history stores what it changed."""
_CHUNK = 5000


def tags_in(conn: Connection, project_id: int) -> dict[str, int]:
    """Return the project's tags with the number of their photos, in alphabetical order; unused ones are left out."""
    query = (
        select(tags.c.name, func.count())
        .join(image_tags, image_tags.c.tag_id == tags.c.id)
        .join(images, images.c.id == image_tags.c.image_id)
        .where(tags.c.project_id == project_id, images.c.removed == false())
        .group_by(tags.c.id, tags.c.name)
    )
    return dict(sorted(((name, count) for name, count in conn.execute(query)), key=lambda item: sort_key(item[0])))


def tagged(conn: Connection, project_id: int, tag: str) -> list[int]:
    """Return the photos that have the tag, in the order in which they were added; none for an unknown tag."""
    query = (
        select(images.c.id)
        .where(images.c.project_id == project_id, images.c.removed == false(), has_tag(project_id, tag))
        .order_by(images.c.id)
    )
    return list(conn.execute(query).scalars())


def has_tag(project_id: int, tag: str) -> ColumnElement[bool]:
    """Return the condition that an image has the tag."""
    with_tag = select(image_tags.c.image_id).join(tags, tags.c.id == image_tags.c.tag_id)
    return images.c.id.in_(with_tag.where(tags.c.project_id == project_id, tags.c.name_key == name_key(tag)))


def tags_of(conn: Connection, project_id: int, image_ids: Iterable[int] | None = None) -> dict[int, tuple[str, ...]]:
    """Return the tags of images of a project (None: of all), in alphabetical order; images without any are left out."""
    if image_ids is None:
        found = _tags(conn, project_id, true())
    else:
        numbers, found = list(image_ids), {}
        for start in range(0, len(numbers), _CHUNK):
            found |= _tags(conn, project_id, image_tags.c.image_id.in_(numbers[start : start + _CHUNK]))
    return {number: tuple(sorted(names, key=sort_key)) for number, names in found.items()}


def _tags(conn: Connection, project_id: int, which: ColumnElement[bool]) -> dict[int, list[str]]:
    query = (
        select(image_tags.c.image_id, tags.c.name)
        .join(tags, tags.c.id == image_tags.c.tag_id)
        .join(images, images.c.id == image_tags.c.image_id)
        .where(images.c.project_id == project_id, images.c.removed == false(), which)
    )
    found: dict[int, list[str]] = {}
    for image_id, name in conn.execute(query):
        found.setdefault(image_id, []).append(name)
    return found


def spellings(conn: Connection, project_id: int) -> dict[str, str]:
    """Return the tags that the project has or had, by name key."""
    query = select(tags.c.name_key, tags.c.name).where(tags.c.project_id == project_id)
    return {row.name_key: row.name for row in conn.execute(query)}


def write_tags(conn: Connection, project_id: int, rows: Sequence[tuple[int, Mapping[str, bool]]]) -> None:
    """Give images tags (True) or take them away (False); images that are so already stay."""
    numbers = _numbers(conn, project_id, [name for _, switched in rows for name in switched])
    present = _present(conn, [image_id for image_id, _ in rows])
    wanted: dict[tuple[int, int], bool] = {}
    for image_id, switched in rows:
        wanted |= {(image_id, numbers[name_key(name)]): on for name, on in switched.items()}
    new = [
        {"image_id": image, "tag_id": tag} for (image, tag), on in wanted.items() if on and (image, tag) not in present
    ]
    for start in range(0, len(new), _CHUNK):
        conn.execute(insert(image_tags), new[start : start + _CHUNK])
    gone: dict[int, list[int]] = {}
    for (image, tag), on in wanted.items():
        if not on and (image, tag) in present:
            gone.setdefault(tag, []).append(image)
    for tag, some in gone.items():
        for start in range(0, len(some), _CHUNK):
            which = image_tags.c.image_id.in_(some[start : start + _CHUNK])
            conn.execute(delete(image_tags).where(image_tags.c.tag_id == tag, which))


def toggle_tags(conn: Connection, project_id: int, moves: Sequence[tuple[int, dict[str, Any], dict[str, Any]]]) -> int:
    """Undo or redo changes of tags: (image, tags expected now, tags wanted); return how many images kept another state.

    Only the tags that the change switched count: others may have been added since.
    """
    numbers = _numbers(conn, project_id, [name for _, _, wanted in moves for name in wanted["tags"]])
    present = Counter(_present(conn, [image_id for image_id, _, _ in moves]))
    writes: dict[int, Switched] = {}
    kept = 0
    for image_id, expected, wanted in moves:
        keys = {name: (image_id, numbers[name_key(name)]) for name in wanted["tags"]}
        same = {name for name, on in expected["tags"].items() if bool(present[keys[name]]) == on}
        kept += len(same) < len(keys)
        for name in same:
            present[keys[name]] = int(wanted["tags"][name])
            writes.setdefault(image_id, {})[name] = wanted["tags"][name]
    write_tags(conn, project_id, list(writes.items()))
    return kept


def _numbers(conn: Connection, project_id: int, names: Iterable[str]) -> dict[str, int]:
    """Return the numbers of tags by name key; those that are missing are made."""
    query = select(tags.c.name_key, tags.c.id).where(tags.c.project_id == project_id)
    known = {row.name_key: row.id for row in conn.execute(query)}
    missing = {name_key(name): name for name in names if name_key(name) not in known}
    if missing:
        rows = [{"project_id": project_id, "name": name, "name_key": key} for key, name in missing.items()]
        conn.execute(insert(tags), rows)
        known = {row.name_key: row.id for row in conn.execute(query)}
    return known


def _present(conn: Connection, image_ids: Iterable[int]) -> set[tuple[int, int]]:
    """Return which images have which tags, as pairs of numbers."""
    numbers, found = list(image_ids), set()
    for start in range(0, len(numbers), _CHUNK):
        query = select(image_tags.c.image_id, image_tags.c.tag_id)
        some = image_tags.c.image_id.in_(numbers[start : start + _CHUNK])
        found |= {(row.image_id, row.tag_id) for row in conn.execute(query.where(some))}
    return found
