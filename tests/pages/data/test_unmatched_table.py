"""A table whose names match no photo: the page says what to do and offers no import without labels."""

from core.data.store.store import Project, Store
from tests.pages.conftest import OpenPage, messages
from tests.pages.data.test_data import png, section, texts, upload


def test_a_table_that_matches_no_photo_gets_a_sentence_and_no_bright_button(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    app = section(open_page("Data"), "Add photos")
    upload(app, ("x.png", png(1)), ("labels.csv", b"filename,label\nimg-1,owl\nimg-2,duck\n"))
    assert not messages(app)[1:]
    (warning,) = [one.value for one in app.warning]
    assert "None of the 2 rows of the table matches a photo" in warning
    assert "Correct the names in the table, or leave it out" in warning
    assert not any((one.key or "").startswith(("import", "update")) for one in app.button)


def test_ids_without_suffix_are_imported_with_their_labels(open_page: OpenPage, birds: Project, store: Store) -> None:
    app = section(open_page("Data"), "Add photos")
    upload(app, ("id_1.png", png(1)), ("id_2.png", png(2)), ("labels.csv", b"filename,label\nid_1,owl\nid_2,duck\n"))
    assert app.button(key="import-now").label.startswith("Import 2 photos")
    assert "2 labelled, 2 classes" in texts(app)
    assert ":material/info: **1 remark.**" in texts(app)
    assert app.button(key="import-now").label == "Import 2 photos"
