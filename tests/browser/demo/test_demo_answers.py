"""The demo's answer belongs to the photo beside it: an earlier one is gone at once, however quickly photos change."""

import itertools
from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.browser.demo.conftest import MINUTE, Demo, expect_answer, expect_sentence, samples, upload
from tests.browser.demo.test_demo_photos import saved

# Milliseconds until the browser has emptied the answer to the photo before.
AT_ONCE = 500

RECORD = """() => {
  const seen = [];
  const look = () => {
    const file = (selector) => {
      const image = document.querySelector(selector);
      return image?.checkVisibility({ visibilityProperty: true }) ? image.src.split("/").slice(-2).join("/") : "";
    };
    const label = document.querySelector("#classes")?.innerText ?? "";
    const state = { photo: file("#photo .image-frame img"), heatmap: file("#heatmap img"),
                    label: label.includes("%") ? label : "" };
    const last = seen.at(-1);
    if (!last || Object.keys(state).some((key) => state[key] !== last[key]))
      seen.push({ ...state, at: performance.now() });
    if (!window.enough) requestAnimationFrame(look);
    else seen.push({ ...state, at: performance.now() });
  };
  window.enough = false;
  window.seen = seen;
  look();
}"""


def states(page: Page) -> list[dict[str, Any]]:
    """Return what was on the page since RECORD, each state with its time; the last one stands twice."""
    page.evaluate("() => { window.enough = true; return new Promise((done) => setTimeout(done, 200)); }")
    found: list[dict[str, Any]] = page.evaluate("() => window.seen")
    return found


def answers(page: Page, *numbers: int) -> dict[str, tuple[str, str]]:
    """Return the heatmap and the classes of sample photos, by the photo's file."""
    found = {}
    page.evaluate(RECORD)
    for number in numbers:
        samples(page).nth(number).click()
        expect(page.locator("#photo .image-frame img")).to_be_visible()
        expect(page.locator("#classes")).not_to_contain_text("%")
        expect_answer(page)
        last = page.evaluate("() => new Promise((done) => setTimeout(() => done(window.seen.at(-1)), 200))")
        found[last["photo"]] = (last["heatmap"], last["label"])
    assert len({*found.values()}) == len(numbers), "each photo has an answer of its own"
    return found


def expect_own_answers(seen: list[dict[str, Any]], known: dict[str, tuple[str, str]]) -> None:
    for state, later in itertools.pairwise(seen):
        heatmap, label = known.get(state["photo"], ("", ""))
        wrong = state["heatmap"] not in ("", heatmap) or state["label"] not in ("", label)
        assert not wrong or later["at"] - state["at"] < AT_ONCE, (state, seen)
    last = seen[-1]
    assert (last["heatmap"], last["label"]) == known.get(last["photo"], ("", "")), seen


def test_quickly_changed_photos_show_only_their_own_answers(opened: Page, demo: Demo) -> None:
    # Once the old answer stayed beside the new photo until the new answer was there.
    demo.slow_down(0.1)
    known = answers(opened, 0, 1, 2)
    demo.slow_down(1.5)
    opened.evaluate(RECORD)
    for number in (0, 1, 2, 0, 1):
        samples(opened).nth(number).click()
        opened.wait_for_timeout(400)
    expect_answer(opened)
    opened.wait_for_timeout(3000)  # late answers to the photos before
    expect_own_answers(states(opened), known)


def test_an_emptied_photo_field_has_no_answer(opened: Page, demo: Demo) -> None:
    demo.slow_down(0.1)
    known = answers(opened, 0, 1)
    demo.slow_down(1.5)
    opened.evaluate(RECORD)
    samples(opened).first.click()
    opened.wait_for_timeout(300)
    opened.get_by_role("button", name="Remove Image").click()
    expect(opened.locator("#caption")).to_contain_text("Here you will see", timeout=MINUTE)
    opened.wait_for_timeout(2500)
    expect_own_answers(states(opened), known)
    expect(opened.locator("#heatmap img")).to_have_count(0)


def test_settings_that_are_computed_late_do_not_replace_the_next_photos_answer(opened: Page, demo: Demo) -> None:
    demo.slow_down(0.1)
    known = answers(opened, 0, 1)
    opened.get_by_role("button", name="Heatmap settings").click()
    demo.slow_down(1.5)
    samples(opened).first.click()
    expect_answer(opened)
    opened.get_by_text("layer2", exact=True).click()
    opened.wait_for_timeout(300)
    opened.evaluate(RECORD)
    samples(opened).nth(1).click()
    expect(opened.locator("#caption")).to_contain_text("Grad-CAM at layer2", timeout=MINUTE)
    opened.wait_for_timeout(2500)
    seen = states(opened)
    # The stage is another one, so this heatmap is not known: it must belong to the last photo's classes.
    last_photo, (_, label) = list(known.items())[1]
    assert (seen[-1]["photo"], seen[-1]["label"]) == (last_photo, label)
    expect_own_answers(seen, {**known, last_photo: (seen[-1]["heatmap"], label)})


def test_an_error_empties_the_answer_before(opened: Page, demo: Demo) -> None:
    demo.slow_down(0.1)
    known = answers(opened, 0, 1)
    demo.slow_down(1.5)
    opened.evaluate(RECORD)
    samples(opened).nth(1).click()
    opened.wait_for_timeout(300)
    upload(opened, "notes.jpg", b"not a photo", "image/jpeg")
    expect_sentence(opened, "it is a text file")
    opened.wait_for_timeout(2500)
    expect_sentence(opened, "it is a text file")
    expect_own_answers(states(opened), known)


def test_a_photo_that_is_uploaded_slowly_has_no_other_photos_answer(opened: Page, demo: Demo) -> None:
    demo.slow_down(0.1)
    known = answers(opened, 0, 1)

    def later(route: Route) -> None:
        opened.wait_for_timeout(1500)
        route.continue_()

    opened.route("**/upload*", later)
    opened.evaluate(RECORD)
    upload(opened, "photo.jpg", saved("JPEG"), "image/jpeg")
    expect(opened.locator("#photo .image-frame img[src*='photo.jpg']")).to_be_visible(timeout=MINUTE)
    expect_answer(opened)
    opened.wait_for_timeout(500)
    seen = states(opened)
    expect_own_answers(seen, {**known, seen[-1]["photo"]: (seen[-1]["heatmap"], seen[-1]["label"])})
