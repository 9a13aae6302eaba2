"""What a file leaves unclear is asked with samples: answered, taken back, asked again after a reload, then stored."""

import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from core.data.pictures.box import Box
from core.data.store.store import Project, Store
from core.data.tables.label_rows import objects_of
from core.workspace import open_workspace
from tests.browser.accessibility.test_axe import not_whole, photograph, ready
from tests.browser.accessibility.test_keyboard import tab_to
from tests.browser.axe import violations
from tests.browser.projects import unused_name
from tests.browser.server import Server
from tests.browser.test_newcomer import MINUTE, settled
from tests.data.importing.formats.small_sets import photos

pytestmark = pytest.mark.shares_server

BOXES = "filename,label,x,y,width,height\na.png,owl,0.25,0.5,0.5,0.25\nb.png,owl,0.5,0.25,0.25,0.5\n"
WORDS = "filename,label\na.png,フクロウ\nb.png,ニワトリ\n"
MANY = """filename,label,group,x,y,width,height
a.png,1,x,0.25,0.5,0.5,0.25
b.png,1.0,NA,0.25,0.5,0.5,0.25
c.png,nan,y,0.25,0.5,0.5,0.25
d.png,NA,y,0.25,0.5,0.5,0.25
"""


@pytest.fixture(scope="module")
def store(server: Server) -> Store:
    return Store(open_workspace(server.home))


def zip_of(files: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def large_photos(names: str) -> dict[str, bytes]:
    return photos(*(f"{name}.png" for name in names), width=160, height=120)


def open_data(page: Page, server: Server, project: Project) -> None:
    page.goto(f"{server.url}/Data?project={project.id}&name=Ana")
    settled(page)


def upload(page: Page, files: Mapping[str, bytes]) -> None:
    payload = [FilePayload(name=name, mimeType="", buffer=data) for name, data in files.items()]
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(payload)


def asked(page: Page, words: str) -> None:
    """Wait for the heading that counts the questions."""
    expect(page.get_by_role("heading", name=f"{words} before the import", exact=True)).to_be_visible(timeout=MINUTE)
    settled(page)


def choice(page: Page, words: str) -> Locator:
    return page.get_by_role("button", name=words, exact=True)


def import_photos(page: Page, count: int) -> None:
    page.get_by_role("button", name=re.compile(f"Import {count} photos")).click()
    expect(page.get_by_role("heading", name=f"{count} photos imported")).to_be_visible(timeout=MINUTE)


def stored(store: Store, project: Project) -> dict[str, list[tuple[str | None, Box]]]:
    rows = store.label_rows(project.id)
    return {row.filename: [(one.label, one.box) for one in objects_of(row)] for row in rows}


def test_boxes_in_fractions_are_asked_with_photos_and_a_changed_answer_counts(
    page: Page, server: Server, store: Store, screenshots: Path
) -> None:
    project = store.create_project(unused_name(store, "Boxes"), "localization")
    data = {"set.zip": zip_of({**large_photos("ab"), "labels.csv": BOXES})}
    open_data(page, server, project)
    upload(page, data)
    asked(page, "1 question")
    expect(page.get_by_role("img", name="a.png, Read them as fractions", exact=True)).to_be_visible()
    expect(page.get_by_role("img", name="b.png, Read them as pixels", exact=True)).to_be_visible()
    photograph(page, screenshots, "question-boxes-light-1280")
    assert violations(page) == []

    # The answer leads on; after a change of mind the question is there again, and nothing was imported.
    choice(page, "Read them as pixels").click()
    expect(page.get_by_text("Your answer: Read them as pixels.")).to_be_visible(timeout=MINUTE)
    expect(page.get_by_role("button", name=re.compile("Import 2 photos"))).to_be_visible()
    settled(page)
    choice(page, "Change the answer").click()
    asked(page, "1 question")
    assert store.count(project.id) == 0

    # A reload begins again: no answer is left from before, and nothing was imported.
    page.reload()
    settled(page)
    expect(page.get_by_test_id("stFileUploaderDropzoneInput")).to_be_attached()
    assert not page.get_by_text("Your answer").count() and store.count(project.id) == 0
    upload(page, data)
    asked(page, "1 question")

    # The keyboard alone answers.
    tab_to(page, choice(page, "Read them as fractions"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your answer: Read them as fractions.")).to_be_visible(timeout=MINUTE)
    settled(page)
    import_photos(page, 2)
    assert stored(store, project) == {
        "a.png": [("owl", Box(40, 60, 80, 30))],
        "b.png": [("owl", Box(80, 30, 40, 60))],
    }


def test_a_table_in_shift_jis_is_asked_with_its_words(page: Page, server: Server, store: Store) -> None:
    project = store.create_project(unused_name(store, "Words"))
    open_data(page, server, project)
    upload(page, {**large_photos("ab"), "labels.csv": WORDS.encode("cp932")})
    asked(page, "1 question")
    expect(page.get_by_role("cell", name="フクロウ")).to_have_count(1)
    choice(page, "Read it as Japanese (cp932, Shift JIS)").click()
    expect(page.get_by_text("Your answer: Read it as Japanese")).to_be_visible(timeout=MINUTE)
    settled(page)
    import_photos(page, 2)
    assert {row.filename: row.label for row in store.images(project.id)} == {"a.png": "フクロウ", "b.png": "ニワトリ"}


def test_several_questions_are_counted_down_on_a_dark_phone(
    page: Page, server: Server, store: Store, screenshots: Path
) -> None:
    project = store.create_project(unused_name(store, "Many"), "localization")
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 400, "height": 900})
    open_data(page, server, project)
    upload(page, {"set.zip": zip_of({**large_photos("abcd"), "labels.csv": MANY})})
    asked(page, "5 questions")
    ready(page)
    photograph(page, screenshots, "question-many-dark-400")
    assert violations(page) == [] and not_whole(page) == []
    choice(page, "Read it as no label, in all 2 such questions").click()
    asked(page, "3 questions left")
    choice(page, "Read each number as one class").click()
    asked(page, "2 questions left")
    choice(page, "Read it as no group").click()
    asked(page, "1 question left")
    expect(page.get_by_text("Are the numbers fractions of the photo")).to_be_in_viewport()
    photograph(page, screenshots, "question-last-dark-400")
    assert not_whole(page) == []
    choice(page, "Read them as fractions").click()
    expect(page.get_by_text("Your answer: Read them as fractions.")).to_be_visible(timeout=MINUTE)
    settled(page)
    import_photos(page, 4)
    box = Box(40, 60, 80, 30)
    # Without a class a box is not stored, which the page has said.
    assert stored(store, project) == {"a.png": [("1", box)], "b.png": [("1", box)], "c.png": [], "d.png": []}
