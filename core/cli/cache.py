"""The command cache: shows what the caches of the workspace hold, sets their limit, deletes what is not needed."""

from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.console import Json, print_json, print_message, print_result
from core.errors import WorkspaceError

if TYPE_CHECKING:
    from core.features.budget import Cleaned, Limit
    from core.features.held_files import Kind

_NAMES: "dict[Kind, str]" = {
    "maps": "feature maps",
    "vectors": "feature vectors",
    "resized": "resized photos",
    "engines": "prepared networks",
    "outdated": "left by earlier versions",
}
_SOURCES = {
    "environment": "RESNET_STUDIO_FEATURE_GIGABYTES",
    "setting": "chosen",
    "default": "the default",
}


def cache(
    limit: Annotated[
        float | None,
        typer.Option(help="Set how many gigabytes the caches may hold, from now on. 0 keeps nothing between runs."),
    ] = None,
    default_limit: Annotated[
        bool,
        typer.Option("--default-limit", help="Forget the chosen limit: 20 GB, or a quarter of the free disk if less."),
    ] = False,
    clean: Annotated[
        bool,
        typer.Option("--clean", help="Delete what is over the limit now, the parts not used for longest first."),
    ] = False,
    empty: Annotated[
        bool,
        typer.Option("--empty", help="Delete everything in the caches that no training is using."),
    ] = False,
    json: Json = False,
) -> None:
    """Show how much disk space the caches hold: feature maps, feature vectors, resized photos, prepared networks.

    Everything in them can be computed again; photos, labels and runs are not in them. Runs clean up by themselves.
    """
    from core.features import budget
    from core.features.held_files import held_bytes
    from core.workspace import open_workspace

    if limit is not None and default_limit:
        raise WorkspaceError("--limit and --default-limit contradict each other. Use one of them.")
    if clean and empty:
        raise WorkspaceError("--clean and --empty contradict each other. Use one of them.")
    workspace = open_workspace()
    if limit is not None or default_limit:
        budget.set_limit(workspace, limit)
    done = budget.empty(workspace) if empty else budget.clean(workspace) if clean else None
    held, found = held_bytes(workspace), budget.limit_of(workspace)
    if json:
        answer = {
            "workspace": str(workspace.root),
            "bytes": {"total": sum(held.values()), **{str(kind): number for kind, number in held.items()}},
            "limit_bytes": found.bytes,
            "limit_source": found.source,
        }
        deleted = {"files": done.files, "bytes": done.bytes} if done else None
        print_json({**answer, "deleted": deleted})
    else:
        _print(held, found, done)
    if limit is not None and found.source == "environment":
        print_message("RESNET_STUDIO_FEATURE_GIGABYTES is set and comes before the limit that you chose.")
    if done and done.obstacle:
        print_message(f"Some files could not be deleted ({done.obstacle}). Give write permission, then try again.")


def _print(held: "dict[Kind, int]", limit: "Limit", done: "Cleaned | None") -> None:
    if done:
        print_result(f"Deleted {done.files:,} file{'' if done.files == 1 else 's'}, {_size(done.bytes)}.")
    for kind, name in _NAMES.items():
        if held[kind]:
            print_result(f"{_size(held[kind]):>9}  {name}")
    total = sum(held.values())
    print_result(f"{_size(total)} of {_size(limit.bytes)} ({_SOURCES[limit.source]})")
    if total > limit.bytes and not done:
        print_message("This is over the limit. --clean deletes what has not been used for longest.")


def _size(number: int) -> str:
    """Return a number of bytes as a person reads it: "1.2 GB", "3 MB"."""
    return f"{number / 1e9:.1f} GB" if number >= 1e9 else f"{number / 1e6:.0f} MB"
