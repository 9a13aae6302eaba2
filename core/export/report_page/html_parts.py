"""The parts of the page as HTML: every text that somebody chose is escaped here."""

import base64
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.inspection.measuring.report import Mean, Rate

# Plotly reads tags, entities, formulas and %{names} in all texts of a figure; "@" begins the name of a colour here.
_IN_CHARTS = {ord(letter): f"&#{ord(letter)};" for letter in "&<>$%{}@"}
# What could end a script or begin a comment in HTML.
_IN_SCRIPTS = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&"}

Cell = str | float
NUMBER = "number"


@dataclass(frozen=True)
class Chart:
    """A plotly figure as JSON, with the text that says the same; colours are names such as "@accent"."""

    id: str
    data: list[dict[str, Any]]
    layout: dict[str, Any]
    text: str


def esc(text: object) -> str:
    """Return a text for HTML, on one line, in elements and in quoted attributes."""
    line = " ".join(str(text).encode("utf-8", "replace").decode().split())
    return html.escape(line, quote=True)


def name(text: object) -> str:
    """Return a name that somebody chose, kept apart from the text around it, whichever way it is written."""
    return f"<bdi>{esc(text)}</bdi>"


def chart_text(text: object) -> str:
    """Return a name for plotly, which shows it letter by letter."""
    return " ".join(str(text).split()).translate(_IN_CHARTS)


def script_json(value: Any) -> str:
    """Return a value as JSON that can stand in a script element."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":")).translate(_IN_SCRIPTS)


def section(anchor: str, title: str, *parts: str) -> str:
    """Return a section with its heading; nothing if it has no content. ``parts`` are HTML, ``title`` is ours."""
    content = "\n".join(part for part in parts if part)
    return f'<section id="{anchor}">\n<h2>{title}</h2>\n{content}\n</section>' if content else ""


def paragraph(text: str, kind: str = "") -> str:
    """Return a paragraph of HTML; nothing if it is empty."""
    return f"<p{_class(kind)}>{text}</p>" if text else ""


def bullets(items: Sequence[str]) -> str:
    """Return a list of HTML items; nothing if there are none."""
    return "<ul>\n" + "\n".join(f"<li>{item}</li>" for item in items) + "\n</ul>" if items else ""


def table(head: Sequence[str], rows: Sequence[Sequence[str]], caption: str, texts: int = 1) -> str:
    """Return a table whose first ``texts`` columns are text and the others numbers; cells are HTML.

    The first cell of a row is its heading. ``caption`` is read by screen readers.
    """
    kinds = ["" if place < texts else NUMBER for place in range(len(head))]
    top = "".join(f'<th scope="col"{_class(kind)}>{cell}</th>' for cell, kind in zip(head, kinds, strict=True))
    lines = []
    for row in rows:
        first, *others = row
        cells = "".join(f"<td{_class(kind)}>{cell}</td>" for cell, kind in zip(others, kinds[1:], strict=True))
        lines.append(f'<tr><th scope="row">{first}</th>{cells}</tr>')
    body = "\n".join(lines)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{esc(caption)}">\n'
        f'<table>\n<caption class="unseen">{esc(caption)}</caption>\n<thead><tr>{top}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table>\n</div>"
    )


def fold(summary: str, content: str) -> str:
    """Return content that is folded away on screen and printed open; nothing if it is empty."""
    return f"<details>\n<summary>{summary}</summary>\n{content}\n</details>" if content else ""


def chart(found: Chart | None) -> str:
    """Return the place of a chart; until it is drawn, and where scripts are off, it holds the chart's text."""
    if found is None:
        return ""
    height = int(found.layout.get("height", 300))
    return (
        f'<div class="chart" id="{found.id}" role="img" aria-label="{esc(found.text)}" style="min-height:{height}px">'
        f"<p>{esc(found.text)}</p></div>"
    )


def picture(data: bytes | None, alt: str, lines: Sequence[str], wide: bool = False) -> str:
    """Return a picture with its lines of small print; ``data`` is a JPEG, ``lines`` are HTML."""
    image = f'<img src="{data_uri(data)}" alt="{esc(alt)}">' if data else '<div class="lost">The file is missing.</div>'
    notes = "".join(f"<span>{line}</span>" for line in lines)
    return f"<figure{_class('wide' if wide else '')}>{image}<figcaption>{notes}</figcaption></figure>"


def pictures(figures: Sequence[str], *, in_pairs: bool = False) -> str:
    """Return a grid of pictures; nothing if there are none. Pairs are never divided between rows."""
    kind = "photos pairs" if in_pairs else "photos"
    return f'<div class="{kind}">\n' + "\n".join(figures) + "\n</div>" if figures else ""


def data_uri(jpeg: bytes) -> str:
    """Return a JPEG as an address that holds it."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode('ascii')}"


def rate(found: Rate, digits: int = 1) -> str:
    """Return ``92.0% (23 of 25; 75.0% to 97.8%)``; a dash without photos."""
    if found.value is None or found.low is None or found.high is None:
        return "–"
    interval = f"{found.low:.{digits}%} to {found.high:.{digits}%}"
    return f"{found.value:.{digits}%} ({found.correct:,} of {found.n:,}; {interval})"


def mean(found: Mean, digits: int = 2) -> str:
    """Return ``0.61 (0.55 to 0.66)``; a dash without photos."""
    if found.value is None:
        return "–"
    interval = (
        "" if found.low is None or found.high is None else f" ({found.low:.{digits}f} to {found.high:.{digits}f})"
    )
    return f"{found.value:.{digits}f}{interval}"


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return a count with its noun: "1 photo", "1,200 photos"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
