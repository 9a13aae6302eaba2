"""About 150 hostile weight files with a fixed seed, and a process of its own that tries to read each of them.

    python -m tests.fuzz.hostile_weights FOLDER

writes the files into FOLDER, reads them with the program's own readers, and prints a line of JSON for each: its name,
the class and the text of the error, whether that is a StudioError, the seconds, and the highest memory so far.
"""

import gzip
import io
import json
import os
import pickle
import random
import resource
import struct
import sys
import tarfile
import time
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from safetensors.torch import save as safetensors

from core.errors import StudioError
from core.models.bundle import load_bundle
from core.models.keras_files import load_keras_file
from core.models.keras_tfjs import convert, read_tarball
from core.models.weight_files import load_file
from core.models.weights_table import IMAGENET_STD

SEED = 9
KERAS = "keras-resnet50"

Case = tuple[str, bytes]
STATE = {
    "conv1.weight": torch.ones(4, 3, 3, 3),
    "bn1.running_var": torch.ones(4),
    "bn1.num_batches_tracked": torch.tensor(3),
    "fc.weight": torch.ones(2, 4),
}


def flipped(data: bytes, count: int, dice: random.Random, name: str, first: int = 0) -> Iterator[Case]:
    """Yield `count` copies of a file, each with one to four bits flipped behind its first bytes."""
    for number in range(count):
        changed = bytearray(data)
        for _ in range(dice.randint(1, 4)):
            changed[dice.randrange(first, len(changed))] ^= 1 << dice.randrange(8)
        yield f"{number}-{name}", bytes(changed)


# .safetensors


def with_header(header: object, body: bytes = bytes(64)) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def safetensors_cases(dice: random.Random) -> Iterator[Case]:
    def one(name: str = "a", **changes: object) -> dict[str, object]:
        return {name: {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16], **changes}}

    whole = safetensors(STATE)
    yield "empty", b""
    yield "zeros", bytes(8)
    yield "length-huge", struct.pack("<Q", 2**63) + b"{}"
    yield "length-over-file", struct.pack("<Q", 10**6) + b"{}"
    yield "no-json", with_header(b"\xff\xfe{{{")
    yield "deep", with_header(b'{"a":' * 50_000)
    yield "list", with_header([])
    yield "no-tensors", with_header({"__metadata__": {"a": "b"}})
    yield "entry-number", with_header({"a": 5})
    yield "entry-null", with_header({"a": None})
    yield "entry-empty", with_header({"a": {}})
    for dtype in ("BOOL", "I8", "U8", "U64", "C64", "F8_E4M3", "F4", "nonsense"):
        yield f"dtype-{dtype}", with_header(one(dtype=dtype, shape=[2], data_offsets=[0, 2]))
    yield "dtype-number", with_header(one(dtype=7))
    yield "dtype-bool-fits", with_header(one(dtype="BOOL", shape=[4, 4]))
    yield "dtype-int8-fits", with_header(one(dtype="I8", shape=[4, 4]))
    yield "dtype-complex-fits", with_header(one(dtype="C64", shape=[2]))
    yield "shape-bool", with_header(one(shape=[True, 4]))
    yield "shape-negative", with_header(one(shape=[-2, -2]))
    yield "shape-huge", with_header(one(shape=[2**40, 2**40]))
    yield "shape-digits", with_header(b'{"a":{"dtype":"F32","shape":[' + b"9" * 5000 + b'],"data_offsets":[0,16]}}')
    yield "shape-fractions", with_header(one(shape=[2.0, 2.0]))
    yield "shape-text", with_header(one(shape="22"))
    yield "shape-long", with_header(one(shape=[1] * 1000))
    yield "offsets-reversed", with_header(one(data_offsets=[16, 0]))
    yield "offsets-beyond", with_header(one(data_offsets=[10**12, 10**12 + 16]))
    yield "offsets-negative", with_header(one(data_offsets=[-16, 0]))
    yield "offsets-three", with_header(one(data_offsets=[0, 8, 16]))
    yield "name-empty", with_header(one(""))
    yield "name-long", with_header(one("a" * 5000))
    yield "name-escape", with_header(one("\x1b[31m\n"))
    yield "name-surrogate", with_header(b'{"\\ud800":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}')
    yield "name-twice", with_header(one("module.a") | one("a"))
    yield "many", with_header({f"t{n}": {"dtype": "F32", "shape": [], "data_offsets": [0, 4]} for n in range(20_000)})
    shared = {f"t{n}": {"dtype": "F32", "shape": [1000, 250], "data_offsets": [0, 10**6]} for n in range(5_000)}
    yield "shared", with_header(shared, bytes(10**6))
    yield "cut", whole[:-20]
    yield "cut-header", whole[:40]
    yield from flipped(whole, 6, dice, "flip")


