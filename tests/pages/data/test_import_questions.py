"""Questions before an import: samples and a button for each choice, and nothing is imported before the answer."""

from io import BytesIO

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.data.pictures.box import Box
from core.data.store.store import Project, Store
from core.data.tables.label_rows import objects_of
from pages.components.shared.wording import plain
from tests.pages.conftest import OpenPage, messages
from tests.pages.data.test_data import heads, import_all, texts, upload

TABLE = b"filename,label,x,y,width,height\na.png,owl,0.25,0.5,0.5,0.25\n"


def photo(width: int = 80, height: int = 60) -> bytes:
    out = BytesIO()
    Image.new("RGB", (width, height), (60, 120, 90)).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def boxes(store: Store) -> Project:
    return store.create_project("Boxes", "localization")


def answer(app: AppTest, choice: str) -> AppTest:
    [button] = [
        one for one in app.button if one.key and one.key.startswith("add-answer-") and one.label == plain(choice)
    ]
    return button.click().run()


def stored_boxes(store: Store, project: Project) -> list[Box]:
    return [one.box for row in store.label_rows(project.id) for one in objects_of(row)]


def test_boxes_in_fractions_are_asked_with_the_photo_and_imported_as_chosen(
    open_page: OpenPage, boxes: Project, store: Store
) -> None:
    app = open_page("Data")
    upload(app, ("a.png", photo()), ("labels.csv", TABLE))
    assert "1 question before the import" in heads(app) and not messages(app)
    assert "Are the numbers fractions of the photo" in texts(app)
    assert len(app.get("image")) == 2, "the photo with the box of each choice that has one"
    assert not any(one.key == "import-now" for one in app.button)
    answer(app, "Read them as fractions")
    assert not messages(app) and "read them as fractions" in texts(app)
    import_all(app)
    assert stored_boxes(store, boxes) == [Box(20, 30, 40, 15)]


def test_an_answer_can_be_taken_back(open_page: OpenPage, boxes: Project) -> None:
    app = open_page("Data")
    upload(app, ("a.png", photo()), ("labels.csv", TABLE))
    answer(app, "Read them as pixels")
    assert any(one.key == "import-now" for one in app.button)
    answer(app, "Change the answer")
    assert "1 question before the import" in heads(app)
    assert not any(one.key == "import-now" for one in app.button)


def test_other_files_have_questions_of_their_own(open_page: OpenPage, boxes: Project) -> None:
    """The answer about the first table must not be used for the second."""
    app = open_page("Data")
    upload(app, ("a.png", photo()), ("labels.csv", TABLE))
    answer(app, "Read them as pixels")
    upload(app, ("a.png", photo(90, 60)), ("labels.csv", TABLE))
    assert "1 question before the import" in heads(app)


def test_a_chosen_group_column_survives_an_answer(open_page: OpenPage, boxes: Project) -> None:
    table = b"filename,label,camera,day,x,y,width,height\na.png,owl,c1,d1,0.25,0.5,0.5,0.25\n"
    app = open_page("Data")
    upload(app, ("a.png", photo()), ("labels.csv", table))
    column = next(one for one in app.selectbox if one.label == "Group photos by")
    column.set_value("camera").run()
    answer(app, "Read them as pixels")
    assert next(one for one in app.selectbox if one.label == "Group photos by").value == "camera"
    assert "1 group" in texts(app)
