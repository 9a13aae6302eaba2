"""Which engine is chosen: measured once, remembered, and never an inexact one where that was not tested."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.features.engines import choice, remembered
from core.features.engines.candidates import candidates, usual_engine, worth_measuring
from core.features.engines.choice import LabelledPhotos, choose_engine, engine_called, engine_in_8_bits
from core.features.engines.engine import BF16, FP32, POOLED, Engine
from core.features.engines.measuring import measured_speeds
from core.features.engines.remembered import Measured, remember, remembered_speed
from core.features.engines.torch_engine import fastest_names
from core.features.frozen_network import FrozenNetwork
from core.features.preferred_engine import has_failed
from core.workspace import Workspace
from tests.features.engines.test_int8_check import nearest_mean
from tests.features.engines.test_torch_engine import arrays_of
from tests.models.onnx.test_resnet_graph import NETWORKS, SEEN, pictures, trained_like

NETWORK = FrozenNetwork("resnet18", "test-12345678", json.dumps(SEEN.as_dict()), ("resnet18", "none", "none"))
FAST = {"torch/fp32": 10.0, "torch/bf16": 40.0, "onnxruntime/fp32": 20.0}
SLOW = {"torch/fp32": 10.0, "onnxruntime/fp32": 20.0}


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """An empty workspace; the network is a tiny one."""
    small = arrays_of(trained_like(NETWORKS["basic"]))
    monkeypatch.setattr(choice, "arrays_of", lambda network: small)
    monkeypatch.setattr(choice, "has_int8_dot_products", lambda: False)
    return Workspace(tmp_path)


@pytest.fixture
def measurements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The devices on which speeds were measured."""
    found: list[str] = []

    def speeds(network: FrozenNetwork, device: str, exact: bool, opened: object) -> dict[str, float]:
        found.append(device)
        return SLOW

    monkeypatch.setattr(choice, "_speeds", speeds)
    return found


def chosen(workspace: Workspace, **options: Any) -> tuple[str, str]:
    engine = choose_engine(workspace, NETWORK, device="cpu", **options)
    return engine.runtime, engine.name


