"""The methods compared on a model's photos: which are the same, and intervals over photos."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.pictures.decoding import content_hash
from core.data.pictures.transforms import Preprocessing
from core.inspection.explaining.method_comparison import compare_methods, sample_of
from core.inspection.explaining.method_figures import BASELINES, MethodComparison, MethodFigures
from core.inspection.measuring.report import Mean
from core.inspection.predicting.predictor import Predictor
from core.models.resnet import ResNet
from core.models.zoo import ResNetConfig
from tests.inspection.conftest import CLASSES, lively, photo

METHODS = ("gradcam", "hirescam", "layercam")


@pytest.fixture
def fine_predictor() -> Predictor:
    """A small model whose last stage has 4 x 4 places."""
    network = lively(ResNet(ResNetConfig("basic", (1, 1, 1, 1), width=8), len(CLASSES)))
    return Predictor(network, Preprocessing(size=128, resize=128), CLASSES, name="small", arch="resnet18")


def photos(folder: Path, many: int) -> pd.DataFrame:
    rows = []
    for seed in range(many):
        path = folder / f"{seed}.png"
        photo(seed).save(path)
        rows.append((content_hash(photo(seed)), str(path), path.name))
    return pd.DataFrame(rows, columns=["image", "path", "filename"])


def test_methods_and_baselines_are_compared_on_the_same_photos(fine_predictor: Predictor, tmp_path: Path) -> None:
    counts: list[tuple[int, int]] = []
    frame = photos(tmp_path, 4)
    found = compare_methods(fine_predictor, frame, methods=METHODS, steps=3, progress=lambda *pair: counts.append(pair))
    assert counts == [(done, 4) for done in range(4)]
    assert found.photos == 4
    by_name = {one.name: one for one in found.figures}
    assert list(by_name) == [*METHODS, *BASELINES]
    assert by_name["hirescam"].same_as == "gradcam"  # exact at the last stage
    assert by_name["layercam"].same_as is by_name["gradcam"].same_as is None
    assert by_name["hirescam"].deletion == by_name["gradcam"].deletion
    for one in found.figures:
        assert one.deletion.n == one.insertion.n == 4
        assert one.deletion.low is not None and one.deletion.value is not None and one.gain.value is not None
        assert one.deletion.low <= one.deletion.value
        assert one.gain.value == pytest.approx((one.insertion.value or 0) - one.deletion.value)
    assert by_name["centre"].over_centre.value == 0
    assert MethodComparison.model_validate(found.model_dump(mode="json")) == found
    assert "HiResCAM gives the same maps as Grad-CAM here." in found.sentences


def figures(name: str, low: float, value: float, same_as: str | None = None) -> MethodFigures:
    area = Mean(value=0.4, n=9, low=0.3, high=0.5)
    gain = Mean(value=value, n=9, low=low, high=2 * value - low)
    return MethodFigures(name=name, same_as=same_as, deletion=area, insertion=area, gain=gain, over_centre=gain)


def test_the_sentence_names_only_methods_that_beat_the_centre_beyond_chance() -> None:
    some = (figures("gradcam", 0.05, 0.2), figures("eigencam", -0.1, 0.1), figures("hirescam", 0.05, 0.2, "gradcam"))
    found = MethodComparison(stage="layer4", photos=9, figures=some)
    assert [one.name for one in found.methods] == ["gradcam", "eigencam"]
    assert found.sentences[0] == "Better than a blob in the centre, beyond chance: Grad-CAM."
    weak = MethodComparison(stage="layer4", photos=9, figures=some[1:2])
    assert "no method is better than a blob in the centre beyond chance" in weak.sentences[0]


def test_the_sample_is_the_same_each_time_and_in_order() -> None:
    frame = pd.DataFrame({"image": [str(number) for number in range(50)]})
    some = sample_of(frame, 12)
    assert len(some) == 12 and some.equals(sample_of(frame, 12))
    assert np.all(np.diff(some.index) > 0)
    assert sample_of(frame, 50) is frame
