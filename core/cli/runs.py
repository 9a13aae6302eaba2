"""The commands about runs: a table of all runs with their notes, and the report of one."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.console import Json, ProgressDisplay, print_json, print_result, print_table
from core.cli.outputs import require_empty, whole_file
from core.errors import RunError

if TYPE_CHECKING:
    from core.runs.table import RunRow

# The column sweep is left out where no run belongs to one.
_HEADER = ("run", "project", "name", "state", "created", "trained", "note", "epochs", "validation", "photos")
_FIGURES = {"accuracy": "{:.1%} accuracy", "mean_iou": "{:.3f} mean IoU"}


def runs(
    run: Annotated[
        str | None, typer.Argument(metavar="[RUN]", help="Only this run: a run id in the workspace, or a run folder.")
    ] = None,
    project: Annotated[str | None, typer.Option(help="Only the runs of the project with this name.")] = None,
    sweep: Annotated[str | None, typer.Option(help="Only the runs of the sweep with this id.")] = None,
    note: Annotated[str | None, typer.Option(help="Replace the note of RUN; an empty text removes it.")] = None,
    json: Json = False,
) -> None:
    """List all runs of the workspace, newest first, each with its state, its best figure and its note."""
    from core.runs.folder import open_run
    from core.runs.table import row_of, run_rows, write_note
    from core.workspace import open_workspace

    workspace = open_workspace()
    if run is None:
        if note is not None:
            raise typer.BadParameter("--note needs a RUN. Name the run that the note is about.")
        rows = run_rows(workspace)
    else:
        found = open_run(run, workspace)
        if note is not None:
            write_note(found, note)
        rows = [row_of(found)]
    if project is not None:
        rows = [row for row in rows if row.project == project]
        if not rows:
            raise RunError(f"No run belongs to a project called {project!r}. Run this command without --project.")
    if sweep is not None:
        rows = [row for row in rows if row.sweep == sweep]
        if not rows:
            raise RunError(f"No run belongs to a sweep {sweep!r}. List the sweeps with python -m core sweep.")
    if json:
        print_json([{**asdict(row), "created": row.created.isoformat(), "recipe": row.recipe} for row in rows])
    elif rows:
        swept = any(row.sweep for row in rows)
        header = (*_HEADER[:3], "sweep", *_HEADER[3:]) if swept else _HEADER
        print_table(header, [_cells(row, swept) for row in rows], texts=7 + swept)
    else:
        print_result("There are no runs in this workspace yet.")


def report(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run folder, or a run id in the workspace.")],
    out: Annotated[Path, typer.Option(help="The HTML file to write.")],
    heatmaps: Annotated[
        bool, typer.Option(help="Add heatmaps of a few mistakes. For these, the model is loaded.")
    ] = True,
    json: Json = False,
) -> None:
    """Write a run's report as one HTML page: printable, with its photos and charts inside, no internet needed."""
    from core.export.report_page.write_report import write_report
    from core.runs.folder import open_run
    from core.workspace import open_workspace

    require_empty(out, "the report")
    workspace = open_workspace()
    found = open_run(run, workspace)
    with ProgressDisplay() as display, whole_file(out) as part:
        size = write_report(
            found,
            workspace,
            part,
            with_heatmaps=heatmaps,
            progress=lambda one: display.show(one.phase, one.done, one.total),
        )
    if json:
        print_json({"run": found.id, "report": str(out), "bytes": size})
    else:
        print_result(f"{out}: the report of {found.id}, {size / 1e6:.1f} MB")


def _cells(row: "RunRow", swept: bool) -> list[str]:
    figure = _FIGURES[row.figure].format(row.value) if row.figure and row.value is not None else ""
    texts = [row.id, row.project or "", row.title, *([row.sweep or ""] if swept else []), row.state]
    texts += [f"{row.created.astimezone():%Y-%m-%d %H:%M}", row.recipe]
    total = f" of {row.epochs}" if row.epochs else ""
    epochs = f"{row.epochs_done} iterations" if row.solved else f"{row.epochs_done}{total}"
    numbers = [epochs, figure, str(row.n) if figure else ""]
    return [*map(_one_line, texts), _one_line(row.note), *numbers]


def _one_line(text: str) -> str:
    """Return a text without line breaks, and without characters that control the terminal."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in " ".join(text.split()))
