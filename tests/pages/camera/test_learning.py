"""Train while collecting: new photos get vectors at once, and the head that they train answers the camera."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from core.data.importing.sources.camera_burst import Burst, store_frames
from core.data.pictures.network_input.preprocessing import Preprocessing
from core.data.store.store import Store
from core.inspection.suggesting.picture_vectors import PictureVectors
from core.inspection.suggesting.suggestions import SuggestionModel
from core.inspection.suggesting.vector_job import vectors_of
from pages.components.camera import learning
from pages.components.camera.learning import Look, learn, look_at
from tests.inspection.suggesting.test_picture_vectors import Colors

NAME = "net/fp32/original"
RED, BLUE = (200, 40, 30), (30, 40, 200)


def frame_of(color: tuple[int, int, int], seed: int) -> bytes:
    noise = np.random.default_rng(seed).integers(-25, 26, (40, 48, 3))
    stream = io.BytesIO()
    Image.fromarray(np.clip(np.asarray(color) + noise, 0, 255).astype(np.uint8)).save(stream, "JPEG", quality=92)
    return stream.getvalue()


def looked(number: int, file: bytes) -> dict[str, object]:
    return {"token": "t", "number": number, "picture": base64.b64encode(file).decode()}


def test_the_head_learns_from_each_burst_and_answers_the_camera(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    project = store.create_project("Colours", classes=["red", "blue"])
    model = SuggestionModel(store, project.id, vectors_of(store.workspace, NAME))
    computed = PictureVectors(store.workspace, NAME, Colors(), Preprocessing(size=32, resize=36))
    monkeypatch.setattr(learning, "instant_model", lambda project_id: model)
    monkeypatch.setattr(learning, "_computed", lambda some: computed)
    monkeypatch.setattr(learning.frame, "store", lambda: store)
    early = look_at(project, looked(1, frame_of(RED, 90)), "t", Look())
    assert early.number == 1 and "at least two photos" in early.words
    for label, color in (("red", RED), ("blue", BLUE)):
        burst = store_frames(store, project.id, Burst(label, label), [frame_of(color, one) for one in range(4)], "Ana")
        learn(project, burst.ids)
        assert model.suggestions is not None or not model.fresh, "a fit has been requested"
    model.refresh()  # and not only the one in the background, which a busy machine delays
    red = look_at(project, looked(2, frame_of(RED, 92)), "t", early)
    blue = look_at(project, looked(3, frame_of(BLUE, 93)), "t", red)
    assert max(red.bars, key=lambda one: one[1])[0] == "red" and max(blue.bars, key=lambda one: one[1])[0] == "blue"
    assert store.count(project.id) == 8, "what the camera sees is not kept"
    # What is not from our script changes nothing; what is no picture is said.
    for raw in (None, {"token": "t"}, {**looked(99, b""), "token": "x"}, looked(1, frame_of(RED, 1))):
        assert look_at(project, raw, "t", blue) is blue
    assert "camera" in look_at(project, looked(99, b"no picture"), "t", blue).words
