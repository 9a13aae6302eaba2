"""Which engines a device has, and how one is made by its name.

torch is imported only where it may be the fastest, and where an accelerator may be found.
"""

from collections.abc import Sequence

from core.accelerators import may_have_accelerator
from core.features.engines.engine import BF16, FP32, POOLED, NetworkArrays, PreparedEngine
from core.features.engines.ort_engine import fp32_engine
from core.processors import computes_with_avx2_at_best, has_bfloat16_tiles


def made(
    engine: str, network: NetworkArrays, outputs: Sequence[str] = (POOLED,), device: str = "cpu"
) -> PreparedEngine:
    """Return an engine by its runtime and name, such as "torch/bf16" or "onnxruntime/fp32"."""
    runtime, name = engine.split("/")
    if runtime == "onnxruntime":
        return fp32_engine(network, outputs)
    from core.features.engines.torch_engine import TorchEngine

    return TorchEngine(network, name, outputs, device)


def usual_engine(device: str, exact: bool) -> str:
    """Return the engine that is usually the fastest on such a device, without measuring."""
    if device == "cpu":
        return f"torch/{BF16}" if not exact and BF16 in _names_of_torch(device) else f"onnxruntime/{FP32}"
    return f"torch/{FP32 if exact else _names_of_torch(device)[-1]}"


def worth_measuring(device: str, exact: bool) -> list[str]:
    """Return the engines that may be the fastest one.

    On a processor with AMX that is bf16 alone, unless it must be exact: it was 2.6 times as fast as the next (65 images
    a second to 25 of onnxruntime in fp32, two cores of a Xeon). Preparing the others takes seconds and much memory.
    """
    every, bf16 = candidates(device), f"torch/{BF16}"
    alone = device == "cpu" and not exact and bf16 in every and has_bfloat16_tiles()
    return [bf16] if alone else every


def candidates(device: str) -> list[str]:
    """Return the engines that a device has."""
    ours = [f"torch/{name}" for name in _names_of_torch(device)]
    # A GPU is faster than a processor; Apple's are measured, because they are not always.
    return ours if device.startswith("cuda") else [*ours, f"onnxruntime/{FP32}"]


def _names_of_torch(device: str) -> Sequence[str]:
    """Return how exactly torch is worth measuring on a device.

    Not at all on processors with AVX2 at best: there onnxruntime was 1.5 times as fast in fp32 (20.7 images a second to
    13.6, two cores of Zen 3), and a process without torch is 600 MB smaller and starts seconds sooner.
    """
    if device == "cpu" and computes_with_avx2_at_best():
        return ()
    from core.features.engines.torch_engine import fastest_names

    return fastest_names(device)


def default_device() -> str:
    """Return where torch computes if nothing else is said: the accelerator, or cpu."""
    if not may_have_accelerator():
        return "cpu"
    import torch

    accelerator = torch.accelerator.current_accelerator(check_available=True)
    return accelerator.type if accelerator else "cpu"
