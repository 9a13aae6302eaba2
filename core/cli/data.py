"""The commands for a project's photos and labels: import and labels."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.console import Json, ProgressDisplay, print_json, print_message, print_result
from core.cli.importing.import_output import counted, print_counts, print_dry_run, say_photos, say_problems
from core.cli.importing.import_sources import SOURCES, plan_sources
from core.cli.importing.questions import require_answers
from core.cli.user_name import user_name
from core.errors import DataError

if TYPE_CHECKING:
    from core.data.importing.plan_import import FileResult, ImportPlan
    from core.data.importing.updates.label_updates import LabelUpdates
    from core.data.store.store import Project, Store

GroupColumn = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The column of labels.csv that says which photos belong together, such as driver: they are in one split. "
        "none: no column does. Default: the only column called group, person, subject, patient, driver, camera, "
        "session or day.",
    ),
]

Answers = Annotated[
    list[str] | None,
    typer.Option(
        "--answer",
        metavar="QUESTION=CHOICE",
        help="How to read what can be read in more than one way, in the words of the command's own question; may be "
        "given several times.",
    ),
]


def import_(
    source: Annotated[
        list[Path],
        typer.Argument(
            metavar="SOURCE...",
            help="A labels.csv; a folder (with one folder per class, with a labels.csv, or a data set in COCO, "
            "Pascal VOC, YOLO or Hugging Face format, or of Label Studio, CVAT, labelme, VIA or makesense); one or "
            "more zips of such folders; the labels of such a tool alone, with --images; or images packed as arrays: "
            "one or more .h5 or .npz files with x and y, or train_set_x, train_set_y and so on, or .parquet files of "
            "Hugging Face.",
        ),
    ],
    project: Annotated[str, typer.Option(help="The project's name. A new project is created if none has this name.")],
    images: Annotated[
        Path | None,
        typer.Option(help="The folder that contains the files named in labels.csv. Default: the folder of the CSV."),
    ] = None,
    group_column: GroupColumn = None,
    answer: Answers = None,
    yes: Annotated[bool, typer.Option("--yes", help="Import the valid files even if there are problems.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be imported and changed, without doing it.")
    ] = False,
    json: Json = False,
) -> None:
    """Import photos and their labels into a project.

    All problems are listed. If any files or rows would be skipped, nothing is imported without --yes. What can be read
    in more than one way is asked with a sample of each; nothing is imported until --answer says which.

    For photos that the project already has, the labels, boxes and splits are updated, in one step that Undo takes
    back. A labels.csv is enough: its photos need not be there again. Empty cells change nothing.

    A column group, person, subject, patient, driver, camera, session or day says which photos belong together: they
    are always in one split. A column tags holds tags, separated by semicolons.

    A new project is for localization if the labels have boxes, otherwise for classification.
    """
    from core.data.importing.names.class_case import settle_with_project
    from core.data.store.store import Store
    from core.data.tables.questions import parse_answers
    from core.workspace import open_workspace

    answers = parse_answers(answer or ())
    plan = plan_sources(source, images, group_column, answers)
    store = Store(open_workspace())
    try:
        known = store.find_project(project)
        if known is not None:
            plan = settle_with_project(plan, [one.name for one in store.classes(known.id)], answers)
        plan, updates = _updates(plan, store, known, answers)
        problems = say_problems(plan, updates)
        if plan.unmatched_table and not updates.photos:
            require_answers(plan.questions, ())  # they may be why nothing matches
            raise DataError(plan.unmatched_table)
        if not plan.candidates and not updates.photos:
            raise DataError(f"There is nothing to import in {plan.source}. {SOURCES}")
        if not plan.questions and (dry_run or not yes):
            problems += say_photos(plan, updates)
        if dry_run:
            print_dry_run(plan, updates, project, problems, json)
            require_answers(plan.questions, plan.unused_answers)
            return
        require_answers(plan.questions, plan.unused_answers)
        if problems and not yes:
            rest = counted(len(plan.candidates), "photo")
            if updates.changes:
                rest += f" and {counted(len(updates.changes), 'update')}"
            raise DataError(
                f"Nothing was imported, because of {counted(problems, 'problem')}. "
                f"Fix {'it' if problems == 1 else 'them'}, or add --yes to import the valid files of {rest}."
            )
        results = _carry_out(plan, updates, store, project, known)
    finally:
        store.close()
    if not json:
        for result in results:
            if result.kind != "taken":
                print_message(f"{result.name}: {result.text}")
    print_counts([*plan.refused, *results], updates, project, json)
    if _none_usable(results) and not updates.changes:
        raise DataError("No file could be imported; the reasons are listed above. Choose other files.")


def _updates(
    plan: "ImportPlan", store: "Store", project: "Project | None", answers: dict[str, str]
) -> "tuple[ImportPlan, LabelUpdates]":
    """Return the plan with the questions about photos that the project has, and what it changes for these.

    A project that does not exist has none.
    """
    from core.data.importing.updates.known_boxes import settle_known_boxes
    from core.data.importing.updates.known_photos import find_known
    from core.data.importing.updates.label_updates import LabelUpdates, find_updates

    if project is None:
        return plan, LabelUpdates(problems=plan.problems)
    with ProgressDisplay() as display:
        known = find_known(plan, store, project.id, display.counter("comparing with the project"))
    plan = settle_known_boxes(plan, known, store, project.id, answers)
    return plan, find_updates(plan, known, store, project.id)


def _carry_out(
    plan: "ImportPlan", updates: "LabelUpdates", store: "Store", name: str, project: "Project | None"
) -> "list[FileResult]":
    """Import the photos and apply the updates, in one step of the history; return the result of each file."""
    from core.data.importing.plan_import import ImportReport, run_import

    task = plan.task or ("localization" if any(one.objects for one in plan.candidates) else "classification")
    created = project is None
    project = project or store.create_project(name, task)
    results = []
    try:
        with ProgressDisplay() as display:
            for result in run_import(plan, store, project.id, user_name(), updates):
                results.append(result)
                display.show("importing the photos", len(results), len(plan.candidates))
    finally:
        empty = created and not store.count(project.id)
        if empty:  # whatever stopped the import, it leaves no project without a photo
            store.delete_project(project.id)
    done = len({result.name for result in results})
    if done < len(plan.candidates):
        print_message(
            f"Somebody cancelled the import on the Data page after {done:,} of {len(plan.candidates):,} files. "
            "Run the same command again to import the others."
        )
    if not empty and (rule := store.learned_photos(project.id).rule):
        print_message(rule)
    return list(ImportReport.of(results).results)


def _none_usable(results: "Sequence[FileResult]") -> bool:
    return bool(results) and all(result.kind == "refused" for result in results)


def labels(
    project: Annotated[str, typer.Option(help="The project's name.")],
    out: Annotated[Path, typer.Option(help="The zip file to write; it must not exist yet.")],
    format: Annotated[
        str,
        typer.Option(
            help="The format: coco, voc, yolo, hugging-face, label-studio, cvat or csv for boxes; folders, "
            "hugging-face, label-studio, cvat or csv for classes."
        ),
    ] = "csv",
    json: Json = False,
) -> None:
    """Export a project's photos with their labels, splits and boxes as a zip that other tools can read.

    The import command reads all of it again. Anything that a format cannot store is reported.
    """
    from core.data.importing.formats.write_zip import (
        NOT_CARRIED,
        missing_in_words,
        missing_photos,
        not_carried,
        renamed_in_words,
        renamed_in_zip,
        write_zip,
    )
    from core.data.store.store import Store
    from core.data.tables.labels_csv import marked_in_words, marked_texts
    from core.storage_errors import storage_error
    from core.workspace import open_workspace

    if out.exists():
        raise DataError(f"{out} already exists. Choose another file name, or move that file.")
    store = Store(open_workspace())
    part = out.with_name(f".{out.name}.part")
    try:
        known = store.find_project(project)
        if known is None:
            raise DataError(f'There is no project "{project}". Check the name.')
        done, lost = 0, missing_photos(store, known.id)
        renamed = renamed_in_zip(store, known.id, format)
        marked = marked_texts(store.label_rows(known.id), filenames=False) if format == "csv" else []
        with ProgressDisplay() as display:
            for done, total in write_zip(store, known.id, format, part):
                display.show("writing the photos", done, total)
        part.replace(out)
    except OSError as error:
        known_error = storage_error(error, f"{out} could not be written", "export again, or choose another folder")
        raise known_error or DataError(f"{out} cannot be written ({error.strerror}). Choose another folder.") from error
    finally:
        with suppress(OSError):  # the first error is the one to report
            part.unlink(missing_ok=True)
        store.close()
    if json:
        result = {"project": known.name, "format": format, "photos": done, "out": str(out)}
        names = {"renamed": dict(renamed.photos), "renamed_classes": dict(renamed.classes)}
        print_json({**result, "not_in_it": NOT_CARRIED[format], "missing": lost, **names, "apostrophes": marked})
    else:
        print_result(f"{counted(done, 'photo')} in {out}")
        print_message(not_carried(format))
        for words in filter(None, (renamed_in_words(renamed), marked_in_words(marked))):
            print_message(words)
    if lost:
        print_message(missing_in_words(lost))
