"""On the page: classes that differ only in case, zips without an encoding, and names that a zip cannot have."""

from pathlib import Path

import pytest

from core.data.store.store import Project, Store
from tests.data.builders import add, picture
from tests.data.importing.names.test_class_case import letters, table_of
from tests.data.importing.names.test_zip_names import SHIFT_JIS
from tests.pages.conftest import OpenPage, messages, read
from tests.pages.data.test_data import heads, import_all, section, texts, upload
from tests.pages.data.test_import_questions import answer


@pytest.fixture
def signs(store: Store) -> Project:
    return store.create_project("Signs")


def counts(store: Store, project: Project) -> dict[str, int]:
    return {info.name: info.count for info in store.classes(project.id)}


def test_letters_are_asked_with_samples_and_imported_as_two_classes(
    open_page: OpenPage, signs: Project, store: Store
) -> None:
    app = open_page("Data")
    upload(app, ("letters.zip", letters("folders").getvalue()))
    assert "1 question before the import" in heads(app) and not messages(app)
    assert "Some letters differ only in case" in texts(app)
    assert not any(one.key == "import-now" for one in app.button)
    answer(app, "Keep them as two classes")
    import_all(app)
    assert counts(store, signs) == {"a": 2, "A": 2}


def test_a_letter_that_the_project_has_in_the_other_case_is_asked(
    open_page: OpenPage, signs: Project, store: Store
) -> None:
    store.add_class(signs.id, "a", "ann")
    app = open_page("Data")
    upload(app, ("0.png", picture(0)), ("1.png", picture(1)), ("labels.csv", table_of("AA")))
    assert "1 question before the import" in heads(app) and "(in the project)" in read(texts(app))
    answer(app, "Keep them as two classes")
    assert "0 questions before the import" not in heads(app) and not messages(app)
    import_all(app)
    assert counts(store, signs) == {"a": 0, "A": 2}


def test_a_zip_that_does_not_say_its_encoding_is_asked_with_its_names(open_page: OpenPage, signs: Project) -> None:
    app = open_page("Data")
    upload(app, ("old.zip", SHIFT_JIS))
    assert not messages(app) and "do not say their encoding" in texts(app)
    assert any("猫/写真1.png" in read(str(one.value)) for one in app.table)
    answer(app, "Read them as Japanese (cp932, Shift JIS)")
    assert "do not say their encoding. In which" not in texts(app) and not messages(app)


def test_names_that_the_zip_cannot_have_are_said_beside_its_button(
    open_page: OpenPage, signs: Project, store: Store, tmp_path: Path
) -> None:
    for number, name in enumerate(("IMG_1.png", "img_1.png")):
        add(store, signs.id, number, name)
    app = section(open_page("Data"), "Download labels")
    assert not messages(app)
    assert any("1 name is different in the zip" in one.value for one in app.caption)
    assert any("resnet-studio.json" in read(one.value) for one in app.caption)
