"""Measures this machine's speed in a process of low priority: some forward passes and training steps of ResNet-50.

python -m core.runs.estimates.measurement WORKSPACE
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import Timeout

from core.background_process import LOCK_SECONDS, lower_priority
from core.processors import available_processors, present_slowdown
from core.runs.estimates.machine_speed import MachineSpeed, measuring_lock, remember, remembered
from core.runs.estimates.work import BILLION_MULTIPLY_ADDS
from core.workers.memory_limit import limit_memory, memory_limit
from core.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    import torch

_ARCH = "resnet50"
_BATCH, _BATCH_ON_ACCELERATOR = 4, 64
_SECONDS = 1.0
"""How long each kind of work is repeated."""
_MOST_ROUNDS, _SHORTEST = 100, 1e-6
_BUSY = 1.3
_EFFICIENCY = 0.9
"""Of a thread on each processor, relative to one alone."""


def measure(arch: str = _ARCH, size: int = 224, seconds: float = _SECONDS) -> MachineSpeed:
    """Return the speed on the device and in the precision of a training with the usual recipe."""
    import torch

    from core.models.resnet import ResNet
    from core.models.zoo import config_of
    from core.training.device import accelerator_for
    from core.training.recipe import Recipe
    from core.training.techniques.optimizers import uncompiled

    accelerator = accelerator_for(Recipe())
    device = accelerator.device
    on_processor = device.type == "cpu"
    batch = _BATCH if on_processor else _BATCH_ON_ACCELERATOR
    with torch.device("meta"):
        model: ResNet = ResNet(config_of(arch), 10)
    model = model.to_empty(device=device).to(memory_format=torch.channels_last)
    for tensor in (*model.parameters(), *model.buffers()):
        if tensor.is_floating_point():
            torch.nn.init.uniform_(tensor, 0.01, 0.02)
    images = torch.rand(batch, 3, size, size, device=device).contiguous(memory_format=torch.channels_last)
    optimizer = uncompiled(torch.optim.AdamW)(model.parameters(), lr=1e-9)

    def forward() -> None:
        with torch.inference_mode():
            model(images)

    def step() -> None:
        with accelerator.autocast():
            loss = model(images).float().square().mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    def forward_in_training() -> None:
        with accelerator.autocast():
            forward()

    billions = batch * BILLION_MULTIPLY_ADDS[arch] * (size / 224) ** 2
    model.eval()
    exact, fast = (billions / _seconds_of(work, device, seconds) for work in (forward, forward_in_training))
    model.train()
    return MachineSpeed(exact, fast, billions / _seconds_of(step, device, seconds), device.type)


def _seconds_of(work: Callable[[], None], device: "torch.device", seconds: float) -> float:
    """Return how long some work takes on an idle machine: the shortest time of at least two, after a first one.

    On a busy machine that is the processor time of a single thread, since several would wait for each other.
    """
    import torch

    if device.type == "cpu" and present_slowdown() > _BUSY and torch.get_num_threads() > 1:
        with _one_thread():
            alone = _shortest(work, time.process_time, lambda: None, seconds)
        return alone / max(1.0, _EFFICIENCY * available_processors())
    synchronize = torch.accelerator.synchronize if device.type != "cpu" else lambda: None
    return _shortest(work, time.perf_counter, synchronize, seconds)


def _shortest(
    work: Callable[[], None], clock: Callable[[], float], synchronize: Callable[[], None], seconds: float
) -> float:
    found: list[float] = []
    work()
    synchronize()
    while len(found) < 2 or (sum(found) < seconds and len(found) < _MOST_ROUNDS):
        began = clock()
        work()
        synchronize()
        found.append(clock() - began)
    return max(min(found), _SHORTEST)


@contextmanager
def _one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def main(workspace: Workspace) -> None:
    """Measure and keep the speed, unless another process does or has."""
    try:
        with measuring_lock(workspace).acquire(timeout=LOCK_SECONDS):
            if remembered(workspace) is None:
                remember(workspace, measure())
    except Timeout:
        return


if __name__ == "__main__":
    lower_priority(5)
    limit_memory(memory_limit(), lambda: None)
    main(open_workspace(Path(sys.argv[1])))
