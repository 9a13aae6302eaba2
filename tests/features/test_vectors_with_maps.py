"""Vectors of a view with the maps of a stage beside them."""

from pathlib import Path

import numpy as np
import pytest

from core.features.maps import Maps, maps_name, read
from core.features.vectors import Vectors
from core.features.vectors_with_maps import VectorsWithMaps
from core.models.zoo import POOLED
from core.workspace import Workspace


def outputs(value: float) -> dict[str, np.ndarray]:
    return {POOLED: np.full(3, value, np.float32), "layer3": np.full((2, 4, 4), value, np.float32)}


@pytest.fixture
def stores(tmp_path: Path) -> tuple[Vectors, Maps]:
    workspace = Workspace(tmp_path)
    return Vectors(workspace, "net/fp32/original"), Maps(workspace, maps_name("net/fp32/original", "layer3"))


def test_maps_are_stored_beside_the_vectors_of_the_same_photos(stores: tuple[Vectors, Maps]) -> None:
    vectors, maps = stores
    both = VectorsWithMaps(vectors, maps, "layer3")
    assert both.outputs == (POOLED, "layer3")
    rows = [both.row(outputs(value)) for value in (1.0, 2.0)]
    assert rows[0]["layer3"].dtype == np.float16 and rows[0]["layer3"].shape == (4, 4, 2)
    both.add_outputs(["a", "b"], rows)
    assert vectors.missing(["a", "b", "c"]) == maps.missing(["a", "b", "c"]) == ["c"]
    assert read([maps.places(["b"])["b"]]).ravel().tolist() == [2.0] * 32
    both.add_outputs(["a"], rows[:1])
    assert len(list(maps.folder.glob("*.npy"))) == 1, "a map that is there is not stored again"


def test_photos_that_have_vectors_are_not_computed_for_their_maps(stores: tuple[Vectors, Maps]) -> None:
    vectors, maps = stores
    vectors.add(["a"], np.ones((1, 3), np.float32))
    assert VectorsWithMaps(vectors, maps, "layer3").missing(["a", "b"]) == ["b"]


@pytest.mark.parametrize("trouble", ["too large", "full disk"])
def test_vectors_are_stored_where_maps_cannot_be(
    trouble: str, stores: tuple[Vectors, Maps], monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors, maps = stores
    both = VectorsWithMaps(vectors, maps, "layer3")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    if trouble == "full disk":
        monkeypatch.setattr(maps, "add", full)
    both.add_outputs(["a"], [both.row(outputs(1e6 if trouble == "too large" else 1.0))])
    both.add_outputs(["b"], [both.row(outputs(1.0))])
    assert not vectors.missing(["a", "b"]) and maps.missing(["a", "b"]) == ["a", "b"]
