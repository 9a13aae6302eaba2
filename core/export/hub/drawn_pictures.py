"""Tell pictures that the export draws from photos: only the former are published without being asked for."""

from pathlib import Path

from PIL import Image, PngImagePlugin

_KEY, _VALUE = "Software", "ResNet Studio: a chart, no photo"


def save_chart(chart: Image.Image, path: Path) -> None:
    """Write a chart as PNG with a mark that says so."""
    mark = PngImagePlugin.PngInfo()
    mark.add_text(_KEY, _VALUE)
    chart.save(path, "PNG", pnginfo=mark, optimize=True)


def is_chart(path: Path) -> bool:
    """Return whether a file is a PNG with that mark."""
    try:
        with Image.open(path, formats=["PNG"]) as picture:
            return picture.info.get(_KEY) == _VALUE
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False
