"""Adding pictures in batches does the same as adding them one by one."""

import io
from pathlib import Path

import pytest
from PIL import Image

from core.data.pictures import stored_files
from core.data.pictures.decoding import content_hash, decode
from core.data.store.add_images import prepare_image
from core.data.store.store import Store
from tests.data.builders import add, open_store, picture

# Picture and name: new ones, a copy, names that are taken by a new picture, by a copy's name, and by an earlier "(2)".
FILES = [
    (1, "a.png"), (2, "a.png"), (1, "b.png"), (3, "b.png"), (4, "a (2).png"), (1, "a.png"), (5, "c.png"),
    (6, "old.png"), (7, "old.png"), (8, "alias.png"), (9, "c.png"), (5, "d.png"), (10, "d.png"), (6, "again.png"),
]  # fmt: skip


def project_with_removed_photos(store: Store, name: str) -> int:
    """A project with one photo that stays, and two removed ones; one of these has another name as well."""
    project = store.create_project(name).id
    add(store, project, 5, "kept.png")
    removed = [add(store, project, 6, "old.png").id, add(store, project, 8, "gone.png").id]
    add(store, project, 6, "alias.png")
    store.remove_images(project, removed, "ann")
    return project


def test_a_batch_gives_what_the_same_pictures_give_one_by_one(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    one_by_one, at_once = (project_with_removed_photos(store, name) for name in ("one by one", "at once"))
    raws = [(picture(number), name) for number, name in FILES]
    singly = [store.add_image(one_by_one, decode(raw, name), raw, name) for raw, name in raws]
    prepared = [prepare_image(store.workspace, decode(raw, name), raw, name) for raw, name in raws]
    together = store.add_images(at_once, prepared)
    assert [new for _, new in together] == [new for _, new in singly]
    assert [row.hash for row, _ in together] == [row.hash for row, _ in singly]
    state = [[(row.filename, row.hash) for row in store.images(project)] for project in (one_by_one, at_once)]
    assert state[0] == state[1]
    names = [sorted(store.image_names(project)) for project in (one_by_one, at_once)]
    assert names[0] == names[1]
    assert len(set(names[0])) == len(names[0]) > 12


def test_an_emptied_file_is_made_whole_when_its_photo_is_added_again(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    project = store.create_project("Birds").id
    row = add(store, project, 1)
    store.image_path(row.hash).write_bytes(b"")
    assert add(store, project, 1, row.filename) == row
    assert store.image_path(row.hash).read_bytes() == picture(1)


def test_the_same_picture_in_another_format_leaves_no_second_file(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    project = store.create_project("Birds").id
    row = add(store, project, 1)
    webp = tmp_path / "1.webp"
    with Image.open(store.image_path(row.hash)) as image:
        image.save(webp, lossless=True)
    raw = webp.read_bytes()
    assert content_hash(decode(raw, "1.webp").image) == row.hash
    assert store.add_image(project, decode(raw, "1.webp"), raw, row.filename) == (row, False)
    assert [path.suffix for path in store.workspace.images.rglob("*") if path.is_file()] == [".png"]


def test_thumbnails_of_older_versions_are_used_and_deleted_with_their_photo(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    project = store.create_project("Birds").id
    row = add(store, project, 1)
    new = store.thumbnail_path(row.hash)
    assert new.suffix == ".jpg"
    older = new.with_suffix(".webp")
    with Image.open(new) as image:
        image.save(older)
    new.unlink()
    assert store.thumbnail_path(row.hash) == older
    add(store, project, 1)
    assert not new.exists(), "the older one does"
    store.delete_project(project)
    assert not older.exists()


def test_a_small_jpeg_is_its_own_thumbnail_and_others_get_one(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    project = store.create_project("Birds").id
    stored = {}
    for name, size, comment in (("small", 200, 0), ("large", 300, 0), ("with a preview", 210, 40_000)):
        out = io.BytesIO()
        Image.linear_gradient("L").resize((size, 100)).save(out, "JPEG", comment=b"x" * comment)
        row, _ = store.add_image(project, decode(out.getvalue(), name), out.getvalue(), name)
        stored[name] = (store.image_path(row.hash), store.thumbnail_path(row.hash))
    assert [photo.samefile(thumbnail) for photo, thumbnail in stored.values()] == [True, False, False]
    for _, thumbnail in stored.values():
        with Image.open(thumbnail) as image:
            assert max(image.size) <= 256
        assert thumbnail.stat().st_size < 32 * 2**10


def test_the_files_of_a_photo_are_written_before_its_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(tmp_path)
    project = store.create_project("Birds").id
    raw = picture(1)
    prepared = prepare_image(store.workspace, decode(raw, "a.png"), raw, "a.png")
    assert stored_files.picture_path(store.workspace, prepared.hash, ".png").read_bytes() == raw
    assert store.count(project) == 0
    store.add_images(project, [prepared, prepared])
    assert store.count(project) == 1
