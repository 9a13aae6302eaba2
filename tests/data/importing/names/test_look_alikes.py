"""Classes that look the same and are written with other characters: asked, made one or kept apart."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.importing.import_plan import ImportPlan
from core.data.importing.names.class_case import settle_table, settle_with_project
from core.data.importing.names.look_alikes import look_alikes, look_key, mixes_scripts
from core.data.importing.plan_import import plan_zip, run_import
from core.data.tables.labels_csv import read_labels
from core.data.tables.questions import Asking
from tests.data.builders import open_store, picture

CYRILLIC = "\u0441at"  # its first letter is not that of "cat"
KIND = "class-look-alikes"


def zipped(files: dict[str, bytes]) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    out.seek(0)
    return out


def folders(*labels: str, answer: str = "") -> ImportPlan:
    files = {f"{label}/{place}.png": picture(place) for place, label in enumerate(labels)}
    return plan_zip(zipped(files), "x.zip", answers={KIND: answer} if answer else {})


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("cat", CYRILLIC),
        ("cat", "\uff43\uff41\uff54"),  # full width
        ("cat", "Cat".replace("a", "\u0430")),  # Cyrillic, and in another case
        ("cop", "\u0441\u043e\u0440"),  # all of it Cyrillic
        ("vow", "v\u03bfw"),  # Greek
        ("cat", "cat\u200d"),  # a joiner
        ("\u2764", "\u2764\ufe0f"),  # with the selector of an emoji
        ("T-shirt", "T\u2011shirt"),  # another hyphen
        ("\u30cd\u30b3", "\uff88\uff7a"),  # half width
        ("\u06a9\u06cc", "\u0643\u064a"),  # Persian and Arabic keyboards
        ("caf\u00e9", "\u0441afe\u0301"),  # accents in one and in two characters
    ],
)
def test_names_that_look_alike_are_asked(name: str, other: str) -> None:
    assert look_key(name) == look_key(other)
    (question,) = folders(name, other, "dog").questions
    assert question.id == KIND and "(1 photo; U+" in question.text


@pytest.mark.parametrize("other", ["barn owl", "barn-owl", "Barn Owl", "barn  owl", "barn - owl", "barn\u2013owl"])
def test_words_that_are_joined_in_another_way_are_asked(other: str) -> None:
    assert [one.id for one in folders("barn_owl", other, "dog").questions] == [KIND]


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("cat", "cot"),
        ("cafe", "caf\u00e9"),
        ("m", "rn"),
        ("l", "1"),
        ("O", "0"),
        ("猫", "犬"),
        ("A", "A-"),
        ("barnowl", "barn owl"),
    ],
)
def test_other_names_are_not_asked(name: str, other: str) -> None:
    assert not folders(name, other).questions


def test_accents_in_one_or_two_characters_are_one_class() -> None:
    plan = folders("caf\u00e9", "cafe\u0301")
    assert not plan.questions and len(plan.classes) == 1


def test_the_character_is_shown_and_each_answer_gives_its_classes() -> None:
    plan = folders(CYRILLIC, "cat", "dog")
    (question,) = plan.questions
    assert "U+0441 CYRILLIC SMALL LETTER ES" in question.text
    one, two = question.choices
    odd = f"{CYRILLIC} (U+0441 CYRILLIC SMALL LETTER ES)"
    assert one.rows == (("cat/1.png", "cat", "cat"), (f"{CYRILLIC}/0.png", odd, "cat"))
    assert two.rows == (("cat/1.png", "cat", "cat"), (f"{CYRILLIC}/0.png", odd, f"{CYRILLIC} (U+0441)"))
    assert set(folders(CYRILLIC, "cat", "dog", answer="one").classes) == {"cat", "dog"}
    assert set(folders(CYRILLIC, "cat", "dog", answer="two").classes) == {"cat", CYRILLIC, "dog"}


def test_the_class_that_the_labels_become_is_told_from_its_look_alike_in_both_choices() -> None:
    other = CYRILLIC.replace("a", "\u0430")
    (question,) = folders(CYRILLIC, other).questions
    one, two = question.choices
    assert {row[2] for row in one.rows} == {f"{CYRILLIC} (U+0441)"}
    assert {row[2] for row in two.rows} == {f"{CYRILLIC} (U+0441)", f"{other} (U+0441, U+0430)"}


def test_names_that_look_alike_or_differ_in_case_are_one_question() -> None:
    plan = folders("cat", "Cat", CYRILLIC)
    assert [one.id for one in plan.questions] == [KIND]
    assert len(folders("cat", "Cat", CYRILLIC, answer="one").classes) == 1
    assert set(folders("cat", "Cat", CYRILLIC, answer="two").classes) == {"cat", "Cat", CYRILLIC}


def test_boxes_are_asked_too() -> None:
    data = {
        "images": [{"id": 1, "file_name": "1.png", "width": 16, "height": 12}],
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": CYRILLIC}],
        "annotations": [{"id": n, "image_id": 1, "category_id": n, "bbox": [n, n, 4, 4]} for n in (1, 2)],
    }
    files = {"1.png": picture(1), "a.json": json.dumps(data).encode()}
    assert [one.id for one in plan_zip(zipped(files), "x.zip").questions] == [KIND]
    (photo,) = plan_zip(zipped(files), "x.zip", answers={KIND: "one"}).candidates
    assert {box.label for box in photo.objects} == {"cat"}


def test_a_table_to_train_on_is_asked(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(f"filename,label\n1.png,cat\n2.png,{CYRILLIC}\n", encoding="utf-8")
    table = read_labels(tmp_path / "labels.csv")
    asking = Asking()
    settle_table(table, asking)
    assert [one.id for one in asking.open] == [KIND]
    assert {row.label for row in settle_table(table, Asking({KIND: "one"})).rows} == {"cat"}
    assert {row.label for row in settle_table(table, Asking({KIND: "two"})).rows} == {"cat", CYRILLIC}


def test_a_class_that_looks_like_one_of_the_project_is_asked(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    project = store.create_project("Cats").id
    list(run_import(folders("cat", "dog"), store, project, "ann"))
    plan = plan_zip(zipped({f"{CYRILLIC}/9.png": picture(9), "dog/8.png": picture(8)}), "y.zip")
    known = [info.name for info in store.classes(project)]
    assert not plan.questions
    (question,) = settle_with_project(plan, known, {}).questions
    assert question.id == KIND and '"cat" (in the project)' in question.text
    settled = settle_with_project(plan, known, {KIND: "one"})
    list(run_import(settled, store, project, "ann"))
    assert {info.name: info.count for info in store.classes(project)} == {"cat": 2, "dog": 2}


def test_a_name_in_two_scripts_is_said_once() -> None:
    plan = folders(CYRILLIC, "dog")
    text = f'the name of the class "{CYRILLIC}" mixes letters of two scripts: U+0441 CYRILLIC SMALL LETTER ES'
    assert [one.text for one in plan.problems if one.harmless] == [text]
    settled = settle_with_project(plan, ["dog"], {})
    assert [one.text for one in settled.problems] == [text]
    assert not mixes_scripts("\u043a\u043e\u0442 cat") and not mixes_scripts("\u03b1-helix")


def test_a_group_is_joined_by_case_and_by_looks() -> None:
    names = ["KOT", "dog", "\u043a\u043e\u0442", "\u041a\u041e\u0422"]
    assert look_alikes(names) == [["KOT", "\u043a\u043e\u0442", "\u041a\u041e\u0422"]]


@given(st.lists(st.sampled_from(["cat", "Cat", CYRILLIC, "dog", "DOG", "d\u03bfg", "owl", "\uff4fwl"]), max_size=12))
@settings(max_examples=100, deadline=None)
def test_every_name_is_in_one_group_at_most(names: list[str]) -> None:
    groups = look_alikes(names)
    flat = [name for group in groups for name in group]
    assert len(flat) == len(set(flat)) and all(len(group) > 1 for group in groups)
    assert all(len({look_key(name) for name in group}) == 1 for group in groups)
    assert {look_key(name) for name in set(names) - set(flat)}.isdisjoint(map(look_key, flat))
