"""Real Ray clusters on this machine."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from core.runs.cluster.setting import SETTING

Machines = Callable[..., AbstractContextManager[dict[str, Any]]]


@contextmanager
def ray_machines(*names: str, cpus: int = 1) -> Iterator[dict[str, Any]]:
    """Start Ray's head, which trains nothing, and machines with these names; their nodes, and the ``cluster``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        from ray.cluster_utils import Cluster

        # A machine counts as lost after three seconds of silence, not fifteen.
        quick = {"health_check_period_ms": 1000, "health_check_timeout_ms": 3000, "health_check_failure_threshold": 3}
        small = {"object_store_memory": 100 * 2**20}
        head = {"num_cpus": 0, "include_dashboard": False, "_system_config": quick, **small}
        cluster = Cluster(initialize_head=True, head_node_args=head)
        try:
            nodes = {name: cluster.add_node(num_cpus=cpus, node_name=name, **small) for name in names}
            patch.setenv(SETTING, cluster.address)
            yield {**nodes, "cluster": cluster}
        finally:
            session = cluster.head_node.get_session_dir_path()
            cluster.shutdown()
            shutil.rmtree(session, ignore_errors=True)  # logs and sockets below /tmp/ray
