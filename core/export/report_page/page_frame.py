"""The page around the sections: its styles, its scripts, and a policy that lets it load nothing from anywhere."""

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from core.export.report_page.html_parts import Chart, esc, name, script_json

HERE = Path(__file__).resolve().parent
PALETTES = {
    "light": {
        "accent": "#0f766e",
        "second": "#b45309",
        "quiet": "#5a6866",
        "grid": "#e3e9e7",
        "text": "#0f1716",
        "paper": "#fdfdfc",
        "shade": "#f1f4f3",
    },
    "dark": {
        "accent": "#2dd4bf",
        "second": "#fbbf24",
        "quiet": "#8a9a97",
        "grid": "#2b3634",
        "text": "#e4ebe9",
        "paper": "#111716",
        "shade": "#1a2322",
    },
}
"""The colours of the app's two themes; the style sheet has the same."""


def page(title: str, subtitle: str, sections: Sequence[str], charts: Sequence[Chart]) -> str:
    """Return the whole page. ``title`` is a name that somebody chose; ``subtitle`` and ``sections`` are HTML."""
    scripts = _scripts(charts)
    content = "\n".join(part for part in sections if part)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{esc(title)} · ResNet Studio</title>\n<style>\n{_styles()}\n</style>\n</head>\n<body>\n<main>\n"
        f"<header>\n<h1>{name(title)}</h1>\n{subtitle}\n</header>\n{content}\n"
        f"<footer><p>Made with ResNet Studio on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC. This file holds everything "
        "that it shows and loads nothing from the internet.</p></footer>\n</main>\n"
        f'<script type="application/json" id="charts">{_charts(charts)}</script>\n'
        + "".join(f"<script>{script}</script>\n" for script in scripts)
        + "</body>\n</html>\n"
    )


def _policy(scripts: Sequence[str]) -> str:
    """Return the Content-Security-Policy: only these scripts may run, and nothing may be requested."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode('ascii')}'" for script in scripts
    )
    allowed = f"script-src {hashes}" if scripts else "script-src 'none'"
    return (
        f"default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; {allowed}; base-uri 'none'; "
        "form-action 'none'"
    )


def _scripts(charts: Sequence[Chart]) -> list[str]:
    if not charts:
        return []
    return [_one_line_ends(_plotly()), _one_line_ends((HERE / "report.js").read_text(encoding="utf-8"))]


def _plotly() -> str:
    from plotly.offline import get_plotlyjs  # here: it takes a while to import, and only a page with charts needs it

    return str(get_plotlyjs())


def _one_line_ends(script: str) -> str:
    """Return a script as a browser reads it, so that its hash is the same."""
    return script.replace("\r\n", "\n").replace("\r", "\n")


def _charts(charts: Sequence[Chart]) -> str:
    figures = [{"id": one.id, "data": one.data, "layout": one.layout} for one in charts]
    return script_json({"palettes": PALETTES, "figures": figures})


def _styles() -> str:
    rules = {mode: " ".join(f"--{key}: {color};" for key, color in colors.items()) for mode, colors in PALETTES.items()}
    return (
        (HERE / "report.css")
        .read_text(encoding="utf-8")
        .replace("/*light*/", rules["light"])
        .replace("/*dark*/", rules["dark"])
    )
