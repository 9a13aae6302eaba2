"""Photos that an earlier version stored with other pixels: they stay as they are, and stay one photo."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data.importing.plan_import import plan_folder, run_import
from core.data.importing.updates.known_photos import find_known
from core.data.pictures.decoding import Decoded, content_hash, decode
from core.data.pictures.formats.color_profiles import matrix_profile
from core.data.store.add_images import prepare_image
from core.data.store.checking.photo_check import check_photos
from core.data.store.store import Store
from tests.data.builders import open_store
from tests.data.pictures.test_color_profiles import DISPLAY_P3
from tests.data.pictures.test_decoding import noise, photo


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def wide(format: str = "JPEG", orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    image = Image.blend(photo(), noise(), 0.3)
    image.save(out, format, icc_profile=matrix_profile("Display P3", DISPLAY_P3), exif=exif)
    return out.getvalue()


def sixteen_bits() -> bytes:
    out = io.BytesIO()
    ramp = np.linspace(100, 3000, 64 * 48).astype(np.uint16).reshape(48, 64)
    Image.fromarray(ramp).save(out, "PNG")
    return out.getvalue()


FILES = {
    "wide.jpg": wide(),
    "turned.jpg": wide(orientation=6),
    "wide.png": wide("PNG"),
    "deep.png": sixteen_bits(),
}


@pytest.mark.parametrize("name", FILES)
def test_a_photo_of_an_earlier_version_is_found_again_and_not_added_twice(
    store: Store, tmp_path: Path, name: str
) -> None:
    raw = FILES[name]
    project = store.create_project("Birds")
    old, _ = store.add_image(project.id, decode(raw, name, as_before=True), raw, name)
    now = decode(raw, name, former=True)
    assert content_hash(now.image) != old.hash == now.former_hash
    folder = tmp_path / "again"
    folder.mkdir()
    (folder / name).write_bytes(raw)
    (folder / "labels.csv").write_text(f"filename,label\n{name},owl\n", encoding="utf-8")
    plan = plan_folder(folder)
    assert find_known(plan, store, project.id).by_content == {name: old.id}
    [result] = list(run_import(plan, store, project.id, "ann"))
    assert result.kind == "duplicate" and len(store.images(project.id)) == 1


@pytest.mark.parametrize("name", ["wide.jpg", "wide.png"])
def test_a_stored_file_keeps_the_pixels_of_its_name(store: Store, name: str) -> None:
    raw = FILES[name]
    project = store.create_project("Birds")
    old, _ = store.add_image(project.id, decode(raw, name, as_before=True), raw, name)
    path = store.image_path(old.hash)
    assert path.read_bytes() == raw
    assert content_hash(decode(path, "a").image) == old.hash
    copy = path.parent.parent / name
    copy.write_bytes(raw)
    assert content_hash(decode(copy, "a").image) != old.hash, "any other file is converted"
    copy.unlink()


def test_a_new_photo_is_stored_in_srgb(store: Store) -> None:
    raw = FILES["wide.jpg"]
    prepared = prepare_image(store.workspace, decode(raw, "a.jpg", former=True), raw, "a.jpg")
    assert prepared.hash == content_hash(decode(raw, "a.jpg").image)
    assert "colours converted from Display P3 to sRGB" in prepared.remarks
    with Image.open(io.BytesIO(prepared.data)) as stored:
        assert stored.format == "JPEG" and "icc_profile" not in stored.info


def test_a_decoded_picture_of_a_phone_is_stored_as_jpeg(store: Store) -> None:
    """A PNG would take ten times the space of the HEIC file."""
    prepared = prepare_image(store.workspace, Decoded(noise(), (), "HEIF", False), b"", "IMG_1.HEIC")
    assert prepared.suffix == ".jpg" and prepared.data.startswith(b"\xff\xd8\xff")


def test_photos_that_were_turned_or_converted_are_sound(store: Store) -> None:
    """Their JPEG is encoded again, so its pixels are only nearly those of its name; they were called damaged."""
    project = store.create_project("Birds")
    for name in ("turned.jpg", "wide.jpg"):
        store.add_image(project.id, decode(FILES[name], name), FILES[name], name)
    found, sound = check_photos(store.workspace, store.known_photos(), False, lambda done, total: None)
    assert found == [] and len(sound) == 2


def test_another_jpeg_under_the_name_of_a_photo_is_found(store: Store) -> None:
    project = store.create_project("Birds")
    out = io.BytesIO()
    photo().save(out, "JPEG", quality=90)
    row, _ = store.add_image(project.id, decode(out.getvalue(), "a.jpg"), out.getvalue(), "a.jpg")
    other = io.BytesIO()
    noise().save(other, "JPEG", quality=90)
    store.image_path(row.hash).write_bytes(other.getvalue())
    found, _ = check_photos(store.workspace, store.known_photos(), False, lambda done, total: None)
    assert [one.problem for one in found] == ["shows another picture than the one that was stored"]
