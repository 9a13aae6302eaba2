"""With --json, a command that a user error stops prints the error as one JSON document."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.cli.conftest import Core
from tests.cli.test_help import COMMANDS

FIELDS = {"error", "questions", "problems"}


@pytest.fixture
def boxed(tmp_path: Path) -> Path:
    """A table whose boxes are fractions of two photos of 80 by 60 pixels; a third photo is missing."""
    lines = ["filename,label,x,y,width,height"]
    for number, label in enumerate(("owl", "duck")):
        Image.new("RGB", (80, 60), (number * 90, 120, 60)).save(tmp_path / f"{label}.png")
        lines.append(f"{label}.png,{label},0.25,0.5,0.5,0.25")
    table = tmp_path / "labels.csv"
    table.write_text("\n".join([*lines, "gone.png,owl,,,,"]))
    return table


def stopped(here: Core, *words: object) -> tuple[dict[str, Any], str]:
    """Run a command that a user error stops; return what it says to programs and to people."""
    done = here(*words, "--json")
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    return json.loads(done.stdout), done.stderr


@pytest.mark.parametrize("command", ["import", "train", "find-rate", "cross-validate"])
def test_open_questions_are_told_with_choices_and_samples(
    here: Core, boxed: Path, tmp_path: Path, command: str
) -> None:
    if command == "cross-validate":  # it asks nothing about boxes
        boxed.write_text("filename,label,label.1\nowl.png,owl,duck\nduck.png,duck,owl\n")
    more = {"import": ("--project", "Told"), "train": ("--out", tmp_path / "run")}.get(command, ())
    found, said = stopped(here, command, boxed, *more)
    assert set(found) == FIELDS
    [question] = found["questions"]
    assert set(question) == {"id", "kind", "place", "text", "columns", "choices"}
    assert question["text"] in said and question["text"] in found["error"]
    assert all(set(one) == {"key", "label", "rows", "photos"} for one in question["choices"])
    if command == "cross-validate":
        assert question["kind"] == "label-column" and question["columns"] == ["photo", "label"]
        assert question["choices"][1]["rows"] == [["owl.png", "duck"], ["duck.png", "owl"]]
    else:
        assert (question["kind"], question["place"]) == ("box-unit", "")
        fractions = question["choices"][0]
        assert fractions["key"] == "fractions"
        box = {"label": "owl", "x": 20, "y": 30, "width": 40, "height": 15}
        assert {"name": "owl.png", "boxes": [box]} in fractions["photos"]


def test_problems_that_stop_an_import_are_told(here: Core, boxed: Path) -> None:
    boxed.write_text("filename,label,colour\nowl.png,owl,red\ngone.png,owl,red\n")
    (boxed.parent / "broken.png").write_bytes(b"no photo")
    found, said = stopped(here, "import", boxed, "--project", "Told")
    assert set(found) == FIELDS and not found["questions"]
    assert found["error"].startswith("Nothing was imported") and found["error"] in said
    missing = next(one for one in found["problems"] if "gone.png" in one["text"])
    assert (missing["line"], missing["harmless"]) == (3, False)
    unused = next(one for one in found["problems"] if "colour" in one["text"])
    assert unused["harmless"] is True
    assert all(one["text"] in said for one in found["problems"])


def test_a_dry_run_is_one_document_with_the_error(here: Core, boxed: Path) -> None:
    found, _ = stopped(here, "import", boxed, "--project", "Told", "--dry-run")
    assert set(found) > FIELDS and found["dry_run"] is True
    assert len(found["questions"]) == 1 and any("gone.png" in one["text"] for one in found["problems"])


def test_an_import_without_a_usable_photo_is_one_document(here: Core, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("filename,label\na.png,owl\n")
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n no photo")
    found, said = stopped(here, "import", tmp_path / "labels.csv", "--project", "None", "--yes")
    assert found["error"] in said and found["counts"]["refused"] == 1


def test_what_a_command_lists_itself_stays(here: Core, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check of a workspace has its own list of problems."""
    monkeypatch.setenv("RESNET_STUDIO_HOME", str(tmp_path / "home"))
    Image.new("RGB", (80, 60), "red").save(tmp_path / "a.png")
    (tmp_path / "labels.csv").write_text("filename,label\na.png,owl\n")
    assert here("import", tmp_path / "labels.csv", "--project", "Lost").returncode == 0
    for stored in (tmp_path / "home" / "images").rglob("*.*"):
        stored.unlink()
    found, said = stopped(here, "check")
    assert found["error"] in said and found["questions"] == []
    assert found["problems"] and all("area" in one for one in found["problems"])


def test_files_that_are_no_images_are_told_with_the_error(here: Core, run: Path, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no photo")
    found, said = stopped(here, "predict", run, tmp_path / "a.png")
    assert set(found) > FIELDS and found["error"] in said and "a.png" in json.dumps(found)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_tells_invalid_arguments(here: Core, name: str) -> None:
    found, said = stopped(here, name, "--no-such-option")
    assert set(found) == FIELDS and found["error"] in said and "--help" in found["error"]


def test_without_json_and_after_two_hyphens_nothing_is_printed(here: Core) -> None:
    for words in (("summary", "resnet1"), ("summary", "--", "--json")):
        done = here(*words)
        assert done.returncode == 2 and not done.stdout and done.stderr
    assert json.loads(here("summary", "resnet18", "--json").stdout), "and the next command is told nothing of it"
