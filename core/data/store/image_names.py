"""File names of a project's images: which image has a name, and a free name if it is taken."""

from pathlib import PurePosixPath

from sqlalchemy import Connection, false, select

from core.data.store.schema import aliases, images


def free_name(conn: Connection, project_id: int, filename: str) -> str:
    """Return the file name, with " (2)", " (3)", ... before its suffix if another picture of the project has it.

    Names stay unique, because they are all that identifies a picture in the exported labels.csv.
    """
    suffix = PurePosixPath(filename).suffix

    def name(number: int) -> str:
        return filename if number == 1 else f"{filename.removesuffix(suffix)} ({number}){suffix}"

    def taken(number: int) -> bool:
        return owner_of(conn, project_id, name(number)) is not None

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
