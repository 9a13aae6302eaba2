"""The limits of a class from the command line are those of the Class page."""

import json

import pytest

from core.people import joining
from core.people.class_rules import change_rules, rules_of
from core.people.door import workspace_of
from core.people.register import Register
from core.quota import quota_of
from tests.cli.in_process import run_here


def test_limits_are_set_and_lifted_and_pupils_have_them_at_once(register: Register) -> None:
    room = register.create_class("7b")
    ada = joining.join(register, room, "Ada").person
    workspace_of(ada)
    change_rules(register, room.id, most_minutes=20, sharing=False)
    done = run_here("people", "limits", "7B", "--photos", 200, "--trainings", 1, "--minutes", "none", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "class": "7b", "photos": 200, "megabytes": None, "trainings": 1, "minutes": None,
    }  # fmt: skip
    rules, quota = rules_of(register, room.id), quota_of(workspace_of(ada))
    assert (rules.most_photos, rules.most_runs, rules.most_minutes, rules.sharing) == (200, 1, None, False)
    assert (quota.photos, quota.runs, quota.minutes) == (200, 1, None)


def test_without_a_number_they_are_only_printed(register: Register) -> None:
    room = register.create_class("7b")
    change_rules(register, room.id, most_megabytes=1500)
    done = run_here("people", "limits", "7b")
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[1:] == [["photos", "none"], ["megabytes", "1,500"], ["trainings", "none"], ["minutes", "none"]]
    assert rules_of(register, room.id).most_megabytes == 1500


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "many", "9999999999"])
def test_what_is_no_limit_is_told_and_changes_nothing(register: Register, text: str) -> None:
    room = register.create_class("7b")
    done = run_here("people", "limits", "7b", f"--photos={text}", "--minutes", 5)
    assert done.returncode == 2 and "Give a whole number from 1 on, or none" in done.stderr.replace("\n", " ")
    assert rules_of(register, room.id).most_minutes is None


def test_an_unknown_class_is_told_with_those_that_there_are(register: Register) -> None:
    register.create_class("7b")
    done = run_here("people", "limits", "8c", "--photos", 5)
    assert done.returncode == 2 and "There is no class 8c. Classes: 7b." in done.stderr
