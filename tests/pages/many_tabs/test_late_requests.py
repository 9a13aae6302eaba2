"""A press that the browser sends twice counts once, and a press counts whatever arrives after it."""

import tomllib
from pathlib import Path

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequest, ScriptRequests
from streamlit.testing.v1 import AppTest

from pages.components.many_tabs.late_requests import ECHO_SECONDS, keep_pages_whole, without_echoes

REPOSITORY = Path(__file__).parents[3]


def request(*pressed: str) -> RerunData:
    """A request with a text and these pressed buttons."""
    widgets = [
        WidgetState(id="name", string_value="Ana"),
        *(WidgetState(id=one, trigger_value=True) for one in pressed),
    ]
    return RerunData(widget_states=WidgetStates(widgets=widgets))


def ids(found: RerunData) -> list[str]:
    assert found.widget_states is not None
    return [one.id for one in found.widget_states.widgets]


def test_a_press_that_repeats_within_milliseconds_is_left_out() -> None:
    last: dict[str, float] = {}
    assert ids(without_echoes(request("undo"), last, 10.0)) == ["name", "undo"]
    assert ids(without_echoes(request("undo"), last, 10.0002)) == ["name"]
    assert ids(without_echoes(request("undo", "next"), last, 10.01)) == ["name", "next"]
    assert ids(without_echoes(request("undo"), last, 10.0 + 2 * ECHO_SECONDS)) == ["name", "undo"]
    assert ids(without_echoes(request(), last, 10.2)) == ["name"]
    assert without_echoes(RerunData(), last, 10.2) == RerunData()


def test_streamlit_asks_before_it_takes_a_request() -> None:
    keep_pages_whole()
    requests = ScriptRequests()
    requests.request_rerun(request("undo"))
    first = requests.on_scriptrunner_ready()
    requests.request_rerun(request("undo"))
    second = requests.on_scriptrunner_ready()
    assert [ids(one.rerun_data) for one in (first, second)] == [["name", "undo"], ["name"]]


def slow_button() -> None:
    """A page with one button; another request arrives while its callback runs."""
    import streamlit as st
    from streamlit.runtime.scriptrunner import get_script_run_ctx
    from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

    def act() -> None:
        context = get_script_run_ctx()
        assert context is not None
        assert context.script_requests is not None
        context.script_requests.request_rerun(RerunData())
        st.session_state["begun"] = True  # here Streamlit would start the newer request
        st.session_state["done"] = True

    st.button("Act", on_click=act)
    st.text("done" if "done" in st.session_state else "not done")


def test_a_callback_ends_before_a_newer_request_starts() -> None:
    keep_pages_whole()
    app = AppTest.from_function(slow_button).run()
    app.button[0].click().run()
    assert app.text[0].value == "done"


def test_a_press_whose_callback_has_not_begun_survives_a_newer_request(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_pages_whole()
    app = AppTest.from_function(slow_button).run()
    ready = ScriptRequests.on_scriptrunner_ready
    arrived: list[RerunData] = []

    def ready_and_another(requests: ScriptRequests) -> ScriptRequest:
        found = ready(requests)
        if not arrived:
            arrived.append(RerunData())
            requests.request_rerun(arrived[0])
        return found

    monkeypatch.setattr(ScriptRequests, "on_scriptrunner_ready", ready_and_another)
    app.button[0].click().run()
    assert arrived
    assert app.text[0].value == "done"


def test_each_tab_has_one_thread() -> None:
    settings = tomllib.loads((REPOSITORY / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert settings["runner"]["fastReruns"] is False
