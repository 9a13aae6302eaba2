"""Writes the same pretrained tensors in every peer's form, and checks that each network computes the same features.

Runs in the peers' environment before any clock starts: a user would have downloaded these files once, too.
"""

import argparse
import json
import os
import shutil
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import torch
from peer import SIZE, STD, resnet50_v1
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import ResNetConfig, ResNetForImageClassification

CLOSE = 1e-3  # largest difference of a feature; their mean is 0.2


def hugging_face(state: dict[str, Tensor], strides_in_1x1: bool) -> ResNetForImageClassification:
    """Return transformers' ResNet-50 with these tensors."""
    model = ResNetForImageClassification(ResNetConfig(downsample_in_bottleneck=strides_in_1x1, num_labels=1000))
    renamed = {}
    for name, tensor in state.items():
        match name.split("."):
            case ["fc", kind]:
                renamed[f"classifier.1.{kind}"] = tensor
            case [layer, kind]:  # conv1, bn1
                place = "convolution" if layer.startswith("conv") else "normalization"
                renamed[f"resnet.embedder.embedder.{place}.{kind}"] = tensor
            case [stage, block, "downsample", number, kind]:
                place = ("convolution", "normalization")[int(number)]
                renamed[f"resnet.encoder.stages.{int(stage[-1]) - 1}.layers.{block}.shortcut.{place}.{kind}"] = tensor
            case [stage, block, layer, kind]:
                place = "convolution" if layer.startswith("conv") else "normalization"
                inside = f"layer.{int(layer[-1]) - 1}.{place}.{kind}"
                renamed[f"resnet.encoder.stages.{int(stage[-1]) - 1}.layers.{block}.{inside}"] = tensor
    model.load_state_dict(renamed)
    return model


def keras_base(state: dict[str, Tensor], mean: list[float]) -> keras.Model:
    """Return Keras's ResNet50 without its top. Its strides are v1's; its input is BGR minus Caffe's mean, 0 to 255."""
    model = keras.applications.ResNet50(weights=None, include_top=False, input_shape=(SIZE, SIZE, 3))
    caffe = np.array([123.68, 116.779, 103.939])
    if np.abs(255 * np.array(mean) - caffe).max() > 1e-3:
        raise SystemExit(f"These weights have the mean {mean}; Keras's preprocess_input subtracts {caffe / 255}.")
    for layer in model.layers:
        if not layer.weights:
            continue
        name, norm = _torchvision_name(layer.name)
        if norm:
            values = [state[f"{name}.{kind}"].numpy() for kind in ("weight", "bias", "running_mean", "running_var")]
        else:
            kernel = state[f"{name}.weight"].numpy()  # [out, in, height, width]
            if name == "conv1":  # ours takes RGB from 0 to 1, divided by std
                kernel = (kernel / (255 * np.array(STD, dtype=np.float32)[None, :, None, None]))[:, ::-1]
            values = [kernel.transpose(2, 3, 1, 0), np.zeros(len(kernel), np.float32)]
        layer.set_weights(values)
    return model


def _torchvision_name(layer: str) -> tuple[str, bool]:
    """Return torchvision's name of "conv2_block1_0_conv" and whether it is a norm."""
    stage, *block, kind = layer.split("_")
    norm = kind == "bn"
    if not block:
        return ("bn1" if norm else "conv1"), norm
    number, place = int(block[0].removeprefix("block")) - 1, block[1]
    start = f"layer{int(stage.removeprefix('conv')) - 1}.{number}"
    return (f"{start}.downsample.{int(norm)}" if place == "0" else f"{start}.{'bn' if norm else 'conv'}{place}"), norm


def torchvision_features(folder: Path, v1: bool) -> nn.Module:
    """Return torchvision's network without its classifier."""
    from torchvision.models import resnet50

    if v1:
        model = resnet50_v1(folder)
    else:
        model = resnet50()
        model.load_state_dict(load_file(folder / "resnet50.safetensors"))
    model.fc = nn.Identity()
    return model.eval()


def main() -> None:
    """Write weights.json, resnet50.safetensors, hugging_face/ and keras.weights.h5."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="a .safetensors of ResNet-50 with its .json beside it")
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    folder: Path = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    about = json.loads(options.file.with_suffix(".json").read_text())
    mean, std = about["preprocessing"]["mean"], about["preprocessing"]["std"]
    if about["arch"] != "resnet50-v1" or std != STD:
        raise SystemExit(f"{options.file} is not a v1 network with the usual standard deviation.")
    shutil.copyfile(options.file, folder / "resnet50.safetensors")
    state = load_file(folder / "resnet50.safetensors")

    torch.manual_seed(0)
    pixels = torch.randint(0, 256, (2, 3, SIZE, SIZE)).float()
    pixels = nn.functional.avg_pool2d(pixels, 9, 1, 4, count_include_pad=False).round()  # smooth, as photos are
    normal = (pixels / 255 - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]
    found = {}
    with torch.inference_mode():
        expected = torchvision_features(folder, v1=True)(normal)
        other = torchvision_features(folder, v1=False)(normal)
        model = hugging_face(state, strides_in_1x1=True).eval()
        found["hugging face"] = model.resnet(normal).pooler_output.flatten(1)
        model.config.image_mean = mean
        model.save_pretrained(folder / "hugging_face")
        base = keras_base(state, mean)
        inputs = keras.applications.resnet.preprocess_input(pixels.permute(0, 2, 3, 1).numpy().copy())
        found["keras"] = torch.as_tensor(base(inputs, training=False).detach().cpu().mean((1, 2)))
        base.save_weights(folder / "keras.weights.h5")
    wrong = float((other - expected).abs().max())
    print(f"mean feature {expected.mean():.3f}; with v1.5's strides, the largest difference would be {wrong:.1f}")
    for name, features in found.items():
        difference = float((features - expected).abs().max())
        print(f"{name}: largest difference from torchvision's {difference:.1e}")
        if difference > CLOSE:
            raise SystemExit(f"{name} does not compute the same features.")
    (folder / "weights.json").write_text(json.dumps({"mean": mean, "std": std, "sha256": about["sha256"]}))


if __name__ == "__main__":
    main()
