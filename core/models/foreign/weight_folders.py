"""Say what a folder is that was chosen as weights and is no bundle."""

from pathlib import Path

from core.errors import BundleError
from core.models.bundle import INFO_FILE, complete_folder

_WEIGHTS = (".safetensors", ".pth", ".pt", ".ckpt", ".bin", ".h5", ".keras")
_MOST_FILES = 1_000


def check_weight_folder(folder: Path) -> None:
    """Raise BundleError for a folder of another program, with the file in it that can be used; a bundle passes."""
    if (complete_folder(folder) / INFO_FILE).is_file():
        return
    names = sorted(path.name for path, _ in zip(folder.iterdir(), range(_MOST_FILES), strict=False))
    if "saved_model.pb" in names:
        raise BundleError(
            f"{folder} is a SavedModel of TensorFlow, which holds a program. In Keras, save the network as .h5 or "
            ".keras, and choose that file."
        )
    held = [name for name in names if name.lower().endswith(_WEIGHTS)]
    if held:
        shown = held[0] if held[0].isprintable() else "the weight file"
        raise BundleError(f"{folder} is not a bundle: it has no {INFO_FILE}. Choose {shown} in it, not the folder.")
