"""SVG shapes for drawings of networks: lines, boxes, arcs, and the drawing that holds them."""

import base64
from collections.abc import Sequence

from pages.components.shared.charts import Palette

Label = tuple[float, float, str, str, int]
"""A text in a drawing: x and y of its centre, the text, the colour, the font size in pixels."""


def line(x1: float, y1: float, x2: float, y2: float, color: str) -> str:
    return f"<line x1='{x1}' y1='{y1}' x2='{x2}' y2='{y2}' stroke='{color}' stroke-width='1.5'/>"


def box(x: float, y: float, width: float, height: float, colors: Palette, fill: str) -> str:
    """Return a rounded box that hides the line behind it."""
    shape = f"<rect x='{x}' y='{y}' width='{width}' height='{height}' rx='8' fill="
    return f"{shape}'{colors.paper}'/>{shape}'{fill}'/>"


def ring(x: float, y: float, colors: Palette, color: str) -> str:
    return f"<circle cx='{x}' cy='{y}' r='15' fill='{colors.paper}' stroke='{color}' stroke-width='2.5'/>"


def skip_arc(start: float, end: float, top: float, middle: float, color: str, dash: str = "") -> str:
    """Return the arc of a skip connection: up, across, and down into the ring of the addition."""
    path = f"M{start} {middle} V{top + 14} Q{start} {top},{start + 14} {top} H{end - 14} Q{end} {top},{end} {top + 14} "
    return (
        f"<path d='{path}V{middle - 15}' fill='none' stroke='{color}' stroke-width='2.5' {dashed(dash)}/>"
        f"<circle cx='{start}' cy='{middle}' r='3.5' fill='{color}'/>"
    )


def dashed(dash: str) -> str:
    """Return the attribute for a dash pattern; empty for a solid line."""
    return f"stroke-dasharray='{dash}'" if dash else ""


def drawing(width: int, height: int, shapes: str, labels: Sequence[Label], alt: str) -> str:
    """Return a drawing that keeps its size and scrolls sideways on a small screen; labels use the page's font."""
    texts = "".join(
        f"<div style='position:absolute;left:{x:.0f}px;top:{y:.0f}px;transform:translate(-50%,-50%);color:{color};"
        f"font-size:{size}px;line-height:1;white-space:nowrap'>{text}</div>"
        for x, y, text, color, size in labels
    )
    drawn = picture(width, height, shapes, "max-width:none", alt)
    return (
        f"<div tabindex='0' style='overflow-x:auto'><div style='position:relative;width:{width}px;height:{height}px'>"
        f"{drawn}{texts}</div></div>"
    )


def picture(width: int, height: int, parts: str, style: str = "", alt: str = "") -> str:
    """Return an SVG as an <img>: Streamlit removes SVG elements from HTML."""
    size = f"viewBox='0 0 {width} {height}' width='{width}' height='{height}'"
    drawing = f"<svg xmlns='http://www.w3.org/2000/svg' {size}>{parts}</svg>"
    data = base64.b64encode(drawing.encode()).decode()
    return (
        f"<img src='data:image/svg+xml;base64,{data}' width='{width}' height='{height}' alt='{alt}' "
        f"style='display:block;height:auto;border-radius:0;{style.format(width=width)}'>"
    )
