"""What comes into each block of a network, what the block adds and what comes out, for one photo."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor, nn

from core.data.pictures.transforms import Preprocessing
from core.inspection.predicting.predictor import Predictor
from core.models.blocks import Block, PreActivation

SHOWN = 8
"""Channels of each block that are kept as pictures."""


@dataclass(frozen=True)
class Maps:
    """Some channels of a feature map [C, H, W], the strongest first."""

    channels: tuple[int, ...]
    """Their numbers in the whole map."""
    values: np.ndarray
    """float32 [len(channels), H, W]."""
    of: int
    """Channels of the whole map."""


@dataclass(frozen=True)
class BlockMaps:
    """One block of a real forward pass. ``around``, ``added`` and ``out`` are the same channels of their maps."""

    block: str
    incoming: Maps
    """What comes in: x."""
    around: Maps | None
    """What arrives at the sum past the block: x itself, or what its projection or pooling made of it; None in a plain
    network."""
    added: Maps
    """F(x), as it goes into the sum."""
    out: Maps
    """What comes out: y."""
    strengths: pd.DataFrame
    """A row a channel of ``out``: ``channel``, and the mean absolute values ``around``, ``added`` and ``out``."""

    @property
    def share(self) -> float | None:
        """How large F(x) is beside what comes around the block, in mean absolute values; None in a plain network."""
        if self.around is None:
            return None
        return float(self.strengths["added"].mean() / self.strengths["around"].mean())


def block_maps(predictor: Predictor, photo: Image.Image, size: int = 224) -> dict[str, BlockMaps]:
    """Every block of a network by its name, in order, for one photo of size x size pixels: one forward pass."""
    batch = sized(predictor.preprocessing, size).tensor(photo)[None]
    batch = batch.to(predictor.device, memory_format=torch.channels_last)
    network = predictor.network
    found: dict[str, BlockMaps] = {}
    # Hooks belong to one pass at a time, and the network to all visitors.
    with predictor.lock, torch.inference_mode(), _watched(network, found):
        network.forward_features(batch)
    return found


def sized(preprocessing: Preprocessing, size: int) -> Preprocessing:
    """The same part of a photo in another number of pixels."""
    return preprocessing.model_copy(
        update={"size": size, "resize": round(preprocessing.resize * size / preprocessing.size)}
    )


@contextmanager
def _watched(network: nn.Module, found: dict[str, BlockMaps]) -> Iterator[None]:
    """Hooks that note each block of a forward pass; they are gone afterwards."""
    handles = []
    kept: dict[str, Tensor] = {}

    def keep(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            # A copy, because a ReLU may write over it: in a plain network F(x) is all that it is given.
            kept[name] = output[0].clone()

        return hook

    def enter(block: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        kept.clear()
        kept["incoming"] = inputs[0][0].clone()

    def leave(name: str) -> Callable[..., None]:
        def hook(module: Block, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            found[name] = _maps_of(name, kept, output[0], skip=module.skip)
            kept.clear()

        return hook

    try:
        for name, block in network.named_modules():
            if not isinstance(block, Block):
                continue
            way = block.downsample or getattr(block, "pool", None)
            if way is not None:
                handles.append(way.register_forward_hook(keep("around")))
            handles.append(_end_of(block).register_forward_hook(keep("added")))
            handles.append(block.register_forward_pre_hook(enter))
            handles.append(block.register_forward_hook(leave(name)))
        yield
    finally:
        for handle in handles:
            handle.remove()


def _end_of(block: Block) -> nn.Module:
    """The layer that puts out F(x)."""
    if block.se is not None:
        return block.se
    if isinstance(block, PreActivation):
        return block.conv3
    last = "bn3" if hasattr(block, "bn3") else "bn2"
    return block.get_submodule(last)


def _maps_of(name: str, kept: dict[str, Tensor], output: Tensor, skip: bool) -> BlockMaps:
    around = kept.get("around", kept["incoming"]) if skip else None
    strengths = {"out": _strength(output), "added": _strength(kept["added"])}
    if around is not None:
        strengths["around"] = _strength(around)
    channels = _strongest(strengths["out"])
    table = pd.DataFrame({"channel": range(len(output)), **strengths})
    return BlockMaps(
        block=name,
        incoming=_some(kept["incoming"], _strongest(_strength(kept["incoming"]))),
        around=None if around is None else _some(around, channels),
        added=_some(kept["added"], channels),
        out=_some(output, channels),
        strengths=table[[column for column in ("channel", "around", "added", "out") if column in table]],
    )


def _strength(maps: Tensor) -> np.ndarray:
    """[C, H, W] -> the mean absolute value of each channel [C]."""
    return maps.abs().mean(dim=(1, 2)).cpu().numpy()


def _strongest(strengths: np.ndarray) -> tuple[int, ...]:
    return tuple(int(channel) for channel in np.argsort(-strengths, kind="stable")[:SHOWN])


def _some(maps: Tensor, channels: tuple[int, ...]) -> Maps:
    return Maps(channels, maps[list(channels)].float().cpu().contiguous().numpy(), len(maps))
