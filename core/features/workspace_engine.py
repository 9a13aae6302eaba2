"""The engine that computes a network's vectors in a workspace: chosen at first use, and the same one from then on.

Once there are enough labelled photos to test it with, 8 bits may take its place, where that saves time. The vectors of
the earlier engine stay where they are.
"""

from typing import TYPE_CHECKING

from core.features.engines.engine import Engine
from core.features.frozen_network import FrozenNetwork
from core.features.preferred_engine import EXACT, prefer_engine, preferred_engine
from core.features.vectors import Vectors
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.features.engines.choice import LabelledPhotos


def open_engine(
    workspace: Workspace,
    network: FrozenNetwork,
    *,
    images: int | None = None,
    exact: bool = False,
    labelled: "LabelledPhotos | None" = None,
    device: str = "auto",
) -> Engine:
    """Return the engine of this network in this workspace. Imports torch.

    ``images`` is how many views are to be computed, ``exact`` allows fp32 only, and ``labelled`` photos allow a test of
    8 bits, which may replace an engine that was chosen without one. Raises the errors of ``FrozenNetwork.load``, and
    ImageRefused if one of the labelled photos cannot be read.
    """
    from core.features.engines.choice import choose_engine, engine_called, engine_in_8_bits

    where = None if device == "auto" else device
    if exact:
        known = engine_called(workspace, network, EXACT, device=where)
        return known or choose_engine(workspace, network, images=images, exact=True, device=where)
    chosen = preferred_engine(workspace, network)
    stored = _stored(workspace, network, chosen or EXACT) if labelled is not None else 0
    engine: Engine | None = None
    if chosen is not None:
        if labelled is not None and images is not None and chosen == EXACT:
            engine = engine_in_8_bits(workspace, network, images=images, stored=stored, labelled=labelled, device=where)
        if engine is None and (engine := engine_called(workspace, network, chosen, device=where)) is not None:
            return engine
    if engine is None:
        engine = choose_engine(workspace, network, images=images, stored=stored, labelled=labelled, device=where)
    meanwhile = preferred_engine(workspace, network)
    if meanwhile not in (None, chosen) and (other := engine_called(workspace, network, meanwhile, device=where)):
        return other  # another process has chosen while this one tested
    prefer_engine(workspace, network, engine.name)
    return engine


def _stored(workspace: Workspace, network: FrozenNetwork, engine: str) -> int:
    """Return how many vectors of all views an engine has computed in this workspace."""
    name = f"{network.name}/{engine}"
    folders = [path for path in (workspace.cache / "vectors" / name).glob("*") if path.is_dir()]
    return sum(Vectors(workspace, f"{name}/{folder.name}").count() for folder in folders)
