"""Which photos the database knows, and which of them have lost their file: from names and sizes, reading no file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, false, select

from core.data.pictures.stored_files import picture_path
from core.data.store.schema import images, pictures, projects
from core.workspace import Workspace

FileState = Literal["missing", "empty", "changed"]


@dataclass(frozen=True)
class LostPhoto:
    """A photo whose file cannot be used."""

    image_id: int
    filename: str  # the user's name for it
    hash: str
    state: FileState  # changed: it has another size than the file that was stored


@dataclass(frozen=True)
class KnownPhoto:
    """A picture that the database knows."""

    names: tuple[str, ...]  # with the project: "owl 3.png (Birds)"; empty if only removed images show it
    suffix: str


def known_photos(conn: Connection) -> dict[str, KnownPhoto]:
    """Return all pictures of the database by content hash."""
    names: dict[str, list[str]] = {}
    query = select(images.c.hash, images.c.filename, projects.c.name).join(projects)
    for key, filename, project in conn.execute(query.where(images.c.removed == false()).order_by(images.c.id)):
        names.setdefault(key, []).append(f"{filename} ({project})")
    suffixes = conn.execute(select(pictures.c.hash, pictures.c.suffix)).tuples()
    return {key: KnownPhoto(tuple(names.get(key, ())), suffix) for key, suffix in suffixes}


def lost_photos(conn: Connection, project_id: int, workspace: Workspace) -> list[LostPhoto]:
    """Return the project's photos whose file is missing, empty or of another size, in the order of the images."""
    query = select(images.c.id, images.c.filename, pictures.c.hash, pictures.c.suffix, pictures.c.bytes)
    query = query.join(pictures, pictures.c.hash == images.c.hash)
    query = query.where(images.c.project_id == project_id, images.c.removed == false()).order_by(images.c.id)
    found = []
    for row in conn.execute(query).all():
        if state := state_of(picture_path(workspace, row.hash, row.suffix), row.bytes):
            found.append(LostPhoto(row.id, row.filename, row.hash, state))
    return found


def state_of(path: Path, stored_bytes: int) -> FileState | None:
    """Return what is wrong with a photo's file, None if it has the size that was stored."""
    try:
        size = path.stat().st_size
    except OSError:
        return "missing"
    if not size:
        return "empty"
    return "changed" if size != stored_bytes else None
