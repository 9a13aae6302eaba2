"""A file is read by its content, not by its name; what is no weight file is said, with what to do."""

import io
import zipfile
from pathlib import Path

import h5py
import numpy as np
import onnx
import pytest
import torch
from safetensors.torch import save, save_file

from core.errors import BundleError
from core.models.untrusted.file_kind import OtherKind, kind_of
from core.models.weight_files import load_file

STATE = {"conv.weight": torch.eye(3)}


def kind(content: bytes, suffix: str = ".pth") -> str:
    return kind_of(io.BytesIO(content), len(content), suffix)


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name in names:
            made.writestr(name, b"x" * 100)
    return file.getvalue()


def of_torch(content: object = STATE, **options: bool) -> bytes:
    file = io.BytesIO()
    torch.save(content, file, **options)
    return file.getvalue()


def of_onnx() -> bytes:
    graph = onnx.helper.make_graph([], "empty", [], [])
    made: bytes = onnx.helper.make_model(graph, producer_name="pytorch").SerializeToString()
    return made


def scripted() -> bytes:
    file = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), file)
    return file.getvalue()


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 102540417\n"
TABLE = bytes.fromhex("57fb808b247547db")


@pytest.mark.parametrize(
    ("content", "suffix", "said"),
    [
        (b"", ".pth", "is damaged: it is empty."),
        (LFS, ".pth", "is a Git LFS pointer, not the file itself. The file itself has 102.5 MB. Run git lfs pull"),
        (b"<!DOCTYPE html>\n<html><head><title>Sign in", ".pth", "is an HTML page, perhaps a login or an error page"),
        (b"\xef\xbb\xbf\n <HTML lang='en'>", ".safetensors", "is an HTML page"),
        (b"<!-- a comment -->\n<html>", ".pth", "is an HTML page"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied', ".pth", "is an XML text, perhaps a server's error"),
        (b'{"error": "Repository not found"}', ".pth", "is a JSON text, perhaps a server's message"),
        (b"Not Found", ".pth", "is a text, not a weight file."),
        ("Zugriff verweigert: Schlüssel fehlt\n".encode(), ".pth", "is a text"),
        (bytes(5000), ".pth", "is damaged: it begins with nothing but zeros."),
        (of_onnx(), ".onnx", "is an ONNX model, which is made for running only."),
        (of_onnx(), ".pth", "is an ONNX model"),
        (b"\x1c\x00\x00\x00TFL3" + bytes(50), ".tflite", "is a TensorFlow Lite model"),
        (b"\x0a\x40" + bytes(20) + b"\x01", ".pb", r"is a TensorFlow graph \(\.pb\)\."),
        (b"\x00\x01weights" * 9 + TABLE, ".ckpt", "is a TensorFlow checkpoint."),
        (b"\x01\x02\x03" * 40, ".data-00000-of-00001", "is a TensorFlow checkpoint."),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", ".7z", "is a 7z archive. Unpack it, and choose the weight file"),
        (b"Rar!\x1a\x07\x01\x00", ".rar", "is a RAR archive."),
        (b"\x1f\x8b\x08\x00\x00", ".gz", "is compressed with gzip."),
        (bytes(257) + b"ustar\x00", ".tar", "is a tar archive."),
        (b"GGUF\x03\x00\x00\x00", ".gguf", "is a GGUF file of a language model."),
        (b"\x93NUMPY\x01\x00", ".npy", "is a NumPy array."),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", ".jpg", r"is a picture \(JPEG\)\."),
        (b"%PDF-1.7\n", ".pdf", "is a PDF."),
        (scripted(), ".pt", r"is a TorchScript archive \(torch\.jit\.save\): a program, which is never run here."),
        (zipped("a/archive_format", "a/models/model.json"), ".pt2", r"is a program of torch\.export"),
        (zipped("m/saved_model.pb", "m/variables/variables.index"), ".zip", "is a zip of a TensorFlow SavedModel."),
        (zipped("model.json", "weights.bin", "metadata.json"), ".zip", "is a zip of a TensorFlow.js model, as Teach"),
        (zipped("run/bundle.json", "run/model.safetensors"), ".zip", "is a zip of a bundle. Unzip it, and choose the"),
        (zipped("a.npy", "b.npy"), ".npz", r"is a NumPy archive \(\.npz\)\."),
        (
            zipped("notes.txt", "best.pth"),
            ".zip",
            r"is a zip archive with a weight file in it \(best\.pth\)\. Unzip it",
        ),
        (zipped("cat/1.jpg", "dog/2.jpg"), ".zip", "is a zip archive of 2 files, none of them weights."),
        (of_torch()[:-100], ".pth", r"is damaged: its end is missing, .*\(0\.0 MB are here\)\. Download it again"),
        (b"\x01\x02\x03\xfe" * 9, ".weights", "is not a weight file of a kind that can be read."),
        (b"\x08", ".onnx", "is not a weight file of a kind that can be read."),
    ],
)
def test_what_is_no_weight_file_is_said(content: bytes, suffix: str, said: str) -> None:
    with pytest.raises(OtherKind, match=f"^{said}") as caught:
        kind(content, suffix)
    assert str(caught.value).endswith((".", "')."))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (of_torch(), "torch"),
        (of_torch(_use_new_zipfile_serialization=False), "torch"),
        (save(STATE), "safetensors"),
        (zipped("config.json", "model.weights.h5"), "keras"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "keras"),
    ],
    ids=["zip", "before 1.6", "safetensors", "keras", "hdf5"],
)
@pytest.mark.parametrize("suffix", [".pth", ".safetensors", ".ckpt", ".h5", ""])
def test_the_content_decides_not_the_name(content: bytes, found: str, suffix: str) -> None:
    assert kind(content, suffix) == found


