"""Ray's side: each run is a detached actor, which Ray places, and starts again on another machine if its own is lost.

A detached actor (docs.ray.io, "Named Actors") belongs to the cluster, not to the process that made it. So a training
goes on when the server is gone. Its one method is asked for again by the next dispatcher; Ray repeats it by itself
after a loss. The method begins at the last checkpoint, or returns at once for a run that has ended.

All machines have this folder of code and the server's workspace at the same paths, and the same Python packages.
"""

import contextlib
import hashlib
import os
import time
from pathlib import Path
from typing import Any

from core.errors import RunError, StudioError
from core.runs.cluster.needs import needs, room
from core.runs.cluster.ranks import processes_of, train_together
from core.runs.cluster.setting import ray_address
from core.runs.folder import RunFolder
from core.runs.status import read_status
from core.workspace import REPOSITORY, Workspace

NAMESPACE = "resnet-studio"
_AGAIN_SECONDS = 5.0
_NOT_PASSED_ON = ("RESNET_STUDIO_RAY_", "RESNET_STUDIO_HOME", "RESNET_STUDIO_DATABASE_URL", "RESNET_STUDIO_PEOPLE")


class RayCluster:
    """A connection to the cluster at RESNET_STUDIO_RAY_ADDRESS."""

    def __init__(self) -> None:
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        import ray

        self._ray = ray
        ray.init(address=ray_address(), namespace=NAMESPACE, log_to_driver=False, logging_level="WARNING")
        self._actors: dict[str, Any] = {}
        self._calls: dict[str, Any] = {}

    def knows(self, run: RunFolder) -> bool:
        """Return whether the run has an actor; one of an earlier dispatcher is asked to train, in case it is idle.

        Raises RunError if its call failed before the training.
        """
        name = actor_name(run)
        call = self._calls.get(name)
        if call is not None:
            done, _ = self._ray.wait([call], timeout=0)
            if not done:
                return True
            self._forget(name)
            self._check(call, run)
        try:
            actor = self._ray.get_actor(name, namespace=NAMESPACE)
        except ValueError:
            return False
        if call is None:
            self._ask(name, actor, run, Workspace(run.path.parent.parent))
        return True

    def place(self, run: RunFolder, workspace: Workspace) -> None:
        """Make the run's actor. Raises RunError if no machine of the cluster has what its recipe asks for."""
        nodes_alive = [node for node in self._ray.nodes() if node.get("Alive")]
        nodes = [node.get("Resources", {}) for node in nodes_alive]
        name = actor_name(run)
        wanted, processes = needs(run.recipe().device, nodes), processes_of(run)
        if processes > (most := room(wanted, nodes)):
            raise RunError(
                f"waiting: it is to be trained by {processes} processes, and the cluster has room for {most}"
            )
        options = wanted if processes == 1 else self._beside_places(nodes_alive, wanted)
        actor = (
            self._ray.remote(_trainer())
            .options(
                name=name,
                namespace=NAMESPACE,
                lifetime="detached",
                get_if_exists=True,
                max_restarts=-1,
                max_task_retries=-1,
                **options,
            )
            .remote()
        )
        self._ask(name, actor, run, workspace)

    def remove(self, run: RunFolder) -> None:
        """Kill the run's actor, if it has one, and give its places back."""
        name = actor_name(run)
        self._forget(name)
        with contextlib.suppress(ValueError):
            self._ray.kill(self._ray.get_actor(name, namespace=NAMESPACE), no_restart=True)
        with contextlib.suppress(ValueError):  # of a training by several processes
            self._ray.util.remove_placement_group(self._ray.util.get_placement_group(name))

    def _beside_places(self, nodes: list[dict[str, Any]], wanted: dict[str, float]) -> dict[str, Any]:
        """Return the options of an actor that only waits for the processes that train: a machine, but none of its CPUs.

        Not on the server if that can be avoided: when it is shut down, trainings go on.
        """
        trains = next(one for one in nodes if room(wanted, [one.get("Resources", {})]))
        near = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(trains["NodeID"], soft=True)
        return {"num_cpus": 0, "scheduling_strategy": near}

    def _ask(self, name: str, actor: Any, run: RunFolder, workspace: Workspace) -> None:
        self._actors[name] = actor
        self._calls[name] = actor.train.remote(
            str(REPOSITORY), environment_of(workspace), str(run.path), str(workspace.root), name
        )

    def _check(self, call: Any, run: RunFolder) -> None:
        """Raise RunError if a call that is over never came to its training; its actor is killed."""
        try:
            self._ray.get(call)
        except self._ray.exceptions.RayTaskError as error:
            self.remove(run)
            raise RunError(
                f"The training could not be started on the cluster ({str(error.cause)[:300]}). Each of its machines "
                f"needs this code at {REPOSITORY}, the same Python packages, and the runs at {run.path.parent}."
            ) from error
        except self._ray.exceptions.RayError:  # it has ended as it should, or was lost
            return

    def _forget(self, name: str) -> None:
        self._calls.pop(name, None)
        self._actors.pop(name, None)


def actor_name(run: RunFolder) -> str:
    """Return the name of the run's actor, which no other run has, also not in another person's workspace."""
    return f"{run.id}-{hashlib.sha256(str(run.path).encode()).hexdigest()[:12]}"


def environment_of(workspace: Workspace) -> dict[str, str]:
    """Return our settings for the training's process. It needs no database: all it reads is in the run's folder."""
    own = {name: value for name, value in os.environ.items() if name.startswith("RESNET_STUDIO_")}
    passed_on = {name: value for name, value in own.items() if not name.startswith(_NOT_PASSED_ON)}
    return {**passed_on, "RESNET_STUDIO_HOME": str(workspace.root)}


def _trainer() -> type:
    """Return the actor's class. Made here, it travels as code, so that a machine needs no search path for ours."""

    class Trainer:
        def train(self, code: str, environment: dict[str, str], folder: str, root: str, name: str) -> None:
            import os
            import sys
            from pathlib import Path

            import ray

            os.environ.update(environment)
            if code not in sys.path:
                sys.path.insert(0, code)
            from core.runs.cluster.ray_cluster import train_as_wanted

            train_as_wanted(name, Path(folder), Path(root), environment)
            ray.actor.exit_actor()  # its processors and GPU are free at once, also without a dispatcher

    return Trainer


def train_as_wanted(name: str, folder: Path, root: Path, environment: dict[str, str]) -> None:
    """Train the run in this process of Ray, or in several that are started from here."""
    import ray

    from core.runs.cluster.on_node import train_on_node

    run = RunFolder(folder)
    try:
        status = read_status(run.status_path)
        count = processes_of(run) if status.live or status.lost_state is not None else 1
    except StudioError:  # deleted, or damaged, which the training itself says
        count = 1
    if count == 1:
        train_on_node(folder, root, node_name())
        return
    while True:
        nodes = [node.get("Resources", {}) for node in ray.nodes() if node.get("Alive")]
        with contextlib.suppress(RunError):  # the machines that it needs are all gone now
            wanted = needs(run.recipe().device, nodes)
            break
        time.sleep(_AGAIN_SECONDS)
    train_together(ray, name, run, root, environment, count, wanted)


def node_name() -> str:
    """Return the name of this machine in the cluster: the one given with ``--node-name``, or its host name."""
    import platform

    import ray

    own = ray.get_runtime_context().get_node_id()
    for node in ray.nodes():
        if node.get("NodeID") == own:
            name, address = str(node.get("NodeName") or ""), node.get("NodeManagerAddress")
            return name if name and name != address else platform.node() or str(address)
    return platform.node()
