"""Where things live: the workspace folder of a user, the weights, the sample images."""

import os
from dataclasses import dataclass
from pathlib import Path

from core.errors import WorkspaceError

REPOSITORY = Path(__file__).resolve().parent.parent
SAMPLE_IMAGES = REPOSITORY / "sample_images"


@dataclass(frozen=True)
class Workspace:
    """The one folder that holds all a user makes."""

    root: Path

    @property
    def images(self) -> Path:
        return self.root / "images"

    @property
    def thumbnails(self) -> Path:
        return self.root / "thumbnails"

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def unpacked(self) -> Path:
        """Images out of packed arrays, by content: the runs that were trained on such files from the command line."""
        return self.root / "unpacked"

    @property
    def cache(self) -> Path:
        """Derived files that may be deleted at any time."""
        return self.root / "cache"

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL of the store: RESNET_STUDIO_DATABASE_URL, else SQLite in the workspace."""
        return os.environ.get("RESNET_STUDIO_DATABASE_URL") or f"sqlite:///{self.root / 'studio.db'}"


def workspace_folder() -> Path:
    """The workspace's place: RESNET_STUDIO_HOME, else ``workspace/`` in the repository. Creates nothing."""
    named = os.environ.get("RESNET_STUDIO_HOME")
    return Path(named).expanduser().resolve() if named else REPOSITORY / "workspace"


def open_workspace(root: Path | None = None) -> Workspace:
    """The workspace, its folders made where they are missing.

    Raises WorkspaceError where the folder cannot be written.
    """
    workspace = Workspace(root.resolve() if root else workspace_folder())
    try:
        for folder in (workspace.images, workspace.thumbnails, workspace.runs, workspace.cache):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkspaceError(
            f"The workspace {workspace.root} cannot be written ({error.strerror}). "
            "Give write permission, free some disk space, or point RESNET_STUDIO_HOME at another folder."
        ) from error
    if not os.access(workspace.root, os.W_OK):
        raise WorkspaceError(
            f"The workspace {workspace.root} is read-only. "
            "Give write permission or point RESNET_STUDIO_HOME at another folder."
        )
    return workspace


def weights_folder() -> Path:
    """Where fetched weights lie: RESNET_STUDIO_WEIGHTS, else ``weights/`` in the repository."""
    named = os.environ.get("RESNET_STUDIO_WEIGHTS")
    return Path(named).expanduser().resolve() if named else REPOSITORY / "weights"
