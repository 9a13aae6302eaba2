"""What is handed over of a pupil: complete, importable, without hashes, and without a locked exam for themselves."""

import csv
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data.store.store import Store
from core.errors import PeopleError
from core.people import door, joining
from core.people.class_rules import change_rules
from core.people.exporting.export_person import export_person
from core.people.exporting.named_person import person_named
from core.people.records import Person
from core.people.register import Register
from core.people.teaching.lesson_record import record_lesson
from tests.cli.in_process import run_here


@pytest.fixture
def ada(register: Register) -> Person:
    """Ada, with a labelled project, a removed photo, a project without photos and a run with an exam."""
    from core.data.pictures.decoding import decode

    person = joining.join(register, register.create_class("7b"), "Ada").person
    workspace = door.workspace_of(person)
    store = Store(workspace)
    project = store.create_project("Leaves: 1/2", classes=["oak", "ash"])
    for seed, name in enumerate(("tree/a.png", "b.png", "c.png")):
        raw = io.BytesIO()
        Image.fromarray(np.random.default_rng(seed).integers(0, 255, (12, 16, 3), dtype=np.uint8)).save(raw, "PNG")
        row, _ = store.add_image(project.id, decode(raw.getvalue(), name), raw.getvalue(), name)
        store.annotate(project.id, [row.id], "oak", "Ada")
    store.remove_images(project.id, [row.id], "Ada")
    store.create_project("Empty")
    store.close()
    run = workspace.runs / "20261130-101010-first-a1b"
    (run / "best").mkdir(parents=True)
    (run / "status.json").write_text('{"state": "finished", "title": "First", "created": "2026-11-30T10:10:10Z"}')
    for name in ("recipe.json", "report-val.json", "report-test.json", "predictions-test.csv", "report.html"):
        (run / name).write_text(name)
    (run / "best" / "bundle.json").write_text("{}")
    (run / "best" / "model.safetensors").write_bytes(b"weights")
    record_lesson(workspace, "skips")
    return register.person(person.id)


def exported(register: Register, person: Person, out: Path, **options: bool) -> zipfile.ZipFile:
    steps = list(export_person(register, person, out, **options))
    assert [step.done for step in steps] == [0, 1, 2, 3] and {step.total for step in steps} == {3}
    assert [path.name for path in out.parent.iterdir() if path.name.startswith(".")] == []
    return zipfile.ZipFile(out)


def test_everything_is_there_under_its_own_name(register: Register, ada: Person, tmp_path: Path) -> None:
    with exported(register, ada, tmp_path / "ada.zip") as found:
        names = set(found.namelist())
        folder = next(name.split("/")[1] for name in names if name.endswith("b.png"))
        assert folder == "1 Leaves_ 1_2"
        labels = list(csv.DictReader(io.StringIO(found.read(f"projects/{folder}/labels.csv").decode("utf-8-sig"))))
        assert [(row["filename"], row["label"]) for row in labels] == [("tree/a.png", "oak"), ("b.png", "oak")]
        with Image.open(io.BytesIO(found.read(f"projects/{folder}/tree/a.png"))) as photo:
            assert photo.size == (16, 12)
        history = found.read(f"projects/{folder}/history.csv").decode()
        assert "Ada" in history and "removed" in history
        assert "projects/2 Empty/labels.csv" in names
        assert len([name for name in names if name.startswith("other-photos/")]) == 1, "the removed photo"
        run = "runs/20261130-101010-first-a1b"
        assert {f"{run}/recipe.json", f"{run}/report-test.json", f"{run}/best/model.safetensors"} <= names
        about = json.loads(found.read("about.json"))
        assert (about["name"], about["class"], about["lesson_opened_last"]) == ("Ada", "7b", "skips")
        assert len(about["browsers"]) == 1 and set(about["browsers"][0]) == {"joined", "last_seen", "let_in"}
        assert "other-photos/" in found.read("README.txt").decode()
        assert not [name for name in names if name.endswith((".db", ".lock"))]


def test_a_pupil_does_not_get_the_figures_of_a_locked_exam(register: Register, ada: Person, tmp_path: Path) -> None:
    change_rules(register, ada.class_id or 0, exam_locked=True)
    with exported(register, ada, tmp_path / "own.zip", for_themselves=True) as found:
        names = [name for name in found.namelist() if name.startswith("runs/")]
        assert not [name for name in names if "-test." in name or name.endswith("report.html")]
        assert [name for name in names if name.endswith("report-val.json")]
        assert "Your teacher has locked the exam." in found.read("README.txt").decode()
    with exported(register, ada, tmp_path / "teacher.zip") as found:
        assert [name for name in found.namelist() if name.endswith("report-test.json")]
    change_rules(register, ada.class_id or 0, exam_locked=False)
    with exported(register, ada, tmp_path / "later.zip", for_themselves=True) as found:
        assert [name for name in found.namelist() if name.endswith("report-test.json")]


def test_nothing_is_replaced_and_nothing_half_done_stays(
    register: Register, ada: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "ada.zip"
    out.write_text("mine")
    with pytest.raises(PeopleError, match="already exists"):
        list(export_person(register, ada, out))
    assert out.read_text() == "mine"
    out.unlink()
    begun = export_person(register, ada, out)
    next(begun)
    begun.close()
    monkeypatch.setattr(
        "core.people.exporting.export_person.history_csv", lambda *_: (_ for _ in ()).throw(OSError(28, "full"))
    )
    with pytest.raises(Exception, match="The disk is full"):
        list(export_person(register, ada, out))
    assert [path.name for path in tmp_path.iterdir() if "ada" in path.name] == []


def test_whoever_has_made_nothing_gets_what_the_register_knows(register: Register, tmp_path: Path) -> None:
    (ben,) = register.add_people(register.create_class("7c").id, ["Ben"])
    list(export_person(register, ben, tmp_path / "ben.zip"))
    with zipfile.ZipFile(tmp_path / "ben.zip") as found:
        assert set(found.namelist()) == {"about.json", "README.txt"}
        assert json.loads(found.read("about.json"))["has_joined"] is False


def test_the_command_finds_the_pupil_or_says_who_is_there(register: Register, ada: Person, tmp_path: Path) -> None:
    done = run_here("people", "export", "ada", tmp_path / "ada.zip", "--class", "7B", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["name"] == "Ada" and (tmp_path / "ada.zip").is_file()
    assert person_named(register, " ADA ", "7b") == ada
    wrong = run_here("people", "export", "Eve", tmp_path / "eve.zip", "--class", "7b")
    assert (wrong.returncode, wrong.stderr.strip()) == (2, "Nobody in 7b has the name Eve. Names: Ada.")
    assert run_here("people", "export", "Ada", tmp_path / "x.zip", "--class", "8").returncode == 2
