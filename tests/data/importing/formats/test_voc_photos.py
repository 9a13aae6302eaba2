"""The photo of a Pascal VOC file: its own name counts more than a <filename> that went stale, and doubt is asked."""

from pathlib import Path

from core.data.importing.formats.gathering.label_sources import SOURCES
from core.data.importing.formats.reading.voc_photos import FOLDERS
from tests.data.importing.formats.small_sets import (
    boxes,
    photos,
    plan,
    problems,
    put,
    questions,
    remarks,
    splits,
    voc,
    voc_object,
)


def test_renumbered_files_go_to_the_photo_of_their_own_name_and_that_is_said(tmp_path: Path) -> None:
    files = {
        "000001.xml": voc("000002.jpg", voc_object("cat", 1, 2, 30, 40)),
        "000002.xml": voc("000003.jpg", voc_object("dog", 2, 2, 30, 40)),
        "000003.xml": voc("000004.jpg", voc_object("owl", 3, 2, 30, 40)),
    }
    found = plan(put(tmp_path, photos("000001.jpg", "000002.jpg", "000003.jpg"), files))
    assert {name: marks[0][0] for name, marks in boxes(found).items()} == {
        "000001.jpg": "cat",
        "000002.jpg": "dog",
        "000003.jpg": "owl",
    }
    assert not problems(found) and not found.questions
    said = "\n".join(remarks(found))
    assert "2 XML files: each names another photo in its <filename>" in said and "000001.xml (000002.jpg)" in said
    assert "1 XML file names a photo in its <filename> that is not there" in said and "000003.xml (000004.jpg)" in said


def test_two_files_with_swapped_filenames_keep_their_photos(tmp_path: Path) -> None:
    for folders in (("", ""), ("Annotations/", "JPEGImages/"), ("annotations/", "images/"), ("xmls/", "pics/")):
        annotations, pictures = folders
        files = {
            f"{annotations}a.xml": voc("b.png", voc_object("cat", 1, 2, 30, 40)),
            f"{annotations}b.xml": voc("a.png", voc_object("dog", 2, 2, 30, 40)),
        }
        folder = tmp_path / (annotations.strip("/") or "flat")
        found = plan(put(folder, photos(f"{pictures}a.png", f"{pictures}b.png"), files))
        by_name = {Path(name).name: marks[0][0] for name, marks in boxes(found).items() if marks}
        assert by_name == {"a.png": "cat", "b.png": "dog"}, folders
        assert any("names another photo" in text for text in remarks(found))


def test_a_filename_with_a_path_or_another_suffix_is_no_other_photo(tmp_path: Path) -> None:
    for number, name in enumerate(("a.jpg", "C:\\pictures\\a.png", "/home/me/JPEGImages/a.png", "a", "./a.png", "")):
        files = {"Annotations/a.xml": voc(name, voc_object("cat", 1, 2, 30, 40))}
        found = plan(put(tmp_path / str(number), photos("JPEGImages/a.png"), files))
        assert boxes(found) == {"a.png": [("cat", 1, 2, 29, 38)]} and not problems(found), name
        assert not any("<filename>" in text for text in remarks(found)), name


def test_a_filename_alone_finds_its_photo(tmp_path: Path) -> None:
    files = {"Annotations/0001.xml": voc("owl.png", voc_object("cat", 1, 2, 30, 40))}
    found = plan(put(tmp_path, photos("JPEGImages/owl.png"), files))
    assert boxes(found) == {"owl.png": [("cat", 1, 2, 29, 38)]} and not found.problems


def test_a_folder_in_the_filename_that_differs_is_another_photo(tmp_path: Path) -> None:
    files = {"labels/001.xml": voc("patient2/001.png", voc_object("sick", 1, 2, 30, 40))}
    found = plan(put(tmp_path, photos("patient1/001.png"), files))
    assert not any(boxes(found).values())
    assert "its photo patient2/001.png is not among the files (patient1/001.png lies in another folder)" in "".join(
        problems(found)
    )


def test_files_and_photos_in_folders_of_other_names_are_asked(tmp_path: Path) -> None:
    files = {"Annotations/patient2/001.xml": voc("001.png", voc_object("sick", 1, 2, 30, 40))}
    folder = put(tmp_path, photos("JPEGImages/patient1/001.png"), files)
    [question] = plan(folder).questions
    assert question.id == FOLDERS and "Annotations/patient2/001.xml and JPEGImages/patient1/001.png" in question.text
    assert [len(choice.photos[0].boxes) for choice in question.choices] == [1, 0]
    assert boxes(plan(folder, {FOLDERS: "use"})) == {"patient1/001.png": [("sick", 1, 2, 29, 38)]}
    assert boxes(plan(folder, {FOLDERS: "skip"})) == {"patient1/001.png": []}


