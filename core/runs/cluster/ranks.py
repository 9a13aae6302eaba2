"""The processes of a cluster that train one run together, each on a GPU or processors of its own.

The run's own actor trains nothing then: it reserves a place for each process (Ray's placement group: all or none),
starts them there with the environment that ``torchrun`` would give them, and waits. Accelerate does the rest. The first
process does all that a run on one machine does; the others write nothing. If one is lost, all are started again, and
the run goes on after the last finished epoch that was saved, as a run on one machine does when that is lost.

Why not Ray Train's TorchTrainer: it trains in a thread, where a run could not be stopped within a long step, brings a
second way of storing checkpoints, and needs tensorboardX.
"""

import contextlib
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.errors import RunError, StudioError
from core.runs.folder import RunFolder
from core.runs.status import now
from core.workspace import REPOSITORY, workspace_of_run

_TOLD_SECONDS = 60.0
"""An error may only be torch's about another process that is gone. Ray learns of that in 15 to 30 seconds."""
_POLL_SECONDS = 1.0
_MOST_IN_VAIN = 10


class ProcessLost(Exception):
    """A process is gone, mostly with its machine."""


def processes_of(run: RunFolder) -> int:
    """Return how many processes train this run: one where nothing is trained by steps, whatever the recipe says."""
    recipe = run.recipe()
    if recipe.processes == 1 or recipe.train == "automatic" or recipe.solves_head(run.snapshot().task):
        return 1
    return recipe.processes


def train_together(
    ray: Any,
    name: str,
    run: RunFolder,
    root: Path,
    environment: Mapping[str, str],
    count: int,
    wanted: dict[str, float],
) -> None:
    """Train the run in ``count`` processes, again and again until none of them is lost. For the run's own actor.

    ``wanted`` is what each process asks of its machine. Raises RunError if the processes cannot be started.
    """
    group = _places(ray, name, count, wanted)
    started_in_vain = 0
    try:
        while started_in_vain < _MOST_IN_VAIN:
            started_in_vain += 1  # losses later than that are counted where the run is resumed
            actors = [_rank_in(ray, group, rank, wanted) for rank in range(count)]
            try:
                calls = _calls(ray, actors, run, root, environment)
                started_in_vain = 0
                problem = outcome(ray, calls)
            except ProcessLost:
                with contextlib.suppress(OSError, StudioError):
                    run.append_log("one of its processes was lost")
                continue
            finally:
                for actor in actors:
                    ray.kill(actor, no_restart=True)
            if problem is not None:
                with contextlib.suppress(OSError, StudioError):
                    ended = {"message": str(problem), "ended": now(), "phase": "", "seconds_left": None}
                    run.write_status(state="failed", stop_requested=False, **ended)
                    run.append_log(f"failed. {problem}")
            return
        raise RunError(
            f"Its processes ended {_MOST_IN_VAIN} times before they trained; see Ray's logs on the machines."
        )
    finally:
        ray.util.remove_placement_group(group)


def outcome(ray: Any, calls: Sequence[Any]) -> StudioError | None:
    """Wait for the end of a training and return what another process than the first found wrong; None if nothing.

    Raises ProcessLost, and RunError if a machine cannot start its process.
    """
    first = calls[0]
    deadline: float | None = None
    while True:
        done, _ = ray.wait(list(calls), num_returns=len(calls), timeout=_POLL_SECONDS)
        errors = {call: error for call in done if (error := _error_of(ray, call)) is not None}
        if first in done and first not in errors:
            return None  # it has written how the run ended
        causes = {call: one.cause for call, one in errors.items() if isinstance(one, ray.exceptions.RayTaskError)}
        if first in causes:
            raise RunError(
                f"One of its processes could not be started on the cluster ({str(causes[first])[:300]}). Each machine "
                f"needs this code at {REPOSITORY} and the same Python packages."
            )
        known = [cause for cause in causes.values() if isinstance(cause, StudioError)]
        if known:
            return known[0]
        if len(causes) < len(errors):
            raise ProcessLost
        if causes:
            deadline = deadline or time.monotonic() + _TOLD_SECONDS
            if time.monotonic() >= deadline:
                return RunError(f"In another process: {next(iter(causes.values()))}")


