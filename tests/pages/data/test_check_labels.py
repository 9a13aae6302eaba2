"""The Check labels section of the Data page: label errors, near-duplicates, image quality, annotators."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.data.pictures import quality_job
from core.data.pictures.decoding import Decoded
from core.data.store.add_images import prepare_image
from core.data.store.store import Project, Store
from core.features import vectors
from core.features.vectors import Vectors
from core.inspection.suggesting import vector_job
from tests.data.pictures.test_image_quality import scene
from tests.pages.conftest import OpenPage, messages

NETWORK = "test"
Check = Callable[[str], AppTest]


def put(store: Store, project: Project, image: Image.Image, name: str) -> int:
    return store.add_image(project.id, Decoded(image, (), "PNG", False), b"", name)[0].id


@pytest.fixture
def project(store: Store) -> Project:
    """Twelve owls and twelve ducks; owl 3 is called a duck, by mistake."""
    made = store.create_project("Birds", classes=["owl", "duck"])
    prepared = [
        prepare_image(store.workspace, Decoded(scene(number), (), "PNG", False), b"", f"{kind} {number // 2}.png")
        for number, kind in enumerate(("owl", "duck") * 12)
    ]
    ids = [row.id for row, _ in store.add_images(made.id, prepared)]
    store.annotate(made.id, [one for place, one in enumerate(ids) if place % 2 == 0 and place != 6], "owl", "Ana")
    store.annotate(made.id, [one for place, one in enumerate(ids) if place % 2 or place == 6], "duck", "Ana")
    return made


@pytest.fixture
def seen(store: Store, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Features are already computed: two well-separated clusters."""
    for module in (vectors, vector_job):
        monkeypatch.setattr(module, "default_vectors", lambda *_: NETWORK)
    truth = np.arange(24) % 2
    places = np.eye(8, dtype=np.float32)[truth] + 0.15 * np.random.default_rng(0).normal(size=(24, 8)).astype(
        np.float32
    )
    Vectors(store.workspace, NETWORK).add([row.hash for row in store.image_labels(project.id)], places)
    vector_job.vectors_of.cache_clear()


@pytest.fixture
def check(open_page: OpenPage, store: Store) -> Check:
    """Opens the page at one of the checks, as Dan."""

    def opened(which: str) -> AppTest:
        app = open_page("Data", name="Dan")
        app.segmented_control(key="data-section").set_value("Check labels").run()
        return app.pills(key="check-which").set_value(which).run()

    return opened


def press(app: AppTest, label: str) -> AppTest:
    next(one for one in app.button if one.label == label).click().run()
    assert not messages(app)
    return app


def texts(app: AppTest) -> str:
    return "\n".join(one.value for one in (*app.markdown, *app.caption, *app.success, *app.header))


def label_of(store: Store, project: Project, name: str) -> str | None:
    return next(row.label for row in store.images(project.id) if row.filename == name)


@pytest.mark.usefixtures("seen")
def test_one_press_takes_the_suggestion_as_a_change_that_undo_takes_back(
    check: Check, store: Store, project: Project
) -> None:
    app = check("Likely label errors")
    assert "Label: **duck**" in texts(app) and "Suggested: **owl**" in texts(app)
    press(app, "Change to owl")
    assert label_of(store, project, "owl 3.png") == "owl"
    newest = store.history(project.id)[0]
    assert (newest.kind, newest.who, newest.text) == ("corrected", "Dan", "owl 3.png: owl (label error corrected)")
    assert "No likely label errors left" in texts(app)
    press(app, "Undo")
    assert label_of(store, project, "owl 3.png") == "duck"
    assert "Label: **duck**" in texts(app)


@pytest.mark.usefixtures("seen")
@pytest.mark.parametrize("decision", ["Change to owl", "Keep duck"])
def test_another_tab_of_the_same_person_does_not_undo_the_newest_decision(
    check: Check, store: Store, project: Project, decision: str
) -> None:
    """Undo belongs to the tab; after a reload, too, the button is off and does not do nothing in silence."""
    first = check("Likely label errors")
    press(first, decision)
    again = check("Likely label errors")
    assert "No likely label errors left" in texts(again)
    assert next(one for one in again.button if one.label == "Undo").disabled
    press(first, "Undo")
    assert label_of(store, project, "owl 3.png") == "duck" and not store.reviews(project.id, "label error")
    assert "Label: **duck**" in texts(first)
    assert next(one for one in first.button if one.label == "Undo").disabled


