"""The lists of classes of YOLO data sets: places are kept, the nearest list counts, and contradictions are asked."""

import time
from pathlib import Path

import pytest

from core.data.importing.formats.gathered_labels import LabelCollector
from core.data.importing.formats.reading.yolo_classes import LISTS, ClassList, ClassLists
from core.data.tables.text_encoding import ENCODING
from tests.data.importing.formats.small_sets import boxes, labels, photos, plan, problems, put, questions, remarks

LINE = "{} 0.5 0.5 0.5 0.5\n"


def names(folder: Path, lists: dict[str, str | bytes], answers: dict[str, str] | None = None) -> list[str | None]:
    """The classes of three photos whose labels have the numbers 0, 1 and 2."""
    files = {f"labels/{number}.txt": LINE.format(number) for number in range(3)}
    found = plan(put(folder, photos(*(f"images/{number}.png" for number in range(3))), files, lists), answers)
    return [marks[0][0] if marks else None for _, marks in sorted(boxes(found).items())]


def test_an_empty_line_in_the_middle_keeps_the_places_of_the_others(tmp_path: Path) -> None:
    files = {f"labels/{number}.txt": LINE.format(number) for number in range(3)}
    three = photos(*(f"images/{number}.png" for number in range(3)))
    found = plan(put(tmp_path, three, files, {"classes.txt": "ant\n\ncat\n\n\n"}))
    assert labels(found) == {"0.png": "ant", "1.png": None, "2.png": "cat"} and found.classes == ("ant", "cat")
    assert problems(found) == ["labels/1.txt, line 1: the class 1 has no name in classes.txt; it is skipped"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_on_any_system_and_nowhere_else(tmp_path: Path, end: str) -> None:
    assert names(tmp_path, {"classes.txt": end.join(("a\u2028b", "c\x0cd", "e\x85f"))}) == ["a b", "c d", "e f"]


def test_scalars_of_data_yaml_are_text(tmp_path: Path) -> None:
    for number, words in enumerate((("yes", "no", "010"), ("1_000", "1e3", "null"), ("~", "2001-01-01", "0x1F"))):
        assert names(tmp_path / str(number), {"data.yaml": f"names: [{', '.join(words)}]\nnc: 3\n"}) == [*words]


def test_a_number_that_data_yaml_leaves_out_has_no_name(tmp_path: Path) -> None:
    assert names(tmp_path, {"data.yaml": "names:\n  0: ant\n  2: cat\n"}) == ["ant", None, "cat"]


@pytest.mark.parametrize("name", ["classes", "Labels"])
def test_the_labels_of_a_photo_that_is_called_like_a_list_are_no_list(tmp_path: Path, name: str) -> None:
    files = {"data.yaml": "names: [ant, bee]\n", f"labels/{name}.txt": LINE.format(1), "labels/1.txt": LINE.format(0)}
    found = plan(put(tmp_path, photos(f"images/{name}.png", "images/1.png"), files))
    assert labels(found) == {f"{name}.png": "bee", "1.png": "ant"} and not problems(found) and not found.questions


def test_labels_find_their_photo_with_accents_in_one_or_two_characters(tmp_path: Path) -> None:
    """A zip from macOS has two for each, one from Windows has one."""
    one, two = "caf\u00e9", "cafe\u0301"
    files = {"classes.txt": "ant\nbee\n", f"labels/{one}.txt": LINE.format(1), f"labels/{two}2.txt": LINE.format(0)}
    found = plan(put(tmp_path, photos(f"images/{two}.png", f"images/{one}2.png"), files))
    assert labels(found) == {f"{two}.png": "bee", f"{one}2.png": "ant"} and not problems(found)


def test_numbers_in_a_list_are_not_part_of_the_names(tmp_path: Path) -> None:
    assert names(tmp_path / "a", {"classes.txt": "0 ant\n1 bee\n2 cat\n"}) == ["ant", "bee", "cat"]
    assert names(tmp_path / "b", {"data.yaml": "names: ['0: ant', '1: bee', '2: cat']\n"}) == ["ant", "bee", "cat"]
    settings = {"obj.data": "classes = 3\nnames = obj.names\n", "obj.names": "0,ant\n1,bee\n2,cat\n"}
    assert names(tmp_path / "c", settings) == ["ant", "bee", "cat"]


def test_numbers_that_are_not_those_of_the_lines_are_asked(tmp_path: Path) -> None:
    lists = {"classes.txt": "2 cat\n0 ant\n1 bee\n"}
    assert names(tmp_path, lists, {"class-numbers": "numbers"}) == ["ant", "bee", "cat"]
    assert names(tmp_path, lists, {"class-numbers": "lines"}) == ["cat", "ant", "bee"]
    assert questions(plan(tmp_path)) == ["class-numbers:classes.txt"]


def test_a_question_about_lists_in_a_folder_of_their_own_names_a_file_of_labels(tmp_path: Path) -> None:
    files = {"lists/one/classes.txt": "ant\nbee\n", "lists/two/classes.txt": "bee\nant\n"}
    files["labels/0.txt"] = LINE.format(0)
    [question] = plan(put(tmp_path, photos("images/0.png"), files)).questions
    assert question.text.startswith("lists/one/classes.txt and lists/two/classes.txt name the same classes differently")
    assert question.text.endswith("Which list belongs to labels such as labels/0.txt?")


@pytest.mark.parametrize("name", ["Classes.txt", "coco.names", "CLASSES.TXT"])
def test_the_name_of_a_list_may_be_written_in_other_ways(tmp_path: Path, name: str) -> None:
    assert names(tmp_path, {name: "ant\nbee\ncat\n"}) == ["ant", "bee", "cat"]


def test_the_nearest_list_counts_for_each_folder(tmp_path: Path) -> None:
    files = {
        **{f"train/{number}.txt": LINE.format(number) for number in range(2)},
        **{f"val/{number}.txt": LINE.format(number) for number in range(2)},
        "train/classes.txt": "cat\ndog\n",
        "val/classes.txt": "dog\ncat\n",
    }
    four = photos("train/0.png", "train/1.png", "val/0.png", "val/1.png")
    found = plan(put(tmp_path, four, files))
    assert [(one.split, one.label) for one in found.candidates] == [
        ("train", "cat"),
        ("train", "dog"),
        ("val", "dog"),
        ("val", "cat"),
    ]
    assert not found.questions and not problems(found)


def test_thousands_of_folders_with_a_list_take_no_minutes() -> None:
    """Each file of labels went through all lists: 1,200 folders took 50 seconds."""
    lists = ClassLists([ClassList(f"{number}/classes.txt", (f"c{number % 9}",)) for number in range(4_000)])
    start = time.process_time()
    for number in range(4_000):
        found = lists.of(f"{number}/labels/a.txt", LabelCollector())
        assert found is not None and found.path == f"{number}/classes.txt"
    same = ClassLists([ClassList(f"{number}/classes.txt", ("owl", "duck")) for number in range(4_000)])
    assert same.of("elsewhere/a.txt", LabelCollector()) is not None
    assert time.process_time() - start < 3


def test_two_lists_that_differ_are_asked_with_both(tmp_path: Path) -> None:
    lists = {"data.yaml": "names: [ant, bee, cat]\n", "classes.txt": "bee\nant\ncat\n"}
    put(tmp_path, lists)
    files = {f"labels/{number}.txt": LINE.format(number) for number in range(3)}
    put(tmp_path, photos(*(f"images/{number}.png" for number in range(3))), files)
    [question] = plan(tmp_path).questions
    assert question.id == LISTS and question.columns == ("number", "class")
    assert {choice.key: choice.rows for choice in question.choices} == {
        "classes.txt": (("0", "bee"), ("1", "ant")),
        "data.yaml": (("0", "ant"), ("1", "bee")),
        "skip": (("0", ""), ("1", "")),
    }
    assert names(tmp_path, lists, {LISTS: "data.yaml"}) == ["ant", "bee", "cat"]
    assert names(tmp_path, lists, {LISTS: "classes.txt"}) == ["bee", "ant", "cat"]
    assert names(tmp_path, lists, {LISTS: "skip"}) == [None, None, None]


def test_an_inner_list_that_differs_from_an_outer_one_is_asked(tmp_path: Path) -> None:
    files = {"labels/0.txt": LINE.format(0), "labels/classes.txt": "bee\nant\n", "data.yaml": "names: [ant, bee]\n"}
    [question] = plan(put(tmp_path, photos("images/0.png"), files)).questions
    assert question.id == f"{LISTS}:labels" and "labels such as labels/0.txt?" in question.text


def test_a_longer_list_that_begins_like_another_is_none_of_two(tmp_path: Path) -> None:
    lists = {"data.yaml": "names: [ant, bee, cat]\n", "classes.txt": "ant\nbee\n"}
    assert names(tmp_path, lists) == ["ant", "bee", "cat"]


def test_without_a_list_the_numbers_are_asked(tmp_path: Path) -> None:
    files = {f"labels/{number}.txt": LINE.format(number) for number in range(3)}
    folder = put(tmp_path, photos(*(f"images/{number}.png" for number in range(3))), files)
    [question] = plan(folder).questions
    assert question.id == LISTS and "no list (data.yaml or classes.txt) names them" in question.text
    assert set(labels(plan(folder, {LISTS: "numbers"})).values()) == {"0", "1", "2"}
    assert set(labels(plan(folder, {LISTS: "skip"})).values()) == {None}


def test_texts_beside_photos_that_are_no_labels_ask_nothing(tmp_path: Path) -> None:
    found = plan(put(tmp_path, photos("a.png", "b.png"), {"a.txt": "a cat on a mat\n", "b.txt": "7\n"}))
    assert not found.questions and len(found.candidates) == 2


def test_a_name_that_stands_twice_and_a_wrong_count_are_said(tmp_path: Path) -> None:
    files = {"labels/0.txt": LINE.format(0), "data.yaml": "names: [ant, bee, ant]\nnc: 4\n"}
    found = plan(put(tmp_path, photos("images/0.png"), files))
    assert problems(found) == ["data.yaml: it says 4 classes (nc) and names 3"]
    assert 'data.yaml: "ant" stands in the list more than once; it is one class here' in remarks(found)


def test_a_data_yaml_of_two_documents_is_not_read_by_half(tmp_path: Path) -> None:
    files = {"labels/0.txt": LINE.format(0), "data.yaml": "names: [a]\n---\nnames: [b]\n", "classes.txt": "owl\n"}
    found = plan(put(tmp_path, photos("images/0.png"), files))
    assert labels(found) == {"0.png": "owl"}
    assert "data.yaml cannot be used, because it holds several documents (---); it is skipped" in problems(found)


def test_a_list_in_another_encoding_is_asked_or_said(tmp_path: Path) -> None:
    japanese = "ソース\n猫\n表示\n".encode("cp932")
    assert names(tmp_path, {"classes.txt": japanese}, {ENCODING: "cp932"} if _asks(tmp_path, japanese) else None) == [
        "ソース",
        "猫",
        "表示",
    ]
    wide = "ant\nbee\nKäfer\n".encode("utf-16")
    assert names(tmp_path, {"classes.txt": wide}) == ["ant", "bee", "Käfer"]


def _asks(folder: Path, data: bytes) -> bool:
    files = {f"labels/{number}.txt": LINE.format(number) for number in range(3)}
    three = photos(*(f"images/{number}.png" for number in range(3)))
    return questions(plan(put(folder, three, files, {"classes.txt": data}))) == [f"{ENCODING}:classes.txt"]


def test_a_list_beside_the_labels_of_another_folder_is_asked(tmp_path: Path) -> None:
    """a/1.txt took b/classes.txt."""
    files = {
        **{f"{folder}/{folder}.txt": LINE.format(0) for folder in "ab"},
        "b/classes.txt": "cat\ndog\n",
    }
    found = plan(put(tmp_path, photos("a/a.png", "b/b.png"), files))
    assert questions(found) == [LISTS] and "a/a.txt" in found.questions[0].text
    assert labels(plan(tmp_path, {LISTS: "b/classes.txt"})) == {"a/a.png": "cat", "b/b.png": "cat"}
    assert labels(plan(tmp_path, {LISTS: "skip"})) == {"a/a.png": None, "b/b.png": "cat"}


def test_a_list_apart_from_all_labels_counts_for_those_without_one(tmp_path: Path) -> None:
    files = {
        **{f"{folder}/{folder}.txt": LINE.format(0) for folder in "ab"},
        "b/classes.txt": "cat\ndog\n",
        "lists/classes.txt": "owl\nfox\n",
    }
    found = plan(put(tmp_path, photos("a/a.png", "b/b.png"), files))
    assert not found.questions and labels(found) == {"a/a.png": "owl", "b/b.png": "cat"}
