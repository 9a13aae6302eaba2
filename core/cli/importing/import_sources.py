"""Plan the import of the files and folders that a command names."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from core.errors import DataError

if TYPE_CHECKING:
    from core.data.importing.plan_import import ImportPlan

_ZIPS = frozenset((".zip", ".tm"))

SOURCES = "Give a labels.csv, a folder of photos, a zip, or an .h5 or .npz file of images."


def plan_sources(
    sources: list[Path], images: Path | None, group_column: str | None, answers: dict[str, str]
) -> "ImportPlan":
    """Return the plan of one source, or of several zips or files of packed images.

    Raises DataError where one is not there.
    """
    from core.data.importing.folder_layout import PACKED_SUFFIXES
    from core.data.importing.plan_import import plan_packed_files

    if len(sources) == 1:
        return _plan(sources[0], images, group_column, answers)
    suffixes = {one.suffix.lower() for one in sources}
    zips = suffixes <= _ZIPS
    if images is not None or not (zips or suffixes <= PACKED_SUFFIXES):
        raise typer.BadParameter("give one source, or several zips only, or several files of packed images only.")
    for one in sources:
        if not one.is_file():
            raise DataError(f"There is no file {one}. {SOURCES}")
    return _plan_zips(sources, group_column, answers) if zips else plan_packed_files(sources, answers)


def _plan_zips(sources: list[Path], group_column: str | None, answers: dict[str, str]) -> "ImportPlan":
    """Return the plan of several zips, such as the samples of Teachable Machine: one for each class."""
    from core.data.importing.folder_files import free_name
    from core.data.importing.plan_import import Upload, plan_uploads

    named: dict[str, Path] = {}
    for one in sources:
        named[free_name(one.name, named)] = one
    return plan_uploads(
        [Upload(name, path.open("rb")) for name, path in named.items()], group_column=group_column, answers=answers
    )


def _plan(source: Path, images: Path | None, group_column: str | None, answers: dict[str, str]) -> "ImportPlan":
    from core.data.importing.folder_layout import PACKED_SUFFIXES
    from core.data.importing.plan_import import plan_folder, plan_packed_files, plan_table, plan_zip
    from core.data.tables.name_matching import FOLDERS

    if source.is_dir():
        if images is not None:
            raise DataError(
                f"{source} is a folder, so --images cannot be used. Give the labels.csv instead of the folder."
            )
        return plan_folder(source, group_column=group_column, answers=answers)
    if not source.is_file():
        raise DataError(f"There is no file or folder {source}. {SOURCES}")
    if source.suffix.lower() in _ZIPS:
        return plan_zip(source, source.name, group_column=group_column, answers=answers)
    if source.suffix.lower() in PACKED_SUFFIXES:
        if images is not None:
            raise DataError(f"{source} contains its images, so --images cannot be used. Leave --images out.")
        return plan_packed_files([source], answers)
    folder = images or source.parent
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}. Set --images to the folder that contains the photos.")
    plan = plan_folder(folder, source, group_column, answers)
    asked = any(one.kind == FOLDERS for one in plan.questions)
    matched = any(one.line or one.label or one.objects for one in plan.candidates)
    if images is None and not asked and not matched:
        # The table came alone, and other photos beside it are not meant.
        rest = {name: key for name, key in answers.items() if name.partition(":")[0] != FOLDERS}
        return plan_table(source, group_column, rest)
    return plan
