"""Groups and tags corrected in a labels.csv: shown before, applied and undone as one change."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.data.importing.plan_import import Upload, plan_uploads
from core.data.importing.updates.apply_updates import apply_updates, update_text
from core.data.importing.updates.known_photos import find_known
from core.data.importing.updates.label_updates import LabelUpdates, find_updates
from core.data.importing.updates.update_words import as_record, before_and_after, summary_of
from core.data.store.store import Store
from core.data.tables.labels_csv import write_labels
from tests.data.builders import labelled_project, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def project(store: Store) -> int:
    project, ids = labelled_project(store, ["owl", "duck", None])
    store.set_groups(project, {ids[0]: "Anna", ids[1]: "Bo"}, "ann")
    store.add_tag(project, ids[:2], "snow", "ann")
    return project


def updates_of(store: Store, project: int, table: str) -> LabelUpdates:
    plan = plan_uploads([Upload("labels.csv", io.BytesIO(table.encode()))])
    return find_updates(plan, find_known(plan, store, project), store, project)


def test_the_unchanged_table_changes_no_group_and_no_tag(store: Store, project: int) -> None:
    table = write_labels(store.label_rows(project))
    assert table.splitlines()[0] == "filename,label,split,group,tags"
    updates = updates_of(store, project, table)
    assert updates.changes == () and updates.without_label == 1


def test_groups_and_tags_are_corrected_and_undone_as_one_change(store: Store, project: int) -> None:
    table = (
        "filename,label,group,tags\nphoto 0.png,owl,ANNA,snow;Night\nphoto 1.png,duck,anna,rain\nphoto 2.png,,Cy,snow\n"
    )
    updates = updates_of(store, project, table)
    assert [(one.image.filename, one.group, one.tags) for one in updates.changes] == [
        ("photo 0.png", None, ("snow", "Night")),  # another spelling is the same group
        ("photo 1.png", "Anna", ("rain",)),
        ("photo 2.png", "Cy", ("snow",)),
    ]
    assert (updates.labels, updates.groups, updates.tags, updates.without_label) == (0, 2, 3, 0)
    assert update_text(updates) == "2 groups and 3 photos' tags"
    assert summary_of(updates)[1:] == ["2 groups change", "the tags of 3 photos change"]
    assert before_and_after(updates.changes[1]) == ("group Bo, tags snow", "group Anna, tags rain")
    assert before_and_after(updates.changes[2]) == ("no group, no tags", "group Cy, tags snow")
    assert as_record(updates.changes[1])["group"] == {"old": "Bo", "new": "Anna"}
    assert as_record(updates.changes[1])["tags"] == {"old": ["snow"], "new": ["rain"]}
    before = [(row.group, row.label) for row in store.images(project)], store.tags_of(project)
    apply_updates(updates, store, project, "bob", "labels.csv")
    assert [row.group for row in store.images(project)] == ["Anna", "Anna", "Cy"]
    assert [*store.tags_of(project).values()] == [("Night", "snow"), ("rain",), ("snow",)]
    store.undo(project, "bob")
    assert ([(row.group, row.label) for row in store.images(project)], store.tags_of(project)) == before


def test_empty_cells_of_a_table_change_nothing(store: Store, project: int) -> None:
    updates = updates_of(store, project, "filename,label,group,tags\nphoto 0.png,owl,,\nphoto 1.png,duck,,\n")
    assert updates.changes == ()


def test_a_photo_that_somebody_regrouped_or_tagged_since_is_left_alone(store: Store, project: int) -> None:
    table = "filename,label,group,tags\nphoto 0.png,owl,Cy,rain\nphoto 1.png,duck,Cy,rain\nphoto 2.png,owl,Cy,rain\n"
    updates = updates_of(store, project, table)
    ids = [row.id for row in store.images(project)]
    store.set_groups(project, {ids[0]: "Di"}, "ann")
    store.remove_tag(project, ids[1:2], "snow", "ann")
    _, done, gone = apply_updates(updates, store, project, "bob", "labels.csv")
    assert [one.image.id for one in done.changes] == ids[2:] and gone == ("photo 0.png", "photo 1.png")
    assert [row.group for row in store.images(project)] == ["Di", "Bo", "Cy"]


def test_two_rows_of_one_photo_in_different_groups_are_a_problem(store: Store, project: int) -> None:
    """By two of its names: the photo was exported twice."""
    from tests.data.builders import add

    add(store, project, 0, "again.png")
    updates = updates_of(store, project, "filename,label,group\nphoto 0.png,owl,Cy\nagain.png,owl,Di\n")
    assert updates.changes == ()
    assert "are the same photo in different groups (Cy, Di), so its group stays" in updates.problems[-1].text
