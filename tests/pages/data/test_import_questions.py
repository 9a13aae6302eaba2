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
        one for one in app.button if one.key and one.key.startswith("add-answer") and one.label == plain(choice)
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
    choices = [one.label for one in app.button if one.key and one.key.startswith("add-answer-")]
    assert len(app.get("image")) == len(choices) - 1, "the photo with its box, but where that is left out"
    assert not any(one.key == "import-now" for one in app.button)
    answer(app, "Read them as fractions")
    assert not messages(app) and "Your answer: Read them as fractions" in texts(app)
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


WORDS = b"""filename,label,group,x,y,width,height
a.png,1,x,0.1,0.2,0.5,0.5
b.png,1.0,NA,0.1,0.1,0.5,0.6
c.png,nan,y,0.1,0.1,0.5,0.6
d.png,NA,y,0.1,0.1,0.5,0.6
"""


def test_of_several_questions_one_is_shown_and_the_next_comes_by_itself(
    open_page: OpenPage, boxes: Project, store: Store
) -> None:
    app = open_page("Data")
    upload(app, *((f"{name}.png", photo(80 + place)) for place, name in enumerate("abcd")), ("labels.csv", WORDS))
    assert "5 questions before the import" in heads(app) and "4 more questions" in texts(app)
    assert [one.label for one in app.button].count("Answer this first") == 4
    answer(app, 'Read "nan" as the name of a class')
    assert "4 questions left before the import" in heads(app) and not messages(app)
    answer(app, "Read it as no label")
    answer(app, "Read each number as one class")
    answer(app, "Read it as no group")
    assert "1 question left before the import" in heads(app) and "more question" not in texts(app)
    answer(app, "Read them as fractions")
    assert not any("before the import" in head for head in heads(app))
    import_all(app)
    labels = {row.filename: [one.label for one in objects_of(row)] for row in store.label_rows(boxes.id)}
    assert labels == {"a.png": ["1"], "b.png": ["1"], "c.png": ["nan"], "d.png": []}


def test_questions_of_one_kind_are_answered_together_and_others_stay_open(open_page: OpenPage, boxes: Project) -> None:
    """A button names what it answers: a group that may be empty is no label that may be empty."""
    app = open_page("Data")
    upload(app, *((f"{name}.png", photo(80 + place)) for place, name in enumerate("abcd")), ("labels.csv", WORDS))
    together = [one.label for one in app.button if "such questions" in one.label]
    assert together == [plain("Read it as no label, in all 2 such questions")]
    answer(app, "Read it as no label, in all 2 such questions")
    assert "3 questions left before the import" in heads(app) and texts(app).count("Your answer:") == 2


def test_a_question_can_be_answered_first_and_one_taken_back_is_asked_at_once(
    open_page: OpenPage, boxes: Project
) -> None:
    app = open_page("Data")
    upload(app, *((f"{name}.png", photo(80 + place)) for place, name in enumerate("abcd")), ("labels.csv", WORDS))
    app.button(key="add-first-box-unit").click().run()
    choices = [one.label for one in app.button if one.key and one.key.startswith("add-answer-")]
    images = 3 * (len(choices) - 1)
    assert len(app.get("image")) == images > 0, "three photos for each choice that has boxes"
    answer(app, "Read them as pixels")
    assert "4 questions left before the import" in heads(app) and not app.get("image")
    app.button(key="add-answer-again-box-unit").click().run()
    assert "5 questions before the import" in heads(app) and len(app.get("image")) == images


def test_a_table_with_two_columns_of_one_name_is_asked(open_page: OpenPage, boxes: Project) -> None:
    """Streamlit refuses equal names, and the page showed an error instead of the question."""
    table = "filename,label,group,group\na.png,猫,犬,鳥\n".encode("cp932")
    app = open_page("Data")
    upload(app, ("a.png", photo()), ("labels.csv", table))
    assert "1 question before the import" in heads(app) and not messages(app)


def test_problems_beside_an_open_question_are_no_reason_to_continue(open_page: OpenPage, boxes: Project) -> None:
    table = TABLE + b"missing.png,owl,0.25,0.5,0.5,0.25\n"
    app = open_page("Data")
    upload(app, ("a.png", photo()), ("labels.csv", table))
    assert "Your answers may change this list." in texts(app) and "Continue with the rest" not in texts(app)
    assert not any(one.key in ("import-now", "import-only", "update-labels") for one in app.button)
    answer(app, "Read them as fractions")
    assert "Your answers may change this list." not in texts(app) and "Continue with the rest" in texts(app)


@pytest.mark.parametrize(("x", "said"), [(150, 0), (5000, 1)])
def test_a_sample_says_which_boxes_are_too_far_outside_to_be_seen(
    open_page: OpenPage, boxes: Project, x: int, said: int
) -> None:
    table = f"filename,label,x,y,width,height\na.png,owl,{x},10,30,20\n".encode()
    app = open_page("Data")
    upload(app, ("a.png", photo()), ("labels.csv", table))
    captions = [image.proto.imgs[0].caption for image in app.get("image")]
    assert len(captions) == 1, "the sample of keeping the box"
    assert ("1 box lies further outside the photo than this picture shows" in captions[0]) == bool(said)
