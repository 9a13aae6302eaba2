"""The splits of YOLO data sets: data.yaml and lists of photos say them, else the names of folders."""

from pathlib import Path

from tests.data.importing.formats.small_sets import photos, plan, problems, put, remarks, splits

BOX = "0 0.5 0.5 0.2 0.25\n"


def labelled(*names: str) -> dict[str, str | bytes]:
    return {**photos(*names), **{name.replace("images/", "labels/").replace(".png", ".txt"): BOX for name in names}}


def test_folders_that_data_yaml_names_are_splits_whatever_they_are_called(tmp_path: Path) -> None:
    settings = "train: [images/fold1, ./images/fold2]\nval: ../set/images/fold3\nnames: [owl]\n"
    files = labelled("images/fold1/a.png", "images/fold2/b.png", "images/fold3/c.png", "images/fold4/d.png")
    found = plan(put(tmp_path, files, {"data.yaml": settings}))
    assert splits(found) == {"fold1/a.png": "train", "fold2/b.png": "train", "fold3/c.png": "val", "fold4/d.png": None}
    assert not problems(found)


def test_a_path_of_another_computer_and_the_path_of_the_set_are_understood(tmp_path: Path) -> None:
    files = labelled("set/train/images/a.png", "set/valid/images/b.png")
    settings = "path: /content/set\ntrain: /content/drive/set/train/images\nval: valid/images\nnames: [owl]\n"
    assert splits(plan(put(tmp_path, files, {"set/data.yaml": settings}))) == {"a.png": "train", "b.png": "val"}


def test_lists_of_photos_are_splits(tmp_path: Path) -> None:
    files = labelled("images/a.png", "images/b.png", "images/c.png")
    lists = {
        "data.yaml": "train: train.txt\nval: lists/val.txt\nnames: [owl]\n",
        "train.txt": "./images/a.png\n/home/me/set/images/b.png\n",
        "lists/val.txt": "../images/c.png\n",
    }
    found = plan(put(tmp_path, files, lists))
    assert splits(found) == {"a.png": "train", "b.png": "train", "c.png": "val"}
    assert not found.refused and not problems(found)


def test_lists_beside_obj_names_are_splits_too(tmp_path: Path) -> None:
    photos_and_labels = {"obj_train_data/a.png": photos("a.png")["a.png"], "obj_train_data/a.txt": BOX}
    lists = {"obj.names": "owl\n", "test.txt": "data/obj_train_data/a.png\n"}
    found = plan(put(tmp_path, photos_and_labels, lists))
    assert list(splits(found).values()) == ["test"]
    assert any("1 photo is in another split than the name of the folder says" in text for text in remarks(found))


def test_a_folder_that_holds_no_photo_is_said(tmp_path: Path) -> None:
    files = {"data.yaml": "names: [ant]\ntrain: a/images\nval: c/images\n", "a/labels/1.txt": BOX}
    found = plan(put(tmp_path, photos("a/images/1.png", "b/images/2.png"), files))
    assert splits(found)["1.png"] == "train"
    assert 'data.yaml: no photo lies at "c/images", where it says those of val are' in remarks(found)


def test_accents_in_folders_and_lists_are_the_same_in_one_and_in_two_characters(tmp_path: Path) -> None:
    one, two = "caf\u00e9", "cafe\u0301"
    files = {"data.yaml": f"names: [ant]\ntrain: {one}/images\nval: {one}.txt\n", f"{two}.txt": "b/images/2.png\n"}
    files |= {f"{one}.data": f"names = data/{one}.names\n", f"{two}.names": "ant\n", f"{two}/labels/1.txt": BOX}
    found = plan(put(tmp_path, photos(f"{two}/images/1.png", "b/images/2.png"), files))
    assert splits(found) == {"1.png": "train", "2.png": "val"} and not problems(found)


def test_a_photo_in_two_splits_is_in_the_strictest_and_that_is_a_problem(tmp_path: Path) -> None:
    files = labelled("images/a.png", "images/b.png")
    lists = {
        "data.yaml": "train: train.txt\nval: val.txt\nnames: [owl]\n",
        "train.txt": "images/a.png\nimages/b.png\n",
        "val.txt": "images/b.png\n",
    }
    found = plan(put(tmp_path, files, lists))
    assert splits(found) == {"a.png": "train", "b.png": "val"}
    assert "images/b.png: 1 photo is in several splits (train, val)" in "".join(problems(found))


def test_the_same_photos_as_train_and_val_say_nothing(tmp_path: Path) -> None:
    settings = {"data.yaml": "train: images/train\nval: images/train\nnames: [owl]\n"}
    found = plan(put(tmp_path, labelled("images/train/a.png"), settings))
    assert splits(found) == {"a.png": "train"} and not problems(found)
    assert any("it gives the same photos as train and val" in text for text in remarks(found))


def test_a_list_that_names_no_photo_is_a_problem(tmp_path: Path) -> None:
    lists = {"data.yaml": "train: train.txt\nnames: [owl]\n", "train.txt": "elsewhere/x.png\n"}
    found = plan(put(tmp_path, labelled("images/a.png"), lists))
    assert "train.txt: its only name is not that of a photo: elsewhere/x.png" in problems(found)
