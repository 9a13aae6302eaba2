"""Tags and groups of selected photos on the Data page: added, removed, shown, filtered."""

import json
from typing import Any

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest, element_tree

from core.data.store.store import ImageFilter, Project, Store
from tests.pages.conftest import OpenPage, messages, read


def chosen(app: AppTest, ids: list[int]) -> AppTest:
    app.session_state["data-wall"] = {"chosen": [str(one) for one in ids]}
    return app.run()


@pytest.fixture(autouse=True)
def typing(monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest sends the options of a select box only; a browser also sends what somebody types as a new one."""

    def sent(box: element_tree.Selectbox[Any]) -> WidgetState:
        state = WidgetState(id=box.id)
        if box.value is not None:
            state.string_value = str(box.format_func(box.value))
        return state

    monkeypatch.setattr(element_tree.Selectbox, "_widget_state", property(sent))


def press(app: AppTest, label: str, **names: str) -> None:
    """Press a button after choosing or typing names."""
    for key, name in names.items():
        app.selectbox(key=f"data-{key}-name").set_value(name)
    next(one for one in app.button if one.label == label).click().run()


def walls(app: AppTest) -> str:
    return "\n".join(str(json.loads(one.proto.json)) for one in app.get("bidi_component") if one.proto.json)


def texts(app: AppTest) -> str:
    return "\n".join(read(one.value) for one in [*app.markdown, *app.toast])


def test_a_tag_is_added_to_selected_photos_shown_on_them_and_undone(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    ids = [row.id for row in store.images(birds.id, ImageFilter(label="owl"))]
    app = chosen(open_page("Data", name="Ana"), ids[:2])
    press(app, "Add tag", tag="snow")
    assert not messages(app)
    assert store.tagged(birds.id, "snow") == ids[:2]
    assert store.history(birds.id, 1)[0].who == "Ana"
    assert "2 photos: tag snow added." in texts(app)
    assert "owl 0.png · snow" in walls(app) and "owl 2.png · snow" not in walls(app)
    app.selectbox(key="data-tag").set_value("snow").run()
    assert "2 photos" in texts(app)
    app.button(key="undo-line-now").click().run()
    assert store.tags(birds.id) == {}
    assert not messages(app)


def test_a_tag_is_removed_from_selected_photos(open_page: OpenPage, birds: Project, store: Store) -> None:
    ids = [row.id for row in store.images(birds.id)]
    store.add_tag(birds.id, ids, "snow", "Bo")
    app = chosen(open_page("Data"), ids[:3])
    press(app, "Remove tag", tag="snow")
    assert store.tagged(birds.id, "snow") == ids[3:]
    app = chosen(app, ids[:3])
    press(app, "Remove tag", tag="snow")
    assert "None of them has the tag snow." in texts(app)
    assert not messages(app)


def test_without_a_name_nothing_happens_and_a_wrong_one_is_a_sentence(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    ids = [row.id for row in store.images(birds.id)]
    app = chosen(open_page("Data"), ids[:1])
    press(app, "Add tag")
    assert "Choose a tag first" in texts(app)
    press(app, "Add tag", tag="snow; rain")
    assert "has a semicolon" in texts(app)
    press(app, "Set group")
    assert "Choose a group first" in texts(app)
    assert store.tags(birds.id) == {} and not messages(app)


def test_a_group_is_set_by_hand_filtered_and_taken_away(open_page: OpenPage, birds: Project, store: Store) -> None:
    ids = [row.id for row in store.images(birds.id, ImageFilter(label="duck"))]
    app = chosen(open_page("Data", name="Ana"), ids)
    press(app, "Set group", group="pond 1")
    assert store.groups(birds.id) == {"pond 1": 4}
    assert "4 photos: group pond 1." in texts(app)
    app.selectbox(key="data-group").set_value("pond 1").run()
    assert "4 photos" in texts(app)
    app = chosen(app, ids[:1])
    press(app, "Remove from group")
    assert store.groups(birds.id) == {"pond 1": 3}
    assert not messages(app)


def test_the_history_says_what_happened_to_tags_and_groups(open_page: OpenPage, birds: Project, store: Store) -> None:
    ids = [row.id for row in store.images(birds.id)]
    change = store.set_groups(birds.id, {ids[0]: "pond 1"}, "Ana")
    app = open_page("Annotate")
    app.session_state[f"history-chosen-{birds.id}"] = change
    app.segmented_control(key="annotate-section").set_value("History").run()
    assert "no group → pond 1" in walls(app)
    app.session_state[f"history-chosen-{birds.id}"] = store.add_tag(birds.id, ids[:1], "snow", "Ana")
    app.run()
    assert "tag snow added" in walls(app)
    assert not messages(app)