@pytest.mark.parametrize("length", [0x4B50, 0x8B1F, 0x0280, 0x0108])
def test_a_header_whose_length_looks_like_another_mark_is_still_safetensors(length: int) -> None:
    """The file begins with the length of its header: 19,280 is PK in bytes, 35,615 the mark of gzip."""
    header = b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'.ljust(length)
    assert kind(length.to_bytes(8, "little") + header + bytes(8)) == "safetensors"


@pytest.mark.parametrize("name", ["w.ckpt", "w.bin", "w.pth.tar", "w.pkl", "w", "w.safetensors", "w.model"])
def test_a_file_of_torch_is_read_under_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(of_torch())
    assert torch.equal(load_file(tmp_path / name)["conv.weight"], torch.eye(3))


def test_a_file_of_safetensors_is_read_under_any_name(tmp_path: Path) -> None:
    save_file(STATE, tmp_path / "w.pth")
    assert torch.equal(load_file(tmp_path / "w.pth")["conv.weight"], torch.eye(3))


def test_a_file_of_keras_under_another_name_says_how_to_name_it(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "w.pth", "w") as file:
        file["a"] = np.ones(3)
    with pytest.raises(BundleError, match=r"is an HDF5 file, as Keras writes them\. Give it a name that ends in \.h5"):
        load_file(tmp_path / "w.pth")


def test_the_sentence_begins_with_the_file(tmp_path: Path) -> None:
    (tmp_path / "resnet50.pth").write_bytes(LFS)
    with pytest.raises(BundleError, match=r"resnet50\.pth is a Git LFS pointer"):
        load_file(tmp_path / "resnet50.pth")


def test_a_file_of_safetensors_that_broke_off_says_so(tmp_path: Path) -> None:
    (tmp_path / "w.safetensors").write_bytes(save({"a": torch.ones(1000)})[:-100])
    with pytest.raises(
        BundleError, match=r"w\.safetensors is damaged \(it ends before its tensors do, as after a down"
    ):
        load_file(tmp_path / "w.safetensors")
