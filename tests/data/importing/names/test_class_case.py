"""Classes that differ only in case: asked in every format, kept apart or made one, and the same on the way back."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from core.data.importing.formats.write_zip import WITHOUT_BOXES, write_zip
from core.data.importing.import_plan import ImportPlan
from core.data.importing.names.class_case import settle_with_project
from core.data.importing.plan_import import (
    Upload,
    plan_folder,
    plan_packed_files,
    plan_table,
    plan_uploads,
    plan_zip,
    run_import,
)
from core.data.importing.updates.apply_updates import apply_updates
from core.data.importing.updates.known_photos import find_known
from core.data.importing.updates.label_updates import find_updates
from core.data.snapshot import snapshot_of_project
from core.data.store.store import Store
from tests.data.builders import open_store, picture

ONE, TWO = {"class-case": "one"}, {"class-case": "two"}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def zipped(files: dict[str, bytes]) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    out.seek(0)
    return out


def table_of(labels: str | list[str], suffix: str = "png") -> bytes:
    rows = "".join(f"{place}.{suffix},{label}\n" for place, label in enumerate(labels))
    return f"filename,label\n{rows}".encode()


def photos(count: int) -> dict[str, bytes]:
    return {f"{place}.png": picture(place) for place in range(count)}


def letters(kind: str) -> io.BytesIO:
    """Four photos with the labels a, A, a, A."""
    if kind == "table":
        return zipped({**photos(4), "labels.csv": table_of("aAaA")})
    if kind == "folders":
        return zipped({f"{label}/{place}.png": picture(place) for place, label in enumerate("aAaA")})
    if kind == "splits":
        return zipped(
            {f"{split}/{label}/{place}.png": picture(place) for place, (label, split) in enumerate(
                [("a", "train"), ("A", "train"), ("a", "test"), ("A", "test")]
            )}
        )  # fmt: skip
    data = {
        "images": [{"id": place, "file_name": f"{place}.png", "width": 16, "height": 12} for place in range(4)],
        "categories": [{"id": 1, "name": "a"}, {"id": 2, "name": "A"}],
        "annotations": [
            {"id": place, "image_id": place, "category_id": 1 + place % 2, "bbox": [2, 2, 8, 8]} for place in range(4)
        ],
    }
    return zipped({**photos(4), "annotations.json": json.dumps(data).encode()})


def labels_of(plan: ImportPlan) -> list[str | None]:
    return [one.label for one in plan.candidates]


KINDS = ["table", "folders", "splits", "coco"]


@pytest.mark.parametrize("kind", KINDS)
def test_letters_are_asked_in_every_format(kind: str) -> None:
    plan = plan_zip(letters(kind), "x.zip")
    (question,) = plan.questions
    assert question.id == "class-case:letters"
    assert '"a" (2 photos) and "A" (2 photos)' in question.text or '"A" (2 photos) and "a" (2 photos)' in question.text
    one, two = question.choices
    assert len({row[2] for row in one.rows}) == 1
    assert {row[1:] for row in two.rows} == {("a", "a"), ("A", "A")}


@pytest.mark.parametrize("kind", KINDS)
def test_each_answer_gives_its_classes(kind: str) -> None:
    one = plan_zip(letters(kind), "x.zip", answers=ONE)
    two = plan_zip(letters(kind), "x.zip", answers=TWO)
    assert (one.questions, two.questions) == ((), ())
    assert len(set(labels_of(one))) == len(one.classes) == 1
    assert set(labels_of(two)) == set(two.classes) == {"a", "A"}
    assert all(box.label == photo.label for photo in two.candidates for box in photo.objects)


@pytest.mark.parametrize("kind", KINDS)
def test_letters_that_are_kept_apart_are_two_classes_of_the_project_and_of_its_snapshot(
    store: Store, kind: str
) -> None:
    plan = plan_zip(letters(kind), "x.zip", answers=TWO)
    task = "localization" if kind == "coco" else "classification"
    project = store.create_project("Letters", task).id
    list(run_import(plan, store, project, "ann"))
    assert {info.name: info.count for info in store.classes(project)} == {"a": 2, "A": 2}
    store.assign_splits(project)
    made = snapshot_of_project(store, project)
    assert sorted(made.classes) == ["A", "a"]


def test_words_and_letters_are_answered_apart() -> None:
    contents = {**photos(4), "labels.csv": table_of(["a", "A", "Cat", "cat"])}
    plan = plan_zip(zipped(contents), "x.zip")
    assert {one.id for one in plan.questions} == {"class-case", "class-case:letters"}
    answers = {"class-case:letters": "two", "class-case": "one"}
    assert labels_of(plan_zip(zipped(contents), "x.zip", answers=answers)) == ["a", "A", "Cat", "Cat"]


def test_names_that_read_the_same_are_one_class_without_a_question() -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    plan = plan_zip(zipped({**photos(2), "labels.csv": table_of([composed, decomposed])}), "x.zip")
    assert plan.questions == () and plan.classes == (composed,)
    assert labels_of(plan) == [composed, composed]


def test_zips_that_spell_a_class_differently_are_asked() -> None:
    uploads = [
        Upload(f"{name}.zip", zipped({f"{label}/1.png": picture(1), "dog/2.png": picture(2)}))
        for name, label in (("one", "Cat"), ("two", "cat"))
    ]
    (question,) = plan_uploads(uploads).questions
    assert question.id == "class-case"
    assert set(plan_uploads(uploads, answers=TWO).classes) == {"Cat", "cat", "dog"}


def test_packed_arrays_are_asked_too(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", x=pixels, y=np.array(["a", "A", "a", "A"]))
    assert [one.id for one in plan_packed_files([tmp_path / "a.npz"]).questions] == ["class-case:letters"]
    plan = plan_packed_files([tmp_path / "a.npz"], answers=TWO)
    assert labels_of(plan) == ["a", "A", "a", "A"]


# Into a project that has classes


def project_of(store: Store, labels: str, name: str = "Letters") -> int:
    contents = {**photos(len(labels)), "labels.csv": table_of(labels)}
    plan = plan_zip(zipped(contents), "x.zip", answers=TWO)
    project = store.create_project(name).id
    list(run_import(plan, store, project, "ann"))
    return project


def for_project(plan: ImportPlan, store: Store, project: int, answers: dict[str, str] | None = None) -> ImportPlan:
    return settle_with_project(plan, [info.name for info in store.classes(project)], answers or {})


def test_a_label_that_differs_only_in_case_from_a_class_of_the_project_is_asked(store: Store) -> None:
    project = project_of(store, "aab")
    new = {f"n{place}.png": picture(10 + place) for place in range(2)}
    table = b"filename,label\nn0.png,A\nn1.png,b\n"
    plan = plan_zip(zipped({**new, "labels.csv": table}), "y.zip")
    assert plan.questions == (), "the files alone are clear"
    (question,) = for_project(plan, store, project).questions
    assert question.id == "class-case:letters" and '"a" (in the project)' in question.text
    for answers, counts in ((TWO, {"a": 2, "b": 2, "A": 1}), (ONE, {"a": 3, "b": 2})):
        other = project_of(store, "aab", f"Letters {answers['class-case']}")
        settled = for_project(plan_zip(zipped({**new, "labels.csv": table}), "y.zip"), store, other, answers)
        assert settled.questions == ()
        list(run_import(settled, store, other, "ann"))
        assert {info.name: info.count for info in store.classes(other)} == counts


def test_a_project_that_has_both_answers_the_question_itself(store: Store) -> None:
    project = project_of(store, "aA")
    new = {f"n{place}.png": picture(10 + place) for place in range(2)}
    plan = plan_zip(zipped({**new, "labels.csv": b"filename,label\nn0.png,A\nn1.png,a\n"}), "y.zip")
    assert plan.questions
    plan = for_project(plan, store, project)
    assert plan.questions == ()
    list(run_import(plan, store, project, "ann"))
    assert {info.name: info.count for info in store.classes(project)} == {"a": 2, "A": 2}


def test_a_table_changes_a_label_to_the_other_case(store: Store, tmp_path: Path) -> None:
    project = project_of(store, "aAa")
    (tmp_path / "labels.csv").write_bytes(table_of("aAA"))
    plan = for_project(plan_table(tmp_path / "labels.csv"), store, project)
    assert plan.questions == ()
    updates = find_updates(plan, find_known(plan, store, project, None), store, project)
    assert [(one.image.filename, one.label) for one in updates.changes] == [("2.png", "A")]
    apply_updates(updates, store, project, "ann", "labels.csv")
    assert {info.name: info.count for info in store.classes(project)} == {"a": 1, "A": 2}


def test_an_import_that_nobody_asked_about_takes_the_spelling_of_the_project(store: Store) -> None:
    """The caller has not compared the plan with the project: no second class appears by itself."""
    project = project_of(store, "ab")
    list(run_import(plan_zip(zipped({"A/1.png": picture(8), "b/2.png": picture(9)}), "y.zip"), store, project, "ann"))
    assert {info.name: info.count for info in store.classes(project)} == {"a": 2, "b": 2}


# Out and in again


@pytest.mark.parametrize("kind", WITHOUT_BOXES)
def test_an_export_brings_both_back_without_a_question(store: Store, tmp_path: Path, kind: str) -> None:
    project = project_of(store, "aAaAb")
    list(write_zip(store, project, kind, tmp_path / "out.zip"))
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        keys = [name.casefold() for name in archive.namelist()]
        assert len(set(keys)) == len(keys), "no two files are one on Windows or macOS"
        archive.extractall(tmp_path / "out")
    again = store.create_project("Again").id
    for plan in (plan_zip(tmp_path / "out.zip", "out.zip"), plan_folder(tmp_path / "out")):
        assert plan.questions == () and set(plan.classes) == {"a", "A", "b"}
    list(run_import(plan_zip(tmp_path / "out.zip", "out.zip"), store, again, "bob"))
    assert {row.filename: row.label for row in store.images(again)} == {
        row.filename: row.label for row in store.images(project)
    }


def test_equal_photos_of_a_letter_and_its_capital_get_no_label(store: Store) -> None:
    contents = {"0.png": picture(1), "1.png": picture(1), "labels.csv": table_of("aA")}
    project = store.create_project("Letters").id
    results = list(run_import(plan_zip(zipped(contents), "x.zip", answers=TWO), store, project, "ann"))
    assert any("the labels differ (a, A)" in one.text for one in results)
    assert [row.label for row in store.images(project)] == [None]
