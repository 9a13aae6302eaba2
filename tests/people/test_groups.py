"""Groups of pupils: one workspace for several, and nobody else."""

import pytest

from core.errors import NameTaken, PeopleError
from core.people import door, groups, joining
from core.people.overview import overview
from core.people.records import Person
from core.people.register import Register
from core.people.removal import delete_class, delete_person


def _class(register: Register, names: str = "Ada Ben Cem Dua Eli Fay Gus") -> tuple[int, list[Person]]:
    room = register.create_class("7b")
    return room.id, [joining.join(register, room, name).person for name in names.split()]


def test_a_group_shares_a_workspace_beside_those_of_its_pupils(register: Register) -> None:
    room, (ada, ben, cem) = _class(register, "Ada Ben Cem")
    foxes = groups.create_group(register, room, "Foxes", [ada.id, ben.id])
    assert groups.groups_of(register, ada.id) == groups.groups_of(register, ben.id) == [foxes]
    assert groups.groups_of(register, cem.id) == []
    places = {door.workspace_of(one).root for one in (ada, ben, cem, foxes)}
    assert len(places) == 4
    assert [one.name for one in register.people(room)] == ["Ada", "Ben", "Cem"], "a group is no pupil"
    assert overview(foxes).photos == 0
    groups.set_members(register, foxes, [ben.id, cem.id])
    assert groups.groups_of(register, ada.id) == []
    assert [one.name for one in groups.members_of(register, room)[foxes.id]] == ["Ben", "Cem"]


def test_nobody_joins_under_the_name_of_a_group(register: Register) -> None:
    room, (ada,) = _class(register, "Ada")
    groups.create_group(register, room, "Foxes", [ada.id])
    here = register.classroom(room)
    with pytest.raises(NameTaken, match="name of a group"):
        joining.join(register, here, "foxes")
    with pytest.raises(PeopleError, match="not the words on the card"):
        joining.return_with_card(register, here, "Foxes", "", "192.0.2.7")
    with pytest.raises(PeopleError, match="Nobody in 7b"):
        joining.ask_teacher(register, here, "Foxes", "192.0.2.7")
    with pytest.raises(PeopleError, match="already a pupil called Ada"):
        groups.create_group(register, room, "ADA")


def test_pupils_of_another_class_are_left_out(register: Register) -> None:
    room, (ada,) = _class(register, "Ada")
    other = joining.join(register, register.create_class("7c"), "Zoe").person
    foxes = groups.create_group(register, room, "Foxes", [ada.id, other.id])
    assert [one.name for one in groups.members_of(register, room)[foxes.id]] == ["Ada"]


def test_the_rest_is_put_into_groups_of_almost_equal_size(register: Register) -> None:
    room, pupils = _class(register)
    groups.create_group(register, room, "Group 1", [pupils[0].id])
    made = groups.group_the_rest(register, room, 3, seed=1)
    assert [one.name for one in made] == ["Group 2", "Group 3"]
    sizes = {group: len(members) for group, members in groups.members_of(register, room).items()}
    assert sorted(sizes[one.id] for one in made) == [3, 3]
    placed = [one.name for members in groups.members_of(register, room).values() for one in members]
    assert sorted(placed) == ["Ada", "Ben", "Cem", "Dua", "Eli", "Fay", "Gus"]
    with pytest.raises(PeopleError, match="in a group already"):
        groups.group_the_rest(register, room, 3)


def test_a_group_goes_with_its_class_and_alone(register: Register) -> None:
    room, (ada, ben) = _class(register, "Ada Ben")
    foxes, owls = (groups.create_group(register, room, name, [ada.id]) for name in ("Foxes", "Owls"))
    folder = door.workspace_of(foxes).root
    assert folder.is_dir()
    delete_person(register, foxes)
    assert not folder.exists()
    assert groups.groups_of(register, ada.id) == [owls], "its pupils stay"
    delete_person(register, ada)
    assert groups.members_of(register, room) == {owls.id: []}
    delete_class(register, room)
    assert groups.groups(register, room) == []
    assert list((register.server / "people").iterdir()) == []
    assert ben.class_id == room
