"""The desk as the browser has it: its newest view, and its keys, which ask the desk's own address."""

import json
from typing import Any

from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from pages.components.annotate.desk.desk_component import KEY
from pages.components.annotate.desk.desk_routes import desk_routes
from tests.pages.conftest import messages

ANSWERED = "answered-view"
"""In the session of the test: the newest view that the address has given."""


def view(app: AppTest) -> dict[str, Any]:
    """What the browser shows: the newest of what the page has drawn and the address has answered."""
    drawn = _drawn(app)["view"]
    answered: dict[str, Any] | None = app.session_state[ANSWERED] if ANSWERED in app.session_state else None  # noqa: SIM401
    newer = answered is not None and _token(answered) == _token(drawn) and answered["version"] > drawn["version"]
    return answered if newer and answered is not None else drawn


def has_desk(app: AppTest) -> bool:
    """Whether the page shows the desk."""
    return any(KEY in one.proto.id for one in app.get("bidi_component"))


def ask(app: AppTest, do: str, label: str = "", photo: int | None = None) -> AppTest:
    """Press a key of the desk for the photo on the screen, and draw the page where the answer asks for it."""
    shown = view(app)["photo"]["id"] if photo is None else photo
    with TestClient(Starlette(routes=desk_routes())) as browser:
        answer = browser.post(f"/desk/{_drawn(app)['token']}", json={"do": do, "photo": shown, "label": label})
    assert answer.status_code == 200, answer.text
    said = answer.json()
    if said.get("view"):
        app.session_state[ANSWERED] = said["view"]
    if said.get("redraw"):
        app.run()
    assert not messages(app)
    return app


def give(app: AppTest, name: str) -> AppTest:
    """Press the key of a class."""
    assert name in [one["name"] for one in view(app)["classes"]]
    return ask(app, "label", name)


def accept(app: AppTest) -> AppTest:
    """Press Enter on the suggestion."""
    return ask(app, "accept", view(app)["suggestion"]["label"])


def undo(app: AppTest) -> AppTest:
    """Press U, at the desk or below the sentence that all is done."""
    return ask(app, "undo") if has_desk(app) else _undo_button(app).click().run()


def undone_next(app: AppTest) -> str | None:
    """What Undo would take back."""
    if has_desk(app):
        return view(app)["undo"]
    return None if _undo_button(app).disabled else _undo_button(app).help


def _undo_button(app: AppTest) -> Any:
    return next(one for one in app.button if one.label == "Undo")


def _drawn(app: AppTest) -> dict[str, Any]:
    return next(json.loads(one.proto.json) for one in app.get("bidi_component") if KEY in one.proto.id)


def _token(shown: dict[str, Any]) -> str:
    return str(shown["photo"]["src"]).split("/")[1]
