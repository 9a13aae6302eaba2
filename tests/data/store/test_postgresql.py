"""The store on a real PostgreSQL server, which several servers of the app share: what SQLite does, it does too."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from core.data.store.store import Store
from core.errors import WorkspaceError
from core.workspace import Workspace, open_workspace
from tests.data.builders import add, open_store
from tests.data.store import test_class_case, test_names, test_reservations, test_store
from tests.data.store.boxes import test_box_changes
from tests.data.store.grouping import test_groups, test_tags
from tests.data.store.history import test_changes, test_label_revision, test_opinions, test_roll_back
from tests.data.store.postgresql_server import running_server

pytest.importorskip("psycopg", reason="psycopg cannot be installed for this Python: see requirements-cluster.txt")

SETTING = "RESNET_STUDIO_DATABASE_URL"

SAME: list[Callable[[Store], None]] = [
    test_store.test_project_names_are_unique_and_not_empty,
    test_store.test_a_deleted_project_is_gone_with_its_files_but_not_with_those_that_others_use,
    test_store.test_the_number_of_a_deleted_project_is_never_given_again,
    test_store.test_a_removed_picture_that_is_added_again_comes_back_with_its_label,
    test_store.test_pages_by_order,
    test_store.test_filters_alone_and_together,
    test_store.test_search_is_without_case_and_takes_percent_and_underscore_literally,
    test_store.test_counts_by_class_and_split,
    test_store.test_next_unlabelled_goes_round,
    test_store.test_splits_are_given_to_the_labelled_and_kept_for_good,
    test_reservations.test_two_tabs_of_one_person_get_different_photos,
    test_reservations.test_the_last_photo_on_a_desk_stays_reserved_when_no_other_is_left,
    test_class_case.test_labels_filters_and_boxes_mean_the_class_in_their_own_case,
    test_names.test_control_characters_and_marks_of_direction_are_left_out_of_a_name,
    test_changes.test_an_import_is_one_change_with_its_classes_in_order_of_appearance,
    test_changes.test_merging_moves_all_images_and_undo_parts_them_again,
    test_changes.test_undo_and_redo_go_through_all_changes,
    test_changes.test_undo_keeps_what_somebody_else_changed_since,
    test_changes.test_two_images_of_one_name_come_back_under_two_names,
    test_label_revision.test_added_labels_count_and_replaced_or_undone_ones_count_as_withdrawn,
    test_opinions.test_each_person_has_one_opinion_of_an_image_their_latest,
    test_roll_back.test_back_to_a_moment_undoes_everybodys_later_changes_and_forth_does_them_again,
    test_roll_back.test_the_history_is_turned_by_pages_and_by_person,
    test_box_changes.test_merging_and_removing_classes_takes_the_boxes_along_and_undo_brings_them_back,
    test_box_changes.test_many_boxes_come_in_as_one_change_with_their_classes,
    test_groups.test_photos_of_a_group_get_one_split_and_late_ones_join_it,
    test_tags.test_a_photo_has_several_tags_which_are_added_and_removed,
]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with running_server() as address:
        yield address


@pytest.fixture(scope="module")
def migrated(server: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database without rows that went through all migrations."""
    _command(server, "CREATE DATABASE migrated")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SETTING, server.format(name="migrated"))
        open_store(tmp_path_factory.mktemp("migrated")).close()
    return "migrated"


@pytest.fixture
def address(server: str, migrated: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a database of the test's own, which the app is told to use."""
    _command(server, f"CREATE DATABASE studio TEMPLATE {migrated}")
    monkeypatch.setenv(SETTING, server.format(name="studio"))
    yield server.format(name="studio")
    _command(server, "DROP DATABASE studio WITH (FORCE)")


@pytest.fixture
def store(address: str, tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path)
    yield store
    store.close()


@pytest.mark.parametrize("behaviour", SAME, ids=lambda one: one.__name__.removeprefix("test_"))
def test_it_behaves_as_sqlite_does(behaviour: Callable[[Store], None], store: Store) -> None:
    behaviour(store)


def test_nothing_is_kept_in_a_file(store: Store) -> None:
    add(store, store.create_project("Birds").id, 1)
    assert not list(store.workspace.root.glob("*.db"))
    assert make_url(store.workspace.database_url).get_backend_name() == "postgresql"


def test_a_new_database_is_made_once_by_servers_that_start_together(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _command(server, "CREATE DATABASE fresh")
    monkeypatch.setenv(SETTING, server.format(name="fresh"))
    test_store.test_processes_that_open_a_new_workspace_at_once(tmp_path)


def test_two_servers_that_label_at_once_lose_nothing_and_see_each_other(store: Store, tmp_path: Path) -> None:
    test_roll_back.test_two_processes_that_label_at_once_lose_nothing_and_see_each_other(store, tmp_path)


def test_a_second_server_sees_projects_labels_and_reservations(store: Store, tmp_path: Path) -> None:
    project, ids = test_reservations.project_of(store, ["owl", None, None])
    other = open_store(tmp_path)
    try:
        assert other.projects() == store.projects()
        assert store.in_tab("here").hand_out(project, "Ana") == ids[1]
        assert other.in_tab("there").hand_out(project, "Bob") == ids[2]
        other.annotate(project, [ids[2]], "duck", "Bob")
        assert store.image(project, ids[2]).label == "duck"
        assert store.revision(project) == other.revision(project)
    finally:
        other.close()


def test_a_server_that_is_gone_is_told_and_found_again(server: str, tmp_path: Path, store: Store) -> None:
    project = store.create_project("Birds").id
    _command(server, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'studio'")
    with pytest.raises(WorkspaceError, match="database server cannot be reached"):
        store.project(project)
    assert store.project(project).name == "Birds"


def test_a_database_that_is_not_there_is_told(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, server.format(name="nobody_made_it"))
    with pytest.raises(WorkspaceError, match="nobody_made_it"):
        open_store(tmp_path)


def test_a_lost_database_is_told_before_a_new_one_hides_it(
    server: str, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, store.create_project("Birds").id, 1)
    _command(server, "CREATE DATABASE empty_one")
    monkeypatch.setenv(SETTING, server.format(name="empty_one"))
    with pytest.raises(WorkspaceError, match="has no tables, but the workspace"):
        open_store(tmp_path)


def test_a_pupils_workspace_is_never_opened_on_a_database_that_all_share(address: str, tmp_path: Path) -> None:
    server = open_workspace(tmp_path / "workspace")
    Store(server).close()
    pupil = open_workspace(server.root / "people" / "0123456789abcdef")
    with pytest.raises(WorkspaceError, match="database of their own"):
        Store(Workspace(pupil.root))


def _command(server: str, statement: str) -> None:
    engine = create_engine(server.format(name="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
