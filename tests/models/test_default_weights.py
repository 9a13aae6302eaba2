"""The real default weights recognise real photos."""

import csv
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import torch
from PIL import Image
from torchvision.transforms import v2

from core.models import layers
from core.models.resnet import ResNet, build
from core.models.weights import available
from core.models.zoo import config_of
from core.workspace import REPOSITORY, SAMPLE_IMAGES

if TYPE_CHECKING:
    from core.models.weights import Pretrained

# One validation photo of each of 100 ImageNet classes; not part of the repository.
PHOTOS = REPOSITORY.parent / "shared" / "data" / "imagenet100"


def normalized(photo: Image.Image, view: dict[str, Any]) -> torch.Tensor:
    """Return a photo with ImageNet's evaluation preprocessing: [3, size, size]."""
    shrink = v2.Compose([v2.Resize(view["resize"], antialias=True), v2.CenterCrop(view["size"]), v2.PILToTensor()])
    mean, std = (torch.tensor(view[name]).reshape(3, 1, 1) for name in ("mean", "std"))
    return (shrink(photo.convert("RGB")).float() / 255 - mean) / std


@pytest.mark.weights
@pytest.mark.skipif(not PHOTOS.is_dir(), reason=f"{PHOTOS} is not there")
def test_85_of_100_imagenet_photos_are_recognized(default_weights: "Pretrained") -> None:
    view = default_weights.preprocessing
    model = build(default_weights.arch)
    model.load_state_dict(default_weights.state)
    model.eval()
    with (PHOTOS / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    right = 0
    with torch.inference_mode():
        for row in rows:
            with Image.open(PHOTOS / "images" / row["filename"]) as photo:
                answer = int(model(normalized(photo, view)[None]).argmax())
            right += answer == int(row["class_index"])
    assert len(rows) == 100
    assert right >= 85, f"{right} of 100 with the weights from {default_weights.origin['source']}"


@pytest.mark.weights
def test_fetched_weights_need_no_network_and_no_client(
    default_weights: "Pretrained", monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new process without a working proxy and PATH reads them from the disk."""
    assert available() is not None
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("PATH", "")
    code = "from core.models.weights import fetch; p = fetch(); print(p.origin['source'], len(p.state), len(p.classes))"
    done = subprocess.run([sys.executable, "-c", code], check=True, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.stdout.split() == [default_weights.origin["source"], str(len(default_weights.state)), "1000"]


@pytest.mark.weights
@pytest.mark.parametrize(
    ("photo", "allowed"),
    [
        ("cat_chelsea.jpg", {"tabby", "tiger cat", "Egyptian cat"}),
        ("coffee_cup.jpg", {"espresso", "cup", "coffee mug"}),
    ],
)
def test_sample_photos_are_recognized(default_weights: "Pretrained", photo: str, allowed: set[str]) -> None:
    view = default_weights.preprocessing
    model = build(default_weights.arch)
    model.load_state_dict(default_weights.state)
    with Image.open(SAMPLE_IMAGES / "photos" / photo) as image, torch.inference_mode():
        answer = int(model.eval()(normalized(image, view)[None]).argmax())
    assert default_weights.classes[answer] in allowed


@pytest.mark.weights
def test_a_network_of_re_created_layers_gives_the_same_answer(default_weights: "Pretrained") -> None:
    theirs = build(default_weights.arch).eval()
    ours = ResNet(config_of(default_weights.arch), layers=layers).eval()
    for model in (theirs, ours):
        model.load_state_dict(default_weights.state)
    with Image.open(SAMPLE_IMAGES / "photos" / "cat_chelsea.jpg") as image, torch.inference_mode():
        picture = normalized(image, default_weights.preprocessing)[None]
        expected, found = theirs(picture), ours(picture)
    assert found.argmax() == expected.argmax()
    assert (found - expected).abs().max() < 1e-4
