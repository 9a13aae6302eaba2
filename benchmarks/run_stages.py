"""When each stage of a run in a process of its own begins: prints a line for each, with its processor time.

    python benchmarks/run_stages.py RUN [BEGAN]

RUN is the folder of a run that is not trained yet. BEGAN is time.monotonic() when this process was started.
"""

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

LOADED = time.monotonic()


def main() -> None:
    path, began = Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else LOADED
    stages = Stages(began)
    stages.note("process started", LOADED)
    import core.cli  # noqa: F401 - as in `python -m core train`
    from core.runs.folder import RunFolder
    from core.runs.worker import train
    from core.workspace import open_workspace

    stages.note("command imported")
    _watch(stages)
    phase = ""
    for event in train(RunFolder(path), open_workspace(), own_process=True):
        now = getattr(event, "phase", "") or type(event).__name__
        if now != phase:
            phase = now
            stages.note(phase)
    stages.note("run ended")
    stages.print()


class Stages:
    """The times at which stages began, and the processor time that was used until then."""

    def __init__(self, began: float) -> None:
        self._began = began
        self._found: dict[str, tuple[float, float]] = {}

    def note(self, name: str, when: float | None = None, *, last: bool = False) -> None:
        """Record a stage: when it began first, or with ``last`` when it was seen last."""
        if last or name not in self._found:
            used = resource.getrusage(resource.RUSAGE_SELF)
            self._found[name] = (when or time.monotonic()) - self._began, used.ru_utime + used.ru_stime

    def print(self) -> None:
        print("seconds  processor  stage")
        for name, (seconds, used) in sorted(self._found.items(), key=lambda one: one[1]):
            print(f"{seconds:7.2f}  {used:9.2f}  {name}")


def _watch(stages: Stages) -> None:
    """Note the stages within the frozen pass, which has no events for them."""
    from core.data.pictures import resized_cache
    from core.features import frozen_pass
    from core.features.frozen_network import FrozenNetwork
    from core.training.linear import kept_vectors

    def noted(do: Callable[..., Any], begin: str, end: str) -> Callable[..., Any]:
        def call(*values: Any, **named: Any) -> Any:
            stages.note(begin)
            found = do(*values, **named)
            stages.note(end, last=True)
            return found

        return call

    resized_cache.decode = noted(resized_cache.decode, "first photo decoding", "last photo decoded")
    FrozenNetwork.load = noted(FrozenNetwork.load, "libraries imported, weights loading", "weights loaded")  # type: ignore[method-assign]
    kept_vectors.engine_at_once = noted(kept_vectors.engine_at_once, "first engine opening", "first engine ready")
    kept_vectors.open_engine = noted(kept_vectors.open_engine, "engine being chosen", "engine chosen")
    frozen_pass._run = noted(frozen_pass._run, "first batch begins", "last batch begins")


if __name__ == "__main__":
    main()
