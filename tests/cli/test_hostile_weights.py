"""Commands that get a hostile weight file or bundle end with exit status 2 and one sentence."""

import random
from pathlib import Path

import pytest

from core.models.bundle import BundleInfo, save_bundle
from core.models.resnet import build
from tests.cli.conftest import TINY, Core
from tests.fuzz.hostile_weights import INFO, KERAS, bundle_cases, h5_cases, keras_cases, torch_cases

CASES = {".h5": h5_cases, ".keras": keras_cases, ".pth": torch_cases}


def case(name: str, folder: Path) -> Path:
    wanted, suffix = name.removesuffix(Path(name).suffix), Path(name).suffix
    content = next(content for found, content in CASES[suffix](random.Random(9)) if found == wanted)
    (folder / name).write_bytes(content)
    return folder / name


def check_refused(done: object, out: Path | None = None) -> None:
    assert done.returncode == 2, done  # type: ignore[attr-defined]
    said = done.stderr.strip()  # type: ignore[attr-defined]
    assert "Traceback" not in said and said.splitlines()[-1].endswith("."), said
    assert out is None or not out.exists(), "no run is left behind"


@pytest.mark.parametrize(
    "name",
    [
        *("value-sparse.pth", "value-expanded-saved.pth", "value-bool.pth", "value-quantized.pth", "value-meta.pth"),
        *("key-int.pth", "deflated-bomb.pth", "null.h5", "compound.h5", "encrypted.keras", "bomb.keras"),
    ],
)
def test_training_from_a_hostile_weight_file_is_refused(here: Core, labels: Path, tmp_path: Path, name: str) -> None:
    path = case(name, tmp_path)
    settings = ["--arch", KERAS if path.suffix != ".pth" else "resnet18", "--weights", path, *TINY[4:]]
    out = tmp_path / "run"
    done = here("train", labels, "--images", labels.parent / "images", *settings, "--out", out)
    check_refused(done, out)
    assert path.name in done.stderr


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles") / "own"
    info = BundleInfo.model_validate(INFO)
    save_bundle(folder, build("resnet18", 2), info)
    return folder


@pytest.mark.parametrize("name", ["size-30000", "nested", "number-digits", "classes-numbers", "flipped", "bool"])
def test_a_hostile_bundle_is_refused_by_every_command(
    here: Core, labels: Path, bundle: Path, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "hostile"
    folder.mkdir()
    weights = bytearray((bundle / "model.safetensors").read_bytes())
    info = (bundle / "bundle.json").read_bytes()
    if name == "flipped":
        weights[len(weights) // 2] ^= 1
    elif name == "bool":
        weights = weights.replace(b'"dtype":"F32","shape":[64]', b'"dtype":"I32","shape":[64]', 1)
    else:
        info = next(content for found, content in bundle_cases(random.Random(9)) if found == name)
    (folder / "model.safetensors").write_bytes(weights)
    (folder / "bundle.json").write_bytes(info)
    photo = labels.parent / "images" / "red_0.png"
    out = tmp_path / "out"
    for words in (
        ("export", folder, "--out", out),
        ("predict", folder, photo),
        ("explain", folder, photo, "--out", tmp_path / "heat.png"),
        ("evaluate", folder),
        (
            "train",
            labels,
            "--images",
            labels.parent / "images",
            "--weights",
            folder,
            "--arch",
            "resnet18",
            "--out",
            out,
        ),
    ):
        check_refused(here(*words), out)


def test_a_summary_of_a_file_is_refused(here: Core, tmp_path: Path) -> None:
    path = case("value-sparse.pth", tmp_path)
    check_refused(here("summary", path))
    check_refused(here("summary", "resnet18", "--classes", 10**30))