@pytest.mark.usefixtures("seen")
def test_nobody_undoes_what_somebody_else_decided(check: Check, store: Store, project: Project) -> None:
    image_id = next(row.id for row in store.images(project.id) if row.filename == "owl 3.png")
    store.annotate(project.id, [image_id], "owl", "Ben", kind="corrected")
    app = check("Likely label errors")
    assert next(one for one in app.button if one.label == "Undo").disabled


@pytest.mark.usefixtures("seen")
def test_a_kept_label_is_not_asked_for_again_after_a_restart(check: Check, store: Store, project: Project) -> None:
    press(check("Likely label errors"), "Keep duck")
    assert label_of(store, project, "owl 3.png") == "duck"
    again = check("Likely label errors")  # a fresh tab makes a fresh queue
    assert "No likely label errors left" in texts(again)
    press(again, "Review 1 kept label again")
    assert "Label: **duck**" in texts(again)


@pytest.mark.usefixtures("seen")
def test_what_somebody_else_decided_meanwhile_is_not_shown(check: Check, store: Store, project: Project) -> None:
    app = check("Likely label errors")
    image_id = next(row.id for row in store.images(project.id) if row.filename == "owl 3.png")
    store.annotate(project.id, [image_id], "owl", "Ben")
    press(app, "Change to owl")  # drawn before Ben's change: too late
    assert store.image(project.id, image_id).annotated_by == "Ben"


def test_without_weights_the_page_says_where_to_get_them(
    check: Check, monkeypatch: pytest.MonkeyPatch, project: Project
) -> None:
    monkeypatch.setattr(vectors, "default_vectors", lambda *_: None)
    assert "A pretrained network is needed" in texts(check("Likely label errors"))


@pytest.fixture
def with_twins(store: Store, project: Project) -> list[int]:
    """A copy of owl 0 in another size, in another split and with another label; all photos looked at."""
    copy = put(store, project, scene(0).resize((200, 150)), "copy.png")
    store.annotate(project.id, [copy], "duck", "Ben")
    first = store.images(project.id)[0].id
    store.apply_labels(project.id, [(first, None, "test"), (copy, None, "train")], "Ana", "splits", kind="splits")
    quality_job.measure_all(store.workspace, store.image_paths(project.id))
    return [first, copy]


def test_twins_are_kept_in_one_split_by_one_change(
    check: Check, store: Store, project: Project, with_twins: list[int]
) -> None:
    app = check("Near-duplicates")
    assert "**2 photos** · owl and duck · test and train" in texts(app)
    press(app, "Keep each group in one split")
    assert [store.image(project.id, one).split for one in with_twins] == ["test", "test"]
    assert store.history(project.id)[0].kind == "splits"
    store.undo(project.id, "Dan")
    assert [store.image(project.id, one).split for one in with_twins] == ["test", "train"]


def test_all_twins_but_the_largest_are_removed_by_one_change(
    check: Check, store: Store, project: Project, with_twins: list[int]
) -> None:
    store.annotate(project.id, with_twins, "owl", "Ben")
    app = press(check("Near-duplicates"), "Remove 1 copy")
    assert store.count(project.id) == 24 and store.image(project.id, with_twins[0])
    assert "1 photo removed." in texts(app)
    press(app, "Undo")
    assert store.image(project.id, with_twins[1]).label == "owl"
    assert "removed." not in texts(app)


def test_twins_with_different_labels_are_not_removed_with_the_others(
    check: Check, store: Store, project: Project, with_twins: list[int]
) -> None:
    """One press took all copies away, and with them the labels that somebody had to choose between."""
    copy = put(store, project, scene(3).resize((200, 150)), "copy of 3.png")
    quality_job.measure_all(store.workspace, store.image_paths(project.id))
    app = check("Near-duplicates")
    assert "1 group with different labels is left for you to decide." in texts(app)
    press(app, "Remove 1 copy")
    assert {row.id for row in store.images(project.id)} >= set(with_twins)
    assert copy not in {row.id for row in store.images(project.id)}
    assert not [one for one in app.button if one.label.startswith("Remove ") and one.label.endswith("copies")]
    press(app, "Keep duck, remove the rest")
    assert store.image(project.id, with_twins[1]).label == "duck"
    assert store.count(project.id) == 24 and "No near-duplicates were found" in texts(app)


