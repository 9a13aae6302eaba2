"""The process that computes a project's vectors tests 8 bits with the photos that have a label already."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.data.pictures.decoding import Decoded
from core.data.store.store import Store
from core.features.engines import choice, int8_check
from core.features.engines.ort_engine import OrtEngine
from core.features.frozen_network import FrozenNetwork
from core.features.preferred_engine import EXACT, preferred_engine
from core.features.vectors import Vectors, default_vectors, vectors_name
from core.inspection.suggesting import vector_job
from core.inspection.suggesting.vector_job import VIEWS
from core.workspace import open_workspace
from tests.features.engines.test_choice import NETWORK, SLOW
from tests.features.engines.test_torch_engine import arrays_of
from tests.models.onnx.test_resnet_graph import NETWORKS, trained_like

PHOTOS, LEAST = 120, 40
CALIBRATING = 8


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A workspace on a machine where 8 bits are more than twice as fast; the network is a tiny one."""
    small = arrays_of(trained_like(NETWORKS["basic"]))
    monkeypatch.setattr(FrozenNetwork, "of_imagenet", classmethod(lambda cls: NETWORK))
    monkeypatch.setattr(choice, "arrays_of", lambda network: small)
    monkeypatch.setattr(choice, "default_device", lambda: "cpu")
    for module in (choice, int8_check):
        monkeypatch.setattr(module, "LEAST_PHOTOS", LEAST)
    monkeypatch.setattr(choice, "CALIBRATION_PHOTOS", CALIBRATING)
    monkeypatch.setattr(choice, "_speeds", lambda *_: SLOW)
    monkeypatch.setattr(choice, "has_int8_dot_products", lambda: True)
    monkeypatch.setattr(choice, "measured_speeds", lambda some, _: {n: 48.0 if "int8" in n else 20.0 for n in some})
    opened = Store(open_workspace(tmp_path))
    yield opened
    opened.close()


def project_with(store: Store, labelled: int) -> int:
    """Photos of noise, dark ones and bright ones in turn, the first ones labelled and divided."""
    project = store.create_project("Light", classes=("dark", "bright")).id
    dice = np.random.default_rng(0)
    ids = []
    for number in range(PHOTOS):
        pixels = dice.integers(0, 80, (16, 16, 3), dtype=np.uint8) + np.uint8(170 * (number % 2))
        image = Decoded(Image.fromarray(pixels), (), "PNG", False)
        ids.append(store.add_image(project, image, b"", f"{number:03}.png")[0].id)
    for place, name in enumerate(("dark", "bright")):
        store.annotate(project, ids[place:labelled:2], name, "ann")
    store.assign_splits(project)
    return project


def engine_of(store: Store, project: int) -> str | None:
    return preferred_engine(store.workspace, NETWORK, lambda: [row.hash for row in store.images(project)])


def counts(store: Store, engine: str) -> list[int]:
    return [Vectors(store.workspace, vectors_name(NETWORK, engine, view)).count() for view in VIEWS]


def test_where_onnxruntime_is_the_only_candidate_the_process_does_without_torch(
    default_weights: object, tmp_path: Path
) -> None:
    """It loaded 600 MB of torch for the sizes of its pictures."""
    store = Store(open_workspace(tmp_path))
    project = store.create_project("Light", classes=("dark", "bright")).id
    store.add_image(project, Decoded(Image.new("RGB", (16, 16)), (), "PNG", False), b"", "a.png")
    code = """
import sys
from core.features.engines import candidates
from core.inspection.suggesting import vector_job
candidates.computes_with_avx2_at_best = lambda: True
candidates.may_have_accelerator = lambda: False
vector_job.main()
sys.exit(any(name in sys.modules for name in ("torch", "torchvision")))
"""
    environment = {**os.environ, "RESNET_STUDIO_HOME": str(tmp_path)}
    assert subprocess.run([sys.executable, "-c", code, str(project)], env=environment, check=False).returncode == 0
    name = default_vectors(store.workspace)
    assert name and Vectors(store.workspace, name).count() == 1
    store.close()


