"""The kinds of Hugging Face Spaces that an export can be: what each runs on, and what it costs in 2026."""

from dataclasses import dataclass

from core.errors import DataError

_CPU_APP = '''"""Start the demo with this Space's bundle."""

import sys
from pathlib import Path

from demo import main

if __name__ == "__main__":
    sys.exit(main([str(Path(__file__).resolve().parent / "bundle"), "--name", {name!r}]))
'''

_ZEROGPU_APP = '''"""Start the demo on ZeroGPU: a graphics card is there only while predict or explain runs."""

import sys
from pathlib import Path
from types import SimpleNamespace

try:
    import spaces  # before torch, which it prepares; every ZeroGPU Space has it
except ModuleNotFoundError:  # on another machine, the functions run where they are called
    spaces = SimpleNamespace(GPU=lambda **_: lambda function: function)

import demo

predictor = demo.Predictor.load(Path(__file__).resolve().parent / "bundle", "cpu")
predictor.name = {name!r}


# Photos are decoded before: errors do not come back from the other process in which these run.
@spaces.GPU(duration=60)
def predict(image):
    predictor.use_graphics_card()
    return demo.predict_image(predictor, image)


@spaces.GPU(duration=60)
def explain(image, method, stage, target):
    predictor.use_graphics_card()
    return demo.explain_image(predictor, image, method, stage, target)


if __name__ == "__main__":
    sys.exit(demo.open_demo(predictor, demo.Computing(predict, explain)))
'''

# The packages of requirements.txt that the demo imports.
REQUIREMENTS = ("torch", "torchvision", "grad-cam", "safetensors", "pydantic", "pandas", "Pillow")


@dataclass(frozen=True)
class SpaceKind:
    """One kind of Space. Its README's template is in ``deploy/<folder>``."""

    title: str
    folder: str
    cost: str
    """What a person needs in order to have such a Space, in a sentence for the Export page."""


@dataclass(frozen=True)
class DemoKind(SpaceKind):
    """A kind of Space that runs the Gradio demo."""

    app: str
    """The program app.py."""
    requirements: tuple[str, ...] = REQUIREMENTS
    """Gradio comes with a Gradio Space, in the version of its front matter."""
    also: tuple[str, ...] = ()
    """Further files of ``deploy/<folder>``."""


STATIC = "static"
DEMO_KINDS = {
    "zerogpu": DemoKind(
        "ZeroGPU",
        "zerogpu-space",
        "Free accounts can have a few. A graphics card is lent for up to 60 seconds per photo.",
        _ZEROGPU_APP,
    ),
    "cpu": DemoKind(
        "Processor", "gradio-space", "Needs a paid account. Sleeps after 48 hours without visitors.", _CPU_APP
    ),
    "docker": DemoKind(
        "Docker",
        "docker-space",
        "Needs a paid account. The same folder runs on your own server.",
        _CPU_APP,
        requirements=(*REQUIREMENTS, "gradio"),
        also=("Dockerfile",),
    ),
}
KINDS: dict[str, SpaceKind] = {
    STATIC: SpaceKind(
        "Web page", "static-space", "Free for everyone. The model runs in the visitor's browser, in 8 bits."
    ),
    **DEMO_KINDS,
}


def space_kind(name: str) -> SpaceKind:
    """Return a kind by its name; raises DataError for any other."""
    if name not in KINDS:
        raise DataError(f"There is no kind of Space {name[:40]!r}. Choose one of: {', '.join(KINDS)}.")
    return KINDS[name]
