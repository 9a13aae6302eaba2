"""A large photo is decoded once at its import: for hash, thumbnail and the network's view together."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data.pictures import resized_cache
from core.data.pictures.decoding import decode
from core.data.pictures.network_input.preprocessing import Preprocessing
from core.data.pictures.resized_cache import ResizedCache
from core.data.pictures.source import Source
from core.data.pictures.stored_files import delete_files, picture_path
from core.data.snapshot import snapshot_of_table
from core.data.store.add_images import PreparedImage, prepare_image
from core.workspace import Workspace, open_workspace
from tests.data.pictures.network_input.test_reduced_decoding import ORIENTATION, scene


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "workspace")


def imported(workspace: Workspace, size: tuple[int, int], format: str = "JPEG", orientation: int = 1) -> PreparedImage:
    out, exif = io.BytesIO(), Image.Exif()
    exif[ORIENTATION] = orientation
    scene(*size).save(out, format, exif=exif)
    raw = out.getvalue()
    return prepare_image(workspace, decode(raw, "photo"), raw, "photo")


def kept(workspace: Workspace) -> list[Path]:
    return sorted((workspace.cache / "resized").rglob("*.npy"))


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_the_networks_view_of_a_large_photo_needs_no_second_decoding(
    workspace: Workspace, format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = imported(workspace, (1200, 900), format)
    path = picture_path(workspace, photo.hash, photo.suffix)
    exact = np.asarray(Preprocessing().view(decode(path, "photo").image))
    monkeypatch.delattr(resized_cache, "decode")
    cache = ResizedCache(workspace.cache / "resized", Preprocessing())
    assert np.array_equal(cache.view(Source(photo.hash, path, "photo")), exact)


def test_a_small_photo_is_not_worth_a_file(workspace: Workspace) -> None:
    imported(workspace, (640, 480))
    assert not kept(workspace)


def test_a_turned_jpeg_is_encoded_again_so_its_view_comes_from_the_stored_file(workspace: Workspace) -> None:
    imported(workspace, (1200, 900), orientation=6)
    assert not kept(workspace)


def test_an_import_works_where_the_cache_cannot_be_written(workspace: Workspace) -> None:
    (workspace.cache / "resized").write_text("a file in the place of the folder", encoding="utf-8")
    assert imported(workspace, (1200, 900)).width == 1200


def test_a_photo_that_is_added_again_keeps_its_view(workspace: Workspace) -> None:
    imported(workspace, (1200, 900))
    [path] = kept(workspace)
    before = path.stat().st_mtime_ns
    imported(workspace, (1200, 900))
    assert path.stat().st_mtime_ns == before


def test_a_deleted_photo_leaves_no_view_behind(workspace: Workspace) -> None:
    photo = imported(workspace, (1200, 900))
    assert kept(workspace)
    delete_files(workspace, photo.hash, photo.suffix)
    assert not kept(workspace)


def test_a_large_photo_of_a_table_is_decoded_once_too(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESNET_STUDIO_HOME", str(workspace.root))
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    for name in ("a", "b"):
        scene(1200, 900, seed=ord(name)).save(tmp_path / f"{name}.jpg", exif=exif)
    labels = tmp_path / "labels.csv"
    labels.write_text("filename,label\na.jpg,one\nb.jpg,two\n", encoding="utf-8")
    snapshot, problems = snapshot_of_table(labels, tmp_path)
    assert not problems
    paths = {row.image: Path(row.path) for row in snapshot.frame.itertuples()}
    exact = {name: np.asarray(Preprocessing().view(decode(path, "photo").image)) for name, path in paths.items()}
    monkeypatch.delattr(resized_cache, "decode")
    cache = ResizedCache(workspace.cache / "resized", Preprocessing())
    for name, path in paths.items():  # a table's photos stay where they are, so a turned one is no exception
        assert np.array_equal(cache.view(Source(name, path, "photo")), exact[name])
