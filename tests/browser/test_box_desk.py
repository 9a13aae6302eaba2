"""Drawing boxes in Chromium: nothing that somebody drew is lost, and the mouse and the keys mean the same box."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from core.data.pictures.decoding import Decoded
from core.data.store.store import BoxRow, Store
from core.workspace import Workspace
from tests.browser.server import Server
from tests.browser.test_newcomer import settled

SIZE = (640, 480)  # of the photos
THREE = [BoxRow("owl", 40, 40, 120, 100), BoxRow("owl", 240, 60, 120, 100), BoxRow("duck", 400, 300, 140, 120)]


@dataclass
class Desk:
    """A project of photos and a tab that shows the first of them; places are given in pixels of the photo."""

    store: Store
    project: int
    photos: list[int]
    page: Page

    def boxes(self, photo: int = 0) -> list[BoxRow]:
        return self.store.boxes(self.project).get(self.photos[photo], [])

    def counts(self) -> list[int]:
        return [len(self.boxes(photo)) for photo in range(len(self.photos))]

    def place(self, x: float, y: float) -> tuple[float, float]:
        shape = self.page.locator("canvas.upper-canvas:visible").bounding_box()
        assert shape is not None
        return shape["x"] + shape["width"] * x / SIZE[0], shape["y"] + shape["height"] * y / SIZE[1]

    def drag(self, start: tuple[float, float], end: tuple[float, float], *, let_go: bool = True) -> None:
        self.page.mouse.move(*self.place(*start))
        self.page.mouse.down()
        self.page.mouse.move(*self.place(*end), steps=6)
        if let_go:
            self.page.mouse.up()

    def click(self, x: float, y: float, times: int = 1) -> None:
        self.page.mouse.click(*self.place(x, y), click_count=times, delay=20)

    def edit(self) -> None:
        self.page.mouse.move(*self.place(5, 5))  # the bar of the canvas appears
        self.page.locator("canvas.upper-canvas:visible").hover(position={"x": 5, "y": 5})
        self.page.get_by_title("Edit", exact=True).click()

    def shows(self, photo: int) -> None:
        expect(self.page.get_by_text(f"bird {photo}.png · ")).to_be_visible()
        self.frame()

    def frame(self) -> None:
        """The canvas is there: the script has found it."""
        expect(self.page.locator("canvas.upper-canvas:visible")).to_have_count(1)
        expect(self.page.locator(".dc-container:visible .keys-box")).to_have_count(1)
        settled(self.page)

    def until(self, true: Callable[[], bool]) -> None:
        for _ in range(600):
            if true():
                return
            self.page.wait_for_timeout(50)  # Playwright does its own work meanwhile: a bare sleep would stop it
        raise AssertionError(f"it never came: {self.store.boxes(self.project)}")

    def held(self, words: str) -> None:
        expect(self.page.get_by_text(f"{words} by keys")).to_be_visible()
        settled(self.page)


OpenDesk = Callable[..., Desk]


@pytest.fixture(scope="module")
def store(server: Server) -> Iterator[Store]:
    workspace = Workspace(server.home)
    for folder in (workspace.images, workspace.thumbnails, workspace.runs, workspace.cache):
        folder.mkdir(parents=True, exist_ok=True)
    opened = Store(workspace)
    yield opened
    opened.close()


def keys_are_free(page: Page) -> None:
    """A choice by the mouse does not keep the keys for its control."""
    page.wait_for_function("() => document.activeElement === document.body")


def choose_all_photos(page: Page) -> None:
    page.locator(".st-key-boxes-which input").click()
    page.get_by_role("option", name="All photos").click()
    settled(page)
    keys_are_free(page)


@pytest.fixture
def open_desk(store: Store, server: Server, page: Page, request: pytest.FixtureRequest) -> OpenDesk:
    def opened(boxes: list[BoxRow], photos: int = 3, size: tuple[int, int] = SIZE) -> Desk:
        project = store.create_project(request.node.name, "localization", ["owl", "duck"])
        dice = np.random.default_rng(0)
        numbers = []
        for number in range(photos):
            noise = Image.fromarray(dice.integers(0, 255, (6, 8, 3), dtype=np.uint8)).resize(size)
            row, _ = store.add_image(project.id, Decoded(noise, (), "PNG", False), b"", f"bird {number}.png")
            store.set_boxes(project.id, row.id, boxes, "before")
            numbers.append(row.id)
        page.goto(f"{server.url}/Annotate?project={project.id}&name=Ana")
        settled(page)
        choose_all_photos(page)
        desk = Desk(store, project.id, numbers, page)
        desk.shows(0)
        return desk

    return opened


def test_another_size_a_quick_key_and_a_quick_move_lose_no_box(open_desk: OpenDesk) -> None:
    desk = open_desk([])
    desk.drag((100, 100), (200, 180))
    desk.until(lambda: desk.counts() == [1, 0, 0])
    settled(desk.page)
    (drawn,) = desk.boxes()
    desk.page.get_by_text("Large", exact=True).click()
    expect(desk.page.locator("canvas.upper-canvas:visible[width='880']")).to_have_count(1)
    desk.frame()
    assert desk.boxes() == [drawn]
    desk.page.get_by_text("Small", exact=True).click()
    expect(desk.page.locator("canvas.upper-canvas:visible[width='330']")).to_have_count(1)
    desk.frame()
    assert desk.boxes() == [drawn]
    keys_are_free(desk.page)
    desk.page.keyboard.press("ArrowRight")
    desk.shows(1)
    desk.page.keyboard.press("ArrowLeft")
    desk.shows(0)
    # The key comes before the library would send what was drawn.
    desk.drag((300, 300), (400, 400))
    desk.page.keyboard.press("ArrowRight")
    desk.shows(1)
    assert desk.counts() == [2, 0, 0]
    desk.drag((300, 300), (400, 400))
    desk.page.keyboard.press("n")
    desk.until(lambda: desk.counts() == [2, 2, 0])
    desk.held("Box 2 of 2")
    desk.page.keyboard.press("u")
    desk.until(lambda: desk.counts() == [2, 1, 0])
    assert desk.boxes(1)[0].x == pytest.approx(300, abs=2)
    # A move, and the next photo at once.
    desk.held("Box 1 of 1")
    desk.frame()
    desk.edit()
    desk.drag((350, 350), (250, 250))
    desk.page.keyboard.press("ArrowRight")
    desk.shows(2)
    (moved,) = desk.boxes(1)
    assert moved.x == pytest.approx(200, abs=4) and moved.width == pytest.approx(100, abs=4)


def test_the_mouse_chooses_the_box_that_delete_and_relabel_are_about(open_desk: OpenDesk) -> None:
    desk = open_desk(THREE)
    desk.held("Box 1 of 3")
    desk.edit()
    desk.click(470, 360)
    desk.held("Box 3 of 3")
    frame, canvas = (
        desk.page.locator(name).bounding_box() for name in (".keys-box:visible", "canvas.upper-canvas:visible")
    )
    assert frame is not None and canvas is not None
    assert (frame["x"] - canvas["x"]) * SIZE[0] / canvas["width"] == pytest.approx(400, abs=6)
    desk.page.keyboard.press("Delete")
    desk.until(lambda: desk.counts() == [2, 3, 3])
    assert [box.x for box in desk.boxes()] == [40, 240]
    desk.held("Box 2 of 2")
    desk.page.keyboard.press("u")
    desk.held("Box 2 of 3")
    # O goes on to the third, whatever the mouse has chosen before; then the keys are about that one.
    desk.page.keyboard.press("o")
    desk.held("Box 3 of 3")
    desk.page.keyboard.press("1")
    desk.page.keyboard.press("l")
    desk.until(lambda: [box.label for box in desk.boxes()] == ["owl"] * 3)
    desk.frame()
    # Still editing. A double click on a box that is selected opens its text; letters are no shortcuts then.
    desk.click(470, 360)
    desk.click(470, 360, times=2)
    text = desk.page.locator(".dc-textarea-host textarea")
    expect(text).to_have_count(1)
    desk.page.keyboard.type("duck")
    desk.page.keyboard.press("Enter")
    desk.until(lambda: [box.label for box in desk.boxes()] == ["owl", "owl", "duck"])
    assert desk.counts() == [3, 3, 3]


def test_a_stroke_ends_at_the_edge_a_corner_is_free_and_ten_presses_are_ten_steps(open_desk: OpenDesk) -> None:
    desk = open_desk([])
    desk.drag((580, 400), (760, 620))
    desk.until(lambda: len(desk.boxes()) == 1)
    (box,) = desk.boxes()
    assert box.x + box.width == pytest.approx(SIZE[0], abs=1) and box.y + box.height == pytest.approx(SIZE[1], abs=1)
    settled(desk.page)
    desk.drag((200, 300), (-60, 200))
    desk.until(lambda: len(desk.boxes()) == 2)
    box = desk.boxes()[1]
    assert box.x == pytest.approx(0, abs=1) and box.x + box.width == pytest.approx(200, abs=1)
    desk.held("Box 2 of 2")
    for _ in range(10):
        desk.page.keyboard.press("Shift+ArrowDown")
    desk.until(lambda: desk.boxes()[1].y == box.y + 10)
    desk.page.keyboard.press("Control+Shift+ArrowRight")
    desk.until(lambda: desk.boxes()[1].x == box.x + 10)
    desk.page.keyboard.press("u")
    desk.until(lambda: desk.boxes()[1].x == box.x)
    desk.page.keyboard.press("u")  # all ten steps were one change
    desk.until(lambda: desk.boxes()[1].y == box.y)
    desk.frame()
    desk.edit()
    desk.click(100, 250)
    corner = (box.x + box.width, box.y + box.height)
    desk.page.mouse.move(*desk.place(*corner))
    desk.drag(corner, (corner[0] + 150, corner[1] + 10))
    desk.until(lambda: desk.boxes()[1].width > box.width + 100)
    after = desk.boxes()[1]
    assert after.width == pytest.approx(box.width + 150, abs=4) and after.height == pytest.approx(
        box.height + 10, abs=4
    )


def test_two_people_draw_on_one_photo_see_each_other_and_lose_nothing(
    open_desk: OpenDesk, chromium: Browser, server: Server
) -> None:
    ana = open_desk([])
    page = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(f"{server.url}/Annotate?project={ana.project}&name=Ben")
    settled(page)
    choose_all_photos(page)
    ben = Desk(ana.store, ana.project, ana.photos, page)
    ben.shows(0)
    ana.drag((50, 50), (150, 150))
    ana.until(lambda: len(ana.boxes()) == 1)
    ben.held("Box 1 of 1")
    ben.drag((300, 300), (400, 400))
    ana.held("Box 1 of 2")
    # Both at once: Ben's box comes while Ana's stroke is on its way.
    ana.drag((50, 300), (150, 400), let_go=False)
    ben.drag((300, 50), (400, 150))
    ana.until(lambda: len(ana.boxes()) == 3)
    page.wait_for_timeout(1500)
    ana.page.mouse.up()
    ana.until(lambda: len(ana.boxes()) == 4)
    expect(ana.page.get_by_text("What they drew and what you did are both kept.")).to_be_visible()
    assert sorted(str(box.made_by) for box in ana.boxes()) == ["Ana", "Ana", "Ben", "Ben"]
    page.context.close()


def test_a_drawing_that_comes_late_goes_to_the_photo_that_it_was_drawn_on(open_desk: OpenDesk, page: Page) -> None:
    kept: list[tuple[WebSocketRoute, str | bytes]] = []
    slow = {"now": False}

    def route(browser: WebSocketRoute) -> None:
        def pass_on(message: str | bytes) -> None:
            if slow["now"]:
                kept.append((browser, message))
            else:
                browser.send(message)

        there = browser.connect_to_server()
        browser.on_message(there.send)
        there.on_message(pass_on)

    def catch_up() -> None:
        slow["now"] = False
        for browser, message in kept:
            browser.send(message)
        kept.clear()

    page.route_web_socket("**/_stcore/stream", route)
    desk = open_desk([])
    slow["now"] = True
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    desk.drag((100, 100), (200, 200))
    desk.until(lambda: sum(desk.counts()) == 1)
    catch_up()
    desk.shows(1)
    assert desk.counts() == [1, 0, 0]
    # The next photo comes in the middle of a stroke.
    slow["now"] = True
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    desk.drag((100, 100), (200, 200), let_go=False)
    catch_up()
    desk.shows(2)
    page.mouse.up()
    desk.until(lambda: sum(desk.counts()) == 2)
    assert desk.counts() == [1, 1, 0]


def test_in_a_narrow_window_the_whole_canvas_can_be_reached(open_desk: OpenDesk, page: Page) -> None:
    page.set_viewport_size({"width": 400, "height": 900})
    desk = open_desk([], photos=1)
    expect(page.locator("canvas.upper-canvas:visible[width='368']")).to_have_count(1)
    desk.frame()
    desk.drag((100, 100), (300, 300))
    desk.until(lambda: len(desk.boxes()) == 1)
    assert desk.boxes()[0].width == pytest.approx(200, abs=2)
    page.set_viewport_size({"width": 1280, "height": 900})
    expect(page.locator("canvas.upper-canvas:visible[width='540']")).to_have_count(1)
    desk.frame()
    assert len(desk.boxes()) == 1
