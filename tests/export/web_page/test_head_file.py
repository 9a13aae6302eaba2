"""A head that a page saved becomes a model; whatever else is in the file is refused with a reason."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.errors import ModelError
from core.export.web_page.head_file import head_of, read_head
from core.export.web_page.new_bundle import bundle_with_head
from core.export.web_page.write_page import trunk_of
from core.inspection.predicting.predictor import Predictor
from core.models.bundle import load_bundle, read_info
from tests.inspection.conftest import photo

WIDTH = 512
NAMES = ["cup", "pen & paper"]


def saved(trunk: str = "0" * 64, **changes: Any) -> dict[str, Any]:
    """What the page writes, with some fields changed."""
    generator = np.random.default_rng(0)
    weight = generator.normal(0, 1, (len(NAMES), WIDTH)).astype("<f4")
    bias = np.array([0.5, -0.5], "<f4")
    return {
        "format": "resnet-studio-head",
        "version": 1,
        "trunk": trunk,
        "arch": "resnet18",
        "page": "Desk",
        "created": "2026-03-01T10:20:30.123Z",
        "classes": NAMES,
        "width": WIDTH,
        "weight": base64.b64encode(weight.tobytes()).decode(),
        "bias": base64.b64encode(bias.tobytes()).decode(),
        "strength": 1e-4,
        "learned_from": [{"name": name, "frames": 12, "bursts": 3, "known": 0} for name in NAMES],
        "held_out": {"correct": 22, "n": 24, "bursts": 6},
        **changes,
    }


def content(**changes: Any) -> bytes:
    return json.dumps(saved(**changes)).encode()


def floats(*values: float) -> str:
    return base64.b64encode(np.array(values, "<f4").tobytes()).decode()


WRONG = {
    "other program": (content(format="teachable-machine"), "format"),
    "later version": (content(version=2), "version"),
    "more fields": (content(script="alert(1)"), "script"),
    "one class": (content(classes=["cup"]), "classes"),
    "name of two lines": (content(classes=["cup", "pen\npaper"]), "several lines"),
    "same names": (content(classes=["cup", "cup"]), "same name"),
    "empty name": (content(classes=["cup", "  "]), "no name"),
    "long name": (content(classes=["cup", "x" * 201]), "classes"),
    "control character": (content(classes=["cup", "a\x1b[31m"]), "not allowed"),
    "short weight": (content(weight=floats(1, 2)), "weight holds 8 bytes"),
    "not base64": (content(bias="%%%%"), "bias is not base64"),
    "infinite": (content(bias=floats(1, float("inf"))), "infinite"),
    "huge": (content(bias=floats(1, 1e30)), "too large"),
    "width": (content(width=10**9), "width"),
    "trunk": (content(trunk="../../etc"), "trunk"),
    "time": (content(created="yesterday"), "yesterday"),
    "other counts": (content(learned_from=[]), "learned_from"),
    "more correct than asked": (content(held_out={"correct": 5, "n": 4, "bursts": 1}), "held_out"),
    "no JSON": (b"PK\x03\x04", "can't decode|Expecting"),
    "nested": (b"[" * 100_000, "nested too deeply"),
    "a number": (b"7", "the file"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_no_page_saves_is_refused(case: str) -> None:
    data, reason = WRONG[case]
    with pytest.raises(ModelError, match=reason) as caught:
        head_of(data, "mine.json")
    assert str(caught.value).startswith("mine.json is not a head that a page saved")


def test_the_head_and_its_network_are_a_model(bundle: Path, tmp_path: Path) -> None:
    network, before = load_bundle(bundle)
    state = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    path = tmp_path / "learned-head.json"
    path.write_bytes(content(trunk=trunk_of(bundle, state)))
    learned = read_head(path)
    out = tmp_path / "new"
    bundle_with_head(bundle, learned, out)

    info = read_info(out)
    assert info.classes == tuple(NAMES) and info.preprocessing == before.preprocessing
    assert info.decision is None and info.recipe is None
    assert info.metrics["learned_on_page"]["held_out"] == {"correct": 22, "n": 24, "bursts": 6}
    readme = (out / "README.md").read_text(encoding="utf-8")
    assert "22 of 24" in readme and "| 12 | 3 | 0 |" in readme
    picture = photo(5)
    old, new = Predictor.load(bundle), Predictor.load(out)
    batch = old.batch_of_views([old.view(picture)])
    with torch.inference_mode():
        vector = torch.flatten(network.avgpool(network.forward_features(batch)), 1).numpy()
    np.testing.assert_allclose(new.logits([picture]), learned.head.logits(vector), atol=1e-3)


def test_a_head_of_another_network_is_refused(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"'Desk'.*Choose the run whose page it was"):
        bundle_with_head(bundle, head_of(content(trunk="a" * 64), "head"), tmp_path / "new")
    assert not (tmp_path / "new").exists()
