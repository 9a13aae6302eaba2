"""Photos from the camera: messages of the browser are checked and taken once; the panel is where photos are added."""

import base64
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.data.store.store import Project, Store
from core.errors import DataError
from pages.components.camera import phones
from pages.components.camera.collection import Collection
from tests.pages.conftest import OpenPage, messages


def picture(seed: int) -> str:
    """A frame in base64, as the script posts it."""
    noise = np.random.default_rng(seed).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, "JPEG")
    return base64.b64encode(stream.getvalue()).decode()


def frames(mine: Collection, number: int, *seeds: int, burst: str = "a", label: str = "owl") -> dict[str, Any]:
    pictures = [picture(seed) for seed in seeds]
    return {"token": mine.token, "number": number, "burst": burst, "label": label, "pictures": pictures}


def test_each_message_is_taken_once_and_a_burst_is_one_group(store: Store, birds: Project) -> None:
    mine, before = Collection(birds.id), store.count(birds.id)
    assert len(mine.take(frames(mine, 1, 1, 2), store, "Ana")) == 2
    assert mine.take(frames(mine, 1, 3), store, "Ana") == ()  # posted again, because its answer was late
    assert len(mine.take(frames(mine, 2, 4), store, "Ana")) == 1
    assert len(mine.take(frames(mine, 3, 5, burst="b", label="duck"), store, "Ana")) == 1
    assert store.count(birds.id) == before + 4
    assert sorted(store.groups(birds.id).values()) == [1, 3]
    assert mine.remove({"token": mine.token, "burst": "a", "count": 2}, store, "Ana")
    assert store.count(birds.id) == before + 2 and len(mine.bursts["a"].ids) == 1


def test_messages_from_outside_change_nothing(store: Store, birds: Project) -> None:
    mine, before = Collection(birds.id), store.count(birds.id)
    good = frames(mine, 1, 1)
    for raw in (None, {}, {**good, "token": "x"}, {**good, "number": 0}, {**good, "pictures": "text"}):
        assert mine.take(raw, store, "Ana") == () and mine.taken == 0
    assert mine.take({**good, "pictures": ["no base64!", base64.b64encode(b"text").decode()]}, store, "Ana") == ()
    assert mine.bursts["a"].refused == 2
    with pytest.raises(DataError, match='no class "swan"'):
        mine.take(frames(mine, 2, 1, burst="b", label="swan"), store, "Ana")
    assert not mine.remove({"token": mine.token, "burst": "unknown", "count": 1}, store, "Ana")
    assert not mine.remove({"token": "x", "burst": "a", "count": 1}, store, "Ana")
    assert store.count(birds.id) == before


def test_the_panel_is_on_annotate_and_home(store: Store, birds: Project, open_page: OpenPage) -> None:
    app = open_page("Annotate", project=str(birds.id))
    app.segmented_control(key="annotate-section").select("Camera").run()
    assert not messages(app) and says(app, "one side of the split")
    home = open_page("Home", project=str(birds.id))
    assert not says(home, "one side of the split")
    home.toggle(key="home-camera").set_value(True).run()
    assert not messages(home) and says(home, "one side of the split")


def test_an_empty_project_with_classes_begins_with_the_camera(store: Store, open_page: OpenPage) -> None:
    empty = store.create_project("Eyes", classes=["open", "closed"])
    app = open_page("Annotate", project=str(empty.id))
    assert not messages(app) and says(app, "one side of the split")
    assert [one.value for one in app.header] == ["No photos yet", "Or take photos with the camera"]
    boxes = store.create_project("Boxes", "localization", classes=["car"])
    assert not says(open_page("Annotate", project=str(boxes.id)), "one side of the split")


def test_phones_get_an_address_that_they_can_reach() -> None:
    local = phones.address_for_phones("http://localhost:8501/Annotate?name=Ana", 3, "192.168.1.7")
    assert local == "http://192.168.1.7:8501/Annotate?project=3"
    named = phones.address_for_phones("https://studio.school.example/Annotate", 3, "192.168.1.7")
    assert named == "https://studio.school.example/Annotate?project=3"
    assert phones.address_for_phones("http://[::1]:8501/", 3, "10.0.0.2") == "http://10.0.0.2:8501/?project=3"


def says(app: AppTest, words: str) -> bool:
    return any(words in one.value for one in (*app.caption, *app.markdown))
