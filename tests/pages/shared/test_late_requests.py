"""A press that the browser sends twice counts once."""

from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests

from pages.components.shared.late_requests import ECHO_SECONDS, keep_pages_whole, without_echoes


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
