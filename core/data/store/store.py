"""The store: one object through which everything reads and changes projects, images and labels.

``store = Store(open_workspace())``. It may be shared between threads, and any number of processes may have a store of
the same workspace open: every call is one short transaction, and writers wait for each other.
"""

from collections.abc import Collection, Sequence
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from core.data.pictures import stored_files
from core.data.pictures.decoding import Decoded
from core.data.store import add_images, insert_image, queries, reservations
from core.data.store import classes as class_rows
from core.data.store import image_names as image_name_rows
from core.data.store import projects as project_rows
from core.data.store.add_images import PreparedImage
from core.data.store.adding import within_quota
from core.data.store.boxes import box_changes, box_rows
from core.data.store.boxes import learned_photos as learned
from core.data.store.checking import photo_files
from core.data.store.database import open_database
from core.data.store.grouping import bursts, image_splits, tag_rows
from core.data.store.grouping import group_state as group_states
from core.data.store.grouping import photo_groups as group_rows
from core.data.store.history import changes
from core.data.store.history import label_revision as label_revisions
from core.data.store.history import opinions as opinion_rows
from core.data.store.history import reviews as review_rows
from core.data.store.history import roll_back as roll_back_changes
from core.data.store.large_changes import LargeChanges
from core.data.store.records import (
    LABEL_KINDS,
    ORDERS,
    TASKS,
    BoxRow,
    Change,
    ClassInfo,
    ImageFilter,
    ImageLabel,
    ImageRow,
    Project,
)
from core.data.store.transactions import read, write
from core.errors import DataError, QuotaReached
from core.quota import Quota, quota_of
from core.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "LABEL_KINDS",
    "ORDERS",
    "TASKS",
    "BoxRow",
    "Change",
    "ClassInfo",
    "ImageFilter",
    "ImageLabel",
    "ImageRow",
    "Project",
    "Store",
]


