"""The Annotate page with suggestions: accepting them, orders, reviewing confident ones, Similar and Map."""

import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.data.store.store import ImageFilter, Project, Store
from core.features.vectors import Vectors, default_vectors
from core.inspection.suggesting import vector_job
from core.inspection.suggesting.suggestions import SuggestionModel, Suggestions
from core.models.weights import Pretrained
from pages.components.annotate import suggest_accept, suggest_state
from pages.components.annotate.desk import labelling_desk
from pages.components.annotate.desk.labelling_desk import Desk
from tests.pages.annotate.browser_desk import accept, ask, give, has_desk, undo, view
from tests.pages.conftest import OpenPage, add_photo, add_photos, messages

pytestmark = pytest.mark.weights
PHOTOS = 40


@pytest.fixture
def birds(store: Store, default_weights: Pretrained) -> Project:
    """Forty photos, alternating owls and ducks, the first three of each labelled. Their features, around two centres,
    are already computed, so that no process starts."""
    project = store.create_project("Birds", classes=["owl", "duck"])
    ids = add_photos(store, project, [f"{number}.png" for number in range(PHOTOS)])
    for place in range(6):
        store.annotate(project.id, [ids[place]], kind(place), "teacher")
    dice = np.random.default_rng(0)
    centers = dice.normal(0, 1, (2, 64))
    vectors = np.abs(centers[np.arange(PHOTOS) % 2] * 4 + dice.normal(0, 1, (PHOTOS, 64))).astype(np.float32)
    network = default_vectors(store.workspace)
    assert network is not None
    Vectors(store.workspace, network).add([one.hash for one in store.image_labels(project.id)], vectors)
    return project


def kind(place: int) -> str:
    return "owl" if place % 2 == 0 else "duck"


def truth(store: Store, project: Project, image_id: int) -> str:
    return kind(int(store.image(project.id, image_id).filename.removesuffix(".png")))


def until(app: AppTest, holds: Callable[[AppTest], object]) -> AppTest:
    """Rerun the page until the background model has finished."""
    end = time.monotonic() + 120
    while not holds(app) and time.monotonic() < end:
        time.sleep(0.02)
        for thread in threading.enumerate():
            if thread.name.startswith("suggestions-"):
                thread.join(end - time.monotonic())
        app.run()
    assert holds(app), messages(app)
    return app


def suggestion(app: AppTest) -> str | None:
    """The words on the button that accepts, if there is one."""
    return view(app)["suggestion"]["words"] if has_desk(app) and view(app)["suggestion"] else None


def desk_of(app: AppTest) -> Desk:
    desk: Desk = app.session_state["desk"]
    return desk


def shown(app: AppTest) -> int:
    current = desk_of(app).current
    assert current is not None
    return current


def ready(open_page: OpenPage, **query: str) -> AppTest:
    return until(open_page("Annotate", **query), suggestion)


