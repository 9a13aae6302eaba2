"""The engine that computes a network's vectors in a workspace: chosen at first use, and the same one from then on.

A project with enough labelled photos to test 8 bits with gets them, where they pass and save time. Other projects keep
the engine of the workspace, and its vectors stay where they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.features.engines.engine import PreparedEngine
from core.features.frozen_network import FrozenNetwork
from core.features.preferred_engine import (
    EXACT,
    HashesOf,
    forget_pass,
    passed_engine,
    prefer_engine,
    preferred_engine,
    record_pass,
)
from core.features.vectors import Vectors
from core.models.zoo import STAGE_VECTORS
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.features.engines.choice import LabelledPhotos


@dataclass(frozen=True)
class Begun:
    """A pass that has begun before its engine was chosen."""

    engine: PreparedEngine
    views: int
    """How many views it has computed."""


def engine_at_once(
    workspace: Workspace,
    network: FrozenNetwork,
    *,
    exact: bool = False,
    photos: HashesOf = tuple,
    device: str = "auto",
    outputs: Sequence[str] = STAGE_VECTORS,
) -> PreparedEngine:
    """Return the engine that can begin without measuring or testing anything.

    It is the one that was chosen for these photos. Before that, it is the fastest of those measured, or else the one
    that computes few views. The choice is left to ``open_engine``, whose arguments these are: nothing is written down.
    Raises the errors of ``FrozenNetwork.load``.
    """
    from core.features.engines.choice import choose_engine, engine_called

    where = None if device == "auto" else device
    usual = preferred_engine(workspace, network)
    for name in [EXACT] if exact else [passed_engine(workspace, network, photos), usual]:
        if name is not None and (engine := engine_called(workspace, network, name, outputs, device=where)) is not None:
            return engine
    return choose_engine(workspace, network, outputs, images=0, exact=exact, device=where)


def open_engine(
    workspace: Workspace,
    network: FrozenNetwork,
    *,
    images: int | None = None,
    exact: bool = False,
    labelled: "LabelledPhotos | None" = None,
    photos: HashesOf = tuple,
    device: str = "auto",
    outputs: Sequence[str] = STAGE_VECTORS,
    begun: Begun | None = None,
) -> PreparedEngine:
    """Return the engine of this network for a project in this workspace.

    ``images`` is how many views are to be computed, ``exact`` allows fp32 only, ``photos`` gives the hashes of the
    project's photos, and its ``labelled`` ones allow a test of 8 bits. An engine in 8 bits computes only vectors,
    whatever ``outputs`` are wanted. ``begun`` is a pass with the engine of ``engine_at_once``, and ``images`` is then
    the number from before it; its engine is returned where it is the one to use. Raises the errors of
    ``FrozenNetwork.load``.
    """
    from core.features.engines.choice import choose_engine, engine_called, engine_in_8_bits

    where = None if device == "auto" else device
    opened = None if begun is None else begun.engine
    if exact:
        known = engine_called(workspace, network, EXACT, outputs, device=where, opened=opened)
        return known or choose_engine(workspace, network, outputs, images=images, exact=True, device=where)
    if passed := passed_engine(workspace, network, photos):
        if (kept := engine_called(workspace, network, passed, outputs, device=where, opened=opened)) is not None:
            return kept
        forget_pass(workspace, network, passed)
    chosen = preferred_engine(workspace, network)
    if labelled is not None and images is not None and chosen in (None, EXACT):
        stored = _stored(workspace, network, EXACT, photos)
        if begun is not None and begun.engine.name == EXACT:
            stored -= begun.views  # a few are computed again rather than have a say in the choice
        rounded = engine_in_8_bits(
            workspace, network, images=images, stored=stored, labelled=labelled, device=where, opened=opened
        )
        if rounded is not None:
            meanwhile = passed_engine(workspace, network, photos)
            if meanwhile and (other := engine_called(workspace, network, meanwhile, outputs, device=where)):
                return other  # another process has tested while this one did
            record_pass(workspace, network, rounded.name, labelled.hashes)
            return rounded
    if chosen is not None:
        usual = engine_called(workspace, network, chosen, outputs, device=where, opened=opened)
        if usual is not None:
            return usual
    engine = choose_engine(workspace, network, outputs, images=images, device=where, opened=opened)
    meanwhile = preferred_engine(workspace, network)
    called = (
        engine_called(workspace, network, meanwhile, outputs, device=where) if meanwhile not in (None, chosen) else None
    )
    if called is not None:
        return called  # another process has chosen while this one measured
    prefer_engine(workspace, network, engine.name)
    return engine


def _stored(workspace: Workspace, network: FrozenNetwork, engine: str, photos: HashesOf) -> int:
    """Return how many vectors an engine has computed of these photos in all views."""
    hashes = list(dict.fromkeys(photos()))
    name = f"{network.name}/{engine}"
    folders = [path for path in (workspace.cache / "vectors" / name).glob("*") if path.is_dir()]
    return sum(len(hashes) - len(Vectors(workspace, f"{name}/{one.name}").missing(hashes)) for one in folders)
