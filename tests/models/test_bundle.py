"""A bundle loads exactly as it was saved; if it cannot, the error says why."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from core.errors import BundleError, UnknownArchitecture
from core.models.bundle import BundleInfo, load_bundle, mismatch, read_info, save_bundle
from core.models.file_hash import known_sha256_of
from core.models.resnet import ResNet, build
from core.workspace import REPOSITORY

PREPROCESSING = {
    "mode": "crop",
    "size": 224,
    "resize": 256,
    "interpolation": "bilinear",
    "mean": [0.485, 0.456, 0.406],
    "std": [0.229, 0.224, 0.225],
}


def info_of(*classes: str, arch: str = "resnet18", **more: object) -> BundleInfo:
    values = {"arch": arch, "classes": classes, "preprocessing": PREPROCESSING, "created": "2025-01-31T10:00:00+00:00"}
    return BundleInfo.model_validate(values | more)


@pytest.fixture(scope="module")
def model() -> ResNet:
    return build("resnet18", 2).eval()


@pytest.fixture
def bundle(tmp_path: Path, model: ResNet) -> Path:
    save_bundle(tmp_path / "best", model, info_of("owl", "wren"))
    return tmp_path / "best"


def rewrite(bundle: Path, **changes: object) -> None:
    path = bundle / "bundle.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_bundle_comes_back_with_the_same_logits_and_words(tmp_path: Path) -> None:
    model = build("resnet18", 2).to(memory_format=torch.channels_last)
    model(torch.randn(2, 3, 32, 32))  # moves BatchNorm's statistics
    info = info_of("häher", "ツバメ", weights={"source": "none"}, metrics={"accuracy": 0.5}, snapshot_digest="ab")
    save_bundle(tmp_path / "b", model, info)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b"]
    assert sorted(p.name for p in (tmp_path / "b").iterdir()) == ["bundle.json", "model.safetensors"]
    random_state = torch.get_rng_state()
    again, said = load_bundle(tmp_path / "b")
    assert torch.equal(torch.get_rng_state(), random_state), "loading drew random numbers"
    assert said == read_info(tmp_path / "b")
    written = hashlib.sha256((tmp_path / "b" / "model.safetensors").read_bytes()).hexdigest()
    assert said == info.model_copy(update={"model_sha256": written})
    assert not again.training
    pictures = torch.randn(2, 3, 32, 32)
    assert torch.equal(again(pictures), model.eval().to(memory_format=torch.contiguous_format)(pictures))
    assert load_file(tmp_path / "b" / "model.safetensors").keys() == model.state_dict().keys()


def test_a_bundle_replaces_the_one_before_with_all_its_files(bundle: Path, model: ResNet) -> None:
    (bundle / "trainer.json").write_text("{}")
    save_bundle(bundle, model, info_of("a", "b"), also=lambda folder: (folder / "more.txt").touch())
    assert sorted(p.name for p in bundle.iterdir()) == ["bundle.json", "model.safetensors", "more.txt"]
    assert [p.name for p in bundle.parent.iterdir()] == ["best"]
    assert read_info(bundle).classes == ("a", "b")


def test_a_save_that_fails_leaves_the_bundle_before(bundle: Path, model: ResNet) -> None:
    def fail(folder: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(BundleError, match="No space left on device"):
        save_bundle(bundle, model, info_of("a", "b"), also=fail)
    assert read_info(bundle).classes == ("owl", "wren")
    assert [p.name for p in bundle.parent.iterdir()] == ["best"]


def test_a_writer_that_died_between_its_two_renames_has_lost_nothing(bundle: Path, model: ResNet) -> None:
    bundle.rename(bundle.with_name(".best.old"))
    assert load_bundle(bundle)[1].classes == ("owl", "wren")
    save_bundle(bundle, model, info_of("a", "b"))
    assert load_bundle(bundle)[1].classes == ("a", "b")
    assert [p.name for p in bundle.parent.iterdir()] == ["best"]


def test_a_folder_with_other_things_is_never_replaced(tmp_path: Path, model: ResNet) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(BundleError, match=r"not a bundle.*empty folder"):
        save_bundle(tmp_path, model, info_of("a", "b"))
    with pytest.raises(BundleError, match="not a bundle"):
        save_bundle(tmp_path / "letter.txt", model, info_of("a", "b"))
    assert (tmp_path / "letter.txt").read_text() == "dear"


def test_a_network_that_is_not_what_its_words_say_is_a_bug(tmp_path: Path, model: ResNet) -> None:
    with pytest.raises(ValueError, match="3 classes"):
        save_bundle(tmp_path / "b", model, info_of("a", "b", "c"))
    with pytest.raises(ValueError, match="resnet34"):
        save_bundle(tmp_path / "b", model, info_of("a", "b", arch="resnet34"))
    assert not list(tmp_path.iterdir())


def test_a_missing_file_is_named(bundle: Path) -> None:
    (bundle / "model.safetensors").unlink()
    with pytest.raises(BundleError, match=r"has no model\.safetensors"):
        load_bundle(bundle)
    (bundle / "bundle.json").unlink()
    with pytest.raises(BundleError, match=r"not a bundle: it has no bundle\.json"):
        read_info(bundle)
    with pytest.raises(BundleError, match="not a bundle"):
        read_info(bundle / "nowhere")


def test_a_truncated_weight_file_is_named(bundle: Path) -> None:
    path = bundle / "model.safetensors"
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(BundleError, match=r"model\.safetensors is damaged"):
        load_bundle(bundle)


def test_a_flipped_bit_is_noticed(bundle: Path) -> None:
    load_bundle(bundle)
    path = bundle / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    with pytest.raises(BundleError, match=r"model\.safetensors is damaged: its SHA-256 is not the one in bundle\.json"):
        load_bundle(bundle)


def test_a_bundle_from_before_the_hash_loads(bundle: Path) -> None:
    told = json.loads((bundle / "bundle.json").read_text())
    del told["model_sha256"]
    (bundle / "bundle.json").write_text(json.dumps(told))
    assert load_bundle(bundle)[1].model_sha256 is None


def test_a_bundle_that_is_replaced_while_it_is_read_is_no_damage(
    bundle: Path, model: ResNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run saves between the reading of bundle.json and of the weights: the hash of the old one fits no more."""
    hash_of, replaced = known_sha256_of, []

    def replace_first(path: Path) -> str:
        if not replaced:
            replaced.append(save_bundle(bundle, build("resnet18", 2), info_of("a", "b")))
        return hash_of(path)

    monkeypatch.setattr("core.models.bundle.known_sha256_of", replace_first)
    assert load_bundle(bundle)[1].classes == ("a", "b")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("size", 30_000, "size: Input should be less than or equal to 4096"),
        ("size", "224", "size: Input should be a valid integer"),
        ("std", [0, 0, 0], "std.0: Input should be greater than"),
        ("mean", [0.5, 0.5], "mean.2: Field required"),
        ("mode", "stretch", "mode: Input should be 'crop', 'squash' or 'letterbox'"),
        ("flip", True, "flip: Extra inputs are not permitted"),
    ],
)
def test_preprocessing_has_bounds(bundle: Path, field: str, value: object, said: str) -> None:
    rewrite(bundle, preprocessing=PREPROCESSING | {field: value})
    with pytest.raises(BundleError, match=f"is not valid .preprocessing: {said}"):
        read_info(bundle)


