"""Draw a network: its stages with their feature maps, its blocks with their skip connections."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pages.components.learn.block_parts import DASHES, BlockParts, SkipKind, groups_of, split_blocks
from pages.components.learn.svg_shapes import box, dashed, drawing, line, picture, ring, skip_arc
from pages.components.shared.charts import Palette, rgba
from pages.components.shared.wording import counted

if TYPE_CHECKING:
    from core.models.summary import StageInfo, Summary

_ARCS: dict[SkipKind, str] = {
    "identity": "identity: x is added unchanged",
    "projection": "projection: x gets the new shape",
    "pooled": "pooling: every second pixel of x is added",
    "none": "no skip connections",
}


def draw_network(summary: "Summary", stages: "Sequence[StageInfo]", colors: Palette) -> str:
    """Draw a line per stage: its feature maps as a slab, its blocks with skip connections, its numbers."""
    blocks = split_blocks(summary.rows)
    lines = []
    for stage in stages:
        own = [parts for name, parts in blocks.items() if name.split(".")[0] == stage.name]
        shape = " × ".join(map(str, stage.output_shape)) + (" values" if len(stage.output_shape) == 1 else "")
        lines.append(
            f"<div style='display:flex;gap:14px;align-items:center;padding:7px 0;border-top:1px solid {colors.grid}'>"
            f"<div style='flex:0 0 92px'>{_slab(stage.output_shape, colors)}</div>"
            "<div style='flex:1 1 auto;min-width:0'>"
            f"<div style='font-size:.9rem;line-height:1.35'><b>{stage.name}</b> "
            f"<span style='color:{colors.quiet}'>{_description(summary, stage, own)} · {shape} · "
            f"{stage.parameters:,} parameters</span></div>"
            f"{_blocks([parts.kind for parts in own], colors) if own else ''}</div></div>"
        )
    counts = ", ".join(f"{stage.name}: {stage.blocks} blocks" for stage in stages if stage.blocks)
    return f"<div role='img' aria-label='The network from the photo to the classes. {counts}'>{''.join(lines)}</div>"


def draw_residual_block(colors: Palette) -> str:
    """Draw a residual block: x passes through F and along the skip connection, and both are added."""
    shapes = (
        line(22, 70, 300, 70, colors.quiet)
        + skip_arc(48, 228, 18, 70, colors.accent)
        + box(84, 46, 92, 48, colors, rgba(colors.accent, 0.2))
        + ring(228, 70, colors, colors.accent)
    )
    labels = (
        (130, 70, "F(x)", colors.text, 17),
        (228, 69, "+", colors.text, 20),
        (12, 70, "x", colors.text, 17),
        (312, 70, "y", colors.text, 17),
        (138, 8, "x", colors.accent, 15),
    )
    return drawing(326, 104, shapes, labels, "x passes through F and along the skip connection; both are added to y")


def legend(kinds: Iterable[SkipKind], colors: Palette) -> str:
    """Return the legend of the arcs that occur in a drawing."""
    present = set(kinds)
    samples = "".join(
        f"<span>{_sample_arc(kind, colors) if kind != 'none' else ''} {meaning}</span>"
        for kind, meaning in _ARCS.items()
        if kind in present
    )
    style = f"font-size:.85rem;color:{colors.quiet};display:flex;gap:18px;flex-wrap:wrap"
    return f"<div style='{style}'>{samples}</div>"


def _description(summary: "Summary", stage: "StageInfo", own: "Sequence[BlockParts]") -> str:
    """Describe a stage in words, from its layers."""
    if stage.kind == "head":
        return "global average pooling, then a linear layer: one logit per class"
    if stage.kind == "stem":
        return _stem_words(summary, stage)
    if not own:
        return "not used"
    noun = "pre-activation block" if own[0].preactivation else f"{stage.kind} block"
    words = counted(stage.blocks, noun)
    groups = max(groups_of(row, own[0]) for row in own[0].branch if row.type == "Conv2d")
    if groups > 1:
        words += f" in {groups} groups"
    if own[0].squeeze:
        words += " with squeeze-and-excitation"
    if own[0].kind == "none":
        words += " without skip connections"
    if any(row.name == f"{stage.name}.norm" for row in summary.rows):
        words += ", then BatchNorm and ReLU"
    return words


def _stem_words(summary: "Summary", stage: "StageInfo") -> str:
    stem = [row for row in summary.rows if row.name == "conv1" or row.name.partition(".")[0] == "maxpool"]
    windows = [f"a {row.kernel} × {row.kernel} {_KERNELS[row.type]}" for row in stem if row.kernel]
    times = round(summary.size / stage.output_shape[1])
    if times == 1:
        return f"{' and '.join(windows)}, full resolution"
    return f"{' and '.join(windows)}, 1/{times} of the height and width"


_KERNELS = {"Conv2d": "convolution", "MaxPool2d": "max pooling"}


def _blocks(kinds: "Sequence[SkipKind]", colors: Palette) -> str:
    unit, count = max(20, min(64, 720 // len(kinds))), len(kinds)
    width, middle = unit * count + 24, 34
    parts = [line(0, middle, width, middle, colors.quiet)]
    for place, kind in enumerate(kinds):
        left = 8 + place * unit
        start, end = left, left + unit
        color = colors.second if kind == "projection" else colors.accent
        if kind != "none":
            arc = f"M{start} {middle} C{start + 2} 2,{end - 2} 2,{end} {middle - 3}"
            parts.append(f"<path d='{arc}' fill='none' stroke='{color}' stroke-width='2' {dashed(DASHES[kind])}/>")
        shape = f"<rect x='{left + unit * 0.2:.1f}' y='{middle - 9}' width='{unit * 0.6:.1f}' height='18' rx='4' fill="
        parts.append(f"{shape}'{colors.paper}'/>{shape}'{rgba(colors.accent, 0.3)}'/>")
        if kind != "none":
            parts.append(f"<circle cx='{end}' cy='{middle}' r='3.5' fill='{color}'/>")
    return picture(width, 48, "".join(parts), "width:100%;max-width:{width}px")


def _slab(shape: Sequence[int], colors: Palette) -> str:
    """Draw feature maps as a slab: its face is height and width, its depth the number of channels."""
    if len(shape) == 1:
        side, depth = 6.0, min(40.0, 4 + shape[0] / 40)
    else:
        side, depth = 8 + 36 * min(1.0, shape[1] / 56), 3 + 30 * min(1.0, shape[0] / 2048) ** 0.5
    x, y, slant = 2.0, 58 - side - 2, depth * 0.45
    x2, y2 = x + side, y + side
    roof = f"M{x} {y} L{x + depth} {y - slant} L{x2 + depth} {y - slant} L{x2} {y} Z"
    wall = f"M{x2} {y} L{x2 + depth} {y - slant} L{x2 + depth} {y2 - slant} L{x2} {y2} Z"
    parts = (
        f"<rect x='{x}' y='{y}' width='{side}' height='{side}' fill='{rgba(colors.accent, 0.55)}'/>"
        f"<path d='{roof}' fill='{rgba(colors.accent, 0.3)}'/><path d='{wall}' fill='{rgba(colors.accent, 0.75)}'/>"
    )
    return picture(92, 60, parts)


def _sample_arc(kind: SkipKind, colors: Palette) -> str:
    color = colors.second if kind == "projection" else colors.accent
    path = f"<path d='M2 13 C4 1,26 1,28 13' fill='none' stroke='{color}' stroke-width='2' {dashed(DASHES[kind])}/>"
    return picture(30, 14, path, "display:inline;vertical-align:middle")
