"""Load folders with the library datasets, as a user would, and print what it found as JSON.

It runs in a process of its own: the library changes how Python pickles, and reads the environment when it is imported.
"""

import json
import sys
from pathlib import Path
from typing import Any

from datasets import load_dataset


def found_in(folder: str) -> dict[str, Any]:
    """The rows of each split, with the path of each photo; the message where the library stops."""
    try:
        splits = load_dataset("imagefolder", data_dir=folder)
    except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
        return {"error": f"{type(error).__name__}: {error}"}
    return {
        split: [
            {"file": str(Path(row["image"].filename).relative_to(folder))}
            | {"size": row["image"].size}
            | {name: value for name, value in row.items() if name != "image"}
            for row in rows
        ]
        for split, rows in splits.items()
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps([found_in(folder) for folder in sys.argv[1:]]))
