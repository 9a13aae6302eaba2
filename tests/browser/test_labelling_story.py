"""The labeller's story: forty photos, six labels, suggestions for the rest, three boxes, and finding a mistake."""

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from core.data.store.store import ImageFilter, Project, Store
from core.workspace import SAMPLE_IMAGES, Workspace
from tests.browser.server import Server
from tests.browser.test_newcomer import MINUTE, go, settled

KINDS = ("owl", "chicken")
BIRDS = SAMPLE_IMAGES / "birds"


def forty_photos() -> dict[Path, str]:
    """Twenty photos of each kind, alternating, with their classes; the file names do not reveal the class."""
    with (BIRDS / "labels.csv").open(encoding="utf-8") as lines:
        rows = [(BIRDS / "images" / row["filename"], row["label"]) for row in csv.DictReader(lines)]
    kinds = [[one for one in rows if one[1] == kind][:20] for kind in KINDS]
    return dict(sorted(one for pair in zip(*kinds, strict=True) for one in pair))


def new_project(page: Page, name: str, classes: str, *, boxes: bool = False) -> None:
    page.get_by_role("textbox", name="Name", exact=True).fill(name)
    page.get_by_role("textbox", name=re.compile("^Classes")).fill(classes)
    if boxes:
        page.get_by_text("One object per photo").click()
    page.get_by_role("button", name="Create project").click()
    expect(page.get_by_role("heading", name="Data", exact=True, level=1)).to_be_visible()
    settled(page)


def bring(page: Page, photos: list[Path]) -> None:
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(photos)
    page.get_by_role("button", name=re.compile(f"Import {len(photos)} photos")).click()
    expect(page.get_by_role("heading", name=f"{len(photos)} photos imported")).to_be_visible(timeout=MINUTE)
    settled(page)


def section(page: Page, name: str) -> None:
    page.get_by_role("radiogroup", name="Section", exact=True).get_by_text(name, exact=True).click()
    settled(page)


def file_shown(page: Page) -> str:
    return page.locator(".desk-line").inner_text().split(" · ")[0]


def wall(page: Page) -> Locator:
    return page.locator(".card .pick")


@pytest.mark.weights
def test_forty_photos_are_labelled_with_suggestions_and_a_mistake_is_found(
    page: Page, fresh_server: Server, default_weights: object, screenshots: Path
) -> None:
    photos = forty_photos()
    truth = {path.name: kind for path, kind in photos.items()}
    page.goto(fresh_server.url)
    settled(page)
    new_project(page, "Farm", ", ".join(KINDS))
    bring(page, list(photos))
    store = Store(Workspace(fresh_server.home))
    project = store.find_project("Farm")
    assert project is not None and store.count(project.id, ImageFilter(unlabelled=True)) == 40

    label_six_with_keys(page, truth)
    accepted = accept_the_sure_ones(page, store, project, truth, screenshots)
    corrected = answer_the_rest(page, truth, 6 + accepted)
    said = f"{accepted} accepted at once, {corrected} of the other {34 - accepted} suggestions corrected\n"
    (screenshots / "labelling.txt").write_text(said, encoding="utf-8")
    assert {row.filename: row.label for row in store.images(project.id)} == truth

    mistaken = make_a_mistake_in_the_validation_part(page, store, project, truth)
    find_it_among_the_doubts(page, mistaken, truth[mistaken], screenshots)
    assert {row.filename: row.label for row in store.images(project.id)} == truth

    page.goto(fresh_server.url)
    settled(page)
    draw_three_boxes(page, store, list(photos)[:3], screenshots)
    page.goto(f"{fresh_server.url}/Train?project={project.id}")
    settled(page)
    train_and_find(page, mistaken, truth[mistaken], screenshots)
    store.close()


def label_six_with_keys(page: Page, truth: dict[str, str]) -> None:
    go(page, "Annotate")
    for count in range(6):
        expect(page.get_by_text(f"{count} of 40 labelled")).to_be_visible()
        settled(page)
        page.keyboard.press(str(KINDS.index(truth[file_shown(page)]) + 1))
    expect(page.get_by_text("6 of 40 labelled")).to_be_visible()


def accept_the_sure_ones(page: Page, store: Store, project: Project, truth: dict[str, str], screenshots: Path) -> int:
    """Review the most confident suggestions: deselect the wrong ones and accept the rest."""
    page.locator(".desk-review").first.click(timeout=2 * MINUTE)
    expect(page.get_by_text("suggestions, grouped by class")).to_be_visible()
    settled(page)
    page.screenshot(path=screenshots / "labelling-accept.png", full_page=True)
    names = {str(row.id): row.filename for row in store.images(project.id)}
    accepted = wall(page).count()
    for card in wall(page).all():
        said = card.locator("xpath=..").locator(".caption").inner_text()
        if said != truth[names[card.get_attribute("data-id") or ""]]:
            card.click()
            accepted -= 1
    # Without waiting for the page: what was taken out a moment ago is not accepted.
    page.locator(".st-key-accept-all button").click()
    expect(page.get_by_text(f"{6 + accepted} of 40 labelled")).to_be_visible()
    return accepted


