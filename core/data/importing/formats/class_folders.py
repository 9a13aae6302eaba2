"""Class folders of our own exports: ``train/owl/1.png``, with a manifest that gives the meaning of each folder.

Other class folders have no manifest; ``core.data.importing.names.folder_classes`` reads them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from core.data.importing.folder_layout import is_picture
from core.data.importing.formats.exported_image import ExportedImage
from core.data.importing.formats.gathered_labels import CollectedLabels, Files, LabelCollector
from core.data.importing.formats.manifest import FILE_NAME, Manifest
from core.data.importing.formats.zip_paths import class_folder
from core.data.tables.names import search_key

NO_CLASS, NO_SPLIT = "unlabelled", "no split"
MISSING_FILE = "missing-photos.txt"
"""The file in a zip that names the photos that are not in it, because their files are lost."""
_OTHER_FILES = (FILE_NAME, MISSING_FILE)


@dataclass(frozen=True)
class Folders:
    """The folders of an export."""

    classes: dict[str | None, str]  # class -> folder; None is the class of unlabelled photos
    splits: dict[str | None, str]  # split -> folder; empty where no photo has a split

    def inner_name(self, one: ExportedImage) -> str:
        """Return the image's name without the folders of its own class and split, which the zip has anyway."""
        around = f"{one.split}/" if one.split else ""
        own = f"{one.label}/" if one.label else ""
        return one.name.removeprefix(around + own).removeprefix(own) or one.name

    def place(self, one: ExportedImage) -> str:
        """Return the path of an image; folders that its name already begins with are not repeated."""
        folder = self.classes[one.label] + "/"
        around = self.splits[one.split] + "/" if self.splits else ""
        name = one.name.removeprefix(around + folder).removeprefix(folder) or one.name
        return around + folder + name


def plan_folders(pictures: Sequence[ExportedImage], classes: Sequence[str]) -> Folders:
    """Return the folders for these images. Photos without a split get their own folder beside those of the splits."""
    folder_of: dict[str | None, str] = {}
    taken = {search_key(file) for file in _OTHER_FILES}
    for label in (*classes, None):
        plain = class_folder(label) if label else NO_CLASS
        folder, number = plain, 1
        while search_key(folder) in taken:
            number += 1
            folder = f"{plain} ({number})"
        folder_of[label] = folder
        taken.add(search_key(folder))
    splits = {split: split or NO_SPLIT for split in ("train", "val", "test", None)}
    return Folders(folder_of, splits if any(one.split for one in pictures) else {})


def read(files: Files, manifest: Manifest) -> CollectedLabels:
    """Read classes and splits from the folders; a folder that the manifest does not list is a class."""
    collected = LabelCollector()
    for path in filter(is_picture, files):
        rest, split = path, None
        if manifest.split_folders:
            top, _, below = path.partition("/")
            rest, split = (below, manifest.split_folders[top]) if top in manifest.split_folders else (path, None)
        folder, slash, name = rest.partition("/")
        label = manifest.class_folders.get(folder, folder) if slash else None
        collected.add_image(path, name or rest, split, label)
    return collected.finish("class folders")
