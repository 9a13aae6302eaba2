"""A network's layers as a table: drawn by rich in a terminal, plain columns elsewhere."""

import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from core.cli.console import answer, answer_table

if TYPE_CHECKING:
    from core.models.summary import LayerRow, Summary

_HEADER = ("layer", "type", "output", "parameters", "mult-adds", "field", "memory", "connected to")
_TEXTS = ("layer", "type", "connected to")


def show_summary(summary: "Summary") -> None:
    """The table, and the numbers in all."""
    rows = [_cells(row) for row in summary.rows]
    if sys.stdout.isatty():
        table = Table(title=f"{summary.arch}, {summary.classes:,} classes, {summary.size} x {summary.size} pixels")
        for name in _HEADER:
            table.add_column(name, justify="left" if name in _TEXTS else "right", overflow="fold")
        for row in rows:
            table.add_row(*row)
        Console().print(table)
    else:
        width = max(len(row[-1]) for row in rows)
        answer_table([*_HEADER[:-1], _HEADER[-1].ljust(width)], [[*row[:-1], row[-1].ljust(width)] for row in rows], 2)
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


def _cells(row: "LayerRow") -> list[str]:
    return [
        row.name,
        row.type,
        " x ".join(map(str, row.output_shape)),
        f"{row.parameters:,}",
        _short(row.multiply_adds),
        f"{row.receptive_field:,}",
        _short(row.memory) + "B" if row.memory else "0",
        ", ".join(row.connected_to),
    ]


def _short(number: int) -> str:
    """Three digits and their unit: 118M."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return str(number)
