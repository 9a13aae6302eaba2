"""What pictures look like is measured once, kept, and says which are odd."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock, Timeout
from PIL import Image, ImageDraw, ImageFilter

from core.data.pictures import quality_job
from core.data.pictures.decoding import THUMBNAIL_SIDE, Decoded, make_thumbnail
from core.data.pictures.image_quality import FILE, ImageQuality, QualityCache, measure_quality
from core.data.pictures.quality_flags import BLURRED, quality_flags
from core.data.store.records import ImageRow
from core.data.store.store import Store
from core.workspace import SAMPLE_IMAGES
from tests.data.builders import open_store

FINE = ImageQuality(0.9, 0.1, 400.0, 6.0)


def scene(seed: int) -> Image.Image:
    """A picture with shapes on it, like no other seed's."""
    dice = np.random.default_rng(seed)
    image = Image.new("RGB", (320, 240), tuple(int(one) for one in dice.integers(90, 255, 3)))
    draw = ImageDraw.Draw(image)
    for _ in range(25):
        x, y, w, h = (int(dice.integers(low, high)) for low, high in ((0, 280), (0, 200), (15, 120), (15, 90)))
        draw.ellipse((x, y, x + w, y + h), fill=tuple(int(one) for one in dice.integers(0, 255, 3)))
    return image


def row(number: int, width: int = 320, height: int = 240, label: str | None = None) -> ImageRow:
    return ImageRow(number, f"{number:064x}", f"{number}.png", label, None, width, height, 1000, None, None)


def reasons(image: Image.Image) -> list[str]:
    one = row(1, *image.size)
    return [odd.reason for odd in quality_flags([one], {one.hash: measure_quality(image)})]


def test_a_picture_is_odd_for_what_is_wrong_with_it() -> None:
    fine = scene(1)
    assert reasons(fine) == []
    assert reasons(fine.point(lambda value: value // 8)) == ["too dark"]
    assert reasons(fine.point(lambda value: 245 + value // 25)) == ["too bright"]
    assert reasons(fine.filter(ImageFilter.GaussianBlur(4))) == ["blurred"]
    assert reasons(fine.filter(ImageFilter.GaussianBlur(40))) == ["blurred"]
    assert reasons(Image.new("RGB", (320, 240), (120, 130, 140))) == ["nearly empty"]
    assert reasons(fine.resize((600, 100))) == ["odd shape"]


def test_blur_that_shows_in_a_thumbnail_is_found_and_sharp_photos_are_left_alone() -> None:
    """The limit was that for another kind of thumbnails: of photos blurred by two pixels it found half."""
    paths = sorted((SAMPLE_IMAGES / "birds" / "images").glob("*.jpg"))[::6]
    flagged = {0: 0, 2: 0, 3: 0}
    for path in paths:
        with Image.open(path) as file:
            photo = file.convert("RGB")
        scale = max(1.0, max(photo.size) / THUMBNAIL_SIDE)
        for radius in flagged:
            blurred = photo.filter(ImageFilter.GaussianBlur(radius * scale)) if radius else photo
            thumbnail = Image.open(io.BytesIO(make_thumbnail(blurred)))
            flagged[radius] += measure_quality(thumbnail).sharpness < BLURRED
    assert len(paths) > 30
    assert flagged[0] == 0
    assert flagged[2] >= 0.9 * len(paths)
    assert flagged[3] == len(paths)


def test_a_size_is_odd_that_lies_far_from_the_others() -> None:
    usual = [row(number, 320 + number, 240) for number in range(20)]
    small, large, slightly = row(30, 60, 40), row(31, 4000, 3000), row(32, 380, 260)
    found = quality_flags([*usual, small, large, slightly], {})
    assert {(one.row.id, one.reason) for one in found} == {(30, "odd size"), (31, "odd size")}
    assert quality_flags([row(1), large], {}) == []  # of two nobody knows which is usual
    assert quality_flags([replace(one, width=320) for one in usual] + [row(33, 322, 240)], {}) == []


def test_what_was_measured_is_there_for_every_process(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    looks = QualityCache(store.workspace)
    assert looks.known(["a"]) == {}
    dark = ImageQuality(0.1, 0.05, 30.0, 4.0)
    looks.add([("a", FINE), ("b", dark)])
    looks.add([("a", FINE)])
    assert QualityCache(store.workspace).known(["b", "c", "a"]) == {"a": FINE, "b": dark}


def test_a_damaged_cache_is_made_anew(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    looks = QualityCache(store.workspace)
    (store.workspace.cache / FILE).write_bytes(b"not a database at all, but long enough to be taken for one" * 40)
    assert looks.known(["a"]) == {}
    looks.add([("a", FINE)])
    assert looks.known(["a"]) == {"a": FINE}


def project_of(store: Store, images: int) -> tuple[int, list[str]]:
    project = store.create_project("Birds")
    for number in range(images):
        store.add_image(project.id, Decoded(scene(number), (), "PNG", False), b"", f"{number}.png")
    return project.id, [one.hash for one in store.image_labels(project.id)]


def test_a_process_of_its_own_looks_at_what_is_missing(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    project_id, hashes = project_of(store, 3)
    QualityCache(store.workspace).add([(hashes[0], FINE)])
    assert quality_job.quality_progress(store.workspace, hashes) == quality_job.QualityProgress(1, 3, False)
    quality_job.start(store.workspace, store.image_paths(project_id)).wait(60)
    assert quality_job.quality_progress(store.workspace, hashes) == quality_job.QualityProgress(3, 3, False)
    known = QualityCache(store.workspace).known(hashes)
    assert known[hashes[0]] == FINE  # not measured again
    with Image.open(store.thumbnail_path(hashes[1])) as image:
        assert known[hashes[1]] == measure_quality(image)


def test_one_process_at_a_time_and_an_unreadable_picture_stops_nothing(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    project_id, hashes = project_of(store, 3)
    store.thumbnail_path(hashes[1]).write_bytes(b"no picture")
    with FileLock(store.workspace.cache / "looks.lock"):
        assert quality_job.quality_progress(store.workspace, hashes).running
        with pytest.raises(Timeout):
            quality_job.measure_all(store.workspace, store.image_paths(project_id))
    assert quality_job.measure_all(store.workspace, store.image_paths(project_id)) == 2
    assert set(QualityCache(store.workspace).known(hashes)) == {hashes[0], hashes[2]}
