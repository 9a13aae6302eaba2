"""The Annotate page: labels by key, many photos together, editing classes without losing labels, undo."""

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.data.store.store import ImageFilter, Project, Store
from pages.components.annotate.desk.desk_acts import press
from pages.components.annotate.desk.labelling_desk import Desk
from pages.components.shared.class_keys import KEYS, class_keys
from tests.pages.annotate.browser_desk import ask, give, has_desk, undo, undone_next, view
from tests.pages.conftest import OpenPage, add_photo, messages, read


@pytest.fixture(autouse=True)
def no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the pretrained network there are no suggestions; test_suggest.py tests them."""
    monkeypatch.setenv("RESNET_STUDIO_WEIGHTS", str(tmp_path / "no-weights"))


def shown(app: AppTest) -> int:
    """The id of the photo on the desk."""
    desk: Desk = app.session_state["desk"]
    assert desk.current is not None
    return desk.current


def label_of(store: Store, project: Project, image_id: int) -> str | None:
    return store.image(project.id, image_id).label


def section(app: AppTest, name: str) -> AppTest:
    return app.segmented_control(key="annotate-section").set_value(name).run()


def alerts(app: AppTest) -> list[str]:
    said = [read(one.value) for one in (*app.warning, *app.info, *app.error, *app.toast)]
    return [*said, view(app)["message"], view(app)["beside"]] if has_desk(app) else said


def test_without_a_project_the_page_says_where_to_get_one(open_page: OpenPage) -> None:
    app = open_page("Annotate")
    assert [one.value for one in app.header] == ["No project yet"]
    assert [one.label for one in app.button] == ["Go to Home"]


def test_without_photos_the_page_leads_to_the_data_page(open_page: OpenPage, store: Store) -> None:
    store.create_project("Empty", classes=["owl"])
    app = open_page("Annotate")
    assert [one.value for one in app.header] == ["No photos yet", "Or take photos with the camera"]
    assert [one.label for one in app.button] == ["Add photos", "Undo"]


def test_without_classes_the_page_asks_for_them_first(open_page: OpenPage, store: Store) -> None:
    project = store.create_project("Birds")
    add_photo(store, project, "a.png")
    app = open_page("Annotate")
    next(one for one in app.text_input if one.label.startswith("New classes")).set_value("owl, duck")
    next(one for one in app.button if one.label == "Add").click().run()
    assert [one.name for one in store.classes(project.id)] == ["owl", "duck"]
    assert shown(app)


def test_a_press_labels_the_photo_under_this_name_and_shows_the_next(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    app = open_page("Annotate", name="Ana")
    first = shown(app)
    give(app, "duck")
    assert not messages(app)
    row = store.image(birds.id, first)
    assert (row.label, row.annotated_by) == ("duck", "Ana")
    assert shown(app) != first
    assert label_of(store, birds, shown(app)) is None


def test_after_the_last_photo_the_page_says_the_next_step(open_page: OpenPage, birds: Project, store: Store) -> None:
    app = open_page("Annotate")
    for _ in range(3):
        give(app, "owl")
    assert store.count(birds.id, ImageFilter(unlabelled=True)) == 0
    assert "All photos are labelled" in [one.value for one in app.header]
    assert "Go to training" in [one.label for one in app.button]


def test_each_class_has_a_key_and_none_that_the_page_itself_needs(open_page: OpenPage, birds: Project) -> None:
    app = open_page("Annotate")
    keys = {one["name"]: one["key"] for one in view(app)["classes"]}
    assert keys == {"owl": "1", "duck": "2"}
    assert not {"C", "R", "U"} & set(KEYS)  # Streamlit's own two, and undo
    assert len(set(KEYS)) == len(KEYS) == 32


def test_more_classes_than_keys_still_have_their_buttons(open_page: OpenPage, store: Store) -> None:
    project = store.create_project("Many", classes=[f"class {number}" for number in range(40)])
    add_photo(store, project, "a.png")
    app = open_page("Annotate")
    buttons = view(app)["classes"]
    assert len(buttons) == 40
    assert [bool(one["key"]) for one in buttons] == [True] * 32 + [False] * 8


def test_a_class_that_is_called_by_a_digit_or_letter_has_that_key(
    open_page: OpenPage, store: Store, birds: Project
) -> None:
    """The key 1 gave hand sign 0, and the key 3 hand sign 2."""
    signs = store.create_project("Signs", classes=["0", "1", "2", "b", "open hand", "c"])
    add_photo(store, signs, "a.png")
    app = open_page("Annotate", project=str(signs.id))
    expected = {"0": "0", "1": "1", "2": "2", "b": "b", "open hand": "3", "c": "4"}  # C is Streamlit's own
    assert {one["name"]: one["key"] for one in view(app)["classes"]} == {k: v.upper() for k, v in expected.items()}
    section(app, "Many at once")
    assert {one.label: one.proto.shortcut for one in app.button if one.label in expected} == expected
    section(app, "Classes")
    badges = [one.value for one in app.markdown if one.value.startswith(":gray-badge")]
    assert badges == [f":gray-badge[{key.upper()}]" for key in expected.values()]


def test_the_desk_of_boxes_gives_the_same_keys(open_page: OpenPage, store: Store) -> None:
    names = ["0", "1", "n", *(f"class {number}" for number in range(18))]
    project = store.create_project("Signs", "localization", names)
    add_photo(store, project, "a.png")
    app = open_page("Annotate", project=str(project.id))
    assert not messages(app)
    shortcuts = {one.label: one.proto.shortcut for one in app.button if (one.key or "").startswith("box-class-")}
    keys = [shortcuts[name].upper() for name in names]
    assert keys[:3] == ["0", "1", "2"] and len(set(keys)) == len(names) and not {"L", "N", "O"} & set(keys)
    section(app, "Classes")
    assert [one.value for one in app.markdown if one.value.startswith(":gray-badge")] == [
        f":gray-badge[{key}]" for key in keys
    ]


def test_a_desk_keeps_letters_for_itself_and_no_two_classes_share_a_key() -> None:
    assert class_keys(["N", "o", "x"], reserved="NOL") == ["1", "2", "X"]
    assert class_keys(["i", "\u0131", "owl"]) == ["I", "1", "2"]
    names = ["9", "0", *(f"class {number}" for number in range(40))]
    keys = [key for key in class_keys(names) if key]
    assert len(keys) == len(set(keys)) == 33 and class_keys(names)[-1] is None


def test_skip_leaves_the_label_and_back_returns(open_page: OpenPage, birds: Project, store: Store) -> None:
    app = open_page("Annotate")
    first = shown(app)
    ask(app, "skip")
    assert shown(app) != first
    assert label_of(store, birds, first) is None
    ask(app, "back")
    assert shown(app) == first


def test_skipped_photos_can_be_gone_through_again(open_page: OpenPage, birds: Project) -> None:
    app = open_page("Annotate")
    first = shown(app)
    for _ in range(3):
        ask(app, "skip")
    assert "You have seen every photo" in [one.value for one in app.header]
    next(one for one in app.button if one.label == "Go through them again").click().run()
    assert shown(app) == first


def test_undo_takes_the_label_back_and_shows_its_photo(open_page: OpenPage, birds: Project, store: Store) -> None:
    app = open_page("Annotate", name="Ana")
    first = shown(app)
    give(app, "duck")
    undo(app)
    assert label_of(store, birds, first) is None
    assert shown(app) == first
    assert any("Undone" in text for text in alerts(app))


def test_after_undoing_a_change_of_class_the_next_press_is_no_conflict(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    app = open_page("Annotate", name="Ana")
    app.selectbox(key="annotate-which").set_value("owl").run()
    first = shown(app)
    give(app, "duck")
    undo(app)
    assert (shown(app), label_of(store, birds, first)) == (first, "owl")
    give(app, "duck")
    assert label_of(store, birds, first) == "duck"


def test_undo_never_touches_what_somebody_else_did(open_page: OpenPage, birds: Project, store: Store) -> None:
    app = open_page("Annotate", name="teacher")  # another tab, under the same name
    assert store.count(birds.id, ImageFilter(unlabelled=True)) == 3  # the teacher's eight labels stand
    assert undone_next(app) is None


def test_undo_is_offered_only_for_what_this_tab_did(open_page: OpenPage, birds: Project, store: Store) -> None:
    """Everybody without a name is "someone", and U took back the newest label of that name."""
    here, there = open_page("Annotate"), open_page("Annotate")
    mine, theirs = shown(here), shown(there)
    give(here, "owl")
    give(there, "duck")
    assert "owl" in undone_next(here)  # it says what it undoes
    undo(here)
    assert (label_of(store, birds, mine), label_of(store, birds, theirs)) == (None, "duck")
    assert undone_next(here) is None
    assert undone_next(there)
    reloaded = open_page("Annotate")
    assert undone_next(reloaded) is None


def test_an_import_of_this_tab_is_not_undone_by_the_key(open_page: OpenPage, birds: Project, store: Store) -> None:
    app = open_page("Annotate")
    mine = store.in_tab(app.session_state["tab"])
    mine.apply_labels(birds.id, [(shown(app), "owl", None)], "someone", "labels.csv: 1 image")
    app.run()
    assert undone_next(app) is None


def test_two_tabs_do_not_overwrite_each_other_silently(open_page: OpenPage, birds: Project, store: Store) -> None:
    ana, bo = open_page("Annotate", name="Ana"), open_page("Annotate", name="Bo")
    same = go_to(bo, shown(ana))
    give(ana, "owl")
    give(bo, "duck")
    assert label_of(store, birds, same) == "owl"
    assert shown(bo) == same
    assert any('it is now "owl"' in text and "Ana" in text for text in alerts(bo))
    give(bo, "duck")  # a second press is meant
    assert label_of(store, birds, same) == "duck"


def test_a_label_that_somebody_gives_while_the_photo_is_looked_at_is_told_before_it_is_overruled(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    app = open_page("Annotate", name="Ana")
    image_id = shown(app)
    store.annotate(birds.id, [image_id], "owl", "Ben")
    app.run()  # the page draws itself again once the project has moved
    give(app, "duck")
    assert label_of(store, birds, image_id) == "owl"
    assert any("was changed by Ben" in one for one in alerts(app))
    give(app, "duck")
    assert label_of(store, birds, image_id) == "duck"


def test_two_tabs_that_agree_go_on_without_a_question(open_page: OpenPage, birds: Project, store: Store) -> None:
    ana, bo = open_page("Annotate", name="Ana"), open_page("Annotate", name="Bo")
    same = go_to(bo, shown(ana))
    give(ana, "owl")
    give(bo, "owl")
    assert not any("changed" in text for text in alerts(bo))
    assert shown(bo) != same


def go_to(app: AppTest, image_id: int) -> int:
    """Show a photo on purpose, as Back does."""
    app.session_state["desk"].show(image_id)
    app.run()
    assert shown(app) == image_id
    return image_id


def test_desks_are_handed_different_photos_and_see_who_has_one(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    ana = open_page("Annotate", name="Ana")
    bo = open_page("Annotate")
    assert shown(bo) != shown(ana)
    first = shown(ana)
    go_to(bo, first)
    assert view(bo)["beside"] == "Ana is labelling this photo."
    ana.run()
    assert not view(ana)["beside"]
    assert set(store.reserved_by_others(birds.id, "x")) >= {first}


def test_when_others_have_the_last_photos_the_page_says_who_and_offers_them(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    ana, bo = open_page("Annotate", name="Ana"), open_page("Annotate", name="Bo")
    give(bo, "owl")
    assert "All remaining photos are being labelled" in [one.value for one in bo.header]
    assert any("Ana has the last 2 photos on screen" in one.value for one in bo.markdown)
    bo.button(key="label-too").click().run()
    assert shown(bo) == shown(ana)
    assert view(bo)["beside"] == "Ana is labelling this photo."


def test_who_leaves_the_desk_gives_the_photos_back(open_page: OpenPage, birds: Project, store: Store) -> None:
    app = open_page("Annotate")
    assert len(store.reserved_by_others(birds.id, "x")) == 2
    section(app, "History")
    assert store.reserved_by_others(birds.id, "x") == {}
    section(app, "One by one")
    assert len(store.reserved_by_others(birds.id, "x")) == 2
    app.switch_page("pages/1_Data.py").run()
    assert store.reserved_by_others(birds.id, "x") == {}


def test_a_second_press_that_was_under_way_does_not_label_the_unseen_next_photo(birds: Project, store: Store) -> None:
    first, second = [row.id for row in store.images(birds.id, ImageFilter(unlabelled=True))][:2]
    desk = Desk(birds.id, None, True, current=second)
    press(desk, first, "owl")
    assert label_of(store, birds, first) is None
    assert label_of(store, birds, second) is None


def test_a_photo_that_was_removed_meanwhile_makes_room_for_the_next(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    app = open_page("Annotate")
    first = shown(app)
    store.remove_images(birds.id, [first], "Bo")
    app.run()
    assert not messages(app)
    assert shown(app) != first


def test_a_class_that_was_removed_meanwhile_is_a_sentence(open_page: OpenPage, birds: Project, store: Store) -> None:
    app = open_page("Annotate")
    owl = store.classes(birds.id)[0]
    store.remove_class(birds.id, owl.id, "Bo")
    give(app, "owl")
    assert any("owl" in one.value for one in app.toast)
    assert shown(app)


def test_reviewing_one_class_goes_through_its_photos_and_changes_them(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    app = open_page("Annotate")
    app.selectbox(key="annotate-which").set_value("owl").run()
    seen = []
    for _ in range(4):
        seen.append(shown(app))
        assert label_of(store, birds, shown(app)) == "owl"
        give(app, "duck")
    assert len(set(seen)) == 4
    assert store.count(birds.id, ImageFilter(label="duck")) == 8


def choose(app: AppTest, ids: list[int]) -> AppTest:
    app.session_state["annotate-wall"] = {"chosen": [str(one) for one in ids]}
    return app.run()


def test_many_photos_get_their_class_with_one_press_as_one_change(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    app = section(open_page("Annotate", name="Ana"), "Many at once")
    ids = [row.id for row in store.images(birds.id, ImageFilter(unlabelled=True))]
    choose(app, ids)
    assert any("3 selected" in one.value for one in app.markdown)
    owl = store.classes(birds.id)[0]
    app.button(key=f"many-{owl.id}").click().run()
    assert not messages(app)
    assert [label_of(store, birds, one) for one in ids] == ["owl"] * 3
    store.undo(birds.id, "Ana")
    assert [label_of(store, birds, one) for one in ids] == [None] * 3


def test_many_at_once_begins_with_the_photos_that_have_no_label(open_page: OpenPage, birds: Project) -> None:
    app = section(open_page("Annotate"), "Many at once")
    assert any(one.value.startswith("3 photos.") for one in app.markdown)


def test_a_photo_chosen_on_another_page_of_the_grid_is_not_labelled_unseen(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    app = section(open_page("Annotate"), "Many at once")
    owl = store.images(birds.id, ImageFilter(label="owl"))[0]
    choose(app, [owl.id])  # not among those without a label, which are shown
    assert all(one.disabled for one in app.button if (one.key or "").startswith("many-"))


def change_class(app: AppTest, store: Store, project: Project, name: str, what: str) -> AppTest:
    number = next(one.id for one in store.classes(project.id) if one.name == name)
    menu: Any = next(one for one in app.get("menu_button") if one.key == f"class-menu-{number}")
    return menu.set_value(what).run()


def test_a_class_is_renamed_and_keeps_its_labels(open_page: OpenPage, birds: Project, store: Store) -> None:
    app = section(open_page("Annotate"), "Classes")
    change_class(app, store, birds, "owl", "Rename")
    assert any("4 labels" in one.value for one in app.caption)
    app.text_input(key="class-name").set_value("barn owl")
    app.button(key="class-rename-now").click().run()
    assert [(one.name, one.count) for one in store.classes(birds.id)] == [("barn owl", 4), ("duck", 4)]


def test_two_classes_are_merged_and_undo_parts_them_again(open_page: OpenPage, birds: Project, store: Store) -> None:
    app = section(open_page("Annotate", name="Ana"), "Classes")
    change_class(app, store, birds, "owl", "Merge into another")
    app.button(key="class-merge-now").click().run()
    assert [(one.name, one.count) for one in store.classes(birds.id)] == [("duck", 8)]
    app.button(key="undo-last").click().run()
    assert not messages(app)
    assert [(one.name, one.count) for one in store.classes(birds.id)] == [("owl", 4), ("duck", 4)]


def test_a_removed_class_leaves_its_photos_without_a_label(open_page: OpenPage, birds: Project, store: Store) -> None:
    app = section(open_page("Annotate"), "Classes")
    change_class(app, store, birds, "owl", "Remove")
    assert any("4 photos will have no label" in one.value for one in app.markdown)
    app.button(key="class-remove-now").click().run()
    assert store.count(birds.id) == 11
    assert store.count(birds.id, ImageFilter(unlabelled=True)) == 7


def test_moving_a_class_moves_its_key(open_page: OpenPage, birds: Project, store: Store) -> None:
    app = section(open_page("Annotate"), "Classes")
    change_class(app, store, birds, "duck", "Move up")
    assert [one.name for one in store.classes(birds.id)] == ["duck", "owl"]


@pytest.mark.parametrize("taken", ["owl", "OWL "])
def test_a_class_name_that_is_taken_is_a_sentence(
    open_page: OpenPage, birds: Project, store: Store, taken: str
) -> None:
    app = section(open_page("Annotate"), "Classes")
    next(one for one in app.text_input if one.label.startswith("New classes")).set_value(taken)
    next(one for one in app.button if one.label == "Add").click().run()
    (sentence,) = messages(app)
    assert "owl" in sentence
    assert len(store.classes(birds.id)) == 2


def test_a_likely_typo_among_the_classes_is_offered_for_merging(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    """ "rosse" with one label stood beside "roses" with 41."""
    store.add_class(birds.id, "parrott", "Bo")
    store.add_class(birds.id, "parrot", "Bo")
    first, *rest = [row.id for row in store.images(birds.id)]
    store.annotate(birds.id, rest, "parrot", "Bo")
    store.annotate(birds.id, [first], "parrott", "Bo")
    number = next(one.id for one in store.classes(birds.id) if one.name == "parrott")
    app = section(open_page("Annotate"), "Classes")
    asked = "Is **parrott** (1 photo) the same class as **parrot** (10 photos)?"
    assert any(one.value.endswith(asked) for one in app.markdown)
    app.button(key=f"typo-merge-{number}").click().run()
    assert not messages(app)
    assert [(one.name, one.count) for one in store.classes(birds.id)][-1] == ("parrot", 11)
    app.button(key="undo-last").click().run()
    app.button(key=f"typo-keep-{number}").click().run()
    assert not any("the same class" in one.value for one in app.markdown)
    assert [(one.name, one.count) for one in store.classes(birds.id)][-2:] == [("parrott", 1), ("parrot", 10)]


def test_the_history_tells_accepted_suggestions_from_typed_labels(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    first, second, third = [row.id for row in store.images(birds.id, ImageFilter(unlabelled=True))]
    store.annotate(birds.id, [first], "owl", "Ana", kind="accepted")
    store.accept_suggestions(birds.id, [(second, "owl")], "Ana")
    store.apply_labels(birds.id, [(third, "owl", None)], "Ana", "labels.csv")
    store.add_class(birds.id, "swan", "Ana")
    app = section(open_page("Annotate"), "History")
    sources = app.dataframe[0].value["Label source"].tolist()
    assert sources[:5] == ["", "import", "accepted suggestion", "accepted suggestion", "person"]


def test_the_history_says_who_did_what_and_takes_back_ones_own(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    app = open_page("Annotate", name="Ana")
    first = shown(app)
    give(app, "duck")
    section(app, "History")
    table = app.dataframe[0].value
    assert table.iloc[0]["Who"] == "Ana"
    assert table.iloc[0]["Change"].endswith("duck")
    assert set(table["Who"]) == {"Ana", "teacher"}
    next(one for one in app.button if one.label == "Undo my last change").click().run()
    assert label_of(store, birds, first) is None
    assert app.dataframe[0].value.iloc[0]["State"] == "undone"
    assert next(one for one in app.button if one.label == "Undo my last change").disabled


def test_the_page_loads_neither_torch_nor_torchvision() -> None:
    import subprocess
    import sys

    modules = [
        *(f"annotate.{name}" for name in ("desk.one_photo", "many_photos", "edit_classes", "history_view")),
        *("annotate.suggest_map", "annotate.suggest_similar", "data.photo_grid", "data.add_photos"),
        *("home.project_status", "home.weights_line", "home.welcome"),
    ]
    heavy = {"torch", "torchvision", "accelerate", "scipy", "sklearn"}
    imports = "; ".join(f"import pages.components.{module}" for module in modules)
    code = f"import sys; {imports}; sys.exit(', '.join(set(sys.modules) & {heavy}) or None)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
