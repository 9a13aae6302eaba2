"""Show feature maps as small pictures: a row per step, a column per channel, one colour for each sign."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pages.components.learn.picture_row import data_url, signed_colors
from pages.components.shared.charts import Palette

if TYPE_CHECKING:
    from core.lessons.block_maps import BlockMaps, FeatureMaps

_CELL = 72  # smallest width of a feature map on screen, in pixels


@dataclass(frozen=True)
class MapRow:
    """A row of the grid: its name, a note, and a feature map per column."""

    name: str
    note: str
    maps: "FeatureMaps"


def rows_of(block: "BlockMaps", kind: str) -> tuple[MapRow | None, list[MapRow]]:
    """Return the row of the input if its channels differ from the output's, and the rows of the addition."""
    names = {"projection": ("W_s x", "x, projected"), "pooled": ("P(x)", "x, every second pixel")}
    rows = []
    if block.around is not None:
        name, note = names.get(kind, ("x", "input, skipped ahead"))
        rows.append(MapRow(name, note, block.around))
    first = MapRow("x", "input", block.incoming) if kind in ("projection", "none") else None
    rows += [MapRow("F(x)", "residual, added" if block.around is not None else "nothing is added", block.added)]
    rows += [MapRow("y", "output", block.out)]
    return first, rows


def grid(rows: Sequence[MapRow], colors: Palette) -> str:
    """Return rows of the same channels. Each column has one colour scale, so that its rows can be compared."""
    channels = rows[0].maps.channels
    scales = [max(float(np.abs(row.maps.values[place]).max()) for row in rows) for place in range(len(channels))]
    cells = ["<div></div>", *(_head(f"channel {channel}", colors) for channel in channels)]
    for row in rows:
        cells.append(
            f"<div style='align-self:center;line-height:1.2'><b>{_subscripted(row.name)}</b><br>"
            f"<span style='font-size:.78rem;color:{colors.quiet}'>{row.note}</span></div>"
        )
        for place, channel in enumerate(channels):
            source = data_url(signed_colors(row.maps.values[place], scales[place], colors))
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


def _head(text: str, colors: Palette) -> str:
    return f"<div style='font-size:.75rem;color:{colors.quiet};text-align:center;white-space:nowrap'>{text}</div>"


def _subscripted(name: str) -> str:
    letter, bar, rest = name.partition("_")
    return f"{letter}<sub>{rest[:1]}</sub>{rest[1:]}" if bar else name
