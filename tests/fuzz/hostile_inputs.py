"""About 190 hostile data sets with a fixed seed, and a process of its own that tries to import each of them.

    python -m tests.fuzz.hostile_inputs FOLDER

writes each case into FOLDER, plans and runs its import as a page or the command line does, and prints a line of JSON
for each: its name, the class and the text of the error, whether that is a StudioError, the texts of all problems and
refusals, the photos that came in, the seconds of processor time, and the highest memory so far.
"""

import io
import json
import random
import resource
import struct
import sys
import time
import traceback
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from PIL import Image, ImageCms

from core.data.importing.formats.image_size import size_of
from core.data.importing.plan_import import ImportPlan, plan_folder, plan_packed, plan_zip, run_import
from core.data.importing.table_photos import photos_of_table
from core.data.pictures.decoding import decode
from core.data.store.store import Store
from core.errors import StudioError
from core.workspace import open_workspace

SEED = 9
MEMORY_BYTES = 4 * 2**30
"""More than any case may take, so that a bomb ends as a MemoryError and not the machine."""

Files = dict[str, bytes]
Case = tuple[str, str, Files]
"""Name; the door: folder, table, zip, packed or image; its files (the last three have one)."""


def png(number: int = 1, size: tuple[int, int] = (16, 12)) -> bytes:
    return encoded("PNG", number, size)


def encoded(format: str, number: int = 1, size: tuple[int, int] = (16, 12), mode: str = "RGB", **options: Any) -> bytes:
    pixels = np.random.default_rng(number).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(out, format, **options)
    return out.getvalue()


def flipped(data: bytes, dice: random.Random, most: int = 6) -> bytes:
    """Return the bytes with one to ``most`` of them changed."""
    changed = bytearray(data)
    for _ in range(dice.randint(1, most)):
        changed[dice.randrange(len(changed))] = dice.choice((0, 255, dice.randrange(256)))
    return bytes(changed)


def mistyped(text: bytes, dice: random.Random, most: int = 4) -> bytes:
    """Return a text with one to ``most`` of its characters changed, so that it is text still."""
    changed = bytearray(text)
    for _ in range(dice.randint(1, most)):
        changed[dice.randrange(len(changed))] = ord(dice.choice(" \n\",;:.-'0123456789{}[]<>/&*!aE"))
    return bytes(changed)


PHOTO = {"images/a.png": png()}
ODD_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1e308, float("nan"), 10**40, "", "x" * 300, "../a", "\ud800", "\u202e", [], [[]], {}, {"a": []},
    [1, 2, 3, 4], "a.png",
)  # fmt: skip


def changed_value(content: Any, dice: random.Random) -> Any:
    """Return JSON content with one value somewhere in it replaced by an odd one."""
    if isinstance(content, dict) and content and dice.random() < 0.85:
        key = dice.choice(sorted(content))
        return {**content, key: changed_value(content[key], dice)}
    if isinstance(content, list) and content and dice.random() < 0.85:
        place = dice.randrange(len(content))
        return [*content[:place], changed_value(content[place], dice), *content[place + 1 :]]
    return dice.choice(ODD_VALUES)


# YAML


