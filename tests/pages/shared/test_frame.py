"""The frame: errors become plain sentences, bugs keep their traceback in the log, user text is escaped."""

import logging

import pytest
from streamlit.testing.v1 import AppTest

from pages.components.shared.wording import counted, format_size, plain, unique_options
from tests.pages.conftest import messages, read


def refused() -> None:
    import streamlit as st

    from core.errors import DataError
    from pages.components.shared.errors import plain_errors

    with plain_errors():
        raise DataError("There is no photo. Add one.")
    st.write("after")


def broken() -> None:
    import streamlit as st

    from pages.components.shared.errors import plain_errors

    with plain_errors():
        st.write(1 / 0)


def broken_fragment() -> None:
    from core.errors import DataError
    from pages.components.shared.errors import fragment

    @fragment()
    def part() -> None:
        raise DataError("Only this part is missing.")

    part()


def failing_callback() -> None:
    import streamlit as st

    from core.errors import DataError
    from pages.components.shared.errors import action, show_notes

    @action
    def act() -> None:
        raise DataError("The class is gone.")

    show_notes()
    st.button("Act", on_click=act)


def stopped() -> None:
    import streamlit as st

    from pages.components.shared.errors import plain_errors

    with plain_errors():
        st.stop()
    st.write("never")


def test_a_user_error_is_its_own_sentence_and_the_rest_of_the_page_stays() -> None:
    app = AppTest.from_function(refused).run()
    assert messages(app) == ["There is no photo. Add one."]
    assert [one.value for one in app.markdown] == ["after"]


def test_a_bug_says_what_to_do_and_its_traceback_goes_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "resnet_studio"):
        app = AppTest.from_function(broken).run()
    (sentence,) = [one.value for one in app.error]
    assert "reload the page" in sentence
    assert "ZeroDivisionError" not in sentence
    assert "ZeroDivisionError" in caplog.text
    assert not app.exception


def test_a_fragment_shows_its_own_errors() -> None:
    app = AppTest.from_function(broken_fragment).run()
    assert messages(app) == ["Only this part is missing."]


def test_a_callback_says_its_error_in_passing() -> None:
    app = AppTest.from_function(failing_callback).run()
    app.button[0].click().run()
    assert [read(one.value) for one in app.toast] == ["The class is gone."]
    assert not app.exception
    app.run()
    assert not app.toast


def test_stopping_a_page_is_no_error() -> None:
    app = AppTest.from_function(stopped).run()
    assert not app.error
    assert not app.markdown


def test_a_users_words_are_shown_letter_by_letter() -> None:
    assert plain("*a* [b](c) :red[d] $e$ `f`") == r"\*a\* \[b\]\(c\) \:red\[d\] \$e\$ \`f\`"
    assert plain("Vögel im Garten") == "Vögel im Garten"


def test_counts_carry_their_noun() -> None:
    assert counted(1, "photo") == "1 photo"
    assert counted(0, "photo") == "0 photos"
    assert counted(1200, "class", "classes") == "1,200 classes"
    assert format_size(300) == "1 kB"
    assert format_size(2_400_000) == "2.4 MB"


def test_choices_of_the_same_name_can_all_be_chosen() -> None:
    named = unique_options([("No label", None), ("owl", "owl"), ("No label", "No label")])
    assert list(named.values()) == [None, "owl", "No label"]
    assert len(set(named)) == 3
