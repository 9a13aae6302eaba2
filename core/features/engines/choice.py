"""Chooses the fastest engine for a network on this machine: measured at first use, and remembered. Imports torch."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from core.features.engines.engine import BATCH, BF16, FP32, POOLED, Engine, NetworkArrays, arrays_of
from core.features.engines.int8_check import LEAST_PHOTOS, Probe, check
from core.features.engines.int8_engine import CALIBRATION_PHOTOS, calibrate, keep, kept_engine, name_of
from core.features.engines.measuring import BATCH as MEASURED_BATCH
from core.features.engines.measuring import measured_speeds
from core.features.engines.ort_engine import OrtEngine, fp32_engine
from core.features.engines.remembered import Measured, remember, remembered
from core.features.engines.torch_engine import TorchEngine, fastest_names
from core.features.frozen_network import FrozenNetwork
from core.models.zoo import STAGES
from core.processors import has_int8_dot_products
from core.workspace import Workspace

FEW_PHOTOS = 100
"""For so few photos, measuring takes longer than what it saves."""
TEST_PHOTOS = 600
_INT8_GAINS = {True: 2.4, False: 1.6}
"""How much faster than in fp32 onnxruntime usually computes in 8 bits, on processors with 8-bit dot products and
without; only says whether it is worth a try."""
_LEAST_GAIN = 1.1
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LabelledPhotos:
    """Labelled photos of the project, to calibrate and test 8 bits with."""

    pixels: Callable[[Sequence[int]], np.ndarray]
    """Gives the views of some of them, by number: uint8 [n, S, S, 3]."""
    labels: np.ndarray
    folds: np.ndarray
    """In which fold of cross-validation each is held out; photos of a group share one."""
    probe: Probe


def choose_engine(
    workspace: Workspace,
    network: FrozenNetwork,
    outputs: Sequence[str] = (POOLED,),
    *,
    images: int | None = None,
    exact: bool = False,
    labelled: LabelledPhotos | None = None,
    device: str | None = None,
) -> Engine:
    """Return the fastest engine for the outputs, ready to use; measures in about three seconds if that was never done.

    ``images`` is how many views are to be computed: few are computed without measuring, and many are worth trying 8
    bits, if there are ``labelled`` photos to test them with. ``exact`` allows full precision only. Raises the errors
    of ``FrozenNetwork.load``.
    """
    where = device or _device()
    arrays = arrays_of(network)
    known = remembered(workspace, network)
    if known is not None and known.device != where:
        known = None
    rounded = not exact and where == "cpu" and not set(outputs) & set(STAGES)
    folder = workspace.cache / "engines" / network.name
    if known is not None and known.int8 and rounded:
        kept = kept_engine(folder, known.int8)
        if kept is not None and set(outputs) <= set(kept.outputs):
            return kept
    if known is None and images is not None and images < FEW_PHOTOS:
        return made(usual_engine(where, exact), arrays, outputs, where)
    if known is None:
        known = Measured(where, _speeds(arrays, where))
        remember(workspace, network, known)
    best = known.fastest(exact)
    if rounded and labelled is not None and not known.int8_failed and _is_worth_a_try(known, images, labelled):
        model, known = _tried_in_8_bits(arrays, outputs, known, best, labelled)
        if model is not None:
            try:
                keep(folder, model)
            except OSError as error:
                log.warning("the calibrated network could not be stored in %s (%s)", folder, error)
                known = replace(known, int8=None)
        remember(workspace, network, known)
        if model is not None:
            return OrtEngine(model, name_of(model))
    return made(best, arrays, outputs, where)


def engine_called(
    workspace: Workspace,
    network: FrozenNetwork,
    name: str,
    *,
    device: str | None = None,
) -> Engine | None:
    """Return the fastest engine of that name, for features that are to be like others of that name.

    None if this machine has none, such as bf16 on a processor without it, or a calibration that was deleted.
    """
    where = device or _device()
    if name.startswith("int8-"):
        kept = kept_engine(workspace.cache / "engines" / network.name, name)
        return kept if kept is not None and POOLED in kept.outputs else None
    known = remembered(workspace, network)
    speeds = known.speeds if known is not None and known.device == where else {}
    engines = [one for one in _candidates(where) if one.endswith(f"/{name}")]
    if not engines:
        return None
    usual = usual_engine(where, exact=name == FP32)
    best = max(engines, key=lambda one: (speeds.get(one, 0.0), one == usual))
    return made(best, arrays_of(network), device=where)


def made(engine: str, network: NetworkArrays, outputs: Sequence[str] = (POOLED,), device: str = "cpu") -> Engine:
    """Return an engine by its runtime and name, such as "torch/bf16" or "onnxruntime/fp32"."""
    runtime, name = engine.split("/")
    return fp32_engine(network, outputs) if runtime == "onnxruntime" else TorchEngine(network, name, outputs, device)


def usual_engine(device: str, exact: bool) -> str:
    """Return the engine that is usually the fastest on such a device, without measuring."""
    if device != "cpu":
        return f"torch/{FP32 if exact else fastest_names(device)[-1]}"
    return f"torch/{BF16}" if not exact and BF16 in fastest_names(device) else f"onnxruntime/{FP32}"


def _candidates(device: str) -> list[str]:
    ours = [f"torch/{name}" for name in fastest_names(device)]
    # A GPU is faster than a processor; Apple's are measured, because they are not always.
    return ours if torch.device(device).type == "cuda" else [*ours, f"onnxruntime/{FP32}"]


def _device() -> str:
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    return accelerator.type if accelerator else "cpu"


def _speeds(network: NetworkArrays, device: str) -> dict[str, float]:
    """Measure all candidates on noise; what a picture shows makes no difference."""
    pixels = np.random.default_rng(0).integers(0, 256, (MEASURED_BATCH, network.size, network.size, 3), dtype=np.uint8)
    engines = {engine: made(engine, network, (POOLED,), device) for engine in _candidates(device)}
    speeds = measured_speeds(engines, pixels)
    log.info("images a second on %s: %s", device, {name: round(speed, 1) for name, speed in speeds.items()})
    return speeds


def _is_worth_a_try(known: Measured, images: int | None, labelled: LabelledPhotos) -> bool:
    """Return whether 8 bits would save more time than calibrating and testing take."""
    tested = min(len(labelled.labels), TEST_PHOTOS)
    exact = known.speeds.get(f"onnxruntime/{FP32}")
    if images is None or exact is None or tested < LEAST_PHOTOS:
        return False
    best, expected = max(known.speeds.values()), _INT8_GAINS[has_int8_dot_products()] * exact
    if expected < _LEAST_GAIN * best:
        return False
    price = (1.5 * CALIBRATION_PHOTOS + tested) / exact + tested / expected
    return images * (1 / best - 1 / expected) > price


def _tried_in_8_bits(
    network: NetworkArrays, outputs: Sequence[str], known: Measured, best: str, labelled: LabelledPhotos
) -> tuple[bytes | None, Measured]:
    """Calibrate, measure and test; returns the model if it is faster and exact enough, and what to remember."""
    failed = replace(known, int8=None, int8_failed=True)
    rows = np.random.default_rng(0).permutation(len(labelled.labels))[:TEST_PHOTOS]
    some = labelled.pixels(rows[:CALIBRATION_PHOTOS].tolist())
    model = calibrate(network, some, outputs)
    engine, reference = OrtEngine(model, name_of(model)), made(best, network, outputs)
    speeds = measured_speeds({engine.name: engine, best: reference}, some[:MEASURED_BATCH])
    log.info("images a second: %s", {name: round(speed, 1) for name, speed in speeds.items()})
    if speeds[engine.name] < _LEAST_GAIN * speeds[best]:
        return None, failed
    if not best.endswith(f"/{FP32}"):
        reference = made(f"onnxruntime/{FP32}", network, outputs)
    exact: list[np.ndarray] = []
    rounded: list[np.ndarray] = []
    for start in range(0, len(rows), BATCH):
        pixels = labelled.pixels(rows[start : start + BATCH].tolist())
        for one, parts in ((reference, exact), (engine, rounded)):
            parts.append(_joined(one.run(pixels, outputs), outputs))
    labels, folds = labelled.labels[rows], labelled.folds[rows]
    found = check(np.concatenate(exact), np.concatenate(rounded), labels, folds, labelled.probe)
    log.info("8 bits %s their self-test: %s", "passed" if found.passed else "failed", found)
    if not found.passed:
        return None, failed
    named = {**known.speeds, f"onnxruntime/{engine.name}": speeds[engine.name]}
    return model, replace(known, speeds=named, int8=engine.name)


def _joined(found: dict[str, np.ndarray], outputs: Sequence[str]) -> np.ndarray:
    return np.concatenate([found[name] for name in outputs], axis=1)
