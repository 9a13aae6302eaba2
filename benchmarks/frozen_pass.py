"""Measures every way to compute a frozen ResNet-50 on this machine, alternating in one run, and the probe on each.

    python benchmarks/frozen_pass.py                                # speeds, on noise
    python benchmarks/frozen_pass.py --data DIR DIR --photos 600    # folders with labels.csv and images/

"eager" is the network as it is trained, in fp32 and channels_last. "before" is how vectors were computed until now: the
same, in autocast bf16 where the processor has it. The others are the engines of core/features/engines. All compute the
same batches in turns, so that a busy machine slows each equally; medians of the rounds are compared. Images per second
of processor time are less sensitive to other work than images per second.

Measured on two quiet cores of an Intel Xeon (Sapphire Rapids, AMX) on 28 November 2026, images per second to eager's
14.6: before 2.6, torch fp32 1.7, torch bf16 4.5, onnxruntime fp32 1.75 and int8 5.1; the probe on 400 flowers lost at
most 2 photos and won 1. With everything beyond AVX2 hidden from the libraries, on the same processor, to eager's 12.3:
torch fp32 1.4, onnxruntime fp32 1.45 and int8 2.6.

The probe is scikit-learn's logistic regression on normalised vectors, in 5-fold cross-validation; "mixed" is trained on
the engine's vectors and applied to exact ones, as a model does that was trained on them.
"""

import argparse
import csv
import logging
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import normalize
from torch.nn.utils.fusion import fuse_conv_bn_eval

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.data.pictures.transforms import Preprocessing
from core.features.engines.engine import BATCH, BF16, FP32, POOLED, NetworkArrays
from core.features.engines.int8_engine import CALIBRATION_PHOTOS, calibrate, name_of
from core.features.engines.ort_engine import OrtEngine, fp32_engine
from core.features.engines.torch_engine import TorchEngine, fastest_names
from core.models.resnet import ResNet, build
from core.models.weights import fetch
from core.processors import available_processors, has_int8_dot_products, limit_threads, processor_name

Way = Callable[[np.ndarray], np.ndarray]


def eager(network: ResNet, seen: Preprocessing, dtype: torch.dtype | None = None) -> Way:
    """Return the network itself as a function of views, in autocast if there is a dtype."""

    def run(pixels: np.ndarray) -> np.ndarray:
        images = torch.from_numpy(pixels).permute(0, 3, 1, 2)
        batch = seen.normalise(images).contiguous(memory_format=torch.channels_last)
        with torch.inference_mode(), torch.autocast("cpu", dtype or torch.bfloat16, enabled=dtype is not None):
            return network.avgpool(network.forward_features(batch)).flatten(1).float().numpy()

    return run


def folded(network: ResNet) -> ResNet:
    """Fold BatchNorm into the convolutions, and change nothing else."""
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, torch.nn.BatchNorm2d):
                before = name.replace("bn", "conv") if name.startswith("bn") else "0"
                setattr(module, before, fuse_conv_bn_eval(getattr(module, before), child))
                setattr(module, name, torch.nn.Identity())
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def plain_network(arch: str, state: dict[str, torch.Tensor]) -> ResNet:
    network = build(arch)
    network.load_state_dict(state)
    return network.eval().requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def photos(folder: Path, count: int, seen: Preprocessing) -> tuple[np.ndarray, np.ndarray]:
    """Return views, uint8 [n, S, S, 3], and labels [n] of some photos, the same ones each time."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    chosen = np.random.default_rng(0).permutation(len(rows))[:count]
    views, labels = [], []
    for row in (rows[place] for place in chosen):
        with Image.open(folder / "images" / row["filename"]) as image:
            views.append(np.asarray(seen.view(image)))
        labels.append(row["label"])
    return np.stack(views), np.array(labels)


def measure(ways: dict[str, Way], pixels: np.ndarray, rounds: int) -> dict[str, tuple[float, float]]:
    """Return images per second, and per second of processor time; the medians of the rounds."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for way in ways.values():
        way(pixels)
    for _ in range(rounds):
        for name, way in ways.items():
            wall, own = time.perf_counter(), time.process_time()
            way(pixels)
            taken[name].append((time.perf_counter() - wall, time.process_time() - own))
    return {
        name: (
            len(pixels) / statistics.median(wall for wall, _ in seconds),
            len(pixels) / statistics.median(own for _, own in seconds),
        )
        for name, seconds in taken.items()
    }


