"""Devices and precisions, and the error for unavailable ones."""

import os
import subprocess
import sys

import pytest
import torch

from core.errors import RecipeError
from core.training.device import (
    accelerator_for,
    arithmetic,
    cpu_has_bfloat16,
    description,
    keep_freed_memory,
    precision_name,
)
from core.training.recipe import Recipe


def test_the_cpu_computes_in_bf16_only_where_the_processor_has_it() -> None:
    accelerator = accelerator_for(Recipe(device="cpu"))
    assert accelerator.device.type == "cpu"
    assert precision_name(accelerator) == ("bf16" if cpu_has_bfloat16() else "fp32")
    flags = {"avx512_bf16", "amx_bf16"}
    assert cpu_has_bfloat16() == any(torch.cpu.get_capabilities().get(flag, False) for flag in flags)


def test_a_second_run_in_the_process_may_want_another_precision() -> None:
    for precision in ("fp32", "bf16", "fp32"):
        accelerator = accelerator_for(Recipe(device="cpu", precision=precision))
        assert precision_name(accelerator) == precision
        assert precision in description(accelerator)


def test_fp16_on_a_cpu_is_refused() -> None:
    with pytest.raises(RecipeError, match="use auto, fp32 or bf16"):
        accelerator_for(Recipe(device="cpu", precision="fp16"))


@pytest.mark.parametrize("device", ["mps", "cuda:99", "xpu:99"])
def test_a_device_that_is_not_there_is_named(device: str) -> None:
    if device == "mps" and torch.backends.mps.is_available():
        pytest.skip("this machine has an Apple GPU")
    with pytest.raises(RecipeError, match=f"device is {device}, but .*use auto or cpu"):
        accelerator_for(Recipe(device=device))


def switches() -> tuple[object, ...]:
    """Return all of torch's switches that decide how numbers are computed."""
    cuda, cudnn, mkldnn = torch.backends.cuda, torch.backends.cudnn, torch.backends.mkldnn
    kinds = (cuda.matmul, cudnn.conv, cudnn.rnn, mkldnn.matmul, mkldnn.conv)
    repeatable = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    return cudnn.benchmark, cudnn.deterministic, *repeatable, *(kind.fp32_precision for kind in kinds)


def test_fp32_is_fp32_without_tf32_and_repeatable_means_without_measured_kernels() -> None:
    before = switches()
    with arithmetic("fp32", deterministic=False):
        assert switches() == (True, False, False, False, *["ieee"] * 5)
        assert not torch.backends.cudnn.allow_tf32 and not torch.backends.cuda.matmul.allow_tf32
    assert switches() == before
    with arithmetic("bf16", deterministic=True):
        assert switches() == (False, True, True, False, *before[4:])
    assert switches() == before
    with pytest.raises(KeyError), arithmetic("fp32", deterministic=True):
        raise KeyError
    assert switches() == before


def test_a_repeatable_run_asks_cublas_for_it_before_the_device_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    accelerator_for(Recipe(device="cpu"))
    assert "CUBLAS_WORKSPACE_CONFIG" not in os.environ
    accelerator_for(Recipe(device="cpu", deterministic=True))
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"


FAULTS = """
import resource, sys
import torch
from core.training.device import keep_freed_memory
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    step = [torch.ones(millions * 1_000_000) for millions in (20, 5, 40, 10)]
    del step
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
print(min(faults() for _ in range(12)))
if not keep_freed_memory():
    sys.exit("not here")
print(min(faults() for _ in range(12)))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is asked")
def test_a_process_that_trains_takes_its_memory_only_once() -> None:
    """In the first steps a small block may lie in the way; with a single large one, it did so for ever."""
    command = [sys.executable, "-c", FAULTS]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    before, kept = map(int, done.stdout.split())
    assert before > 10 * max(1, kept)


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_freed_memory()