def answer_the_rest(page: Page, truth: dict[str, str], labelled: int) -> int:
    """Press Enter if the suggestion is right, the other key if it is wrong; return how often it was wrong."""
    corrected = 0
    for count in range(labelled, 40):
        expect(page.get_by_text(f"{count} of 40 labelled")).to_be_visible()
        settled(page)
        suggestion = page.locator(".desk-accept", has_text="Accept ").first
        expect(suggestion).to_be_visible()
        right = truth[file_shown(page)]
        if f"Accept {right}" in suggestion.inner_text():
            page.keyboard.press("Enter")
        else:
            corrected += 1
            page.keyboard.press(str(KINDS.index(right) + 1))
    expect(page.get_by_text("All photos are labelled")).to_be_visible()
    return corrected


def make_a_mistake_in_the_validation_part(page: Page, store: Store, project: Project, truth: dict[str, str]) -> str:
    """Give a validation photo the wrong class in the grid; return its file name."""
    go(page, "Data")
    section(page, "Splits and sizes")
    page.get_by_role("button", name="Assign splits now").click()
    expect(page.get_by_role("button", name="Assign splits now")).to_have_count(0)
    section(page, "Photos")
    mistaken = store.images(project.id, ImageFilter(split="val"))[0]
    search = page.get_by_role("textbox", name="Search")
    search.fill(mistaken.filename)
    search.press("Enter")
    expect(wall(page)).to_have_count(1)
    settled(page)
    wall(page).first.click()
    settled(page)
    wrong = next(kind for kind in KINDS if kind != truth[mistaken.filename])
    box = page.locator(".st-key-data-label input")
    if box.input_value() != wrong:  # the list does not open for what is chosen already
        box.fill(wrong)
        page.get_by_role("option", name=wrong, exact=True).click()
    page.get_by_role("button", name="Set class").click()
    expect(page.locator(".card .caption")).to_have_text(wrong)
    assert store.image(project.id, mistaken.id).label == wrong
    return mistaken.filename


def find_it_among_the_doubts(page: Page, mistaken: str, right: str, screenshots: Path) -> None:
    section(page, "Check labels")
    expect(page.get_by_role("button", name=f"Change to {right}")).to_be_visible(timeout=MINUTE)
    settled(page)
    expect(page.locator(".st-key-check-photo [data-testid=stCaptionContainer]")).to_contain_text(mistaken)
    page.screenshot(path=screenshots / "labelling-doubt.png", full_page=True)
    page.keyboard.press("f")
    expect(page.locator(".st-key-check-photo", has_text=mistaken)).to_have_count(0)
    settled(page)


def draw_three_boxes(page: Page, store: Store, photos: list[Path], screenshots: Path) -> None:
    """Draw a box on each of three photos in a second project."""
    page.get_by_text("Another project", exact=True).click()
    new_project(page, "Where is it", "bird", boxes=True)
    bring(page, photos)
    go(page, "Annotate")
    project = store.find_project("Where is it")
    assert project is not None
    for count, photo in enumerate(sorted(photos)):
        expect(page.get_by_text(re.compile(rf"^{re.escape(photo.name)} · \d+ × \d+ pixels"))).to_be_visible()
        settled(page)
        drag_a_box(page)
        expect(page.get_by_text(f"{count + 1} of 3 photos have a box")).to_be_visible()
        settled(page)
        page.screenshot(path=screenshots / "labelling-boxes.png", full_page=True)
        page.keyboard.press("ArrowRight")
    expect(page.get_by_text("All photos have a box")).to_be_visible()
    boxes = store.boxes(project.id)
    assert [box.label for found in boxes.values() for box in found] == ["bird"] * 3


def drag_a_box(page: Page) -> None:
    canvas = page.locator(".desk:visible")
    canvas.wait_for()
    shape = canvas.bounding_box()
    assert shape is not None
    page.mouse.move(shape["x"] + shape["width"] * 0.25, shape["y"] + shape["height"] * 0.2)
    page.mouse.down()
    page.mouse.move(shape["x"] + shape["width"] * 0.5, shape["y"] + shape["height"] * 0.5, steps=4)
    page.mouse.move(shape["x"] + shape["width"] * 0.75, shape["y"] + shape["height"] * 0.8, steps=4)
    page.mouse.up()


def train_and_find(page: Page, mistaken: str, right: str, screenshots: Path) -> None:
    """Train the head; the report lists the corrected photo under its right class."""
    settled(page)
    page.get_by_role("radiogroup", name="Layers to train").get_by_text("Head only", exact=True).click()
    settled(page)
    page.get_by_role("button", name="Train", exact=True).click()
    page.get_by_role("button", name="Evaluate the model").click(timeout=3 * MINUTE)
    expect(page.get_by_role("heading", name="Evaluate", exact=True, level=1)).to_be_visible()
    settled(page)
    page.get_by_role("radiogroup", name="View", exact=True).get_by_text("All photos", exact=True).click()
    settled(page)
    search = page.get_by_role("textbox", name="Search")
    search.fill(mistaken)
    search.press("Enter")
    expect(wall(page)).to_have_count(1)
    expect(page.locator(".card .note")).to_have_text(f"label: {right}")
    wall(page).first.click()
    expect(page.get_by_text(mistaken, exact=True)).to_be_visible()
    expect(page.get_by_text(f"Label in this run: {right}")).to_be_visible()
    settled(page)
    page.screenshot(path=screenshots / "labelling-report.png", full_page=True)
