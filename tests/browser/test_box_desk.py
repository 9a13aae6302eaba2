"""The box desk in Chromium: no drawing is lost, and the mouse and the keys act on the same box."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, WebSocketRoute, expect

from core.data.pictures.decoding import Decoded
from core.data.store.store import BoxRow, Store
from core.workspace import Workspace
from tests.browser.projects import unused_name
from tests.browser.server import Server
from tests.browser.test_newcomer import settled

pytestmark = pytest.mark.shares_server

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

    def canvas(self) -> Locator:
        return self.page.locator(".desk:visible")

    def place(self, x: float, y: float) -> tuple[float, float]:
        shape = self.canvas().bounding_box()
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

    def shows(self, photo: int) -> None:
        expect(self.page.get_by_text(f"bird {photo}.png · ")).to_be_visible()
        self.ready(photo)

    def ready(self, photo: int = 0) -> None:
        """The canvas shows the photo."""
        expect(self.page.locator(f".desk[data-photo='{self.photos[photo]}']:visible")).to_have_count(1)
        settled(self.page)

    def sized(self, pixels: int) -> None:
        widths = "all => all.map((one) => one.clientWidth)"
        self.until(lambda: self.canvas().evaluate_all(widths) == [pixels])
        settled(self.page)

    def until(self, true: Callable[[], bool]) -> None:
        for _ in range(600):
            if true():
                return
            self.page.wait_for_timeout(50)  # unlike a bare sleep, this lets Playwright handle its messages
        raise AssertionError(f"it never came: {self.store.boxes(self.project)}")

    def selected(self, words: str) -> None:
        expect(self.page.get_by_text(f"{words} is selected")).to_be_visible()
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
    """Wait until no control has the focus, so that the keys go to the desk."""
    page.wait_for_function("() => document.activeElement === document.body")


def choose_all_photos(page: Page) -> None:
    page.locator(".st-key-boxes-which input").click()
    page.get_by_role("option", name="All photos").click()
    settled(page)
    keys_are_free(page)


@pytest.fixture
def open_desk(store: Store, server: Server, page: Page, request: pytest.FixtureRequest) -> OpenDesk:
    def opened(boxes: list[BoxRow], photos: int = 3, size: tuple[int, int] = SIZE) -> Desk:
        project = store.create_project(unused_name(store, request.node.name), "localization", ["owl", "duck"])
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
    desk.sized(880)
    assert desk.boxes() == [drawn]
    desk.page.get_by_text("Small", exact=True).click()
    desk.sized(330)
    assert desk.boxes() == [drawn]
    keys_are_free(desk.page)
    desk.page.keyboard.press("ArrowRight")
    desk.shows(1)
    desk.page.keyboard.press("ArrowLeft")
    desk.shows(0)
    # The key comes while the box is on its way to the server.
    desk.drag((300, 300), (400, 400))
    desk.page.keyboard.press("ArrowRight")
    desk.shows(1)
    assert desk.counts() == [2, 0, 0]
    desk.drag((300, 300), (400, 400))
    desk.page.keyboard.press("n")
    desk.until(lambda: desk.counts() == [2, 2, 0])
    desk.selected("Box 2 of 2")
    desk.page.keyboard.press("u")
    desk.until(lambda: desk.counts() == [2, 1, 0])
    assert desk.boxes(1)[0].x == pytest.approx(300, abs=2)
    # A move, and the next photo at once.
    desk.selected("Box 1 of 1")
    desk.drag((350, 350), (250, 250))
    desk.page.keyboard.press("ArrowRight")
    desk.shows(2)
    (moved,) = desk.boxes(1)
    assert moved.x == pytest.approx(200, abs=4) and moved.width == pytest.approx(100, abs=4)


def test_the_mouse_selects_the_box_that_delete_and_relabel_act_on(open_desk: OpenDesk) -> None:
    desk = open_desk(THREE)
    desk.selected("Box 1 of 3")
    desk.click(470, 360)
    desk.selected("Box 3 of 3")
    frame, canvas = (desk.page.locator(name).bounding_box() for name in (".box.selected:visible", ".desk:visible"))
    assert frame is not None and canvas is not None
    assert (frame["x"] - canvas["x"]) * SIZE[0] / canvas["width"] == pytest.approx(400, abs=2)
    desk.page.keyboard.press("Delete")
    desk.until(lambda: desk.counts() == [2, 3, 3])
    assert [box.x for box in desk.boxes()] == [40, 240]
    desk.selected("Box 2 of 2")
    desk.page.keyboard.press("u")
    desk.selected("Box 2 of 3")
    # O selects the third, whatever the mouse selected before; then the keys act on that one.
    desk.page.keyboard.press("o")
    desk.selected("Box 3 of 3")
    desk.page.keyboard.press("1")
    desk.page.keyboard.press("l")
    desk.until(lambda: [box.label for box in desk.boxes()] == ["owl"] * 3)
    settled(desk.page)
    # A double click on a box opens the list of classes; letters search in it and are no shortcuts.
    desk.click(470, 360, times=2)
    expect(desk.page.locator("select.classes")).to_be_focused()
    desk.page.keyboard.type("duck")
    desk.page.keyboard.press("Enter")
    desk.until(lambda: [box.label for box in desk.boxes()] == ["owl", "owl", "duck"])
    settled(desk.page)
    desk.click(100, 90, times=2)
    desk.page.get_by_role("option", name="duck").click()
    desk.until(lambda: [box.label for box in desk.boxes()] == ["duck", "owl", "duck"])
    assert desk.counts() == [3, 3, 3]


def test_boxes_that_nobody_touched_stay_exact_and_a_click_draws_nothing(open_desk: OpenDesk) -> None:
    exact = [BoxRow("owl", 100 / 3, 40.123456789, 1000 / 7, 99.9), BoxRow("duck", -2.5, 300, 80, 60)]
    desk = open_desk(exact)
    desk.click(600, 30)
    desk.drag((600, 30), (602, 60))  # too narrow: a click
    desk.drag((400, 300), (500, 400))
    desk.until(lambda: len(desk.boxes()) == 3)
    assert [(box.x, box.y, box.width, box.height) for box in desk.boxes()[:2]] == [
        (box.x, box.y, box.width, box.height) for box in exact
    ]
    assert desk.counts() == [3, 2, 2]
    drawn = desk.boxes()[2]
    assert (drawn.x, drawn.y, drawn.width, drawn.height) == pytest.approx((400, 300, 100, 100), abs=1)


def test_a_small_box_on_a_large_one_can_be_selected_and_drawn(open_desk: OpenDesk) -> None:
    desk = open_desk([BoxRow("owl", 200, 200, 40, 40), BoxRow("duck", 100, 100, 300, 300)])
    desk.selected("Box 1 of 2")
    desk.click(350, 350)
    desk.selected("Box 2 of 2")
    desk.page.keyboard.down("Shift")
    desk.drag((300, 300), (350, 350))
    desk.page.keyboard.up("Shift")
    desk.until(lambda: len(desk.boxes()) == 3)
    assert desk.boxes()[1].x == 100
    desk.selected("Box 3 of 3")
    desk.click(220, 220)
    desk.selected("Box 1 of 3")
    desk.drag((220, 220), (260, 220), let_go=False)
    desk.page.keyboard.press("Escape")
    desk.page.mouse.up()
    desk.page.wait_for_timeout(300)
    assert desk.boxes()[0].x == 200


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
    desk.selected("Box 2 of 2")
    for _ in range(10):
        desk.page.keyboard.press("Shift+ArrowDown")
    desk.until(lambda: desk.boxes()[1].y == box.y + 10)
    desk.page.keyboard.press("Control+Shift+ArrowRight")
    desk.until(lambda: desk.boxes()[1].x == box.x + 10)
    desk.page.keyboard.press("u")
    desk.until(lambda: desk.boxes()[1].x == box.x)
    desk.page.keyboard.press("u")  # all ten steps were one change
    desk.until(lambda: desk.boxes()[1].y == box.y)
    settled(desk.page)
    corner = (box.x + box.width, box.y + box.height)
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
    ben.selected("Box 1 of 1")
    ben.drag((300, 300), (400, 400))
    ana.selected("Box 1 of 2")
    # Both at once: Ben's box comes while Ana's stroke is on its way.
    ana.drag((50, 300), (150, 400), let_go=False)
    ben.drag((300, 50), (400, 150))
    ana.until(lambda: len(ana.boxes()) == 3)
    page.wait_for_timeout(1500)
    ana.page.mouse.up()
    ana.until(lambda: len(ana.boxes()) == 4)
    expect(ana.page.get_by_text("Their boxes and your changes are both kept.")).to_be_visible()
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
    expect(page.get_by_text("bird 2.png · ")).to_be_visible()
    page.mouse.up()
    desk.until(lambda: sum(desk.counts()) == 2)
    desk.shows(2)
    assert desk.counts() == [1, 1, 0]


def test_in_a_narrow_window_the_whole_canvas_can_be_reached(open_desk: OpenDesk, page: Page) -> None:
    page.set_viewport_size({"width": 400, "height": 900})
    desk = open_desk([], photos=1)
    desk.sized(368)
    desk.drag((100, 100), (300, 300))
    desk.until(lambda: len(desk.boxes()) == 1)
    assert desk.boxes()[0].width == pytest.approx(200, abs=2)
    page.set_viewport_size({"width": 1280, "height": 900})
    desk.sized(540)
    assert len(desk.boxes()) == 1


def test_zooming_by_key_and_wheel_draws_in_pixels_of_the_photo(open_desk: OpenDesk) -> None:
    desk = open_desk([])
    fitted = desk.canvas().bounding_box()
    assert fitted is not None
    percent = desk.page.get_by_role("button", name="Show the whole photo")
    desk.page.keyboard.press("+")
    desk.page.keyboard.press("+")
    expect(percent).to_have_text("225%")
    zoomed = desk.canvas().bounding_box()
    assert zoomed is not None and zoomed["width"] == pytest.approx(2.25 * fitted["width"], abs=1)
    # The view keeps its size, and the centre stays in its centre.
    view = desk.page.locator(".view:visible").bounding_box()
    assert view is not None and view["height"] == pytest.approx(fitted["height"], abs=1)
    desk.drag((300, 220), (340, 260))
    desk.until(lambda: desk.counts() == [1, 0, 0])
    (drawn,) = desk.boxes()
    assert (drawn.x, drawn.y, drawn.width, drawn.height) == pytest.approx((300, 220, 40, 40), abs=1)
    desk.page.keyboard.down("Control")
    desk.page.mouse.wheel(0, 100)
    desk.page.keyboard.up("Control")
    expect(percent).to_have_text("180%")
    percent.click()
    expect(percent).to_have_text("100%")
    desk.page.keyboard.press("+")
    expect(percent).to_have_text("150%")
    desk.page.keyboard.press("ArrowRight")
    desk.shows(1)
    expect(percent).to_have_text("100%")  # another photo is shown whole


def test_each_class_has_a_colour_of_its_own(open_desk: OpenDesk) -> None:
    desk = open_desk(THREE)
    colors = "all => all.map((one) => getComputedStyle(one).borderTopColor)"
    first, second, third = desk.page.locator(".box:visible").evaluate_all(colors)
    assert first == second != third
    button = desk.page.locator(f".st-key-box-class-{desk.photos[0]}-1 button")
    assert button.evaluate("one => getComputedStyle(one).borderLeftColor") == third


def test_when_all_photos_have_a_box_one_can_go_through_all(open_desk: OpenDesk) -> None:
    desk = open_desk(THREE)
    desk.page.locator(".st-key-boxes-which input").click()
    desk.page.get_by_role("option", name="Photos without a box").click()
    expect(desk.page.get_by_text("All photos have a box")).to_be_visible()
    expect(desk.page.get_by_role("button", name="Go through them again")).to_have_count(0)
    desk.page.get_by_role("button", name="Go through all photos").click()
    desk.shows(0)


def test_a_press_that_the_browser_sends_twice_undoes_one_change(open_desk: OpenDesk, page: Page) -> None:
    """Streamlit sends a shortcut twice now and then; here it does with every press of Undo."""
    doubled = []

    def route(browser: WebSocketRoute) -> None:
        server = browser.connect_to_server()

        def forward(message: str | bytes) -> None:
            server.send(message)
            if b"boxes-undo" in (message if isinstance(message, bytes) else message.encode()):
                doubled.append(message)
                server.send(message)

        browser.on_message(forward)

    page.route_web_socket("**/_stcore/stream", route)
    desk = open_desk([])
    for number, left in enumerate((50, 250, 450), start=1):
        desk.drag((left, 100), (left + 100, 200))
        desk.until(lambda number=number: desk.counts() == [number, 0, 0])  # type: ignore[misc]
        settled(page)
    page.keyboard.press("u")
    desk.until(lambda: desk.counts()[0] < 3)
    settled(page)
    page.wait_for_timeout(500)  # a second undo would come now
    assert len(doubled) == 1 and desk.counts() == [2, 0, 0]
