"""Output of the commands: results on standard output, progress and messages on standard error."""

import os
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from core.cli.ending.json_result import RESULT
from core.progress import CountCallback

if TYPE_CHECKING:
    from core.data.tables.labels_csv import Problem

Json = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Print the result as JSON, for programs. An error too: error, questions (with their choices), problems.",
    ),
]

_LINE_SECONDS = 10.0
_SHOWN_WITHOUT_LINE = 10


def process_rank() -> int:
    """Return this process's rank under ``accelerate launch`` or ``torchrun``; 0 for the first or only process."""
    return int(os.environ.get("RANK", "0")) if int(os.environ.get("WORLD_SIZE", "1")) > 1 else 0


def first_process() -> bool:
    """Return whether this process prints and writes files; the others only compute."""
    return process_rank() == 0


def print_result(text: str) -> None:
    """Print a line of the result to standard output."""
    typer.echo(text)


def print_json(value: Any) -> None:
    """Print the result as JSON to standard output when the command ends."""
    RESULT.hold(value)


def print_message(text: str) -> None:
    """Print a line about problems or progress to standard error."""
    typer.echo(text, err=True)


def print_problems(problems: "Sequence[Problem]") -> None:
    """Print all problems with a line number, and the first of those without: there may be hundreds of one kind.

    With --json, an error that follows lists them all.
    """
    RESULT.note(problems)
    elsewhere = [problem for problem in problems if problem.line is None]
    for problem in [one for one in problems if one.line is not None] + elsewhere[:_SHOWN_WITHOUT_LINE]:
        print_message(str(problem))
    if len(elsewhere) > _SHOWN_WITHOUT_LINE:
        print_message(
            f"... and {len(elsewhere) - _SHOWN_WITHOUT_LINE:,} more without a line number ({len(problems):,} in total)"
        )


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]], texts: int = 1) -> None:
    """Print a table: the first ``texts`` columns left-aligned, the numbers after them right-aligned."""
    table = [list(header), *(list(row) for row in rows)]
    widths = [max(cell_len(row[column]) for row in table) for column in range(len(header))]
    for row in table:
        cells = []
        for column, (cell, width) in enumerate(zip(row, widths, strict=True)):
            gap = " " * (width - cell_len(cell))
            cells.append(cell + gap if column < texts else gap + cell)
        print_result("  ".join(cells).rstrip())


class ProgressDisplay:
    """Shows progress on standard error: a bar in a terminal, otherwise a line from time to time."""

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._terminal = sys.stderr.isatty()
        self._bar: Progress | None = None
        self._what = ""
        self._printed_at = time.monotonic()

    def __enter__(self) -> "ProgressDisplay":
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def show(self, what: str, done: float = 0, total: float | None = None, unit: str = "", note: str = "") -> None:
        """Show how much is done; ``total`` is None if unknown."""
        if self._quiet:
            return
        counted = f"{done:,.0f} of {total:,.0f}{unit}" if total else f"{done:,.0f}{unit}" if done else ""
        if self._terminal:
            self._draw(what, done, total, f"{counted}  {note}".strip())
        elif (total is None and not done and what != self._what) or time.monotonic() - self._printed_at > _LINE_SECONDS:
            # Work of unknown length, such as waiting in the queue, is announced immediately.
            print_message(f"{what}: {counted}" if counted else what)
            self._printed_at = time.monotonic()
        self._what = what

    def show_bytes(self, what: str, done: int, total: int | None) -> None:
        """Show the progress of a download."""
        self.show(what, done / 1e6, total / 1e6 if total else None, " MB")

    def counter(self, what: str) -> CountCallback:
        """Return a progress function of (done, total)."""
        return lambda done, total: self.show(what, done, total)

    def clear(self) -> None:
        """Remove the bar, so that a line can be printed; the next ``show`` draws it again."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _draw(self, what: str, done: float, total: float | None, text: str) -> None:
        if self._bar is None or what != self._what:
            self.clear()
            self._bar = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TextColumn("{task.fields[text]}", markup=False),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
                # Results stay on standard output, even while a bar is drawn.
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._bar.add_task(what, total=total, text=text)
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=done, total=total, text=text)
