"""Sharing with the class: a copy of that moment, seen by the class alone, until it is taken back."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data.store.store import Store
from core.errors import DataError, PeopleError
from core.inspection.predicting.predictions import Prediction
from core.models.bundle import read_info
from core.people import door, groups
from core.people.class_rules import change_rules
from core.people.exporting.export_person import export_person
from core.people.register import Register
from core.people.removal import delete_class, delete_leftovers, delete_person, start_afresh
from core.people.sharing.break_it import try_to_fool
from core.people.sharing.gallery import copy_shared_project, gallery, place_of, shared_item, unshare
from core.people.sharing.share import MOST_SHARED, share_model, share_project
from tests.people.sharing.conftest import Class


def _shared_project(register: Register, room: Class, *, copies: bool = True) -> int:
    store = Store(door.workspace_of(room.ada))
    try:
        return share_project(register, room.ada, room.room, store, room.project, copies=copies).id
    finally:
        store.close()


def test_a_shared_model_is_a_copy_with_its_figures_and_without_photos(register: Register, room: Class) -> None:
    item = share_model(register, room.ada, room.room, room.run, note="  three \n trees ")
    assert (item.owner, item.kind, item.name, item.note) == ("Ada", "model", "Trees one", "three trees")
    assert (item.about.classes, item.about.figure, item.about.value, item.about.n) == (
        ("oak", "elm", "ash"),
        "accuracy",
        0.9,
        10,
    )
    place = place_of(register, item)
    assert {file.name for file in place.iterdir()} == {"bundle.json", "model.safetensors"}
    (room.run.best / "bundle.json").write_text("{}")
    assert read_info(place).classes == ("oak", "elm", "ash"), "what happens to the run later does not change it"
    assert gallery(register, room.ben, room.room) == gallery(register, room.teacher, room.room) == [item]


def test_a_class_sees_its_own_gallery_only(register: Register, room: Class) -> None:
    item = share_model(register, room.ada, room.room, room.run)
    for ask in (
        lambda: gallery(register, room.zoe, room.room),
        lambda: shared_item(register, room.zoe, item.id),
        lambda: share_model(register, room.zoe, room.room, room.run),
        lambda: unshare(register, room.zoe, item.id),
        lambda: unshare(register, room.ben, item.id),
    ):
        with pytest.raises(PeopleError):
            ask()
    assert gallery(register, room.ada, room.room) == [item]


def test_a_shared_project_is_copied_whole_or_only_looked_at(register: Register, room: Class) -> None:
    looked = _shared_project(register, room, copies=False)
    target = Store(door.workspace_of(room.ben))
    with pytest.raises(PeopleError, match="Ada has shared Leaves to look at, not to copy"):
        list(copy_shared_project(register, room.ben, looked, target))
    assert target.projects() == []
    given = _shared_project(register, room)
    assert list(copy_shared_project(register, room.ben, given, target))[-1] == 1.0
    (copied,) = target.projects()
    assert {row.filename: row.label for row in target.images(copied.id)} == {
        "a.png": "oak",
        "b.png": "ash",
        "c.png": None,
    }
    with pytest.raises(DataError, match="Leaves"):
        list(copy_shared_project(register, room.ben, given, target))
    about = shared_item(register, room.ben, given).about
    assert (about.photos, about.labelled, about.classes) == (3, 2, ("oak", "elm", "ash"))
    target.close()


def test_the_teacher_switches_sharing_off(register: Register, room: Class) -> None:
    item = share_model(register, room.ada, room.room, room.run)
    change_rules(register, room.room, sharing=False)
    for ask in (
        lambda: gallery(register, room.ben, room.room),
        lambda: shared_item(register, room.ben, item.id),
        lambda: share_model(register, room.ada, room.room, room.run),
    ):
        with pytest.raises(PeopleError, match="switched sharing off"):
            ask()
    assert gallery(register, room.teacher, room.room) == [item]
    unshare(register, room.ada, item.id)
    assert gallery(register, room.teacher, room.room) == []
    assert not place_of(register, item).exists()


def test_a_group_s_model_belongs_to_all_its_pupils(register: Register, room: Class) -> None:
    foxes = groups.create_group(register, room.room, "Foxes", [room.ada.id, room.ben.id])
    item = share_model(register, foxes, room.room, room.run)
    assert item.owner == "Foxes"
    with pytest.raises(PeopleError, match="Foxes has shared this"):
        unshare(register, room.cem, item.id)
    unshare(register, room.ben, item.id)
    assert gallery(register, room.cem, room.room) == []


def test_what_is_shared_goes_with_whoever_shared_it(register: Register, room: Class) -> None:
    by_ada, by_teacher = (share_model(register, one, room.room, room.run) for one in (room.ada, room.teacher))
    start_afresh(register, room.ada)
    assert gallery(register, room.ben, room.room) == [by_teacher]
    assert not place_of(register, by_ada).exists()
    delete_class(register, room.room)
    assert not place_of(register, by_teacher).exists()


def test_deleting_a_pupil_deletes_what_they_shared(register: Register, room: Class) -> None:
    item = share_model(register, room.ada, room.room, room.run)
    delete_person(register, room.ada)
    assert gallery(register, room.ben, room.room) == []
    assert not place_of(register, item).exists()


def test_sharing_that_fails_leaves_nothing(register: Register, room: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = register.server / "shared"
    room.run.write_status(state="running")
    with pytest.raises(PeopleError, match="Wait until the training ends"):
        share_model(register, room.ada, room.room, room.run)
    room.run.write_status(state="finished")
    store = Store(door.workspace_of(room.ada))
    store.image_path(store.images(room.project)[0].hash).unlink()
    with pytest.raises(DataError, match="lost"):
        share_project(register, room.ada, room.room, store, room.project)
    store.close()
    assert not shared.exists() or list(shared.iterdir()) == []
    left = shared / "broken-off"
    left.mkdir(parents=True)
    delete_leftovers(register)
    assert not left.exists()


def test_nobody_shares_without_end(register: Register, room: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_SHARED >= 10
    monkeypatch.setattr("core.people.sharing.share.MOST_SHARED", 1)
    share_model(register, room.ada, room.room, room.run)
    with pytest.raises(PeopleError, match="Take one back first"):
        share_model(register, room.ada, room.room, room.run)


def test_a_backup_holds_what_is_shared(register: Register, room: Class) -> None:
    from core.backup.contents import contents

    project = _shared_project(register, room)
    item = shared_item(register, room.ada, project)
    found = contents(register.server)
    assert f"shared/{item.folder}/studio.db" in found.databases
    pictures = [name for name in found.files if name.startswith(f"shared/{item.folder}/images/")]
    assert len(pictures) == 3
    assert all(Path(register.server / name).is_file() for name in pictures)


def test_what_is_shared_and_played_belongs_to_a_pupils_export(register: Register, room: Class, tmp_path: Path) -> None:
    item = share_model(register, room.ada, room.room, room.run)
    groups.create_group(register, room.room, "Foxes", [room.ben.id])
    photo = Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 90, 3), dtype=np.uint8))
    one = try_to_fool(register, room.ben, item, photo, "oak", Prediction((("elm", 0.9),)))
    list(export_person(register, room.ben, tmp_path / "ben.zip"))
    with zipfile.ZipFile(tmp_path / "ben.zip") as found:
        about = json.loads(found.read("about.json"))
        assert about["groups"] == ["Foxes"]
        assert [(tried["model"], tried["photo"]) for tried in about["tries_of_the_game"]] == [
            ("Trees one", f"game/{one.id}.jpg")
        ]
        assert found.read(f"game/{one.id}.jpg") == one.photo.read_bytes()
    list(export_person(register, room.ada, tmp_path / "ada.zip"))
    with zipfile.ZipFile(tmp_path / "ada.zip") as found:
        (thing,) = json.loads(found.read("about.json"))["shared_with_the_class"]
        assert (thing["kind"], thing["name"]) == ("model", "Trees one")
