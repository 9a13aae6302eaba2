"""Groups and tags of a labels.csv, from the file into the project: by name, once, and undone with the labels."""

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.data.importing.formats.manifest import FILE_NAME, Manifest, find_manifest
from core.data.importing.plan_import import Candidate, ImportPlan, Upload, plan_folder, plan_uploads, run_import
from core.data.store.store import Store
from core.data.tables.label_rows import Problem
from core.data.tables.labels_csv import write_labels
from core.errors import LabelsError
from tests.data.builders import open_store, picture


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path)
    yield opened
    opened.close()


def photos(folder: Path, table: str, count: int = 3) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number}.png").write_bytes(picture(number))
    (folder / "labels.csv").write_text(table, encoding="utf-8")
    return folder


def groups_and_tags(store: Store, project: int) -> list[tuple[str, str | None, tuple[str, ...]]]:
    tags = store.tags_of(project)
    return [(row.filename, row.group, tags.get(row.id, ())) for row in store.images(project)]


TABLE = "filename,label,Driver,tags\n0.png,awake,Anna,night\n1.png,drowsy,anna,\n2.png,,Bo,glasses; night\n"


def test_groups_and_tags_come_in_with_the_labels_as_one_change(store: Store, tmp_path: Path) -> None:
    project = store.create_project("Drivers").id
    plan = plan_folder(photos(tmp_path / "in", TABLE))
    assert plan.group_columns.taken == "Driver"
    list(run_import(plan, store, project, "ann"))
    there = [("0.png", "Anna", ("night",)), ("1.png", "Anna", ()), ("2.png", "Bo", ("glasses", "night"))]
    assert groups_and_tags(store, project) == there
    assert len(store.history(project)) == 1
    store.undo(project)
    assert groups_and_tags(store, project) == [(f"{number}.png", None, ()) for number in range(3)]
    assert {row.label for row in store.images(project)} == {None}
    store.redo(project)
    assert groups_and_tags(store, project) == there
    # Out and in again, into another project: the same.
    table = write_labels(store.label_rows(project))
    again = store.create_project("Again").id
    list(run_import(plan_folder(photos(tmp_path / "again", table)), store, again, "ann"))
    assert write_labels(store.label_rows(again)) == table
    assert "group,tags" in table.splitlines()[0]


def test_two_columns_that_may_name_groups_are_a_problem_until_one_is_chosen(store: Store, tmp_path: Path) -> None:
    table = "filename,label,driver,camera\n0.png,awake,anna,front\n1.png,drowsy,bo,front\n2.png,awake,cy,side\n"
    folder = photos(tmp_path / "in", table)
    plan = plan_folder(folder)
    assert plan.group_columns.unclear and {one.group for one in plan.candidates} == {None}
    assert [str(one) for one in plan.problems if not one.harmless] == [
        "line 1: the columns driver and camera may each name the groups; choose one of them, or none"
    ]
    chosen = plan_folder(folder, group_column="camera")
    assert [one.group for one in chosen.candidates] == ["front", "front", "side"]
    assert not [one for one in chosen.problems if not one.harmless]
    uploads = [Upload(path.name, io.BytesIO(path.read_bytes())) for path in sorted(folder.iterdir())]
    assert [one.group for one in plan_uploads(uploads, group_column="driver").candidates] == ["anna", "bo", "cy"]
    with pytest.raises(LabelsError, match="no free column person"):
        plan_uploads(uploads, group_column="person")


def test_equal_photos_of_one_import_keep_the_first_group_and_all_tags(store: Store) -> None:
    project = store.create_project("Drivers").id
    first = Candidate("a.png", "awake", None, None, lambda: picture(1), group="anna", tags=("night",))
    others = [
        replace(first, name="b.png", group="bo", tags=("snow",)),
        replace(first, name="c.png", group="ANNA", tags=()),
        replace(first, name="d.png", group=None, tags=("Night",)),
    ]
    plan = ImportPlan((first, *others), (), (), "my.zip", ())
    results = {one.name: one.text for one in run_import(plan, store, project, "ann")}
    assert groups_and_tags(store, project) == [("a.png", "anna", ("night", "snow"))]
    assert 'the group "bo" is not used, "anna" stays' in results["b.png"]
    assert "group" not in results["c.png"] + results["d.png"]


def test_a_group_without_any_label_is_imported_too(store: Store, tmp_path: Path) -> None:
    project = store.create_project("Drivers").id
    plan = plan_folder(photos(tmp_path / "in", "filename,label,group\n0.png,,anna\n1.png,,anna\n2.png,,\n"))
    list(run_import(plan, store, project, "ann"))
    assert store.groups(project) == {"anna": 2}
    assert store.history(project)[0].text.startswith("groups or tags of 2 photos from")


def test_groups_and_tags_in_a_manifest_that_somebody_wrote_are_checked() -> None:
    def read(**content: object) -> tuple[Manifest | None, list[str]]:
        problems: list[Problem] = []
        whole = {"version": 1, "format": "coco", "task": "classification", "classes": [], "photos": {}, **content}
        found = find_manifest({FILE_NAME: lambda: json.dumps(whole).encode()}, problems)
        return found and found[1], [one.text for one in problems]

    good, _ = read(groups={"a.png": "anna", "b.png": " x ", "c.png": ""}, tags={"a.png": ["snow", "x;y", 3, "z" * 300]})
    assert good is not None and good.groups == {"a.png": "anna"} and good.tags == {"a.png": ["snow"]}
    for wrong in ({"groups": []}, {"groups": {"a.png": 3}}, {"tags": 3}, {"tags": {"a.png": "snow"}}):
        found, said = read(**wrong)
        assert found is None and "is not used, because ResNet Studio did not write it in this form" in said[0]
