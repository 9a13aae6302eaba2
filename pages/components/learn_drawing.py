"""The network as a drawing: stages that shrink and deepen, blocks with their skip connections, one block inside."""

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pages.components.charts import Ink, faint
from pages.components.wording import counted

if TYPE_CHECKING:
    from core.models.summary import LayerRow, StageInfo

_Words = tuple[float, float, str, str, int]
"""A text of a drawing: its middle's x and y, the words, the color, the size in pixels."""

_SAID = {
    "stem": "a 7 × 7 convolution and a max pooling, each halving the picture",
    "head": "average over all places, then one number for each class",
}


def skips_of(rows: "Sequence[LayerRow]") -> dict[str, bool]:
    """Each residual block by name, in order; True where its skip is a projection, False where x goes through as it is.

    Read from the sums: the second input of a block's sum is where its skip comes from.
    """
    return {
        row.name.removesuffix(".add"): any("downsample" in source for source in row.connected_to)
        for row in rows
        if row.type == "Add"
    }


def network(stages: "Sequence[StageInfo]", rows: "Sequence[LayerRow]", colors: Ink) -> str:
    """One line a stage: its feature maps as a slab, its blocks with their skips, its numbers."""
    skips = skips_of(rows)
    lines = []
    for stage in stages:
        own = [projected for name, projected in skips.items() if name.split(".")[0] == stage.name]
        said = _SAID.get(stage.name) or f"{counted(stage.blocks, stage.kind + ' block')}"
        shape = " × ".join(map(str, stage.output_shape)) + (" numbers" if len(stage.output_shape) == 1 else "")
        lines.append(
            f"<div style='display:flex;gap:14px;align-items:center;padding:7px 0;border-top:1px solid {colors.grid}'>"
            f"<div style='flex:0 0 92px'>{_slab(stage.output_shape, colors)}</div>"
            "<div style='flex:1 1 auto;min-width:0'>"
            f"<div style='font-size:.9rem;line-height:1.35'><b>{stage.name}</b> "
            f"<span style='color:{colors.quiet}'>{said} · {shape} · {stage.parameters:,} parameters</span></div>"
            f"{_blocks(own, colors) if own else ''}</div></div>"
        )
    told = ", ".join(f"{stage.name}: {stage.blocks} blocks" for stage in stages if stage.blocks)
    return f"<div role='img' aria-label='The network from the picture to the classes. {told}'>{''.join(lines)}</div>"


def idea(colors: Ink) -> str:
    """The residual block in one small drawing: x goes through F, and around it, and both are added."""
    shapes = (
        _line(22, 70, 300, 70, colors.quiet)
        + _around(48, 228, 18, 70, colors.accent)
        + _box(84, 46, 92, 48, colors, faint(colors.accent, 0.2))
        + _ring(228, 70, colors, colors.accent)
    )
    words = (
        (130, 70, "F(x)", colors.text, 17),
        (228, 69, "+", colors.text, 20),
        (12, 70, "x", colors.text, 17),
        (312, 70, "y", colors.text, 17),
        (138, 8, "x", colors.accent, 15),
    )
    return _sheet(326, 104, shapes, words, "x goes through F, and around it; both are added to y")


def legend(colors: Ink) -> str:
    """What the two kinds of arcs mean."""
    return (
        f"<div style='font-size:.85rem;color:{colors.quiet};display:flex;gap:18px;flex-wrap:wrap'>"
        f"<span>{_sample_arc(colors.accent, False)} x goes through as it is</span>"
        f"<span>{_sample_arc(colors.second, True)} x is projected: other channels, half the size</span></div>"
    )


def inside(rows: "Sequence[LayerRow]", block: str, colors: Ink) -> str:
    """One block's layers in a row, with its skip around them."""
    own = [row for row in rows if row.name.startswith(f"{block}.")]
    main = [row for row in own if "downsample" not in row.name and row.type != "Add"]
    total = next(row for row in own if row.type == "Add")
    projected = [row for row in own if "downsample" in row.name]
    chain = [*main[:-1], total, main[-1]]  # the last ReLU comes after the sum
    step, top, middle = 82, 26, 74
    width = 44 + step * len(chain)
    add_at = 44 + step * chain.index(total) + 33
    color = colors.second if projected else colors.accent
    shapes = [_line(16, middle, width - 6, middle, colors.quiet)]
    shapes.append(_around(24, add_at, top, middle, color, dashed=bool(projected)))
    said = f"projection: {_words(projected[0], rows)[0]}, BatchNorm" if projected else "x as it is"
    words: list[_Words] = [((24 + add_at) / 2, 11, said, color, 13), (8, middle, "x", colors.text, 15)]
    for place, row in enumerate(chain):
        left = 44 + step * place
        if row is total:
            shapes.append(_ring(add_at, middle, colors, color))
            words.append((add_at, middle - 1, "+", colors.text, 20))
            continue
        first, second = _words(row, rows)
        fill = faint(colors.accent, 0.2) if row.type == "Conv2d" else faint(colors.quiet, 0.16)
        shapes.append(_box(left - 4, middle - 24, 74, 48, colors, fill))
        words += [(left + 33, middle - 9, first, colors.text, 12), (left + 33, middle + 10, second, colors.quiet, 11)]
    return _sheet(width, 104, "".join(shapes), words, f"The block {block}: {len(chain)} steps, and a skip around them")


def _words(row: "LayerRow", rows: "Sequence[LayerRow]") -> tuple[str, str]:
    """Two short lines for a layer: what it is, and what comes out."""
    shape = "×".join(map(str, row.output_shape))
    if row.type != "Conv2d":
        return row.type.removesuffix("2d"), shape
    before = next((one.output_shape[0] for one in rows if one.name == row.connected_to[0]), 3)
    side = round((row.parameters / (before * row.output_shape[0])) ** 0.5)
    return f"Conv {side}×{side}", shape