def yaml_cases(dice: random.Random) -> Iterator[Case]:
    bomb = "a0: &a [lol,lol]\n" + "".join(f"a{n + 1}: &a{n} [*a,*a,*a]\n" for n in range(20)) + "names: [*a]\n"
    settings = {
        "aliases": bomb,
        "merge": "x: &x {0: a}\nnames: {<<: *x}",
        "int-tag": "names: [!!int abc]",
        "python": "names: [!!python/object/apply:os.system ['true']]",
        "date": "names: [2001-13-45]",
        "hundred-thousand": "names: {99999: x}",
        "huge-number": "names: {99999999999999999999: x}",
        "negative": "names: {-1: x}",
        "float-key": "names: {1.5: x}",
        "nested": "names: [[a], {b: c}]",
        "deep-lists": "names: " + "[" * 20_000,
        "deep-maps": "names: " + "{" * 20_000,
        "deep-dashes": "- " * 20_000,
        "deep-question-marks": "? " * 20_000,
        "long-name": f"names: [{'x' * 100_000}]",
        "empty": "",
        "null": "names:",
        "binary": "names: [!!binary aGVsbG8=]",
        "control": "names: [\x01]",
        "surrogate": 'names: ["\\ud800"]',
        "two-documents": "names: [a]\n---\nnames: [b",
        "large": "names: [a]\n#" + "x" * 2**20,
        "tabs": "names:\n\t- a",
        "directive": "%YAML 9.9\n---\nnames: [a]",
        "many": f"names: [{','.join('abc' for _ in range(150_000))}]",
    }
    for name, text in settings.items():
        files = {**PHOTO, "labels/a.txt": b"0 0.5 0.5 0.5 0.5\n", "data.yaml": text.encode("utf-8", "surrogatepass")}
        yield f"yaml-{name}", "folder", files
    for number in range(8):
        text = mistyped(b"path: .\ntrain: images\nnames:\n  0: owl\n  1: 'duck'\n", dice)
        yield f"yaml-flip-{number}", "folder", {**PHOTO, "labels/a.txt": b"0 0.5 0.5 0.5 0.5\n", "data.yaml": text}
    for number, line in enumerate(
        ("0 nan inf 1e999 0", "9" * 5000 + " 0 0 1 1", "0 " * 5000, "\u0660 0.5 0.5 0.5 0.5")
    ):
        yield f"yolo-line-{number}", "folder", {**PHOTO, "labels/a.txt": line.encode(), "data.yaml": b"names: [a]"}


# JSON: COCO, our manifest, Hugging Face


def json_cases(dice: random.Random) -> Iterator[Case]:
    annotation = {
        "id": 1,
        "image_id": 1,
        "category_id": 1,
        "bbox": [1, 2, 3, 4],
        "iscrowd": 0,
        "segmentation": [[1, 2]],
    }
    coco = {
        "images": [{"id": 1, "file_name": "a.png", "width": 16, "height": 12}],
        "annotations": [annotation, annotation],
        "categories": [{"id": 1, "name": "owl"}, {"id": 2, "name": "duck"}],
    }
    for number in range(16):
        content = json.dumps(changed_value(coco, dice)).encode()
        yield f"coco-value-{number}", "folder", {**PHOTO, "all.json": content}
    for number in range(8):
        yield f"coco-flip-{number}", "folder", {**PHOTO, "all.json": mistyped(json.dumps(coco).encode(), dice)}
    many = [{"id": number, "name": f"c{number}"} for number in range(60_000)]
    boxes = [{**annotation, "bbox": [0, 0, 0, number]} for number in range(20_000)]
    texts = {
        "categories": json.dumps({**coco, "categories": many}),
        "bad-boxes": json.dumps({**coco, "annotations": boxes}),
        "lists": '{"images": [' + "[]," * 12_000_000 + '0], "annotations": [], "categories": []}',
        "deep": '{"images": [' + "[" * 100_000,
        "number": '{"images": [' + "9" * 10_000 + "]}",
        "long-box": json.dumps({**coco, "annotations": [{**annotation, "bbox": list(range(100_000))}]}),
        "long-name": json.dumps({**coco, "categories": [{"id": 1, "name": "x" * 2_000_000}]}),
    }
    for name, text in texts.items():
        yield f"coco-{name}", "folder", {**PHOTO, "all.json": text.encode()}

    manifest = {
        "made_by": "ResNet Studio",
        "version": 1,
        "format": "folders",
        "task": "localization",
        "classes": ["owl"],
        "class_folders": {"images": "owl"},
        "split_folders": {},
        "photos": {"images/a.png": "a.png"},
    }
    for number in range(8):
        content = json.dumps(changed_value(manifest, dice)).encode()
        yield f"manifest-value-{number}", "folder", {**PHOTO, "resnet-studio.json": content}
    classes = {**manifest, "classes": [f"c{number}" for number in range(50_000)]}
    yield "manifest-classes", "folder", {**PHOTO, "resnet-studio.json": json.dumps(classes).encode()}
    yield "manifest-deep", "folder", {**PHOTO, "resnet-studio.json": b"[" * 200_000}
    yield "manifest-bytes", "folder", {**PHOTO, "resnet-studio.json": b"\xff\xfe\x00"}

    row = {"file_name": "a.png", "label": "owl", "objects": {"bbox": [[1, 2, 3, 4]], "categories": ["owl"]}}
    for number in range(10):
        text = json.dumps(changed_value(row, dice)) + "\n" + json.dumps(row)
        yield f"hf-value-{number}", "folder", {**PHOTO, "images/metadata.jsonl": text.encode()}
    for number in range(6):
        yield (
            f"hf-flip-{number}",
            "folder",
            {**PHOTO, "images/metadata.jsonl": mistyped(json.dumps(row).encode(), dice)},
        )
    table = b'file_name,label,objects\na.png,owl,"{""bbox"": [[1,2,3,4]], ""categories"": [0]}"\n'
    for number in range(6):
        yield f"hf-csv-{number}", "folder", {**PHOTO, "images/metadata.csv": mistyped(table, dice)}
    rows = b'{"file_name": "a.png", "label": 1}\n' + b"{}\n" * 200_000
    yield "hf-rows", "folder", {**PHOTO, "images/metadata.jsonl": rows}


