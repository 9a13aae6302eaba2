"""Which engine computes a network's vectors in this workspace: chosen once, so that vectors of one kind are compared.

It is written beside the vectors, as ``cache/vectors/<network>/engine.json``. Does not import torch.
"""

import json
import re
import uuid
from pathlib import Path

from core.features.frozen_network import FrozenNetwork
from core.file_replacement import replace_patiently
from core.workspace import Workspace

EXACT = "fp32"
_NAME = re.compile(r"[a-z0-9]+(-[0-9a-f]+)?")


def preferred_engine(workspace: Workspace, network: FrozenNetwork) -> str | None:
    """Return the name of the engine; None if none has been chosen yet, or if the file is damaged."""
    try:
        found = json.loads(_path(workspace, network).read_bytes())["engine"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) and _NAME.fullmatch(found) else None


def prefer_engine(workspace: Workspace, network: FrozenNetwork, engine: str) -> None:
    """Write the choice; vectors of another engine stay where they are. Raises OSError."""
    path = _path(workspace, network)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".engine-{uuid.uuid4().hex}.part")
    part.write_text(json.dumps({"engine": engine}), encoding="utf-8")
    replace_patiently(part, path)


def _path(workspace: Workspace, network: FrozenNetwork) -> Path:
    return workspace.cache / "vectors" / network.name / "engine.json"
