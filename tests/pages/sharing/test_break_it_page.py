"""The break-it game on its page: a try, the leaderboard, a doubt, the teacher's decision."""

import pytest

from core.inspection.predicting.predictions import Prediction
from core.people.records import Joined
from core.people.register import Register
from core.people.sharing.attempts import attempts_of_class
from core.people.sharing.break_it import try_to_fool
from core.people.sharing.share import share_model
from core.runs.folder import list_runs
from core.workspace import Workspace
from tests.pages.people.conftest import OpenAs, all_texts
from tests.pages.sharing.test_gallery_page import Pupils
from tests.people.sharing.test_break_it import _photo


@pytest.fixture
def room(pupils: Pupils, register: Register) -> int:
    """The class, with Ada's model shared."""
    ada = pupils["Ada"].person
    workspace = Workspace(register.server / "people" / ada.folder)
    share_model(register, ada, ada.class_id or 0, list_runs(workspace)[0])
    return ada.class_id or 0


def test_a_try_is_made_with_a_sample_photo(pupils: Pupils, room: int, open_as: OpenAs, register: Register) -> None:
    app = open_as(pupils["Ben"].token, "Class")
    app.segmented_control(key="class-view").set_value("Break it").run()
    assert app.button(key="break-it-try").disabled, "say what the photo shows first"
    truth = next(one for one in app.selectbox if (one.key or "").startswith("break-it-truth"))
    truth.set_value("oak").run()
    app.button(key="break-it-try").click().run()
    assert not app.exception
    (tried,) = attempts_of_class(register, pupils["Ben"].person, room)
    assert (tried.team, tried.truth) == ("Ben", "oak")
    shown = all_texts(app)
    assert "Where the model looked" in shown
    assert {"fooled": "Fooled!", "right": "It held", "not certain": "Almost", "unsure": "It held"}[
        tried.outcome
    ] in shown
    assert "Leaderboard" in shown


def test_nobody_plays_against_themselves(pupils: Pupils, room: int, open_as: OpenAs) -> None:
    app = open_as(pupils["Ada"].token, "Class")
    app.segmented_control(key="class-view").set_value("Break it").run()
    assert "No model to fool yet" in all_texts(app)


def test_a_doubt_is_decided_by_the_teacher(
    teacher: Joined, pupils: Pupils, room: int, open_as: OpenAs, register: Register
) -> None:
    from core.people.sharing.gallery import gallery

    ben = pupils["Ben"].person
    (model,) = gallery(register, ben, room)
    one = try_to_fool(register, ben, model, _photo(1), "oak", Prediction((("elm", 0.9),)))
    app = open_as(pupils["Cem"].token, "Class")
    app.segmented_control(key="class-view").set_value("Break it").run()
    app.button(key=f"fooled-doubt-{one.id}").click().run()
    assert attempts_of_class(register, ben, room)[0].state == "doubted"
    app = open_as(teacher.token, "Class")
    app.segmented_control(key="class-view").set_value("Break it").run()
    app.button(key=f"fooled-no-{one.id}").click().run()
    assert not app.exception
    assert attempts_of_class(register, ben, room)[0].state == "rejected"
    assert "What fooled them" not in all_texts(app)
