"""An exported localization model predicts the same with torchvision, safetensors and Pillow alone."""

import re
from pathlib import Path

import pytest
import torch

from core.data.pictures.transforms import Preprocessing
from core.export.bundle_zip import export_bundle
from core.inspection.predicting.predictor import Predictor
from core.models.bundle import BundleInfo, save_bundle
from core.models.heads import Localizer, build_for
from tests.inspection.conftest import CLASSES, lively, photo


def write_localizer(folder: Path, arch: str, mode: str) -> Path:
    """A bundle whose box depends on the picture."""
    preprocessing = Preprocessing(mode=mode, size=64, resize=73)  # type: ignore[arg-type]
    torch.manual_seed(4)
    network = lively(build_for("localization", arch, len(CLASSES)))
    assert isinstance(network, Localizer)
    torch.nn.init.normal_(network.box.votes.weight, std=0.3)
    info = BundleInfo(
        arch=arch,
        task="localization",
        classes=CLASSES,
        preprocessing=preprocessing.as_dict(),
        created="2026-01-02T03:04:05+00:00",
    )
    save_bundle(folder, network, info)
    return folder


@pytest.mark.parametrize(("arch", "mode"), [("resnet18", "letterbox"), ("resnet50-v1", "squash"), ("resnet18", "crop")])
def test_the_snippet_gives_the_same_classes_and_box(
    arch: str, mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = write_localizer(tmp_path / "bundle", arch, mode)
    exported = export_bundle(bundle, tmp_path / "exported")
    readme = (exported / "README.md").read_text(encoding="utf-8")
    assert "the box of the object in a photo" in readme and "object-detection" in readme
    program = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)[0]
    assert "core" not in program
    monkeypatch.chdir(exported)
    boxes = set()
    for seed in (7, 8):
        picture = photo(seed, 150, 90)
        picture.save(exported / "photo.jpg", "PNG")
        expected = Predictor.load(bundle, device="cpu").predict([picture])[0]
        exec(compile(program, "README.md", "exec"), {})
        *named, box = capsys.readouterr().out.splitlines()
        found = {line.split(" ", 1)[1]: float(line.split(" ", 1)[0]) for line in named}
        assert found == pytest.approx(dict(expected.ranked), abs=1e-4)
        assert expected.box is not None
        assert [float(number) for number in re.findall(r"-?[0-9.]+[0-9]", box)] == pytest.approx(
            list(vars(expected.box).values()),
            rel=1e-4,
            abs=0.02,  # of a random network, whose boxes lie thousands of pixels away
        )
        boxes.add(box)
    assert len(boxes) == 2, "a box that is always the same would prove nothing"
