"""Photos whose files are lost, on the Data page: the export names them, and no other photo is hidden by them."""

import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from core.data.store.store import Project, Store
from core.errors import DataError
from pages.components.data import export_labels, photo_details
from tests.pages.conftest import OpenPage, messages


def test_the_export_says_which_photos_are_not_in_it(open_page: OpenPage, birds: Project, store: Store) -> None:
    first, second, *_ = store.images(birds.id)
    store.image_path(first.hash).write_bytes(b"")
    store.image_path(second.hash).unlink()
    app = open_page("Data", project=str(birds.id))
    assert not messages(app)  # the wall of photos
    app = app.segmented_control(key="data-section").set_value("Download labels").run()
    assert not messages(app)
    [warning] = app.warning
    said = warning.value.replace("\\", "")  # without Markdown's escapes
    assert said.startswith("2 photos are not included, because their files are missing or empty: owl 0")
    with zipfile.ZipFile(BytesIO(export_labels._zip_of(store, birds, "folders"))) as archive:
        assert archive.read("missing-photos.txt").decode().splitlines() == sorted([first.filename, second.filename])


@pytest.mark.parametrize("damage", ["missing", "empty", "cut off"])
def test_a_lost_photo_is_a_plain_sentence_where_it_is_shown(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "photo.jpg"
    Image.effect_noise((1200, 900), 80).convert("RGB").save(path)
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(b"" if damage == "empty" else path.read_bytes()[:5000])
    with pytest.raises(DataError, match=r"The file of this photo .*Add the photo again: it keeps its label\."):
        photo_details.display_bytes("hash", str(path))
