"""Feature maps as small pictures: a row a step, a column a channel, one color above zero and another below."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pages.components.learn.picture_row import address, signed
from pages.components.shared.charts import Ink

if TYPE_CHECKING:
    from core.lessons.block_maps import BlockMaps, Maps

_CELL = 72  # pixels that a map has at least on the screen


@dataclass(frozen=True)
class MapRow:
    """One row of the grid: its name, what it is, and a map a column."""

    name: str
    note: str
    maps: "Maps"


def rows_of(block: "BlockMaps", kind: str) -> tuple[MapRow | None, list[MapRow]]:
    """What comes in, where its channels are others than those of the sum; and the sum, row by row."""
    names = {"projection": ("W_s x", "x, projected"), "pooled": ("P(x)", "x, every second place")}
    rows = []
    if block.around is not None:
        name, note = names.get(kind, ("x", "comes in, and goes past"))
        rows.append(MapRow(name, note, block.around))
    first = MapRow("x", "comes in", block.incoming) if kind in ("projection", "none") else None
    rows += [MapRow("F(x)", "is added" if block.around is not None else "is all there is", block.added)]
    rows += [MapRow("y", "comes out", block.out)]
    return first, rows


def grid(rows: Sequence[MapRow], colors: Ink) -> str:
    """Rows of the same channels. A column has one scale, so that its maps can be compared from row to row."""
    channels = rows[0].maps.channels
    scales = [max(float(np.abs(row.maps.values[place]).max()) for row in rows) for place in range(len(channels))]
    cells = ["<div></div>", *(_head(f"channel {channel}", colors) for channel in channels)]
    for row in rows:
        cells.append(
            f"<div style='align-self:center;line-height:1.2'><b>{_subscripted(row.name)}</b><br>"
            f"<span style='font-size:.78rem;color:{colors.quiet}'>{row.note}</span></div>"
        )
        for place, channel in enumerate(channels):
            source = address(signed(row.maps.values[place], scales[place], colors))
            cells.append(
                f"<img src='{source}' alt='{row.name}, channel {channel}' style='width:100%;aspect-ratio:1;"
                f"image-rendering:pixelated;border-radius:4px;outline:1px solid {colors.grid}'>"
            )
    columns = f"88px repeat({len(channels)}, minmax({_CELL}px, 1fr))"
    return (
        "<div tabindex='0' style='overflow-x:auto'><div style='display:grid;gap:6px;"
        f"grid-template-columns:{columns};min-width:{88 + len(channels) * (_CELL + 6)}px;padding:2px'>"
        f"{''.join(cells)}</div></div>"
    )


def _head(text: str, colors: Ink) -> str:
    return f"<div style='font-size:.75rem;color:{colors.quiet};text-align:center;white-space:nowrap'>{text}</div>"


def _subscripted(name: str) -> str:
    letter, bar, rest = name.partition("_")
    return f"{letter}<sub>{rest[:1]}</sub>{rest[1:]}" if bar else name
