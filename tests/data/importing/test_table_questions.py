"""Tables that can be read in more than one way, as folders and uploads: the plan asks, and each answer is kept."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from core.data.importing.import_plan import ImportPlan
from core.data.importing.plan_import import Upload, plan_folder, plan_uploads, plan_zip
from core.data.importing.table_photos import photos_of_table
from core.data.pictures.box import Box
from core.data.tables.questions import NO_ANSWERS
from core.errors import QuestionsOpen
from tests.data.builders import picture


def folder_of(tmp_path: Path, table: bytes, *names: str) -> Path:
    for number, name in enumerate(names):
        path = tmp_path / "set" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(number))
    (tmp_path / "set" / "labels.csv").write_bytes(table)
    return tmp_path / "set"


def zipped(folder: Path) -> io.BytesIO:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        for path in sorted(folder.rglob("*.*")):
            file.write(path, path.relative_to(folder).as_posix())
    data.seek(0)
    return data


def plan_of(kind: str, folder: Path, answers: Mapping[str, str] = NO_ANSWERS) -> ImportPlan:
    if kind == "folder":
        return plan_folder(folder, answers=answers)
    if kind == "zip":
        return plan_zip(zipped(folder), "set.zip", answers=answers)
    return plan_uploads([Upload("set.zip", zipped(folder))], answers=answers)


SIJIS = "filename,label\na.png,猫\nb.png,鷹\n".encode("cp932")
OTHER_FOLDER = b"filename,label\npatient2/001.png,sick\npatient2/002.png,healthy\n"
THOUSANDS = b'filename,label,xmin,ymin,xmax,ymax\na.png,car,"1,024",1,"1,030",5\nb.png,car,1,2,11,12\n'


def labels_of(plan: ImportPlan) -> dict[str, str | None]:
    return {one.name: one.label for one in plan.candidates}


@pytest.mark.parametrize("kind", ["folder", "zip", "upload"])
def test_an_encoding_is_asked_wherever_the_table_lies(tmp_path: Path, kind: str) -> None:
    folder = folder_of(tmp_path, SIJIS, "a.png", "b.png")
    assert [one.id for one in plan_of(kind, folder).questions] == ["encoding:labels.csv"]
    plan = plan_of(kind, folder, {"encoding": "cp932"})
    assert labels_of(plan) == {"a.png": "猫", "b.png": "鷹"}
    assert not plan.questions and not plan.unused_answers and len(plan.answered) == 1


@pytest.mark.parametrize("kind", ["folder", "zip", "upload"])
def test_folders_that_disagree_are_asked_wherever_the_table_lies(tmp_path: Path, kind: str) -> None:
    folder = folder_of(tmp_path, OTHER_FOLDER, "patient1/001.png", "patient1/002.png")
    plan = plan_of(kind, folder)
    assert [one.id for one in plan.questions] == ["folders"] and set(labels_of(plan).values()) == {None}
    plan = plan_of(kind, folder, {"folders": "match"})
    assert labels_of(plan) == {"patient1/001.png": "sick", "patient1/002.png": "healthy"}
    plan = plan_of(kind, folder, {"folders": "leave"})
    assert set(labels_of(plan).values()) == {None} and len(plan.absent) == 2


def test_the_folder_of_photos_beside_a_given_table_counts(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, b"", "patient1/001.png", "patient1/002.png")
    (folder / "labels.csv").unlink()
    plan = plan_folder(folder, OTHER_FOLDER)
    assert [one.id for one in plan.questions] == ["folders"]
    plan = plan_folder(folder, OTHER_FOLDER.replace(b"patient2", b"patient1"))
    assert not plan.questions and set(labels_of(plan).values()) == {"sick", "healthy"}


def test_a_decimal_mark_is_asked_and_the_box_is_that_of_the_answer(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, THOUSANDS, "a.png", "b.png")
    assert "decimal-mark" in [one.id for one in plan_folder(folder).questions]
    plan = plan_folder(folder, answers={"decimal-mark": "skip"})
    assert {one.name: one.box for one in plan.candidates} == {"a.png": None, "b.png": Box(1, 2, 10, 10)}


@pytest.mark.parametrize(
    ("table", "names", "answer"),
    [
        (SIJIS, ["a.png", "b.png"], {"encoding": "cp932"}),
        (OTHER_FOLDER, ["patient1/001.png", "patient1/002.png"], {"folders": "match"}),
        (THOUSANDS, ["a.png", "b.png"], {"decimal-mark": "skip"}),
        (b"filename,label\na.png,NA\nb.png,owl\n", ["a.png", "b.png"], {"empty-word:na": "class"}),
        (b"filename,label,class\na.png,1,owl\nb.png,2,duck\n", ["a.png", "b.png"], {"label-column": "class"}),
    ],
)
def test_a_training_asks_as_an_import_does(
    tmp_path: Path, table: bytes, names: list[str], answer: dict[str, str]
) -> None:
    folder = folder_of(tmp_path, table, *names)
    with pytest.raises(QuestionsOpen, match=f'--answer "{next(iter(answer)).partition(":")[0]}'):
        photos_of_table(folder / "labels.csv", folder, None)
    photos, problems = photos_of_table(folder / "labels.csv", folder, None, answers=answer)
    assert len(photos) == 2 and all(one.harmless for one in problems)


def test_columns_of_a_corner_and_a_size_give_the_boxes(tmp_path: Path) -> None:
    table = b"filename,label,xmin,ymin,width,height\na.png,cat,1,2,5,6\nb.png,dog,1,2,7,8\n"
    plan = plan_folder(folder_of(tmp_path, table, "a.png", "b.png"))
    assert [one.box for one in plan.candidates] == [Box(1, 2, 5, 6), Box(1, 2, 7, 8)]
    assert plan.problems == () and not plan.questions


def test_the_size_in_a_table_is_compared_with_the_photo(tmp_path: Path) -> None:
    table = b"filename,label,xmin,ymin,xmax,ymax,width,height\na.png,cat,2,4,12,20,32,24\n"
    folder = folder_of(tmp_path, table, "a.png")
    assert [one.id for one in plan_folder(folder).questions] == ["box-size"]
    plan = plan_folder(folder, answers={"box-size": "scale"})
    assert plan.candidates[0].box == Box(1, 2, 5, 8)


@pytest.mark.parametrize("cell", ["cat;dog", '"cat, dog"', "cat|dog", "cat dog", "\"['cat', 'dog']\""])
def test_a_cell_of_labels_that_other_rows_have_is_asked(tmp_path: Path, cell: str) -> None:
    table = f"filename,label\na.png,cat\nb.png,dog\nc.png,{cell}\n".encode()
    folder = folder_of(tmp_path, table, "a.png", "b.png", "c.png")
    (question,) = plan_folder(folder).questions
    assert question.kind == "several-labels" and "A project has one class a photo" in question.text
    plan = plan_folder(folder, answers={"several-labels": "single"})
    assert labels_of(plan) == {"a.png": "cat", "b.png": "dog", "c.png": None}


@pytest.mark.parametrize("label", ["bird of prey", "owl; small", "owl, small", "a  b"])
def test_a_class_of_several_words_is_no_question(tmp_path: Path, label: str) -> None:
    table = f'filename,label\na.png,owl\nb.png,"{label}"\n'.encode()
    plan = plan_folder(folder_of(tmp_path, table, "a.png", "b.png"))
    assert not plan.questions and labels_of(plan)["b.png"] == " ".join(label.split())
