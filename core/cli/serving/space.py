"""Export a model as a Hugging Face Space, for the export command."""

from pathlib import Path

from core.cli.console import print_json, print_result
from core.cli.outputs import require_empty


def export_space(run: str, kind: str, out: Path, json: bool) -> None:
    """Write the folder of a Space of this kind and say how to publish it."""
    from core.export.space_kinds import space_kind

    require_empty(out, "the Space")
    chosen = space_kind(kind)  # raises DataError, before torch is loaded
    from core.export.space import write_demo_space
    from core.inspection.predicting.predictor import IMAGENET
    from core.runs.models import bundle_folder, titled_bundle
    from core.workspace import open_workspace

    bundle = bundle_folder(run, open_workspace())
    title = "ResNet-50, ImageNet" if bundle is None else titled_bundle(bundle)[1]
    made = write_demo_space(bundle or IMAGENET, out, title, kind=kind)
    files = sorted(file.relative_to(made).as_posix() for file in made.rglob("*") if file.is_file())
    if json:
        print_json({"space": str(made), "kind": kind, "cost": chosen.cost, "files": files})
        return
    print_result(f"{made}: {len(files):,} files. {chosen.cost}")
    print_result(f"To publish it: python -m core push {made} USER/NAME")
