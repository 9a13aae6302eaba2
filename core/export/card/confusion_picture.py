"""Draw a confusion matrix as a picture for an exported model's README."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from core.export.hub.drawn_pictures import save_chart
from core.inspection.measuring.report import Report

FILE = "confusion-matrix.png"
_MOST_CLASSES = 60
_NUMBERED = 20
"""With more classes, the cells have no numbers."""
_LONGEST_NAME = 18
_PAPER, _INK, _QUIET = (255, 255, 255), (15, 23, 42), (100, 116, 139)
_LOW, _HIGH = (240, 253, 250), (15, 118, 110)
_DARK = 0.5
"""The share of a row from which its cell is dark and its number white."""
_FONT_SIZE, _GAP = 15, 12
_DRAWABLE = 0x250
"""The font of Pillow has the Latin letters below this character."""


def pictured(reports: Mapping[str, Report]) -> Report | None:
    """Return the report whose confusion matrix is drawn: of the test photos, or else of the validation photos."""
    report = reports.get("test") or reports.get("val")
    return report if report is not None and report.n and 1 < len(report.classes) <= _MOST_CLASSES else None


def picture_lines(reports: Mapping[str, Report]) -> str:
    """Return the Markdown that shows the picture; empty without one."""
    report = pictured(reports)
    if report is None:
        return ""
    which = "test" if report.split == "test" else "validation"
    numbered = " Classes are numbered as in `classes.txt`." if _by_number(report.classes) else ""
    said = f"Confusion matrix of the {report.n} {which} photos: a row per true class, a column per predicted class"
    return f"\n\n![{said}]({FILE})\n\n{said}. Darker cells hold a larger share of their row.{numbered}"


def draw_confusion(report: Report, path: Path) -> None:
    """Write the picture of a report's confusion matrix as PNG."""
    save_chart(confusion_picture(report), path)


def confusion_picture(report: Report) -> Image.Image:
    """Return the picture: RGB, about 200 to 1,200 pixels wide."""
    count = len(report.classes)
    font = ImageFont.load_default(_FONT_SIZE)
    labels = _labels(report.classes)
    widest = max(round(font.getlength(label)) for label in labels)
    most = max(max(row) for row in report.confusion)
    side = max(26, round(font.getlength(str(most))) + 12) if count <= _NUMBERED else 14
    left, top = 2 * _GAP + widest + _FONT_SIZE, 2 * _GAP + widest + _FONT_SIZE
    size = (left + count * side + _GAP, top + count * side + _GAP)
    picture = Image.new("RGB", size, _PAPER)
    pen = ImageDraw.Draw(picture)
    for place, label in enumerate(labels):
        middle = top + place * side + side / 2
        pen.text((left - _GAP / 2, middle), label, _INK, font, anchor="rm")
        _write_upwards(picture, label, (left + place * side + side // 2, top - _GAP // 2), font)
    for row, numbers in enumerate(report.confusion):
        for column, number in enumerate(numbers):
            share = number / max(1, sum(numbers))
            corner = (left + column * side, top + row * side)
            pen.rectangle((*corner, corner[0] + side - 2, corner[1] + side - 2), _between(share))
            if number and count <= _NUMBERED:
                ink = _PAPER if share >= _DARK else _INK
                centre = (corner[0] + side / 2 - 1, corner[1] + side / 2 - 1)
                pen.text(centre, str(number), ink, font, anchor="mm")
    pen.text((left, _GAP / 2), "predicted class", _QUIET, font, anchor="la")
    _write_upwards(picture, "true class", (_GAP, top + count * side), font, _QUIET)
    return picture


def _labels(classes: Sequence[str]) -> list[str]:
    if _by_number(classes):
        return [str(number) for number in range(1, len(classes) + 1)]
    return [name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…" for name in classes]


def _by_number(classes: Sequence[str]) -> bool:
    """Return whether a name has letters that the font lacks."""
    return any(ord(letter) >= _DRAWABLE or not letter.isprintable() for name in classes for letter in name)


def _write_upwards(
    picture: Image.Image,
    text: str,
    bottom: tuple[int, int],
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    ink: tuple[int, int, int] = _INK,
) -> None:
    """Write text that is read from below, centred on a point at its lower end."""
    strip = Image.new("L", (round(font.getlength(text)) + 2, _FONT_SIZE + 6))
    ImageDraw.Draw(strip).text((1, 1), text, 255, font)
    strip = strip.rotate(90, expand=True)
    picture.paste(ink, (bottom[0] - strip.width // 2, bottom[1] - strip.height), strip)


def _between(share: float) -> tuple[int, int, int]:
    red, green, blue = (round(low + share * (high - low)) for low, high in zip(_LOW, _HIGH, strict=True))
    return red, green, blue
