"""Names of projects and classes that people type: what cannot be seen, and what only looks like another name."""

from pathlib import Path

import pytest
from sqlalchemy import update

from core.data.store.schema import classes, projects
from core.data.store.store import Store
from core.data.tables.names import name_key
from core.errors import DataError
from tests.data.builders import labelled_project, labels_of, open_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "\u200b",
        "\u200b\u2060\ufeff",
        "\u202e\u202c",
        "\x07\x1b",
        "\u3164",
        "\u2800\u2800",
        "\u200d",
        "\ufe0f",
        "\u00ad ",
    ],
)
def test_a_name_of_invisible_characters_alone_is_not_accepted(store: Store, name: str) -> None:
    project = store.create_project("Birds", classes=["owl"])
    for attempt in (
        lambda: store.create_project(name),
        lambda: store.create_project("Cats", classes=["cat", name]),
        lambda: store.rename_project(project.id, name),
        lambda: store.add_class(project.id, name, "ann"),
        lambda: store.rename_class(project.id, store.classes(project.id)[0].id, name, "ann"),
    ):
        with pytest.raises(DataError, match="has no visible character"):
            attempt()
    assert [one.name for one in store.projects()] == ["Birds"]


def test_control_characters_and_marks_of_direction_are_left_out_of_a_name(store: Store) -> None:
    project = store.create_project("Bi\u202erds\x07 of\u200b the\tyard\x1b", classes=["o\u00adwl"])
    assert project.name == "Birds of the yard"
    assert [one.name for one in store.classes(project.id)] == ["owl"]
    with pytest.raises(DataError, match='already a project "Birds of the yard"'):
        store.create_project("birds of the\u200b yard")
    with pytest.raises(DataError, match='a class "owl" already'):
        store.add_class(project.id, "owl\u200b", "ann")
    assert store.find_project("Birds of the yard\ufeff") == project
    with pytest.raises(DataError, match="201 characters; at most 200"):
        store.add_class(project.id, "x" * 201, "ann")
    assert store.add_class(project.id, "x" * 200 + "\u200b", "ann").name == "x" * 200


@pytest.mark.parametrize("name", ["👩\u200d🔬", "می\u200cخواهم", "حر", "+", "7", "é", "é"])
def test_names_of_every_script_and_emoji_are_kept(store: Store, name: str) -> None:
    project = store.create_project(name, classes=[name])
    assert project.name == name and [one.name for one in store.classes(project.id)] == [name]


def test_a_name_that_is_no_text_is_stored_readably(store: Store) -> None:
    assert store.create_project("a\udcffb").name == "a\N{REPLACEMENT CHARACTER}b"  # from a command line in Latin-1
    assert store.find_project("a\udcffb") is not None


def test_names_that_an_older_version_stored_with_invisible_characters_are_still_found(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl", None])
    with store._engine.begin() as conn:
        conn.execute(update(classes).values(name="ow\u200bl", name_key="ow\u200bl"))
        conn.execute(update(projects).values(name="Bi\u200brds", name_key="bi\u200brds"))
    store.apply_labels(project_id, [(ids[1], "owl", None)], "ann", "import")
    assert labels_of(store, project_id) == ["ow\u200bl", "ow\u200bl"]
    found = store.find_project("birds")
    assert found is not None and found.id == project_id
    with pytest.raises(DataError, match="already a project"):
        store.create_project("Birds")
    assert name_key("ow\u200bl") == name_key("OWL")
