"""Record the input, residual branch and output of every block of a network for one photo."""

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

SHOWN_CHANNELS = 8
"""How many channels of each feature map are kept as pictures."""


@dataclass(frozen=True)
class FeatureMaps:
    """Some channels of a feature map [C, H, W], strongest first."""

    channels: tuple[int, ...]
    """Indices of these channels in the whole feature map."""
    values: np.ndarray
    """float32 [len(channels), H, W]."""
    of: int
    """Number of channels of the whole feature map."""


@dataclass(frozen=True)
class BlockMaps:
    """Feature maps of one block in a forward pass; ``around``, ``added`` and ``out`` show the same channels."""

    block: str
    incoming: FeatureMaps
    """The input x."""
    around: FeatureMaps | None
    """The output of the skip connection: x itself, or x after its projection or pooling; None in a plain network."""
    added: FeatureMaps
    """F(x), the output of the residual branch before the addition."""
    out: FeatureMaps
    """The output y."""
    strengths: pd.DataFrame
    """A row per channel of ``out``: ``channel`` and the mean absolute values ``around``, ``added`` and ``out``."""

    @property
    def share(self) -> float | None:
        """Mean absolute value of F(x) divided by that of the skip connection; None in a plain network."""
        if self.around is None:
            return None
        return float(self.strengths["added"].mean() / self.strengths["around"].mean())


def block_maps(predictor: Predictor, photo: Image.Image, size: int = 224) -> dict[str, BlockMaps]:
    """Run one forward pass on a photo of size x size pixels and return every block by name, in order."""
    batch = with_input_size(predictor.preprocessing, size).tensor(photo)[None]
    batch = batch.to(predictor.device, memory_format=torch.channels_last)
    network = predictor.network
    found: dict[str, BlockMaps] = {}
    # All visitors share the network, and hooks must see one pass at a time.
    with predictor.lock, torch.inference_mode(), _recorded_blocks(network, found):
        network.forward_features(batch)
    return found


def with_input_size(preprocessing: Preprocessing, size: int) -> Preprocessing:
    """Return the preprocessing for another input size that shows the same part of the photo."""
    return preprocessing.model_copy(
        update={"size": size, "resize": round(preprocessing.resize * size / preprocessing.size)}
    )


@contextmanager
def _recorded_blocks(network: nn.Module, found: dict[str, BlockMaps]) -> Iterator[None]:
    """Record each block of a forward pass with hooks, which are removed afterwards."""
    handles = []
    kept: dict[str, Tensor] = {}

    def keep(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            # A copy, because an in-place ReLU may overwrite it: in a plain network its input is F(x) itself.
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
            skip = block.downsample or getattr(block, "pool", None)
            if skip is not None:
                handles.append(skip.register_forward_hook(keep("around")))
            handles.append(_branch_end(block).register_forward_hook(keep("added")))
            handles.append(block.register_forward_pre_hook(enter))
            handles.append(block.register_forward_hook(leave(name)))
        yield
    finally:
        for handle in handles:
            handle.remove()


def _branch_end(block: Block) -> nn.Module:
    """Return the layer whose output is F(x)."""
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
        incoming=_select(kept["incoming"], _strongest(_strength(kept["incoming"]))),
        around=None if around is None else _select(around, channels),
        added=_select(kept["added"], channels),
        out=_select(output, channels),
        strengths=table[[column for column in ("channel", "around", "added", "out") if column in table]],
    )


def _strength(maps: Tensor) -> np.ndarray:
    """Return the mean absolute value of each channel: [C, H, W] -> [C]."""
    return maps.abs().mean(dim=(1, 2)).cpu().numpy()


def _strongest(strengths: np.ndarray) -> tuple[int, ...]:
    return tuple(int(channel) for channel in np.argsort(-strengths, kind="stable")[:SHOWN_CHANNELS])


def _select(maps: Tensor, channels: tuple[int, ...]) -> FeatureMaps:
    return FeatureMaps(channels, maps[list(channels)].float().cpu().contiguous().numpy(), len(maps))