# CSV


def csv_cases(dice: random.Random) -> Iterator[Case]:
    table = "filename,label,split,x,y,width,height\na.png,owl,train,1,2,3,4\nb.png,größe,test,0,0,9,9\n"
    photos = {"a.png": png(1), "b.png": png(2)}
    for number in range(10):
        yield f"csv-flip-{number}", "table", {**photos, "labels.csv": mistyped(table.encode(), dice)}
    texts = {
        "utf16": table.encode("utf-16"),
        "latin1": table.encode("latin-1"),
        "cut-utf16": b"\xff\xfea",
        "nul": b"a\0b,c",
        "quote": b'filename,label\n"a.png,owl\n' * 3,
        "wide": b"filename,label\n" + b"," * 200_000,
        "labels": b"filename,label\n" + b"".join(b"%d.png,c%d\n" % (n, n) for n in range(30_000)),
        "rows": b"filename,label\n" + b"a,b\n" * 1_200_000,
        "cell": b"filename,label\na.png," + b"x" * 200_000,
        "numbers": b"filename,label,x,y,width,height\na.png,owl,1e308,-1e308,9,nan\nb.png,owl,inf,1_0,0x1,\xd9\xa1\n",
        "surrogates": 'filename,label\na.png,"\ud800"\n'.encode("utf-8", "surrogatepass"),
        "empty": b"",
        "header": b"filename," * 5_000 + b"label\n",
        "excel": b"PK\x03\x04" + bytes(99),
        "invisible": "filename,label\na.png,\u200b\n".encode(),
    }
    for name, text in texts.items():
        yield f"csv-{name}", "table", {**photos, "labels.csv": text}


# Pascal VOC


def voc_cases(dice: random.Random) -> Iterator[Case]:
    box = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>9</xmax><ymax>8</ymax></bndbox>"
    source = "<source><database>The VOC2007 Database</database></source>"
    sound = f"<annotation>{source}<filename>a.png</filename><object><name>owl</name>{box}</object></annotation>"
    for number in range(8):
        yield f"voc-flip-{number}", "folder", {**PHOTO, "images/a.xml": mistyped(sound.encode(), dice)}
    many = "".join(f"<object><name>c{number}</name>{box}</object>" for number in range(5_000))
    texts = {
        "entities": '<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]><annotation>&d;</annotation>',
        "external": '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><annotation>&b;</annotation>',
        "deep": "<annotation>" + "<object>" * 100_000,
        "objects": f"<annotation>{'<object/>' * 100_000}</annotation>",
        "classes": f"<annotation>{many}</annotation>",
        "large": f"<annotation>{' ' * 5_000_000}</annotation>",
        "encoding": f'<?xml version="1.0" encoding="shift_jis"?>{sound}',
        "empty": "<annotation/>",
        "name": sound.replace("owl", "x" * 100_000),
        "climbs": sound.replace("a.png", "../../a.png"),
        "numbers": sound.replace("<xmin>1<", "<xmin>1e999<").replace("<ymin>2<", "<ymin>nan<"),
        "attributes": "<annotation " + " ".join(f'a{number}="b"' for number in range(50_000)) + "/>",
    }
    for name, text in texts.items():
        yield f"voc-{name}", "folder", {**PHOTO, "images/a.xml": text.encode()}
    yield "voc-bytes", "folder", {**PHOTO, "images/a.xml": b"\xff\xfe<\0a\0"}


