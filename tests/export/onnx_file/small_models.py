"""Small models with every kind of head, and their ONNX files' answers."""

from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch

from core.data.pictures.transforms import Preprocessing
from core.export.onnx_file.whole_graph import ModelParts, graphs
from core.inspection.deciding.foreign_score import ForeignScore, directions
from core.inspection.predicting.predictor import Predictor
from core.models.bundle import BundleInfo
from core.models.decision import Decision, FittedOn, Foreign
from core.models.heads import Localizer
from core.models.resnet import ResNet
from core.models.zoo import ResNetConfig
from tests.inspection.conftest import CLASSES, SMALL, lively, photo

PHOTOS = [photo(1, 96, 80), photo(2, 80, 131), photo(3, 64, 64), photo(4, 150, 90)]
WARM = Decision(temperature=2.5, fitted_on=FittedOn(n=120, created="2026-01-02T03:04:05+00:00"))


def model_parts(kind: str, seen: Preprocessing = SMALL, decision: Decision | None = None) -> ModelParts:
    """A model called last, stages, boxes or foreign, by its head."""
    config = ResNetConfig("basic", (1, 1, 1, 1), width=8, head="stages" if kind == "stages" else "last")
    torch.manual_seed(4)
    if kind == "boxes":
        network: ResNet = Localizer(config, len(CLASSES))
    else:
        network = ResNet(config, len(CLASSES))
    if kind == "stages":  # lively measures the last stage alone
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d) and module.running_mean is not None:
                torch.nn.init.normal_(module.running_mean, std=0.3)
        torch.nn.init.normal_(network.fc.weight, std=4)
    else:
        lively(network)
    if isinstance(network, Localizer):
        torch.nn.init.normal_(network.box.votes.weight, std=0.3)
    foreign = None
    if kind == "foreign":
        vectors = directions(np.random.default_rng(0).random((20, config.feature_width)))
        foreign = ForeignScore(vectors.astype(np.float16).astype(np.float32), 3)
        limit = Foreign(neighbours=3, limit=0.1, accepted=0.9, n=20, sha256="0" * 64)
        decision = (decision or WARM).model_copy(update={"foreign": limit})
    info = BundleInfo(
        arch="resnet18",
        task="localization" if kind == "boxes" else "classification",
        classes=CLASSES,
        preprocessing=seen.as_dict(),
        created="2026-01-02T03:04:05+00:00",
        decision=decision,
    )
    return ModelParts(network.eval(), info, foreign)


def predictor_of(parts: ModelParts) -> Predictor:
    return Predictor(
        parts.network,
        parts.seen,
        parts.info.classes,
        name="small",
        arch="resnet18",
        info=parts.info,
        foreign_score=parts.foreign,
    )


def graph(parts: ModelParts, input: Any = "view", softmax: bool = True, **more: Any) -> onnx.ModelProto:
    [(_, model)] = graphs(parts, ["fp32"], input, softmax, **more)
    return model


def answers(model: onnx.ModelProto, given: np.ndarray) -> dict[str, np.ndarray]:
    """The outputs of a model, by name."""
    onnx.checker.check_model(model, full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    [taken] = session.get_inputs()
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {taken.name: given}), strict=True))


def views(parts: ModelParts) -> np.ndarray:
    """The views of the photos, uint8 [N, S, S, 3]."""
    return np.stack([np.asarray(parts.seen.view(one)) for one in PHOTOS])
