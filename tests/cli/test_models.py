import json
from argparse import Namespace
from pathlib import Path

import pytest
import torch

from core.export.hub.front_matter import read_front_matter
from core.export.web_page import write_page
from core.export.web_page.runtime import Runtime
from core.models.bundle import load_bundle
from core.models.resnet import build
from tests.cli.conftest import Core
from tests.runs.conftest import SMALLEST


def test_export_writes_a_bundle_that_answers_like_the_run(here: Core, run: Path, labels: Path, tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    done = here("export", run, "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    assert {"README.md", "bundle.json", "model.safetensors"} <= set(json.loads(done.stdout)["files"])
    assert load_bundle(out)[1].classes == ("green", "red")
    image = labels.parent / "images" / "red_0.png"
    of_bundle, of_run = (json.loads(here("predict", model, image, "--json").stdout) for model in (out, run))
    assert of_bundle == of_run

    again = here("export", run, "--out", out)
    assert again.returncode == 2 and "not empty" in again.stderr


def test_summary_counts_parameters_as_the_paper_does(here: Core) -> None:
    done = here("summary", "resnet50", "--classes", 1000, "--input", 224, "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["parameters"]["total"] == 25_557_032
    assert answer["layers"][0]["output_shape"] == [64, 112, 112]
    assert answer["layers"][-1]["output_shape"] == [1000]


def test_summary_prints_a_table(here: Core) -> None:
    done = here("summary", "resnet18", "--classes", 3, "--input", 64)
    assert done.returncode == 0
    assert "layer4.1" in done.stdout and "11,178,051 parameters" in done.stdout


def test_summary_of_a_network_of_keras_ends_in_keras_lines(here: Core) -> None:
    done = here("summary", "keras-resnet50", "--classes", 6, "--input", 64)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "Total params: 23,600,006" in lines
    assert "Trainable params: 23,546,886" in lines
    assert "Non-trainable params: 53,120" in lines
    last = next(line for line in lines if line.startswith("fc "))
    assert "12,294" in last and last.endswith("flatten")


def test_summary_tells_a_program_what_each_layer_costs(here: Core) -> None:
    done = here("summary", "resnet50+small-stem", "--input", 64, "--json")
    answer = json.loads(done.stdout)
    first = answer["layers"][0]
    assert (first["multiply_adds"], first["receptive_field"], first["memory_bytes"]) == (
        64 * 64 * 64 * 27,
        3,
        4 * 64**3,
    )
    assert answer["parameters"]["statistics"] == 53_120
    assert answer["multiply_adds"] == sum(layer["multiply_adds"] for layer in answer["layers"])


def test_an_unknown_network_is_one_sentence(here: Core) -> None:
    done = here("summary", "resnet1000")
    assert (done.returncode, done.stdout) == (2, "")
    assert "resnet50" in done.stderr and len(done.stderr.splitlines()) == 1


def test_weights_says_which_source_it_took(here: Core, run: Path) -> None:
    done = here("weights", "--arch", SMALLEST, "--source", run / "best")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{SMALLEST} imagenet: from ") and str(run / "best") in done.stdout


def test_unknown_weights_are_one_sentence(here: Core) -> None:
    done = here("weights", "--weights", "imagenet-v9")
    assert (done.returncode, done.stdout) == (2, "")
    assert "imagenet-v2 from torchvision" in done.stderr and len(done.stderr.splitlines()) == 1


def test_weights_says_what_it_took_of_a_file(here: Core, tmp_path: Path) -> None:
    state = build("resnet18", 2).state_dict()
    content = {"state_dict": {f"module.{name}": tensor for name, tensor in state.items()}, "classes": ["owl", "wren"]}
    torch.save(content | {"args": Namespace(lr=0.1)}, tmp_path / "model_best.pth.tar")
    done = here("weights", "--arch", "resnet18", "--source", tmp_path / "model_best.pth.tar")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1:] == ["Its classes: owl, wren."]
    told = json.loads(
        here("weights", "--arch", "resnet18", "--source", tmp_path / "model_best.pth.tar", "--json").stdout
    )
    assert told["notes"] == ["Its classes: owl, wren."] and told["classes"] == 2


def test_a_file_that_is_no_weight_file_is_one_sentence_with_what_to_do(here: Core, tmp_path: Path) -> None:
    (tmp_path / "w.pth").write_text("<!DOCTYPE html><html><title>Sign in</title></html>")
    done = here("weights", "--arch", "resnet18", "--source", tmp_path / "w.pth")
    assert (done.returncode, done.stdout) == (2, "")
    assert "w.pth is an HTML page" in done.stderr and len(done.stderr.splitlines()) == 1
    torch.save(build("resnet34", 2).state_dict(), tmp_path / "w.pth")
    done = here("weights", "--arch", "resnet18", "--source", tmp_path / "w.pth")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Choose the architecture resnet34 (--arch resnet34)." in done.stderr


def test_export_writes_a_space_of_each_kind(here: Core, run: Path, tmp_path: Path) -> None:
    done = here("export", run, "--space", "zerogpu", "--out", tmp_path / "space", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert {"app.py", "README.md", "requirements.txt", "bundle/model.safetensors", "demo.py"} <= set(said["files"])
    wrong = here("export", run, "--space", "free", "--out", tmp_path / "other")
    assert wrong.returncode == 2 and "Choose one of: static, zerogpu, cpu, docker" in wrong.stderr


def test_a_static_space_is_the_web_page(here: Core, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_page, "fetched_runtime", lambda *_: Runtime(b"script", b"factory", b"wasm"))
    words = ["export", run, "--space", "static", "--samples", 2, "--no-features", "--out", tmp_path / "space"]
    done = here(*words, "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert {"index.html", "README.md", ".gitattributes", "data/sample-1.js"} <= set(said["files"])
    assert "data/known.js" not in said["files"] and "data/sample-2.js" not in said["files"]
    assert any("photos" in remark for remark in said["remarks"])
    front = read_front_matter(tmp_path / "space")
    assert (front.values["sdk"], front.start) == ("static", "index.html")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--onnx", "--page"], "--onnx: it cannot be combined with --page"),
        (["--page", "--space", "cpu"], "--page: it cannot be combined with --space"),
        (["--samples", 2], "--samples is for web pages. Add --page or --space static"),
        (["--space", "cpu", "--no-features"], "--features is for web pages"),
        (["--page", "--precision", "int8"], "--precision is for ONNX files. Add --onnx"),
    ],
)
def test_options_that_do_not_belong_together_are_one_sentence(
    here: Core, run: Path, tmp_path: Path, options: list[object], said: str
) -> None:
    done = here("export", run, *options, "--out", tmp_path / "out")
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr and not (tmp_path / "out").exists()