def _blocks(projected: Sequence[bool], colors: Ink) -> str:
    unit, count = max(20, min(64, 720 // len(projected))), len(projected)
    width, middle = unit * count + 24, 34
    parts = [_line(0, middle, width, middle, colors.quiet)]
    for place, through_projection in enumerate(projected):
        left = 8 + place * unit
        start, end = left, left + unit
        color = colors.second if through_projection else colors.accent
        dash = "stroke-dasharray='4 3'" if through_projection else ""
        parts.append(
            f"<path d='M{start} {middle} C{start + 2} 2,{end - 2} 2,{end} {middle - 3}' fill='none' stroke='{color}' "
            f"stroke-width='2' {dash}/>"
            f"<rect x='{left + unit * 0.2:.1f}' y='{middle - 9}' width='{unit * 0.6:.1f}' height='18' rx='4' "
            f"fill='{colors.paper}'/><rect x='{left + unit * 0.2:.1f}' y='{middle - 9}' width='{unit * 0.6:.1f}' "
            f"height='18' rx='4' fill='{faint(colors.accent, 0.3)}'/>"
            f"<circle cx='{end}' cy='{middle}' r='3.5' fill='{color}'/>"
        )
    return _picture(width, 48, "".join(parts), "width:100%;max-width:{width}px")


def _slab(shape: Sequence[int], colors: Ink) -> str:
    """Feature maps as a slab: its face is the picture's size, its depth the number of channels."""
    if len(shape) == 1:
        side, depth = 6.0, min(40.0, 4 + shape[0] / 40)
    else:
        side, depth = 8 + 36 * min(1.0, shape[1] / 56), 3 + 30 * min(1.0, shape[0] / 2048) ** 0.5
    x, y, slant = 2.0, 58 - side - 2, depth * 0.45
    x2, y2 = x + side, y + side
    roof = f"M{x} {y} L{x + depth} {y - slant} L{x2 + depth} {y - slant} L{x2} {y} Z"
    wall = f"M{x2} {y} L{x2 + depth} {y - slant} L{x2 + depth} {y2 - slant} L{x2} {y2} Z"
    parts = (
        f"<rect x='{x}' y='{y}' width='{side}' height='{side}' fill='{faint(colors.accent, 0.55)}'/>"
        f"<path d='{roof}' fill='{faint(colors.accent, 0.3)}'/><path d='{wall}' fill='{faint(colors.accent, 0.75)}'/>"
    )
    return _picture(92, 60, parts)


def _sample_arc(color: str, dashed: bool) -> str:
    dash = "stroke-dasharray='4 3'" if dashed else ""
    arc = f"<path d='M2 13 C4 1,26 1,28 13' fill='none' stroke='{color}' stroke-width='2' {dash}/>"
    return _picture(30, 14, arc, "display:inline;vertical-align:middle")


def _line(x1: float, y1: float, x2: float, y2: float, color: str) -> str:
    return f"<line x1='{x1}' y1='{y1}' x2='{x2}' y2='{y2}' stroke='{color}' stroke-width='1.5'/>"


def _box(x: float, y: float, width: float, height: float, colors: Ink, fill: str) -> str:
    """A rounded box that hides the line behind it."""
    shape = f"<rect x='{x}' y='{y}' width='{width}' height='{height}' rx='8' fill="
    return f"{shape}'{colors.paper}'/>{shape}'{fill}'/>"


def _ring(x: float, y: float, colors: Ink, color: str) -> str:
    return f"<circle cx='{x}' cy='{y}' r='15' fill='{colors.paper}' stroke='{color}' stroke-width='2.5'/>"


def _around(start: float, end: float, top: float, middle: float, color: str, dashed: bool = False) -> str:
    """A skip: up, across, and down into the ring of the sum."""
    dash = "stroke-dasharray='5 4'" if dashed else ""
    path = f"M{start} {middle} V{top + 14} Q{start} {top},{start + 14} {top} H{end - 14} Q{end} {top},{end} {top + 14} "
    return f"<path d='{path}V{middle - 15}' fill='none' stroke='{color}' stroke-width='2.5' {dash}/>"


def _sheet(width: int, height: int, shapes: str, words: "Sequence[_Words]", told: str) -> str:
    """A drawing that keeps its size and scrolls sideways on a small screen; its words are text in the page's font."""
    texts = "".join(
        f"<div style='position:absolute;left:{x:.0f}px;top:{y:.0f}px;transform:translate(-50%,-50%);color:{color};"
        f"font-size:{size}px;line-height:1;white-space:nowrap'>{text}</div>"
        for x, y, text, color, size in words
    )
    picture = _picture(width, height, shapes, "max-width:none", told)
    return (
        f"<div tabindex='0' style='overflow-x:auto'><div style='position:relative;width:{width}px;height:{height}px'>"
        f"{picture}{texts}</div></div>"
    )


def _picture(width: int, height: int, parts: str, style: str = "", told: str = "") -> str:
    """An SVG as an image: Streamlit takes SVG elements out of HTML."""
    size = f"viewBox='0 0 {width} {height}' width='{width}' height='{height}'"
    drawing = f"<svg xmlns='http://www.w3.org/2000/svg' {size}>{parts}</svg>"
    data = base64.b64encode(drawing.encode()).decode()
    return (
        f"<img src='data:image/svg+xml;base64,{data}' width='{width}' height='{height}' alt='{told}' "
        f"style='display:block;height:auto;border-radius:0;{style.format(width=width)}'>"
    )
