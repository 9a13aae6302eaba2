"""The demo in a browser: a click on a sample photo shows its classes and its heatmap."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.inspection.conftest import CLASSES, write_bundle
from tests.test_demo import serving

MINUTE = 60_000


def test_a_sample_photo_is_explained(page: Page, tmp_path: Path) -> None:
    # Once the samples came from gr.Examples, which replaced the image field, and every sample ended in an error.
    with serving("demo.py", str(write_bundle(tmp_path / "owls"))) as address:
        page.goto(address, timeout=MINUTE)
        page.locator("#samples .gallery-item").first.click(timeout=MINUTE)
        expect(page.locator("#heatmap img")).to_be_visible(timeout=MINUTE)
        expect(page.locator("#classes")).to_contain_text(CLASSES[0])
        assert not page.get_by_text("Error", exact=True).count()