def test_the_candidates_are_measured_at_first_use_and_remembered(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert remembered_speed(workspace, NETWORK) is None
    engine = choose_engine(workspace, NETWORK, device="cpu")
    found = remembered.remembered(workspace, NETWORK)
    assert found is not None
    assert set(found.speeds) == set(worth_measuring("cpu", exact=False))
    assert remembered_speed(workspace, NETWORK) == max(found.speeds.values())
    assert found.fastest(exact=False) == f"{engine.runtime}/{engine.name}"
    monkeypatch.setattr(choice, "_speeds", lambda *_: pytest.fail("measured again"))
    again = choose_engine(workspace, NETWORK, device="cpu")
    assert (again.runtime, again.name) == (engine.runtime, engine.name)
    assert again.run(pictures())[POOLED].shape == (3, 64)


def test_torch_is_no_candidate_where_onnxruntime_is_always_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.features.engines.candidates.computes_with_avx2_at_best", lambda: True)
    assert candidates("cpu") == ["onnxruntime/fp32"] and usual_engine("cpu", exact=False) == "onnxruntime/fp32"
    monkeypatch.setattr("core.features.engines.candidates.computes_with_avx2_at_best", lambda: False)
    assert candidates("cpu") == [*(f"torch/{name}" for name in fastest_names("cpu")), "onnxruntime/fp32"]


def test_a_single_candidate_is_measured_with_the_engine_that_is_open(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.features.engines.candidates.computes_with_avx2_at_best", lambda: True)
    opened = choose_engine(workspace, NETWORK, device="cpu", images=1)
    monkeypatch.setattr(choice, "made", lambda *_: pytest.fail("made again"))
    assert choose_engine(workspace, NETWORK, device="cpu", opened=opened) is opened
    assert remembered_speed(workspace, NETWORK)


def test_only_bf16_is_measured_where_it_multiplies_in_tiles_unless_it_must_be_exact(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = ["torch/fp32", "torch/bf16", "onnxruntime/fp32"]
    monkeypatch.setattr("core.features.engines.candidates.candidates", lambda device: every)
    monkeypatch.setattr("core.features.engines.candidates.has_bfloat16_tiles", lambda: True)
    made = []

    def small(engine: str, *arguments: Any) -> Any:
        made.append(engine)
        return real(engine.replace("torch/bf16", "torch/fp32"), *arguments)  # other processors have no bf16

    real = choice.made
    monkeypatch.setattr(choice, "made", small)
    choose_engine(workspace, NETWORK, device="cpu")
    assert set(made) == {"torch/bf16"}
    assert remembered_speed(workspace, NETWORK) and remembered_speed(workspace, NETWORK, exact=True) is None
    choose_engine(workspace, NETWORK, device="cpu", exact=True)
    assert set(made) == set(every)
    found = remembered.remembered(workspace, NETWORK)
    assert found is not None and set(found.speeds) == set(every)
    made.clear()
    engine = choose_engine(workspace, NETWORK, device="cpu", exact=True)
    assert made == [f"{engine.runtime}/fp32"]


@pytest.mark.parametrize(
    ("tiles", "device", "exact"), [(True, "cpu", True), (True, "cuda", False), (False, "cpu", False)]
)
def test_elsewhere_all_engines_are_measured(
    tiles: bool, device: str, exact: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = ["torch/fp32", "torch/bf16", "onnxruntime/fp32"]
    monkeypatch.setattr("core.features.engines.candidates.candidates", lambda device: every)
    monkeypatch.setattr("core.features.engines.candidates.has_bfloat16_tiles", lambda: tiles)
    assert worth_measuring(device, exact) == every


def test_the_fastest_is_chosen_and_only_full_precision_where_it_must_be_exact(workspace: Workspace) -> None:
    remember(workspace, NETWORK, Measured("cpu", FAST))
    assert chosen(workspace, exact=True) == ("onnxruntime", FP32)
    assert remembered_speed(workspace, NETWORK, exact=True) == 20
    assert remembered_speed(workspace, NETWORK) == 40
    if BF16 in fastest_names("cpu"):
        assert chosen(workspace) == ("torch", BF16)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"KEY": 3}',
        '{"KEY": {"device": "cpu"}}',
        '{"KEY": {"device": "cpu", "speeds": {}}}',
        '{"KEY": {"device": "cpu", "speeds": {"onnxruntime/fp32": -1}}}',
        '{"KEY": {"device": "cuda", "speeds": {"torch/fp32": 900.0}}}',
    ],
)
def test_a_damaged_file_or_another_device_means_measuring_again(
    workspace: Workspace, measurements: list[str], content: str
) -> None:
    path = workspace.cache / "engines.json"
    path.parent.mkdir()
    path.write_text(content.replace("KEY", remembered._key(NETWORK)))
    assert chosen(workspace) == ("onnxruntime", FP32)
    assert measurements == ["cpu"]
    assert chosen(workspace) == ("onnxruntime", FP32)
    assert measurements == ["cpu"]


def test_another_processor_or_size_is_measured_for_itself(
    workspace: Workspace, measurements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen(workspace)
    monkeypatch.setattr(remembered, "available_processors", lambda: 99)
    chosen(workspace)
    assert len(measurements) == 2
    monkeypatch.undo()
    assert remembered_speed(workspace, NETWORK) == 20
    larger = FrozenNetwork(NETWORK.arch, NETWORK.weights, NETWORK.preprocessing.replace("64", "96"), NETWORK.source)
    assert remembered_speed(workspace, larger) is None


def test_where_nothing_can_be_written_it_is_measured_each_time(
    workspace: Workspace, measurements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> None:
        raise PermissionError(13, "denied")

    monkeypatch.setattr(remembered, "replace_patiently", denied)
    assert chosen(workspace) == chosen(workspace) == ("onnxruntime", FP32)
    assert len(measurements) == 2
    assert not list(workspace.cache.glob(".engines*")), "a part of a file was left"


def test_few_images_are_computed_without_measuring(workspace: Workspace, measurements: list[str]) -> None:
    usual = ("torch", BF16) if BF16 in fastest_names("cpu") else ("onnxruntime", FP32)
    assert chosen(workspace, images=20) == usual
    assert chosen(workspace, images=20, exact=True) == ("onnxruntime", FP32)
    assert not measurements


def test_an_engine_can_be_had_by_name(workspace: Workspace) -> None:
    remember(workspace, NETWORK, Measured("cpu", {"torch/fp32": 30.0, "onnxruntime/fp32": 20.0}))
    found = engine_called(workspace, NETWORK, FP32, device="cpu")
    assert found is not None and (found.runtime, found.name) == ("torch", FP32)
    assert engine_called(workspace, NETWORK, "int8-12345678", device="cpu") is None
    assert engine_called(workspace, NETWORK, "fp16", device="cpu") is None


class Slow:
    """An engine whose every batch takes so many seconds of a clock of our own."""

    name, runtime, outputs = FP32, "test", (POOLED,)

    def __init__(self, clock: list[float], seconds: float) -> None:
        self.clock, self.seconds, self.runs = clock, seconds, 0

    def run(self, pixels: np.ndarray, outputs: Sequence[str] = (POOLED,)) -> dict[str, np.ndarray]:
        self.clock[0] += self.seconds
        self.runs += 1
        return {}


def test_measuring_takes_about_three_seconds_also_on_a_slow_machine() -> None:
    clock = [0.0]
    engines: dict[str, Engine] = {"a": Slow(clock, 1.0), "b": Slow(clock, 1.2), "c": Slow(clock, 2.0)}
    speeds = measured_speeds(engines, pictures(4), clock=lambda: clock[0])
    assert speeds == pytest.approx({"a": 4, "b": 4 / 1.2, "c": 2})
    assert clock[0] < 12, "with warming up"
    assert engines["c"].runs == 2, "far behind, so it is measured once"  # type: ignore[attr-defined]
    clock[0] = 0.0
    quick: dict[str, Engine] = {"a": Slow(clock, 0.1), "b": Slow(clock, 0.12)}
    measured_speeds(quick, pictures(4), clock=lambda: clock[0])
    assert clock[0] < 3


def labelled(count: int = 240) -> LabelledPhotos:
    """Pictures in two classes, one brighter than the other."""
    labels = np.arange(count) % 2
    views = np.random.default_rng(1).integers(0, 80, (count, 32, 32, 3), dtype=np.uint8)
    views += (170 * labels[:, None, None, None]).astype(np.uint8)
    return LabelledPhotos(
        lambda rows: views[list(rows)],
        lambda engine, rows: {"last": engine.run(views[list(rows)])[POOLED]},
        labels,
        np.arange(count) // 2 % 5,
        nearest_mean,
        [f"photo {number}" for number in range(count)],
    )


def tried(workspace: Workspace, images: int, photos: LabelledPhotos) -> str | None:
    engine = engine_in_8_bits(workspace, NETWORK, images=images, stored=0, labelled=photos, device="cpu")
    return engine and engine.name


def test_8_bits_are_used_where_they_pay_and_pass_their_self_test(
    workspace: Workspace, measurements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        choice, "measured_speeds", lambda engines, _: {n: 40.0 if "int8" in n else 20.0 for n in engines}
    )
    assert tried(workspace, 500, labelled()) is None, "too few to be worth it"
    name = tried(workspace, 20_000, labelled())
    assert name is not None and name.startswith("int8-")
    assert remembered_speed(workspace, NETWORK) == 40 and remembered_speed(workspace, NETWORK, exact=True) == 20
    assert chosen(workspace) == ("onnxruntime", FP32), "8 bits are for photos that have passed the test"
    kept = engine_called(workspace, NETWORK, name, device="cpu")
    assert kept is not None and kept.run(pictures())[POOLED].shape == (3, 64)
    next(workspace.cache.glob("engines/*/*.onnx")).unlink()
    assert engine_called(workspace, NETWORK, name, device="cpu") is None
    assert remembered_speed(workspace, NETWORK) == 20, "the speed of an engine that is gone"


def test_photos_that_calibrate_have_no_part_in_the_test(
    workspace: Workspace, measurements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        choice, "measured_speeds", lambda engines, _: {n: 40.0 if "int8" in n else 20.0 for n in engines}
    )
    photos, seen = labelled(), dict[str, set[int]]()

    def pixels(rows: Sequence[int]) -> np.ndarray:
        seen["calibrated"] = set(rows)
        return photos.pixels(rows)

    def vectors(engine: Engine, rows: Sequence[int]) -> dict[str, np.ndarray]:
        seen["tested"] = set(rows)
        return photos.vectors(engine, rows)

    assert tried(workspace, 20_000, replace(photos, pixels=pixels, vectors=vectors))
    assert len(seen["calibrated"]) == 32 and len(seen["tested"]) == 208
    assert not seen["calibrated"] & seen["tested"]


def test_a_class_with_three_photos_does_not_end_the_test(
    workspace: Workspace, measurements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All three are tested; and where a fold would leave one class to learn from, nothing is tested nor remembered."""
    monkeypatch.setattr(
        choice, "measured_speeds", lambda engines, _: {n: 40.0 if "int8" in n else 20.0 for n in engines}
    )
    photos = labelled(1000)
    labels = np.zeros(1000, int)
    labels[[5, 500, 700]] = 1
    assert set(choice._drawn(labels, 200)[0]) >= {5, 500, 700}
    folds = np.arange(1000) % 5
    folds[[5, 500, 700]] = 0, 1, 2

    def probe(vectors: np.ndarray, known: np.ndarray, others: np.ndarray) -> np.ndarray:
        assert len(np.unique(known)) == 2
        return np.zeros(len(others), int)

    assert tried(workspace, 5_000, replace(photos, labels=labels, folds=folds, probe=probe))
    folds[[5, 500, 700]] = 0
    (workspace.cache / "engines.json").unlink()
    monkeypatch.setattr(choice, "calibrate", lambda *_: pytest.fail("calibrated"))
    assert tried(workspace, 5_000, replace(photos, labels=labels, folds=folds, probe=probe)) is None
    found = remembered.remembered(workspace, NETWORK)
    assert found is not None and not found.int8_failed


@pytest.mark.parametrize("worse", ["layer2", "stages"])
def test_a_stage_that_is_inexact_in_8_bits_fails_the_test(
    workspace: Workspace, measurements: list[str], monkeypatch: pytest.MonkeyPatch, worse: str
) -> None:
    monkeypatch.setattr(
        choice, "measured_speeds", lambda engines, _: {n: 40.0 if "int8" in n else 20.0 for n in engines}
    )
    photos = labelled()

    def vectors(engine: Engine, rows: Sequence[int]) -> dict[str, np.ndarray]:
        last = photos.vectors(engine, rows)["last"]
        found = {"layer2": last, "last": last, "stages": last}
        if engine.name != FP32 and broken:
            found[worse] = last[:, ::-1]
        return found

    several = replace(photos, vectors=vectors, probed=("last", "stages"))
    broken = True
    assert tried(workspace, 20_000, several) is None
    assert has_failed(workspace, NETWORK, several.hashes)
    broken = False
    assert tried(workspace, 20_000, several) is None
    assert tried(workspace, 20_000, replace(several, hashes=[f"{name}-2" for name in several.hashes]))


def test_photos_that_cannot_be_read_are_left_out_of_the_test(
    workspace: Workspace, measurements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        choice, "measured_speeds", lambda engines, _: {n: 40.0 if "int8" in n else 20.0 for n in engines}
    )
    photos, broken = labelled(), 9

    def vectors(engine: Engine, rows: Sequence[int]) -> dict[str, np.ndarray]:
        found = photos.vectors(engine, rows)["last"]
        found[:broken] = np.nan
        return {"last": found}

    some = replace(photos, vectors=vectors)
    assert tried(workspace, 20_000, some) is None, "199 are too few to say"
    found = remembered.remembered(workspace, NETWORK)
    assert found is not None and not found.int8_failed
    broken = 8
    assert tried(workspace, 20_000, some)


@pytest.mark.parametrize("why", ["slow", "inexact"])
def test_8_bits_that_fail_are_not_tried_again(
    workspace: Workspace, measurements: list[str], monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    speed = 21.0 if why == "slow" else 40.0
    monkeypatch.setattr(
        choice, "measured_speeds", lambda engines, _: {n: speed if "int8" in n else 20.0 for n in engines}
    )
    photos = labelled()
    if why == "inexact":
        photos = replace(photos, probe=other_way_round(photos.folds))
    assert tried(workspace, 20_000, photos) is None
    monkeypatch.setattr(choice, "calibrate", lambda *_: pytest.fail("calibrated again"))
    assert tried(workspace, 20_000, photos) is None
    assert not list(workspace.cache.glob("engines/*/*.onnx"))


def test_8_bits_that_are_too_inexact_for_one_project_are_tried_for_another(
    workspace: Workspace, measurements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One project with fine differences kept all others of the workspace from 8 bits."""
    monkeypatch.setattr(
        choice, "measured_speeds", lambda engines, _: {n: 40.0 if "int8" in n else 20.0 for n in engines}
    )
    photos = labelled()
    assert tried(workspace, 20_000, replace(photos, probe=other_way_round(photos.folds))) is None
    assert tried(workspace, 20_000, photos) is None, "the same photos"
    assert tried(workspace, 20_000, replace(photos, hashes=[f"{name}-2" for name in photos.hashes]))


def other_way_round(folds: np.ndarray) -> Any:
    """A probe that is right on the first kind of vectors of each fold, and wrong on the others."""
    calls = []

    def probe(vectors: np.ndarray, labels: np.ndarray, others: np.ndarray) -> np.ndarray:
        calls.append(1)
        found = nearest_mean(vectors, labels, others)
        return found if len(calls) % 3 == 1 else 1 - found

    return probe
