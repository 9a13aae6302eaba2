"""The crop-faces command: training photos of faces or eyes, cropped as Live crops its frames."""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.console import Json, ProgressDisplay, print_json, print_message, print_result
from core.cli.outputs import require_empty
from core.errors import DataError

SHOWN = 10


def crop_faces(
    photos: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A folder of photos, with or without class folders.")
    ],
    out: Annotated[Path, typer.Option(help="A new or empty folder for the crops and their labels.csv.")],
    crop: Annotated[str, typer.Option(help="What to crop: face (the largest), or eyes (each one a photo).")] = "face",
    json: Json = False,
) -> None:
    """Crop the largest face or its eyes out of photos, to train a model for live --crop.

    The crops and labels.csv can be imported: class folders become labels, and the eyes of one photo are a group.
    """
    from core.live.faces.crop_folder import crop_folder
    from core.live.faces.crops import checked_crop

    chosen = checked_crop(crop, "classification")
    if chosen == "whole":
        raise DataError("There is nothing to crop: choose --crop face or --crop eyes.")
    if not photos.is_dir():
        raise DataError(f"There is no folder {photos}. Give a folder of photos.")
    require_empty(out, "the crops")
    with ProgressDisplay() as display:
        found = crop_folder(photos, chosen, out, lambda number: display.show("cropping", number))
    for one in found.refused[:SHOWN]:
        print_message(one)
    if json:
        print_json(
            {
                "photos": found.photos,
                "crops": found.crops,
                "without_face": found.without_face,
                "refused": found.refused,
                "labels": str(out / "labels.csv"),
            }
        )
        return
    if found.without_face:
        shown = ", ".join(found.without_face[:SHOWN]) + (", ..." if len(found.without_face) > SHOWN else "")
        print_message(f"No face, or too small a one: {shown}")
    print_result(
        f"{found.crops:,} crops of {found.photos:,} photos in {out}; {len(found.without_face):,} without a face. "
        f"Import them with: python -m core import {out / 'labels.csv'} --images {out} --project NAME"
    )
