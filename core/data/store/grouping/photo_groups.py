"""The groups of a project's photos: those that a person named, else near-duplicates."""

from sqlalchemy import Connection, false, func, select

from core.data.grouping.merged_groups import PhotoGroup, merged_groups
from core.data.store.queries import near_duplicates
from core.data.store.schema import images
from core.data.tables.names import name_key, sort_key


def group_names(conn: Connection, project_id: int) -> dict[str, int]:
    """Return the groups that people named, with the number of their photos: the largest first, then by name."""
    query = select(images.c.group_name, func.count()).where(
        images.c.project_id == project_id, images.c.removed == false(), images.c.group_name.is_not(None)
    )
    found: list[tuple[str, int]] = [(name, count) for name, count in conn.execute(query.group_by(images.c.group_name))]
    return dict(sorted(found, key=lambda item: (-item[1], sort_key(item[0]))))


def group_spellings(conn: Connection, project_id: int) -> dict[str, str]:
    """Return the names of the groups by name key, also of those that only removed photos have."""
    query = select(images.c.group_name).where(images.c.project_id == project_id, images.c.group_name.is_not(None))
    return {name_key(name): name for name in conn.execute(query.distinct()).scalars()}


def photo_groups(conn: Connection, project_id: int) -> dict[str, PhotoGroup]:
    """Return the group of every image by content hash, labelled or not: see `merged_groups`."""
    query = select(images.c.hash, images.c.group_name).where(
        images.c.project_id == project_id, images.c.removed == false()
    )
    named = dict(conn.execute(query.order_by(images.c.id)).tuples().all())
    return merged_groups(named, near_duplicates(conn, project_id))
