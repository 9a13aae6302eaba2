"""Measures the cost of a Grad-CAM heatmap as a multiple of one forward pass.

    python benchmarks/gradcam.py                   # ResNet-50, one image of 224 x 224
    python benchmarks/gradcam.py --at-most 1.5     # exit code 1 if it costs more

The passes alternate in one run, so that a busy machine slows all of them equally, and their medians are compared. For
comparison, the grad-cam package is used directly on the whole network. The weights are random, which does not change
the time.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.inspection.explaining.cam import STAGES, heatmap_of
from core.models.resnet import build


def measure(passes: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Return the median seconds of each pass, measured alternately."""
    for run in passes.values():
        run()
        run()
    seconds: dict[str, list[float]] = {name: [] for name in passes}
    for _ in range(repeats):
        for name, run in passes.items():
            started = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(times) for name, times in seconds.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arch", default="resnet50")
    parser.add_argument("--stage", default="layer4", choices=STAGES)
    parser.add_argument("--size", type=int, default=224, help="side of the image in pixels")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--at-most", type=float, help="fail if Grad-CAM costs more forward passes than this")
    options = parser.parse_args()

    torch.manual_seed(0)
    network = build(options.arch).eval().requires_grad_(False).to(memory_format=torch.channels_last)
    picture = torch.randn(1, 3, options.size, options.size).to(memory_format=torch.channels_last)

    def forward() -> object:
        with torch.inference_mode():
            return network(picture)

    def ours() -> object:
        return heatmap_of(network, picture, method="gradcam", stage=options.stage, target=1)

    trainable = build(options.arch).eval().to(memory_format=torch.channels_last)

    def plain() -> object:
        with GradCAM(trainable, [trainable.get_submodule(options.stage)]) as cam:
            return cam(picture, [ClassifierOutputTarget(1)])

    medians = measure({"forward": forward, "ours": ours, "plain": plain}, options.repeats)
    ratio, plain_ratio = medians["ours"] / medians["forward"], medians["plain"] / medians["forward"]
    print(f"{options.arch}, one image of {options.size} pixels, {torch.get_num_threads()} threads, fp32")
    print(f"forward pass                       {1000 * medians['forward']:7.1f} ms")
    print(f"Grad-CAM at {options.stage}                 {1000 * medians['ours']:7.1f} ms   {ratio:.2f} forward passes")
    print(f"the package on the whole network   {1000 * medians['plain']:7.1f} ms   {plain_ratio:.2f} forward passes")
    if options.at_most is not None and ratio > options.at_most:
        print(f"Grad-CAM costs more than {options.at_most} forward passes.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
