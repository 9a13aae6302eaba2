"""The commands for a project's photos and labels: import and labels."""

import getpass
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.console import Json, ProgressDisplay, print_json, print_message, print_problems, print_result
from core.errors import DataError

if TYPE_CHECKING:
    from core.data.importing.plan_import import FileResult, ImportPlan

_SOURCES = "Give a labels.csv, a folder of photos, a zip, or an .h5 or .npz file of images."
_KINDS = {
    "taken": "imported",
    "remark": "imported with a note",
    "copy": "same image as another file in this import",
    "duplicate": "already in the project",
    "refused": "not imported",
}


def import_(
    source: Annotated[
        list[Path],
        typer.Argument(
            metavar="SOURCE...",
            help="A labels.csv; a folder (with one folder per class, with a labels.csv, or a data set in COCO, "
            "Pascal VOC, YOLO or Hugging Face format); a zip of such a folder; or images packed as arrays: one or "
            "more .h5 or .npz files with x and y, or train_set_x, train_set_y and so on.",
        ),
    ],
    project: Annotated[str, typer.Option(help="The project's name. A new project is created if none has this name.")],
    images: Annotated[
        Path | None,
        typer.Option(help="The folder that contains the files named in labels.csv. Default: the folder of the CSV."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Import the valid files even if there are problems.")] = False,
    json: Json = False,
) -> None:
    """Import photos and their labels into a project.

    All problems are listed. If any files or rows would be skipped, nothing is imported without --yes.

    A new project is for localization if the labels have boxes, otherwise for classification.
    """
    from core.data.importing.folder_layout import is_picture
    from core.data.importing.plan_import import run_import
    from core.data.store.store import Store
    from core.workspace import open_workspace

    plan = _plan_all(source, images)
    print_problems(plan.problems)
    for result in plan.refused:
        print_message(f"{result.name}: {result.text}")
    # A README beside the photos is listed and skipped; a problem is a file that looks like a photo but is not one.
    problems = sum(not one.harmless for one in plan.problems) + sum(is_picture(one.name) for one in plan.refused)
    if not plan.candidates:
        raise DataError(f"There is nothing to import in {plan.source}. {_SOURCES}")
    if problems and not yes:
        raise DataError(
            f"Nothing was imported, because of {_counted(problems, 'problem')}. "
            f"Fix them, or add --yes to import the valid files of {_counted(len(plan.candidates), 'photo')}."
        )
    store = Store(open_workspace())
    try:
        task = plan.task or ("localization" if any(one.objects for one in plan.candidates) else "classification")
        known = store.find_project(project) or store.create_project(project, task)
        results = []
        with ProgressDisplay() as display:
            for result in run_import(plan, store, known.id, _user_name()):
                results.append(result)
                display.show("importing the photos", len(results), len(plan.candidates))
    finally:
        store.close()
    if not json:
        for result in results:
            if result.kind != "taken":
                print_message(f"{result.name}: {result.text}")
    _print_counts([*plan.refused, *results], project, json)


def labels(
    project: Annotated[str, typer.Option(help="The project's name.")],
    out: Annotated[Path, typer.Option(help="The zip file to write; it must not exist yet.")],
    format: Annotated[
        str,
        typer.Option(
            help="The format: coco, voc, yolo, hugging-face or csv for boxes; folders, hugging-face or csv for classes."
        ),
    ] = "csv",
    json: Json = False,
) -> None:
    """Export a project's photos with their labels, splits and boxes as a zip that other tools can read.

    The import command reads all of it again. Anything that a format cannot store is reported.
    """
    from core.data.importing.formats.write_zip import NOT_CARRIED, not_carried, write_zip
    from core.data.store.store import Store
    from core.workspace import open_workspace

    if out.exists():
        raise DataError(f"{out} already exists. Choose another file name, or move that file.")
    store = Store(open_workspace())
    part = out.with_name(f".{out.name}.part")
    try:
        known = store.find_project(project)
        if known is None:
            raise DataError(f'There is no project "{project}". Check the name.')
        done = 0
        with ProgressDisplay() as display:
            for done, total in write_zip(store, known.id, format, part):
                display.show("writing the photos", done, total)
        part.replace(out)
    except OSError as error:
        raise DataError(f"{out} cannot be written ({error.strerror}). Choose another folder.") from error
    finally:
        part.unlink(missing_ok=True)
        store.close()
    if json:
        missing = NOT_CARRIED[format]
        print_json({"project": known.name, "format": format, "photos": done, "out": str(out), "not_in_it": missing})
    else:
        print_result(f"{_counted(done, 'photo')} in {out}")
        print_message(not_carried(format))


def _plan_all(sources: list[Path], images: Path | None) -> "ImportPlan":
    from core.data.importing.folder_layout import PACKED_SUFFIXES
    from core.data.importing.plan_import import plan_packed_files

    if len(sources) == 1:
        return _plan(sources[0], images)
    if images is not None or any(one.suffix.lower() not in PACKED_SUFFIXES for one in sources):
        raise typer.BadParameter("give one source, or several files of packed images only.")
    for one in sources:
        if not one.is_file():
            raise DataError(f"There is no file {one}. {_SOURCES}")
    return plan_packed_files(sources)


def _plan(source: Path, images: Path | None) -> "ImportPlan":
    from core.data.importing.folder_layout import PACKED_SUFFIXES
    from core.data.importing.plan_import import plan_folder, plan_packed, plan_zip

    if source.is_dir():
        if images is not None:
            raise DataError(
                f"{source} is a folder, so --images cannot be used. Give the labels.csv instead of the folder."
            )
        return plan_folder(source)
    if not source.is_file():
        raise DataError(f"There is no file or folder {source}. {_SOURCES}")
    if source.suffix.lower() == ".zip":
        return plan_zip(source, source.name)
    if source.suffix.lower() in PACKED_SUFFIXES:
        if images is not None:
            raise DataError(f"{source} contains its images, so --images cannot be used. Leave --images out.")
        return plan_packed(source, source.name)
    folder = images or source.parent
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}. Set --images to the folder that contains the photos.")
    return plan_folder(folder, source)


def _print_counts(results: "list[FileResult]", project: str, json: bool) -> None:
    counts: Counter[str] = Counter(result.kind for result in results)
    if json:
        listed = [{"name": one.name, "kind": one.kind, "text": one.text} for one in results if one.kind != "taken"]
        print_json({"project": project, "counts": {kind: counts[kind] for kind in _KINDS}, "results": listed})
        return
    for kind, words in _KINDS.items():
        if counts[kind]:
            print_result(f"{counts[kind]:6,}  {words}")
    print_result(f"project: {project}")


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _user_name() -> str:
    """Return the name to record for changes."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name, as in some containers
        return "command line"
