"""Which engine computes a network's vectors: chosen once for a workspace, so that vectors of one kind are compared.

It is written beside the vectors, as ``cache/vectors/<network>/engine.json``. An engine in 8 bits is there only for
projects whose own photos have passed its test. The file says which by the hashes of some of them, since a training
knows its photos and not its project. Does not import torch.
"""

import json
import re
import uuid
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from core.features.frozen_network import FrozenNetwork
from core.file_replacement import replace_patiently
from core.workspace import Workspace

EXACT = "fp32"
HashesOf = Callable[[], Collection[str]]
"""Gives the content hashes of a project's photos; called only where an engine in 8 bits has passed for some project."""
_NAME = re.compile(r"[a-z0-9]+(-[0-9a-f]+)?")
_MARKS = 100
"""So many of the labelled photos are written down; half of them must be among the photos of a project."""
_MOST_FAILURES = 20
"""Projects for which 8 bits were too inexact; of more, the oldest are forgotten and tested again."""


def preferred_engine(workspace: Workspace, network: FrozenNetwork, photos: HashesOf | None = None) -> str | None:
    """Return the engine's name for these photos; None if none has been chosen yet, or if the file is damaged."""
    content = _read(workspace, network)
    found = (photos and _passed_by(photos, content)) or content.get("engine")
    return found if isinstance(found, str) and _NAME.fullmatch(found) else None


def passed_engine(workspace: Workspace, network: FrozenNetwork, photos: HashesOf) -> str | None:
    """Return the engine in 8 bits whose test these photos have passed; None if there is none."""
    return _passed_by(photos, _read(workspace, network))


def _passed_by(photos: HashesOf, content: dict[str, Any]) -> str | None:
    passed = _passed(content)
    own = set(photos()) if passed else set()
    return next((name for name, marks in reversed(passed.items()) if _share_half(marks, own)), None)


def _share_half(marks: Sequence[str], own: set[str]) -> bool:
    return 2 * len(own & set(marks)) >= len(marks) > 0


def prefer_engine(workspace: Workspace, network: FrozenNetwork, engine: str) -> None:
    """Write the choice; vectors of another engine stay where they are. Raises OSError."""
    _write(workspace, network, {**_read(workspace, network), "engine": engine})


def record_pass(workspace: Workspace, network: FrozenNetwork, engine: str, labelled: Sequence[str]) -> None:
    """Write that these labelled photos have passed the test of an engine in 8 bits. Raises OSError."""
    found = _read(workspace, network)
    _write(workspace, network, {**found, "passed": {**_passed(found), engine: list(labelled[:_MARKS])}})


def record_failure(workspace: Workspace, network: FrozenNetwork, labelled: Sequence[str]) -> None:
    """Write that an engine in 8 bits was too inexact for these labelled photos. Raises OSError."""
    found = _read(workspace, network)
    failed = [*_failed(found), list(labelled[:_MARKS])]
    _write(workspace, network, {**found, "failed": failed[-_MOST_FAILURES:]})


def has_failed(workspace: Workspace, network: FrozenNetwork, labelled: Sequence[str]) -> bool:
    """Return whether an engine in 8 bits was too inexact for these photos, or for half of them."""
    return any(_share_half(marks, set(labelled)) for marks in _failed(_read(workspace, network)))


def forget_pass(workspace: Workspace, network: FrozenNetwork, engine: str) -> None:
    """Write that an engine in 8 bits is no longer there. Raises OSError."""
    found = _read(workspace, network)
    passed = {name: marks for name, marks in _passed(found).items() if name != engine}
    _write(workspace, network, {**found, "passed": passed})


def _read(workspace: Workspace, network: FrozenNetwork) -> dict[str, Any]:
    try:
        found = json.loads(_path(workspace, network).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _passed(found: dict[str, Any]) -> dict[str, list[str]]:
    passed = found.get("passed")
    entries = passed.items() if isinstance(passed, dict) else ()
    return {
        name: marks
        for name, marks in entries
        if _NAME.fullmatch(name) and isinstance(marks, list) and all(isinstance(one, str) for one in marks)
    }


def _failed(found: dict[str, Any]) -> list[list[str]]:
    failed = found.get("failed")
    entries = failed if isinstance(failed, list) else []
    return [marks for marks in entries if isinstance(marks, list) and all(isinstance(one, str) for one in marks)]


def _write(workspace: Workspace, network: FrozenNetwork, content: dict[str, Any]) -> None:
    path = _path(workspace, network)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".engine-{uuid.uuid4().hex}.part")
    part.write_text(json.dumps(content), encoding="utf-8")
    replace_patiently(part, path)


def _path(workspace: Workspace, network: FrozenNetwork) -> Path:
    return workspace.cache / "vectors" / network.name / "engine.json"
