"""The command ``export``: a model as a bundle, as ONNX files, as a web page or as a Hugging Face Space."""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.console import Json, print_json, print_result
from core.cli.exporting import onnx_export
from core.cli.exporting.exported_model import model_to_export
from core.cli.exporting.page_options import Features, Runtime, Samples, page_options
from core.cli.outputs import require_empty


def export(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run folder, a run id, a bundle folder, or imagenet.")],
    out: Annotated[Path, typer.Option(help="The folder to create.")],
    onnx: onnx_export.Onnx = False,
    page: Annotated[
        bool,
        typer.Option(
            "--page", help="Export a web page instead, which answers and learns in a browser, without internet."
        ),
    ] = False,
    space: Annotated[
        str | None,
        typer.Option(
            metavar="static|zerogpu|cpu|docker",
            help="Write a Hugging Face Space instead: static (the web page, free), or a demo on zerogpu (free), cpu or "
            "docker (both paid).",
        ),
    ] = None,
    precision: onnx_export.Precision = "fp32",
    input: onnx_export.Input = "view",
    softmax: onnx_export.Softmax = "inside",
    write_anyway: onnx_export.WriteAnyway = False,
    samples: Samples = None,
    features: Features = None,
    runtime: Runtime = None,
    json: Json = False,
) -> None:
    """Export a model: as a bundle with a README and example code, as ONNX files, as a web page, or as a Space."""
    chosen = [name for name, is_chosen in {"--onnx": onnx, "--page": page, "--space": space}.items() if is_chosen]
    if len(chosen) > 1:
        raise typer.BadParameter(f"it cannot be combined with {chosen[1]}", param_hint=chosen[0])
    if not onnx:
        onnx_export.check_unused(precision, input, softmax, write_anyway)
    of_page = page_options(samples, features, runtime, used=page or space == "static")
    if page:
        from core.cli.web_page.page_commands import export_page

        export_page(run, out, of_page, json)
    elif space is not None:
        from core.cli.serving.space import export_space

        export_space(run, space, out, of_page, json)
    elif onnx:
        require_empty(out, "the ONNX files")
        onnx_export.export_onnx(model_to_export(run), out, precision, input, softmax, write_anyway, json)
    else:
        _export_bundle(run, out, json)


def _export_bundle(run: str, out: Path, json: bool) -> None:
    from core.export.bundle_zip import export_bundle

    require_empty(out, "the bundle")
    made = export_bundle(model_to_export(run), out)
    files = sorted(file.relative_to(made).as_posix() for file in made.rglob("*") if file.is_file())
    if json:
        print_json({"bundle": str(made), "files": files})
    else:
        print_result(f"{made}: {', '.join(files)}")
