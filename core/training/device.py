"""Where and how exactly a run computes: the device, the precision and the processes, through Accelerate."""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from core.errors import RecipeError
from core.training.recipe import Recipe


def accelerator_for(recipe: Recipe) -> Accelerator:
    """Accelerate on the recipe's device in the recipe's precision; raises RecipeError where the machine has no such."""
    kind, _, index = recipe.device.partition(":")
    if kind != "auto":
        _require(kind, index)
    # Accelerate keeps one state for the process, and a second run in it may want another device or precision. The state
    # has no public way back. The process group of a launch stays: it cannot be made twice.
    alone = int(os.environ.get("WORLD_SIZE", "1")) == 1
    AcceleratorState._reset_state(reset_partial_state=alone)
    # The device is not known before Accelerate has looked, and the precision depends on it.
    device = Accelerator(cpu=kind == "cpu", mixed_precision="no").device
    if kind not in ("auto", device.type):
        raise RecipeError(f"device is {recipe.device}, but Accelerate chose {device.type} here; set device to auto.")
    precision = _precision(recipe.precision, device)
    AcceleratorState._reset_state(reset_partial_state=False)
    return Accelerator(cpu=kind == "cpu", mixed_precision="no" if precision == "fp32" else precision)


def cpu_has_bfloat16() -> bool:
    """Whether the processor itself multiplies bfloat16. PyTorch can emulate it without, slower than fp32."""
    capabilities = torch.cpu.get_capabilities()
    native = capabilities.get("avx512_bf16", False) or capabilities.get("amx_bf16", False)
    return bool(native and torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported())


@contextmanager
def fastest_kernels() -> Iterator[None]:
    """Let cuDNN try out which kernels are fastest; it pays, because the sizes of batches hardly change."""
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = True
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before


def keep_freed_memory() -> bool:
    """Let this process keep the memory that a step frees, for the next step; whether that could be done.

    By default glibc gives every large block back to the system and takes it anew, zeroed page by page, a hundred
    thousand pages a step: 5 percent of a ResNet-50's training on two cores. For processes that train and nothing else,
    since it holds until their end (mallopt(3): M_MMAP_MAX is -4, M_TRIM_THRESHOLD is -1).
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    return mallopt is not None and bool(mallopt(-4, 0)) and bool(mallopt(-1, -1))


def precision_name(accelerator: Accelerator) -> str:
    """fp32, bf16 or fp16."""
    return "fp32" if accelerator.mixed_precision == "no" else str(accelerator.mixed_precision)


def description(accelerator: Accelerator) -> str:
    """The device, the precision and the processes in one plain sentence."""
    device = accelerator.device
    if device.type == "cuda":
        name = f"the GPU {torch.cuda.get_device_name(device)}"
    elif device.type == "cpu":
        name = f"the processor with {torch.get_num_threads()} threads"
    else:
        name = f"the device {device.type}"
    several = f", in {accelerator.num_processes} processes" if accelerator.num_processes > 1 else ""
    return f"Computing on {name} in {precision_name(accelerator)}{several}."


def _precision(wanted: str, device: torch.device) -> str:
    if wanted == "auto":
        if device.type == "cpu":
            return "bf16" if cpu_has_bfloat16() else "fp32"
        if device.type == "cuda":
            return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
        # Half precision on Apple's GPUs saves little time and now and then overflows.
        return "fp32" if device.type == "mps" else "bf16"
    if wanted == "fp16" and device.type == "cpu":
        raise RecipeError("precision is fp16, but this run computes on the CPU; allowed there are auto, fp32 and bf16.")
    return wanted


def _require(kind: str, index: str) -> None:
    """Raise RecipeError where there is no such device; make a numbered one the current."""
    if kind == "cpu":
        return
    if kind == "mps":
        if not torch.backends.mps.is_available():
            raise RecipeError("device is mps, but this machine has no Apple GPU that torch can use; use auto or cpu.")
        return
    module = torch.get_device_module(kind)
    count = module.device_count() if module.is_available() else 0
    if count <= int(index or 0):
        raise RecipeError(
            f"device is {kind}{':' if index else ''}{index}, but torch finds {count or 'no'} {kind} "
            f"device{'' if count == 1 else 's'} here; use auto or cpu."
        )
    if index:
        module.set_device(int(index))
