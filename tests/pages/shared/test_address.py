"""What a stranger may write into the address: numbers of any length, names of any kind."""

import pytest

from core.data.store.store import Project
from pages.components.shared.session import number_in_address
from tests.pages.conftest import OpenPage, messages


@pytest.mark.parametrize(
    ("text", "number"),
    [("7", 7), ("9" * 18, int("9" * 18)), ("9" * 19, None), ("1" * 5000, None), ("-5", None), ("²", None), ("", None)],
)
def test_a_number_in_the_address_is_one_that_a_database_can_hold(text: str, number: int | None) -> None:
    assert number_in_address(text) == number


def test_a_project_of_5_000_digits_opens_the_newest_project(open_page: OpenPage, birds: Project) -> None:
    app = open_page("Home", project="9" * 5000, name="a\u202e\x07n" + "n" * 5000)
    assert not messages(app)
    assert app.session_state["project_id"] == birds.id
    assert app.session_state["who"] == "a" + "n" * 59


def test_a_photo_of_5_000_digits_and_a_run_of_5_000_letters_are_no_bug(open_page: OpenPage, birds: Project) -> None:
    app = open_page("Explain", project=str(birds.id), image="9" * 5000)
    assert not messages(app)
    app = open_page("Train", project=str(birds.id), run="r" * 5000)
    assert not messages(app)
    assert any("There is no run" in one.value and len(one.value) < 400 for one in app.warning)
