"""Chooses the fastest engine for a network on this machine: measured at first use, and remembered.

torch is imported only where ``candidates`` does.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.features.engines.candidates import candidates, default_device, made, usual_engine, worth_measuring
from core.features.engines.engine import FP32, POOLED, Engine, NetworkArrays, PreparedEngine, arrays_of
from core.features.engines.int8_check import LEAST_PHOTOS, Probe, are_alike, check, cosines_of
from core.features.engines.int8_engine import CALIBRATION_PHOTOS, calibrate, keep, kept_engine, name_of
from core.features.engines.measuring import BATCH as MEASURED_BATCH
from core.features.engines.measuring import FEW_VIEWS, measured_speeds
from core.features.engines.ort_engine import OrtEngine
from core.features.engines.remembered import Measured, remember, remembered
from core.features.frozen_network import FrozenNetwork
from core.features.preferred_engine import has_failed, record_failure
from core.models.zoo import STAGE_VECTORS
from core.processors import has_int8_dot_products
from core.workspace import Workspace

TEST_PHOTOS = 600
_VIEWS_PER_TEST_PHOTO = 8
"""Of fewer views, fewer photos are tested, since the test may not cost what 8 bits save."""
_INT8_GAINS = {True: 2.4, False: 1.6}
"""How much faster than in fp32 onnxruntime usually computes in 8 bits, on processors with 8-bit dot products and
without; only says whether it is worth a try."""
_LEAST_GAIN = 1.1
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LabelledPhotos:
    """Labelled photos of the project, to calibrate and test 8 bits with."""

    pixels: Callable[[Sequence[int]], np.ndarray]
    """Gives the views of some of them, by number: uint8 [n, S, S, 3], without those that cannot be read."""
    vectors: Callable[[Engine, Sequence[int]], dict[str, np.ndarray]]
    """Gives an engine's vectors of some of them, by kind, and may keep them, so that none is computed twice.

    Each kind that heads take or are made of is float32 [n, C], with NaN for a photo that cannot be read.
    """
    labels: np.ndarray
    folds: np.ndarray
    """In which fold of cross-validation each is held out; photos of a group share one."""
    probe: Probe
    hashes: Sequence[str] = ()
    """Their content hashes: whose photos have passed the test is recorded with some of them."""
    probed: Sequence[str] = ("last",)
    """The kinds of vectors that heads are trained on; of the others only the cosines are compared."""


def choose_engine(
    workspace: Workspace,
    network: FrozenNetwork,
    outputs: Sequence[str] = STAGE_VECTORS,
    *,
    images: int | None = None,
    exact: bool = False,
    device: str | None = None,
    opened: PreparedEngine | None = None,
) -> PreparedEngine:
    """Return the fastest engine for the outputs, ready to use; measures in about three seconds if that was never done.

    Never one in 8 bits, which is for photos that have passed its test. ``images`` is how many views are to be computed:
    few are computed without measuring. ``exact`` allows full precision only. ``opened`` is an engine of this network
    and device that is there already; if it is the fastest, it is returned. Raises the errors of ``FrozenNetwork.load``.
    """
    where = device or default_device()
    known = _known(workspace, network, where)
    fastest = None if known is None else known.fastest(exact)
    if fastest is None and images is not None and images < FEW_VIEWS:
        fastest = usual_engine(where, exact)
    if fastest is None:
        fastest = _measured(workspace, network, where, exact, opened).fastest(exact)
    assert fastest is not None  # every device has an engine in full precision
    return _opened_or_made(fastest, network, outputs, where, opened)


def engine_in_8_bits(
    workspace: Workspace,
    network: FrozenNetwork,
    *,
    images: int,
    stored: int,
    labelled: LabelledPhotos,
    device: str | None = None,
    opened: PreparedEngine | None = None,
) -> PreparedEngine | None:
    """Return an engine in 8 bits for a project whose ``labelled`` photos have not passed its test yet.

    None if it failed before, if it is too inexact or no faster, if the photos say too little, and if so few views are
    to be computed that computing the ``stored`` vectors again would take longer than it saves. ``opened`` as in
    `choose_engine`: it is what 8 bits are compared with, where it can be.
    """
    where = device or default_device()
    known = _known(workspace, network, where)
    likely = known or Measured(where, {f"onnxruntime/{FP32}": 1.0})  # the decision depends on ratios alone
    if where != "cpu" or not _is_worth_a_try(likely, images, stored, labelled):
        return None
    if has_failed(workspace, network, labelled.hashes):
        return None
    if known is None:
        known = _measured(workspace, network, where, False, opened)
        if not _is_worth_a_try(known, images, stored, labelled):
            return None
    return _tried_in_8_bits(workspace, network, arrays_of(network), known, images, labelled, opened)


def engine_called(
    workspace: Workspace,
    network: FrozenNetwork,
    name: str,
    outputs: Sequence[str] = STAGE_VECTORS,
    *,
    device: str | None = None,
    opened: PreparedEngine | None = None,
) -> PreparedEngine | None:
    """Return the fastest engine of that name, for features that are to be like others of that name.

    It computes the vectors of several stages too; who does not ask for them does not pay for them. One in 8 bits
    computes only those, whatever ``outputs`` are. ``opened`` as in `choose_engine`.
    None if this machine has none, such as bf16 on a processor without it, or a calibration that was deleted.
    """
    where = device or default_device()
    if name.startswith("int8-"):
        if opened is not None and opened.name == name:
            return opened
        kept = kept_engine(workspace.cache / "engines" / network.name, name)
        return kept if kept is not None and set(STAGE_VECTORS) <= set(kept.outputs) else None
    known = remembered(workspace, network)
    speeds = known.speeds if known is not None and known.device == where else {}
    engines = [one for one in dict.fromkeys([*candidates(where), *speeds]) if one.endswith(f"/{name}")]
    if not engines:
        return None
    usual = usual_engine(where, exact=name == FP32)
    best = max(engines, key=lambda one: (speeds.get(one, 0.0), one == usual))
    return _opened_or_made(best, network, outputs, where, opened)


def _opened_or_made(
    engine: str,
    network: FrozenNetwork | NetworkArrays,
    outputs: Sequence[str],
    device: str,
    opened: PreparedEngine | None,
) -> PreparedEngine:
    if opened is not None and f"{opened.runtime}/{opened.name}" == engine and set(outputs) <= set(opened.outputs):
        return opened
    arrays = arrays_of(network) if isinstance(network, FrozenNetwork) else network
    return made(engine, arrays, outputs, device)


def _known(workspace: Workspace, network: FrozenNetwork, device: str) -> Measured | None:
    known = remembered(workspace, network)
    return known if known is not None and known.device == device else None


def _measured(
    workspace: Workspace, network: FrozenNetwork, device: str, exact: bool, opened: PreparedEngine | None
) -> Measured:
    known = Measured(device, _speeds(network, device, exact, opened))
    remember(workspace, network, known)
    return known


def _speeds(network: FrozenNetwork, device: str, exact: bool, opened: PreparedEngine | None) -> dict[str, float]:
    """Measure on noise; what a picture shows makes no difference."""
    size = int(network.settings["size"])
    pixels = np.random.default_rng(0).integers(0, 256, (MEASURED_BATCH, size, size, 3), dtype=np.uint8)
    names = worth_measuring(device, exact)
    if len(names) == 1:
        engines = {names[0]: _opened_or_made(names[0], network, (POOLED,), device, opened)}
    else:  # compared with the same outputs; the weights are read once
        arrays = arrays_of(network)
        engines = {name: made(name, arrays, (POOLED,), device) for name in names}
    speeds = measured_speeds(engines, pixels)
    log.info("images a second on %s: %s", device, {name: round(speed, 1) for name, speed in speeds.items()})
    return speeds


def _is_worth_a_try(known: Measured, images: int, stored: int, labelled: LabelledPhotos) -> bool:
    """Return whether 8 bits, not tried yet, would save more time than calibrating and testing take."""
    exact, fastest = known.speeds.get(f"onnxruntime/{FP32}"), known.fastest(exact=False)
    tested = _tested(images, labelled)
    if known.int8_failed or exact is None or fastest is None or tested < LEAST_PHOTOS:
        return False
    best, expected = known.speeds[fastest], _INT8_GAINS[has_int8_dot_products()] * exact
    if expected < _LEAST_GAIN * best:
        return False
    price = (1.5 * CALIBRATION_PHOTOS + tested) / exact + (tested + stored) / expected
    return images * (1 / best - 1 / expected) > price


def _tested(images: int, labelled: LabelledPhotos) -> int:
    """Return how many labelled photos the test is made with, beside those that calibrate."""
    most = min(TEST_PHOTOS, max(LEAST_PHOTOS, images // _VIEWS_PER_TEST_PHOTO))
    return max(0, min(len(labelled.labels) - CALIBRATION_PHOTOS, most))


def _drawn(labels: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of the test, stratified so that small classes have a part in it, and those of other photos.

    Half of the test is shared out equally among the classes, as far as they have photos, the rest by their size.
    """
    order = np.random.default_rng(0).permutation(len(labels))
    classes = np.unique(labels)
    least = max(1, count // (2 * len(classes)))
    place = np.empty(len(labels))
    for name in classes:
        own = order[labels[order] == name]
        place[own] = np.arange(len(own)) / len(own)
        place[own[:least]] -= 1
    by_place = order[np.argsort(place[order], kind="stable")]
    return by_place[:count], np.setdiff1d(order, by_place[:count])


def _can_be_learnt(labels: np.ndarray, folds: np.ndarray) -> bool:
    """Return whether two classes are left to learn from whichever fold is held out."""
    return all(len(np.unique(labels[folds != fold])) >= 2 for fold in np.unique(folds))


def _tried_in_8_bits(
    workspace: Workspace,
    network: FrozenNetwork,
    arrays: NetworkArrays,
    known: Measured,
    images: int,
    labelled: LabelledPhotos,
    opened: PreparedEngine | None,
) -> PreparedEngine | None:
    """Calibrate, measure and test; returns the engine if it is faster and exact enough, and remembers it.

    The photos of the test have no part in the calibration.
    """
    best = known.fastest(exact=False)
    assert best is not None  # it was measured
    rows, others = _drawn(labelled.labels, _tested(images, labelled))
    if not _can_be_learnt(labelled.labels[rows], labelled.folds[rows]):
        return None
    calibrating = np.random.default_rng(0).permutation(others)[:CALIBRATION_PHOTOS]
    some = labelled.pixels(calibrating.tolist())
    if not len(some):
        return None
    model = calibrate(arrays, some, STAGE_VECTORS)
    reference = _opened_or_made(best, arrays, STAGE_VECTORS, known.device, opened)
    engine = OrtEngine(model, name_of(model))
    speeds = measured_speeds({engine.name: engine, best: reference}, some[:MEASURED_BATCH])
    log.info("images a second: %s", {name: round(speed, 1) for name, speed in speeds.items()})
    passed: bool | None = speeds[engine.name] >= _LEAST_GAIN * speeds[best]
    if passed:
        if not best.endswith(f"/{FP32}"):
            reference = _opened_or_made(f"onnxruntime/{FP32}", arrays, STAGE_VECTORS, known.device, opened)
        passed = _passes(labelled, rows, reference, engine)
        if passed is False:
            _note_failure(workspace, network, labelled)
    else:
        remember(workspace, network, replace(known, int8_failed=True))
    if not passed:
        return None
    speeds_now = {**known.speeds, f"onnxruntime/{engine.name}": speeds[engine.name]}
    _keep_calibrated(workspace, network, model, replace(known, speeds=speeds_now, int8=engine.name))
    return engine


def _passes(labelled: LabelledPhotos, rows: np.ndarray, reference: Engine, rounded: Engine) -> bool | None:
    """Return whether every kind of vector is exact enough; None if too few photos can be read to say."""
    exact, found = (labelled.vectors(one, rows.tolist()) for one in (reference, rounded))
    read = np.all([np.isfinite(one).all(axis=1) for one in (*exact.values(), *found.values())], axis=0)
    labels, folds = labelled.labels[rows][read], labelled.folds[rows][read]
    if len(labels) < LEAST_PHOTOS or not _can_be_learnt(labels, folds):
        return None
    for kind in exact:
        pair = exact[kind][read], found[kind][read]
        if kind in labelled.probed:
            counted = check(*pair, labels, folds, labelled.probe)
            log.info("8 bits %s their self-test of %s: %s", "passed" if counted.passed else "failed", kind, counted)
            if not counted.passed:
                return False
        elif not are_alike(*(cosines := cosines_of(*pair))):
            log.info("8 bits failed their self-test of %s: cosines %s", kind, cosines)
            return False
    return True


def _note_failure(workspace: Workspace, network: FrozenNetwork, labelled: LabelledPhotos) -> None:
    """Write that these photos need more than 8 bits; those of other projects may not."""
    try:
        record_failure(workspace, network, labelled.hashes)
    except OSError as error:
        log.warning("the failed test of 8 bits could not be written (%s); it may be done again", error)


def _keep_calibrated(workspace: Workspace, network: FrozenNetwork, model: bytes, measured: Measured) -> None:
    folder = workspace.cache / "engines" / network.name
    try:
        keep(folder, model)
    except OSError as error:
        log.warning("the calibrated network could not be stored in %s (%s)", folder, error)
        measured = replace(measured, int8=None)
    remember(workspace, network, measured)
