"""Photos are found in a folder in whatever form they come, and charts are told from them."""

import base64
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.export.hub.drawn_pictures import is_chart, save_chart
from core.export.hub.published_files import files_in, photo_reason
from core.export.web_page.contents import Part
from core.workspace import REPOSITORY
from tests.inspection.conftest import photo


def encoded(form: str) -> bytes:
    out = io.BytesIO()
    photo(1, 64, 64).save(out, form)
    return out.getvalue()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000"])
def test_a_picture_is_one_whatever_its_name(tmp_path: Path, form: str) -> None:
    (tmp_path / "weights.bin").write_bytes(encoded(form))
    assert photo_reason(tmp_path / "weights.bin") == "it is a picture"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("name", ["index.html", "samples.json", "app.js", "report.svg"])
def test_a_picture_inside_a_page_or_table_is_found(tmp_path: Path, form: str, name: str) -> None:
    text = base64.b64encode(encoded(form)).decode()
    (tmp_path / name).write_text(f'before {{"photo": "{text}"}} after', encoding="utf-8")
    assert photo_reason(tmp_path / name) == "it holds pictures"
    (tmp_path / name).write_text(f"<img src='data:image/{form.lower()};base64,{text}'>", encoding="utf-8")
    assert photo_reason(tmp_path / name) == "it holds pictures"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_the_sample_photos_of_a_web_page_are_found_although_they_are_compressed(tmp_path: Path, form: str) -> None:
    photo_inside, numbers = Part("sample-0", encoded(form)), Part("model", bytes(range(256)) * 100)
    for part, reason in ((photo_inside, "it holds pictures"), (numbers, "")):
        script = f'(globalThis.studioData ??= {{}})["{part.name}"] = "{part.encoded()}";\n'
        (tmp_path / f"{part.name}.js").write_text(script, encoding="utf-8")
        assert photo_reason(tmp_path / f"{part.name}.js") == reason
    page = "".join(f'<script type="text/plain">{part.encoded()}</script>' for part in (numbers, photo_inside))
    (tmp_path / "one-file.html").write_text(page, encoding="utf-8")
    assert photo_reason(tmp_path / "one-file.html") == "it holds pictures"


def test_archives_and_arrays_may_hold_pictures(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "photos.bin", "w") as archive:
        archive.writestr("a.jpg", encoded("JPEG"))
    np.savez(tmp_path / "photos.npz", np.zeros(3))
    (tmp_path / "film.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(40))
    reasons = {file.name: file.photo for file in files_in(tmp_path)}
    assert reasons == {
        "film.mp4": "it is a picture",
        "photos.bin": "it may hold pictures",
        "photos.npz": "it may hold pictures",
    }


def test_program_text_and_drawn_charts_are_no_photos(tmp_path: Path) -> None:
    save_chart(photo(2), tmp_path / "confusion-matrix.png")
    (tmp_path / "page.html").write_text("<img src='data:image/svg+xml;base64,PHN2Zz48L3N2Zz4='>", encoding="utf-8")
    (tmp_path / "code.js").write_text("const kind = 'data:image/png;base64,' + canvas;", encoding="utf-8")
    (tmp_path / "weights.safetensors").write_bytes(bytes(100))
    assert is_chart(tmp_path / "confusion-matrix.png")
    assert not any(file.photo for file in files_in(tmp_path))
    Image.open(tmp_path / "confusion-matrix.png").convert("L").save(tmp_path / "confusion-matrix.png")
    assert photo_reason(tmp_path / "confusion-matrix.png") == "it is a picture", "the name alone does not make a chart"


def test_random_weights_do_not_look_like_pictures_in_text(tmp_path: Path) -> None:
    """A page of its own holds megabytes of base64, in which short patterns turn up by chance."""
    numbers = np.random.default_rng(0).bytes(6_000_000)
    (tmp_path / "index.html").write_bytes(base64.b64encode(numbers))
    assert photo_reason(tmp_path / "index.html") == ""


def test_the_program_of_a_space_counts_as_no_photo() -> None:
    assert not [file.name for folder in ("assets", "deploy") for file in files_in(REPOSITORY / folder) if file.photo]


def test_links_and_hidden_files_never_go(tmp_path: Path) -> None:
    (tmp_path / "folder" / ".git").mkdir(parents=True)
    (tmp_path / "folder" / ".git" / "config").write_text("x")
    (tmp_path / "folder" / ".env").write_text("HF_TOKEN=secret")
    (tmp_path / "folder" / ".gitattributes").write_text("x")
    (tmp_path / "secret.txt").write_text("x")
    (tmp_path / "folder" / "link.txt").symlink_to(tmp_path / "secret.txt")
    found = {file.name: file.left_out for file in files_in(tmp_path / "folder")}
    hidden = "it is hidden"
    assert found == {".env": hidden, ".git/config": hidden, ".gitattributes": "", "link.txt": "it is a link"}
