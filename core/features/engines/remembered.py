"""The measured speeds of engines on this machine, in ``cache/engines.json``. Does not import torch.

In a class the server's file holds what the first one has measured, so that nobody else measures the machine again.
Whoever measures adds an entry. Two processes that do so at the same time may lose one of the two, which is then
measured again. The file may be deleted at any time.
"""

import json
import logging
import os
import uuid
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from core.features.engines.engine import FP32
from core.features.frozen_network import FrozenNetwork
from core.file_replacement import replace_patiently
from core.processors import available_processors, processor_name
from core.workspace import Workspace

_INT8 = "/int8-"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Measured:
    """The speeds of one network's engines on this machine, in images a second."""

    device: str
    """Where torch computed: cpu, cuda or mps."""
    speeds: dict[str, float]
    """By engine, such as "torch/fp32" or "onnxruntime/fp32". Those in full precision may not be measured yet."""
    int8: str | None = None
    """The name of the calibrated engine; None if there is none."""
    int8_failed: bool = False
    """Whether 8 bits were tried here, and were no faster."""

    def fastest(self, exact: bool) -> str | None:
        """Return the engine to use where 8 bits are not; only full precision counts if it must be exact.

        None if no such engine was measured.
        """
        known = [name for name in self.speeds if name.endswith(f"/{FP32}") or not (exact or _INT8 in name)]
        return max(known, key=self.speeds.__getitem__, default=None)

    def speed(self, exact: bool) -> float | None:
        """Return the speed of the engine that is used for pooled vectors; None if it was not measured."""
        calibrated = None if exact or self.int8 is None else self.speeds.get(f"onnxruntime/{self.int8}")
        fastest = self.fastest(exact)
        return calibrated or (None if fastest is None else self.speeds[fastest])


def remembered(workspace: Workspace, network: FrozenNetwork) -> Measured | None:
    """Return what was measured here; None if nothing was, if something changed since, or if the file is damaged.

    What others on this server have measured counts, except for 8 bits, which belong to the photos of a workspace.
    """
    found = _known(workspace, network)
    if found is None and workspace.server != workspace.root:
        found = _known(Workspace(workspace.server), network)
        return None if found is None else _without_8_bits(found)
    return found


def remember(workspace: Workspace, network: FrozenNetwork, measured: Measured) -> None:
    """Write a measurement, also for the others on this server; where nothing can be written, each measures."""
    _write(workspace, network, measured)
    server, shared = Workspace(workspace.server), _without_8_bits(measured)
    if workspace.root == server.root:
        return
    there = _known(server, network)
    if there is None or not shared.speeds.keys() <= there.speeds.keys():
        _write(server, network, shared)


def _write(workspace: Workspace, network: FrozenNetwork, measured: Measured) -> None:
    path = _path(workspace)
    part = path.with_name(f".engines-{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        entries = {**_entries(path), _key(network): asdict(measured)}
        part.write_text(json.dumps(entries, indent=1), encoding="utf-8")
        replace_patiently(part, path)
    except OSError as error:
        log.warning("the speeds of the engines could not be written to %s (%s)", path, error)
        part.unlink(missing_ok=True)


def remembered_speed(workspace: Workspace, network: FrozenNetwork, *, exact: bool = False) -> float | None:
    """Return how many images a second the engine computes that would be chosen here; None before a measurement."""
    found = remembered(workspace, network)
    if found is None:
        return None
    kept = found.int8 and (workspace.cache / "engines" / network.name / f"{found.int8}.onnx").is_file()
    return (found if kept else replace(found, int8=None)).speed(exact)


def _known(workspace: Workspace, network: FrozenNetwork) -> Measured | None:
    entry = _entries(_path(workspace)).get(_key(network))
    return None if entry is None else _measured(entry)


def _without_8_bits(found: Measured) -> Measured:
    speeds = {name: speed for name, speed in found.speeds.items() if _INT8 not in name}
    return replace(found, speeds=speeds, int8=None)


def _path(workspace: Workspace) -> Path:
    return workspace.cache / "engines.json"


def _key(network: FrozenNetwork) -> str:
    """What the speeds depend on; the network's name contains the size of its views."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "all")
    parts = (_machine(), str(available_processors()), visible, network.name)
    return " | ".join(parts)


@cache
def _machine() -> str:
    versions = []
    for package in ("torch", "onnxruntime"):
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            versions.append(f"no {package}")
    return " | ".join((processor_name(), *versions))


def _entries(path: Path) -> dict[str, Any]:
    try:
        entries = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return entries if isinstance(entries, dict) else {}


def _measured(entry: Any) -> Measured | None:
    try:
        found = Measured(**entry)
        numbers = [float(speed) for speed in found.speeds.values()]
        named = found.int8 is None or isinstance(found.int8, str)
        whole = named and any(_INT8 not in name for name in found.speeds) and min(numbers) > 0
    except (TypeError, ValueError, AttributeError):
        return None
    return found if whole and max(numbers) < float("inf") else None
