"""Labels of annotation tools on the command line: read with the photos apart, asked, and written."""

import json
import zipfile
from pathlib import Path
from typing import Any

from tests.cli.conftest import Core
from tests.data.builders import picture


def task(name: str, label: str, control: str = "choice", by: int = 1) -> dict[str, Any]:
    result = [{"from_name": control, "type": "choices", "value": {"choices": [label]}}]
    annotation = {"completed_by": by, "result": result}
    return {"data": {"image": f"/data/upload/1/0a1b2c3d-{name}"}, "annotations": [annotation]}


def photos(folder: Path, *names: str) -> Path:
    folder.mkdir()
    for number, name in enumerate(names):
        (folder / name).write_bytes(picture(number))
    return folder


def test_tasks_of_label_studio_label_photos_in_another_folder(here: Core, tmp_path: Path) -> None:
    folder = photos(tmp_path / "photos", "a.png", "b.png")
    (tmp_path / "tasks.json").write_text(json.dumps([task("a.png", "owl"), task("b.png", "duck")]))
    done = here("import", tmp_path / "tasks.json", "--images", folder, "--project", "From Label Studio")
    assert done.returncode == 0, done.stderr
    for kind, file in (("label-studio", "tasks.json"), ("cvat", "annotations.xml")):
        out = tmp_path / f"{kind}.zip"
        assert here("labels", "--project", "From Label Studio", "--format", kind, "--out", out).returncode == 0
        with zipfile.ZipFile(out) as archive:
            assert {file, "images/a.png", "images/b.png"} <= set(archive.namelist())
        done = here("import", out, "--project", f"Again from {kind}", "--json")
        assert done.returncode == 0 and json.loads(done.stdout)["counts"]["taken"] == 2, done.stderr


def test_which_answer_is_the_class_is_asked_on_the_command_line(here: Core, tmp_path: Path) -> None:
    folder = photos(tmp_path / "photos", "a.png")
    both = task("a.png", "owl", "animal")
    both["annotations"][0]["result"] += task("a.png", "sunny", "weather")["annotations"][0]["result"]
    (folder / "tasks.json").write_text(json.dumps([both]))
    done = here("import", folder, "--project", "Two answers")
    assert done.returncode == 2 and '--answer "label-studio-choice=animal"' in done.stderr
    done = here("import", folder, "--project", "Two answers", "--answer", "label-studio-choice=animal")
    assert done.returncode == 0, done.stderr


def test_labels_of_a_tool_whose_photos_are_not_there_say_so(here: Core, tmp_path: Path) -> None:
    (tmp_path / "tasks.json").write_text(json.dumps([task("a.png", "owl")]))
    done = here("import", tmp_path / "tasks.json", "--project", "Nothing there")
    assert done.returncode == 2 and "0a1b2c3d-a.png is not among the files" in done.stderr
