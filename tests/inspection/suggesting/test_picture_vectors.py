"""Vectors of single pictures are those that the background process would compute, and are kept for the suggestions."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from core.data.pictures.decoding import content_hash, decode
from core.data.pictures.network_input.preprocessing import Preprocessing
from core.data.pictures.source import Source
from core.features.vectors import Vectors
from core.inspection.suggesting.picture_vectors import PictureVectors, picture_vectors
from core.models.zoo import POOLED
from core.workspace import Workspace, open_workspace
from tests.inspection.conftest import photo

SEEN = Preprocessing(size=32, resize=36)


class Colors:
    """An engine whose vectors are the mean colour and a corner of each view."""

    name = "fp32"

    def __init__(self) -> None:
        self.views = 0

    def run(self, pixels: np.ndarray, outputs: Sequence[str] = (POOLED,)) -> dict[str, np.ndarray]:
        self.views += len(pixels)
        return {POOLED: np.concatenate([pixels.mean(axis=(1, 2)), pixels[:, 0, 0]], axis=1).astype(np.float32)}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "workspace")


def test_a_stored_photo_and_the_same_picture_have_one_vector(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    photo(1, 200, 150).save(path, quality=90)
    picture = decode(path, path.name).image
    source = Source(content_hash(picture), path, path.name)
    engine = Colors()
    computed = PictureVectors(workspace, "net/fp32/original", engine, SEEN)
    computed.keep([source, source])
    computed.keep([source])
    assert engine.views == 1, "each is computed once"
    found, vectors = Vectors(workspace, "net/fp32/original").known([source.hash])
    assert found == [source.hash]
    np.testing.assert_array_equal(computed.of(picture), vectors)


def test_without_the_weights_there_is_nothing(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.features.frozen_network.available", lambda *names: None)
    assert picture_vectors(workspace) is None