# Photos


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb_png(width: int, height: int, depth: int = 8) -> bytes:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", zlib.compress(bytes(2**16))) + png_chunk(b"IEND", b"")


def image_cases(dice: random.Random) -> Iterator[Case]:
    formats = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "PPM", "QOI", "SGI", "PCX", "TGA")
    for format in formats:
        data = encoded(format, size=(40, 30))
        yield f"image-{format}-flip", "image", {"a": flipped(data, dice, 3)}
        yield f"image-{format}-head", "image", {"a": flipped(data[:40], dice, 3) + data[40:]}
        yield f"image-{format}-cut", "image", {"a": data[: dice.randrange(20, len(data))]}
    jpeg2000 = encoded("JPEG2000", size=(40, 30))
    yield "image-JPEG2000-flip", "image", {"a": jpeg2000[:80] + flipped(jpeg2000[80:], dice, 3)}
    yield (
        "image-JPEG2000-89mp",
        "image",
        {"a": jpeg2000.replace(struct.pack(">II", 30, 40), struct.pack(">II", 9459, 9459), 1)},
    )
    progressive = encoded("JPEG", size=(64, 48), progressive=True)
    last = progressive.rindex(b"\xff\xda")
    gif, small = encoded("GIF"), png()
    image_at = gif.index(b"\x2c\0\0\0\0")
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "x" * 60_000
    odd_exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x02\xff\xff\xff\xff\0\0\0\0"
    tiff_16 = io.BytesIO()
    Image.fromarray(np.full((4, 5), 60_000, np.uint16)).save(tiff_16, "TIFF")
    floats = io.BytesIO()
    Image.fromarray(np.array([[np.nan, 1e38], [-1e38, np.inf]], np.float32)).save(floats, "TIFF")
    named = {
        "scans": progressive[:last] + progressive[last:-2] * 1500 + b"\xff\xd9",
        "bomb": bomb_png(9_000, 9_000),
        "bomb-64k": bomb_png(65_535, 65_535),
        "bomb-2g": bomb_png(2**31 - 1, 2**31 - 1),
        "zero": bomb_png(0, 5),
        "odd-depth": bomb_png(8, 8, 3),
        "gif-comments": gif[:image_at] + b"\x21\xfe\x01a\0" * 60_000 + gif[image_at:],
        "gif-frames": gif[:-1] + gif[image_at:-1] * 3_000 + b";",
        "jpeg-comments": encoded("JPEG")[:2] + b"\xff\xfe\0\2" * 200_000 + encoded("JPEG")[2:],
        "png-chunks": small[:33] + png_chunk(b"abCd", b"") * 60_000 + small[33:],
        "png-text": small[:33] + png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(50_000_000))) + small[33:],
        "icc": encoded("PNG", icc_profile=icc),
        "odd-icc": encoded("JPEG", icc_profile=b"nothing"),
        "exif": encoded("JPEG", exif=exif),
        "odd-exif": encoded("JPEG", exif=odd_exif),
        "cmyk": encoded("JPEG", mode="CMYK"),
        "la": encoded("PNG", mode="LA"),
        "palette": encoded("PNG", mode="P"),
        "one": encoded("TIFF", mode="1"),
        "16-bit": tiff_16.getvalue(),
        "floats": floats.getvalue(),
        "empty": b"",
        "text": b"hello",
        "svg": b"<svg/>",
        "heic": b"\0\0\0\x18ftypheic",
        "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n",
        "zip": b"PK\x03\x04",
        "webp-16k": b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0/" + struct.pack("<I", 0x0FFF_FFFF) + bytes(8),
    }
    for name, data in named.items():
        yield f"image-{name}", "image", {"a": data}


