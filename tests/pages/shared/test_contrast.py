"""Our own colours are readable in both themes: at least 4.5, as WCAG 2.2 asks of small text."""

import re
import tomllib

import pytest

from core.training.recipe import Recipe
from core.workspace import REPOSITORY
from pages.components.shared.charts import Palette, contrast, mixed, palette
from pages.components.train.block_diagram import STRENGTHS, diagram_html

BOTH = pytest.mark.parametrize("dark", [False, True])
LEAST = 4.5


def theme(dark: bool) -> dict[str, str]:
    settings = tomllib.loads((REPOSITORY / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    return settings["theme"]["dark" if dark else "light"]


@BOTH
def test_captions_are_readable_on_every_background(dark: bool) -> None:
    """Captions had a contrast of 4.1: Streamlit draws them with the text colour at 60%."""
    colors = theme(dark)
    for background in (colors["backgroundColor"], colors["secondaryBackgroundColor"]):
        assert contrast(mixed(colors["textColor"], background, 0.6), background) >= LEAST


@BOTH
def test_the_charts_use_the_colours_of_the_theme(dark: bool) -> None:
    colors, chart = theme(dark), palette(dark)
    assert (chart.text, chart.paper, chart.accent) == (
        colors["textColor"],
        colors["backgroundColor"],
        colors["primaryColor"],
    )
    assert contrast(chart.quiet, chart.paper) >= LEAST


@BOTH
@pytest.mark.parametrize("train", ["head", "staged"])
def test_every_part_of_the_network_is_readable(dark: bool, train: str) -> None:
    """ "frozen" had a contrast of 2.5."""
    colors = palette(dark)
    html = diagram_html(Recipe.checked(train=train, epochs=4), colors)
    parts = re.findall(r"background:(rgba\([^)]*\));color:(#\w{6})", html)
    assert len(parts) == (12 if train == "staged" else 6)
    for background, ink in parts:
        assert contrast(ink, flat(background, colors)) >= LEAST, (background, ink)
    assert len(STRENGTHS) == 6


def flat(color: str, colors: Palette) -> str:
    red, green, blue, opacity = (float(part) for part in color[5:-1].split(","))
    return mixed(f"#{int(red):02x}{int(green):02x}{int(blue):02x}", colors.paper, opacity)
