"""Interpreting file names: clutter, safe paths, folders around everything."""

import pytest

from core.data.importing.folder_layout import (
    common_folder,
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
        (["test photos/a.jpg", "test photos/b.jpg"], "test photos/"),
        (["seg_train/owl/a.jpg", "seg_train/duck/b.jpg"], ""),
        (["birds/birds/owl/a.jpg", "birds/birds/duck/b.jpg"], "birds/birds/"),
        (["train/train/owl/a.jpg", "train/train/duck/b.jpg"], ""),
        (["a.jpg"], ""),
        ([], ""),
    ],
)
def test_folders_around_everything(paths: list[str], wrapper: str) -> None:
    assert common_folder(paths) == wrapper
