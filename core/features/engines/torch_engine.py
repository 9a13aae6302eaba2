"""A frozen network computed by torch, with BatchNorm folded into the convolutions, on a processor or a GPU."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_weights

from core.features.engines.engine import BF16, FP16, FP32, POOLED, NetworkArrays, check_outputs
from core.features.engines.folded_conv import FoldedConv
from core.models.blocks import PreActivation
from core.models.resnet import ResNet
from core.models.zoo import STAGES, stage_of
from core.processors import cpu_has_bfloat16, limit_threads

DTYPES = {FP32: torch.float32, BF16: torch.bfloat16, FP16: torch.float16}


class TorchEngine:
    """Computes in channels_last with the dtype that ``name`` stands for.

    Needs no gradients, so a convolution, the sum with the skip connection and the ReLU become one operation.
    """

    runtime = "torch"

    def __init__(
        self,
        network: NetworkArrays,
        name: str = FP32,
        outputs: Sequence[str] = (POOLED,),
        device: str | torch.device = "cpu",
    ) -> None:
        limit_threads()
        self.name = name
        self.outputs = tuple(outputs)
        self.device = torch.device(device)
        self._dtype = DTYPES[name]
        stages = [stage_of(output) for output in outputs]
        self._stages = STAGES[: max(STAGES.index(stage) for stage in stages) + 1]
        # With torch's numbers: they are rounded as in Preprocessing.normalise.
        self._mean, self._std = (
            torch.tensor(values, dtype=torch.float32, device=self.device).view(1, 3, 1, 1)
            for values in (network.mean, network.std)
        )
        with torch.inference_mode():
            self._run_stage = _folded(network, self._stages, self.device, self._dtype)
        self._computed: Callable[[Tensor, tuple[str, ...]], dict[str, Tensor]] = self._compute
        if self.device.type == "cuda":
            from core.features.engines.cuda_graph import Replayed

            self._computed = Replayed(self._compute)

    def run(self, pixels: np.ndarray, outputs: Sequence[str] = (POOLED,)) -> dict[str, np.ndarray]:
        check_outputs(self, outputs)
        with torch.inference_mode(), _exact(self.device, self._dtype):
            found = self._computed(torch.from_numpy(pixels).to(self.device), tuple(outputs))
            return {name: found[name].cpu().numpy() for name in outputs}

    def _compute(self, pixels: Tensor, outputs: tuple[str, ...]) -> dict[str, Tensor]:
        """uint8 [N, S, S, 3] on the device -> float32 outputs; maps stay in channels_last, as they are stored."""
        x = pixels.permute(0, 3, 1, 2).float().div_(255).sub_(self._mean).div_(self._std)
        x = x.to(self._dtype).contiguous(memory_format=torch.channels_last)
        found = {}
        last = max(STAGES.index(stage_of(name)) for name in outputs)
        for stage in STAGES[: last + 1]:
            x = self._run_stage[stage](x)
            for name in outputs:
                if name == stage:
                    # Copied in any case, because the next stage adds to its input in place.
                    found[name] = x.to(torch.float32, copy=True)
                elif stage_of(name) == stage:
                    found[name] = x.float().mean((2, 3))
        return found


@contextmanager
def _exact(device: torch.device, dtype: torch.dtype) -> Iterator[None]:
    """Let cuDNN compute float32 in full precision; by default its convolutions use TF32, with 10 bits of 23."""
    if device.type != "cuda" or dtype != torch.float32:
        yield
        return
    products = torch.backends.cudnn.conv  # type: ignore[attr-defined]
    before = products.fp32_precision
    products.fp32_precision = "ieee"
    try:
        yield
    finally:
        products.fp32_precision = before


def fastest_names(device: str | torch.device) -> tuple[str, ...]:
    """Return the names worth measuring on a device: fp32, and a smaller one if the hardware computes in it."""
    kind = torch.device(device).type
    if kind == "cuda":
        return FP32, BF16 if torch.cuda.is_bf16_supported(including_emulation=False) else FP16
    return (FP32, BF16) if kind == "cpu" and cpu_has_bfloat16() else (FP32,)


Stage = Callable[[Tensor], Tensor]


def _folded(
    network: NetworkArrays, stages: Sequence[str], device: torch.device, dtype: torch.dtype
) -> dict[str, Stage]:
    """Return each stage as a function; the network itself is not kept."""
    with torch.device("meta"):
        model = ResNet(network.config, 0)
    state = {name: torch.from_numpy(network.state[name]) for name in model.state_dict()}
    model.load_state_dict(state, assign=True)
    model.eval().requires_grad_(False)

    def conv(layer: nn.Module, norm: nn.Module | None = None) -> FoldedConv:
        assert isinstance(layer, nn.Conv2d)
        if isinstance(norm, nn.BatchNorm2d):
            assert norm.running_mean is not None and norm.running_var is not None
            statistics = (norm.running_mean, norm.running_var, norm.eps)
            # Not fuse_conv_bn_eval, which copies the layer first.
            layer.weight, layer.bias = fuse_conv_bn_weights(
                layer.weight, layer.bias, *statistics, norm.weight, norm.bias
            )
        return FoldedConv(layer, device, dtype)

    def one(block: nn.Module) -> Stage:
        if isinstance(block, PreActivation):
            return _preactivated(block, conv, device, dtype)
        return _block(block, conv, device, dtype)

    made: dict[str, Stage] = {}
    for stage in stages:
        if stage == "stem":
            made[stage] = _stem(model, conv)
            continue
        parts = list(model.get_submodule(stage).named_children())
        made[stage] = _in_turn([one(part) if name.isdigit() else part.to(device, dtype) for name, part in parts])
    return made


def _in_turn(parts: Sequence[Stage]) -> Stage:
    def run(x: Tensor) -> Tensor:
        for part in parts:
            x = part(x)
        return x

    return run


Fold = Callable[..., FoldedConv]


def _stem(model: ResNet, conv: Fold) -> Stage:
    first, relu, pool = conv(model.conv1, model.bn1), isinstance(model.relu, nn.ReLU), model.maxpool
    return lambda x: pool(first(x, relu=relu))


def _block(block: Any, conv: Fold, device: torch.device, dtype: torch.dtype) -> Stage:
    """A basic block or a bottleneck: convolutions with a ReLU after each, the last after the sum."""
    numbers = (1, 2, 3) if hasattr(block, "conv3") else (1, 2)
    *first, last = [conv(getattr(block, f"conv{n}"), getattr(block, f"bn{n}")) for n in numbers]
    projection = None if block.downsample is None else conv(*block.downsample)
    squeeze = None if block.se is None else block.se.to(device, dtype)
    skips = bool(block.skip)

    def run(x: Tensor) -> Tensor:
        out = x
        for each in first:
            out = each(out, relu=True)
        skip = (x if projection is None else projection(x)) if skips else None
        if squeeze is None:
            return last(out, relu=True, plus=skip)
        out = squeeze(last(out))
        return functional.relu_(out if skip is None else out.add_(skip))

    return run


def _preactivated(block: Any, conv: Fold, device: torch.device, dtype: torch.dtype) -> Stage:
    norm = block.bn1.to(device, dtype)
    first, second, last = conv(block.conv1, block.bn2), conv(block.conv2, block.bn3), conv(block.conv3)
    projection = None if block.downsample is None else conv(*block.downsample)
    squeeze = None if block.se is None else block.se.to(device, dtype)
    pool = block.pool

    def run(x: Tensor) -> Tensor:
        start = functional.relu_(norm(x))
        skip = None
        if block.skip:
            skip = projection(start) if projection is not None else x if pool is None else pool(x)
        out = second(first(start, relu=True), relu=True)
        if squeeze is None:
            return last(out, plus=skip)
        out = squeeze(last(out))
        return out if skip is None else out.add_(skip)

    return run