# Packed arrays


def npy(shape: object, dtype: str = "'|u1'", version: bytes = b"\1\0", data: bytes = b"", header: str = "") -> bytes:
    text = header or f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}, }}\n"
    length = struct.pack("<H" if version[0] < 2 else "<I", len(text))
    return b"\x93NUMPY" + version + length + text.encode() + data


def packed_cases(dice: random.Random) -> Iterator[Case]:
    out = io.BytesIO()
    np.savez(
        out, x=np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5), y=np.arange(3), classes=np.array(list("abc"))
    )
    for number in range(5):
        yield f"npz-flip-{number}", "packed", {"a.npz": flipped(out.getvalue(), dice)}
    pickled = io.BytesIO()
    np.save(pickled, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    headers = {
        "version-9": npy((1, 2, 2), version=b"\t\t", data=bytes(4)),
        "version-3": npy((1, 2, 2), version=b"\3\0", data=bytes(4)),
        "claims": npy((2**40, 2, 2)),
        "negative": npy((-1, 2, 2), data=bytes(4)),
        "objects": pickled.getvalue(),
        "strings": npy((1, 2, 2), "'<U99999999'"),
        "fields": npy((1,), "[('a', '|u1', (2, 2))]", data=bytes(4)),
        "deep": npy(0, header="(" * 5_000),
        "code": npy(0, header="__import__('os').abort()\n"),
        "short": b"\x93NUMPY",
        "complex": npy((1, 2, 2), "'<c16'", data=bytes(64)),
        "no-header": b"",
        "bools": npy((True, 2, 2), data=bytes(4)),
    }
    for name, data in headers.items():
        yield f"npz-{name}", "packed", {"a.npz": zipped({"x.npy": data})}
    yield (
        "npz-many-classes",
        "packed",
        {
            "a.npz": zipped(
                {
                    "x.npy": npy((2, 2, 2), data=bytes(8)),
                    "classes.npy": npy((5_000,), "'<i4'", data=np.arange(5_000, dtype="<i4").tobytes()),
                }
            )
        },
    )
    yield "npz-bomb", "packed", {"a.npz": zipped({"x.npy": npy((1, 8_000, 8_000), data=bytes(64_000_000))})}
    yield "npz-not", "packed", {"a.npz": b"nothing"}
    packed = io.BytesIO()
    with h5py.File(packed, "w") as file:
        file["x"], file["y"] = np.zeros((3, 4, 5), np.uint8), np.arange(3)
    yield "h5-flip", "packed", {"a.h5": flipped(packed.getvalue(), dice)}
    huge = io.BytesIO()
    with h5py.File(huge, "w") as file:
        file.create_dataset("x", (100_000, 1000, 1000), np.uint8, chunks=(1, 1000, 1000), compression="gzip")
    yield "h5-huge", "packed", {"a.h5": huge.getvalue()}


# Zips


def zipped(files: Files, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            archive.writestr(info, data)
    return out.getvalue()


def zip_cases(dice: random.Random) -> Iterator[Case]:
    plain = zipped({"owl/a.png": png(1), "duck/b.png": png(2)})
    for number in range(6):
        yield f"zip-flip-{number}", "zip", {"a.zip": flipped(plain, dice)}
    end = plain.rindex(b"PK\1\2")
    link = zipfile.ZipInfo("owl/link.png")
    link.external_attr = 0o120777 << 16
    linked = io.BytesIO()
    with zipfile.ZipFile(linked, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    names = [
        "../a.png",
        "/a.png",
        "C:\\a.png",
        "a/../../b.png",
        "x" * 5_000 + ".png",
        "con.png",
        "a\nb.png",
        "\u202ea.png",
        ".",
    ]
    data = {
        "bomb": zipped({"a.png": bytes(60_000_000), "b.png": png()}),
        "names": zipped(dict.fromkeys(names, png())),
        "link": linked.getvalue(),
        "cut": plain[: len(plain) // 2],
        "tail": plain + bytes(70_000),
        "empty": zipped({}),
        "encrypted": plain.replace(b"PK\3\4\x14\0\0\0", b"PK\3\4\x14\0\1\0").replace(
            b"PK\1\2\x14\3\x14\0\0\0", b"PK\1\2\x14\3\x14\0\1\0"
        ),
        "size": plain[:end] + plain[end:].replace(struct.pack("<I", len(png(2))), struct.pack("<I", 99), 1),
        "method": plain.replace(b"\x14\0\0\0\x08\0", b"\x14\0\0\0\x63\0"),
        "bzip2": zipped({"a.png": png()}, zipfile.ZIP_BZIP2),
        "entries": zipped({f"{number}.txt": b"" for number in range(3_000)}),
        "not": b"nothing",
        "nothing": b"",
        "clutter": zipped({"__MACOSX/a.png": png(), ".hidden.png": png()}),
        "inner": zipped({"a.zip": plain}),
        "count": plain[:-12] + b"\xff\xff\xff\xff" + plain[-8:],
        "flags": plain.replace(b"owl/a.png", b"\xff\xfe/\x5c.png"),
        "same": zipped({"a.png": png()})[:-22] + zipped({"a.png": png(2)}),
        "table": zipped({"labels.csv": b"\0", "a.png": png()}),
    }
    for name, content in data.items():
        yield f"zip-{name}", "zip", {"a.zip": content}


FAMILIES: tuple[Callable[[random.Random], Iterator[Case]], ...] = (
    yaml_cases, json_cases, csv_cases, voc_cases, image_cases, packed_cases, zip_cases,
)  # fmt: skip


# The process that reads them


class Doors:
    """The ways by which a user's files come in, with one store for all cases."""

    def __init__(self, folder: Path) -> None:
        self._store = Store(open_workspace(folder / "workspace"))
        self._projects = 0
        self.texts: list[str] = []
        self.imported = 0

    def enter(self, door: str, place: Path) -> None:
        """Read the files of one case; note the problems and refusals, raise what a user would see as an error."""
        self.texts, self.imported = [], 0
        if door == "image":
            data = (place / "a").read_bytes()
            size_of(data)
            self.texts += decode(data, "a").remarks
        elif door == "table":
            self._import(plan_folder(place))
            photos, problems = photos_of_table(place / "labels.csv", place, None)
            self.texts += [*map(str, problems), *(photo.label for photo in photos)]
        elif door == "folder":
            self._import(plan_folder(place))
        else:
            (path,) = place.iterdir()
            self._import((plan_zip if door == "zip" else plan_packed)(path, path.name))

    def _import(self, plan: ImportPlan) -> None:
        self.texts += [*map(str, plan.problems), *(f"{one.name}: {one.text}" for one in plan.refused), *plan.classes]
        self._projects += 1
        project = self._store.create_project(f"Case {self._projects}", "localization")
        results = list(run_import(plan, self._store, project.id, "ann"))
        self.texts += [f"{one.name}: {one.text}" for one in results]
        self.imported = sum(one.kind in ("taken", "remark") for one in results)


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(folder: Path) -> None:
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    doors = Doors(folder)
    for family in FAMILIES:
        for name, door, files in family(random.Random(SEED)):
            place = folder / "cases" / name
            for path, data in files.items():
                (place / path).parent.mkdir(parents=True, exist_ok=True)
                (place / path).write_bytes(data)
            del files
            started, wall = time.process_time(), time.monotonic()
            outcome: dict[str, Any] = {"name": name, "error": None, "studio": True, "text": "", "trace": ""}
            try:
                doors.enter(door, place)
            except Exception as error:  # noqa: BLE001 - the outcome is what the test judges
                outcome |= {"error": type(error).__name__, "studio": isinstance(error, StudioError), "text": str(error)}
                if not outcome["studio"]:
                    outcome["trace"] = traceback.format_exc()[-1500:]
            outcome |= {"seconds": time.process_time() - started, "wall": time.monotonic() - wall}
            outcome |= {"texts": [text[:2000] for text in doors.texts[:200]], "imported": doors.imported}
            sys.stdout.write(json.dumps({**outcome, "peak_mb": peak_megabytes()}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
