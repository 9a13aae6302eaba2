"""The labelling desk in the browser: its keys ask an address of their own, and only its answer is shown."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from core.data.store.store import ImageFilter, Project, Store
from core.workspace import open_workspace
from tests.browser.server import Server
from tests.browser.test_newcomer import settled
from tests.browser.test_two_browsers import project_of

pytestmark = pytest.mark.shares_server
PHOTOS = 6


@pytest.fixture
def store(server: Server) -> Iterator[Store]:
    opened = Store(open_workspace(server.home))
    yield opened
    opened.close()


@pytest.fixture
def project(page: Page, server: Server, store: Store, request: pytest.FixtureRequest) -> Project:
    """A project whose desk is open."""
    made = project_of(store, PHOTOS, request.node.name[:40])
    page.goto(f"{server.url}/Annotate?project={made.id}&name=Ana")
    done(page, 0)
    settled(page)
    return made


def done(page: Page, count: int) -> None:
    expect(page.locator(".desk-count")).to_have_text(f"{count} of {PHOTOS} labelled")


def labelled(store: Store, project: Project) -> int:
    return PHOTOS - store.count(project.id, ImageFilter(unlabelled=True))


def test_a_press_draws_nothing_but_the_desk(page: Page, project: Project) -> None:
    """The page around it stays as it is: its server has more to do than to draw it again for each label."""
    page.locator(".st-key-annotate-suggest label").click()  # with suggestions, the progress of features is drawn
    settled(page)
    asked: list[str] = []
    page.on(
        "request",
        lambda one: asked.append(json.loads(one.post_data or "{}").get("do", "")) if one.method == "POST" else None,
    )
    page.evaluate(
        """() => {
            window.runs = 0;
            const app = document.querySelector("[data-testid=stApp]");
            new MutationObserver(() => window.runs++).observe(app, { attributeFilter: ["data-test-script-state"] });
        }"""
    )
    for count, key in enumerate("1212", start=1):
        page.keyboard.press(key)
        done(page, count)
        settled(page)
    assert (asked.count("label"), page.evaluate("window.runs")) == (4, 0)


def test_keys_pressed_while_the_server_is_slow_label_only_what_was_seen(
    page: Page, project: Project, store: Store
) -> None:
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if held or "label" not in (route.request.post_data or ""):
            route.continue_()
        else:
            held.append(route)

    page.route("**/desk/*", hold_the_first)
    first = page.locator(".desk-line").inner_text()
    for key in "122":
        page.keyboard.press(key)
    page.wait_for_timeout(300)
    assert len(held) == 1 and page.locator(".desk-line").inner_text() == first
    held[0].continue_()
    done(page, 1)
    assert [row.label for row in store.images(project.id) if row.label] == ["owl"]
    settled(page)
    page.keyboard.press("2")
    done(page, 2)


def test_without_an_answer_the_photo_stays_and_the_key_works_again(page: Page, project: Project, store: Store) -> None:
    page.route("**/desk/*", lambda route: route.abort())
    page.keyboard.press("1")
    expect(page.get_by_role("alert").filter(has_text="The server does not answer")).to_be_visible()
    done(page, 0)
    page.unroute("**/desk/*")
    page.keyboard.press("1")
    done(page, 1)
    expect(page.get_by_text("The server does not answer")).to_be_hidden()
    assert labelled(store, project) == 1


def test_a_desk_that_the_server_has_forgotten_is_opened_again(page: Page, project: Project, store: Store) -> None:
    gone = json.dumps({"problem": "This desk is not open any more.", "gone": True, "redraw": True})
    page.route("**/desk/*", lambda route: route.fulfill(status=404, content_type="application/json", body=gone))
    page.keyboard.press("1")
    expect(page.get_by_text("This desk is not open any more.")).to_be_visible()
    page.unroute("**/desk/*")
    settled(page)
    page.keyboard.press("1")
    done(page, 1)


def test_what_somebody_else_does_appears_by_itself(page: Page, project: Project, store: Store) -> None:
    last = store.images(project.id)[-1].id
    store.annotate(project.id, [last], "duck", "Ben")
    done(page, 1)
    shown = page.locator(".desk-line").inner_text()
    row = next(one for one in store.images(project.id) if one.filename == shown)
    store.annotate(project.id, [row.id], "duck", "Ben")
    expect(page.locator(".desk-class.chosen")).to_contain_text("duck")
    page.keyboard.press("1")
    expect(page.get_by_role("alert").filter(has_text="This photo was changed by Ben")).to_be_visible()
    assert store.image(project.id, row.id).label == "duck"
    store.add_class(project.id, "wren", "Ben")
    expect(page.locator(".desk-class").filter(has_text="wren")).to_be_visible()


def test_a_photo_that_cannot_be_shown_says_why(page: Page, project: Project) -> None:
    why = "The file of this photo is missing."
    page.route("**/desk/*/*", lambda route: route.fulfill(status=400, content_type="text/plain", body=why))
    page.reload()
    expect(page.get_by_role("alert").filter(has_text=why)).to_be_visible()


def test_the_last_photo_leads_to_the_next_step_and_undo_back_to_the_desk(
    page: Page, project: Project, store: Store
) -> None:
    for count in range(1, PHOTOS):
        page.keyboard.press("1")
        done(page, count)
        settled(page)
    page.keyboard.press("1")
    expect(page.get_by_role("heading", name="All photos are labelled")).to_be_visible()
    settled(page)
    page.keyboard.press("u")
    done(page, PHOTOS - 1)
    settled(page)
    page.keyboard.press("2")
    expect(page.get_by_role("heading", name="All photos are labelled")).to_be_visible()
    assert sorted(str(row.label) for row in store.images(project.id)) == ["duck", *["owl"] * (PHOTOS - 1)]
