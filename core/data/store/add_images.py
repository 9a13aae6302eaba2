"""Add pictures to a project: first their files, then the rows of many in one short transaction."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection

from core.data.pictures import stored_files
from core.data.store.adding.prepare_image import PreparedImage, prepare_image
from core.data.store.insert_image import StoredPicture, insert_images, insert_pictures
from core.data.store.queries import rows_of
from core.data.store.records import ImageRow
from core.workspace import Workspace

__all__ = ["PreparedImage", "enter_images", "prepare_image", "store_file"]


def store_file(workspace: Workspace, image: PreparedImage, known: tuple[str, int] | None) -> StoredPicture:
    """Make sure that a picture's file is there, whole, and return what the database records of it.

    ``known`` are suffix and bytes of the file that another project or an earlier import has recorded: if that is
    there, it stays, and ours is removed if its suffix is another one.
    """
    suffix, size = image.suffix, len(image.data)
    ours = stored_files.picture_path(workspace, image.hash, suffix)
    if known is not None and _bytes_of(stored_files.picture_path(workspace, image.hash, known[0])) == known[1]:
        if known[0] != suffix:
            ours.unlink(missing_ok=True)
        suffix, size = known
    elif _bytes_of(ours) != size:
        stored_files.write_whole(ours, image.data)
    return StoredPicture(image.hash, image.filename, suffix, image.width, image.height, size, image.phash)


def enter_images(conn: Connection, project_id: int, stored: Sequence[StoredPicture]) -> list[tuple[ImageRow, bool]]:
    """Insert the rows of pictures whose files are stored; return each image, and False where the project had it.

    A picture that the project has already gets the new name as an alias. A removed one is restored with its label and
    split. A name that another picture of the project has becomes "name (2)".
    """
    insert_pictures(conn, stored)
    numbers = insert_images(conn, project_id, stored)
    rows = {row.id: row for row in rows_of(conn, [*{number for number, _ in numbers}])}
    return [(rows[number], new) for number, new in numbers]


def _bytes_of(path: Path) -> int:
    """Return the size of a file, -1 if there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return -1
