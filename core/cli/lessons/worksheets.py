"""The command worksheets: a worksheet for each lesson and the teacher's copy, as pages to print."""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.console import Json, print_json, print_result


def worksheets(
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder for the pages; it is created if missing.")],
    json: Json = False,
) -> None:
    """Write a worksheet of 45 minutes for each lesson of the page Learn, and a teacher's copy with answers.

    Each is one HTML page for A4 paper. Files of the same names in the folder are replaced.
    """
    from core.lessons.worksheets.write_pages import write_worksheets

    written = write_worksheets(out)
    if json:
        print_json({"folder": str(out.absolute()), "files": [path.name for path in written]})
        return
    print_result(f"{out} holds {len(written)} pages to print.")
