"""The Gradio demo of one model: upload a photo, see its most likely classes and a heatmap.

    python demo.py              the ImageNet model
    python demo.py bundle       an exported bundle or a run folder
    python demo.py bundle --write-space DIR
                                write the folder of a Hugging Face Space instead of opening the page

Without an argument, RESNET_STUDIO_BUNDLE names the model. The page listens on this machine only, unless
GRADIO_SERVER_NAME is set.
"""

# ruff: noqa: T201  (a program that prints its address, and that is ended quietly while it imports)

import argparse
import os
import signal
import sys
from pathlib import Path

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl+C during the imports, which take seconds, ends quietly

from core.errors import StudioError, WeightsUnavailable
from core.inspection.predicting.predictor import IMAGENET, Predictor
from demo_parts import PORT  # before Gradio, whose settings it makes
from demo_parts.computing import Computing, explain_image, predict_image
from demo_parts.page import page
from demo_parts.server import checked_port, serve

__all__ = ["Computing", "Predictor", "explain_image", "main", "open_demo", "predict_image"]

IMAGENET_NAME = "ResNet-50, ImageNet"
NO_WEIGHTS = "There are no ImageNet weights. Connect to the internet, or choose your own model: python demo.py BUNDLE"


def find_model(reference: str) -> tuple[str, str]:
    """Return the bundle that a reference means, and its name for people: a run's title, or the folder's name."""
    if reference == IMAGENET:
        return IMAGENET, IMAGENET_NAME
    folder = Path(reference).resolve()
    if not any((place / "status.json").is_file() for place in (folder, folder.parent)):
        return str(folder), folder.name
    # Imported here, because a Space has one bundle and does not contain the code of runs.
    from core.runs.models import titled_bundle

    bundle, title = titled_bundle(folder)
    return str(bundle), title


def write_space(model: str, name: str | None, out: Path) -> None:
    """Write the folder of a Space and print how to upload it."""
    # Imported here, because a Space does not contain the code that writes Spaces.
    from core.export.space import write_demo_space

    bundle, own_name = find_model(model)
    write_demo_space(bundle, out, name or own_name)
    print(f"{out} is ready. To upload it:\n  hf upload USER/NAME {out} . --type space")


class ConsoleProgress:
    """Print the progress of a download, one line per 10 %."""

    def __init__(self) -> None:
        self.last_line = ""

    def __call__(self, what: str, done: int, total: int | None) -> None:
        line = f"{what}: {10 * (10 * done // total)}%" if total else what
        if line != self.last_line:
            print(line, file=sys.stderr, flush=True)
            self.last_line = line


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", help="a bundle folder, a run folder, or the word imagenet")
    parser.add_argument("--name", help="the page's heading (default: the run's or the folder's name)")
    parser.add_argument("--port", help="the port to listen on (default: the first free one from 7860)")
    parser.add_argument("--write-space", type=Path, metavar="DIR", help="write the folder of a Space and exit")
    options = parser.parse_args(arguments)
    model = options.model or os.environ.get("RESNET_STUDIO_BUNDLE") or IMAGENET
    try:
        if options.write_space:
            write_space(model, options.name, options.write_space)
            return 0
        checked_port(options.port or PORT)  # before the model is loaded
        folder, name = find_model(model)
        predictor = Predictor.load(folder, progress=ConsoleProgress())
        predictor.name = options.name or name
    except KeyboardInterrupt:
        return 0
    except StudioError as error:
        print(f"{NO_WEIGHTS}\n{error}" if isinstance(error, WeightsUnavailable) else error, file=sys.stderr)
        return 2
    return open_demo(predictor, port=options.port)


def open_demo(predictor: Predictor, computing: Computing | None = None, port: str | None = None) -> int:
    """Open the page until Ctrl+C; return the exit status."""
    try:
        blocks = page(predictor, computing)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        serve(blocks, checked_port(port or PORT))
    except KeyboardInterrupt:
        return 0
    except StudioError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