def test_weights_of_another_type_are_not_read(bundle: Path) -> None:
    state = load_file(bundle / "model.safetensors")
    save_file(state | {"fc.bias": torch.ones(2, dtype=torch.bool)}, bundle / "model.safetensors")
    with pytest.raises(
        BundleError, match=r"cannot be used: fc\.bias holds bool numbers; weights are float16, bfloat16,"
    ):
        load_bundle(bundle)


@pytest.mark.parametrize("text", ["", "{", '"word"', "[]", "{}"])
def test_a_broken_bundle_json_is_a_sentence(bundle: Path, text: str) -> None:
    (bundle / "bundle.json").write_text(text)
    with pytest.raises(BundleError, match=r"bundle\.json"):
        read_info(bundle)


def test_another_schema_version_is_refused(bundle: Path) -> None:
    rewrite(bundle, schema_version=4)
    with pytest.raises(BundleError, match="schema version 4; this program reads versions 1 to 3"):
        read_info(bundle)


def test_a_field_that_is_wrong_is_named(bundle: Path) -> None:
    rewrite(bundle, classes=[], task="juggling")
    with pytest.raises(BundleError, match=r"task.*classes|classes.*task"):
        read_info(bundle)


def test_an_unknown_architecture_is_refused(bundle: Path) -> None:
    rewrite(bundle, arch="resnet51")
    with pytest.raises(UnknownArchitecture, match="resnet51"):
        read_info(bundle)


def test_a_wrong_number_of_classes_is_counted(bundle: Path) -> None:
    rewrite(bundle, classes=["owl", "wren", "crow"])
    with pytest.raises(BundleError, match="the weights are for 2 classes, not for 3"):
        load_bundle(bundle)


def test_weights_of_another_architecture_are_told(bundle: Path) -> None:
    rewrite(bundle, arch="resnet34")
    with pytest.raises(BundleError, match=r"resnet34.*are missing \(layer1\.2\.conv1\.weight is the first\)"):
        load_bundle(bundle)


def test_a_wrong_shape_is_told(bundle: Path) -> None:
    state = load_file(bundle / "model.safetensors")
    state["conv1.weight"] = torch.zeros(64, 1, 7, 7)
    save_file(state, bundle / "model.safetensors")
    with pytest.raises(BundleError, match=r"conv1\.weight has the shape \[64, 1, 7, 7\], not \[64, 3, 7, 7\]"):
        load_bundle(bundle)


def test_the_trunk_can_be_compared_without_the_classifier(model: ResNet) -> None:
    other = build("resnet18", 7).state_dict()
    assert mismatch(model, other) == "the weights are for 7 classes, not for 2"
    assert mismatch(model, other, classifier=False) is None


def test_reading_what_a_bundle_says_needs_no_torch(bundle: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from core.models.bundle import read_info; "
        "import core.models.zoo; read_info(Path(sys.argv[1])); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(bundle)], check=True, cwd=REPOSITORY)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("/home/ada/thesis/best.pth", "best.pth"),
        ("C:\\Users\\ada\\my run\\", "my run"),
        ("~/ada/best.pth", "best.pth"),
        ("torchvision", "torchvision"),
        ("https://example.org/ada/best.pth", "https://example.org/ada/best.pth"),
        ("BSD-3-Clause / MIT", "BSD-3-Clause / MIT"),
    ],
)
def test_what_others_may_read_of_a_bundle_names_no_folder(said: str, told: str) -> None:
    found = info_of("owl", weights={"source": said}, recipe={"weights": said, "epochs": 3}).public()
    assert (found.weights, found.recipe) == ({"source": told}, {"weights": told, "epochs": 3})


def test_what_others_may_read_of_a_bundle_does_not_say_who_took_the_exam() -> None:
    figures = {"report_val": {"n": 3}, "exam": {"look": 2, "who": "Ada"}}
    assert info_of("owl", metrics=figures).public().metrics == {"report_val": {"n": 3}, "exam": {"look": 2}}
