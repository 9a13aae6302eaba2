"""A table of a network's layers: drawn by rich in a terminal, otherwise plain columns."""

import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from core.cli.console import print_result, print_table

if TYPE_CHECKING:
    from core.models.summary import LayerRow, Summary

_HEADER = ("layer", "type", "output", "params", "mult-adds", "field", "memory", "connected to")
_TEXTS = ("layer", "type", "connected to")
_COSTS = ("mult-adds", "field", "memory")
"""Columns that are omitted if the terminal is too narrow."""
_GAP = 2


def show_summary(summary: "Summary", terminal: Console | None = None) -> None:
    """Print the table and the totals; drawn for ``terminal``, or for standard output if that is a terminal."""
    if terminal is None and sys.stdout.isatty():
        terminal = Console()
    narrow = False
    if terminal is not None:
        table = _rich_table(summary, terminal.width)
        narrow = len(table.columns) < len(_HEADER)
        terminal.print(table)
    else:
        rows = [_cells(row) for row in summary.rows]
        width = max(len(row[-1]) for row in rows)
        print_table([*_HEADER[:-1], _HEADER[-1].ljust(width)], [[*row[:-1], row[-1].ljust(width)] for row in rows], 2)
    if narrow:
        print_result("A wider terminal, or --json, shows multiply-adds, receptive field and memory of each layer too.")
    else:
        print_result(
            "* beyond this receptive field, the layer also sees the whole image, through an average over all positions"
        )
    print_result("")
    if summary.arch.startswith("keras-"):
        # The same lines as in Keras.
        print_result(f"Total params: {summary.total:,}")
        print_result(f"Trainable params: {summary.trainable:,}")
        print_result(f"Non-trainable params: {summary.non_trainable:,}")
    else:
        print_result(
            f"{summary.total:,} parameters, {summary.trainable:,} of them trainable; "
            f"{summary.statistics:,} running statistics in addition"
        )
    print_result(
        f"{summary.multiply_adds / 1e9:.2f} billion multiply-adds and {summary.memory / 1e6:.1f} MB of feature maps "
        "for one image"
    )


def summary_json(summary: "Summary") -> dict[str, object]:
    """Return the summary as a dict for JSON."""
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


def _rich_table(summary: "Summary", width: int) -> Table:
    """Return rich's table with all columns if they fit, otherwise only those that Keras prints."""
    rows = [dict(zip(_HEADER, _cells(row), strict=True)) for row in summary.rows]
    # With two inputs, the second may be placed below the first.
    widths = {
        name: max(
            len(part)
            for row in rows
            for part in ([name, *row[name].split()] if name == _HEADER[-1] else [name, row[name]])
        )
        for name in _HEADER
    }
    if sum(widths.values()) + _GAP * (len(_HEADER) - 1) > width:
        rows = [{name: _shortened(cell) for name, cell in row.items() if name not in _COSTS} for row in rows]
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


def _shortened(cell: str) -> str:
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
    """Return three digits and a unit, such as 118M."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return str(number)
