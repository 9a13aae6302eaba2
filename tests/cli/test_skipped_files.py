"""What predict, explain and features skip in a folder is always listed, and they exit with 2 where nothing is left."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from core.cli.predicting.image_sources import pictures
from core.errors import ImageRefused
from tests.cli.conftest import Core


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "trip"
    (folder / "deep").mkdir(parents=True)
    Image.new("RGB", (50, 30), "red").save(folder / "deep" / "red.png")
    for number in range(5):
        (folder / f"IMG_{number}.MOV").write_bytes(b"\0\0\0\x14ftypqt  ")
    (folder / "DSC_1.NEF").write_bytes(b"II*\0")
    (folder / "IMG_9.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    (folder / "notes.txt").write_text("not a photo", encoding="utf-8")
    (folder / "labels.csv").write_text("filename,label\n", encoding="utf-8")
    (folder / "old.zip").write_bytes(b"PK\3\4")
    (folder / "README").write_text("nothing", encoding="utf-8")
    for clutter in (".DS_Store", "Thumbs.db", "._IMG_9.HEIC"):
        (folder / clutter).write_bytes(b"\0\5\x16\7")
    (folder / "elsewhere").symlink_to(tmp_path)
    (folder / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    return folder


REASONS = {
    "DSC_1.NEF": "raw photo of a camera",
    "IMG_9.HEIC": "HEIC photo",
    "notes.txt": ".txt is not a supported image format",
    "labels.csv": "this table is not used",
    "old.zip": "not opened inside a folder",
    "README": "without a suffix",
    "elsewhere": "a link to a folder",
    "gone.jpg": "a link to nothing",
    **{f"IMG_{number}.MOV": "it is a video" for number in range(5)},
}


def test_everything_in_a_folder_is_read_or_has_a_reason(folder: Path) -> None:
    found = dict(pictures([folder]))
    assert found.pop("deep/red.png") == folder / "deep" / "red.png"
    heic = found.pop("IMG_9.HEIC")
    assert heic == folder / "IMG_9.HEIC", "the decoder says what is wrong with it"
    assert set(found) == set(REASONS) - {"IMG_9.HEIC"}
    for name, source in found.items():
        assert isinstance(source, ImageRefused) and REASONS[name] in source.reason


def test_predict_lists_what_it_skips(here: Core, run: Path, folder: Path) -> None:
    done = here("predict", run, folder, "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert [one["filename"] for one in said["answers"]] == ["deep/red.png"]
    reasons = {one["filename"]: one["reason"] for one in said["refused"]}
    assert set(reasons) == set(REASONS) and all(part in reasons[name] for name, part in REASONS.items())
    lines = done.stderr.splitlines()
    assert all(any(name in line for line in lines) for name in REASONS)
    assert sum("it is a video" in line for line in lines) == 1, "many of a kind share a line"


def test_features_lists_what_it_skips(here: Core, run: Path, folder: Path, tmp_path: Path) -> None:
    done = here("features", run, folder, "--out", tmp_path / "f.npz", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["images"] == 1 and {one["filename"] for one in said["refused"]} == set(REASONS)
    assert all(name in done.stderr for name in REASONS)


@pytest.mark.parametrize("command", ["predict", "features"])
def test_a_folder_without_a_usable_image_exits_with_2(here: Core, run: Path, tmp_path: Path, command: str) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    (folder / "a.mov").write_bytes(b"\0\0\0\x14ftypqt  ")
    out = ["--out", tmp_path / "f.npz"] if command == "features" else []
    done = here(command, run, folder, *out)
    assert done.returncode == 2
    assert "a.mov: it is a video" in done.stderr and not (tmp_path / "f.npz").exists()


def test_how_an_image_was_converted_is_said(here: Core, run: Path, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (40, 40), color) for color in ("red", "green")]
    frames[0].save(tmp_path / "clip.gif", save_all=True, append_images=frames[1:])
    done = here("predict", run, tmp_path, "--json")
    assert json.loads(done.stdout)["answers"][0]["remarks"] == ["first of 2 frames"]
    done = here("explain", run, tmp_path / "clip.gif", "--out", tmp_path / "heat.png")
    assert done.returncode == 0 and "clip.gif: first of 2 frames" in done.stderr


def test_the_box_of_a_very_large_photo_is_in_pixels_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    from core.data.pictures import decoding_limits, opened_picture
    from core.inspection.predicting.predict_files import predict_files

    class Recorder:
        """Stands for a predictor; keeps the sizes that boxes are scaled to."""

        sizes: list[tuple[int, int]] = []

        def view(self, image: Image.Image) -> Image.Image:
            return image.resize((8, 8))

        def predictions_of_views(self, views: list[Image.Image], sizes: list[tuple[int, int]], _: int) -> list[None]:
            self.sizes += sizes
            return [None] * len(views)

    for module in (decoding_limits, opened_picture):
        monkeypatch.setattr(module, "MAX_PIXELS", 10_000)
    out = io.BytesIO()
    Image.new("RGB", (200, 100), "red").save(out, "JPEG")
    recorder = Recorder()
    [answer] = predict_files(recorder, [("a.jpg", out.getvalue())])  # type: ignore[arg-type]
    assert recorder.sizes == [(200, 100)] and "read at reduced scale" in answer.remarks[0]


def test_an_animation_is_asked_about_on_the_command_line(here: Core, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (40, 40), color) for color in ("red", "green")]
    frames[0].save(tmp_path / "clip.gif", save_all=True, append_images=frames[1:])
    (tmp_path / "IMG_1.MOV").write_bytes(b"\0\0\0\x14ftypqt  ")
    done = here("import", tmp_path, "--project", "Clips")
    assert done.returncode == 2
    assert '--answer "frames=all" (use all frames as photos)' in done.stderr
    assert "clip.gif#2.png" in done.stderr and "no box" not in done.stderr
    done = here("import", tmp_path, "--project", "Clips", "--answer", "frames=all")
    assert done.returncode == 0 and "2  imported" in done.stdout, done.stderr
    assert "IMG_1.MOV: it is a video" in done.stderr
