"""Export a model as a Hugging Face Space, for the export command."""

from pathlib import Path
from typing import TYPE_CHECKING

from core.cli.console import ProgressDisplay, print_json, print_result
from core.cli.exporting.exported_model import model_to_export
from core.cli.outputs import require_empty

if TYPE_CHECKING:
    from core.export.web_page.write_page import PageOptions


def export_space(run: str, kind: str, out: Path, options: "PageOptions | None", json: bool) -> None:
    """Write the folder of a Space of this kind and say how to publish it; ``options`` are those of a static one."""
    from core.export.space_kinds import STATIC, space_kind

    require_empty(out, "the Space")
    chosen = space_kind(kind)  # raises DataError, before torch is loaded
    from core.export.space import write_demo_space
    from core.inspection.predicting.predictor import IMAGENET
    from core.runs.models import titled_bundle

    source = model_to_export(run)
    title = "ResNet-50, ImageNet" if source == IMAGENET else titled_bundle(Path(source))[1]
    remarks: list[str] = []
    if kind == STATIC:
        remarks += _write_static(source, out, title, options)
    else:
        write_demo_space(source, out, title, kind=kind)
    files = sorted(file.relative_to(out).as_posix() for file in out.rglob("*") if file.is_file())
    if json:
        print_json({"space": str(out), "kind": kind, "cost": chosen.cost, "files": files, "remarks": remarks})
        return
    print_result(f"{out}: {len(files):,} files. {chosen.cost}")
    for remark in remarks:
        print_result(remark)
    print_result(f"To publish it: python -m core push {out} USER/NAME")


def _write_static(source: Path | str, out: Path, title: str, options: "PageOptions | None") -> tuple[str, ...]:
    """Write a Space whose page runs in the browser; returns the page's remarks."""
    from dataclasses import replace

    from core.export.space import write_static_space
    from core.export.web_page.write_page import MadePage, PageOptions, write_page
    from core.workspace import open_workspace

    workspace, titled = open_workspace(), replace(options or PageOptions(), title=title)
    made: list[MadePage] = []
    with ProgressDisplay() as display:

        def write(model: Path | str, folder: Path) -> None:
            made.append(
                write_page(model, folder, workspace, titled, lambda one: display.show(one.phase, one.done, one.total))
            )

        write_static_space(source, out, write, title)
    return made[0].remarks
