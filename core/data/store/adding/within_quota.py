"""Whether the workspace's quota has room for more photos, and what becomes of the files of those that do not fit."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, false, func, select

from core.data.pictures.stored_files import delete_files, hashes_in_runs
from core.data.store.adding.prepare_image import PreparedImage
from core.data.store.insert_image import stored_files_of
from core.data.store.schema import images, pictures
from core.quota import Quota, bytes_below
from core.workspace import Workspace


def photos_in_use(conn: Connection) -> int:
    """Return how many photos all projects have together; a photo in two projects counts twice, a removed one not."""
    return int(conn.execute(select(func.count()).select_from(images).where(images.c.removed == false())).scalar_one())


def bytes_in_use(conn: Connection, workspace: Workspace) -> int:
    """Return the size of all photos, also of removed ones that can be restored, and of all runs."""
    return int(conn.execute(select(func.coalesce(func.sum(pictures.c.bytes), 0))).scalar_one()) + bytes_below(
        workspace.runs
    )


def check_disk(
    conn: Connection, workspace: Workspace, quota: Quota, prepared: Sequence[PreparedImage], known: Collection[str]
) -> None:
    """Raise QuotaReached if the files of these pictures are too large; ``known`` are the hashes of those stored."""
    added = sum({one.hash: len(one.data) for one in prepared if one.hash not in known}.values())
    if quota.megabytes is not None and added:
        quota.check_bytes(bytes_in_use(conn, workspace), added)


def check_count(conn: Connection, quota: Quota, added: int) -> None:
    """Raise QuotaReached if there are too many photos, within the transaction that has added some of them."""
    if quota.photos is not None and added:
        quota.check_photos(photos_in_use(conn) - added, added)


def discard(conn: Connection, workspace: Workspace, prepared: Sequence[PreparedImage]) -> None:
    """Delete the files of pictures that were not added, except those that a project or a run needs."""
    needed = {*stored_files_of(conn, [one.hash for one in prepared]), *hashes_in_runs(workspace)}
    for one in prepared:
        if one.hash not in needed:
            delete_files(workspace, one.hash, one.suffix)
