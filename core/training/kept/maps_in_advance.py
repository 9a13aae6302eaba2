"""Keeps the maps that a later training needs in the pass that computes the head's vectors."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from core.cache_use import hold_until_exit
from core.data.pictures.network_input.preprocessing import Preprocessing
from core.features.budget import room_for_features
from core.features.engines.engine import PreparedEngine, arrays_of
from core.features.frozen_network import FrozenNetwork
from core.features.frozen_pass import AnyVectors, Store
from core.features.maps import Maps, maps_name
from core.features.vectors import vectors_name
from core.features.vectors_with_maps import VectorsWithMaps
from core.models.resnet import ResNet
from core.training.device import expected_precision
from core.training.kept.frozen_part import network_to_stage

if TYPE_CHECKING:
    from core.training.linear.kept_vectors import WantedVectors

_HALF_BYTES = 2


def with_maps(
    wanted: "WantedVectors", splits: Sequence[str], stores: Mapping[str, AnyVectors], engine: PreparedEngine
) -> Mapping[str, Store]:
    """Return the stores of a pass with those of the maps beside them, where these can be kept and used.

    They are the maps that a training with this recipe looks for: if it computes in another precision than the engine,
    or if there is no room for all of them, the stores are returned as they are.
    """
    stage = wanted.maps_of
    if stage is None or stage not in engine.outputs or wanted.recipe.deterministic:
        return stores
    if engine.name != expected_precision(wanted.recipe):
        return stores
    lacking = sum(map(len, wanted.lacking(stores, splits).values()))
    size = wanted.network.settings["size"]
    one = engine.run(np.zeros((1, size, size, 3), np.uint8), (stage,))[stage]
    needed = lacking * one.size * _HALF_BYTES
    if needed > room_for_features(wanted.workspace.cache, needed):
        return stores
    network = _named_by_its_weights(wanted.network, stage)
    maps = {view: Maps(wanted.workspace, maps_name(vectors_name(network, engine.name, view), stage)) for view in stores}
    hold_until_exit([one.folder for one in maps.values()])
    return {view: VectorsWithMaps(store, maps[view], stage) for view, store in stores.items()}


def _named_by_its_weights(network: FrozenNetwork, stage: str) -> FrozenNetwork:
    """Return the name that a training gives to the same frozen layers."""
    arrays = arrays_of(network)
    with torch.device("meta"):
        model = ResNet(arrays.config, 0)
    state = {name: torch.from_numpy(arrays.state[name]) for name in model.state_dict()}
    model.load_state_dict(state, assign=True)
    seen = Preprocessing(**network.settings).as_dict()
    return network_to_stage(network.arch, model, stage, seen)
