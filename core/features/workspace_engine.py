"""The engine that computes a network's vectors in a workspace: chosen at first use, and the same one from then on."""

from typing import TYPE_CHECKING

from core.features.frozen_network import FrozenNetwork
from core.features.frozen_pass import Engine
from core.features.preferred_engine import EXACT, prefer_engine, preferred_engine
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
    8 bits. Raises the errors of ``FrozenNetwork.load``, and ImageRefused if one of the labelled photos cannot be read.
    """
    from core.features.engines.choice import choose_engine, engine_called

    where = None if device == "auto" else device
    chosen = EXACT if exact else preferred_engine(workspace, network)
    if chosen is not None and (known := engine_called(workspace, network, chosen, device=where)) is not None:
        return known
    engine = choose_engine(workspace, network, images=images, exact=exact, labelled=labelled, device=where)
    if not exact:
        prefer_engine(workspace, network, engine.name)
    return engine
