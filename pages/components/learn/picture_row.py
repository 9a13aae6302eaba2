"""Show arrays as pictures, side by side on every screen size."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from pages.components.shared.charts import Palette


@dataclass(frozen=True)
class TitledPicture:
    """A picture: title, pixels as uint8 [H, W] or [H, W, 3], and a note below it."""

    title: str
    pixels: np.ndarray
    note: str = ""


def side_by_side(pictures: Sequence[TitledPicture], colors: Palette, columns: int | None = None) -> str:
    """Return pictures of equal width with square pixels, in ``columns`` columns, or as many as fit."""
    cells = "".join(
        "<figure style='min-width:0;margin:0'>"
        f"<div style='font-size:.85rem;font-weight:600;line-height:1.25;margin-bottom:4px'>{one.title}</div>"
        f"<img src='{data_url(one.pixels)}' alt='{one.title}' style='width:100%;display:block;"
        f"image-rendering:pixelated;border-radius:6px;outline:1px solid {colors.grid}'>"
        f"<figcaption style='font-size:.78rem;color:{colors.quiet};margin-top:3px'>{one.note}</figcaption></figure>"
        for one in pictures
    )
    tracks = f"repeat({columns or 'auto-fit'}, minmax({'0' if columns else '150px'}, 1fr))"
    return f"<div style='display:grid;gap:12px;grid-template-columns:{tracks}'>{cells}</div>"


def data_url(pixels: np.ndarray) -> str:
    """Return pixels as a PNG in a data URL."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"


def signed_colors(values: np.ndarray, largest: float, colors: Palette) -> np.ndarray:
    """Return values [H, W] as uint8 [H, W, 3]: paper at 0, accent at ``largest``, second colour at ``-largest``."""
    paper, above, below = (_rgb(color) for color in (colors.paper, colors.accent, colors.second))
    share = np.clip(values / largest if largest else np.zeros_like(values), -1, 1)[..., None]
    mixed = paper + np.where(share > 0, above - paper, below - paper) * np.abs(share)
    return mixed.round().astype(np.uint8)


def to_pixels(values: np.ndarray) -> np.ndarray:
    """Return values [1, H, W] or [3, H, W] from 0 to 1 as uint8 [H, W] or [H, W, 3]."""
    pixels = (np.clip(values, 0, 1) * 255).round().astype(np.uint8)
    return pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0)


def color_scale(colors: Palette, remark: str) -> str:
    """Return the colour legend of pictures with positive and negative values."""
    bar = f"linear-gradient(90deg, {colors.second}, {colors.paper}, {colors.accent})"
    return (
        f"<div style='font-size:.82rem;color:{colors.quiet};display:flex;gap:8px;align-items:center;flex-wrap:wrap'>"
        f"negative <span style='width:120px;height:10px;border-radius:5px;background:{bar};"
        f"outline:1px solid {colors.grid}'></span> positive{remark}</div>"
    )


def _rgb(color: str) -> np.ndarray:
    return np.array([int(color[at : at + 2], 16) for at in (1, 3, 5)], dtype=np.float64)
