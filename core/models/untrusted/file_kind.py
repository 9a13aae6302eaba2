"""Tell what kind of file it is from its content: a kind that is read, or what it is instead. Does not import torch."""

import re
import zipfile
from typing import BinaryIO, Literal, NoReturn

from core.models.untrusted.zip_members import ZIP_DAMAGE, open_zip

Kind = Literal["torch", "safetensors", "keras"]

KERAS_SUFFIXES = (".h5", ".hdf5", ".keras")
"""The names for which core.models.keras_files is the reader, with the preprocessing of Keras."""
TORCH_SUFFIXES = (".pth", ".pt", ".tar", ".ckpt", ".bin", ".pkl", ".pickle", ".model")
"""Usual names of files of torch.save; ``.tar`` as in ``model_best.pth.tar``, which is no archive."""

_START_BYTES = 4096
_HDF5 = b"\x89HDF\r\n\x1a\n"
_TENSORFLOW_TABLE = bytes.fromhex("57fb808b247547db")  # the end of a TensorFlow checkpoint of version 1, or its index
_UNPACK = "Unpack it, and choose the weight file that it holds."
_STATE_DICT = "Choose a file with the state_dict of a ResNet: .pth or .safetensors."
_MARKS: dict[bytes, str] = {
    b"7z\xbc\xaf\x27\x1c": f"is a 7z archive. {_UNPACK}",
    b"Rar!\x1a\x07": f"is a RAR archive. {_UNPACK}",
    b"\x1f\x8b": f"is compressed with gzip. {_UNPACK}",
    b"BZh": f"is compressed with bzip2. {_UNPACK}",
    b"\xfd7zXZ\x00": f"is compressed with xz. {_UNPACK}",
    b"\x28\xb5\x2f\xfd": f"is compressed with zstd. {_UNPACK}",
    b"GGUF": f"is a GGUF file of a language model. {_STATE_DICT}",
    b"lmgg": f"is a GGML file of a language model. {_STATE_DICT}",
    b"tjgg": f"is a GGML file of a language model. {_STATE_DICT}",
    b"\x93NUMPY": f"is a NumPy array. {_STATE_DICT}",
    b"%PDF": f"is a PDF. {_STATE_DICT}",
    b"\x89PNG\r\n": f"is a picture (PNG). {_STATE_DICT}",
    b"\xff\xd8\xff": f"is a picture (JPEG). {_STATE_DICT}",
    b"SQLite format 3\x00": f"is an SQLite database. {_STATE_DICT}",
}
"""The first bytes of files that are no weights."""

_LFS = b"version https://git-lfs"
_LFS_SIZE = re.compile(rb"^size (\d{1,15})$", re.MULTILINE)
_HTML = re.compile(
    rb"\s*(<!--.*?-->\s*)?(<\?xml[^>]*>\s*)?<(!doctype\s+html|html|head|body|script|title)\b", re.I | re.S
)


class OtherKind(ValueError):
    """What a file is instead of weights: a predicate that follows its name, and a sentence on what to do."""


def kind_of(file: BinaryIO, size: int, suffix: str) -> Kind:
    """Return which reader a file is for; it is rewound. Raises OtherKind for everything that no reader takes.

    The content decides. The suffix only tells kinds apart that have no mark, and which reader names the damage.
    """
    file.seek(0)
    start = file.read(_START_BYTES)
    if not start:
        raise OtherKind("is damaged: it is empty. Copy or download it again.")
    kind = _of_marks(file, start, size, suffix)
    file.seek(0)
    return kind