# .pth


class Hostile:
    """Pickles as the call of a name."""

    def __init__(self, module: str, name: str, *arguments: object) -> None:
        self.call = module, name, arguments


def program(*steps: bytes) -> bytes:
    return b"\x80\x02" + b"".join(steps) + b"."


def text(value: str) -> bytes:
    data = value.encode()
    return b"X" + struct.pack("<L", len(data)) + data


def number(value: int) -> bytes:
    return pickle.dumps(value, 2)[2:-1]


def called(name: str, *arguments: bytes) -> bytes:
    module, _, last = name.rpartition(".")
    return f"c{module}\n{last}\n".encode() + b"(" + b"".join(arguments) + b"tR"


def stored(kind: str, key: str, count: int) -> bytes:
    return b"(" + text("storage") + f"ctorch\n{kind}\n".encode() + text(key) + text("cpu") + number(count) + b"tQ"


def tensor(shape: tuple[int, ...], strides: tuple[int, ...], count: int, offset: int = 0) -> bytes:
    sides = (b"(" + b"".join(map(number, values)) + b"t" for values in (shape, strides))
    rebuilt = (stored("FloatStorage", "0", count), number(offset), *sides, b"\x89", called("collections.OrderedDict"))
    return called("torch._utils._rebuild_tensor_v2", *rebuilt)


def table(*pairs: bytes) -> bytes:
    return program(b"}(", *pairs, b"u")


def archive(pickled: bytes, data: bytes = bytes(64), method: int = zipfile.ZIP_STORED, **more: bytes) -> bytes:
    file = io.BytesIO()
    members = {"a/data.pkl": pickled, "a/byteorder": b"little", "a/data/0": data} | more
    with zipfile.ZipFile(file, "w") as made:
        for name, content in members.items():
            made.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return file.getvalue()


def saved(content: object, **more: Any) -> bytes:
    file = io.BytesIO()
    torch.save(content, file, **more)
    return file.getvalue()