def test_the_suggestion_is_on_the_buttons_and_enter_accepts_it(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    app = ready(open_page, name="Ana")
    photo, words = shown(app), suggestion(app)
    right = truth(store, birds, photo)
    assert words and words.startswith(f"Accept {right} · ") and words.endswith("%")
    assert view(app)["chosen"] == right
    accept(app)
    row = store.image(birds.id, photo)
    assert (row.label, row.annotated_by, row.label_source) == (right, "model, accepted by Ana", "suggestion")
    assert shown(app) != photo


def test_the_page_says_how_often_the_suggestion_was_right(open_page: OpenPage, birds: Project, store: Store) -> None:
    app = ready(open_page)
    right = truth(store, birds, shown(app))
    accept(app)
    wrong = {"owl": "duck", "duck": "owl"}[truth(store, birds, shown(app))]
    assert right
    until(app, suggestion)
    give(app, wrong)
    assert list(desk_of(app).agreed) == [True, False]
    assert "right for 1 of your last 2 photos" in view(app)["hint"]


def test_undo_takes_an_accepted_suggestion_back(open_page: OpenPage, birds: Project, store: Store) -> None:
    app = ready(open_page, name="Ana")
    photo = shown(app)
    accept(app)
    undo(app)
    assert store.image(birds.id, photo).label is None
    assert shown(app) == photo


def test_after_undo_the_suggestion_follows_the_labels_as_they_are_now(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    """A duck was labelled owl and undone: "Accept owl 90%" stayed, and Enter stored the mistake."""
    app = ready(open_page)
    photo, right = shown(app), truth(store, birds, shown(app))
    wrong = {"owl": "duck", "duck": "owl"}[right]
    give(app, wrong)
    undo(app)
    until(app, suggestion)
    assert shown(app) == photo
    assert suggestion(app).startswith(f"Accept {right} · ")
    suggested = desk_of(app).suggested
    assert suggested is not None and suggested.revision == store.label_revision(birds.id).changed


def test_enter_on_a_suggestion_that_labels_of_another_tab_have_overtaken_accepts_nothing(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    app = ready(open_page)
    photo = shown(app)
    other = store.images(birds.id, ImageFilter(unlabelled=True))[-1].id
    store.annotate(birds.id, [other], "owl", "Bo")
    accept(app)  # the page has not been drawn again since
    assert store.image(birds.id, photo).label is None
    assert shown(app) == photo
    assert any("The labels have changed since this suggestion was made" in one.value for one in app.toast)
    until(app, suggestion).run()
    accept(app)
    assert store.image(birds.id, photo).label_source == "suggestion"


def test_while_suggestions_are_recomputed_there_is_nothing_to_accept(
    open_page: OpenPage, birds: Project, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = ready(open_page)
    model = suggest_state.instant_model(birds.id)
    assert model is not None
    with model._fitting:  # as if the fit took long
        store.annotate(birds.id, [store.images(birds.id, ImageFilter(unlabelled=True))[-1].id], "owl", "Bo")
        app.run()
        assert suggestion(app) is None
        assert view(app)["waiting"] == "Recomputing suggestions ..."
    until(app, suggestion)


def test_another_suggestion_does_not_take_the_place_of_the_first_at_once(
    open_page: OpenPage, birds: Project, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Enter, meant for the class that was shown, would accept the one that had just replaced it."""
    app = ready(open_page)
    before, photo = suggestion(app), shown(app)
    others = [one.id for one in store.images(birds.id, ImageFilter(unlabelled=True)) if one.id != photo]
    flipped = [(number, {"owl": "duck", "duck": "owl"}[truth(store, birds, number)], None) for number in others]
    store.apply_labels(birds.id, flipped, "Bo", "turned round")
    from pages.components.annotate.suggest_state import instant_model

    model = instant_model(birds.id)
    assert model is not None
    changed = model.refresh().of(photo)
    assert changed is not None and changed[0] not in before
    monkeypatch.setattr(labelling_desk, "QUIET_SECONDS", 60.0)
    app.run()
    assert suggestion(app) is None and view(app)["waiting"]
    desk_of(app).quiet_until = 0.0
    app.run()
    assert suggestion(app).startswith(f"Accept {changed[0]} · ") and suggestion(app) != before


def test_before_two_labels_a_class_the_page_says_what_is_lacking(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    store.annotate(birds.id, [one.id for one in store.images(birds.id, ImageFilter(label="duck"))], None, "Ana")
    app = until(open_page("Annotate"), lambda app: "two labels per class" in view(app)["hint"])
    assert view(app)["hint"].endswith("Still needed: duck")
    assert suggestion(app) is None


def test_switched_off_nothing_is_suggested(open_page: OpenPage, birds: Project) -> None:
    app = ready(open_page)
    app.toggle(key="annotate-suggest").set_value(False).run()
    assert suggestion(app) is None
    assert view(app)["chosen"] is None


def test_choices_are_remembered_while_another_section_is_looked_at(open_page: OpenPage, birds: Project) -> None:
    app = ready(open_page)
    app.toggle(key="annotate-suggest").set_value(False).run()
    choose_order(app, "Random")
    section(section(app, "Classes"), "One by one")
    assert app.selectbox(key="annotate-order").value == "Random"
    assert suggestion(app) is None


def test_every_drawing_tells_the_browser_what_is_chosen(open_page: OpenPage, birds: Project) -> None:
    """The Suggest switch looked off beside suggestions, and the next click turned it off.

    Its value was sent with the first drawing alone, and that one is lost where the page draws itself again at once.
    """
    app = open_page("Annotate")
    for _ in range(2):
        assert app.toggle(key="annotate-suggest").proto.default is True
        app.run()
    choose_order(app, "Random")
    app.toggle(key="annotate-suggest").set_value(False).run()
    section(section(app, "Classes"), "One by one")
    for _ in range(2):
        assert app.toggle(key="annotate-suggest").proto.default is False
        order = app.selectbox(key="annotate-order")
        assert order.options[order.proto.default] == order.value == "Random"
        app.run()


def choose_order(app: AppTest, name: str) -> AppTest:
    app.selectbox(key="annotate-order").set_value(name).run()
    assert not messages(app)
    return app


def test_the_order_decides_which_photo_comes_next(open_page: OpenPage, birds: Project, store: Store) -> None:
    from pages.components.annotate.suggest_state import instant_model

    app = ready(open_page)
    model = instant_model(birds.id)
    assert model is not None and model.suggestions is not None
    first = {}
    for name, order in (("Least certain first", "uncertain"), ("Random", "random")):
        choose_order(app, name)
        assert shown(app) == model.suggestions.ranking(order)[0]
        first[name] = shown(app)
    choose_order(app, "Likely duck first")
    for _ in range(3):
        until(app, suggestion)  # the model learns the label in the background
        assert truth(store, birds, shown(app)) == "duck"
        accept(app)
    assert len({*first.values(), shown(app)}) == 3


def test_most_unlike_first(open_page: OpenPage, birds: Project) -> None:
    from pages.components.annotate.suggest_state import instant_model

    app = choose_order(ready(open_page), "Least similar to labelled first")
    model = instant_model(birds.id)
    assert model is not None and model.suggestions is not None
    assert shown(app) == model.suggestions.ranking("unlike")[0]


def sure(app: AppTest) -> AppTest:
    until(app, lambda app: view(app)["review"])
    return ask(app, "review")


def test_the_sure_ones_are_looked_at_then_accepted_as_one_change_that_names_the_model(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    app = sure(ready(open_page, name="Ana"))
    button = app.button(key="accept-all")
    count = int(button.label.split()[1])
    chosen = app.session_state["accept-wall"]["chosen"]
    assert count == len(chosen) > 2
    # One is taken out, and the button pressed before the page has drawn itself again.
    app.session_state["accept-wall"] = {"chosen": chosen[1:]}
    app.button(key="accept-all").click().run()
    assert not messages(app)
    rows = [one for one in store.images(birds.id) if one.annotated_by == "model, accepted by Ana"]
    assert len(rows) == count - 1 and int(chosen[0]) not in {one.id for one in rows}
    assert all(one.label == truth(store, birds, one.id) for one in rows)
    assert store.image(birds.id, shown(app)).label is None  # back at the photos, at one that still wants a label
    undo(app)
    assert store.count(birds.id, ImageFilter(unlabelled=True)) == PHOTOS - 6


def test_the_sure_ones_are_not_accepted_once_the_labels_have_changed(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    app = sure(ready(open_page, name="Ana"))
    chosen = app.session_state["accept-wall"]["chosen"]
    app.session_state["accept-wall"] = {"chosen": chosen[1:]}
    app.run()
    store.undo(birds.id)
    app.button(key="accept-all").click().run()
    assert not [one for one in store.images(birds.id) if one.label_source == "suggestion"]
    until(app, lambda app: not app.button(key="accept-all").disabled)
    assert chosen[0] not in app.session_state["accept-wall"]["chosen"]  # it stays deselected
    app.button(key="accept-all").click().run()
    assert [one for one in store.images(birds.id) if one.label_source == "suggestion"]


def test_the_sure_ones_can_be_left_without_accepting(open_page: OpenPage, birds: Project, store: Store) -> None:
    app = sure(ready(open_page))
    next(one for one in app.button if one.label == "Back").click().run()
    assert store.count(birds.id, ImageFilter(unlabelled=True)) == PHOTOS - 6
    assert shown(app)


def section(app: AppTest, name: str) -> AppTest:
    app.segmented_control(key="annotate-section").set_value(name).run()
    assert not messages(app)
    return app


def test_the_nearest_photos_get_their_class_at_once(open_page: OpenPage, birds: Project, store: Store) -> None:
    app = section(ready(open_page, name="Ana"), "Similar")
    start = shown(app)
    next(one for one in app.button if one.label == "Select the nearest 12").click().run()
    chosen = [int(one) for one in app.session_state["similar-wall"]["chosen"]]
    assert len(chosen) == 12 and start not in chosen
    assert {truth(store, birds, one) for one in chosen} == {truth(store, birds, start)}
    number = next(one.id for one in store.classes(birds.id) if one.name == "owl")
    app.button(key=f"similar-give-{number}").click().run()
    assert not messages(app)
    assert {store.image(birds.id, one).label for one in chosen} == {"owl"}
    app.button(key="similar-undo").click().run()
    assert {store.image(birds.id, one).label for one in chosen} == {None}


def test_similar_without_a_choice_gives_nothing(open_page: OpenPage, birds: Project) -> None:
    app = section(ready(open_page), "Similar")
    assert all(one.disabled for one in app.button if (one.key or "").startswith("similar-give-"))


def test_points_of_the_map_are_labelled_and_labelled_ones_left_alone(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    app = section(ready(open_page, name="Ana"), "Map")
    ids = [one.id for one in store.image_labels(birds.id)]
    caught = [ids[0], ids[10], ids[11]]  # the first one has a label
    app.session_state["map-PCA-0"] = {
        "selection": {"points": [{"customdata": one} for one in caught], "point_indices": [], "box": [], "lasso": []}
    }
    app.run()
    assert not messages(app)
    assert any("2 selected" in one.value for one in app.markdown)
    number = next(one.id for one in store.classes(birds.id) if one.name == "duck")
    app.button(key=f"map-give-{number}").click().run()
    assert [store.image(birds.id, one).label for one in caught] == ["owl", "duck", "duck"]
    app.button(key="map-undo").click().run()
    assert [store.image(birds.id, one).label for one in caught] == ["owl", None, None]


def test_the_map_shows_every_photo_in_the_color_of_its_label(open_page: OpenPage, birds: Project) -> None:
    app = section(ready(open_page), "Map")
    import json

    (chart,) = app.get("plotly_chart")
    traces = json.loads(chart.proto.spec)["data"]
    assert [one["name"] for one in traces] == ["no label", "owl", "duck"]
    first = traces[0]["x"]
    app.segmented_control(key="map-layout").set_value("t-SNE").run()
    assert not messages(app)
    at_work = ":material/hourglass_top: Computing t-SNE. Showing PCA until it is ready."
    until(app, lambda app: at_work not in [one.value for one in app.caption])
    (chart,) = app.get("plotly_chart")
    assert json.loads(chart.proto.spec)["data"][0]["x"] != first


def test_similar_and_map_are_for_classes_only(open_page: OpenPage, store: Store) -> None:
    project = store.create_project("Boxes", task="localization", classes=["owl"])
    add_photo(store, project, "a.png")
    app = open_page("Annotate")
    assert "Map" not in str(app.segmented_control(key="annotate-section").options)


def test_without_the_network_similar_says_where_to_fetch_it(
    open_page: OpenPage, birds: Project, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("RESNET_STUDIO_WEIGHTS", str(tmp_path_factory.mktemp("none")))
    app = open_page("Annotate")
    assert any("Download it once on the home page" in one.value for one in app.caption)
    section(app, "Similar")
    assert "The pretrained network is not downloaded yet" in [one.value for one in app.header]


def test_a_photo_that_the_network_has_not_seen_yet_waits_for_its_suggestion(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    """With ten thousand photos there was no suggestion until the features of all were computed."""
    for row in store.images(birds.id, ImageFilter(unlabelled=True)):
        store.annotate(birds.id, [row.id], truth(store, birds, row.id), "teacher")
    add_photo(store, birds, "new.png")
    with vector_job._lock(store.workspace, birds.id):  # as if a process were looking at it
        app = until(open_page("Annotate"), lambda app: view(app)["hint"] or suggest_state.suggestions_of(birds.id))
        assert suggestion(ask(app, "look")) is None
        network = default_vectors(store.workspace)
        assert network is not None
        new = store.images(birds.id, ImageFilter(unlabelled=True))[0]
        Vectors(store.workspace, network).add([new.hash], np.ones((1, 64), np.float32))
    # Nobody has asked for a fit since: the page notices that the last one is behind, and the desk hears of the new one.
    version = view(app)["version"]
    until(app, lambda _: (found := suggest_state.suggestions_of(birds.id)) and found.of(new.id))
    assert suggestion(ask(app, "look"))
    assert view(app)["version"] > version


def test_the_desk_looks_whether_anything_has_changed_and_gets_a_view_only_then(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    app = ready(open_page)
    until(app, lambda _: (model := suggest_state.instant_model(birds.id)) and model.fresh)
    ask(app, "look")
    before = view(app)["version"]
    for _ in range(3):
        ask(app, "look")
    assert view(app)["version"] == before
    other = store.images(birds.id, ImageFilter(unlabelled=True))[-1]
    store.annotate(birds.id, [other.id], "owl", "Bo")
    ask(app, "look")
    assert view(app)["version"] > before and view(app)["done"] == 7


def test_where_the_model_is_sure_of_none_all_its_suggestions_can_be_looked_at(
    open_page: OpenPage, birds: Project, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With six labels no model reaches 99%."""
    monkeypatch.setitem(suggest_accept.LEVELS, suggest_accept.SURE, 1.1)
    app = ready(open_page)
    assert view(app)["review"] == f"Review all suggestions ({PHOTOS - 6})"
    sure(app)
    assert app.segmented_control(key="accept-level").value == suggest_accept.ALL
    chosen = [int(one) for one in app.session_state["accept-wall"]["chosen"]]
    assert len(chosen) == PHOTOS - 6
    found = suggest_state.suggestions_of(birds.id)
    assert found is not None
    said = [found.of(one) for one in chosen]
    kinds = [one[0] for one in said if one]
    assert kinds == sorted(kinds, key=["owl", "duck"].index)
    owls = [one[1] for one in said if one and one[0] == "owl"]
    assert owls == sorted(owls)  # the most doubtful first
    app.segmented_control(key="accept-level").set_value(suggest_accept.SURE).run()
    assert "No unlabelled photo has a suggestion" in app.info[0].value


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("place", ["One by one", "Similar"])
def test_suggestions_that_cannot_be_computed_are_said_and_tried_again(
    place: str, open_page: OpenPage, birds: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page said "Preparing suggestions" for ever."""

    def broken(_: SuggestionModel) -> Suggestions:
        raise ValueError("the vectors have two lengths")

    with monkeypatch.context() as patched:
        patched.setattr(SuggestionModel, "_refit", broken)
        app = open_page("Annotate")
        if place != "One by one":
            app = section(app, place)
        app = until(app, lambda one: any("could not be computed" in text.value for text in one.caption))
    app.button(key="suggestions-again").click().run()
    until(app, lambda _: suggest_state.suggestions_of(birds.id) is not None)
    assert not any("could not be computed" in text.value for text in app.run().caption)