@contextlib.contextmanager
def others_may_be_lost() -> Iterator[None]:
    """In the first process: let an error wait that is perhaps about a lost process, since this one is ended then."""
    try:
        yield
    except StudioError:
        raise
    except Exception:
        time.sleep(1.5 * _TOLD_SECONDS)
        raise


def train_rank(folder: str, root: str, node: str) -> None:
    """Train in one of the processes, which has its environment. For a process that Ray has started."""
    import os

    from core.runs.cluster.on_node import train_on_node
    from core.runs.queueing.device_queue import is_announced
    from core.runs.worker import train_silently

    run = RunFolder(Path(folder))
    if os.environ["RANK"] == "0":
        train_on_node(run.path, Path(root), node, others_may_be_lost)
        return
    while not is_announced(run.path):  # it is ended from outside if that never comes
        time.sleep(_POLL_SECONDS / 4)
    train_silently(run.snapshot(), run.recipe(), run, workspace_of_run(run.path))


def free_port() -> int:
    """Return a port on which the processes can meet on this machine."""
    with socket.socket() as free:
        free.bind(("", 0))
        return int(free.getsockname()[1])


def _places(ray: Any, name: str, count: int, wanted: dict[str, float]) -> Any:
    """Return the run's places: those that it has after its actor was lost and started again, or new ones."""
    try:
        return ray.util.get_placement_group(name)
    except ValueError:
        bundle = {"CPU": wanted["num_cpus"], **({"GPU": wanted["num_gpus"]} if "num_gpus" in wanted else {})}
        return ray.util.placement_group([bundle] * count, name=name)


def _rank_in(ray: Any, group: Any, rank: int, wanted: dict[str, float]) -> Any:
    place = ray.util.scheduling_strategies.PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=rank)
    return ray.remote(_rank()).options(scheduling_strategy=place, **wanted).remote()


def _calls(ray: Any, actors: Sequence[Any], run: RunFolder, root: Path, environment: Mapping[str, str]) -> list[Any]:
    """Start the training in all processes, once all are there. Raises ProcessLost, and RunError."""
    try:
        there = ray.get([actor.prepare.remote(str(REPOSITORY), dict(environment)) for actor in actors])
    except ray.exceptions.RayTaskError:
        raise
    except ray.exceptions.RayError as error:
        raise ProcessLost from error
    nodes = [node for node, _, _ in there]
    with contextlib.suppress(OSError, StudioError):  # deleted meanwhile
        run.append_log(f"trained by {len(nodes)} processes, on {', '.join(nodes)}")
    world = {"WORLD_SIZE": str(len(actors)), "MASTER_ADDR": there[0][1], "MASTER_PORT": str(there[0][2])}
    # Ray shows each process only its own GPU, so each is the first one there.
    world |= {"LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "1"}
    return [
        actor.train.remote(str(run.path), str(root), {**world, "RANK": str(rank)}) for rank, actor in enumerate(actors)
    ]


def _error_of(ray: Any, call: Any) -> Any:
    """Return with what a call that is over has failed; None if it has not."""
    try:
        ray.get(call)
    except ray.exceptions.RayError as error:
        return error
    return None


def _rank() -> type:
    """Return the class of the processes. Made here, it travels as code, like that of the run's own actor."""

    class Rank:
        def prepare(self, code: str, environment: dict[str, str]) -> tuple[str, str, int]:
            import os
            import sys

            import ray

            os.environ.update(environment)
            if code not in sys.path:
                sys.path.insert(0, code)
            from core.runs.cluster.ranks import free_port
            from core.runs.cluster.ray_cluster import node_name

            self.node = node_name()
            return self.node, ray.util.get_node_ip_address(), free_port()

        def train(self, folder: str, root: str, world: dict[str, str]) -> None:
            import os

            from core.runs.cluster.ranks import train_rank

            os.environ.update(world)
            train_rank(folder, root, self.node)

    return Rank
