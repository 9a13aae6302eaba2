"""The engine of a workspace: chosen once; 8 bits only for a project whose photos pass their test, to save time."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.features.engines import choice
from core.features.engines.engine import FP32, POOLED, PreparedEngine
from core.features.engines.remembered import remembered_speed
from core.features.preferred_engine import prefer_engine, preferred_engine, record_pass
from core.features.vectors import Vectors, vectors_name
from core.features.views import MIRRORED, ORIGINAL
from core.features.workspace_engine import Begun, engine_at_once, open_engine
from core.models.zoo import STAGE_VECTORS
from core.workspace import Workspace
from tests.features.engines.test_choice import NETWORK, SLOW, labelled, other_way_round
from tests.features.engines.test_torch_engine import arrays_of
from tests.models.onnx.test_resnet_graph import NETWORKS, trained_like

MANY = 20_000


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace on a machine where 8 bits are twice as fast; the engine was chosen when there were no labels."""
    small = arrays_of(trained_like(NETWORKS["basic"]))

    def speeds(network: object, device: str, exact: bool, opened: object) -> dict[str, float]:
        return SLOW

    monkeypatch.setattr(choice, "arrays_of", lambda network: small)
    monkeypatch.setattr(choice, "has_int8_dot_products", lambda: False)
    monkeypatch.setattr(choice, "_speeds", speeds)
    monkeypatch.setattr(choice, "measured_speeds", lambda some, _: {n: 40.0 if "int8" in n else 20.0 for n in some})
    found = Workspace(tmp_path)
    prefer_engine(found, NETWORK, FP32)
    return found


OWN = tuple(labelled().hashes)


def opened(workspace: Workspace, photos: tuple[str, ...] = OWN, **options: Any) -> str:
    return open_engine(workspace, NETWORK, device="cpu", photos=lambda: photos, **options).name


def preferred(workspace: Workspace, photos: tuple[str, ...] = OWN) -> str | None:
    return preferred_engine(workspace, NETWORK, lambda: photos)


def test_8_bits_replace_an_engine_that_was_chosen_without_labels(workspace: Workspace) -> None:
    kept = Vectors(workspace, vectors_name(NETWORK, FP32))
    kept.add(["a"], np.ones((1, 64), np.float32))
    assert opened(workspace, images=MANY) == FP32, "nothing to test it with"
    name = opened(workspace, images=MANY, labelled=labelled())
    assert name.startswith("int8-") and preferred(workspace) == name
    assert opened(workspace) == name, "it is remembered"
    assert opened(workspace, images=MANY, labelled=labelled(), exact=True) == FP32
    assert Vectors(workspace, kept.name).count() == 1, "the vectors of the earlier engine stay"


def test_8_bits_that_one_project_has_passed_change_nothing_for_another(workspace: Workspace) -> None:
    others = tuple(f"x-ray {number}" for number in range(300))
    name = opened(workspace, images=MANY, labelled=labelled())
    assert preferred(workspace) == name and preferred(workspace, others) == FP32 == preferred_engine(workspace, NETWORK)
    assert opened(workspace, others, images=MANY) == FP32, "its photos have not passed"
    assert opened(workspace, OWN[:20], images=MANY) == FP32, "few of the photos that passed"
    photos = replace(labelled(260), hashes=others)  # calibrated on other photos, so under another name
    second = opened(workspace, others, images=MANY, labelled=photos)
    assert second.startswith("int8-") and second != name and preferred(workspace, others) == second
    assert preferred(workspace) == opened(workspace) == name, "the first project keeps its own"


def at_once(workspace: Workspace, **options: Any) -> PreparedEngine:
    return engine_at_once(workspace, NETWORK, device="cpu", **{"photos": lambda: OWN, **options})


