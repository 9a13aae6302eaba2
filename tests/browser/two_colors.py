"""A project with red and blue photos, and a training on it that takes seconds, as a visitor makes them."""

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.test_newcomer import MINUTE, go, number_field, settled


def two_kinds(path: Path, each: int) -> Path:
    """A zip of class folders: noisy red and noisy blue squares."""
    random = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as archive:
        for name, channel in (("red", 0), ("blue", 2)):
            for number in range(each):
                pixels = random.integers(0, 90, (48, 48, 3), dtype=np.uint8)
                pixels[:, :, channel] += 150
                stream = io.BytesIO()
                Image.fromarray(pixels).save(stream, "PNG")
                archive.writestr(f"{name}/{number}.png", stream.getvalue())
    return path


def choose(page: Page, label: str, option: str) -> None:
    box = page.get_by_role("combobox", name=label)
    box.evaluate("box => box.scrollIntoView({ block: 'center' })")  # the list closes when the page scrolls
    box.click()
    page.get_by_role("option", name=option).first.click()
    settled(page)


def train_two_colors(page: Page, zipped: Path, *, photos: int, epochs: int) -> None:
    """Create the project from the home page, and train the smallest network on it from random numbers."""
    page.get_by_label("Name", exact=True).fill("Two colors")
    page.get_by_role("button", name="Create project").click()
    # A new project opens where its photos are added.
    expect(page.get_by_role("heading", name="Data", exact=True, level=1)).to_be_visible()
    settled(page)
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(two_kinds(zipped, photos // 2))
    page.get_by_role("button", name=f"Import {photos} photos").click(timeout=MINUTE)
    expect(page.get_by_role("heading", name=f"{photos} photos imported")).to_be_visible(timeout=MINUTE)
    go(page, "Train")
    page.locator(".st-key-recipe-more label").click()
    settled(page)
    choose(page, "Architecture", "ResNet-18")
    choose(page, "Starting weights", "None")
    page.get_by_role("radiogroup", name="Layers to train").get_by_text("All", exact=False).first.click()
    settled(page)
    for label, value in (("Epochs", str(epochs)), ("Image size in pixels", "32")):
        field = number_field(page, label)
        field.fill(value)
        field.press("Enter")
        settled(page)
    page.get_by_role("button", name="Train", exact=True).click()
