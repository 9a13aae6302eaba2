"""Folders: the user's workspace, the weights, the sample images."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from core.errors import WorkspaceError
from core.storage_errors import storage_error

REPOSITORY = Path(__file__).resolve().parent.parent
SAMPLE_IMAGES = REPOSITORY / "sample_images"
HOME_SETTING = "RESNET_STUDIO_HOME"
DATABASE_SETTING = "RESNET_STUDIO_DATABASE_URL"
PEOPLE_FOLDER = "people"
"""Below the folder of a class's server; it holds a workspace for each pupil. See ``core.people``."""
LOOKS_FOLDER = "looks"
"""Beside it: copies of pupils' workspaces, which the teacher looks at."""
SHARED_FOLDER = "shared"
"""Beside it: copies of projects and models that somebody shares with their class."""


_BESIDE = (PEOPLE_FOLDER, LOOKS_FOLDER, SHARED_FOLDER)


@dataclass(frozen=True)
class Workspace:
    """The folder that holds everything a user creates."""

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
        """Images from packed arrays, by content, for runs trained on such files from the command line."""
        return self.root / "unpacked"

    @property
    def cache(self) -> Path:
        """Derived files, which may be deleted at any time."""
        return self.root / "cache"

    @property
    def server(self) -> Path:
        """The folder of its server: the workspace itself, or the one that holds the folders of all pupils."""
        return self.root.parent.parent if self.root.parent.name in _BESIDE else self.root

    @property
    def database_url(self) -> str:
        """The store's SQLAlchemy URL: RESNET_STUDIO_DATABASE_URL, or SQLite in the workspace."""
        return os.environ.get(DATABASE_SETTING) or f"sqlite:///{self.root / 'studio.db'}"


def workspace_folder() -> Path:
    """Return the workspace folder: RESNET_STUDIO_HOME, or ``workspace/`` in the repository. Creates nothing.

    Raises WorkspaceError for the address of a store, which is no folder.
    """
    named = os.environ.get(HOME_SETTING)
    if named and is_address(named):
        raise WorkspaceError(
            f"{HOME_SETTING} is {named[:200]!r}, an address. The workspace has to be a folder, because it "
            f"holds locks and databases. Set {HOME_SETTING} to a folder of this machine, or to one on a file server, "
            "such as NFS."
        )
    return Path(named).expanduser().resolve() if named else REPOSITORY / "workspace"


def is_address(text: str) -> bool:
    """Return whether this is the address of a store, such as s3://bucket, also one that was read as a path."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", text) is not None  # a single letter is a drive of Windows


def open_workspace(root: Path | None = None) -> Workspace:
    """Open the workspace and create missing folders.

    Raises WorkspaceError if the folder cannot be written.
    """
    workspace = Workspace(root.resolve() if root else workspace_folder())
    try:
        for folder in (workspace.images, workspace.thumbnails, workspace.runs, workspace.cache):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        then = "try again, or set RESNET_STUDIO_HOME to another folder"
        if known := storage_error(error, f"the workspace {workspace.root} could not be opened", then):
            raise known from error
        raise WorkspaceError(
            f"The workspace {workspace.root} cannot be written ({error.strerror}). "
            "Give write permission, free some disk space, or set RESNET_STUDIO_HOME to another folder."
        ) from error
    if not os.access(workspace.root, os.W_OK):
        raise WorkspaceError(
            f"The workspace {workspace.root} is read-only. "
            "Give write permission, or set RESNET_STUDIO_HOME to another folder."
        )
    return workspace


def server_workspaces(workspace: Workspace) -> list[Workspace]:
    """Return all workspaces of the server: its own first, then those of its pupils."""
    folders = sorted((workspace.server / PEOPLE_FOLDER).glob("*/runs"))
    return [Workspace(workspace.server), *(Workspace(folder.parent) for folder in folders)]


def workspace_of_run(run: Path) -> Workspace:
    """Return the workspace that a run's folder lies in, or this server's where it lies elsewhere."""
    return Workspace(run.parent.parent if run.parent.name == "runs" else workspace_folder())


def holds_photos(workspace: Workspace) -> bool:
    """Return whether any photo is stored in the workspace; stops at the first."""
    try:
        folders = [entry.path for entry in os.scandir(workspace.images) if entry.is_dir()]
        return any(not entry.name.startswith(".") for folder in folders for entry in os.scandir(folder))
    except FileNotFoundError:
        return False


def weights_folder() -> Path:
    """Return the folder of downloaded weights: RESNET_STUDIO_WEIGHTS, or ``weights/`` in the repository."""
    named = os.environ.get("RESNET_STUDIO_WEIGHTS")
    return Path(named).expanduser().resolve() if named else REPOSITORY / "weights"
