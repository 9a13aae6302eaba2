"""The option --cluster: photos are computed on the machines of a Ray cluster."""

from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from core.models.zoo import POOLED

if TYPE_CHECKING:
    from core.inspection.predicting.predict_files import FileSource
    from core.inspection.predicting.predictor import Predictor

Cluster = Annotated[
    bool,
    typer.Option(
        "--cluster",
        help="Compute on the machines of the Ray cluster at RESNET_STUDIO_RAY_ADDRESS. All of them have to see the "
        "photos and the model at the same paths. Worth it for thousands of photos.",
    ),
]


def check_for_cluster(images: Sequence[Path]) -> None:
    """Raise RunError without a cluster that answers, and DataError for archives, before a model is loaded."""
    from core.runs.cluster.over_photos import require_cluster, require_no_archives

    require_cluster()
    require_no_archives(images)


def on_cluster(
    kind: Literal["predictions", "features"],
    run: str,
    images: Sequence[Path],
    predictor: "Predictor",
    device: str,
    files: "Iterable[tuple[str, FileSource]]",
    *,
    test_time_views: int | None = None,
    photos: int | None = None,
    stage: str = POOLED,
) -> Generator[Any]:
    """Yield what the cluster computes of each file, in order; ``predictor`` is the model as this machine has it."""
    from core.runs.cluster.over_photos import over_photos
    from core.runs.cluster.photo_work import PhotoWork, fingerprint
    from core.runs.models import bundle_folder
    from core.workspace import open_workspace

    workspace = open_workspace()
    folder = bundle_folder(run, workspace)
    work = PhotoWork(
        kind,
        run if folder is None else str(folder.resolve()),
        fingerprint(predictor),
        tuple(str(path.absolute()) for path in images if path.exists()),
        device,
        test_time_views,
        photos,
        stage,
    )
    return over_photos(work, files, workspace)
