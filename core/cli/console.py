"""What the commands say: answers on standard output, progress and remarks on standard error."""

import json
import os
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from core.data.tables.labels_csv import Problem

Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON, for programs.")]

_LINE_SECONDS = 10.0
_UNNUMBERED = 10


def process_rank() -> int:
    """Which of the processes of ``accelerate launch`` or ``torchrun`` this is; 0 for the first and for a single one."""
    return int(os.environ.get("RANK", "0")) if int(os.environ.get("WORLD_SIZE", "1")) > 1 else 0


def first_process() -> bool:
    """Whether this process speaks and writes; the others compute."""
    return process_rank() == 0


def answer(text: str) -> None:
    """A line of what was asked for."""
    typer.echo(text)


def answer_json(value: Any) -> None:
    """What was asked for, for a program."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def remark(text: str) -> None:
    """A line about how it goes."""
    typer.echo(text, err=True)


def remark_problems(problems: "Sequence[Problem]") -> None:
    """All problems that have a line number, and the first of those that have none: often hundreds of one kind."""
    elsewhere = [problem for problem in problems if problem.line is None]
    for problem in [one for one in problems if one.line is not None] + elsewhere[:_UNNUMBERED]:
        remark(str(problem))
    if len(elsewhere) > _UNNUMBERED:
        remark(f"... and {len(elsewhere) - _UNNUMBERED:,} more without a line number, of {len(problems):,} in all")


def answer_table(header: Sequence[str], rows: Sequence[Sequence[str]], texts: int = 1) -> None:
    """Columns: the first ``texts`` of them at the left, the numbers after them at the right."""
    table = [list(header), *(list(row) for row in rows)]
    widths = [max(cell_len(row[column]) for row in table) for column in range(len(header))]
    for row in table:
        cells = []
        for column, (cell, width) in enumerate(zip(row, widths, strict=True)):
            gap = " " * (width - cell_len(cell))
            cells.append(cell + gap if column < texts else gap + cell)
        answer("  ".join(cells).rstrip())


class Meter:
    """Progress on standard error: a bar in a terminal, now and then a line elsewhere. A context that cleans up."""

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._terminal = sys.stderr.isatty()
        self._bar: Progress | None = None
        self._what = ""
        self._said = time.monotonic()

    def __enter__(self) -> "Meter":
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def show(self, what: str, done: float = 0, total: float | None = None, unit: str = "", note: str = "") -> None:
        """How far something is; ``total`` None where nobody knows."""
        if self._quiet:
            return
        counted = f"{done:,.0f} of {total:,.0f}{unit}" if total else f"{done:,.0f}{unit}" if done else ""
        if self._terminal:
            self._draw(what, done, total, f"{counted}  {note}".strip())
        elif (total is None and not done and what != self._what) or time.monotonic() - self._said > _LINE_SECONDS:
            # What nobody knows the length of, a wait above all, is said at once.
            remark(f"{what}: {counted}" if counted else what)
            self._said = time.monotonic()
        self._what = what

    def show_bytes(self, what: str, done: int, total: int | None) -> None:
        """How much of a download is there."""
        self.show(what, done / 1e6, total / 1e6 if total else None, " MB")

    def counting(self, what: str) -> "Counter":
        """A progress function for what is counted from 0 to a total."""
        return Counter(self, what)

    def clear(self) -> None:
        """Takes the bar away, so that a line can be printed; the next ``show`` draws it again."""
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
                # Answers on standard output stay there, even while a bar is drawn.
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._bar.add_task(what, total=total, text=text)
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=done, total=total, text=text)


class Counter:
    """Tells a meter (done, total), as core's progress functions are called."""

    def __init__(self, meter: Meter, what: str) -> None:
        self._meter = meter
        self._what = what

    def __call__(self, done: int, total: int) -> None:
        self._meter.show(self._what, done, total)