def _of_marks(file: BinaryIO, start: bytes, size: int, suffix: str) -> Kind:
    length = int.from_bytes(start[:8], "little")
    # First, because the length of its header may look like the mark of another kind.
    if size > 8 and length <= size - 8 and start[8:9] == b"{":
        return "safetensors"
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _of_zip(file, size, suffix)
    if start.startswith(_HDF5):
        return "keras"
    for mark, said in _MARKS.items():
        if start.startswith(mark):
            raise OtherKind(said)
    _refuse_marks_elsewhere(file, start, size, suffix)
    _refuse_text(start)
    if start[0] == 0x80 and start[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return "torch"  # before PyTorch 1.6: five pickles
    # Damaged, or another format without a mark: the reader of the kind that the name says tells how.
    if suffix == ".safetensors":
        return "safetensors"
    if suffix in KERAS_SUFFIXES:
        return "keras"
    if suffix in TORCH_SUFFIXES:
        return "torch"
    raise OtherKind(f"is not a weight file of a kind that can be read. {_STATE_DICT}")


def _refuse_marks_elsewhere(file: BinaryIO, start: bytes, size: int, suffix: str) -> None:
    if start[257:262] == b"ustar":
        raise OtherKind(f"is a tar archive. {_UNPACK}")
    if start[4:8] == b"TFL3":
        raise OtherKind(f"is a TensorFlow Lite model, which is made for running only. {_STATE_DICT}")
    if _is_onnx(start, suffix):
        raise OtherKind(f"is an ONNX model, which is made for running only. {_STATE_DICT}")
    if suffix == ".pb":
        raise OtherKind(f"is a TensorFlow graph (.pb). {_STATE_DICT}")
    if suffix == ".msgpack":
        raise OtherKind(f"is a checkpoint of Flax (JAX). {_STATE_DICT}")
    file.seek(max(0, size - 8))
    if file.read(8) == _TENSORFLOW_TABLE or re.fullmatch(r"\.data-\d+-of-\d+", suffix):
        raise OtherKind(f"is a TensorFlow checkpoint. {_STATE_DICT}")
    if size >= 64 and not any(start):
        raise OtherKind("is damaged: it begins with nothing but zeros. Copy or download it again.")


def _is_onnx(start: bytes, suffix: str) -> bool:
    """Protocol buffers have no mark; ONNX begins with its version and, nearly always, the name of its producer."""
    if len(start) < 8 or start[0] != 0x08 or not 1 <= start[1] <= 30:
        return False
    length = start[3] if start[2:3] == b"\x12" else 0
    producer = start[4 : 4 + length]
    return suffix == ".onnx" or (0 < length <= 64 and producer.isascii() and producer.decode("ascii").isprintable())


def _refuse_text(start: bytes) -> None:
    if start.startswith(_LFS):
        found = _LFS_SIZE.search(start)
        whole = f" The file itself has {int(found[1]) / 1e6:,.1f} MB." if found else ""
        raise OtherKind(f"is a Git LFS pointer, not the file itself.{whole} Run git lfs pull, or download the file.")
    if _HTML.match(start.removeprefix(b"\xef\xbb\xbf")):
        raise OtherKind(
            "is an HTML page, perhaps a login or an error page, not a weight file. Download the file itself, signed in "
            "where that is necessary."
        )
    if b"\x00" in start:
        return
    text = start.decode("utf-8", "ignore")
    cut = len(start) - len(text.encode())  # the last character may be
    if cut > 3 or not all(sign.isprintable() or sign.isspace() for sign in text):
        return
    text = text.strip()
    if text.startswith(("{", "[")):
        raise OtherKind(f"is a JSON text, perhaps a server's message or settings. {_STATE_DICT}")
    if text.startswith("<"):
        raise OtherKind("is an XML text, perhaps a server's error message. Download the file itself again.")
    raise OtherKind(f"is a text, not a weight file. {_STATE_DICT}")


def _of_zip(file: BinaryIO, size: int, suffix: str) -> Kind:
    by_name: Kind = "keras" if suffix == ".keras" else "torch"
    try:
        with open_zip(file) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile as error:
        if "not a zip file" not in str(error):
            return by_name  # its reader names the damage
        raise OtherKind(
            f"is damaged: its end is missing, as after a download that broke off ({size / 1e6:,.1f} MB are here). "
            "Download it again."
        ) from error
    except ZIP_DAMAGE:
        return by_name
    pickles = [name for name in names if name.count("/") == 1 and name.endswith("/data.pkl")]
    if pickles:
        root = pickles[0].removesuffix("data.pkl")
        if any(name == f"{root}constants.pkl" or name.startswith(f"{root}code/") for name in names):
            raise OtherKind(
                "is a TorchScript archive (torch.jit.save): a program, which is never run here. In Python, save its "
                "weights: torch.save(torch.jit.load(FILE).state_dict(), 'weights.pth')."
            )
        return "torch"
    if "model.weights.h5" in names:
        return "keras"
    _refuse_zip(names)


def _refuse_zip(names: list[str]) -> NoReturn:
    ends = {name.rsplit("/", 1)[-1] for name in names}
    if "archive_format" in ends or "serialized_exported_program.json" in ends:
        raise OtherKind("is a program of torch.export, which is never run here. Save the model's state_dict instead.")
    if {"bundle.json", "model.safetensors"} <= ends:
        raise OtherKind("is a zip of a bundle. Unzip it, and choose the folder with bundle.json.")
    if "saved_model.pb" in ends:
        raise OtherKind(f"is a zip of a TensorFlow SavedModel. {_STATE_DICT}")
    if {"model.json", "weights.bin"} <= ends:
        raise OtherKind(f"is a zip of a TensorFlow.js model, as Teachable Machine exports it. {_STATE_DICT}")
    if names and all(name.endswith(".npy") for name in names):
        raise OtherKind(f"is a NumPy archive (.npz). {_STATE_DICT}")
    held = [name for name in sorted(ends) if name.lower().endswith((".safetensors", ".pth", ".pt", ".h5", ".keras"))]
    shown = f" ({held[0]})" if held and held[0].isprintable() and len(held[0]) <= 80 else ""
    if held:
        raise OtherKind(f"is a zip archive with a weight file in it{shown}. Unzip it, and choose that file.")
    raise OtherKind(f"is a zip archive of {len(names):,} files, none of them weights. {_STATE_DICT}")
