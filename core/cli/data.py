"""The commands that bring photos in and take the labelled photos out: import, labels."""

import getpass
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.console import Json, Meter, answer, answer_json, remark, remark_problems
from core.errors import DataError

if TYPE_CHECKING:
    from core.data.importing.plan_import import FileResult, ImportPlan

_WHAT = "Name a labels.csv, a folder of photos, a zip, or an .h5 or .npz file of images."
_KINDS = {
    "taken": "taken",
    "remark": "taken, with a remark",
    "copy": "the same picture as another of these",
    "duplicate": "in the project already",
    "refused": "refused",
}


def import_(
    source: Annotated[
        list[Path],
        typer.Argument(
            metavar="SOURCE...",
            help="A labels.csv, a folder (of class folders, with a labels.csv, or a data set in the format of COCO, "
            "Pascal VOC, YOLO or Hugging Face), a zip of one of them, or images packed as arrays: an .h5 or .npz file "
            "with x and y, or train_set_x, train_set_y and so on. Of packed files there may be several.",
        ),
    ],
    project: Annotated[str, typer.Option(help="The project's name; it is made where there is none of that name.")],
    images: Annotated[
        Path | None,
        typer.Option(help="The folder that the file names in labels.csv start from. Left out: the folder of the CSV."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Import what is good although there are problems.")] = False,
    json: Json = False,
) -> None:
    """Bring photos and their labels into a project.

    Problems are listed; where something would be left out, nothing is taken before you say --yes.

    A project that is made is one of boxes where the labels bring boxes, else one of classes.
    """
    from core.data.importing.folder_layout import is_picture
    from core.data.importing.plan_import import run_import
    from core.data.store.store import Store
    from core.workspace import open_workspace

    plan = _plan_of_all(source, images)
    remark_problems(plan.problems)
    for result in plan.refused:
        remark(f"{result.name}: {result.text}")
    # A README beside the photos is named and left out; only what looks like a photo, and is none, is a problem.
    problems = sum(not one.harmless for one in plan.problems) + sum(is_picture(one.name) for one in plan.refused)
    if not plan.candidates:
        raise DataError(f"There is nothing to import in {plan.source}. {_WHAT}")
    if problems and not yes:
        raise DataError(
            f"Nothing was imported, because of {_counted(problems, 'problem')}. "
            f"Mend them, or add --yes to import what can be read of {_counted(len(plan.candidates), 'photo')}."
        )
    store = Store(open_workspace())
    try:
        task = plan.task or ("localization" if any(one.objects for one in plan.candidates) else "classification")
        known = store.find_project(project) or store.create_project(project, task)
        results = []
        with Meter() as meter:
            for result in run_import(plan, store, known.id, _who()):
                results.append(result)
                meter.show("taking in the photos", len(results), len(plan.candidates))
    finally:
        store.close()
    if not json:
        for result in results:
            if result.kind != "taken":
                remark(f"{result.name}: {result.text}")
    _tell([*plan.refused, *results], project, json)


def labels(
    project: Annotated[str, typer.Option(help="The project's name.")],
    out: Annotated[Path, typer.Option(help="The zip to write; it must not be there yet.")],
    format: Annotated[
        str,
        typer.Option(help="coco, voc, yolo, hugging-face or csv for boxes; folders, hugging-face or csv for classes."),
    ] = "csv",
    json: Json = False,
) -> None:
    """Write a project's photos with their labels, splits and boxes into a zip that other tools read.

    ``import`` brings all of it back. What a format has no place for is said.
    """
    from core.data.importing.formats.write_zip import NOT_CARRIED, not_carried, write_zip
    from core.data.store.store import Store
    from core.workspace import open_workspace

    if out.exists():
        raise DataError(f"{out} is there already. Name another file, or move that one away.")
    store = Store(open_workspace())
    part = out.with_name(f".{out.name}.part")
    try:
        known = store.find_project(project)
        if known is None:
            raise DataError(f'There is no project "{project}".')
        done = 0
        with Meter() as meter:
            for done, total in write_zip(store, known.id, format, part):
                meter.show("writing the photos", done, total)
        part.replace(out)
    except OSError as error:
        raise DataError(f"{out} cannot be written ({error.strerror}). Choose another place.") from error
    finally:
        part.unlink(missing_ok=True)
        store.close()
    if json:
        lacks = NOT_CARRIED[format]
        answer_json({"project": known.name, "format": format, "photos": done, "out": str(out), "not_in_it": lacks})
    else:
        answer(f"{_counted(done, 'photo')} in {out}")
        remark(not_carried(format))


def _plan_of_all(sources: list[Path], images: Path | None) -> "ImportPlan":
    from core.data.importing.folder_layout import PACKED_SUFFIXES
    from core.data.importing.plan_import import plan_packed_files

    if len(sources) == 1:
        return _plan(sources[0], images)
    if images is not None or any(one.suffix.lower() not in PACKED_SUFFIXES for one in sources):
        raise typer.BadParameter("name one source, or files of packed images only.")
    for one in sources:
        if not one.is_file():
            raise DataError(f"There is no file {one}. {_WHAT}")
    return plan_packed_files(sources)


def _plan(source: Path, images: Path | None) -> "ImportPlan":
    from core.data.importing.folder_layout import PACKED_SUFFIXES
    from core.data.importing.plan_import import plan_folder, plan_packed, plan_zip

    if source.is_dir():
        if images is not None:
            raise DataError(f"{source} is a folder, so --images has no meaning. Name the labels.csv instead.")
        return plan_folder(source)
    if not source.is_file():
        raise DataError(f"There is no file or folder {source}. {_WHAT}")
    if source.suffix.lower() == ".zip":
        return plan_zip(source, source.name)
    if source.suffix.lower() in PACKED_SUFFIXES:
        if images is not None:
            raise DataError(f"{source} holds its images itself, so --images has no meaning. Leave it out.")
        return plan_packed(source, source.name)
    folder = images or source.parent
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}. Give --images the folder that the file names start from.")
    return plan_folder(folder, source)


def _tell(results: "list[FileResult]", project: str, json: bool) -> None:
    counts: Counter[str] = Counter(result.kind for result in results)
    if json:
        listed = [{"name": one.name, "kind": one.kind, "text": one.text} for one in results if one.kind != "taken"]
        answer_json({"project": project, "counts": {kind: counts[kind] for kind in _KINDS}, "results": listed})
        return
    for kind, words in _KINDS.items():
        if counts[kind]:
            answer(f"{counts[kind]:6,}  {words}")
    answer(f"project: {project}")


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _who() -> str:
    """The name that changes are signed with."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user number without a name, as in some containers
        return "command line"
