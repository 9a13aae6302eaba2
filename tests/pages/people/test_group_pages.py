"""Groups: made by the teacher, chosen in the sidebar, and closed to everybody else."""

from core.data.store.store import Store
from core.people import door, groups, joining
from core.people.register import Register
from pages.components.shared.wording import plain
from tests.pages.conftest import add_photo
from tests.pages.people.conftest import OpenAs, all_texts


def test_the_teacher_makes_groups(open_as: OpenAs, register: Register) -> None:
    teacher = joining.enter_as_teacher(register, joining.set_pin(register), "here").token
    room = register.create_class("7b")
    people = register.add_people(room.id, ["Ada", "Ben", "Cem", "Dua"])
    app = open_as(teacher, "Class")
    app.segmented_control(key="class-view").set_value("Groups").run()
    app.button(key="group-new").click().run()
    app.text_input(key="group-name").set_value("*Foxes*")
    app.multiselect(key="group-pupils").set_value([people[0].id])
    app.button(key="group-create").click().run()
    assert not app.exception
    (foxes,) = groups.groups(register, room.id)
    assert app.multiselect(key=f"group-members-{foxes.id}").label == plain("*Foxes*"), "a name is text, not Markdown"
    app.multiselect(key=f"group-members-{foxes.id}").set_value([people[0].id, people[1].id]).run()
    app.button(key="group-random").click().run()
    app.number_input(key="group-size").set_value(2)
    app.button(key="group-random-now").click().run()
    made = {group: [one.name for one in members] for group, members in groups.members_of(register, room.id).items()}
    assert made.pop(foxes.id) == ["Ada", "Ben"]
    assert [*made.values()] == [["Cem", "Dua"]]
    app.button(key=f"group-delete-{foxes.id}").click().run()
    app.button(key="group-delete-now").click().run()
    assert [one.name for one in groups.groups(register, room.id)] == ["Group 1"]


def test_a_group_works_in_one_workspace_and_nobody_else_does(open_as: OpenAs, register: Register) -> None:
    room = register.create_class("7b")
    ada, ben, cem = (joining.join(register, room, name) for name in ("Ada", "Ben", "Cem"))
    foxes = groups.create_group(register, room.id, "Foxes", [ada.person.id, ben.person.id])
    store = Store(door.workspace_of(foxes))
    add_photo(store, store.create_project("Heron pond", classes=["heron", "egret"]), "heron-7.jpg", "heron")
    store.close()
    app = open_as(ada.token)
    assert "Heron pond" not in all_texts(app)
    app.selectbox(key="frame_group").set_value(foxes.id).run()
    assert not app.exception
    assert "Heron pond" in all_texts(app)
    assert app.query_params["group"] == str(foxes.id), "a reload stays in the group"
    assert "heron-7.jpg" in all_texts(open_as(ben.token, "Data", group=str(foxes.id)))
    stranger = open_as(cem.token, "Data", group=str(foxes.id))
    assert "heron-7.jpg" not in all_texts(stranger)
    assert not [one for one in stranger.selectbox if one.key == "frame_group"]


def test_who_leaves_a_group_is_told_and_sees_their_own_work(open_as: OpenAs, register: Register) -> None:
    """Project 1 of the group is another than project 1 of the pupil: nothing may happen to the wrong one unasked."""
    room = register.create_class("7b")
    ada = joining.join(register, room, "Ada")
    foxes = groups.create_group(register, room.id, "Foxes", [ada.person.id])
    for person, name in ((foxes, "Heron pond"), (ada.person, "My ducks")):
        store = Store(door.workspace_of(person))
        store.create_project(name)
        store.close()
    app = open_as(ada.token, group=str(foxes.id))
    assert "Heron pond" in all_texts(app)
    groups.set_members(register, foxes, [])
    app.run()
    assert "You are no longer in this group" in all_texts(app)
    assert "Heron pond" not in all_texts(app)
    app.run()
    assert not app.exception
    assert "My ducks" in all_texts(app)
