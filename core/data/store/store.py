"""The store: one object through which everything reads and changes projects, images and labels.

``store = Store(open_workspace())``. It may be shared between threads, and any number of processes may have a store of
the same workspace open: every call is one short transaction, and writers wait for each other.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError

from core.data.pictures import stored_files
from core.data.pictures.decoding import Decoded, content_hash
from core.data.pictures.near_duplicates import phash_of
from core.data.store import annotations, classes, insert_image, projects, queries
from core.data.store.boxes import box_changes, box_rows
from core.data.store.database import open_database
from core.data.store.history.history_interface import HistoryInterface
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
from core.data.tables.labels_csv import LabelRow
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


class Store(HistoryInterface):
    """Projects with their classes, images, labels, splits and history; DataError where a thing is not there.

    ``who`` is the name of the person who acts. What is said to be a change can be undone and redone.
    """

    def __init__(self, workspace: Workspace) -> None:
        """Opens the database of the workspace, made or brought up to date where needed; WorkspaceError if it cannot."""
        self.workspace = workspace
        self._engine = open_database(workspace)

    def close(self) -> None:
        """Closes the database's connections."""
        self._engine.dispose()

    # Projects

    def projects(self) -> list[Project]:
        """All projects, the oldest first."""
        with self._reading() as conn:
            return projects.projects_in(conn)

    def project(self, project_id: int) -> Project:
        """One project."""
        with self._reading() as conn:
            return projects.project_of(conn, project_id)

    def find_project(self, name: str) -> Project | None:
        """The project of that name, in any case, or None."""
        with self._reading() as conn:
            return projects.find_project(conn, name)

    def create_project(self, name: str, task: str = "classification", classes: Sequence[str] = ()) -> Project:
        """A new project. DataError for an empty or taken name, an unknown task, or two classes of one name."""
        with self._writing() as conn:
            return projects.create_project(conn, name, task, classes)

    def rename_project(self, project_id: int, name: str) -> None:
        """Gives a project another name."""
        with self._writing(project_id) as conn:
            projects.rename_project(conn, project_id, name)

    def delete_project(self, project_id: int) -> None:
        """Deletes a project for good. Files of pictures that other projects or runs use stay."""
        with self._writing(project_id) as conn:
            projects.delete_project(conn, project_id, self.workspace)

    # Classes

    def classes(self, project_id: int) -> list[ClassInfo]:
        """The classes in order, with the number of their images."""
        with self._reading() as conn:
            return classes.classes_of(conn, project_id)

    def add_class(self, project_id: int, name: str, who: str) -> ClassInfo:
        """A change: adds a class at the end. DataError names the class that has the name already."""
        with self._writing(project_id) as conn:
            number = classes.add_class(conn, project_id, name, who)
            return next(info for info in classes.classes_of(conn, project_id) if info.id == number)

    def rename_class(self, project_id: int, class_id: int, name: str, who: str) -> None:
        """A change: gives a class another name; its images keep it."""
        with self._writing(project_id) as conn:
            classes.rename_class(conn, project_id, class_id, name, who)

    def merge_classes(self, project_id: int, source_id: int, target_id: int, who: str) -> int:
        """A change: gives the images of the source to the target and removes the source; how many moved."""
        with self._writing(project_id) as conn:
            return classes.merge_classes(conn, project_id, source_id, target_id, who)

    def remove_class(self, project_id: int, class_id: int, who: str) -> int:
        """A change: removes a class; its images stay, unlabelled. How many they are."""
        with self._writing(project_id) as conn:
            return classes.remove_class(conn, project_id, class_id, who)

    def move_class(self, project_id: int, class_id: int, position: int, who: str) -> None:
        """A change: puts a class at another place in the order, 0 being the first."""
        with self._writing(project_id) as conn:
            classes.move_class(conn, project_id, class_id, position, who)

    # Images

    def add_image(self, project_id: int, decoded: Decoded, raw: bytes, filename: str) -> tuple[ImageRow, bool]:
        """Takes a picture in; its row, and False where the project had it already.

        A picture is stored as it came where that is upright RGB, else encoded anew. One that is there already keeps
        the further name as an alias. One that was removed comes back, with the label and split it had. A name that
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
        try:
            row, new = self._enter(project_id, digest, path.suffix, decoded, size, phash, filename)
        except IntegrityError:
            # Another process entered the same picture in between (not on SQLite, where writers queue): it is there now.
            row, new = self._enter(project_id, digest, path.suffix, decoded, size, phash, filename)
        if not path.is_file():  # a project that was being deleted took the file along before the row was in
            stored_files.write_whole(stored_files.picture_path(self.workspace, digest, path.suffix), data)
        return row, new

    def _enter(
        self, project_id: int, digest: str, suffix: str, decoded: Decoded, size: int, phash: int, filename: str
    ) -> tuple[ImageRow, bool]:
        with self._writing(project_id) as conn:
            insert_image.insert_picture(conn, digest, suffix, decoded.image.size, size, phash)
            number, new = insert_image.insert_image(conn, project_id, digest, filename)
            return queries.image_of(conn, project_id, number), new

    def images(
        self, project_id: int, where: ImageFilter = queries.EVERYTHING, offset: int = 0, limit: int | None = None
    ) -> list[ImageRow]:
        """A page of images, or all from the offset on."""
        with self._reading() as conn:
            return queries.images_of(conn, project_id, where, offset, limit)

    def count(self, project_id: int, where: ImageFilter = queries.EVERYTHING) -> int:
        """How many images the filter lets through."""
        with self._reading() as conn:
            return queries.count_of(conn, project_id, where)

    def image(self, project_id: int, image_id: int) -> ImageRow:
        """One image."""
        with self._reading() as conn:
            return queries.image_of(conn, project_id, image_id)

    def image_labels(self, project_id: int) -> list[ImageLabel]:
        """All images with their labels and nothing else, in the order in which they were added; made to be fast."""
        with self._reading() as conn:
            return queries.image_labels(conn, project_id)

    def find_image(self, project_id: int, hash: str) -> ImageRow | None:
        """The image of that content, or None."""
        with self._reading() as conn:
            return queries.find_image(conn, project_id, hash)

    def next_boxless(self, project_id: int, after_id: int | None, skip: Collection[int] = ()) -> ImageRow | None:
        """The next image without a box, as ``next_unlabelled``."""
        with self._reading() as conn:
            return queries.next_unlabelled(conn, project_id, after_id, skip, boxless=True)

    def next_unlabelled(self, project_id: int, after_id: int | None, skip: Collection[int] = ()) -> ImageRow | None:
        """The next image without a label; after the last it begins again. None where none is left but the skipped."""
        with self._reading() as conn:
            return queries.next_unlabelled(conn, project_id, after_id, skip)

    def image_path(self, hash: str) -> Path:
        """The stored file of a picture."""
        with self._reading() as conn:
            suffix = insert_image.stored_suffix(conn, hash)
        if suffix is None:
            raise DataError(f"No project has the picture {hash[:12]}... (any more). Add the photo again.")
        return stored_files.picture_path(self.workspace, hash, suffix)

    def image_paths(self, project_id: int) -> dict[str, Path]:
        """The stored files of all pictures of a project by their hashes."""
        with self._reading() as conn:
            found = queries.suffixes_of(conn, project_id)
        return {key: stored_files.picture_path(self.workspace, key, suffix) for key, suffix in found.items()}

    def stored_bytes(self, project_id: int) -> int:
        """The size of the stored files of a project's pictures."""
        with self._reading() as conn:
            return queries.stored_bytes(conn, project_id)

    def phashes(self, project_id: int) -> dict[str, int | None]:
        """The perceptual hashes of all pictures of a project by their content hashes; None where none was taken."""
        with self._reading() as conn:
            return queries.phashes_of(conn, project_id)

    def thumbnail_path(self, hash: str) -> Path:
        """The thumbnail of a picture (WebP, at most 256 pixels a side); one that was deleted is made again."""
        path = stored_files.thumbnail_path(self.workspace, hash)
        return path if path.is_file() else stored_files.thumbnail_of(self.workspace, hash, self.image_path(hash))

    # Labels, boxes and splits

    def annotate(
        self, project_id: int, image_ids: Sequence[int], label: str | None, who: str, kind: str = "label"
    ) -> int:
        """A change: gives images a class of the project, or takes theirs away (None); the change's number.

        ``kind`` is one of LABEL_KINDS and says in the history how the label came about.
        """
        with self._writing(project_id) as conn:
            return annotations.annotate(conn, project_id, image_ids, label, who, kind)

    def accept_suggestions(self, project_id: int, rows: Sequence[tuple[int, str]], who: str) -> int:
        """A change: gives images (image, class) what a model suggested and ``who`` accepted; both are named in it.

        Images that have a class by now keep it. The change's number, or 0 where none was left.
        """
        with self._writing(project_id) as conn:
            return annotations.accept_suggestions(conn, project_id, rows, who)

    def apply_labels(
        self,
        project_id: int,
        rows: Sequence[tuple[int, str | None, str | None]],
        who: str,
        text: str,
        kind: str = "import",
        boxes: Mapping[int, Sequence[BoxRow]] | None = None,
        new_classes: Sequence[str] = (),
    ) -> int:
        """A change: labels and splits of many images (image, label, split), missing classes added in their order.

        None leaves what the image has. The change's number, or 0 where nothing was to be changed. ``kind`` is
        "import", "splits" or one of LABEL_KINDS. ``boxes`` are set in the same change; ``new_classes`` are added before
        those of the rows, in this order.
        """
        with self._writing(project_id) as conn:
            return annotations.apply_labels(conn, project_id, rows, who, text, kind, boxes or {}, new_classes)

    def boxes(self, project_id: int, image_ids: Iterable[int] | None = None) -> dict[int, list[BoxRow]]:
        """The boxes of images (None: of all) in their order; an image without a box is not in the answer."""
        with self._reading() as conn:
            if image_ids is None:
                return box_rows.all_boxes(conn, project_id)
            return box_rows.boxes_of(conn, project_id, image_ids)

    def set_boxes(self, project_id: int, image_id: int, wanted: Sequence[BoxRow], who: str) -> int:
        """A change: puts these boxes in the place of the image's own; its class becomes that of the largest.

        The change's number, or 0 where they are the same. DataError for a box that cannot be: nothing is ever clipped.
        """
        with self._writing(project_id) as conn:
            return box_changes.set_boxes(conn, project_id, image_id, wanted, who)

    def remove_images(
        self, project_id: int, image_ids: Sequence[int], who: str, heirs: Mapping[int, int] | None = None
    ) -> int:
        """A change: takes images out of the project; the change's number.

        ``heirs`` (image that stays -> image that goes) get the other's class where they have none.
        """
        with self._writing(project_id) as conn:
            return annotations.remove_images(conn, project_id, image_ids, who, heirs or {})

    def assign_splits(self, project_id: int, seed: int = 0) -> None:
        """Gives every labelled image without a split one, twins the same; the others keep theirs."""
        with self._writing(project_id) as conn:
            annotations.assign_splits(conn, project_id, seed)

    def counts(self, project_id: int) -> "pd.DataFrame":
        """Images by class (rows, the unlabelled last with label None) and split: train, val, test, none, total."""
        import pandas as pd  # here, because it takes longer to load than any page may take, and most calls need none

        with self._reading() as conn:
            table = queries.counts_of(conn, project_id)
        frame = pd.DataFrame(table, columns=["label", "train", "val", "test", "none", "total"])
        # As objects: pandas' own strings know no None.
        return frame.assign(label=pd.Series([row["label"] for row in table], dtype=object))

    def label_rows(self, project_id: int) -> list[LabelRow]:
        """The rows of the project's labels.csv, one for each name of each image, and for each of its boxes."""
        with self._reading() as conn:
            return queries.label_rows(conn, project_id)