def torch_cases(dice: random.Random) -> Iterator[Case]:
    fine = table(text("a"), tensor((4, 4), (4, 1), 16))
    yield "empty", b""
    yield "text", b"not a weight file"
    yield "zip-empty", archive(b"")[:0] + b"PK\x05\x06" + bytes(18)
    yield "zip-cut", saved(STATE)[:700]
    yield "zip-start-only", b"PK\x03\x04" + bytes(30)
    yield (
        "deflated-bomb",
        archive(table(text("a"), tensor((10**7,), (1,), 10**7)), bytes(4 * 10**7), zipfile.ZIP_DEFLATED),
    )
    yield (
        "encrypted",
        archive(fine).replace(b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00"),
    )
    yield "no-pickle", archive(fine).replace(b"data.pkl", b"data.pkx")
    yield "two-pickles", archive(fine, **{"b/data.pkl": fine})
    yield "no-storage", archive(fine).replace(b"a/data/0", b"a/data/1")
    yield "big-endian", archive(fine).replace(b"little", b"bigbig")
    yield "storage-short", archive(fine, bytes(8))
    for name, shape, strides, offset in (
        ("expanded", (10**5, 10**5), (0, 0), 0),
        ("overlapping", (10**5, 10), (0, 1), 0),
        ("rolling", (9, 8), (1, 1), 0),
        ("beyond", (4, 4), (4, 1), 5),
        ("offset-huge", (1,), (1,), 2**62),
        ("shape-huge", (2**62, 2**62), (1, 1), 0),
        ("shape-digits", (10**400, 1), (1, 1), 0),
        ("shape-negative", (-4, -4), (4, 1), 0),
        ("stride-negative", (4, 4), (-4, 1), 0),
        ("strides-few", (4, 4), (1,), 0),
        ("dimensions", (1,) * 100, (1,) * 100, 0),
    ):
        yield name, archive(table(text("a"), tensor(shape, strides, 16, offset)))
    yield "storage-negative", archive(table(text("a"), tensor((1,), (1,), -16)))
    for name, value in (
        ("expanded-saved", torch.zeros(1).expand(10**5, 10**5)),
        ("sparse", torch.eye(3).to_sparse()),
        ("sparse-csr", torch.eye(3).to_sparse_csr()),
        ("quantized", torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)),
        ("meta", torch.empty(10**6, 10**6, device="meta")),
        ("complex", torch.ones(3, dtype=torch.complex64)),
        ("bool", torch.ones(3, dtype=torch.bool)),
        ("int8", torch.ones(3, dtype=torch.int8)),
        ("int64", torch.ones(3, dtype=torch.int64)),
        ("uint16", torch.ones(3).to(torch.uint16)),
        ("float8", torch.ones(3).to(torch.float8_e5m2)),
        ("nested", torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])),
        ("text-value", "weights"),
        ("none-value", None),
        ("list-value", [torch.ones(2)]),
    ):
        yield f"value-{name}", saved(STATE | {"conv1.weight": value})
    yield "counter-complex", saved(STATE | {"bn1.num_batches_tracked": torch.ones((), dtype=torch.complex64)})
    for name, key in (
        ("int", 5),
        ("none", None),
        ("tuple", (1, 2)),
        ("float", float("nan")),
        ("bytes", b"a"),
        ("", ""),
    ):
        yield f"key-{name}", saved({key: torch.ones(2)})
    yield "key-escape", saved({"\x1b[31m": torch.ones(2)})
    yield "key-surrogate", archive(table(b"X\x03\x00\x00\x00\xed\xa0\x80", tensor((4, 4), (4, 1), 16)))
    yield "many", saved({f"t{n}": STATE["fc.weight"] for n in range(12_000)})
    yield "not-a-table", saved([torch.ones(2)])
    yield "no-tensors", saved({"epoch": 3})
    yield "nothing", saved({})
    yield "array", saved({"a": np.ones(3)})
    yield "script", _script()
    for name in ("os.system", "builtins.eval", "builtins.getattr", "torch.load", "torch.hub.load", "a\x1b[31m.b", ""):
        yield f"call-{name or 'nothing'!r}", archive(table(text("a"), called(name, text("true"))))
    yield "call-bytearray", archive(table(text("a"), called("builtins.bytearray", number(10**11))))
    yield "call-number", archive(program(number(5), b"(tR"))
    yield "key-nested", archive(program(b"}", number(1), b"\x85" * 300_000, number(1), b"s"))
    yield "nested-lists", archive(program(b"]" * 300_000, b"a" * 299_999))
    yield "in-itself", archive(program(b"}q\x00(", text("state_dict"), b"h\x00u"))
    yield "endless", archive(program(b"N" * 3_000_000))
    yield "memo-huge", archive(program(b"}r\xff\xff\xff\xff"))
    yield "digits", archive(program(b"\x8b" + struct.pack("<l", 10**6) + b"\x01" * 10**6))
    yield "decimal", archive(program(b"I" + b"9" * 10**6 + b"\n"))
    yield "string-long", archive(program(b"X\xff\xff\xff\x7f"))
    yield "stack-empty", archive(program(b"0" * 10))
    yield "stop-missing", archive(b"\x80\x02}")
    yield "instruction-unknown", archive(b"\x80\x02\xff.")
    yield "pickled", pickle.dumps({"a": [1, 2]})
    old = saved(STATE, _use_new_zipfile_serialization=False)
    yield "old-cut", old[:-30]
    yield "old-storage-huge", old.replace(struct.pack("<q", 108), struct.pack("<q", 2**40))
    yield "old-expanded", saved({"a": torch.zeros(1).expand(10**5, 10**5)}, _use_new_zipfile_serialization=False)
    yield "old-objects", saved(OrderedDict(a=Path("x")), _use_new_zipfile_serialization=False)
    yield from flipped(saved(STATE), 8, dice, "flip")
    yield from flipped(old, 6, dice, "old-flip")


