"""Vectors that another workspace of the same server has computed of the same photos: a class often has the same ones.

A vector follows from the photo, the network and the engine alone, and nobody gets one of a photo that they do not have.
"""

import os
import shutil
from collections.abc import Sequence

from core.features.frozen_network import FrozenNetwork
from core.features.preferred_engine import EXACT, passed_engine, prefer_engine, preferred_engine, record_pass
from core.features.stage_vectors import StageVectors
from core.features.vectors import vectors_name
from core.features.views import MIRRORED, ORIGINAL
from core.workspace import Workspace, server_workspaces


def take_known(workspace: Workspace, own: StageVectors, hashes: Sequence[str]) -> int:
    """Add to ``own``, of this workspace, what others have of these photos; return for how many nothing is missing now.

    Does nothing where the server has one workspace alone.
    """
    missing = own.missing(hashes)
    before = len(missing)
    for place in server_workspaces(workspace):
        if place.root == workspace.root:
            continue
        if not missing:
            break
        for output, theirs in StageVectors(place, own.name).stores.items():
            store = own.stores[output]
            if not theirs.folder.is_dir():
                continue
            found, vectors = theirs.known(store.missing(missing))
            if found:
                store.add(found, vectors)
        missing = own.missing(missing)
    return before - len(missing)


def hand_on(source: Workspace, target: Workspace, network: FrozenNetwork, hashes: Sequence[str]) -> None:
    """Give ``target``, which has copies of these photos, their vectors and the choice of the engine that computed them.

    Without the choice, vectors of another engine would be looked for, and all computed again. Raises OSError.
    """
    chosen = preferred_engine(source, network)
    if chosen is not None and preferred_engine(target, network) is None:
        prefer_engine(target, network, chosen)
    in_8_bits = passed_engine(source, network, lambda: hashes)
    if in_8_bits is not None and _give_engine(source, target, network, in_8_bits):
        record_pass(target, network, in_8_bits, hashes)
    engine = preferred_engine(target, network, lambda: hashes) or EXACT
    for view in (ORIGINAL, MIRRORED):
        take_known(target, StageVectors(target, vectors_name(network, engine, view)), hashes)


def _give_engine(source: Workspace, target: Workspace, network: FrozenNetwork, engine: str) -> bool:
    """Give a calibrated engine; return False if there is none. As a link, it needs no room on the disk."""
    theirs, own = (one.cache / "engines" / network.name / f"{engine}.onnx" for one in (source, target))
    if not theirs.is_file():
        return False
    if not own.exists():
        own.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(theirs, own)
        except OSError:  # another disk, or one without links
            shutil.copyfile(theirs, own)
    return True