def test_a_pass_can_begin_before_its_engine_is_measured_and_goes_on_with_it(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the engine of a short pass, which the choice returns as it is where no other is faster."""
    written = next(workspace.cache.glob("vectors/*/engine.json"))
    written.unlink()
    measured: list[str] = []
    monkeypatch.setattr(choice, "_speeds", lambda _, device, exact, opened: measured.append(device) or SLOW)
    monkeypatch.setattr(choice, "usual_engine", lambda *_, **__: "onnxruntime/fp32")
    engine = at_once(workspace)
    assert (engine.runtime, engine.name) == ("onnxruntime", FP32)
    assert not measured and not written.exists() and remembered_speed(workspace, NETWORK) is None
    begun = Begun(engine, 10)
    assert open_engine(workspace, NETWORK, device="cpu", images=MANY, begun=begun) is engine
    assert measured and preferred_engine(workspace, NETWORK) == FP32
    assert open_engine(workspace, NETWORK, device="cpu", exact=True, begun=begun) is engine
    more = open_engine(workspace, NETWORK, device="cpu", begun=begun, outputs=(*STAGE_VECTORS, "layer3"))
    assert more is not engine, "it does not compute these"
    written.unlink()
    monkeypatch.setattr(choice, "_speeds", lambda *_: {"torch/fp32": 30.0, "onnxruntime/fp32": 20.0})
    (workspace.cache / "engines.json").unlink()
    assert open_engine(workspace, NETWORK, device="cpu", images=MANY, begun=begun).runtime == "torch"
    assert at_once(workspace).runtime == "torch", "it was chosen"


def test_a_pass_begins_with_what_its_photos_have_passed(workspace: Workspace) -> None:
    name = opened(workspace, images=MANY, labelled=labelled())
    begun = Begun(at_once(workspace), 10)
    assert begun.engine.name == name and at_once(workspace, exact=True).name == FP32
    assert at_once(workspace, photos=lambda: ("another",)).name == FP32
    again = open_engine(workspace, NETWORK, device="cpu", photos=lambda: OWN, images=MANY, begun=begun)
    assert again is begun.engine
    next(workspace.cache.glob("engines/*/*.onnx")).unlink()
    assert at_once(workspace).name == FP32


def test_what_a_pass_has_begun_with_has_no_say_in_the_choice(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those few views would be computed again in 8 bits, which could make another choice than without them."""
    seen: list[tuple[int, int]] = []
    monkeypatch.setattr(choice, "engine_in_8_bits", lambda *_, images, stored, **__: seen.append((images, stored)))
    Vectors(workspace, vectors_name(NETWORK, FP32)).add(OWN[:50], np.ones((50, 2), np.float32))
    begun = Begun(at_once(workspace), 0)
    Vectors(workspace, vectors_name(NETWORK, FP32)).add(OWN[50:60], np.ones((10, 2), np.float32))
    opened(workspace, images=MANY, labelled=labelled(), begun=replace(begun, views=10))
    assert seen == [(MANY, 50)]


def test_in_a_new_workspace_8_bits_are_no_default(workspace: Workspace) -> None:
    next(workspace.cache.glob("vectors/*/engine.json")).unlink()
    name = opened(workspace, images=MANY, labelled=labelled())
    assert name.startswith("int8-") and preferred_engine(workspace, NETWORK) is None
    assert opened(workspace, ("another",), images=MANY) == FP32 == preferred_engine(workspace, NETWORK)
    assert opened(workspace) == name, "choosing for another project has kept it"


def test_8_bits_whose_calibration_was_deleted_are_tested_again(workspace: Workspace) -> None:
    """Also after an opening without labels, which can only return the exact engine."""
    name = opened(workspace, images=MANY, labelled=labelled())
    next(workspace.cache.glob("engines/*/*.onnx")).unlink()
    assert opened(workspace, images=MANY) == FP32 == preferred(workspace)
    assert remembered_speed(workspace, NETWORK) == 20
    assert opened(workspace, images=MANY, labelled=labelled()) == name == preferred(workspace)


def test_the_earlier_engine_stays_where_8_bits_would_take_longer(workspace: Workspace, monkeypatch: Any) -> None:
    monkeypatch.setattr(choice, "calibrate", lambda *_: pytest.fail("calibrated"))
    assert opened(workspace, images=500, labelled=labelled()) == FP32
    # 2,000 views save 2,000 x (1/20 - 1/32) = 38 s and the test costs 21 s, but these would be computed again: 25 s.
    for view in (ORIGINAL, MIRRORED):
        names = [f"{view}{number}" for number in range(400)]
        Vectors(workspace, vectors_name(NETWORK, FP32, view)).add(names, np.ones((400, 2), np.float32))
    own = tuple(f"{view}{number}" for view in (ORIGINAL, MIRRORED) for number in range(400))
    assert opened(workspace, own, images=2000, labelled=labelled()) == FP32


def test_8_bits_that_fail_their_self_test_leave_the_earlier_engine(workspace: Workspace, monkeypatch: Any) -> None:
    photos = labelled()
    wrong = replace(photos, probe=other_way_round(photos.folds))
    assert opened(workspace, images=MANY, labelled=wrong) == FP32
    monkeypatch.setattr(choice, "calibrate", lambda *_: pytest.fail("tried again"))
    assert opened(workspace, images=MANY, labelled=photos) == FP32
    assert preferred_engine(workspace, NETWORK) == FP32


def test_of_two_processes_that_choose_the_second_takes_what_the_first_has_chosen(workspace: Workspace) -> None:
    first = opened(workspace, images=MANY, labelled=labelled())
    next(workspace.cache.glob("vectors/*/engine.json")).unlink()
    photos = labelled(260)  # calibrated on other photos, so under another name

    def while_testing(*arguments: Any) -> dict[str, np.ndarray]:
        record_pass(workspace, NETWORK, first, photos.hashes)
        return photos.vectors(*arguments)

    second = replace(photos, vectors=while_testing)
    own = tuple(photos.hashes)
    assert opened(workspace, own, images=MANY, labelled=second) == first == preferred(workspace, own)
    assert len(list(workspace.cache.glob("engines/*/*.onnx"))) == 2


def test_an_engine_that_this_machine_lacks_is_replaced(workspace: Workspace) -> None:
    prefer_engine(workspace, NETWORK, "int8-12345678")
    engine = open_engine(workspace, NETWORK, device="cpu", images=MANY)
    assert engine.name == FP32 == preferred_engine(workspace, NETWORK)
    assert engine.run(np.zeros((1, 64, 64, 3), np.uint8))[POOLED].shape == (1, 64)
