"""The section Groups of the Data page: rules with a preview, groups in several splits, splitting again."""

import pytest
from streamlit.testing.v1 import AppTest

from core.data.store.store import Project, Store
from pages.components.data.groups.rule_form import TAGS
from tests.pages.conftest import OpenPage, add_photo, messages, read


@pytest.fixture
def drivers(store: Store) -> Project:
    """Seven drivers with two photos of each class, split photo by photo, and one photo that no rule matches."""
    project = store.create_project("Drivers", classes=["awake", "drowsy"])
    for driver in range(7):
        for number in range(4):
            add_photo(store, project, f"d{driver}_{number}.png", "awake" if number % 2 else "drowsy")
    add_photo(store, project, "nobody.png")
    store.assign_splits(project.id)
    return project


def opened(open_page: OpenPage) -> AppTest:
    return open_page("Data", name="Ana").segmented_control(key="data-section").set_value("Groups").run()


def texts(app: AppTest) -> str:
    shown = [*app.markdown, *app.caption, *app.info, *app.warning]
    return "\n".join(read(one.value) for one in shown)


def button(app: AppTest, label: str) -> None:
    next(one for one in app.button if one.label == label).click().run()


def test_an_empty_project_says_what_to_do(open_page: OpenPage, store: Store) -> None:
    store.create_project("Empty")
    app = opened(open_page)
    assert [one.value for one in app.header] == ["No photos yet"]
    assert not messages(app)


def test_a_rule_is_previewed_and_then_used_and_undone(open_page: OpenPage, drivers: Project, store: Store) -> None:
    app = opened(open_page)
    assert "This project has no groups yet" in texts(app)
    assert "7 groups** of 28 photos, 4 in each." in texts(app)
    assert "1 photo does not match and keeps its group, if any: nobody.png" in texts(app)
    walls = [one for one in app.get("bidi_component") if "group-preview" in str(one.proto)]
    assert len(walls) == 5  # the four largest groups, and the photo that does not match
    assert store.groups(drivers.id) == {}
    button(app, "Put 28 photos into 7 groups")
    assert not messages(app)
    assert store.groups(drivers.id) == {f"d{number}": 4 for number in range(7)}
    assert store.history(drivers.id, 1)[0].who == "Ana"
    assert "7 groups**: 4 photos each, 1 photo in no group." in texts(app)
    app.button(key="undo-line-now").click().run()
    assert store.groups(drivers.id) == {}


def test_another_rule_changes_the_preview_at_once(open_page: OpenPage, drivers: Project) -> None:
    app = opened(open_page)
    app.selectbox(key="group-rule").set_value("folder").run()
    assert "No photo matches this rule" in texts(app)
    assert not [one for one in app.button if one.key == "group-apply"]
    app.selectbox(key="group-rule").set_value("letters").run()
    assert "Every photo would be a group of its own" not in texts(app)
    app.selectbox(key="group-rule").set_value("pattern").run()
    app.text_input(key="group-pattern").set_value("d{number}_*").run()
    assert "7 groups** of 28 photos" in texts(app)
    app.text_input(key="group-pattern").set_value("d*").run()
    assert "must have one place for the group, but has none" in texts(app)
    app.text_input(key="group-pattern").set_value("{group}.png").run()
    assert "Every photo would be a group of its own" in texts(app)
    assert not messages(app)


def test_groups_on_several_sides_are_named_and_brought_to_one(
    open_page: OpenPage, drivers: Project, store: Store
) -> None:
    rows = store.images(drivers.id)
    store.set_groups(drivers.id, {row.id: row.filename[:2] for row in rows if row.label}, "Bo")
    random = [row.split for row in store.images(drivers.id)]
    torn = store.group_state(drivers.id).sides
    app = opened(open_page)
    assert f"{len(torn)} groups are in several splits, such as" in texts(app)
    assert sorted(app.dataframe[0].value["Splits"]) == ["one"] * (7 - len(torn)) + ["several"] * len(torn)
    assert app.dataframe[0].value["Splits"][0] == "several"
    button(app, "Split again by group")
    assert not messages(app)
    assert store.group_state(drivers.id).sides == {}
    assert "No group is in several splits." in texts(app)
    assert [row.split for row in store.images(drivers.id)] != random
    app.button(key="undo-line-now").click().run()
    assert [row.split for row in store.images(drivers.id)] == random
    button(app, "Remove all groups")
    assert store.groups(drivers.id) == {}
    assert not messages(app)


def test_a_class_of_one_driver_is_said_before_the_groups_are_made(
    open_page: OpenPage, drivers: Project, store: Store
) -> None:
    add_photo(store, drivers, "d1_rare.png")
    store.add_class(drivers.id, "yawning", "Ana")
    store.annotate(drivers.id, [store.images(drivers.id)[-1].id], "yawning", "Ana")
    app = opened(open_page)
    assert "The class yawning is in one group only (d1), so it cannot be tested on a new group." in texts(app)


def test_tags_become_groups(open_page: OpenPage, drivers: Project, store: Store) -> None:
    ids = [row.id for row in store.images(drivers.id)]
    store.add_tag(drivers.id, ids[:8], "monday", "Ana")
    store.add_tag(drivers.id, ids[8:20], "tuesday", "Ana")
    store.add_tag(drivers.id, ids[6:10], "rain", "Ana")
    app = opened(open_page)
    app.selectbox(key="group-rule").set_value(TAGS).run()
    assert "2 groups** of 16 photos" in texts(app)  # four photos have two of the three tags
    app.multiselect(key="group-tags").set_value(["monday", "tuesday"]).run()
    assert "2 groups** of 20 photos, 8 to 12 in each." in texts(app)
    button(app, "Put 20 photos into 2 groups")
    assert store.groups(drivers.id) == {"tuesday": 12, "monday": 8}
    assert not messages(app)
