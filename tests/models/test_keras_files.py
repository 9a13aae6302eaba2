"""Keras's weight files of every format load by the names of their layers, and other files are refused."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from core.errors import BundleError, ModelError, WeightsUnavailable
from core.models.keras_api import ResNet50V2
from core.models.keras_files import layers_of, load_keras_file, read_keras_file
from core.models.resnet import build
from core.models.weights import WeightsEntry, fetch
from core.models.weights_table import IMAGENET_STD, KERAS_MODES, TABLE, keras_preprocessing
from core.models.zoo import config_of
from tests.models.keras_original import answer, normalized, original
from tests.models.web_server import WebServer

TOLERANCE = 1e-4
V2 = "keras-resnet50v2"


def zeros(path: Path, arch: str = V2, classes: int | None = 1000) -> Path:
    """A weight file of zeros in Keras 2's layout. Zeros are not stored, so it is small despite its shapes."""
    with torch.device("meta"):
        shapes = {name: tuple(tensor.shape) for name, tensor in build(arch, classes or 1).state_dict().items()}
    ours_to_keras = {
        "weight": "kernel",
        "bias": "bias",
        "running_mean": "moving_mean",
        "running_var": "moving_variance",
    }
    with h5py.File(path, "w") as file:
        for keras, module in layers_of(config_of(arch)):
            if keras == "predictions" and classes is None:
                continue
            for ours, weight in ours_to_keras.items():
                shape = shapes.get(f"{module}.{ours}")
                if shape is None:
                    continue
                if keras.endswith("_bn"):
                    weight = {"kernel": "gamma", "bias": "beta"}.get(weight, weight)
                axes = (2, 3, 1, 0) if len(shape) == 4 else (1, 0) if len(shape) == 2 else (0,)
                keras_shape = tuple(shape[axis] for axis in axes)
                file.create_dataset(f"{keras}/{keras}/{weight}:0", keras_shape, dtype="f4", chunks=keras_shape)
    return path


