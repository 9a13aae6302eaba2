"""Measures how long the server takes to answer a frame of the Live page, and how many answers that is a second.

    python benchmarks/live_frames.py [--photos DIR] [--frames 60] [--width 1280]

The pretrained ResNet-50 with a head of its own classes, in fp32 and with its frozen layers in 8 bits (calibrated on the
photos; without --photos on the sample photos). A frame is what a browser posts: a JPEG in base64, at the camera's
resolution. Timed is all that the server does with it: decoding, the network, smoothing, the alarm. The way there and
back comes on top; the Live page shows the whole. Target: five answers a second on two cores with AVX2.
"""

import argparse
import base64
import io
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.features.engines.engine import arrays_of  # noqa: E402
from core.features.engines.int8_engine import calibrate, keep, name_of  # noqa: E402
from core.features.frozen_network import FrozenNetwork  # noqa: E402
from core.features.preferred_engine import record_pass  # noqa: E402
from core.inspection.predicting.predictor import IMAGENET, Predictor  # noqa: E402
from core.live.frame_model import frame_model  # noqa: E402
from core.live.latency import LatencyMeter  # noqa: E402
from core.live.settings import LiveSettings  # noqa: E402
from core.models.zoo import STAGE_VECTORS  # noqa: E402
from core.processors import available_processors, processor_name  # noqa: E402
from core.workspace import SAMPLE_IMAGES, Workspace, open_workspace  # noqa: E402
from pages.components.live.live_desk import LiveDesk  # noqa: E402

PHOTOS = ["photo"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, default=SAMPLE_IMAGES / "photos", help="a folder of JPEG files")
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--width", type=int, default=1280, help="of the camera, in pixels")
    options = parser.parse_args()
    pictures = [Image.open(path).convert("RGB") for path in sorted(options.photos.glob("*.jpg"))[:32]]
    size = (options.width, options.width * 9 // 16)
    posted = [as_posted(one.resize(size)) for one in pictures]
    predictor = Predictor.load(IMAGENET, "cpu")
    print(f"{processor_name()}, {available_processors()} processors, load {os.getloadavg()[0]:.1f}, frames of {size}")
    with tempfile.TemporaryDirectory() as folder:
        workspace = open_workspace(Path(folder))
        timed("fp32", predictor, workspace, posted, options.frames)
        network = FrozenNetwork.of_imagenet()
        if network is None:
            sys.exit("The pretrained weights are not there: python -m core weights.")
        views = np.stack([np.asarray(predictor.view(one)) for one in pictures])
        rounded = calibrate(arrays_of(network), views, STAGE_VECTORS)
        keep(workspace.cache / "engines" / network.name, rounded)
        record_pass(workspace, network, name_of(rounded), PHOTOS)
        timed("8 bits", predictor, workspace, posted, options.frames)


def timed(name: str, predictor: Predictor, workspace: Workspace, posted: list[str], frames: int) -> None:
    """Answer the frames one after the other, as one browser posts them, and print the figures."""
    model = frame_model(predictor, workspace, None, lambda: PHOTOS)
    desk = LiveDesk(model, LiveSettings(alarm_class=predictor.classes[0]))
    meter, busy = LatencyMeter(), 0.0
    for number in range(1, frames + 6):
        began, worked = time.perf_counter(), time.process_time()
        picture = posted[number % len(posted)]
        desk.take({"stream": "benchmark", "number": number, "at": number / 10, "picture": picture})
        desk.told()
        ended = time.perf_counter()
        if number > 5:  # the first ones prepare the runtime
            meter.add(ended - began, ended)
            busy += time.process_time() - worked
    middle, late = (1000 * (meter.percentile(share) or 0) for share in (0.5, 0.95))
    rate = meter.per_second or 0
    # Of all threads together, so that it says something on a busy machine too.
    work = f"{1000 * busy / len(meter):.0f} ms of processor time a frame"
    print(
        f"{name} ({model.engine_name}): p50 {middle:.0f} ms   p95 {late:.0f} ms   {rate:.1f} answers a second   {work}"
    )


def as_posted(picture: Image.Image) -> str:
    """Return a frame as the page's script posts it."""
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=92)
    return base64.b64encode(stream.getvalue()).decode()


if __name__ == "__main__":
    main()
