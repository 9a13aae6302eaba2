"""Class folders as we write them ourselves: ``train/owl/1.png``, with the side file that says which folder is what.

Those of others have no such file, and are read by ``core.data.importing.folder_layout.folder_meanings``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from core.data.importing.folder_layout import is_picture
from core.data.importing.formats.exported_picture import ExportedPicture
from core.data.importing.formats.gathered_labels import Files, GatheredLabels, LabelGatherer
from core.data.importing.formats.manifest import Manifest
from core.data.importing.formats.zip_paths import safe_path_part

NO_CLASS, NO_SPLIT = "unlabelled", "no split"


@dataclass(frozen=True)
class Folders:
    """The folders of an export."""

    classes: dict[str | None, str]  # each class's folder, and that of the photos without a label (None)
    splits: dict[str | None, str]  # each split's folder; none at all where no photo has a split

    def place(self, one: ExportedPicture) -> str:
        """Where a picture lies; the folders that its name begins with already are not written twice."""
        folder = self.classes[one.label] + "/"
        around = self.splits[one.split] + "/" if self.splits else ""
        name = one.name.removeprefix(around + folder).removeprefix(folder) or one.name
        return around + folder + name


def folders_of(pictures: Sequence[ExportedPicture], classes: Sequence[str]) -> Folders:
    """The folders for these pictures. Photos without a split get one of their own beside those of the splits."""
    found: dict[str | None, str] = {}
    taken: set[str] = set()
    for label in (*classes, None):
        plain = safe_path_part(label.replace("/", "_")) if label and label.strip(" .") else "_" if label else NO_CLASS
        folder, number = plain, 1
        while folder.casefold() in taken:
            number += 1
            folder = f"{plain} ({number})"
        found[label] = folder
        taken.add(folder.casefold())
    splits = {split: split or NO_SPLIT for split in ("train", "val", "test", None)}
    return Folders(found, splits if any(one.split for one in pictures) else {})


def read(files: Files, side: Manifest) -> GatheredLabels:
    """What the folders say; a folder that the side file does not list, but lies among the others, is a class."""
    gathered = LabelGatherer()
    for path in filter(is_picture, files):
        rest, split = path, None
        if side.split_folders:
            top, _, below = path.partition("/")
            rest, split = (below, side.split_folders[top]) if top in side.split_folders else (path, None)
        folder, slash, name = rest.partition("/")
        label = side.class_folders.get(folder, folder) if slash else None
        gathered.image(path, name or rest, split, label)
    return gathered.found("class folders")