def test_folders_that_differ_only_by_their_kind_belong_together(tmp_path: Path) -> None:
    files = {
        "train_xml/1.xml": voc(None, voc_object("cat", 1, 2, 30, 40)),
        "val_xml/1.xml": voc(None, voc_object("dog", 1, 2, 30, 40)),
    }
    found = plan(put(tmp_path, photos("train_images/1.png", "val_images/1.png"), files))
    assert {name: marks[0][0] for name, marks in boxes(found).items()} == {
        "train_images/1.png": "cat",
        "val_images/1.png": "dog",
    }
    assert not found.questions and not problems(found)


def test_two_files_for_one_photo_are_asked_where_they_differ(tmp_path: Path) -> None:
    same = voc("a.png", voc_object("cat", 1, 2, 30, 40))
    found = plan(put(tmp_path / "same", photos("a.png"), {"a.xml": same, "old/b.xml": same}))
    assert boxes(found) == {"a.png": [("cat", 1, 2, 29, 38)]} and not found.questions
    assert any("the same boxes in several places" in text for text in remarks(found))
    other = voc("a.png", voc_object("dog", 1, 2, 30, 40))
    assert questions(plan(put(tmp_path / "other", photos("a.png"), {"a.xml": same, "old/b.xml": other}))) == [SOURCES]


def test_two_photos_of_the_files_own_name_are_a_problem_unless_the_filename_tells(tmp_path: Path) -> None:
    two = photos("a.png", "a.jpg")
    found = plan(put(tmp_path / "1", two, {"a.xml": voc(None, voc_object("cat", 1, 2, 30, 40))}))
    assert not any(boxes(found).values()) and "its photo could be a.jpg or a.png" in "".join(problems(found))
    found = plan(put(tmp_path / "2", two, {"a.xml": voc("a.jpg", voc_object("cat", 1, 2, 30, 40))}))
    assert boxes(found) == {"a.jpg": [("cat", 1, 2, 29, 38)], "a.png": []} and not problems(found)


def test_lists_of_splits_are_read_by_any_name_of_a_photo_and_contradictions_are_said(tmp_path: Path) -> None:
    files = {f"Annotations/{name}.xml": voc(f"{name}.png", voc_object("cat", 1, 2, 30, 40)) for name in "abc"}
    lists = {
        "ImageSets/Main/train.txt": "a\nb.png\n",
        "ImageSets/Main/val.txt": "b.png\n",
        "ImageSets/Main/test.txt": "elsewhere\n",
        "ImageSets/Segmentation/test.txt": "a\n",
    }
    found = plan(put(tmp_path, photos("JPEGImages/a.png", "JPEGImages/b.png", "JPEGImages/c.png"), files, lists))
    assert splits(found) == {"a.png": "train", "b.png": "val", "c.png": None}
    assert problems(found) == [
        "b.png: it is in the lists of train and val; it is imported in val, because a photo must not be in several "
        "splits",
        "ImageSets/Main/test.txt: its only name is not that of a photo: elsewhere",
    ]


def test_the_lists_of_one_year_say_nothing_of_another(tmp_path: Path) -> None:
    """Photos of all years have the same names, and those of 2007 were put into the split of 2012."""
    owl = {f"VOC{year}/Annotations/1.xml": voc("1.png", voc_object("owl", 1, 1, 20, 20)) for year in (2007, 2012)}
    names = ("VOC2007/JPEGImages/1.png", "VOC2012/JPEGImages/1.png")
    found = plan(put(tmp_path, photos(*names), owl, {"VOC2012/ImageSets/Main/val.txt": "1\n"}))
    assert splits(found) == {names[0]: None, names[1]: "val"}


def test_a_filename_in_another_case_is_no_other_photo(tmp_path: Path) -> None:
    files = {"Annotations/IMG_1.xml": voc("img_1.JPG", voc_object("cat", 1, 2, 30, 40))}
    found = plan(put(tmp_path, photos("JPEGImages/IMG_1.jpg"), files))
    assert boxes(found) == {"IMG_1.jpg": [("cat", 1, 2, 29, 38)]} and not found.problems


def test_a_filename_with_the_folder_of_another_photo_contradicts_the_files_own_name(tmp_path: Path) -> None:
    files = {"Annotations/001.xml": voc("patient2/001.png", voc_object("cat", 1, 2, 30, 40))}
    found = plan(put(tmp_path, photos("JPEGImages/001.png", "JPEGImages/patient2/001.png"), files))
    assert boxes(found) == {"001.png": [("cat", 1, 2, 29, 38)], "patient2/001.png": []}
    assert any("names another photo in its <filename>" in text for text in remarks(found))
