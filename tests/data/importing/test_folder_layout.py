"""Interpreting file names: clutter, safe paths, folders around everything, classes and splits."""

import pytest

from core.data.importing.folder_layout import (
    FolderMeaning,
    common_folder,
    folder_meanings,
    is_clutter,
    is_picture,
    plain_path,
)


@pytest.mark.parametrize("path", [".DS_Store", "owl/Thumbs.db", "__MACOSX/owl/a.jpg", ".cache/a.jpg", "owl/._a.jpg"])
def test_clutter(path: str) -> None:
    assert is_clutter(path)


@pytest.mark.parametrize("path", ["owl/a.jpg", "a..jpg", "../a.jpg", "./a.jpg", "thumbs/a.jpg"])
def test_no_clutter(path: str) -> None:
    assert not is_clutter(path)


@pytest.mark.parametrize(
    ("path", "plain"),
    [
        ("owl/a.jpg", "owl/a.jpg"),
        ("owl\\a b.jpg", "owl/a b.jpg"),
        ("./owl//a.jpg", "owl/a.jpg"),
        ("größe/ä.jpg", "größe/ä.jpg"),
        ("a..b.jpg", "a..b.jpg"),
        ("../a.jpg", None),
        ("owl/../a.jpg", None),
        ("/a.jpg", None),
        ("\\\\server\\a.jpg", None),
        ("C:a.jpg", None),
        ("", None),
        (".", None),
    ],
)
def test_plain_paths(path: str, plain: str | None) -> None:
    assert plain_path(path) == plain


def test_pictures_by_their_names() -> None:
    assert all(is_picture(name) for name in ("a.jpg", "b.JPEG", "c.heic", "owl/d.svg"))
    assert not any(is_picture(name) for name in ("labels.csv", "README.md", "photo", "jpg", "a.zip"))


@pytest.mark.parametrize(
    ("paths", "wrapper"),
    [
        (["owl/a.jpg", "duck/b.jpg"], ""),
        (["birds/owl/a.jpg", "birds/duck/b.jpg"], "birds/"),
        (["x/birds/owl/a.jpg", "x/birds/duck/b.jpg"], "x/birds/"),
        (["birds/a.jpg", "birds/b.jpg"], "birds/"),
        (["birds/labels.csv", "birds/images/a.jpg"], "birds/"),
        (["labels.csv", "images/a.jpg"], ""),
        (["train/owl/a.jpg", "train/duck/b.jpg"], ""),
        (["birds/train/owl/a.jpg", "birds/test/owl/b.jpg"], "birds/"),
        (["test/labels.csv", "test/a.jpg"], "test/"),
        (["a.jpg"], ""),
        ([], ""),
    ],
)
def test_folders_around_everything(paths: list[str], wrapper: str) -> None:
    assert common_folder(paths) == wrapper


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("train/owl/a.jpg", FolderMeaning("owl", "train")),
        ("validation/owl/2021/a.jpg", FolderMeaning("owl", "val")),
        ("test/a.jpg", FolderMeaning(None, "test")),
        ("extra/a.jpg", FolderMeaning("extra", None)),
        ("a.jpg", FolderMeaning(None, None)),
    ],
)
def test_split_folders(path: str, place: FolderMeaning) -> None:
    others = ["train/duck/1.jpg", "Test/duck/2.jpg"]
    assert folder_meanings([*others, path])[path] == place


def test_a_class_may_be_called_train() -> None:
    assert folder_meanings(["train/a.jpg", "bus/b.jpg", "car/c.jpg"])["train/a.jpg"] == FolderMeaning("train", None)
    assert folder_meanings(["train/train/a.jpg", "val/bus/b.jpg"])["train/train/a.jpg"] == FolderMeaning(
        "train", "train"
    )


def test_deeper_folders_belong_to_the_class_above() -> None:
    assert folder_meanings(["owl/at night/a.jpg", "duck/b.jpg"])["owl/at night/a.jpg"] == FolderMeaning("owl", None)