def test_a_label_that_only_a_copy_has_goes_to_the_photo_that_stays(
    check: Check, store: Store, project: Project, with_twins: list[int]
) -> None:
    first, copy = with_twins
    store.annotate(project.id, [first], None, "Ana")
    app = press(check("Near-duplicates"), "Remove 1 copy")
    row = store.image(project.id, first)
    assert (row.label, row.annotated_by) == ("duck", "Ben")
    assert copy not in {one.id for one in store.images(project.id)}
    press(app, "Undo")
    assert store.image(project.id, first).label is None and store.image(project.id, copy).label == "duck"


@pytest.mark.usefixtures("with_twins")
def test_a_group_that_was_told_apart_stays_away(check: Check) -> None:
    press(check("Near-duplicates"), "Mark as different")
    again = check("Near-duplicates")
    assert "No near-duplicates were found" in texts(again)
    press(again, "Show 1 group marked as different")
    assert "**2 photos**" in texts(again)


def test_flagged_photos_are_removed_or_marked_as_fine(check: Check, store: Store, project: Project) -> None:
    night = put(store, project, scene(5).point(lambda value: value // 8), "night.png")
    quality_job.measure_all(store.workspace, store.image_paths(project.id))
    app = check("Image quality")
    assert "Even the brightest areas are dim" in texts(app)
    press(app, "Select all")
    press(app, "Mark as fine")
    assert store.reviews(project.id, "odd").keys() == {f"{night}:too dark"}
    assert "No quality problems" in texts(app)
    press(app, "Show 1 photo marked as fine")
    press(app, "Select all")
    press(app, "Remove")
    assert store.count(project.id) == 24
    press(app, "Undo")
    assert store.count(project.id) == 25


def test_the_photos_are_looked_at_in_the_background(check: Check, store: Store, project: Project) -> None:
    app = check("Image quality")
    assert not messages(app)
    hashes = [row.hash for row in store.image_labels(project.id)]
    for _ in range(300):
        if quality_job.quality_progress(store.workspace, hashes).done == 24:
            break
        app.run()
    assert "No quality problems" in texts(app.run())


def test_people_without_a_name_are_left_out_of_the_agreement_and_the_page_says_so(
    check: Check, store: Store, project: Project
) -> None:
    ids = [row.id for row in store.images(project.id)]
    store.annotate(project.id, ids[:2], "duck", "someone")
    app = check("Annotators")
    assert app.dataframe[0].value["Annotator"].tolist() == ["Ana"]
    assert "2 photos labelled by people without a name are not counted here" in app.info[0].value
    assert "No photo has been labelled by two people yet" in app.info[1].value


def test_disagreements_are_listed_with_kappa_and_an_adjudicated_label_decides(
    check: Check, store: Store, project: Project
) -> None:
    ids = [row.id for row in store.images(project.id)]
    for number in ids[:8]:
        store.annotate(
            project.id, [number], "duck" if number == ids[0] else store.image(project.id, number).label, "Ben"
        )
    app = check("Annotators")
    table = app.dataframe[0].value
    assert table.set_index("Annotator")["Photos"].to_dict() == {"Ana": 24, "Ben": 8}
    metrics = {one.label: one.value for one in app.metric}
    assert metrics["Same label"] == "88%" and 0.5 < float(metrics["Cohen's kappa"]) < 0.9
    assert "1 photo to resolve" in texts(app)
    app.button(key=f"decide-{ids[0]}-owl").click().run()
    assert "Every disagreement is resolved" in texts(app)
    newest = store.history(project.id)[0]
    assert (newest.kind, store.image(project.id, ids[0]).label) == ("adjudicated", "owl")


def test_a_class_called_photos_does_not_replace_the_number_of_photos(
    check: Check, store: Store, project: Project
) -> None:
    store.rename_class(project.id, store.classes(project.id)[0].id, "Photos", "Ana")
    store.rename_class(project.id, store.classes(project.id)[1].id, "Last label", "Ana")
    table = check("Annotators").dataframe[0].value
    assert table["Photos"].tolist() == [24]
    assert table[["0", "1"]].sum(axis=1).tolist() == [24]


def test_one_annotator_is_told_how_to_compare(check: Check, project: Project) -> None:
    app = check("Annotators")
    assert any("No photo has been labelled by two people" in one.value for one in app.info)
