"""The worksheets as Chromium prints them: each on one sheet of A4 paper, both sides at most, with nothing cut off."""

import re
from pathlib import Path

from playwright.sync_api import Browser

from core.lessons.worksheets.write_pages import write_worksheets

_WIDTH = 794  # pixels of A4 at 96 a inch
_MARGINS = 2 * 57


def test_each_sheet_has_two_sides_at_most(chromium: Browser, tmp_path: Path) -> None:
    context = chromium.new_context(viewport={"width": _WIDTH - _MARGINS, "height": 1000})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in write_worksheets(tmp_path):
        page.goto(path.as_uri())
        sides = len(re.findall(rb"/Type\s*/Page\b(?!s)", page.pdf(prefer_css_page_size=True)))
        assert 1 <= sides <= 2, path.name
        page.emulate_media(media="print")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path.name
        assert not page.get_by_role("button").is_visible(), "paper has no buttons"
        page.emulate_media(media="screen")
    assert all(url.startswith("file:") for url in asked)
    context.close()
