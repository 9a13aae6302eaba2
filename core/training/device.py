"""The device, precision and processes that a run computes with, through Accelerate."""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from core.errors import RecipeError
from core.exact_products import float32_products, use_exact_fp32
from core.processors import cpu_has_bfloat16, limit_threads
from core.training.recipe import Recipe


def accelerator_for(recipe: Recipe) -> Accelerator:
    """Return Accelerate on the recipe's device and precision; raises RecipeError if this machine lacks them."""
    if recipe.deterministic:
        # cuBLAS reads it once, when a process first computes on a GPU, so it cannot be restored afterwards.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    limit_threads()
    kind, _, index = recipe.device.partition(":")
    if kind != "auto":
        _require(kind, index)
    # Accelerate keeps one state per process, but a second run in it may use another device or precision. There is no
    # public way to reset the state. The process group of a launch stays, because it cannot be created twice.
    alone = int(os.environ.get("WORLD_SIZE", "1")) == 1
    AcceleratorState._reset_state(reset_partial_state=alone)
    # The precision depends on the device, which is not known before Accelerate has chosen it.
    on_cpu = kind == "cpu"
    found = Accelerator(cpu=on_cpu, mixed_precision="no")
    if kind == "auto" and not alone and found.device.type == "cpu" and found.num_processes == 1:
        # Accelerate joins processes without a GPU only if it is told that they compute on the CPU. Otherwise each would
        # train alone, and all would write the same files.
        on_cpu = True
        AcceleratorState._reset_state(reset_partial_state=True)
        found = Accelerator(cpu=True, mixed_precision="no")
    device = found.device
    if kind not in ("auto", device.type):
        raise RecipeError(f"device is {recipe.device}, but Accelerate chose {device.type} here; set device to auto.")
    precision = _precision(recipe.precision, device)
    AcceleratorState._reset_state(reset_partial_state=False)
    return Accelerator(cpu=on_cpu, mixed_precision="no" if precision == "fp32" else precision)


@contextmanager
def arithmetic(precision: str, deterministic: bool) -> Iterator[None]:
    """Compute with the kernels of a recipe: exact fp32 where that is the precision, repeatable ones where asked for.

    Otherwise cuDNN measures which kernels are fastest, which pays off because batch sizes hardly change. It may choose
    others the next time, so results on a GPU then differ in their last digits. Deterministic kernels do not
    (https://docs.pytorch.org/docs/stable/notes/randomness.html); torch raises an error where it has none.
    """
    cudnn = torch.backends.cudnn
    before = cudnn.benchmark, cudnn.deterministic
    was, warned = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    products = [(kind, kind.fp32_precision) for kind in float32_products()]
    try:
        cudnn.benchmark, cudnn.deterministic = not deterministic, deterministic
        if deterministic:
            torch.use_deterministic_algorithms(True)
        if precision == "fp32":
            use_exact_fp32()
        yield
    finally:
        cudnn.benchmark, cudnn.deterministic = before
        if deterministic:
            torch.use_deterministic_algorithms(was, warn_only=warned)
        cudnn.allow_tf32 = products[1][1] == "tf32"
        for kind, value in products:
            kind.fp32_precision = value


def keep_freed_memory() -> bool:
    """Keep memory that a step frees in this process, for the next step; returns whether this was possible.

    By default glibc returns every large block to the system and requests it again, zeroed page by page: a hundred
    thousand pages per step, 5 percent of a ResNet-50's training time on two cores. Only for processes that do nothing
    but train, since it lasts until they end (mallopt(3): M_MMAP_MAX is -4, M_TRIM_THRESHOLD is -1).
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    return mallopt is not None and bool(mallopt(-4, 0)) and bool(mallopt(-1, -1))


def precision_name(accelerator: Accelerator | AcceleratorState) -> str:
    """Return fp32, bf16 or fp16."""
    return "fp32" if accelerator.mixed_precision == "no" else str(accelerator.mixed_precision)


def device_and_precision() -> dict[str, str]:
    """Return the device and the precision of the training in this process."""
    state = AcceleratorState()
    return {"device": str(state.device), "precision": precision_name(state)}


def description(accelerator: Accelerator) -> str:
    """Return a sentence that names the device, the precision and the number of processes."""
    device = accelerator.device
    if device.type == "cuda":
        name = f"the GPU {torch.cuda.get_device_name(device)}"
    elif device.type == "cpu":
        threads = torch.get_num_threads()
        name = f"the processor with {threads} thread{'' if threads == 1 else 's'}"
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
        # Half precision on Apple's GPUs saves little time and sometimes overflows.
        return "fp32" if device.type == "mps" else "bf16"
    if wanted == "fp16" and device.type == "cpu":
        raise RecipeError("precision is fp16, but this run computes on the CPU; use auto, fp32 or bf16.")
    return wanted


def expected_precision(recipe: Recipe) -> str:
    """Return the precision that a training with this recipe will compute in here, without preparing Accelerate."""
    if recipe.device != "auto":
        return _precision(recipe.precision, torch.device(recipe.device))
    found = torch.accelerator.current_accelerator(check_available=True)
    return _precision(recipe.precision, found or torch.device("cpu"))


def _require(kind: str, index: str) -> None:
    """Raise RecipeError if there is no such device; make a numbered device the current one."""
    if kind == "cpu":
        return
    if kind == "mps":
        if not torch.backends.mps.is_available():
            raise RecipeError("device is mps, but PyTorch finds no Apple GPU here; use auto or cpu.")
        return
    module = torch.get_device_module(kind)
    count = module.device_count() if module.is_available() else 0
    if count <= int(index or 0):
        raise RecipeError(
            f"device is {kind}{':' if index else ''}{index}, but PyTorch finds {count or 'no'} {kind} "
            f"device{'' if count == 1 else 's'} here; use auto or cpu."
        )
    if index:
        module.set_device(int(index))
