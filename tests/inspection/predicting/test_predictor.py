"""The predictor: the same numbers for single images, batches, files and several threads."""

import json
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms.v2 import functional as F

from core.data.pictures.transforms import Preprocessing
from core.errors import BundleError, ImageRefused, ModelError, RunError
from core.inspection.explaining.cam import explain
from core.inspection.predicting.predict_files import FileSource, predict_files
from core.inspection.predicting.predictions import csv_of, table_of
from core.inspection.predicting.predictor import Predictor
from core.models.heads import build_for
from core.runs.models import load_predictor
from core.workspace import open_workspace
from tests.inspection.conftest import CLASSES, SMALL, lively, photo


def test_probabilities_are_the_network_s_softmax(predictor: Predictor) -> None:
    pictures = [photo(seed) for seed in range(3)]
    batch = torch.stack([predictor.preprocessing.tensor(picture) for picture in pictures])
    with torch.no_grad():
        expected = predictor.network(batch).softmax(1).numpy()
    found = predictor.probabilities(pictures)
    assert found.shape == (3, 3)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert np.ptp(found, axis=0).max() > 0.05, "pictures with equal answers would prove nothing"


@pytest.mark.parametrize("task", ["classification", "localization"])
def test_many_photos_get_the_same_outputs_in_less_time(task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    network = lively(build_for(task, "resnet18", 3))
    predictor = Predictor(network, SMALL, CLASSES, name="", arch="resnet18", test_time_views=2)
    pixels = torch.from_numpy(np.stack([np.asarray(predictor.view(photo(seed))) for seed in range(5)])).permute(
        0, 3, 1, 2
    )
    alone = predictor.predicted_outputs(pixels)
    predictor.prepare_for(99)
    assert np.array_equal(predictor.predicted_outputs(pixels), alone)
    predictor.prepare_for(100)
    monkeypatch.setattr(predictor, "_run", lambda *_: pytest.fail("torch computes the whole network"))
    found = predictor.predicted_outputs(pixels)
    np.testing.assert_allclose(found, alone, atol=1e-4)
    assert found.shape == alone.shape and np.ptp(found, axis=0).max() > 0.05


def test_test_time_views_are_averaged_as_by_hand(predictor: Predictor) -> None:
    pictures = [photo(seed) for seed in range(5)]
    views = np.stack([np.asarray(predictor.view(picture)) for picture in pictures])
    pixels = torch.from_numpy(views).permute(0, 3, 1, 2)
    side = pixels.shape[-1]
    window = round(side * 7 / 8)
    upper = F.resize(pixels[..., :window, :window], [side, side], antialias=True)
    lower = F.resize(pixels[..., side - window :, side - window :], [side, side], antialias=True)
    seen = [each for one in (pixels, upper, lower) for each in (one, one.flip(-1))]
    alone = [predictor.softmax(predictor.outputs_of_pixels(one)) for one in seen]
    for count in (1, 2, 6):
        averaging = Predictor(
            predictor.network, predictor.preprocessing, CLASSES, name="", arch="", test_time_views=count
        )
        expected = np.mean(alone[:count], axis=0)
        np.testing.assert_allclose(averaging.probabilities(pictures), expected, atol=1e-6)
        ranked = averaging.predict(pictures, top=3)
        assert [one.ranked[0][1] for one in ranked] == pytest.approx(list(expected.max(1)), abs=1e-6)
        evaluated = averaging.softmax(averaging.predicted_outputs(pixels))
        np.testing.assert_allclose(evaluated, expected, atol=1e-6)
    assert np.abs(alone[0] - np.mean(alone, axis=0)).max() > 1e-3, "views with equal answers would prove nothing"


def test_views_follow_the_bundle_s_recipe_unless_they_are_chosen(bundle: Path) -> None:
    assert Predictor.load(bundle, "cpu").test_time_views == 1
    path = bundle / "bundle.json"
    info = json.loads(path.read_text(encoding="utf-8"))
    for written, expected in ((4, 4), (99, 1), ("six", 1), (True, 1)):
        path.write_text(json.dumps({**info, "recipe": {"test_time_views": written}}), encoding="utf-8")
        assert Predictor.load(bundle, "cpu").test_time_views == expected
        assert Predictor.load(bundle, "cpu", test_time_views=2).test_time_views == 2
    with pytest.raises(ModelError, match=r"test-time views is 0\. Choose 1 \(off\) to 10\."):
        Predictor.load(bundle, "cpu", test_time_views=0)


def test_boxes_are_not_averaged() -> None:
    torch.manual_seed(0)
    network = build_for("localization", "resnet18", 3)
    assert Predictor(network, Preprocessing(size=64), CLASSES, name="", arch="", test_time_views=6).test_time_views == 1


def test_a_picture_s_answer_does_not_depend_on_its_neighbors(predictor: Predictor) -> None:
    pictures = [photo(seed) for seed in range(19)]  # more than a batch
    together = predictor.probabilities(pictures)
    alone = np.concatenate([predictor.probabilities([picture]) for picture in pictures])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_a_generator_of_pictures_is_never_held_whole(predictor: Predictor) -> None:
    alive = most = 0

    class Counted(Image.Image):
        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def pictures():  # type: ignore[no-untyped-def]
        nonlocal alive, most
        for seed in range(60):
            picture = photo(seed)
            picture.__class__ = Counted
            alive += 1
            most = max(most, alive)
            yield picture
            del picture

    assert predictor.probabilities(pictures()).shape == (60, 3)
    assert most <= 3


def test_no_pictures_have_no_answers(predictor: Predictor) -> None:
    assert predictor.probabilities([]).shape == (0, 3)
    assert predictor.predict([]) == []


def test_a_prediction_is_ranked(predictor: Predictor) -> None:
    prediction = predictor.predict([photo(1)], top=2)[0]
    probabilities = predictor.probabilities([photo(1)])[0]
    assert prediction.name == CLASSES[probabilities.argmax()]
    assert prediction.probability == pytest.approx(probabilities.max())
    assert len(prediction.ranked) == 2 and prediction.ranked[0][1] >= prediction.ranked[1][1]


def test_threads_get_the_answers_of_one(predictor: Predictor) -> None:
    pictures = [photo(seed) for seed in range(4)]
    expected = predictor.probabilities(pictures)
    heatmap = explain(predictor, pictures[0]).heatmap
    found: list[np.ndarray] = []

    def work() -> None:
        for _ in range(3):
            found.append(predictor.probabilities(pictures))
            np.testing.assert_allclose(explain(predictor, pictures[0]).heatmap, heatmap, atol=1e-5)
        found.append(expected)  # only reached where no map differed

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    for answers in found:
        np.testing.assert_allclose(answers, expected, atol=1e-5)


def test_asking_changes_nothing_in_the_network(predictor: Predictor) -> None:
    before = {name: tensor.clone() for name, tensor in predictor.network.state_dict().items()}
    predictor.probabilities([photo(0)])
    explain(predictor, photo(0), method="gradcam++", stage="layer2")
    assert not any(module.training for module in predictor.network.modules())
    assert not any(p.requires_grad or p.grad is not None for p in predictor.network.parameters())
    for name, tensor in predictor.network.state_dict().items():
        assert torch.equal(tensor, before[name]), name


def test_a_sharper_view_shows_the_same_part(predictor: Predictor) -> None:
    picture = photo(3, 300, 400)
    sharp = predictor.sharp_view(picture)
    assert sharp.size == (192, 192)
    small = np.asarray(sharp.resize((64, 64), Image.Resampling.BOX), np.float32)
    assert np.abs(small - np.asarray(predictor.view(picture), np.float32)).mean() < 3
    assert predictor.sharp_view(photo(3, 70, 70)).size == (64, 64)


def test_a_bundle_answers_as_the_network_it_was_made_of(bundle: Path) -> None:
    predictor = Predictor.load(bundle, device="cpu")
    assert (predictor.classes, predictor.arch, predictor.name) == (CLASSES, "resnet18", "bundle")
    assert predictor.info is not None and predictor.info.weights == {"source": "random"}
    batch = predictor.preprocessing.tensor(photo(1))[None]
    with torch.no_grad():
        expected = predictor.network(batch).softmax(1).numpy()
    np.testing.assert_allclose(predictor.probabilities([photo(1)]), expected, atol=1e-5)


def test_references_that_mean_nothing_are_said(tmp_path: Path, bundle: Path) -> None:
    workspace = open_workspace(tmp_path / "workspace")
    assert load_predictor(bundle, workspace).name == "bundle"
    with pytest.raises(RunError, match="no-such-run"):
        load_predictor("no-such-run", workspace)
    (bundle / "model.safetensors").unlink()
    with pytest.raises(BundleError, match=r"has no model.safetensors"):
        load_predictor(bundle, workspace)


@pytest.mark.parametrize("target", ["own", 3, -1])
def test_a_class_that_the_model_does_not_have_is_said_with_those_it_has(
    predictor: Predictor, target: str | int
) -> None:
    with pytest.raises(ModelError, match=r"owl|Choose 0 to 2"):
        explain(predictor, photo(0), target=target)


def test_files_are_answered_in_order_and_bad_ones_refused(predictor: Predictor, tmp_path: Path) -> None:
    names = [f"photo {n}.png" for n in range(20)]
    for seed, name in enumerate(names):
        photo(seed).save(tmp_path / name)
    files: list[tuple[str, FileSource]] = [(name, tmp_path / name) for name in names]

    def broken() -> bytes:
        raise ImageRefused("in a zip.png", "its part of the zip is damaged")

    files[1] = (names[1], (tmp_path / names[1]).read_bytes)
    files[2] = ("in a zip.png", broken)
    files[3] = ("empty.jpg", b"")
    files[17] = ("../climbs.png", ImageRefused("../climbs.png", "its name climbs out of its folder"))
    answers = list(predict_files(predictor, files))
    assert [answer.name for answer in answers] == [name for name, _ in files]
    assert [answer.name for answer in answers if answer.refused] == ["in a zip.png", "empty.jpg", "../climbs.png"]
    assert answers[1].prediction is not None and answers[1].prediction.name == predictor.predict([photo(1)])[0].name
    assert answers[17].refused == "its name climbs out of its folder"
    expected = predictor.predict([photo(19)])[0]
    assert answers[19].prediction is not None and answers[19].prediction.name == expected.name
    table = table_of(answers)
    assert len(table) == 17
    assert list(table.columns) == [
        "filename", "prediction", "probability", "prediction_2", "probability_2", "prediction_3", "probability_3",
    ]  # fmt: skip


def test_one_file_of_a_zip_is_in_memory_at_a_time(predictor: Predictor) -> None:
    alive = most = 0

    class Counted(bytes):
        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def read(seed: int) -> bytes:
        nonlocal alive, most
        alive += 1
        most = max(most, alive)
        return Counted(_png(photo(seed)))

    answers = list(predict_files(predictor, ((f"{seed}.png", partial(read, seed)) for seed in range(40))))
    assert all(answer.prediction for answer in answers) and len(answers) == 40
    assert most <= 2, "sixteen files of 256 MB would be 4 GB"


def test_no_answers_are_a_table_with_the_contract_s_columns() -> None:
    assert list(table_of([]).columns) == ["filename", "prediction", "probability"]


def test_a_spreadsheet_runs_nothing_of_the_csv(predictor: Predictor) -> None:
    predictor.classes = ("=cmd()", "@dog", "+owl")
    answers = list(predict_files(predictor, [("=HYPERLINK(1).png", _png(photo(0)))]))
    cells = csv_of(answers).splitlines()[1].split(",")
    assert len(cells) == 7 and not any(cell.lstrip('"')[0] in "=+-@\t\r" for cell in cells)
    assert table_of(answers)["filename"][0] == "=HYPERLINK(1).png"


def _png(picture: Image.Image) -> bytes:
    from io import BytesIO

    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()
