"""The break-it game: what counts, what does not, and who decides."""

import numpy as np
import pytest
from PIL import Image

from core.errors import PeopleError
from core.inspection.predicting.predictions import Prediction
from core.people import groups
from core.people.class_rules import change_rules
from core.people.register import Register
from core.people.removal import delete_person
from core.people.sharing.attempts import attempts_of_class
from core.people.sharing.break_it import NONE_OF_THEM, decide, doubt, start_again, try_to_fool
from core.people.sharing.records import Shared
from core.people.sharing.share import share_model
from core.people.sharing.standings import leaderboard, robustness
from tests.people.sharing.conftest import Class


@pytest.fixture
def model(register: Register, room: Class) -> Shared:
    """Ada's model, shared with the class."""
    return share_model(register, room.ada, room.room, room.run)


def _photo(seed: int) -> Image.Image:
    """A pattern of 8 by 8 squares, another for each seed."""
    squares = np.random.default_rng(seed).integers(0, 255, (8, 8), dtype=np.uint8)
    return Image.fromarray(np.kron(squares, np.ones((100, 120), np.uint8))).convert("RGB")


def _says(name: str, probability: float, *, unsure: bool = False) -> Prediction:
    return Prediction(((name, probability),), unsure=unsure)


@pytest.mark.parametrize(
    ("truth", "answer", "outcome"),
    [
        ("oak", _says("elm", 0.5), "fooled"),
        ("oak", _says("elm", 0.49), "not certain"),
        ("oak", _says("oak", 0.99), "right"),
        ("oak", _says("elm", 0.9, unsure=True), "unsure"),
        (NONE_OF_THEM, _says("elm", 0.8), "fooled"),
        (NONE_OF_THEM, _says("elm", 0.79), "not certain"),
    ],
)
def test_a_model_is_fooled_when_it_is_wrong_and_certain(
    register: Register, room: Class, model: Shared, truth: str, answer: Prediction, outcome: str
) -> None:
    found = try_to_fool(register, room.ben, model, _photo(1), truth, answer)
    assert found.outcome == outcome
    assert found.photo.is_file() == (outcome == "fooled"), "only a photo that counts is kept"
    (line,) = leaderboard(attempts_of_class(register, room.cem, room.room))
    assert (line.team, line.points, line.tries) == ("Ben", int(outcome == "fooled"), 1)


def test_the_kept_photo_is_small_and_says_nothing_about_the_camera(
    register: Register, room: Class, model: Shared
) -> None:
    photo = _photo(1)
    photo.getexif()[0x010F] = "a phone"
    kept = try_to_fool(register, room.ben, model, photo, "oak", _says("elm", 0.9)).photo
    with Image.open(kept) as stored:
        assert max(stored.size) == 640
        assert not stored.getexif()


def test_the_same_photo_counts_once_whoever_brings_it(register: Register, room: Class, model: Shared) -> None:
    one = try_to_fool(register, room.ben, model, _photo(1), "oak", _says("elm", 0.9))
    assert one.outcome == "fooled"
    again = try_to_fool(register, room.cem, model, _photo(1).resize((400, 300)), "oak", _says("elm", 0.9))
    assert again.outcome == "again"
    assert try_to_fool(register, room.cem, model, _photo(2), "oak", _says("elm", 0.9)).outcome == "fooled"


def test_nobody_fools_their_own_model_or_one_of_another_class(register: Register, room: Class, model: Shared) -> None:
    with pytest.raises(PeopleError, match="your own model"):
        try_to_fool(register, room.ada, model, _photo(1), "oak", _says("elm", 0.9))
    with pytest.raises(PeopleError, match="no longer shared"):
        try_to_fool(register, room.zoe, model, _photo(1), "oak", _says("elm", 0.9))
    with pytest.raises(PeopleError, match="no class 'beech'"):
        try_to_fool(register, room.ben, model, _photo(1), "beech", _says("elm", 0.9))
    with pytest.raises(PeopleError, match="another class"):
        attempts_of_class(register, room.zoe, room.room)


def test_a_group_plays_as_one_team(register: Register, room: Class, model: Shared) -> None:
    foxes = groups.create_group(register, room.room, "Foxes", [room.ben.id, room.cem.id])
    owls = groups.create_group(register, room.room, "Owls", [room.ada.id])
    for number, player in enumerate((room.ben, room.cem)):
        try_to_fool(register, player, model, _photo(number), "oak", _says("elm", 0.9), foxes)
    assert try_to_fool(register, room.ben, model, _photo(3), "oak", _says("elm", 0.9), owls).team == "Ben", "not theirs"
    tries = attempts_of_class(register, room.ada, room.room)
    assert [one.player for one in tries] == ["Ben", "Cem", "Ben"]
    lines = leaderboard(tries)
    assert [(line.team, line.points) for line in lines] == [("Foxes", 2), ("Ben", 1)]


def test_a_hundred_photos_of_one_weakness_count_as_ten(
    register: Register, room: Class, model: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        try_to_fool(register, room.ben, model, _photo(number), "oak", _says("elm", 0.9))
    tries = attempts_of_class(register, room.ben, room.room)
    assert [(one.points, one.tries) for one in leaderboard(tries)] == [(10, 12)]
    assert [(one.tries, one.fooled) for one in robustness(tries, [model])] == [(12, 12)]
    monkeypatch.setattr("core.people.sharing.break_it.MOST_TRIES", 12)
    with pytest.raises(PeopleError, match="12 photos, which is the most"):
        try_to_fool(register, room.ben, model, _photo(13), "oak", _says("elm", 0.9))


def test_the_class_doubts_and_the_teacher_decides(register: Register, room: Class, model: Shared) -> None:
    one = try_to_fool(register, room.ben, model, _photo(1), "oak", _says("elm", 0.9))
    doubt(register, room.ada, one.id)
    assert [(found.state, found.counts) for found in attempts_of_class(register, room.ben, room.room)] == [
        ("doubted", True)
    ]
    with pytest.raises(PeopleError, match="Only your teacher"):
        decide(register, room.ada, one.id, counts=False)
    with pytest.raises(PeopleError, match="gone"):
        doubt(register, room.zoe, one.id)
    decide(register, room.teacher, one.id, counts=False)
    assert not one.photo.exists()
    assert leaderboard(attempts_of_class(register, room.ben, room.room))[0].points == 0
    with pytest.raises(PeopleError, match="decided"):
        doubt(register, room.cem, one.id)


def test_the_teacher_switches_the_game_off_and_starts_it_again(register: Register, room: Class, model: Shared) -> None:
    one = try_to_fool(register, room.ben, model, _photo(1), "oak", _says("elm", 0.9))
    change_rules(register, room.room, game=False)
    for ask in (
        lambda: try_to_fool(register, room.ben, model, _photo(2), "oak", _says("elm", 0.9)),
        lambda: attempts_of_class(register, room.ben, room.room),
        lambda: doubt(register, room.cem, one.id),
    ):
        with pytest.raises(PeopleError, match="switched the game off"):
            ask()
    with pytest.raises(PeopleError, match="Only your teacher"):
        start_again(register, room.ben, room.room)
    start_again(register, room.teacher, room.room)
    assert attempts_of_class(register, room.teacher, room.room) == []
    assert not one.photo.exists()


def test_a_photo_goes_with_its_player(register: Register, room: Class, model: Shared) -> None:
    one = try_to_fool(register, room.ben, model, _photo(1), "oak", _says("elm", 0.9))
    delete_person(register, room.ben)
    assert not one.photo.exists()
    assert attempts_of_class(register, room.ada, room.room) == []
