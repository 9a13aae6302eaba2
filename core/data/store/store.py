"""The store: one object through which everything reads and changes projects, images and labels.

``store = Store(open_workspace())``. It may be shared between threads, and any number of processes may have a store of
the same workspace open: every call is one short transaction, and writers wait for each other.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError

from core.data.pictures import stored_files
from core.data.pictures.decoding import Decoded, content_hash
from core.data.pictures.near_duplicates import phash_of
from core.data.store import annotations, insert_image, queries
from core.data.store import classes as class_rows
from core.data.store import projects as project_rows
from core.data.store.boxes import box_changes, box_rows
from core.data.store.database import open_database
from core.data.store.history import changes
from core.data.store.history import opinions as opinion_rows
from core.data.store.history import reviews as review_rows
from core.data.store.history import roll_back as roll_back_changes
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
from core.data.store.transactions import Transactions, read, write
from core.data.tables.names import storable_name
from core.errors import DataError
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


class Store(Transactions):
    """Projects with their classes, images, labels, splits and history; DataError where something is missing.

    Most methods are functions of the modules beside this one, each called in a transaction of its own: the arguments
    and the documentation are theirs. ``who`` is the name of the person who acts. Whatever a function calls a change
    can be undone and redone.
    """

    def __init__(self, workspace: Workspace) -> None:
        """Open the workspace's database, creating or updating it where needed; WorkspaceError if that fails."""
        self.workspace = workspace
        self._engine = open_database(workspace)

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
        with self._writing() as conn:
            return project_rows.create_project(conn, name, task, classes)

    def delete_project(self, project_id: int) -> None:
        """Delete a project for good, with its pictures' files unless other projects or runs use them."""
        with self._writing(project_id) as conn:
            project_rows.delete_project(conn, project_id, self.workspace)

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
    next_unlabelled = read(queries.next_unlabelled)
    next_boxless = read(queries.next_boxless)
    near_duplicates = read(queries.near_duplicates)
    stored_bytes = read(queries.stored_bytes)
    remove_images = write(annotations.remove_images)

    def add_image(self, project_id: int, decoded: Decoded, raw: bytes, filename: str) -> tuple[ImageRow, bool]:
        """Add a picture; return its row, and False where the project had it already.

        The file is stored unchanged if it is upright RGB, else encoded again. A picture that the project has already
        gets the new name as an alias. A removed one is restored with its label and split. A name that
        another picture of the project has becomes "name (2)".
        """
        digest, filename = content_hash(decoded.image), storable_name(filename)
        data, suffix = stored_files.encode(decoded, raw)
        with self._reading() as conn:
            suffix_there = insert_image.stored_suffix(conn, digest)
        path = stored_files.picture_path(self.workspace, digest, suffix_there or suffix)
        if suffix_there is None or not path.is_file():
            path = stored_files.picture_path(self.workspace, digest, suffix)
            stored_files.write_whole(path, data)
        stored_files.write_thumbnail(self.workspace, digest, decoded)
        size, phash = path.stat().st_size, phash_of(decoded.image)

        def enter() -> tuple[ImageRow, bool]:
            with self._writing(project_id) as conn:
                insert_image.insert_picture(conn, digest, path.suffix, decoded.image.size, size, phash)
                number, new = insert_image.insert_image(conn, project_id, digest, filename)
                return queries.image_of(conn, project_id, number), new

        try:
            row, new = enter()
        except IntegrityError:
            # Another process entered the same picture in between (not on SQLite, where writers queue): it is there now.
            row, new = enter()
        if not path.is_file():  # deleting another project removed the file before the row was in
            stored_files.write_whole(path, data)
        return row, new

    def image_path(self, hash: str) -> Path:
        """Return the stored file of a picture."""
        with self._reading() as conn:
            suffix = insert_image.stored_suffix(conn, hash)
        if suffix is None:
            raise DataError(f"No project has the picture {hash[:12]}... any more. Add the photo again.")
        return stored_files.picture_path(self.workspace, hash, suffix)

    def image_paths(self, project_id: int) -> dict[str, Path]:
        """Return the stored files of all pictures of a project by content hash."""
        with self._reading() as conn:
            found = queries.suffixes_of(conn, project_id)
        return {key: stored_files.picture_path(self.workspace, key, suffix) for key, suffix in found.items()}

    def thumbnail_path(self, hash: str) -> Path:
        """Return the thumbnail of a picture (WebP, at most 256 pixels a side), making it again if it was deleted."""
        path = stored_files.thumbnail_path(self.workspace, hash)
        return path if path.is_file() else stored_files.thumbnail_of(self.workspace, hash, self.image_path(hash))

    # Labels, boxes and splits

    annotate = write(annotations.annotate)
    accept_suggestions = write(annotations.accept_suggestions)
    apply_labels = write(annotations.apply_labels)
    boxes = read(box_rows.boxes_of)
    set_boxes = write(box_changes.set_boxes)
    assign_splits = write(annotations.assign_splits)
    label_rows = read(queries.label_rows)

    def counts(self, project_id: int) -> "pd.DataFrame":
        """Count images by class (rows; the unlabelled last, label None) and split: train, val, test, none, total."""
        import pandas as pd  # here, because it takes longer to load than any page may take, and most calls need none

        with self._reading() as conn:
            table = queries.counts_of(conn, project_id)
        frame = pd.DataFrame(table, columns=["label", "train", "val", "test", "none", "total"])
        # As objects, because pandas' own strings have no None.
        return frame.assign(label=pd.Series([row["label"] for row in table], dtype=object))

    # History

    history = read(changes.history)
    touched = read(changes.touched)
    changed_images = read(changes.touched_images)
    people = read(changes.people_in)
    undo = write(changes.undo)
    redo = write(changes.redo)
    undo_one = write(changes.undo_one)
    redo_one = write(changes.redo_one)

    roll_back_reach = read(roll_back_changes.reach)
    roll_back = write(roll_back_changes.roll_back)
    undo_roll_back = write(roll_back_changes.undo_roll_back)
    roll_backs = read(roll_back_changes.roll_backs_of)

    opinions = read(opinion_rows.opinions_of)
    adjudicated = read(opinion_rows.adjudicated_in)

    record_review = write(review_rows.record_review)
    forget_review = write(review_rows.forget_review)
    reviews = read(review_rows.reviews_of)
