"""The column of an uploaded table that names groups: taken where it is clear, asked for where it is not."""

from typing import Any

from streamlit.testing.v1 import AppTest

from core.data.store.store import Project, Store
from pages.components.data.groups.column_choice import NONE
from tests.pages.conftest import OpenPage, messages, read
from tests.pages.data.test_data import import_all, png, upload


def choice(app: AppTest) -> Any:
    return next(one for one in app.selectbox if one.label == "Group photos by")


def texts(app: AppTest) -> str:
    return "\n".join(read(one.value) for one in app.markdown)


def test_the_only_column_is_taken_and_can_be_left_out(open_page: OpenPage, store: Store) -> None:
    project = store.create_project("Drivers")
    table = b"filename,label,driver,weather\na.png,awake,anna,sun\nb.png,drowsy,bo,sun\n"
    app = open_page("Data", name="Ana")
    upload(app, ("a.png", png(1)), ("b.png", png(2)), ("labels.csv", table))
    assert choice(app).value == "driver" and choice(app).options == ["driver", "weather", NONE]
    assert "2 groups" in texts(app)
    choice(app).set_value("weather").run()
    assert "1 group" in texts(app)
    choice(app).set_value(NONE).run()
    assert "1 group" not in texts(app)
    choice(app).set_value("driver").run()
    import_all(app)
    assert not messages(app)
    assert store.groups(project.id) == {"anna": 1, "bo": 1}


def test_of_two_columns_a_person_chooses(open_page: OpenPage, store: Store) -> None:
    project: Project = store.create_project("Drivers")
    table = b"filename,label,driver,camera\na.png,awake,anna,front\nb.png,drowsy,bo,front\n"
    app = open_page("Data", name="Ana")
    upload(app, ("a.png", png(1)), ("b.png", png(2)), ("labels.csv", table))
    assert choice(app).value is None
    assert "1 problem" in texts(app)
    choice(app).set_value("camera").run()
    assert "1 problem" not in texts(app)
    import_all(app)
    assert not messages(app)
    assert store.groups(project.id) == {"front": 2}


def test_a_table_without_further_columns_asks_nothing(open_page: OpenPage, store: Store) -> None:
    store.create_project("Birds")
    app = open_page("Data")
    upload(app, ("a.png", png(1)), ("labels.csv", b"filename,label\na.png,owl\n"))
    assert not [one for one in app.selectbox if one.label == "Group photos by"]
