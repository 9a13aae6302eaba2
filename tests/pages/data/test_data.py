"""The Data page: import photos in two steps, view them in a grid, edit several, export the labels."""

import csv
import time
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.data.store.store import ImageFilter, Project, Store
from tests.pages.conftest import OpenPage, add_photo, messages


def png(seed: int) -> bytes:
    dice = np.random.default_rng(seed)
    out = BytesIO()
    Image.fromarray(dice.integers(0, 255, (32, 48, 3), dtype=np.uint8)).save(out, "PNG")
    return out.getvalue()


def upload(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    return app.file_uploader[0].set_value([(name, data, "") for name, data in files]).run()


def section(app: AppTest, name: str) -> AppTest:
    return app.segmented_control(key="data-section").set_value(name).run()


def import_all(app: AppTest) -> AppTest:
    """Press Import and wait for the report; the import runs in its own thread."""
    app.button(key="import-now").click().run()
    return report(app)


def report(app: AppTest) -> AppTest:
    for _ in range(100):
        if any("imported" in one.value for one in app.header):
            return app
        time.sleep(0.05)
        app.run()
    raise AssertionError("the import does not end")


def heads(app: AppTest) -> list[str]:
    return [one.value for one in app.header]


def texts(app: AppTest) -> str:
    return "\n".join(one.value for one in app.markdown)


@pytest.fixture
def empty(store: Store) -> Project:
    return store.create_project("Birds")


def test_without_a_project_the_page_says_where_to_get_one(open_page: OpenPage) -> None:
    assert heads(open_page("Data")) == ["No project yet"]


def test_an_empty_project_opens_at_the_uploader_and_its_grid_says_the_next_step(
    open_page: OpenPage, empty: Project
) -> None:
    app = open_page("Data")
    assert len(app.file_uploader) == 1
    for name in ("Photos", "Splits and sizes", "Download labels"):
        assert heads(section(app, name)) == ["No photos yet"], name
        assert not messages(app)


def test_photos_and_a_table_are_planned_first_and_imported_on_the_button(
    open_page: OpenPage, empty: Project, store: Store
) -> None:
    app = open_page("Data", name="Ana")
    table = b"filename,label\na.png,owl\nb.png,duck\nc.png,owl\n"
    upload(app, ("a.png", png(1)), ("b.png", png(2)), ("labels.csv", table))
    assert "Found: 2 photos" in heads(app)
    problems = app.table[0].value
    assert problems["Where"].tolist() == ["line 4"]
    assert "c\\.png" in problems["What is wrong"][0]
    assert store.count(empty.id) == 0  # nothing is stored before the button
    import_all(app)
    assert not messages(app)
    rows = store.images(empty.id, ImageFilter(order="name"))
    assert [(row.filename, row.label, row.annotated_by) for row in rows] == [
        ("a.png", "owl", "Ana"),
        ("b.png", "duck", "Ana"),
    ]
    assert "2 photos imported" in heads(app)


def test_every_file_has_a_result(open_page: OpenPage, empty: Project, store: Store) -> None:
    app = open_page("Data")
    upload(app, ("a.png", png(1)), ("same.png", png(1)), ("broken.jpg", b"\xff\xd8\xffnothing"), ("empty.png", b""))
    import_all(app)
    metrics = {one.label: one.value for one in app.metric}
    counted = {"Imported": "1", "With a note": "0", "Copy": "1", "Duplicate": "0", "Not imported": "2"}
    assert metrics == counted
    app.pills(key="report-kinds").set_value(["not imported"]).run()
    assert sorted(app.dataframe[0].value["File"]) == ["broken.jpg", "empty.png"]
    assert all(app.dataframe[0].value["Why"])
    assert store.count(empty.id) == 1


def test_a_zip_of_class_folders_brings_its_classes(open_page: OpenPage, empty: Project, store: Store) -> None:
    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        for number in range(4):
            archive.writestr(f"{'owl' if number % 2 else 'duck'}/{number}.png", png(number))
        archive.writestr("../climbs.png", png(9))
    app = open_page("Data")
    upload(app, ("birds.zip", packed.getvalue()))
    assert "4 labelled" in texts(app)
    assert "climbs" in app.table[0].value["Where"][0]
    import_all(app)
    assert {one.name: one.count for one in store.classes(empty.id)} == {"duck": 2, "owl": 2}


def test_a_second_click_does_not_import_twice(open_page: OpenPage, empty: Project, store: Store) -> None:
    app = open_page("Data")
    upload(app, *[(f"{number}.png", png(number)) for number in range(12)])
    app.button(key="import-now").click()
    other = open_page("Data")
    upload(other, *[(f"{number}.png", png(number)) for number in range(12)])
    app.run()
    if any(one.key == "import-now" for one in other.button):
        other.button(key="import-now").click().run()
    report(app)
    assert store.count(empty.id) == 12
    assert len(store.history(empty.id)) == 0  # no label was given, and nothing was taken twice
    assert {one.label: one.value for one in app.metric}["Imported"] == "12"


def test_a_reload_in_the_middle_finds_the_import_again(open_page: OpenPage, empty: Project, store: Store) -> None:
    app = open_page("Data")
    upload(app, *[(f"{number}.png", png(number)) for number in range(30)])
    app.button(key="import-now").click().run()
    reloaded = report(open_page("Data"))
    assert "30 photos imported" in heads(reloaded)
    assert store.count(empty.id) == 30
    next(one for one in reloaded.button if one.label == "View photos").click().run()
    assert not messages(reloaded)
    assert "30 photos" in texts(reloaded)


def test_a_table_without_photos_has_nothing_to_import(open_page: OpenPage, empty: Project) -> None:
    app = open_page("Data")
    upload(app, ("labels.csv", b"filename,label\na.png,owl\n"))
    assert not messages(app)
    assert "import-now" not in [one.key for one in app.button]
    assert [one.value for one in app.info] == ["No photos to import were found here. Choose other files."]


def test_labels_that_are_no_table_are_a_plain_sentence(open_page: OpenPage, empty: Project) -> None:
    app = open_page("Data")
    upload(app, ("a.png", png(1)), ("labels.csv", b"\x00\x01\x02"))
    (sentence,) = messages(app)
    assert "labels.csv" in sentence
    assert "Something went wrong" not in sentence


def test_a_folder_of_this_computer_is_imported_by_its_path(
    open_page: OpenPage, empty: Project, store: Store, tmp_path: Path
) -> None:
    for number, name in enumerate(["duck", "owl"]):
        (tmp_path / "photos" / name).mkdir(parents=True)
        (tmp_path / "photos" / name / "1.png").write_bytes(png(number))
    app = open_page("Data")
    app.segmented_control(key="add-way").set_value("A path on the server").run()
    app.text_input(key="add-folder").set_value(str(tmp_path / "photos"))
    next(one for one in app.button if one.label == "Read folder").click().run()
    import_all(app)
    assert [(row.filename, row.label) for row in store.images(empty.id)] == [
        ("duck/1.png", "duck"),
        ("owl/1.png", "owl"),
    ]


def test_a_folder_that_is_not_there_is_a_plain_sentence(open_page: OpenPage, empty: Project, tmp_path: Path) -> None:
    app = open_page("Data")
    app.segmented_control(key="add-way").set_value("A path on the server").run()
    app.text_input(key="add-folder").set_value(str(tmp_path / "nowhere"))
    next(one for one in app.button if one.label == "Read folder").click().run()
    (sentence,) = messages(app)
    assert "nowhere" in sentence


@pytest.mark.parametrize(
    ("setting", "offered"), [("on", True), ("1", True), ("off", False), ("", False), (None, False)]
)
def test_the_servers_disk_is_offered_only_if_the_setting_says_so(
    open_page: OpenPage, empty: Project, monkeypatch: pytest.MonkeyPatch, setting: str | None, offered: bool
) -> None:
    """A plain reverse proxy in front of a local server sets no header, so nothing can be concluded from a request."""
    if setting is None:
        monkeypatch.delenv("RESNET_STUDIO_SERVER_FILES")
    else:
        monkeypatch.setenv("RESNET_STUDIO_SERVER_FILES", setting)
    app = open_page("Data")
    assert ("A path on the server" in app.segmented_control(key="add-way").options) is offered


def chosen(app: AppTest, ids: list[int]) -> AppTest:
    app.session_state["data-wall"] = {"chosen": [str(one) for one in ids]}
    return app.run()


def test_the_grid_filters_by_class_split_and_name(open_page: OpenPage, birds: Project) -> None:
    app = open_page("Data")
    assert "11 photos" in texts(app)
    app.selectbox(key="data-class").set_value("No label").run()
    assert "3 photos" in texts(app)
    app.selectbox(key="data-class").set_value("owl").run()
    assert "4 photos" in texts(app)
    app.text_input(key="data-search").set_value("owl 1").run()
    assert "1 photo" in texts(app)
    app.text_input(key="data-search").set_value("no such name").run()
    assert "0 photos" in texts(app)
    assert not messages(app)


def test_several_photos_are_labelled_at_once(open_page: OpenPage, birds: Project, store: Store) -> None:
    ids = [row.id for row in store.images(birds.id, ImageFilter(unlabelled=True))]
    app = chosen(open_page("Data", name="Ana"), ids)
    assert "3 selected" in texts(app)
    app.selectbox(key="data-label").set_value("duck").run()
    next(one for one in app.button if one.label == "Set class").click().run()
    assert not messages(app)
    assert {store.image(birds.id, one).label for one in ids} == {"duck"}
    assert "selected" not in texts(app)


def test_a_press_right_after_a_click_counts_the_click(open_page: OpenPage, birds: Project, store: Store) -> None:
    """Photo, class and button within one blink: the button still has the arguments of its last drawing."""
    first, second, third = [row.id for row in store.images(birds.id, ImageFilter(unlabelled=True))]
    app = chosen(open_page("Data", name="Ana"), [first, second])
    app.session_state["data-wall"] = {"chosen": [str(second), str(third)]}
    app.selectbox(key="data-label").set_value("duck")
    next(one for one in app.button if one.label == "Set class").click().run()
    assert not messages(app)
    assert [store.image(birds.id, one).label for one in (first, second, third)] == [None, "duck", "duck"]


def test_several_photos_are_removed_and_undo_brings_them_back(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    ids = [row.id for row in store.images(birds.id, ImageFilter(label="owl"))]
    app = chosen(open_page("Data", name="Ana"), ids)
    next(one for one in app.button if one.label == "Remove").click().run()
    assert store.count(birds.id) == 7
    store.undo(birds.id, "Ana")
    assert store.count(birds.id) == 11


def test_a_chosen_photo_that_was_removed_meanwhile_is_a_sentence(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    ids = [row.id for row in store.images(birds.id, ImageFilter(unlabelled=True))]
    app = chosen(open_page("Data"), ids)
    store.remove_images(birds.id, ids[:1], "Bo")
    next(one for one in app.button if one.label == "Set class").click().run()
    assert not messages(app)
    assert any("in the project" in one.value for one in app.toast)
    assert store.image(birds.id, ids[1]).label is None


def test_the_grid_has_pages_and_a_filter_that_shortens_it_returns_to_the_first(
    open_page: OpenPage, store: Store
) -> None:
    project = store.create_project("Many", classes=["owl"])
    for number in range(65):
        add_photo(store, project, f"{number}.png", "owl" if number == 0 else None)
    app = open_page("Data")
    pages: Any = app.get("pagination")[0]
    pages.set_value(2).run()
    assert not messages(app)
    app.selectbox(key="data-class").set_value("owl").run()
    assert "1 photo" in texts(app)
    assert not app.get("pagination")


def test_splits_are_shown_and_given(open_page: OpenPage, birds: Project, store: Store) -> None:
    app = section(open_page("Data"), "Splits and sizes")
    assert "8 labelled photos without a split" in texts(app)
    next(one for one in app.button if one.label == "Assign splits now").click().run()
    assert not messages(app)
    counts = store.counts(birds.id)
    assert counts["none"].tolist() == [0, 0, 3]
    assert "without a split" not in texts(app)


def test_labels_csv_is_what_the_store_holds(open_page: OpenPage, birds: Project) -> None:
    app = section(open_page("Data"), "Download labels")
    assert not messages(app)
    shown = app.dataframe[0].value
    assert sorted(shown["filename"])[:2] == ["duck 0.png", "duck 1.png"]
    assert any("11 rows" in one.proto.label for one in app.get("download_button"))


def test_labels_go_out_and_come_back_without_loss(open_page: OpenPage, birds: Project, store: Store) -> None:
    from core.data.tables.labels_csv import write_labels

    text = write_labels(store.label_rows(birds.id))
    rows = list(csv.DictReader(StringIO(text)))
    assert len(rows) == 11
    files = [(row.filename, store.image_path(row.hash).read_bytes()) for row in store.images(birds.id)]
    again = store.create_project("Again")
    app = open_page("Data", project=str(again.id))
    upload(app, *files, ("labels.csv", text.encode()))
    import_all(app)
    assert write_labels(store.label_rows(again.id)) == text


def test_a_file_name_with_markdown_in_it_is_shown_as_it_is(open_page: OpenPage, empty: Project, store: Store) -> None:
    app = open_page("Data")
    upload(app, ("*bold* [link](x) :red[y].png", png(1)))
    import_all(app)
    assert not messages(app)
    assert store.images(empty.id)[0].filename == "*bold* [link](x) :red[y].png"


def test_packed_images_come_in_like_a_zip(open_page: OpenPage, empty: Project, store: Store) -> None:
    packed = BytesIO()
    pixels = np.random.default_rng(5).random((5, 32, 32, 3))
    pixels[4, 0, 0, 0] = np.nan
    np.savez(packed, x_train=pixels, y_train=[2, 0, 1, 0, 1], classes=["fist", "one", "two"])
    other = BytesIO()
    np.savez(other, conv1=np.zeros(3))
    app = open_page("Data")
    upload(app, ("signs.npz", packed.getvalue()), ("weights.npz", other.getvalue()))
    assert "Found: 4 photos" in heads(app)
    assert [name.replace("\\", "") for name in app.table[0].value["Where"]] == ["weights.npz", "train_00004.png"]
    import_all(app)
    assert not messages(app)
    assert [(one.name, one.count) for one in store.classes(empty.id)] == [("fist", 2), ("one", 1), ("two", 1)]
    assert {row.split for row in store.images(empty.id)} == {"train"}