def vectors(way: Way, pixels: np.ndarray) -> np.ndarray:
    parts = [way(pixels[start : start + BATCH]) for start in range(0, len(pixels), BATCH)]
    return normalize(np.concatenate(parts))


def right(known: np.ndarray, new: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return which photos the probe predicts correctly when they are held out, [n]."""
    found = np.zeros(len(labels), bool)
    for train, held in StratifiedKFold(5, shuffle=True, random_state=0).split(known, labels):
        probe = LogisticRegression(C=10, max_iter=300).fit(known[train], labels[train])
        found[held] = probe.predict(new[held]) == labels[held]
    return found


def print_probes(ways: dict[str, Way], pixels: np.ndarray, labels: np.ndarray) -> None:
    exact = vectors(ways["eager"], pixels)
    reference = right(exact, exact, labels)
    print(f"{'':24}  accuracy   lost  won   mixed     cosine: median, lowest")
    for name, way in ways.items():
        own = exact if name == "eager" else vectors(way, pixels)
        found, mixed = right(own, own, labels), right(own, exact, labels)
        lost, won = int((reference & ~found).sum()), int((found & ~reference).sum())
        cosines = (own * exact).sum(axis=1)
        likeness = f"{np.median(cosines):.5f}  {cosines.min():.5f}"
        print(f"{name:24}  {found.mean():7.2%}  {lost:5}  {won:3}  {mixed.mean():7.2%}   {likeness}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="*", default=[], help="folders with labels.csv and images/")
    parser.add_argument("--photos", type=int, default=600, help="photos of each folder")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--batch", type=int, default=BATCH)
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    limit_threads()
    weights = fetch()
    seen = Preprocessing.model_validate(weights.preprocessing)
    network = plain_network(weights.arch, weights.state)
    state = {name: tensor.numpy() for name, tensor in weights.state.items()}
    arrays = NetworkArrays(network.config, state, seen.mean, seen.std, seen.size)
    sets = {folder.name: photos(folder, options.photos, seen) for folder in options.data}
    noise = np.random.default_rng(0).integers(0, 256, (CALIBRATION_PHOTOS, seen.size, seen.size, 3), dtype=np.uint8)
    some = next(iter(sets.values()))[0] if sets else noise

    has_bf16 = BF16 in fastest_names("cpu")
    plain = eager(network, seen)
    ways = {"eager": plain, "before": eager(network, seen, torch.bfloat16) if has_bf16 else plain}
    ways["folded"] = eager(folded(plain_network(weights.arch, weights.state)), seen)
    for name in fastest_names("cpu"):
        engine = TorchEngine(arrays, name)
        ways[f"torch {name}"] = lambda pixels, engine=engine: engine.run(pixels)[POOLED]  # type: ignore[misc]
    onnx = fp32_engine(arrays)
    ways[f"onnxruntime {FP32}"] = lambda pixels: onnx.run(pixels)[POOLED]
    began = time.perf_counter()
    model = calibrate(arrays, some)
    seconds = time.perf_counter() - began
    integers = OrtEngine(model, name_of(model))
    ways["onnxruntime int8"] = lambda pixels: integers.run(pixels)[POOLED]

    print(
        f"{processor_name()}, {available_processors()} processors, torch sees {torch.backends.cpu.get_cpu_capability()}"
    )
    print(f"bf16 {'yes' if has_bf16 else 'no'}; weights in 8 bits: {'8' if has_int8_dot_products() else '7'} bits wide")
    print(f"calibration on {min(len(some), CALIBRATION_PHOTOS)} photos: {seconds:.1f} s")
    speeds = measure(ways, some[: options.batch], options.rounds)
    print(f"{'':24}  images/s  to eager  to before   per s of processor time  to eager  to before")
    for name, (wall, own) in speeds.items():
        ratios = [(one / speeds["eager"][k], one / speeds["before"][k]) for k, one in enumerate((wall, own))]
        (a, b), (c, d) = ratios
        print(f"{name:24}  {wall:8.1f}  {a:8.2f}  {b:9.2f}   {own:24.1f}  {c:8.2f}  {d:9.2f}")
    for name, (pixels, labels) in sets.items():
        print(f"\n{name}: {len(labels)} photos in {len(set(labels))} classes")
        print_probes(ways, pixels, labels)


if __name__ == "__main__":
    main()
