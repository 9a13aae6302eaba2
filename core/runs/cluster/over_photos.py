"""Computes something of very many photos on the machines of a cluster, with Ray Data, in the order of the photos.

    photos = PhotoWork("predictions", reference, ...)
    for answer in over_photos(photos, files, workspace):
        ...                             # FilePrediction or FileFeatures; a photo that cannot be read has its reason

Ray Data (docs.ray.io, "Ray Data") hands blocks of file names to processes on the machines, as many as have room. Each
loads the model once. Photos are read where they are computed, so all machines see their folders at the same paths.

Ray Data computes again what a lost machine had not answered, but only where there is room for another process: on a
cluster that is full, it was seen to wait for more than a minute. The command can then be ended and given again.
"""

import logging
import os
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from core.errors import DataError, ImageRefused, RunError
from core.inspection.predicting.predict_files import FileSource
from core.runs.cluster.needs import needs, room
from core.runs.cluster.photo_work import BLOCK, PhotoWork
from core.runs.cluster.ray_cluster import NAMESPACE, environment_of
from core.runs.cluster.setting import SETTING, check_cluster, ray_address
from core.workspace import REPOSITORY, Workspace

_PORTION = 100_000
"""So many names are in memory at a time. The models are loaded anew for each portion: seconds against minutes."""


def over_photos(work: PhotoWork, files: Iterable[tuple[str, FileSource]], workspace: Workspace) -> Generator[Any]:
    """Yield what the cluster computes of each file, in order.

    Raises RunError if the cluster cannot be used, or a machine of it cannot do this work; DataError for a file of an
    archive, which only this machine has.
    """
    require_cluster()
    with _connected() as ray:
        wanted, most = _wanted(ray, work.device)
        waiting = iter(files)
        while portion := list(islice(waiting, _PORTION)):
            blocks = [_table(portion[begin : begin + BLOCK]) for begin in range(0, len(portion), BLOCK)]
            with closing(_answers(ray, blocks, work, workspace, wanted, most)) as answers:
                yield from answers


def require_cluster() -> None:
    """Raise RunError if no cluster is set, or if it does not answer."""
    if ray_address() is None:
        raise RunError(
            f"--cluster needs a Ray cluster. Set {SETTING} to the address of its head, or leave out --cluster."
        )
    check_cluster()


def require_no_archives(paths: Iterable[Path]) -> None:
    """Raise DataError if one of the arguments is an archive: its photos are not files that other machines can read."""
    from core.data.importing.folder_layout import PACKED_SUFFIXES

    for path in paths:
        if path.is_file() and path.suffix.lower() in (".zip", *PACKED_SUFFIXES):
            raise DataError(
                f"{path} is not a folder or a photo, so the machines of a cluster cannot share its photos. Unpack it "
                "into a folder that all of them see, or leave out --cluster."
            )


@contextmanager
def _connected() -> Iterator[Any]:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray

    try:
        ray.init(address=ray_address(), namespace=NAMESPACE, log_to_driver=False, logging_level="WARNING")
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise RunError(
            f"The Ray cluster at {ray_address()} does not take this command ({str(error)[:300]}). This machine has to "
            f"be a node of it: ray start --address={ray_address()} --num-cpus=0"
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _wanted(ray: Any, device: str) -> tuple[dict[str, float], int]:
    """Return what a process with the model asks for, and how many of them the cluster has room for."""
    nodes = [node.get("Resources", {}) for node in ray.nodes() if node.get("Alive")]
    try:
        wanted = needs(device, nodes)
    except RunError as error:
        reason = str(error).removeprefix("waiting: ")
        raise RunError(f"The cluster cannot compute this: {reason}. Try again later, or leave out --cluster.") from None
    return wanted, room(wanted, nodes)


def _table(files: list[tuple[str, FileSource]]) -> Any:
    """Return file names as an Arrow table, a block of Ray's; as bytes, because a name on Linux need not be text."""
    import pyarrow as pa

    names, paths, reasons = [], [], []
    for name, source in files:
        if not isinstance(source, Path | ImageRefused):
            raise DataError(f"{name} is in an archive, which the machines of a cluster do not share. Unpack it first.")
        names.append(os.fsencode(name))
        paths.append(os.fsencode(source.absolute()) if isinstance(source, Path) else b"")
        reasons.append(source.reason if isinstance(source, ImageRefused) else "")
    return pa.table({"name": names, "path": paths, "reason": reasons})


def _answers(
    ray: Any, blocks: list[Any], work: PhotoWork, workspace: Workspace, wanted: dict[str, float], most: int
) -> Generator[Any]:
    from ray import data

    logging.getLogger("ray.data").setLevel(logging.ERROR)
    settings = data.DataContext.get_current()
    settings.enable_progress_bars = False
    settings.print_on_execution_start = False
    settings.execution_options.preserve_order = True
    machines = min(most, len(blocks))
    computed = data.from_arrow(blocks).map_batches(
        _process(),
        batch_size=BLOCK,
        batch_format="pyarrow",
        compute=data.ActorPoolStrategy(min_size=1, initial_size=machines, max_size=machines),
        fn_constructor_args=(str(REPOSITORY), environment_of(workspace), asdict(work)),
        **wanted,
    )
    try:
        for row in computed.iter_rows():
            answer = row["answer"]
            if isinstance(answer, Exception):
                raise answer
            yield answer
    except (ray.exceptions.RayError, data.exceptions.SystemException) as error:
        cause = getattr(error, "cause", None) or error
        raise RunError(
            f"The cluster could not compute the photos ({str(cause).strip()[-300:]}). Each of its machines needs this "
            f"code at {REPOSITORY} and the same Python packages. What it has answered is kept if it goes into a table: "
            "run the same command again."
        ) from error


def _process() -> type:
    """Return the class of the processes with the model. Made here, it travels as code, like that of a training."""

    class Process:
        def __init__(self, code: str, environment: dict[str, str], work: dict[str, Any]) -> None:
            import os
            import sys

            os.environ.update(environment)
            if code not in sys.path:
                sys.path.insert(0, code)
            from core.runs.cluster.photo_work import PhotoWork, Worker
            from core.runs.cluster.ray_cluster import node_name

            self.worker = Worker(PhotoWork(**work), node_name())

        def __call__(self, batch: Any) -> dict[str, Any]:
            import os

            import numpy as np

            columns = [batch[name].to_pylist() for name in ("name", "path", "reason")]
            answers = np.empty(batch.num_rows, dtype=object)
            files = [
                (os.fsdecode(name), os.fsdecode(path), reason) for name, path, reason in zip(*columns, strict=True)
            ]
            answers[:] = self.worker.answers(files)
            return {"answer": answers}

    return Process
