"""An import of several annotators: each keeps their labels, in one step that one undo takes back."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.data.importing.names.class_case import settle_with_project
from core.data.importing.plan_import import plan_folder
from core.data.importing.run_import import run_import
from core.data.store import large_changes
from core.data.store.store import Store
from core.inspection.measuring.agreement import disagreements
from tests.data.builders import open_store, picture


def labels(**by_photo: list[str]) -> str:
    """Tasks of Label Studio; the annotators are 1, 2, ..."""
    tasks: list[dict[str, Any]] = []
    for name, chosen in by_photo.items():
        annotations = [
            {"completed_by": number, "result": [{"type": "choices", "value": {"choices": [label]}}]}
            for number, label in enumerate(chosen, start=1)
        ]
        tasks.append({"data": {"image": f"{name}.png"}, "annotations": annotations})
    return json.dumps(tasks)


def imported(folder: Path, **by_photo: list[str]) -> tuple[Store, int]:
    (folder / "data").mkdir()
    for number, name in enumerate(by_photo):
        (folder / f"data/{name}.png").write_bytes(picture(number))
    (folder / "data/tasks.json").write_text(labels(**by_photo))
    store = open_store(folder)
    project = store.create_project("Birds").id
    list(run_import(plan_folder(folder / "data"), store, project, "importer"))
    return store, project


def opinions(store: Store, project: int) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    names = {row.id: row.filename for row in store.images(project)}
    for one in store.opinions(project):
        found.setdefault(names[one.image_id], []).append((one.who, one.label))
    return found


def test_every_annotator_keeps_their_labels(tmp_path: Path) -> None:
    store, project = imported(tmp_path, a=["owl", "owl"], b=["owl", "duck"], c=["gull"])
    assert {row.filename: row.label for row in store.images(project)} == {
        "a.png": "owl",
        "b.png": None,
        "c.png": "gull",
    }
    assert opinions(store, project) == {
        "a.png": [("annotator 1", "owl"), ("annotator 2", "owl")],
        "b.png": [("annotator 1", "owl"), ("annotator 2", "duck")],
        "c.png": [("importer", "gull")],
    }
    (one,) = disagreements(store.opinions(project), store.adjudicated(project))
    assert [each.label for each in one.opinions] == ["owl", "duck"] and not one.settled


def test_one_undo_takes_all_of_them_back_and_a_redo_brings_them_again(tmp_path: Path) -> None:
    store, project = imported(tmp_path, a=["owl", "owl"], b=["owl", "duck"])
    before = (opinions(store, project), [row.label for row in store.images(project)])
    assert len(store.history(project)) == 1 and store.history(project)[0].text.startswith("labels of 2 photos from")
    undone = store.undo(project)
    assert undone is not None and undone.kept == 0
    assert opinions(store, project) == {} and [row.label for row in store.images(project)] == [None, None]
    redone = store.redo(project)
    assert redone is not None and redone.kept == 0
    assert (opinions(store, project), [row.label for row in store.images(project)]) == before


def test_many_photos_are_still_one_change(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(large_changes, "LABELS_AT_ONCE", 2)
    found = {f"p{number}": ["owl", "duck" if number % 2 else "owl"] for number in range(5)}
    store, project = imported(tmp_path, **found)
    assert [len(some) for some in opinions(store, project).values()] == [2] * 5
    assert [row.label for row in store.images(project)] == ["owl", None, "owl", None, "owl"]
    assert len(store.history(project)) == 1


def test_photos_that_the_project_had_before_keep_what_they_have(tmp_path: Path) -> None:
    store, project = imported(tmp_path, a=["owl", "owl"])
    (tmp_path / "data/tasks.json").write_text(labels(a=["duck", "gull"]))
    list(run_import(plan_folder(tmp_path / "data"), store, project, "importer"))
    assert opinions(store, project) == {"a.png": [("annotator 1", "owl"), ("annotator 2", "owl")]}
    assert [row.label for row in store.images(project)] == ["owl"]


@pytest.mark.parametrize("words", [("a", "A"), ("cat", "Cat")])
def test_annotators_agree_on_spellings_of_a_class_only_where_these_are_one_class(
    tmp_path: Path, words: tuple[str, str]
) -> None:
    (tmp_path / "data").mkdir()
    for number, name in enumerate("xy"):
        (tmp_path / f"data/{name}.png").write_bytes(picture(number))
    (tmp_path / "data/tasks.json").write_text(labels(x=[*words], y=[words[0], words[0]]))
    plan = plan_folder(tmp_path / "data")
    [question] = plan.questions
    assert question.kind == "class-case"
    found = {
        one.name: (one.label, one.opinions)
        for one in plan_folder(tmp_path / "data", answers={question.id: "two"}).candidates
    }
    who = ("annotator 1", "annotator 2")
    assert found["x.png"] == (None, tuple(zip(who, words, strict=True)))
    assert found["y.png"][0] == words[0]
    plan = plan_folder(tmp_path / "data", answers={question.id: "one"})
    found = {one.name: (one.label, one.opinions) for one in plan.candidates}
    assert found["x.png"] == (words[0], ((who[0], words[0]), (who[1], words[0])))
    assert not plan.questions and not plan.unused_answers and plan.classes == (words[0],)


@pytest.mark.parametrize(("project", "label"), [(["a", "A"], None), (["a"], "asked")])
def test_annotators_differ_where_the_project_keeps_the_classes_apart(
    tmp_path: Path, project: list[str], label: str | None
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/x.png").write_bytes(picture(1))
    (tmp_path / "data/tasks.json").write_text(labels(x=["a", "A"]))
    plan = settle_with_project(plan_folder(tmp_path / "data"), project, {})
    assert bool(plan.questions) == (label == "asked")
    assert plan.candidates[0].label is None
    assert [one for _, one in plan.candidates[0].opinions] == ["a", "A"]
