"""The files that the demo's page shows: its look and the sample photos."""

import json
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
ASSETS = HERE / "assets"
EXAMPLE_FOLDERS = ("sample_images/photos", "sample_images/birds/images")
MAX_SAMPLES = 12

THEME = json.loads((ASSETS / "demo_theme.json").read_text(encoding="utf-8"))
MARK = (ASSETS / "mark.svg").read_text(encoding="utf-8")


def example_photos() -> list[list[str]]:
    """The sample photos: all single ones, then birds spread over their set."""
    single, birds = (sorted((HERE / folder).glob("*.jpg")) for folder in EXAMPLE_FOLDERS)
    room = max(0, MAX_SAMPLES - len(single))
    return [[str(path)] for path in [*single, *birds[:: len(birds) // room + 1 if room else 1][:room]]]
