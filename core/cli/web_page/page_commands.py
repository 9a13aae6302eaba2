"""Writes a model's web page, and makes a model of a head that was learned on one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.console import Json, ProgressDisplay, print_json, print_result
from core.cli.exporting.exported_model import model_to_export
from core.cli.outputs import require_empty

if TYPE_CHECKING:
    from core.export.web_page.write_page import PageOptions


def export_page(run: str, out: Path, options: "PageOptions | None", json: bool) -> None:
    """Write the web page of a run, a bundle folder or imagenet; ``run`` may be a run id."""
    from core.export.web_page.write_page import write_page
    from core.workspace import open_workspace

    require_empty(out, "the page")
    workspace = open_workspace()
    with ProgressDisplay() as display:
        made = write_page(
            model_to_export(run), out, workspace, options, lambda one: display.show(one.phase, one.done, one.total)
        )
    found = made.agreement
    if json:
        compared = found and {
            "n": found.n,
            "same": found.same,
            "studio_correct": found.studio_correct,
            "page_correct": found.page_correct,
            "largest_difference": found.largest_difference,
        }
        single = None if made.single is None else str(made.single)
        print_json({"page": str(out), "single": single, "agreement": compared, "remarks": list(made.remarks)})
        return
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    one_file = made.single.stat().st_size if made.single else 0
    print_result(f"{out}: open index.html in a browser ({(size - one_file) / 1e6:.0f} MB)")
    if made.single:
        print_result(f"{made.single}: the same page in one file ({one_file / 1e6:.0f} MB)")
    else:
        print_result("The page is too large for a single file, so copy the whole folder.")
    for remark in made.remarks:
        print_result(remark)


def use_head(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="The model of the page: a run folder, a run id, a bundle or imagenet.")
    ],
    head: Annotated[Path, typer.Argument(metavar="HEAD", help="The file that the page saved: learned-head.json.")],
    out: Annotated[Path, typer.Option(help="The bundle folder to create.")],
    json: Json = False,
) -> None:
    """Make a model of a network and a head that was learned on its web page (export --page)."""
    from core.export.web_page.head_file import read_head
    from core.export.web_page.new_bundle import bundle_with_head

    require_empty(out, "the bundle")
    learned = read_head(head.expanduser())
    info = bundle_with_head(model_to_export(run), learned, out)
    if json:
        print_json({"bundle": str(out), "classes": list(info.classes)})
    else:
        print_result(f"{out}: {info.arch} with {len(info.classes)} classes: {', '.join(info.classes[:8])}")
