"""What Streamlit repeats in every run is asked for once, and what it sends stays the same."""

import threading

import pytest
from streamlit import config
from streamlit.proto.NewSession_pb2 import NewSession
from streamlit.runtime import app_session

from pages.components.many_tabs.cheaper_runs import option_without_lock, parameters_of, remembered_theme


def populate(msg: object, section: str = "theme") -> None:
    """Stand in for Streamlit's function: two of the sections have settings."""
    asked.append(section)
    if section in ("theme", "theme.dark"):
        msg.primary_color = section  # type: ignore[attr-defined]


asked: list[str] = []


def test_the_theme_is_read_once_for_each_section_and_sent_every_time() -> None:
    asked.clear()
    remembered, sent = remembered_theme(populate), []
    for _ in range(3):
        session = NewSession()
        remembered(session.custom_theme)
        remembered(session.custom_theme.light, "theme.light")
        remembered(session.custom_theme.dark, "theme.dark")
        sent.append(session.SerializeToString())
        assert session.custom_theme.primary_color == "theme"
        assert session.custom_theme.dark.primary_color == "theme.dark"
        assert not session.custom_theme.HasField("light"), "an empty theme would hide the usual one"
    assert asked == ["theme", "theme.light", "theme.dark"] and len(set(sent)) == 1


def test_streamlits_own_theme_is_the_same_with_and_without_memory() -> None:
    def message(fill: object) -> bytes:
        session = NewSession()
        fill(session.custom_theme)  # type: ignore[operator]
        for section, where in (("light", session.custom_theme.light), ("dark", session.custom_theme.dark)):
            fill(where, f"theme.{section}")  # type: ignore[operator]
        return session.SerializeToString(deterministic=True)

    original = app_session._populate_theme_msg
    remembered = remembered_theme(original)
    message(remembered)
    assert message(remembered) == message(original)


def test_a_setting_is_read_although_somebody_holds_the_lock() -> None:
    read = option_without_lock(config.get_option)
    found: list[object] = []
    with config._config_lock:
        thread = threading.Thread(target=lambda: found.append(read("server.maxUploadSize")))
        thread.start()
        thread.join(10)
    assert found == [config.get_option("server.maxUploadSize")]
    before = config.get_option("client.toolbarMode")
    config.set_option("client.toolbarMode", "viewer")
    assert read("client.toolbarMode") == "viewer"
    config.set_option("client.toolbarMode", before)
    with pytest.raises(RuntimeError, match="not defined"):
        read("server.nothing")


def test_the_parameters_of_a_function_are_asked_for_once() -> None:
    calls: list[object] = []
    remembered = parameters_of(lambda function: calls.append(function) or [])  # type: ignore[func-returns-value]

    def first() -> None: ...

    def second() -> None: ...

    for _ in range(3):
        remembered(first)
        remembered(second)
    assert calls == [first, second]
