"""Add pictures to a project: first their files, then the rows of many in one short transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from core.data.pictures import stored_files
from core.data.pictures.decoding import Decoded, content_hash, decode
from core.data.pictures.near_duplicates import phash_of
from core.data.pictures.network_input.kept_views import keep_usual_view
from core.data.store.insert_image import StoredPicture, insert_images, insert_pictures
from core.data.store.queries import rows_of
from core.data.store.records import ImageRow
from core.data.tables.names import storable_name
from core.workspace import Workspace


@dataclass(frozen=True)
class PreparedImage:
    """All that the store needs of a decoded picture, without its pixels."""

    hash: str  # of its content
    filename: str  # the user's name for it, with slashes
    data: bytes  # the file to store
    suffix: str
    width: int  # pixels, upright
    height: int
    phash: int
    remarks: tuple[str, ...]  # of the decoder


def prepare_image(workspace: Workspace, decoded: Decoded, raw: bytes, filename: str) -> PreparedImage:
    """Compute everything that the pixels are needed for, and write the files that are missing.

    The picture is stored unchanged if it is upright RGB, else encoded again. Threads may prepare several pictures at
    the same time. Raises StorageError or DataError where a file cannot be written.
    """
    digest = content_hash(decoded.image)
    if decoded.former_hash and _is_stored(workspace, decoded.former_hash):
        # Added by an earlier version, with colours that are not those of now: one photo must not become two.
        decoded = decode(raw, filename, as_before=True)
        digest = content_hash(decoded.image)
    data, suffix = stored_files.encode(decoded, raw)
    path = stored_files.picture_path(workspace, digest, suffix)
    if not path.is_file():
        stored_files.write_whole(path, data)
    stored_files.write_thumbnail(workspace, digest, decoded, path)
    if decoded.verbatim or suffix != ".jpg":  # a JPEG that was encoded again has slightly other pixels
        keep_usual_view(workspace, digest, decoded.image)
    width, height = decoded.image.size
    phash = phash_of(decoded.image)
    return PreparedImage(digest, storable_name(filename), data, suffix, width, height, phash, decoded.remarks)


def _is_stored(workspace: Workspace, content_hash: str) -> bool:
    return any((workspace.images / content_hash[:2]).glob(f"{content_hash}.*"))


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
