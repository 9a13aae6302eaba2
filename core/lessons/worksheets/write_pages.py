"""Write the worksheets of all lessons into a folder."""

from pathlib import Path

from core.errors import StorageError
from core.file_replacement import replace_patiently
from core.lessons.worksheets.all_sheets import WORKSHEETS
from core.lessons.worksheets.printed_page import file_name, worksheet_page
from core.storage_errors import storage_error


def write_worksheets(folder: Path) -> list[Path]:
    """Write a worksheet and a teacher's copy for each lesson, and return the files. Raises StorageError."""
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for sheet in WORKSHEETS.values():
            for answers in (False, True):
                path = folder / file_name(sheet, answers=answers)
                part = path.with_name(f".{path.name}.part")
                part.write_text(worksheet_page(sheet, answers=answers), encoding="utf-8")
                replace_patiently(part, path)
                written.append(path)
    except OSError as error:
        so = f"the worksheets could not be written to {folder}"
        raise storage_error(error, so) or StorageError(f"{so[0].upper()}{so[1:]} ({error.strerror}).") from error
    return written
