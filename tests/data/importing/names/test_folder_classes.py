"""Classes, splits and groups from folders: what is understood, what is asked, and what is said."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.importing.names.folder_classes import read_folders
from core.data.importing.names.folder_meanings import FolderMeaning, FolderReading
from core.data.importing.names.split_folders import SplitName, split_name
from core.data.tables.questions import Asking


def read(paths: list[str], **answers: str) -> FolderReading:
    """The reading of these photos; every question must have an answer, and every answer a question."""
    asking = Asking({name.replace("_", "-"): key for name, key in answers.items()})
    reading = read_folders(paths, asking)
    assert (asking.open, asking.unused) == ((), ())
    return reading


def meanings(paths: list[str], **answers: str) -> list[FolderMeaning]:
    reading = read(paths, **answers)
    return [reading.meanings[path] for path in paths]


def said(reading: FolderReading) -> list[str]:
    return [str(problem) for problem in reading.problems]


def asked(paths: list[str]) -> Asking:
    asking = Asking()
    read_folders(paths, asking)
    return asking


SPLITS = ["train/duck/1.jpg", "Test/duck/2.jpg"]


@pytest.mark.parametrize(
    ("path", "meaning"),
    [
        ("train/owl/a.jpg", FolderMeaning("owl", "train")),
        ("validation/owl/a.jpg", FolderMeaning("owl", "val")),
        ("test/a.jpg", FolderMeaning(None, "test")),
        ("extra/a.jpg", FolderMeaning(None)),
        ("extra/owl/a.jpg", FolderMeaning("owl")),
        ("a.jpg", FolderMeaning(None)),
    ],
)
def test_split_folders(path: str, meaning: FolderMeaning) -> None:
    assert read([*SPLITS, path]).meanings[path] == meaning


def test_a_class_may_be_called_train() -> None:
    reading = read(["train/a.jpg", "bus/b.jpg", "car/c.jpg"])
    assert reading.meanings["train/a.jpg"] == FolderMeaning("train")
    assert said(reading) == ['the folder "train" is taken as a class, because the folders beside it are not splits']
    assert meanings(["train/train/a.jpg", "val/bus/b.jpg"])[0] == FolderMeaning("train", "train")


@pytest.mark.parametrize(
    ("folder", "found"),
    [
        ("train", ("train", "")),
        ("TRAIN", ("train", "")),
        ("seg_train", ("train", "seg")),
        ("train_images", ("train", "")),
        ("training_set", ("train", "")),
        ("01_train", ("train", "")),
        ("train2017", ("train", "")),
        ("testset", ("test", "")),
        ("val-images", ("val", "")),
        ("train\u200b", ("train", "")),
        ("train_cat", ("train", "cat")),
        ("train_Barn_Owl", ("train", "Barn_Owl")),
        ("cat.test", ("test", "cat")),
        ("train_test", None),
        ("trainer", None),
        ("station", None),
        ("images", None),
        ("", None),
    ],
)
def test_the_split_in_the_name_of_a_folder(folder: str, found: tuple[str, str] | None) -> None:
    assert split_name(folder) == (None if found is None else SplitName(*found))


# Doubled folders and folders with more in their names


INTEL = [
    "seg_train/seg_train/buildings/1.jpg",
    "seg_train/seg_train/forest/2.jpg",
    "seg_test/seg_test/buildings/3.jpg",
    "seg_test/seg_test/forest/4.jpg",
    "seg_pred/seg_pred/5.jpg",
]


def test_doubled_split_folders_are_splits() -> None:
    reading = read(INTEL)
    assert [reading.meanings[path] for path in INTEL] == [
        FolderMeaning("buildings", "train"),
        FolderMeaning("forest", "train"),
        FolderMeaning("buildings", "test"),
        FolderMeaning("forest", "test"),
        FolderMeaning(None),
    ]
    assert said(reading) == [
        'the folder "seg_pred" beside seg_test, seg_train is not a split and not used as a class; '
        "1 photo gets no split",
        "1 photo lies in no class folder and has no label: seg_pred/seg_pred/5.jpg",
    ]
    assert all(problem.harmless for problem in reading.problems)


@pytest.mark.parametrize(
    "folder",
    ["train/train", "Train/train", "train_images/images", "training_set/training_set", "01_train", "train/images"],
)
def test_each_of_these_is_the_training_split(folder: str) -> None:
    paths = [f"{folder}/owl/1.jpg", f"{folder}/duck/2.jpg", "test/owl/3.jpg"]
    assert meanings(paths) == [
        FolderMeaning("owl", "train"),
        FolderMeaning("duck", "train"),
        FolderMeaning("owl", "test"),
    ]


def test_where_all_splits_are_doubled_their_photos_have_no_class() -> None:
    assert meanings(["train/train/1.jpg", "test/test/2.jpg"]) == [
        FolderMeaning(None, "train"),
        FolderMeaning(None, "test"),
    ]


def test_a_doubled_class_folder_is_one_class() -> None:
    assert meanings(["owl/owl/1.jpg", "duck/2.jpg"]) == [FolderMeaning("owl"), FolderMeaning("duck")]


def test_a_folder_beside_the_splits_has_to_be_confirmed() -> None:
    """It may be a class, a further split, or nothing of the kind."""
    reading = read([*SPLITS, "extra/a.jpg"])
    assert [problem.harmless for problem in reading.problems] == [False, True]
    assert "extra" in str(reading.problems[0])


def test_a_lone_folder_called_like_a_split_is_asked() -> None:
    paths = ["seg_train/seg_train/owl/1.jpg", "seg_train/seg_train/duck/2.jpg"]
    (question,) = asked(paths).open
    assert question.id == "split-folder" and "seg_train" in question.text
    assert question.choices[0].rows[0] == ("seg_train/seg_train/duck/2.jpg", "duck", "train")
    assert meanings(paths, split_folder="split") == [FolderMeaning("owl", "train"), FolderMeaning("duck", "train")]
    assert meanings(paths, split_folder="nothing") == [FolderMeaning("owl"), FolderMeaning("duck")]
    assert meanings(["train/owl/1.jpg", "train/duck/2.jpg"])[0] == FolderMeaning("owl", "train")


# Split and class in one name


def test_names_of_split_and_class_are_asked() -> None:
    paths = ["train_cat/1.jpg", "train_dog/2.jpg", "test_cat/3.jpg", "test_dog/4.jpg"]
    (question,) = asked(paths).open
    assert question.id == "split-class"
    assert question.choices[0].rows[0] == ("test_cat/3.jpg", "cat", "test")
    assert question.choices[1].rows[0] == ("test_cat/3.jpg", "test_cat", "")
    assert meanings(paths, split_class="split") == [
        FolderMeaning("cat", "train"),
        FolderMeaning("dog", "train"),
        FolderMeaning("cat", "test"),
        FolderMeaning("dog", "test"),
    ]
    assert [one.label for one in meanings(paths, split_class="class")] == [
        "train_cat",
        "train_dog",
        "test_cat",
        "test_dog",
    ]


def test_folders_inside_such_names_may_be_the_classes() -> None:
    paths = ["train_cats/persian/1.jpg", "train_dogs/poodle/2.jpg", "test_cats/persian/3.jpg"]
    assert [choice.key for choice in asked(paths).open[0].choices] == ["split", "class", "inside"]
    assert [one.label for one in meanings(paths, split_class="split")] == ["cats", "dogs", "cats"]
    assert [one.label for one in meanings(paths, split_class="inside")] == ["persian", "poodle", "persian"]
    assert meanings(["stage1_train/a/1.jpg", "stage1_test/a/2.jpg"])[1] == FolderMeaning("a", "test")


def test_class_and_split_in_the_other_order_are_asked_too() -> None:
    paths = ["cat_train/1.jpg", "cat_test/2.jpg", "dog_train/3.jpg", "dog_test/4.jpg"]
    assert meanings(paths, split_class="split")[1] == FolderMeaning("cat", "test")


def test_one_class_with_train_in_its_name_is_a_class() -> None:
    assert meanings(["train_station/1.jpg", "bridge/2.jpg"])[0] == FolderMeaning("train_station")


# Splits in class folders


def test_split_folders_in_class_folders_are_splits_and_that_is_said() -> None:
    reading = read(["cat/train/1.jpg", "cat/test/2.jpg", "dog/train/3.jpg", "dog/test/4.jpg"])
    assert list(reading.meanings.values()) == [
        FolderMeaning("cat", "train"),
        FolderMeaning("cat", "test"),
        FolderMeaning("dog", "train"),
        FolderMeaning("dog", "test"),
    ]
    assert said(reading) == ["the folders test, train inside the class folders are taken as splits"]


def test_trains_among_other_vehicles_are_no_split() -> None:
    paths = ["land/train/1.jpg", "land/car/2.jpg", "water/ship/3.jpg"]
    assert meanings(paths, class_folder="second")[0] == FolderMeaning("train")


# Folders in class folders


OWLS = ["owl/owl_07/1.jpg", "owl/owl_09/2.jpg", "duck/d1/3.jpg", "duck/4.jpg"]


def test_a_folder_inside_a_class_folder_is_asked_with_samples_of_each_level() -> None:
    (question,) = asked(OWLS).open
    assert question.id == "class-folder"
    assert question.columns == ("photo", "class", "group")
    first, group, second = question.choices
    assert first.rows == (
        ("duck/d1/3.jpg", "duck", ""),
        ("owl/owl_07/1.jpg", "owl", ""),
        ("owl/owl_09/2.jpg", "owl", ""),
    )
    assert group.rows[1] == ("owl/owl_07/1.jpg", "owl", "owl/owl_07")
    assert second.rows[1] == ("owl/owl_07/1.jpg", "owl_07", "")


def test_each_level_can_be_the_class() -> None:
    assert [one.label for one in meanings(OWLS, class_folder="first")] == ["owl", "owl", "duck", "duck"]
    assert [one.label for one in meanings(OWLS, class_folder="second")] == ["owl_07", "owl_09", "d1", None]
    groups = meanings(OWLS, class_folder="first-group")
    assert [(one.label, one.group) for one in groups] == [
        ("owl", "owl/owl_07"),
        ("owl", "owl/owl_09"),
        ("duck", "duck/d1"),
        ("duck", None),
    ]
    assert meanings(["a/b/c/1.jpg", "a/b/d/2.jpg"], class_folder="third")[1].label == "d"


def test_equal_numbers_of_individuals_are_groups_of_their_own() -> None:
    """The same inner name in two class folders is not the same animal."""
    one, other = meanings(["owl/7/1.jpg", "duck/7/2.jpg"], class_folder="first-group")
    assert one.group != other.group


WOLVES = ["bear/ind1/1.jpg", "bear/ind2/2.jpg", "wolf/ind1/3.jpg", "wolf/4.jpg"]


def test_inner_folders_of_one_name_are_shown_and_can_be_classes_with_their_outer_folder() -> None:
    (question,) = asked(WOLVES).open
    assert 'Several folders hold one called "ind1": bear, wolf.' in question.text
    assert {one.key: one.rows for one in question.choices} == {
        "first": (("bear/ind1/1.jpg", "bear", ""), ("wolf/ind1/3.jpg", "wolf", "")),
        "first-group": (("bear/ind1/1.jpg", "bear", "bear/ind1"), ("wolf/ind1/3.jpg", "wolf", "wolf/ind1")),
        "second": (("bear/ind1/1.jpg", "ind1", ""), ("wolf/ind1/3.jpg", "ind1", "")),
        "pair": (("bear/ind1/1.jpg", "bear/ind1", ""), ("wolf/ind1/3.jpg", "wolf/ind1", "")),
    }
    assert [one.label for one in meanings(WOLVES, class_folder="pair")] == [
        "bear/ind1",
        "bear/ind2",
        "wolf/ind1",
        "wolf",
    ]


def test_the_pair_is_offered_only_where_a_name_repeats() -> None:
    assert "pair" not in {one.key for one in asked(OWLS).open[0].choices}
    paths = ["train/owl/7/1.jpg", "test/owl/7/2.jpg", "train/duck/9/3.jpg"]
    assert "pair" not in {one.key for one in asked(paths).open[0].choices}, "one folder, in two splits"


def test_a_group_whose_name_is_too_long_is_a_problem() -> None:
    inner = "i" * 250
    reading = read([f"owl/{inner}/1.jpg", "duck/d1/2.jpg"], class_folder="first-group")
    assert [one.group for one in reading.meanings.values()] == [None, "duck/d1"]
    assert ["more than 200 characters" in one.text and not one.harmless for one in reading.problems] == [True]


def test_a_level_of_folders_called_images_means_nothing() -> None:
    assert meanings(["owl/images/1.jpg", "duck/images/2.jpg"]) == [FolderMeaning("owl"), FolderMeaning("duck")]
    assert meanings(["train/images/1.jpg", "test/images/2.jpg"]) == [
        FolderMeaning(None, "train"),
        FolderMeaning(None, "test"),
    ]


def test_while_the_question_is_open_the_first_folder_counts() -> None:
    assert [one.label for one in read_folders(OWLS, Asking()).meanings.values()] == ["owl", "owl", "duck", "duck"]


# What is said


def test_photos_beside_class_folders_are_said() -> None:
    reading = read(["owl/1.jpg", "duck/2.jpg", "3.jpg", "4.jpg"])
    assert said(reading) == ["2 photos lie in no class folder and have no label: 3.jpg, 4.jpg"]
    assert said(read(["1.jpg", "2.jpg"])) == [], "without class folders, no photo is expected to have a label"


def test_classes_that_exist_only_in_test_are_said() -> None:
    reading = read(["train/cat/1.jpg", "train/dog/2.jpg", "test/cats/3.jpg", "test/dog/4.jpg"])
    assert said(reading) == ["1 class has no photos in train, only in the other splits: cats"]
    assert said(read(["train/cat/1.jpg", "train/dog/2.jpg", "test/cat/3.jpg"])) == []
    assert said(read(["train/cat/1.jpg", "train/dog/2.jpg", "test/Cat/3.jpg"])) == [], "the case is asked about"


def test_invisible_characters_of_folders_are_said() -> None:
    assert said(read(["owl\u200b/1.jpg", "owl/2.jpg"])) == [
        "1 folder name has invisible characters, which are left out: owl"
    ]


# Written and read back


CLASSES = st.lists(
    st.sampled_from(["owl", "duck", "Größe", "cat 7", "猫", "bus", "images of cats"]), min_size=2, unique=True
)
LAYOUTS = st.sampled_from(
    ["{split}/{label}", "{split}/{split}/{label}", "set_{split}/{label}", "{split}_images/{label}"]
)


@given(classes=CLASSES, layout=LAYOUTS, split=st.sampled_from(["val", "test"]), photos=st.integers(1, 3))
@settings(max_examples=100, deadline=None)
def test_random_trees_of_splits_and_classes_are_read_back(
    classes: list[str], layout: str, split: str, photos: int
) -> None:
    wanted = {
        f"{layout.format(split=part, label=label)}/{number}.jpg": FolderMeaning(label, part)
        for part in ("train", split)
        for label in classes
        for number in range(photos)
    }
    assert read(list(wanted)).meanings == wanted


@given(classes=CLASSES, photos=st.integers(1, 3))
@settings(max_examples=50, deadline=None)
def test_random_class_folders_above_splits_are_read_back(classes: list[str], photos: int) -> None:
    wanted = {
        f"{label}/{part}/{number}.jpg": FolderMeaning(label, part)
        for label in classes
        for part in ("train", "test")
        for number in range(photos)
    }
    assert read(list(wanted)).meanings == wanted


@given(
    st.lists(st.lists(st.sampled_from(["train", "test", "owl", "images", "train_cat", "x"]), max_size=4), max_size=8)
)
@settings(max_examples=300, deadline=None)
def test_whatever_the_folders_are_each_photo_has_a_meaning(trees: list[list[str]]) -> None:
    paths = ["/".join([*folders, f"{number}.jpg"]) for number, folders in enumerate(trees)]
    reading = read_folders(paths, Asking())
    assert reading.meanings.keys() == set(paths)
    for path, one in reading.meanings.items():
        assert one.label is None or any(one.label in part for part in path.split("/")[:-1])
