"""Finds faces and their eyes in a picture: YuNet, a small network whose file lies beside this module.

Wu, Peng and Yu: "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 20 (2023). The file is
OpenCV's of March 2023 (MIT, see LICENSE-yunet.txt), run by onnxruntime: OpenCV's own FaceDetectorYN takes two seconds
to start and about three times as long a frame (OpenCV 5.0, AVX2). Nothing is downloaded.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from core.data.pictures.box import Box

if TYPE_CHECKING:
    import onnxruntime

NETWORK = Path(__file__).resolve().parent / "face_detection_yunet_2023mar.onnx"
USUAL_SIDE = 640
"""Pictures are searched at about this longer side: reduced by a whole number, which is quick."""
LEAST_SCORE = 0.7
SAME_FACE = 0.3
"""Two boxes whose intersection over union is above this are one face."""
_STRIDES = (8, 16, 32)
_STEP = max(_STRIDES)


@dataclass(frozen=True)
class Face:
    """One face, in pixels of the picture."""

    box: Box
    score: float
    eyes: tuple[tuple[float, float], tuple[float, float]]
    """The centres of the person's right and left eye, also of closed ones."""


class FaceDetector:
    """The loaded network; may be shared by threads."""

    def __init__(self) -> None:
        self._session = _session()

    def faces(self, image: Image.Image) -> list[Face]:
        """Return the faces of an upright RGB picture, the largest first."""
        factor = max(1, round(max(image.size) / USUAL_SIDE))
        small = image if factor == 1 else image.reduce(factor)
        width, height = small.size
        pixels = np.zeros((3, -(-height // _STEP) * _STEP, -(-width // _STEP) * _STEP), np.float32)
        pixels[:, :height, :width] = np.asarray(small).transpose(2, 0, 1)[::-1]  # trained on BGR, 0 to 255
        names = [f"{kind}_{stride}" for stride in _STRIDES for kind in ("cls", "obj", "bbox", "kps")]
        found = self._session.run(names, {"input": pixels[None]})
        columns = pixels.shape[2]
        rows = []
        for place, stride in enumerate(_STRIDES):
            shown, sure, boxes, points = (part[0] for part in found[4 * place : 4 * place + 4])
            rows.append(_candidates(shown, sure, boxes, points, stride, columns // stride))
        kept = _without_doubles(np.concatenate(rows))
        kept[:, :8] *= factor
        faces = [_face(row) for row in kept]
        return sorted(faces, key=lambda one: -one.box.area)


@lru_cache(maxsize=1)
def face_detector() -> FaceDetector:
    """Return the detector, loaded once."""
    return FaceDetector()


def _session() -> "onnxruntime.InferenceSession":
    import onnx
    import onnxruntime

    network = onnx.load(str(NETWORK))
    # The file fixes the input to 640 x 640, which its layers do not need: a wide frame has half of these pixels.
    del network.graph.value_info[:]
    for value in [*network.graph.input, *network.graph.output]:
        free = (2, 3) if value.name == "input" else (1,)
        for place in free:
            value.type.tensor_type.shape.dim[place].dim_param = f"{value.name}_{place}"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # two are no faster, and the model's engine needs the other cores
    return onnxruntime.InferenceSession(network.SerializeToString(), options, providers=["CPUExecutionProvider"])


def _candidates(
    shown: np.ndarray, sure: np.ndarray, boxes: np.ndarray, points: np.ndarray, stride: int, columns: int
) -> np.ndarray:
    """Return the boxes of one stride with a high score: float64 [n, 9].

    Columns: centre x and y, width, height, right eye x and y, left eye x and y, score. ``shown`` and ``sure`` are
    [cells, 1], ``boxes`` [cells, 4] and ``points`` [cells, 10], all relative to their cell and in units of the stride.
    """
    scores = np.sqrt(np.clip(shown[:, 0], 0, 1) * np.clip(sure[:, 0], 0, 1))
    chosen = np.flatnonzero(scores >= LEAST_SCORE)
    corner = np.stack([chosen % columns, chosen // columns], axis=1).astype(np.float64)
    middle = (corner + boxes[chosen, :2]) * stride
    size = np.exp(boxes[chosen, 2:].astype(np.float64)) * stride
    eyes = (np.tile(corner, 2) + points[chosen, :4]) * stride
    return np.concatenate([middle, size, eyes, scores[chosen, None]], axis=1)


def _without_doubles(rows: np.ndarray) -> np.ndarray:
    """Return the rows of `_candidates` without those that show a face with a higher score again."""
    rows = rows[np.argsort(-rows[:, 8], kind="stable")]
    low, high = rows[:, :2] - rows[:, 2:4] / 2, rows[:, :2] + rows[:, 2:4] / 2
    areas = rows[:, 2] * rows[:, 3]
    kept: list[int] = []
    for place in range(len(rows)):
        sides = np.clip(np.minimum(high[place], high[kept]) - np.maximum(low[place], low[kept]), 0, None)
        common = sides[:, 0] * sides[:, 1]
        if not (common > SAME_FACE * (areas[place] + areas[kept] - common)).any():
            kept.append(place)
    return rows[kept]


def _face(row: np.ndarray) -> Face:
    x, y, width, height, right_x, right_y, left_x, left_y, score = (float(one) for one in row)
    box = Box(x - width / 2, y - height / 2, width, height)
    return Face(box, score, ((right_x, right_y), (left_x, left_y)))