class Store(LargeChanges):
    """Projects with their classes, images, labels, splits and history; DataError where something is missing.

    Most methods are functions of the modules beside this one, each called in a transaction of its own: the arguments
    and the documentation are theirs. Changes of many photos, and undo, are in ``LargeChanges``. ``who`` is the name of
    the person who acts. Whatever a function calls a change can be undone and redone.
    """

    def __init__(self, workspace: Workspace, start_anew: bool = False) -> None:
        """Open the workspace's database, creating or updating it where needed; WorkspaceError if that fails.

        Beside stored photos a new database is created only with ``start_anew``.
        """
        self.workspace = workspace
        self._engine = open_database(workspace, start_anew)

    def in_tab(self, tab: str | None) -> Self:
        """Return this store acting for a browser tab: the changes and reservations made through it are that tab's."""
        mine = copy(self)
        mine._tab = tab
        return mine

    @property
    def tab(self) -> str | None:
        """The browser tab for which this store acts; None for commands."""
        return self._tab

    def close(self) -> None:
        """Close the database's connections."""
        self._engine.dispose()

    # Projects

    projects = read(project_rows.projects_in)
    project = read(project_rows.project_of)
    find_project = read(project_rows.find_project)
    rename_project = write(project_rows.rename_project)
    revision = read(project_rows.revision_of)

    def create_project(self, name: str, task: str = "classification", classes: Sequence[str] = ()) -> Project:
        """Create a project. DataError for an empty or taken name, an unknown task, or two classes of one name."""
        return self._write(lambda conn: project_rows.create_project(conn, name, task, classes))

    def delete_project(self, project_id: int) -> None:
        """Delete a project for good, with its pictures' files unless other projects or runs use them."""
        self._write(lambda conn: project_rows.delete_project(conn, project_id, self.workspace), project_id)

    # Classes

    classes = read(class_rows.classes_of)
    add_class = write(class_rows.add_class)
    rename_class = write(class_rows.rename_class)
    merge_classes = write(class_rows.merge_classes)
    remove_class = write(class_rows.remove_class)
    move_class = write(class_rows.move_class)

    # Images

    images = read(queries.images_of)
    count = read(queries.count_of)
    image = read(queries.image_of)
    image_labels = read(queries.image_labels)
    find_image = read(queries.find_image)
    image_names = read(image_name_rows.names_in)
    filenames = read(image_name_rows.filenames)
    next_unlabelled = read(queries.next_unlabelled)
    next_boxless = read(queries.next_boxless)
    near_duplicates = read(queries.near_duplicates)
    stored_bytes = read(queries.stored_bytes)
    photos_in_use = read(within_quota.photos_in_use)

    def add_image(self, project_id: int, decoded: Decoded, raw: bytes, filename: str) -> tuple[ImageRow, bool]:
        """Add a picture; return its row, and False where the project had it already.

        The file is stored unchanged if it is upright RGB, else encoded again. A picture that the project has already
        gets the new name as an alias. A removed one is restored with its label and split. A name that
        another picture of the project has becomes "name (2)".
        """
        prepared = add_images.prepare_image(self.workspace, decoded, raw, filename)
        return self.add_images(project_id, [prepared])[0]

    def add_images(self, project_id: int, prepared: Sequence[PreparedImage]) -> list[tuple[ImageRow, bool]]:
        """Add several pictures in one transaction, each like ``add_image``; none if that raises QuotaReached."""
        try:
            return self._add_images(project_id, prepared, quota_of(self.workspace))
        except QuotaReached:
            with self._reading() as conn:
                within_quota.discard(conn, self.workspace, prepared)
            raise

    def _add_images(
        self, project_id: int, prepared: Sequence[PreparedImage], quota: Quota
    ) -> list[tuple[ImageRow, bool]]:
        with self._reading() as conn:
            known = insert_image.stored_files_of(conn, [one.hash for one in prepared])
            within_quota.check_disk(conn, self.workspace, quota, prepared, known)
        stored = [add_images.store_file(self.workspace, one, known.get(one.hash)) for one in prepared]

        def enter(conn: Connection) -> list[tuple[ImageRow, bool]]:
            entered = add_images.enter_images(conn, project_id, stored)
            within_quota.check_count(conn, quota, sum(new for _, new in entered))
            return entered

        try:
            found = self._write(enter, project_id)
        except IntegrityError:
            # Another process entered one of them in between (not on SQLite, where writers queue): it is there now.
            found = self._write(enter, project_id)
        for image, picture in zip(prepared, stored, strict=True):
            path = stored_files.picture_path(self.workspace, picture.hash, picture.suffix)
            if not path.is_file():  # deleting another project removed the file before the row was in
                stored_files.write_whole(path, image.data)
        return found

    def bytes_in_use(self) -> int:
        """Return the size of all photos and runs of the workspace."""
        with self._reading() as conn:
            return within_quota.bytes_in_use(conn, self.workspace)

    def image_path(self, hash: str) -> Path:
        """Return the stored file of a picture."""
        with self._reading() as conn:
            suffix = insert_image.stored_suffix(conn, hash)
        if suffix is None:
            raise DataError(f"No project has the picture {hash[:12]}... any more. Add the photo again.")
        return stored_files.picture_path(self.workspace, hash, suffix)

    def path_of(self, image: ImageRow) -> Path:
        """Return the stored file of an image, without asking the database."""
        return stored_files.picture_path(self.workspace, image.hash, image.suffix)

    def image_paths(self, project_id: int) -> dict[str, Path]:
        """Return the stored files of all pictures of a project by content hash."""
        with self._reading() as conn:
            found = queries.suffixes_of(conn, project_id)
        return {key: stored_files.picture_path(self.workspace, key, suffix) for key, suffix in found.items()}

    known_photos = read(photo_files.known_photos)

    def lost_photos(self, project_id: int) -> list[photo_files.LostPhoto]:
        """Return the photos whose file is missing, empty or of another size, without reading the files."""
        with self._reading() as conn:
            return photo_files.lost_photos(conn, project_id, self.workspace)

    def thumbnail_path(self, hash: str) -> Path:
        """Return the thumbnail of a picture (at most 256 pixels a side), making it again if it was deleted."""
        path = stored_files.thumbnail_path(self.workspace, hash)
        return path if path.is_file() else stored_files.thumbnail_of(self.workspace, hash, self.image_path(hash))

    # Photos on somebody's desk: none of this is a change of the project

    next_free = read(reservations.next_free)
    reserved_by_others = read(reservations.reserved_by_others)
    around_desk = read(reservations.around_desk)

    def hand_out(
        self,
        project_id: int,
        who: str,
        keep: Collection[int] = (),
        after_id: int | None = None,
        skip: Collection[int] = (),
        order: Sequence[int] = (),
        boxless: bool = False,
    ) -> int | None:
        """Reserve the next image to label for this tab, and return it: see `reservations.hand_out`."""
        with self._reading() as conn:  # a desk that waits for a free photo keeps asking, and must not lock out others
            found = reservations.next_free(conn, project_id, who, after_id, {*skip, *keep}, order, boxless)
        if found is None:
            if keep:
                self.reserve(project_id, who, keep)
            return None
        return self._write(
            lambda conn: reservations.hand_out(conn, project_id, who, keep, after_id, skip, order, boxless)
        )

    def reserve(self, project_id: int, who: str, image_ids: Collection[int]) -> None:
        """Reserve these images for this tab, or renew them: see `reservations.reserve`."""
        self._write(lambda conn: reservations.reserve(conn, project_id, who, image_ids))

    def release(self, project_id: int, who: str) -> None:
        """Give back all that this tab has reserved."""
        self._write(lambda conn: reservations.release(conn, project_id, who))

    # Labels, boxes and splits

    boxes = read(box_rows.boxes_of)
    set_boxes = write(box_changes.set_boxes)
    add_burst = write(bursts.add_burst)
    learned_photos = read(learned.learned_photos)
    new_splits = read(image_splits.new_splits)
    label_rows = read(queries.label_rows)

    def assign_splits(self, project_id: int, seed: int = 0) -> None:
        """Write the splits of ``new_splits``; where no image lacks one, nothing is written, not even the revision."""
        with self._reading() as conn:
            lacking = image_splits.lacks_splits(conn, project_id)
        if lacking:
            self._write(lambda conn: image_splits.assign_splits(conn, project_id, seed), project_id)

    def counts(self, project_id: int) -> "pd.DataFrame":
        """Count images by class (rows; the unlabelled last, label None) and split: train, val, test, none, total."""
        import pandas as pd  # here, because it takes longer to load than any page may take, and most calls need none

        with self._reading() as conn:
            table = queries.counts_of(conn, project_id)
        frame = pd.DataFrame(table, columns=["label", "train", "val", "test", "none", "total"])
        # As objects, because pandas' own strings have no None.
        return frame.assign(label=pd.Series([row["label"] for row in table], dtype=object))

    # Groups and tags

    groups = read(group_rows.group_names)
    group_state = read(group_states.group_state)
    photo_groups = read(group_rows.photo_groups)
    tags = read(tag_rows.tags_in)
    tags_of = read(tag_rows.tags_of)
    tagged = read(tag_rows.tagged)

    # History

    history = read(changes.history)
    touched = read(changes.touched)
    changed_images = read(changes.touched_images)
    people = read(changes.people_in)
    newest_change = read(changes.newest_change)

    roll_back_reach = read(roll_back_changes.reach)
    roll_backs = read(roll_back_changes.roll_backs_of)

    label_revision = read(label_revisions.label_revision)

    opinions = read(opinion_rows.opinions_of)
    nameless_labels = read(opinion_rows.nameless_labels)
    adjudicated = read(opinion_rows.adjudicated_in)

    record_review = write(review_rows.record_review)
    forget_review = write(review_rows.forget_review)
    reviews = read(review_rows.reviews_of)
