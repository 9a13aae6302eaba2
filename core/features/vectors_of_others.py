"""Vectors that another workspace of the same server has computed of the same photos: a class often has the same ones.

A vector follows from the photo, the network and the engine alone, and nobody gets one of a photo that they do not have.
"""

from collections.abc import Sequence

from core.features.stage_vectors import StageVectors
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
