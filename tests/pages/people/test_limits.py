"""Limits of a class: the teacher sets them, and pupils see what they have used before they are reached."""

import pytest

from core.data.store.store import Store
from core.people import door, joining
from core.people.class_rules import change_rules, rules_of
from core.people.register import Register
from core.quota import quota_of
from tests.pages.conftest import add_photo
from tests.pages.people.conftest import OpenAs, all_texts


def test_the_teacher_sets_limits_and_sees_their_use(open_as: OpenAs, register: Register) -> None:
    room = register.create_class("7b")
    ada = joining.join(register, room, "Ada").person
    teacher = joining.enter_as_teacher(register, joining.set_pin(register), "here").token
    app = open_as(teacher, "Class")
    app.number_input(key=f"class-{room.id}-most_photos").set_value(200)
    app.number_input(key=f"class-{room.id}-most_minutes").set_value(20)
    app.button(key="class-limits").click().run()
    assert not app.exception
    rules = rules_of(register, room.id)
    assert (rules.most_photos, rules.most_megabytes, rules.most_minutes) == (200, None, 20)
    assert quota_of(door.workspace_of(ada)).photos == 200
    assert "%d of 200" in all_texts(app)


@pytest.mark.parametrize(
    ("most", "sentence"),
    [
        (200, "You have used 1 of 200 photos."),
        (
            1,
            "You have used 1 of 1 photo, the most for a pupil of 7b. Delete what you do not need, or ask your teacher.",
        ),
        (None, ""),
    ],
)
def test_a_pupil_sees_what_is_used(open_as: OpenAs, register: Register, most: int | None, sentence: str) -> None:
    room = register.create_class("7b")
    ada = joining.join(register, room, "Ada")
    change_rules(register, room.id, most_photos=most)
    store = Store(door.workspace_of(ada.person))
    add_photo(store, store.create_project("Ducks"), "duck-1.jpg")
    store.close()
    app = open_as(ada.token, "Data", project="1")
    app.segmented_control(key="data-section").set_value("Add photos").run()
    assert not app.exception
    said = [one.value for one in (*app.caption, *app.warning)]
    assert sentence in said if sentence else not any("You have used" in one for one in said)