def _script() -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), file)
    return file.getvalue()


# .h5 and .keras

KERNEL = "conv1_conv/conv1_conv/kernel:0"
SHAPE = (7, 7, 3, 64)


def hdf5(*changes: Callable[[h5py.File], Any], libver: str = "earliest") -> bytes:
    """Return a small HDF5 file with the first kernel of a network, after some changes."""
    file = io.BytesIO()
    with h5py.File(file, "w", libver=libver) as made:
        made.create_dataset(KERNEL, data=np.ones(SHAPE, np.float32), compression="gzip")
        for change in changes:
            change(made)
    return file.getvalue()


def instead(**options: Any) -> Callable[[h5py.File], Any]:
    def change(file: h5py.File) -> None:
        del file[KERNEL]
        file.create_dataset(KERNEL, **options)

    return change


def h5_cases(dice: random.Random) -> Iterator[Case]:
    whole = hdf5()
    yield "empty", b""
    yield "text", b"not a weight file"
    yield "start-only", whole[:8]
    yield "cut", whole[: len(whole) // 2]
    yield "text-long", hdf5(instead(shape=SHAPE, dtype="S100000", chunks=(1, 1, 1, 64), compression="gzip"))
    yield "compound", hdf5(instead(shape=SHAPE, dtype=[("a", "<f4"), ("b", "<f4")]))
    yield "null", hdf5(instead(data=h5py.Empty("f4")))
    yield (
        "kinds",
        hdf5(
            instead(shape=SHAPE, dtype="i8"),
            lambda f: f.create_dataset("conv1_conv/conv1_conv/bias:0", (64,), dtype="c8"),
        ),
    )
    yield "texts", hdf5(instead(shape=SHAPE, dtype=h5py.string_dtype()))
    yield "references", hdf5(instead(shape=SHAPE, dtype=h5py.ref_dtype))
    yield "half-odd", hdf5(instead(shape=(*SHAPE, 1), dtype="f2"))
    yield "scalar", hdf5(instead(data=np.float32(1)))
    yield "terabytes", hdf5(instead(shape=(2**14, 2**14, 2**10, 8), dtype="f4", chunks=(16, 16, 16, 8)))
    yield (
        "unwritten",
        hdf5(
            lambda f: f.create_dataset("dense/dense/kernel:0", (2048, 30_000), dtype="f4", chunks=(64, 300)),
            lambda f: f.create_dataset("dense/dense/bias:0", (30_000,), dtype="f4", chunks=(300,)),
        ),
    )
    yield "piece-huge", hdf5(instead(shape=(1, 1, 1, 1), maxshape=(None,) * 4, dtype="f4", chunks=(1024, 1024, 64, 2)))
    yield "elsewhere", hdf5(instead(shape=(64,), dtype="f4", external=[("/etc/passwd", 0, 256)]))
    yield "groups", hdf5(lambda f: [f.create_group(f"g{n}") for n in range(21_000)], libver="latest")
    yield "deep", hdf5(lambda f: f.create_group("/".join("g" * 400)))
    yield "circle", hdf5(lambda f: f.__setitem__("conv1_conv/again", f["/"]))
    yield "name-bytes", hdf5(lambda f: f.create_dataset("own/kernel:0", (3,), dtype="f4")).replace(b"own", b"\xff\x1b[")
    yield "name-digits", hdf5(lambda f: f.create_dataset(f"dense/vars/{'9' * 5000}", data=np.zeros(3)))
    yield "name-odd-digit", hdf5(lambda f: f.create_dataset("dense/vars/²", data=np.zeros(3)))
    yield from flipped(whole, 8, dice, "flip", first=8)


def keras_cases(dice: random.Random) -> Iterator[Case]:
    def zipped(content: bytes = b"x", name: str = "model.weights.h5", method: int = zipfile.ZIP_STORED) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as made:
            made.writestr(zipfile.ZipInfo(name), content, compress_type=method)
        return file.getvalue()

    whole = zipped(hdf5())
    yield "text", b"not a weight file"
    yield "empty", zipped(name="config.json")
    yield "not-hdf5", zipped()
    yield "encrypted", whole.replace(b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00")
    yield "bzip2", zipped(hdf5(), method=zipfile.ZIP_BZIP2)
    yield "bomb", zipped(bytes(64 * 2**20), method=zipfile.ZIP_DEFLATED)
    yield "size-claimed", whole.replace(struct.pack("<L", len(hdf5())), struct.pack("<L", 2**32 - 2))
    yield "cut", whole[:-10]
    packed = zipped(hdf5(), method=zipfile.ZIP_DEFLATED)
    yield "corrupt", packed[:400] + bytes(40) + packed[440:]
    yield "inner-cut", zipped(hdf5()[:-2000])
    yield from flipped(zipped(b"x" * 100), 6, dice, "flip")


# TensorFlow.js


def tfjs_cases(dice: random.Random) -> Iterator[Case]:
    def tarball(model: object, shard: bytes = bytes(16), name: str = "package/model.json") -> bytes:
        file = io.BytesIO()
        content = model if isinstance(model, bytes) else json.dumps(model).encode()
        with tarfile.open(fileobj=file, mode="w:gz") as made:
            for path, data in ((name, content), ("package/s.bin", shard)):
                member = tarfile.TarInfo(path)
                member.size = len(data)
                made.addfile(member, io.BytesIO(data))
        return file.getvalue()

    def model(**changes: object) -> dict[str, object]:
        weight = {"name": "conv1/kernel", "dtype": "float32", "shape": [2, 2], **changes}
        return {"weightsManifest": [{"paths": ["s.bin"], "weights": [weight]}]}

    yield "text", b"not a package"
    yield "empty", gzip.compress(b"")
    yield "bomb", gzip.compress(gzip.compress(bytes(2**20)) + bytes(80 * 2**20), 1)
    yield "deep", tarball(b'{"weightsManifest":' * 50_000)
    yield "list", tarball([])
    yield "no-manifest", tarball({})
    yield "manifest-number", tarball({"weightsManifest": 5})
    yield "manifest-text", tarball({"weightsManifest": ["a"]})
    yield "paths-numbers", tarball({"weightsManifest": [{"paths": [5], "weights": []}]})
    yield "leads-out", tarball(model(), name="package/../../model.json")
    yield "odd-kernel", tarball(model())
    for name, changes in (
        ("name-list", {"name": ["a"]}),
        ("name-escape", {"name": "\x1b[31m"}),
        ("dtype", {"dtype": "int32"}),
        ("shape-negative", {"shape": [-2, -2]}),
        ("shape-huge", {"shape": [2**31, 2**31]}),
        ("shape-text", {"shape": "ab"}),
        ("shape-null", {"shape": None}),
    ):
        yield name, tarball(model(**changes))
    whole = tarball(model())
    yield "cut", whole[:-30]
    yield from flipped(whole, 4, dice, "flip", first=10)


# bundle.json

PREPROCESSING = {
    "mode": "crop",
    "size": 224,
    "resize": 256,
    "interpolation": "bilinear",
    "mean": [0.4, 0.4, 0.4],
    "std": [0.2, 0.2, 0.2],
}
INFO: dict[str, Any] = {
    "schema_version": 1,
    "arch": "resnet18",
    "classes": ["a", "b"],
    "preprocessing": PREPROCESSING,
    "created": "2026-01-01T00:00:00+00:00",
}

DECIDED = {"n": 100, "created": "2026-01-01T00:00:00+00:00"}
FAR = {"neighbours": 5, "limit": 0.5, "accepted": 0.95, "n": 100, "sha256": "0" * 64}


def bundle_cases(dice: random.Random) -> Iterator[Case]:
    yield "empty", b""
    yield "bytes", b"\xff\xfe\x00"
    yield "nested", b'{"schema_version":' * 50_000
    yield (
        "nested-metrics",
        json.dumps(INFO).replace("{", '{"metrics":' + '{"a":' * 300 + "1" + "}" * 300 + ",", 1).encode(),
    )
    yield "large", json.dumps(INFO | {"created": "x" * 9_000_000}).encode()
    for name, literal in (("nan", "NaN"), ("infinite", "-Infinity"), ("overflow", "1e999"), ("digits", "9" * 5000)):
        yield f"number-{name}", json.dumps(INFO | {"metrics": {"a": 0}}).replace('"a": 0', f'"a": {literal}').encode()
    for name, changes in (
        ("version-text", {"schema_version": "1"}),
        ("version-huge", {"schema_version": 10**400}),
        ("version-true", {"schema_version": True}),
        ("arch-list", {"arch": ["resnet18"]}),
        ("arch-long", {"arch": "resnet18" * 1000}),
        ("arch-escape", {"arch": "\x1b[31m"}),
        ("arch-options", {"arch": "resnet18" + "+plain" * 20}),
        ("classes-text", {"classes": "ab"}),
        ("classes-numbers", {"classes": [1, 2]}),
        ("classes-many", {"classes": ["a"] * 100_000}),
        ("classes-surrogate", {"classes": ["\ud800", "b"]}),
        ("task", {"task": {}}),
        ("preprocessing-list", {"preprocessing": []}),
        ("preprocessing-empty", {"preprocessing": {}}),
        ("metrics-list", {"metrics": [1]}),
        ("recipe-text", {"recipe": "fast"}),
        ("weights-numbers", {"weights": {"source": 1}}),
        ("created-number", {"created": 5}),
        ("hash-short", {"model_sha256": "abc"}),
        ("field-unknown", {"x" * 3000: 1}),
        ("decision-text", {"decision": "likeliest"}),
        ("decision-temperature", {"decision": {"temperature": 1e-300, "fitted_on": DECIDED}}),
        ("decision-threshold", {"decision": {"threshold": {"class_name": "c", "at": 0.5}}}),
        (
            "decision-levels",
            {"decision": {"conformal": {str(one): 0.5 for one in range(10_000)}, "fitted_on": DECIDED}},
        ),
        ("decision-vectors", {"decision": {"foreign": FAR, "fitted_on": DECIDED}}),
        ("weights-missing", {}),
    ):
        yield name, json.dumps(INFO | changes).encode()
    for key, value in (
        ("size", 30_000),
        ("size", "224"),
        ("size", -1),
        ("resize", 1e300),
        ("mode", None),
        ("interpolation", "none"),
        ("mean", [0.5]),
        ("mean", ["a", "b", "c"]),
        ("std", [0, 0, 0]),
        ("std", 1),
    ):
        yield f"{key}-{value}", json.dumps(INFO | {"preprocessing": PREPROCESSING | {key: value}}).encode()


def _read_tarball(path: Path) -> None:
    convert(read_tarball(path, "package/model.json"), std=IMAGENET_STD)


def _read_bundle(path: Path) -> None:
    folder = path.with_suffix("")
    folder.mkdir()
    path.rename(folder / "bundle.json")
    load_bundle(folder)


KINDS: dict[str, tuple[Callable[[random.Random], Iterator[Case]], Callable[[Path], Any]]] = {
    ".safetensors": (safetensors_cases, load_file),
    ".pth": (torch_cases, load_file),
    ".h5": (h5_cases, lambda path: load_keras_file(path, KERAS)),
    ".keras": (keras_cases, lambda path: load_keras_file(path, KERAS)),
    ".tgz": (tfjs_cases, _read_tarball),
    ".json": (bundle_cases, _read_bundle),
}


def files(folder: Path) -> Iterator[tuple[Path, Callable[[Path], Any]]]:
    """Write the hostile files one by one; yield each with the reader for it."""
    for suffix, (cases, read) in KINDS.items():
        for count, (name, content) in enumerate(cases(random.Random(SEED))):
            safe = "".join(sign if sign.isalnum() or sign == "-" else "_" for sign in name)
            path = folder / f"{count}-{safe}{suffix}"
            path.write_bytes(content)
            yield path, read


def main() -> None:
    """Read each file, and print what happened."""
    folder = Path(sys.argv[1])
    for path, read in files(folder):
        began, error = time.monotonic(), None
        try:
            read(path)
        except Exception as caught:  # noqa: BLE001 - the test says which errors are allowed
            error = caught
        peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        print(  # noqa: T201
            json.dumps(
                {
                    "name": path.name,
                    "error": None if error is None else type(error).__name__,
                    "text": str(error) if error else "",
                    "studio": isinstance(error, StudioError),
                    "seconds": round(time.monotonic() - began, 2),
                    "peak_mb": peak // 1024,
                }
            ),
            flush=True,
        )
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"
    main()