@pytest.fixture(scope="module")
def saved(keras: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """One network of Keras, saved in each format, and its logits."""
    folder = tmp_path_factory.mktemp("forms")
    model = original(keras, "ResNet50V2", classifier_activation=None)
    model.compile("adam")
    model.save(folder / "whole.keras")
    model.save(folder / "whole.h5")
    model.save_weights(folder / "w.weights.h5")
    with h5py.File(folder / "whole.h5") as whole, h5py.File(folder / "old.h5", "w") as old:
        # The weights alone at the top, the names with Keras 2's ":0", as in the files that Keras gives out.
        for layer, group in whole["model_weights"].items():
            for weight, values in group.get(layer, {}).items():
                old[f"{layer}/{layer}/{weight}:0"] = values[()]
    return folder, answer(keras, model, "ResNet50V2")


@pytest.mark.parametrize("file", ["whole.keras", "whole.h5", "w.weights.h5", "old.h5"])
def test_every_form_gives_keras_numbers(saved: tuple[Path, np.ndarray], file: str) -> None:
    folder, expected = saved
    model = build(V2, 10).eval()
    model.load_state_dict(load_keras_file(folder / file, V2))
    with torch.inference_mode():
        found = model(normalized(keras_preprocessing(V2))).numpy()
    assert np.abs(found - expected).max() < TOLERANCE


def test_a_network_inside_another_and_a_second_one_in_a_session_are_read(tmp_path: Path) -> None:
    """Keras nests a network that is used as a layer, and numbers repeated names."""
    path = zeros(tmp_path / "w.h5", classes=None)
    with h5py.File(path) as plain, h5py.File(tmp_path / "nested.h5", "w") as nested:
        for layer in plain:
            nested.copy(plain[layer][layer], f"model_weights/resnet50v2/{layer}", name=None)
    with h5py.File(path, "a") as second:
        for layer in list(second):
            second.move(f"{layer}/{layer}", f"{layer}/{layer}_1")
    for file in ("nested.h5", "w.h5"):
        assert "layer4.2.conv3.weight" in load_keras_file(tmp_path / file, V2)


def test_an_optimizers_state_is_left_out(tmp_path: Path) -> None:
    path = zeros(tmp_path / "w.h5")
    with h5py.File(path, "a") as file:
        file.create_dataset("optimizer_weights/adam/conv1_conv/kernel/m:0", data=np.zeros(3))
        file.create_dataset("optimizer/vars/0", data=np.zeros(3))
    assert len(load_keras_file(path, V2)) == len(build_state(V2))


def build_state(arch: str, classes: int = 1000) -> dict[str, torch.Tensor]:
    with torch.device("meta"):
        return build(arch, classes).state_dict()


def test_a_file_without_a_top_is_a_start_for_other_classes(tmp_path: Path) -> None:
    zeros(tmp_path / "notop.h5", classes=None)
    found = fetch(V2, source=str(tmp_path / "notop.h5"))
    assert found.classes == () and not any(name.startswith("fc") for name in found.state)
    assert found.preprocessing["mean"] == [0.5] * 3
    model = build(found.arch, len(found.classes))
    model.load_state_dict(found.state)
    model.reset_classifier(3)
    assert model(torch.zeros(2, 3, 32, 32)).shape == (2, 3)


def test_what_the_file_was_trained_on_goes_into_the_first_kernel(tmp_path: Path) -> None:
    path = zeros(tmp_path / "w.h5", "keras-resnet50", 2)
    kernel = np.random.default_rng(0).normal(size=(7, 7, 3, 64)).astype(np.float32)
    with h5py.File(path, "a") as file:
        file["conv1_conv/conv1_conv/kernel:0"][...] = kernel
    rgb = torch.rand(1, 3, 32, 32) * 255
    bgr = (rgb.flip(1) - torch.tensor([103.939, 116.779, 123.68]).reshape(3, 1, 1)).double()
    theirs = torch.from_numpy(kernel.transpose(3, 2, 0, 1)).double()
    expected = torch.nn.functional.conv2d(bgr, theirs, padding=3)
    for mode, (mean, std) in KERAS_MODES.items():
        ours = load_keras_file(path, "keras-resnet50", mode)["conv1.weight"].double()
        seen = (rgb.double() / 255 - torch.tensor(mean).reshape(3, 1, 1)) / torch.tensor(std).reshape(3, 1, 1)
        alike = (torch.nn.functional.conv2d(seen, ours, padding=3) - expected).abs().max() < 1e-2
        assert bool(alike) is (mode == "caffe"), mode
    assert KERAS_MODES["caffe"][1] == IMAGENET_STD
    with pytest.raises(ModelError, match=r"'bgr'\. Choose one of: caffe, tf, torch, unit, raw"):
        load_keras_file(path, "keras-resnet50", "bgr")


def test_the_wrong_network_is_refused_with_the_right_one(tmp_path: Path) -> None:
    path = zeros(tmp_path / "w.h5", "keras-resnet101v2")
    with pytest.raises(
        BundleError, match=r"does not fit keras-resnet50v2: .*no place in it .*layers are those of keras-resnet101v2"
    ):
        load_keras_file(path, "keras-resnet50v2")
    with pytest.raises(
        BundleError, match=r"conv3_block5_preact_bn/gamma is missing.*layers are those of keras-resnet101v2"
    ):
        load_keras_file(path, "keras-resnet152v2")
    with pytest.raises(BundleError, match=r"resnet50 is not a network of Keras\. Choose one of: keras-resnet50,"):
        load_keras_file(path, "resnet50")


def change(path: Path, how: Callable[[h5py.File], Any]) -> None:
    with h5py.File(path, "a") as file:
        how(file)


def test_what_lacks_or_differs_is_named(tmp_path: Path) -> None:
    path = zeros(tmp_path / "w.h5")
    bias = "post_bn/post_bn/moving_mean:0"
    change(path, lambda file: file.move(bias, f"{bias}x"))
    with pytest.raises(BundleError, match=r"post_bn/moving_mean is missing"):
        load_keras_file(path, V2)
    change(path, lambda file: file.create_dataset(bias, (7,), dtype="f4"))
    with pytest.raises(BundleError, match=r"post_bn/moving_mean has the shape \[7\]"):
        load_keras_file(path, V2)


def test_a_shape_of_terabytes_is_refused_unread(tmp_path: Path) -> None:
    path = zeros(tmp_path / "w.h5")
    kernel = "conv5_block1_2_conv/conv5_block1_2_conv/kernel:0"

    def grow(file: h5py.File) -> None:
        del file[kernel]
        file.create_dataset(kernel, (1 << 14, 1 << 14, 1 << 10, 8), dtype="f4", chunks=(16, 16, 16, 8))

    change(path, grow)
    with pytest.raises(BundleError, match=r"has the shape \[16384, 16384, 1024, 8\]"):
        load_keras_file(path, V2)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"dtype": "S1000000"}, r"does not hold numbers of a usual kind \(\|S1000000\)"),  # took 4.7 GB
        ({"dtype": [("a", "<f4"), ("b", "<f4")]}, "does not hold numbers of a usual kind"),
        ({"dtype": "i8"}, r"does not hold numbers of a usual kind \(int64\)"),
        (
            {"dtype": "f4", "chunks": (512, 512, 64, 8), "maxshape": (None,) * 4},
            "is stored in pieces of more than 256 MB",
        ),
    ],
    ids=["texts", "compound", "integers", "pieces"],
)
def test_a_kernel_of_another_kind_is_refused_unread(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    path = zeros(tmp_path / "w.h5")
    kernel = "conv2_block1_1_conv/conv2_block1_1_conv/kernel:0"

    def replace_kernel(file: h5py.File) -> None:
        del file[kernel]
        file.create_dataset(kernel, (1, 1, 64, 64), **options)

    change(path, replace_kernel)
    with pytest.raises(BundleError, match=rf"w\.h5 cannot be used: conv2_block1_1_conv/kernel {said}"):
        load_keras_file(path, V2)


def test_damage_inside_the_file_ends_only_the_process_that_reads_it(tmp_path: Path) -> None:
    path = zeros(tmp_path / "w.h5")
    whole = path.read_bytes()
    place = whole.index(b"TREE", len(whole) // 2)
    path.write_bytes(whole[:place] + b"\xff" * 40 + whole[place + 40 :])
    with pytest.raises(BundleError, match=r"w\.h5 is damaged \(.*\)\. Copy or download it again\."):
        load_keras_file(path, V2)


def test_an_archive_that_unpacks_to_gigabytes_or_is_encrypted_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "w.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.weights.h5", bytes(50 * 2**20))
    with pytest.raises(BundleError, match=r"unpacks to 50 MB and was not read; at most 2 GB and 200 times its size"):
        load_keras_file(path, V2)
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(BundleError, match="protected with a password"):
        load_keras_file(path, V2)


def test_arrays_that_lie_in_other_files_are_refused_or_passed_over(tmp_path: Path) -> None:
    secret = tmp_path / "secret.bin"
    secret.write_bytes(b"\1" * 10_000)
    bias = "post_bn/post_bn/beta:0"

    def outside(file: h5py.File) -> None:
        del file[bias]
        file.create_dataset(bias, (2048,), dtype="f4", external=[(str(secret), 0, 8192)])

    path = zeros(tmp_path / "w.h5")
    change(path, outside)
    with pytest.raises(BundleError, match="refers to other files"):
        load_keras_file(path, V2)

    zeros(tmp_path / "other.h5")
    path = zeros(tmp_path / "linked.h5")

    def link(file: h5py.File) -> None:
        del file[bias]
        file[bias] = h5py.ExternalLink(str(tmp_path / "other.h5"), f"/{bias}")

    change(path, link)
    with pytest.raises(BundleError, match="post_bn/beta is missing"):
        load_keras_file(path, V2)


def test_numbered_layers_without_names_are_refused_with_a_way_out(tmp_path: Path) -> None:
    change(tmp_path / "w.weights.h5", lambda file: file.create_dataset("layers/conv2d/vars/0", data=np.zeros(3)))
    with pytest.raises(BundleError, match=r"which array belongs to which layer.*newer Keras, or as \.h5"):
        load_keras_file(tmp_path / "w.weights.h5", V2)


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    for name in ("w.h5", "w.keras"):
        with pytest.raises(BundleError, match="does not exist"):
            load_keras_file(tmp_path / name, V2)
        (tmp_path / name).write_bytes(b"not of Keras")
        with pytest.raises(BundleError, match="not a complete file of Keras"):
            load_keras_file(tmp_path / name, V2)
    with zipfile.ZipFile(tmp_path / "w.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(BundleError, match="not a complete file of Keras"):
        load_keras_file(tmp_path / "w.keras", V2)
    whole = zeros(tmp_path / "whole.h5").read_bytes()
    (tmp_path / "w.h5").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BundleError, match="not a complete file of Keras"):
        load_keras_file(tmp_path / "w.h5", V2)


def test_code_in_an_archive_is_not_looked_at(tmp_path: Path) -> None:
    """A .keras archive's config may name Python functions; it is never opened."""
    inner = zeros(tmp_path / "w.h5", classes=2)
    with zipfile.ZipFile(tmp_path / "w.keras", "w") as archive:
        archive.write(inner, "model.weights.h5")
        archive.writestr("config.json", "no JSON at all")
    assert len(load_keras_file(tmp_path / "w.keras", V2)) == len(build_state(V2, 2))


@pytest.fixture
def published(server: WebServer, tmp_path: Path) -> WeightsEntry:
    """Keras's download address on a local server, and the table's entry for it."""
    entry = next(entry for entry in TABLE if entry.arch == V2)
    content = zeros(tmp_path / "published.h5").read_bytes()
    path = "/" + entry.address.rsplit("/", 1)[-1]
    server.files[path] = content
    return replace(entry, address=server.url + path, md5=hashlib.md5(content).hexdigest())


def test_imagenets_weights_come_from_keras_address_once(
    weights: Path, server: WebServer, published: WeightsEntry
) -> None:
    seen: list[int] = []
    found = fetch(V2, progress=lambda what, done, total: seen.append(done), table=[published])
    assert found.arch == V2 and len(found.classes) == 1000 and found.preprocessing["std"] == [0.5] * 3
    assert found.origin["source"] == "keras" and found.origin["md5"] == published.md5 and seen
    server.stop()
    again = fetch(V2, table=[published])
    assert again.origin == found.origin and again.state.keys() == found.state.keys() == build_state(V2).keys()
    assert json.loads((weights / f"{V2}-imagenet-keras.json").read_text())["download_md5"] == published.md5


def test_another_file_at_keras_address_is_refused(weights: Path, server: WebServer, published: WeightsEntry) -> None:
    with pytest.raises(WeightsUnavailable, match=r"keras: .*is not the published file \(MD5 "):
        fetch(V2, table=[replace(published, md5="0" * 32)])
    server.files.clear()
    with pytest.raises(WeightsUnavailable, match=r"keras: .* answered 404"):
        fetch(V2, table=[published])
    assert not list(weights.glob("*.json"))


def test_the_table_has_keras_own_addresses_and_hashes(keras: ModuleType) -> None:
    from keras.src.applications.resnet import BASE_WEIGHTS_PATH, WEIGHTS_HASHES

    entries = {entry.arch.removeprefix("keras-"): entry for entry in TABLE if entry.source == "keras"}
    assert len(entries) == 6
    for name, entry in entries.items():
        assert entry.address == f"{BASE_WEIGHTS_PATH}{name}_weights_tf_dim_ordering_tf_kernels.h5"
        assert entry.md5 == WEIGHTS_HASHES[name][0]


def behind(path: Path, **layers: tuple[int, ...]) -> Path:
    """The file with a user's own dense layers, given by their kernels' shapes."""
    with h5py.File(path, "a") as file:
        for name, shape in layers.items():
            file.create_dataset(f"{name}/{name}/kernel:0", shape, dtype="f4", chunks=shape)
            file.create_dataset(f"{name}/{name}/bias:0", shape[-1:], dtype="f4", chunks=shape[-1:])
    return path


def test_a_dense_layer_of_ones_own_is_the_classifier_in_each_form(keras: ModuleType, tmp_path: Path) -> None:
    """A network with include_top=False and a user's own Dense behind it, in a Sequential and functional model."""
    base = keras.applications.ResNet50V2(weights=None, include_top=False, pooling="avg", input_shape=(64, 64, 3))
    nested = keras.Sequential([keras.Input((64, 64, 3)), base, keras.layers.Dropout(0.5), keras.layers.Dense(6)])
    flat = keras.Model(base.input, keras.layers.Dense(6)(base.output))
    flat.layers[-1].set_weights(nested.layers[-1].get_weights())
    expected = nested.layers[-1].get_weights()[0].T
    for model, name in ((nested, "nested"), (flat, "flat")):
        for suffix in (".h5", ".keras", ".weights.h5"):
            path = tmp_path / f"{name}{suffix}"
            model.save_weights(path) if suffix == ".weights.h5" else model.save(path)
            found = read_keras_file(path, V2)
            assert found.left_out == () and np.array_equal(found.state["fc.weight"].numpy(), expected), path


def test_a_head_of_several_layers_is_left_out_and_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = behind(zeros(tmp_path / "w.h5", classes=None), dense=(2048, 16), dense_1=(16, 6))
    found = read_keras_file(path, V2)
    assert found.left_out == ("dense", "dense_1") and not any(name.startswith("fc") for name in found.state)
    assert "left out layers that are not part of keras-resnet50v2: dense, dense_1." in caplog.text
    assert fetch(V2, source=str(path)).classes == ()
    assert ResNet50V2(include_top=False, weights=path).left_out == ("dense", "dense_1")
    with pytest.raises(
        ModelError, match=r"layers of its own behind keras-resnet50v2 \(dense, dense_1\).*include_top=Fal"
    ):
        ResNet50V2(weights=path, classes=6)


def test_a_classifier_on_flattened_maps_is_left_out(tmp_path: Path) -> None:
    path = behind(zeros(tmp_path / "w.h5", classes=None), predictions=(8192, 6))
    assert read_keras_file(path, V2).left_out == ("predictions",)


def test_who_chose_the_right_network_is_not_told_to_choose_it(tmp_path: Path) -> None:
    path = zeros(tmp_path / "w.h5")
    change(path, lambda file: file.move("post_bn/post_bn/beta:0", "post_bn/post_bn/gone:0"))
    with pytest.raises(BundleError, match=r"post_bn/beta is missing\. The file was changed or is damaged"):
        load_keras_file(path, V2)


def test_capitals_in_a_files_name_do_not_matter(tmp_path: Path) -> None:
    path = zeros(tmp_path / "W.H5", classes=2)
    assert fetch(V2, source=str(path)).classes == ("0", "1")
    assert ResNet50V2(weights=path, classes=2).include_top
    with zipfile.ZipFile(tmp_path / "W.KERAS", "w") as archive:
        archive.write(path, "model.weights.h5")
    assert read_keras_file(tmp_path / "W.KERAS", V2).state.keys() == build_state(V2, 2).keys()
