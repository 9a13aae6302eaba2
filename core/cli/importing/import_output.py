"""Print what an import found, would do, or has done."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.cli.console import ProgressDisplay, print_json, print_message, print_problems, print_result
from core.cli.ending.json_result import RESULT
from core.cli.importing.questions import question_as_record

if TYPE_CHECKING:
    from core.data.importing.plan_import import FileResult, ImportPlan
    from core.data.importing.updates.label_updates import LabelUpdates
    from core.data.tables.label_rows import Problem

_KINDS = {
    "taken": "imported",
    "remark": "imported with a note",
    "copy": "same image as another file in this import",
    "duplicate": "already in the project",
    "refused": "not imported",
}


def say_problems(plan: "ImportPlan", updates: "LabelUpdates") -> int:
    """Print the problems of a plan and the files that it skips; return how many of them somebody has to confirm."""
    from core.data.importing.folder_layout import is_picture
    from core.data.tables.label_rows import Problem

    print_problems(updates.problems)
    if plan.group_columns.unclear:
        choices = " or ".join(f'--group-column "{name}"' for name in plan.group_columns.possible)
        print_message(f"Choose the column of the groups: {choices} or --group-column none.")
    # A README beside the photos is listed and skipped; a problem is a file that looks like a photo but is not one.
    refused = [Problem(None, f"{one.name}: {one.text}", harmless=not is_picture(one.name)) for one in plan.refused]
    _say_all(refused)
    return sum(not one.harmless for one in (*updates.problems, *refused))


def say_photos(plan: "ImportPlan", updates: "LabelUpdates") -> int:
    """Read the photos and print each one that cannot be used, with the reason; return how many problems these are."""
    from core.data.importing.photo_files.checked_photos import problems_of_photos

    with ProgressDisplay() as display:
        problems = problems_of_photos(plan, updates.known, display.counter("checking the photos"))
    _say_all(problems)
    return len(problems)


def _say_all(problems: "Sequence[Problem]") -> None:
    """Print problems one by one, however many there are: each is a file that is lost."""
    RESULT.note(problems)
    for one in problems:
        print_message(str(one))


def print_counts(results: "Sequence[FileResult]", updates: "LabelUpdates", project: str, json: bool) -> None:
    """Print what became of the files."""
    from core.data.importing.updates.update_words import as_record, summary_of

    counts: Counter[str] = Counter(result.kind for result in results)
    if json:
        listed = [{"name": one.name, "kind": one.kind, "text": one.text} for one in results if one.kind != "taken"]
        print_json(
            {
                "project": project,
                "counts": {kind: counts[kind] for kind in _KINDS},
                "results": listed,
                "updates": [as_record(one) for one in updates.changes],
            }
        )
        return
    for kind, words in _KINDS.items():
        if counts[kind]:
            print_result(f"{counts[kind]:6,}  {words}")
    for phrase in summary_of(updates):
        print_result(phrase)
    print_result(f"project: {project}")


def print_dry_run(plan: "ImportPlan", updates: "LabelUpdates", project: str, problems: int, json: bool) -> None:
    """Print what an import would do."""
    from core.data.importing.updates.update_words import as_record, before_and_after, summary_of

    new = sum(one.name not in updates.known for one in plan.candidates)
    if json:
        changes = [as_record(one) for one in updates.changes]
        asked = [question_as_record(one) for one in plan.questions]
        print_json(
            {
                "project": project,
                "dry_run": True,
                "new": new,
                "problems": problems,
                "questions": asked,
                "updates": changes,
            }
        )
        return
    for one in updates.changes:
        old, changed = before_and_after(one)
        where = f"line {one.line}: " if one.line else ""
        print_result(f"{where}{one.image.filename}: {old} -> {changed}")
    print_result(f"{new:6,}  new, would be imported")
    for phrase in summary_of(updates):
        print_result(phrase)
    print_result(f"project: {project} (nothing was changed)")


def counted(number: int, noun: str) -> str:
    """Return the number with its noun: "1 photo", "2 photos"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
