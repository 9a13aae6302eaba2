"""Makes face or eye crops of a folder of photos, to train a model on what Live will show it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from core.data.importing.folder_layout import is_picture
from core.data.pictures.decoding import decode
from core.data.tables.csv_cells import as_row
from core.data.tables.names import sort_key
from core.errors import DataError, ImageRefused
from core.live.faces.crops import Crop, cropped, crops_in

TABLE = "labels.csv"
QUALITY = 95


@dataclass
class CroppedFolder:
    """What became of the photos."""

    photos: int = 0
    crops: int = 0
    without_face: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """Files that are no pictures, with the reason."""


def crop_folder(
    photos: Path, crop: Crop, out: Path, progress: Callable[[int], None] = lambda number: None
) -> CroppedFolder:
    """Write the crops of all photos below a folder as JPEG, under the same names, and a table for the import.

    The table has ``filename``, ``label`` (the folder that a photo lies in; empty without one) and ``group``: two eyes
    of one photo must not lie on both sides of a split. Raises DataError if there are no photos.
    """
    files = [one for one in photos.rglob("*") if one.is_file() and is_picture(one.name)]
    files.sort(key=lambda one: sort_key(one.relative_to(photos).as_posix()))
    if not files:
        raise DataError(f"The folder {photos} has no photos. Give a folder of photos, with or without class folders.")
    found, rows = CroppedFolder(), [as_row(("filename", "label", "group"))]
    taken: set[str] = set()
    for number, file in enumerate(files, start=1):
        name = file.relative_to(photos)
        try:
            image = decode(file, str(name)).image
        except ImageRefused as error:
            found.refused.append(str(error))
            continue
        found.photos += 1
        boxes = crops_in(image, crop)
        if not boxes:
            found.without_face.append(str(name))
        for place, part in enumerate(cropped(image, boxes), start=1):
            kept = _free_name(name, f"-eye{place}" if crop == "eyes" else "", taken)
            (out / kept).parent.mkdir(parents=True, exist_ok=True)
            part.save(out / kept, "JPEG", quality=QUALITY)
            label = name.parent.name
            rows.append(as_row((kept.as_posix(), label, name.as_posix())))
            found.crops += 1
        progress(number)
    out.mkdir(parents=True, exist_ok=True)
    (out / TABLE).write_text("".join(rows), encoding="utf-8", newline="")
    return found


def _free_name(name: PurePath, ending: str, taken: set[str]) -> PurePath:
    """Return the name of a crop; a.jpg and a.png beside each other must not become one file."""
    kept, number = name.with_name(f"{name.stem}{ending}.jpg"), 1
    while kept.as_posix().casefold() in taken:
        number += 1
        kept = name.with_name(f"{name.stem}{ending}-{number}.jpg")
    taken.add(kept.as_posix().casefold())
    return kept
