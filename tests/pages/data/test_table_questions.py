"""Questions about tables on the page: those of a table without a header, and those about photos of the project."""

import pytest
from streamlit.testing.v1 import AppTest

from core.data.pictures.box import Box
from core.data.store.records import BoxRow
from core.data.store.store import Project, Store
from core.data.tables.label_rows import objects_of
from pages.components.shared.wording import plain
from tests.pages.conftest import OpenPage, add_photo, messages
from tests.pages.data.test_data import heads, import_all, png, section, texts, upload


@pytest.fixture
def boxes(store: Store) -> Project:
    return store.create_project("Boxes", "localization", classes=["cat"])


def answer(app: AppTest, choice: str) -> AppTest:
    labelled = [one for one in app.button if one.label == plain(choice)]
    [button] = [one for one in labelled if one.key and one.key.startswith("add-answer-")]
    return button.click().run()


def stored(store: Store, project: Project) -> list[tuple[str | None, Box]]:
    return [(one.label, one.box) for row in store.label_rows(project.id) for one in objects_of(row)]


def test_a_table_without_a_header_is_confirmed_and_then_asks_its_encoding(
    open_page: OpenPage, boxes: Project, store: Store
) -> None:
    """After the confirmation no question could be answered."""
    app = open_page("Data")
    upload(app, ("a.png", png(1)), ("boxes.csv", "a.png;猫;1;2;30;20\n".encode("cp932")))
    app.button(key="boxes-confirm").click().run()
    assert not messages(app) and "1 question before the import" in heads(app)
    assert not any(one.key == "import-now" for one in app.button)
    answer(app, "Read it as Japanese (cp932, Shift JIS)")
    assert not messages(app)
    import_all(app)
    assert stored(store, boxes) == [("猫", Box(1, 2, 29, 18))]


def test_boxes_of_photos_in_the_project_are_asked_before_they_are_updated(
    open_page: OpenPage, boxes: Project, store: Store
) -> None:
    photo = add_photo(store, boxes, "a.png")
    store.set_boxes(boxes.id, photo, [BoxRow("cat", 1, 1, 4, 4)], "ann")
    image = store.images(boxes.id)[0]
    app = section(open_page("Data"), "Add photos")
    upload(app, ("labels.csv", b"filename,label,x,y,width,height\na.png,cat,0.25,0.5,0.5,0.25\n"))
    assert not messages(app) and "1 question before the import" in heads(app)
    assert not any(one.key == "update-labels" for one in app.button)
    answer(app, "Read them as fractions")
    assert not messages(app) and "Read them as fractions" in texts(app)
    app.button(key="update-labels").click().run()
    expected = Box(image.width / 4, image.height / 2, image.width / 2, image.height / 4)
    assert stored(store, boxes) == [("cat", expected)]
