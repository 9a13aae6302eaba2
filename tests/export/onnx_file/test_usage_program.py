"""The program in an ONNX export's README answers as the bundle does, with onnxruntime, numpy and Pillow alone."""

import re
from pathlib import Path

import onnx
import pytest

from core.data.pictures.pixels import to_rgb
from core.data.pictures.transforms import Preprocessing
from core.export.onnx_file.choices import OnnxChoices, file_name
from core.export.onnx_file.file_metadata import add_metadata
from core.export.onnx_file.usage_program import usage_program
from core.export.onnx_file.whole_graph import ModelParts, graphs
from core.inspection.predicting.loading import bundle_with_score
from core.inspection.predicting.predictor import Predictor
from tests.export.test_box_snippet import write_localizer
from tests.export.test_decision_export import decided_bundle
from tests.inspection.conftest import photo, write_bundle

CASES = [
    ("temperature", "photo", "inside"),
    ("unsure by a threshold", "view", "beside"),
    ("everything on stages", "tensor", "inside"),
    ("boxes", "photo", "beside"),
    ("boxes", "tensor", "inside"),
    ("squash", "view", "inside"),
    ("letterbox", "view", "inside"),
    ("boxes cropped", "view", "beside"),
]


def bundle_of(folder: Path, case: str) -> Path:
    if case in ("squash", "letterbox"):
        return write_bundle(folder, preprocessing=Preprocessing(mode=case, size=64, resize=72))  # type: ignore[arg-type]
    if case == "boxes cropped":
        return write_localizer(folder, "resnet18", "crop")
    return decided_bundle(folder, case)


@pytest.mark.parametrize(("case", "taken", "softmax"), CASES)
def test_the_program_prints_what_the_bundle_predicts(
    case: str,
    taken: str,
    softmax: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bundle = bundle_of(tmp_path / "bundle", case)
    choices = OnnxChoices.checked("fp32", taken, softmax)
    network, info, foreign = bundle_with_score(bundle)
    [(_, model)] = graphs(ModelParts(network, info, foreign), ["fp32"], choices.input, choices.softmax)
    add_metadata(model, info, "fp32", choices.input, choices.softmax, "")
    onnx.save_model(model, tmp_path / file_name("fp32"))
    program = usage_program(info, choices, file_name("fp32"))
    assert "core" not in program and "torch" not in program
    monkeypatch.chdir(tmp_path)
    predictor = Predictor.load(bundle, device="cpu")
    near = 0.02 if taken == "photo" else 1e-4  # a value of the view may be rounded differently
    strip = case in ("unsure by a threshold", "boxes cropped")  # over 8:1, one of each kind
    for seed in (7, 8):
        picture = photo(seed, 720 if strip else 153, 60 if strip else 90)
        picture.putalpha(picture.getchannel("R").point(lambda value: 0 if value < 128 else 255))
        picture.save("photo.jpg", "PNG")  # with transparent parts, which the studio makes white
        [expected] = predictor.predict([to_rgb(picture)[0]])
        exec(compile(program, "README.md", "exec"), {})
        printed = capsys.readouterr().out.splitlines()
        named = [line for line in printed if re.fullmatch(r"0\.\d{6} (cat|dog|owl)|1\.0{6} \w+", line)]
        found = {line.split(" ", 1)[1]: float(line.split(" ", 1)[0]) for line in named}
        assert found == pytest.approx(dict(expected.ranked), abs=near)
        assert named[0].split(" ", 1)[1] == expected.name
        rest = printed[len(named) :]
        if expected.box is not None:
            box = [float(number) for number in re.findall(r"-?[0-9.]+[0-9]", rest.pop(0))]
            # The boxes of a random network lie thousands of pixels away.
            rel, pixels = (0.01, 0.6) if taken == "photo" else (1e-3, 0.05)
            assert box == pytest.approx(list(vars(expected.box).values()), rel=rel, abs=pixels)
        said = ["unsure" if expected.unsure else "sure"] if expected.may_be_unsure else []
        assert rest == said
