"""The keyboard alone: a photo labelled from the home page on, boxes drawn, photos chosen on the map."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from core.data.pictures.decoding import Decoded
from core.data.store.store import BoxRow, Project, Store
from core.features.vectors import Vectors, default_vectors
from core.workspace import open_workspace
from tests.browser.projects import unused_name
from tests.browser.server import Server
from tests.browser.test_newcomer import settled

pytestmark = pytest.mark.shares_server

CLASSES = ["owl", "duck"]
PATIENCE = 120_000  # milliseconds: on a busy machine, torch takes a while to import
HAS_FOCUS = "node => node.getRootNode().activeElement === node"


@pytest.fixture(scope="module")
def store(server: Server) -> Store:
    return Store(open_workspace(server.home))


def project_of(store: Store, name: str, task: str = "classification", photos: int = 3) -> Project:
    project = store.create_project(unused_name(store, name), task, CLASSES)
    dice = np.random.default_rng(0)
    for number in range(photos):
        image = Image.fromarray(dice.integers(0, 255, (30, 40, 3), dtype=np.uint8)).resize((400, 300))
        store.add_image(project.id, Decoded(image, (), "PNG", False), b"", f"{number}.png")
    return project


def tab_to(page: Page, target: Locator, most: int = 40) -> None:
    """Press Tab until the target has the focus."""
    expect(target).to_be_visible()
    for _ in range(most):
        page.keyboard.press("Tab")
        if target.evaluate(HAS_FOCUS):
            return
    raise AssertionError(f"{most} times Tab, and {target} does not have the focus")


def until(page: Page, true: Callable[[], bool]) -> None:
    for _ in range(1200):
        if true():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it never came")


def test_a_photo_is_labelled_from_start_to_end_with_the_keyboard_alone(
    page: Page, server: Server, store: Store
) -> None:
    project = project_of(store, "Label")
    page.goto(f"{server.url}/?project={project.id}&name=Ana")
    settled(page)
    tab_to(page, page.get_by_test_id("stSidebar").get_by_role("link", name="Annotate", exact=True))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Annotate", level=1)).to_be_visible()
    expect(page.get_by_text("0 of 3 labelled")).to_be_visible(timeout=PATIENCE)
    settled(page)
    duck = page.get_by_test_id("stMain").get_by_role("button", name="duck")
    tab_to(page, duck)
    assert duck.evaluate("node => getComputedStyle(node).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 of 3 labelled")).to_be_visible()
    settled(page)
    page.keyboard.press("1")  # the other class, by its own key
    expect(page.get_by_text("2 of 3 labelled")).to_be_visible()
    assert [row.label for row in store.images(project.id)] == ["duck", "owl", None]


def test_a_box_is_drawn_moved_and_given_another_class_with_the_keyboard_alone(
    page: Page, server: Server, store: Store
) -> None:
    project = project_of(store, "Boxes", "localization")
    first = store.images(project.id)[0]

    def box() -> BoxRow | None:
        return next(iter(store.boxes(project.id, [first.id]).get(first.id, [])), None)

    page.goto(f"{server.url}/Annotate?project={project.id}&name=Ana")
    expect(page.get_by_text("0.png · ")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("button", name="New box")).to_be_enabled()  # it is drawn last
    settled(page)
    page.keyboard.press("n")
    until(page, lambda: box() is not None)
    made = box()
    assert made is not None and made.label == "owl"
    expect(page.get_by_text("Box 1 of 1 is selected")).to_be_visible()
    settled(page)
    for key, change in (("Shift+ArrowRight", (1, 0)), ("Alt+Shift+ArrowDown", (0, 1))):
        before = box()
        page.keyboard.press(key)
        until(page, lambda before=before: box() != before)  # type: ignore[misc]
        after = box()
        assert before and after
        moved, grown = after.x - before.x, after.height - before.height
        assert (moved > 0, grown > 0) == (bool(change[0]), bool(change[1]))
        settled(page)
    page.keyboard.press("2")  # the class of the next box, and with L of the selected one
    settled(page)
    page.keyboard.press("l")
    until(page, lambda: getattr(box(), "label", None) == "duck")
    settled(page)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("1.png · ")).to_be_visible()


@pytest.mark.weights
def test_photos_are_chosen_on_the_map_and_labelled_with_the_keyboard_alone(
    page: Page, server: Server, store: Store, default_weights: object
) -> None:
    project = project_of(store, "Map", photos=12)
    # As if already computed: test_labelling_story.py waits for real features.
    network = default_vectors(store.workspace)
    assert network is not None
    hashes = [one.hash for one in store.image_labels(project.id)]
    places = np.random.default_rng(0).random((len(hashes), 2048), dtype=np.float32)
    Vectors(store.workspace, network).add(hashes, places)
    page.goto(f"{server.url}/Annotate?project={project.id}&name=Ana")
    settled(page)
    main = page.get_by_test_id("stMain")
    tab_to(page, main.get_by_role("radio", name="One by one"))
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    line = page.get_by_role("application", name="Photos on the map")
    expect(line).to_be_visible(timeout=PATIENCE)  # once the photos have features
    settled(page)
    tab_to(page, line)
    expect(line).to_contain_text("no label, ")
    first = line.text_content()
    # Somewhere there is a next photo: the first may lie at an edge of the map.
    for arrow in ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"):
        page.keyboard.press(arrow)
    expect(page.locator("#resnet-studio-map-ring circle")).to_have_count(1)
    expect(line).to_contain_text("no label, ")
    page.keyboard.press("Enter")
    expect(line).to_contain_text("1 selected")
    expect(main.get_by_text("1 selected").first).to_be_visible()
    settled(page)
    name = (line.text_content() or "").split("no label, ")[1].split(",")[0]
    assert first
    page.keyboard.press("2")
    until(page, lambda: any(row.label for row in store.images(project.id)))
    assert {row.filename: row.label for row in store.images(project.id) if row.label} == {name: "duck"}
    expect(line).not_to_contain_text("selected")
    assert line.evaluate(HAS_FOCUS)  # and the next can be chosen
