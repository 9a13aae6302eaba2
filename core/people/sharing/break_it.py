"""The break-it game: find photos that fool a shared model, and see who found the most.

A photo counts if the model is wrong about it and says so with at least 50 %: it names another class than the photo
shows, or one of its classes for a photo that shows none of them (80 % here, since it has to name something). A model
that answers "not sure" has not been fooled. The player says what the photo shows; whose model it is, and everybody in
the class, may doubt that, and the teacher decides.
"""

import io
import time
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from sqlalchemy import delete, func, insert, select, update

from core.data.pictures.near_duplicates import phash_of
from core.data.pictures.stored_files import write_whole
from core.errors import PeopleError
from core.people.class_rules import rules_of
from core.people.groups import groups_of
from core.people.records import Person
from core.people.register import Register
from core.people.schema import attempts
from core.people.sharing.attempts import (
    Attempt,
    Outcome,
    State,
    as_attempt,
    attempts_by,
    attempts_of_class,
    check_game,
    chosen,
)
from core.people.sharing.gallery import is_own, shared_item
from core.people.sharing.records import Shared

if TYPE_CHECKING:
    from core.inspection.predicting.predictions import Prediction

NONE_OF_THEM = ""
"""The truth of a photo that shows none of the model's classes."""
CERTAIN, CERTAIN_OF_NONE = 0.5, 0.8
_ALIKE = 10
"""Bits of 64 by which two photos of the same thing may differ; see ``core.data.pictures.near_duplicates``."""
_SIDE = 640
MOST_TRIES = 1_000
"""Of one pupil."""


def try_to_fool(
    register: Register, player: Person, item: Shared, image: Image.Image, truth: str, answer: "Prediction",
    team: Person | None = None,
) -> Attempt:  # fmt: skip
    """Record a try and return how it went; the photo is kept, small and without its EXIF data, only if it fooled.

    ``truth`` is what the photo shows: a class of the model, or NONE_OF_THEM. ``team`` is the group to play for.
    Raises PeopleError where the game is off, for one's own model, and for a truth that is none of its classes.
    """
    item = shared_item(register, player, item.id)
    check_player(register, player, item)
    if truth != NONE_OF_THEM and truth not in item.about.classes:
        raise PeopleError(f"The model has no class {truth!r}. Choose what the photo shows.")
    phash = phash_of(image)
    outcome = _outcome(truth, answer)
    own_groups = {group.id for group in groups_of(register, player.id)}
    with register.transaction() as connection:
        own = select(func.count()).select_from(attempts).where(attempts.c.person_id == player.id)
        if connection.execute(own).scalar_one() >= MOST_TRIES:
            raise PeopleError(f"You have tried {MOST_TRIES:,} photos, which is the most.")
        if outcome == "fooled":
            earlier = select(attempts.c.phash).where(attempts.c.shared_id == item.id, attempts.c.outcome == "fooled")
            if any((int(one, 16) ^ phash).bit_count() <= _ALIKE for one in connection.execute(earlier).scalars()):
                outcome = "again"
        values = {
            "shared_id": item.id,
            "person_id": player.id,
            "team_id": team.id if team is not None and team.id in own_groups else None,
            "truth": truth,
            "answer": answer.name,
            "probability": answer.probability,
            "outcome": outcome,
            "phash": f"{phash:016x}",
            "state": "counts",
            "created": time.time(),
        }
        made = connection.execute(insert(attempts).values(**values)).inserted_primary_key
        number = made[0] if made else 0
        attempt = as_attempt(register, connection.execute(chosen(attempts.c.id == number)).one())
        if outcome == "fooled":  # within the transaction: no row without its photo
            _keep_photo(attempt.photo, image)
    return attempt


def check_player(register: Register, player: Person, item: Shared) -> None:
    """Raise PeopleError where somebody cannot play against this model."""
    if not rules_of(register, item.class_id).game:
        raise PeopleError("Your teacher has switched the game off.")
    if item.kind != "model" or item.about.task != "classification":
        raise PeopleError("The game needs a model that names classes.")
    if is_own(register, player, item):
        raise PeopleError("This is your own model. Choose one of another group.")


def doubt(register: Register, viewer: Person, attempt_id: int) -> None:
    """Say that a photo does not show what its player says; it counts until the teacher has decided."""
    _change(register, viewer, attempt_id, "doubted")


def decide(register: Register, teacher: Person, attempt_id: int, *, counts: bool) -> None:
    """Let a photo count, or reject it: then it is deleted. Raises PeopleError for everybody but the teacher."""
    if not teacher.teaches:
        raise PeopleError("Only your teacher can decide this.")
    attempt = _change(register, teacher, attempt_id, "counts" if counts else "rejected")
    if not counts:
        attempt.photo.unlink(missing_ok=True)


def delete_attempts_by(register: Register, person: Person) -> None:
    """Delete what somebody has tried, with the photos; for when all their work is deleted."""
    own = attempts_by(register, person)
    with register.transaction() as connection:
        connection.execute(delete(attempts).where(attempts.c.person_id == person.id))
    for one in own:
        one.photo.unlink(missing_ok=True)


def start_again(register: Register, teacher: Person, class_id: int) -> None:
    """Delete all tries of a class, with their photos. Raises PeopleError for everybody but the teacher."""
    if not teacher.teaches:
        raise PeopleError("Only your teacher can do this.")
    everything = attempts_of_class(register, teacher, class_id)
    with register.transaction() as connection:
        connection.execute(delete(attempts).where(attempts.c.id.in_([one.id for one in everything])))
    for one in everything:
        one.photo.unlink(missing_ok=True)


def _outcome(truth: str, answer: "Prediction") -> Outcome:
    if answer.unsure:
        return "unsure"
    if answer.name == truth:
        return "right"
    enough = CERTAIN_OF_NONE if truth == NONE_OF_THEM else CERTAIN
    return "fooled" if answer.probability >= enough else "not certain"


def _change(register: Register, viewer: Person, attempt_id: int, state: State) -> Attempt:
    with register.transaction() as connection:
        row = connection.execute(chosen(attempts.c.id == attempt_id)).first()
        if row is None or not (viewer.teaches or row.class_id == viewer.class_id):
            raise PeopleError("This photo is gone.")
        check_game(register, viewer, row.class_id)
        if state == "doubted" and row.state == "rejected":
            raise PeopleError("Your teacher has decided about this photo already.")
        connection.execute(update(attempts).where(attempts.c.id == attempt_id).values(state=state))
    return as_attempt(register, row)


def _keep_photo(path: Path, image: Image.Image) -> None:
    small = image.convert("RGB")
    small.thumbnail((_SIDE, _SIDE))
    stored = io.BytesIO()
    small.save(stored, "JPEG", quality=85)
    write_whole(path, stored.getvalue())
