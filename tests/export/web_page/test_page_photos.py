"""The photos of a page: few training photos calibrate nothing, but they are learned all the same."""

from pathlib import Path

from PIL import Image

from core.data.pictures.decoding import Decoded
from core.data.pictures.network_input.preprocessing import Preprocessing
from core.data.snapshot import snapshot_of_project
from core.data.store.store import Store
from core.export.web_page.agreement import Agreement
from core.export.web_page.photos import page_photos
from core.runs.new_run import create_run
from core.training.recipe import Recipe
from core.workspace import open_workspace


def test_five_training_photos_are_learned_beside_new_ones(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "workspace")
    store = Store(workspace)
    project = store.create_project("Cards", classes=["red", "blue"])
    for number in range(8):
        label, color = ("red", (200, 20 * number, 20)) if number % 2 else ("blue", (20, 20 * number, 200))
        row, _ = store.add_image(
            project.id, Decoded(Image.new("RGB", (80, 60), color), (), "PNG", False), b"", f"{number}"
        )
        store.annotate(project.id, [row.id], label, "Ana")
    store.assign_splits(project.id)
    snapshot = snapshot_of_project(store, project.id)
    count = len(snapshot.part("train"))
    assert 2 <= count < 8
    run = create_run(workspace.runs / "20260101-120000-cards", snapshot, Recipe.checked(), title="Cards")
    found, _ = page_photos(run, snapshot.classes, Preprocessing(size=32, resize=32), workspace)
    assert len(found.learned) == len(found.labels) == count and set(found.labels) == {0, 1}
    store.close()
    assert not found.own and len(found.calibration) > 8


def test_the_sentence_about_one_photo_promises_no_less_than_was_measured() -> None:
    one = Agreement(1, 1, 1, 1, 0.0001)
    assert "On 1 validation photo, this page" in one.sentence
    assert "No probability differs by more than 0.001." in one.sentence
