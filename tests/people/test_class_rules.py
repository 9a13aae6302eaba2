"""What a teacher allows in a class."""

import pytest
from pydantic import ValidationError

from core.people.class_rules import ClassRules, change_rules, rules_of
from core.people.register import Register
from core.people.removal import delete_class


def test_rules_belong_to_one_class_and_go_with_it(register: Register) -> None:
    room, other = register.create_class("7b"), register.create_class("7c")
    assert rules_of(register, room.id) == ClassRules()
    change_rules(register, room.id, sharing=False)
    assert change_rules(register, room.id, most_photos=200) == ClassRules(sharing=False, most_photos=200)
    assert rules_of(register, room.id).most_photos == 200
    assert rules_of(register, other.id) == ClassRules(), "another class has rules of its own"
    with pytest.raises(ValidationError):
        change_rules(register, room.id, most_runs=0)
    assert rules_of(register, room.id).most_runs is None
    delete_class(register, room.id)
    assert rules_of(register, room.id) == ClassRules()
