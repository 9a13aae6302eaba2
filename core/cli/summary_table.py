"""A network's layers as a table: drawn by rich in a terminal, plain columns elsewhere."""

import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from core.cli.console import answer, answer_table

if TYPE_CHECKING:
    from core.models.summary import LayerRow, Summary

_HEADER = ("layer", "type", "output", "params", "mult-adds", "field", "memory", "connected to")
_TEXTS = ("layer", "type", "connected to")
_COSTS = ("mult-adds", "field", "memory")
"""What is left out where the terminal is too narrow for all columns."""
_GAP = 2


def show_summary(summary: "Summary", terminal: Console | None = None) -> None:
    """The table, and the numbers in all; drawn for the terminal, or for standard output where that is one."""
    if terminal is None and sys.stdout.isatty():
        terminal = Console()
    narrow = False
    if terminal is not None:
        table = _drawn(summary, terminal.width)
        narrow = len(table.columns) < len(_HEADER)
        terminal.print(table)
    else:
        rows = [_cells(row) for row in summary.rows]
        width = max(len(row[-1]) for row in rows)
        answer_table([*_HEADER[:-1], _HEADER[-1].ljust(width)], [[*row[:-1], row[-1].ljust(width)] for row in rows], 2)
    if narrow:
        answer("A wider terminal, or --json, shows multiply-adds, receptive field and memory of each layer too.")
    else:
        answer("* the field of the windows, and the whole picture besides, through a mean over all places")
    answer("")
    if summary.arch.startswith("keras-"):
        # Keras's own lines.
        answer(f"Total params: {summary.total:,}")
        answer(f"Trainable params: {summary.trainable:,}")
        answer(f"Non-trainable params: {summary.non_trainable:,}")
    else:
        answer(
            f"{summary.total:,} parameters, {summary.trainable:,} of them trained by gradients; "
            f"beside them {summary.statistics:,} running statistics"
        )
    answer(
        f"{summary.multiply_adds / 1e9:.2f} billion multiply-adds and {summary.memory / 1e6:.1f} MB of feature maps "
        "for one picture"
    )


def summary_json(summary: "Summary") -> dict[str, object]:
    """The same for a program."""
    layers = [
        {
            "name": row.name,
            "type": row.type,
            "output_shape": list(row.output_shape),
            "parameters": row.parameters,
            "connected_to": row.connected_to,
            "kernel": row.kernel,
            "multiply_adds": row.multiply_adds,
            "receptive_field": row.receptive_field,
            "whole_picture": row.whole_picture,
            "memory_bytes": row.memory,
        }
        for row in summary.rows
    ]
    return {
        "arch": summary.arch,
        "classes": summary.classes,
        "input": summary.size,
        "layers": layers,
        "parameters": {
            "total": summary.total,
            "trainable": summary.trainable,
            "non_trainable": summary.non_trainable,
            "statistics": summary.statistics,
        },
        "multiply_adds": summary.multiply_adds,
        "memory_bytes": summary.memory,
    }


def _drawn(summary: "Summary", width: int) -> Table:
    """The table of rich: all columns where they fit, else those that Keras prints, in shorter words."""
    rows = [dict(zip(_HEADER, _cells(row), strict=True)) for row in summary.rows]
    # Where two layers go in, the second stands below the first if need be.
    widths = {
        name: max(
            len(part)
            for row in rows
            for part in ([name, *row[name].split()] if name == _HEADER[-1] else [name, row[name]])
        )
        for name in _HEADER
    }
    if sum(widths.values()) + _GAP * (len(_HEADER) - 1) > width:
        rows = [{name: _briefly(cell) for name, cell in row.items() if name not in _COSTS} for row in rows]
    title = f"{summary.arch}, {summary.classes:,} classes, {summary.size} x {summary.size} pixels"
    table = Table(title=title, title_justify="left", box=None, padding=(0, _GAP, 0, 0), pad_edge=False)
    for name in rows[0]:
        last = name == _HEADER[-1]
        table.add_column(
            name,
            justify="left" if name in _TEXTS else "right",
            no_wrap=not last,
            overflow="fold" if last else "ellipsis",
        )
    for row in rows:
        table.add_row(*row.values())
    return table


def _briefly(cell: str) -> str:
    return cell.replace(" x ", "x").removeprefix("Adaptive")


def _cells(row: "LayerRow") -> list[str]:
    return [
        row.name,
        row.type,
        " x ".join(map(str, row.output_shape)),
        f"{row.parameters:,}",
        _short(row.multiply_adds),
        f"{row.receptive_field:,}{'*' if row.whole_picture else ' '}",
        _short(row.memory) + "B" if row.memory else "0",
        ", ".join(row.connected_to),
    ]


def _short(number: int) -> str:
    """Three digits and their unit: 118M."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return str(number)