def test_the_photos_with_a_label_test_8_bits_and_those_of_the_test_set_stay_unused(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = project_with(store, PHOTOS)
    computed: list[int] = []
    run = OrtEngine.run

    def counting(self: OrtEngine, pixels: np.ndarray, outputs: Sequence[str] = ("pooled",)) -> Any:
        if self.name.startswith("int8-"):
            computed.append(len(pixels))
        return run(self, pixels, outputs)

    monkeypatch.setattr(OrtEngine, "run", counting)
    assert vector_job._compute_all(store, project) == {}
    engine = engine_of(store, project)
    assert engine is not None and engine.startswith("int8-")
    assert counts(store, engine) == [PHOTOS, PHOTOS]
    assert sum(computed) == 2 * PHOTOS, "what the self-test computes is kept"
    held_out = {row.hash for row in store.images(project) if row.split == "test"}
    exact = Vectors(store.workspace, vectors_name(NETWORK, EXACT))
    assert exact.count() >= LEAST and len(held_out) > 5
    assert set(exact.missing(list(held_out))) == held_out


def test_with_few_labels_vectors_are_computed_exactly(store: Store) -> None:
    project = project_with(store, LEAST - 2)
    vector_job._compute_all(store, project)
    assert preferred_engine(store.workspace, NETWORK) == EXACT
    assert counts(store, EXACT) == [PHOTOS, PHOTOS]


def test_a_photo_that_cannot_be_read_has_no_part_in_the_test_of_8_bits(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = project_with(store, PHOTOS)
    broken = [row.hash for row in store.images(project) if row.split == "train"][:3]
    for one in broken:
        store.image_paths(project)[one].write_bytes(b"no picture")
    # All photos but a few are tested, so that these are among them.
    monkeypatch.setattr(choice, "_tested", lambda images, labelled: len(labelled.labels) - CALIBRATING)
    monkeypatch.setattr(choice, "_is_worth_a_try", lambda *_: True)
    assert set(vector_job._compute_all(store, project)) == set(broken)
    engine = engine_of(store, project)
    assert engine is not None and engine.startswith("int8-")
    assert counts(store, engine) == [PHOTOS - 3, PHOTOS - 3]


@pytest.mark.parametrize("names", [("dark",), ("dark", "bright")])
def test_one_label_of_a_second_class_does_not_end_the_process(store: Store, names: tuple[str, ...]) -> None:
    project = project_with(store, PHOTOS)
    rows = store.images(project)
    store.annotate(project, [row.id for row in rows], "dark", "ann")
    for name in names[1:]:
        store.annotate(project, [next(row.id for row in rows if row.split == "train")], name, "ann")
    assert vector_job._compute_all(store, project) == {}
    assert engine_of(store, project) == EXACT and counts(store, EXACT) == [PHOTOS, PHOTOS]


def test_a_photo_that_is_added_meanwhile_does_not_end_the_process(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The groups of near-duplicates do not have it yet."""
    project = project_with(store, PHOTOS)
    groups, last = store.near_duplicates(project), store.images(project)[-1].hash
    monkeypatch.setattr(Store, "near_duplicates", lambda *_: {k: one for k, one in groups.items() if k != last})
    assert vector_job._compute_all(store, project) == {}
    assert counts(store, str(engine_of(store, project))) == [PHOTOS, PHOTOS]


def test_earlier_stages_are_added_to_the_vectors_of_an_earlier_version(store: Store) -> None:
    project = project_with(store, LEAST - 2)
    vector_job._compute_all(store, project)
    folders = [Vectors(store.workspace, vectors_name(NETWORK, EXACT, view)).folder for view in VIEWS]
    for folder in folders:
        shutil.rmtree(folder / "layer2")
    last_stage = [{path.name for path in folder.glob("*.npy")} for folder in folders]
    assert vector_job._views_missing(store, project, NETWORK)
    assert vector_job._compute_all(store, project) == {}
    assert not vector_job._views_missing(store, project, NETWORK)
    assert [{path.name for path in folder.glob("*.npy")} for folder in folders] == last_stage
    stages = (f"{vectors_name(NETWORK, EXACT, view)}/{stage}" for view in VIEWS for stage in ("layer2", "layer3"))
    assert [Vectors(store.workspace, name).count() for name in stages] == 4 * [PHOTOS]
