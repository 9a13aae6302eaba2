"""File names of a project's images: which image has a name, and a free name if it is taken."""

from collections.abc import Collection
from pathlib import PurePosixPath

from sqlalchemy import Connection, false, select

from core.data.store.schema import aliases, images


def free_name(conn: Connection, project_id: int, filename: str, also: Collection[str] = ()) -> str:
    """Return the file name, with " (2)", " (3)", ... before its suffix if another picture of the project has it.

    ``also`` are names of pictures that are about to be inserted. Names stay unique, because they are all that
    identifies a picture in the exported labels.csv.
    """
    suffix = PurePosixPath(filename).suffix

    def name(number: int) -> str:
        return filename if number == 1 else f"{filename.removesuffix(suffix)} ({number}){suffix}"

    def taken(number: int) -> bool:
        return name(number) in also or owner_of(conn, project_id, name(number)) is not None

    if not taken(1):
        return filename
    # Some phones call every photo image.jpg: doubling, then halving, finds number 5,000 in 25 queries.
    low, high = 1, 2
    while taken(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if taken(middle) else (low, middle)
    return name(high)


def owner_of(conn: Connection, project_id: int, filename: str) -> int | None:
    """Return the number of the image with this name or alias in the project; removed images do not count."""
    own = select(images.c.id).where(
        images.c.project_id == project_id, images.c.filename == filename, images.c.removed == false()
    )
    alias = (
        select(images.c.id)
        .join(aliases, aliases.c.image_id == images.c.id)
        .where(aliases.c.project_id == project_id, aliases.c.filename == filename, images.c.removed == false())
    )
    return conn.execute(own.union_all(alias).limit(1)).scalar()


def filenames(conn: Connection, project_id: int) -> dict[int, str]:
    """Return the own name of every image in the project, in the order in which they were added."""
    query = select(images.c.id, images.c.filename).where(images.c.project_id == project_id, images.c.removed == false())
    return {row.id: row.filename for row in conn.execute(query.order_by(images.c.id))}


def names_in(conn: Connection, project_id: int) -> dict[str, int]:
    """Return the image of every name in the project: the images' own names, and the others that they have."""
    own = select(images.c.filename, images.c.id).where(images.c.project_id == project_id, images.c.removed == false())
    alias = (
        select(aliases.c.filename, images.c.id)
        .join(aliases, aliases.c.image_id == images.c.id)
        .where(aliases.c.project_id == project_id, images.c.removed == false())
    )
    # The images' own names last: they count where a name stands twice.
    return {row.filename: row.id for row in [*conn.execute(alias), *conn.execute(own)]}
